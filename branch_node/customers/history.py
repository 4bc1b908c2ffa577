"""Who changed a customer, when and what: read from the change log, which keeps each row before and after."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from branch_node.customers.actions import SHOWN_FIELDS
from branch_node.customers.fields import word_of
from branch_node.customers.queries import customer_names
from branch_node.customers.rules import STATUSES
from branch_node.staff.queries import names_of
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.i18n import gettext as _
from shared.money import Money
from shared.records import Customer
from shared.web import filters as show
from shared.web.parts import AuditRow, Change

FIELDS = {
    name: {"group": "customer_group"}.get(name, name)
    for name in (*SHOWN_FIELDS, "signed_on", "merged_into_id")
}


async def history_of(
    customer: Customer, labels: Mapping[str, str], texts: Mapping[str, str]
) -> list[AuditRow]:
    """The last 50 changes of the master record, newest first; `labels` names fields, `texts` says what was done
    (created, changed). Changes that touched no shown field are left out."""
    rows = await fetch_all(
        "SELECT op, row_after, row_before, at FROM change WHERE pk = :pk AND tbl = 'customer' ORDER BY seq DESC LIMIT 50",
        pk=str(customer.id),
    )
    found: list[tuple[Mapping[str, Any], list[tuple[str, Any, Any]]]] = []
    for row in rows:
        after: dict[str, Any] = json.loads(row["row_after"]) if row["row_after"] else {}
        before: dict[str, Any] = json.loads(row["row_before"]) if row["row_before"] else {}
        changes = [
            (name, before.get(column), after.get(column))
            for name, column in FIELDS.items()
            if row["op"] == "u" and before.get(column) != after.get(column)
        ]
        if changes or row["op"] == "i":
            found.append(({**after, "op": row["op"]}, changes))
    told = [change for _after, changes in found for change in changes]
    people = await names_of([*(_by(after) for after, _changes in found), *_ids(told, "owner_id")])
    customers = await customer_names(_ids(told, "merged_into_id"))
    names = {str(key): text for key, text in {**people, **customers}.items()}
    return [
        AuditRow(
            at=from_micros(int(after["changed_at"] or after["recorded_at"])),
            who=people.get(_by(after), "") or texts["system"],
            text=texts["created"] if after["op"] == "i" else texts["changed"],
            changes=[
                Change(
                    labels.get(name, name),
                    _text(name, old, customer, names),
                    _text(name, new, customer, names),
                )
                for name, old, new in changes
            ],
        )
        for after, changes in found
    ]


def _by(after: Mapping[str, Any]) -> UUID | None:
    who = after.get("changed_by") or after.get("recorded_by")
    return UUID(who) if who else None


def _ids(changes: Iterable[tuple[str, Any, Any]], wanted: str) -> list[UUID]:
    """The ids that a field held before or after a change."""
    return [UUID(value) for name, old, new in changes if name == wanted for value in (old, new) if value]


def _text(name: str, value: Any, customer: Customer, names: Mapping[str, str]) -> str:
    """A kept value as the reader knows it: names for ids, money with its currency, words for codes."""
    if value is None or value == "":
        return ""
    if name in ("owner_id", "merged_into_id"):
        return names.get(str(value), str(value))
    if name.endswith("_minor"):
        return show.money(Money(int(value), customer.currency))
    if name == "status":
        return _(STATUSES.get(str(value), str(value)))
    if name == "credit_hold":
        return _("yes") if value else _("no")
    return word_of(name, str(value))
