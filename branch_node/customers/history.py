"""Who changed a customer, when and what: read from the change log, which keeps each row before and after."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from branch_node.customers.actions import SHOWN_FIELDS
from branch_node.staff.queries import names_of
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.records import Customer
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
    found: list[tuple[Mapping[str, Any], list[Change]]] = []
    for row in rows:
        after: dict[str, Any] = json.loads(row["row_after"]) if row["row_after"] else {}
        before: dict[str, Any] = json.loads(row["row_before"]) if row["row_before"] else {}
        changes = [
            Change(labels.get(name, name), _text(before.get(column)), _text(after.get(column)))
            for name, column in FIELDS.items()
            if row["op"] == "u" and before.get(column) != after.get(column)
        ]
        if changes or row["op"] == "i":
            found.append(({**after, "op": row["op"]}, changes))
    people = await names_of(_by(after) for after, _ in found)
    return [
        AuditRow(
            at=from_micros(int(after["changed_at"] or after["recorded_at"])),
            who=people.get(_by(after), "") or texts["system"],
            text=texts["created"] if after["op"] == "i" else texts["changed"],
            changes=changes,
        )
        for after, changes in found
    ]


def _by(after: Mapping[str, Any]) -> UUID | None:
    who = after.get("changed_by") or after.get("recorded_by")
    return UUID(who) if who else None


def _text(value: Any) -> str:
    return "" if value is None else str(value)
