"""Reads from the change log what an act did and puts it back, in one transaction."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from branch_node.audit import note
from branch_node.plans.actions import refuse_open_in_closed
from branch_node.undoing.rules import BESIDE, BOOKKEEPING, MADE, OPENED, is_past
from shared import clock
from shared.canonical import from_micros, to_micros
from shared.database import fetch_all, transaction
from shared.errors import Conflict, NotFound
from shared.i18n import N_
from shared.permissions import Person, require
from shared.records import (
    Activity,
    Address,
    Contact,
    ContactPoint,
    Customer,
    IntelNote,
    Opportunity,
    PlanItem,
    Record,
)

UNDOABLE: Mapping[str, tuple[type[Record], str]] = {
    "activity": (Activity, "followup.edit"),
    "intel_note": (IntelNote, "intel.edit"),
    "opportunity": (Opportunity, "opportunity.edit"),
    "contact": (Contact, "contact.edit"),
    "contact_point": (ContactPoint, "contact.edit"),
    "address": (Address, "customer.edit"),
    "customer": (Customer, "customer.edit"),
    "plan_item": (PlanItem, "plan.edit"),
}
"""Table -> its model and the right that changing it needs."""
ROWS_AT_MOST = 2_000
CHANGED_SINCE = N_("This was changed again since. It cannot be undone as a whole; correct it by hand.")
TOO_LATE = N_("Undo works for 15 minutes. Correct it by hand.")
NOT_THIS = N_("This act did more than can be undone. Correct it by hand.")


GUARDS: Mapping[str, Callable[[Any], Awaitable[None]]] = {"plan_item": refuse_open_in_closed}
"""What must hold of a row that is put back, by table; Conflict otherwise."""


@dataclass
class Edit:
    """What an act made of one row: the images before its first and after its last write."""

    before: dict[str, Any]
    after: dict[str, Any]


async def undo_url(model: type[Record], row_id: UUID) -> str:
    """The address that takes back the last write of a row; one query."""
    row = await model.filter(id=row_id).only("id", "revision").get()
    return f"/undo/{model._meta.db_table}/{row_id}/{row.revision}"


async def undo(person: Person, table: str, row_id: UUID, revision: int) -> int:
    """Take back the act that wrote this revision of a row, with every other row of its transaction; how many rows.

    1 find the act in the change log: one's own, at most 15 minutes old  2 lock each row and see that nobody changed it
    since  3 write back what it was, as a new revision; what the act made is marked as deleted. NotFound for what one did not do oneself; Conflict, with what to do,
    when it cannot be taken back as a whole: then nothing is. May be called twice: the second finds it changed since.
    """
    if table not in UNDOABLE:
        raise NotFound()
    require(person, UNDOABLE[table][1])
    async with transaction():
        edits = await _act(person, table, row_id, revision)
        for (tbl, pk), edit in edits.items():
            model, right = UNDOABLE[tbl]
            require(person, right)
            row = await model.filter(id=UUID(pk)).select_for_update().first()
            if row is None or row.revision != edit.after["revision"]:
                raise Conflict(CHANGED_SINCE, code="undo.changed")
            _put_back(row, edit)
            if tbl in GUARDS:
                await GUARDS[tbl](row)
            await row.save()
        await note(person, "undone", table, row_id, count=len(edits))
    return len(edits)


async def _act(person: Person, table: str, row_id: UUID, revision: int) -> dict[tuple[str, str], Edit]:
    """Every row that the act's transaction changed, by table and id."""
    last = await fetch_all(
        "SELECT seq, txid, at, row_after FROM change WHERE pk = :pk AND tbl = :table ORDER BY seq DESC LIMIT 1",
        pk=str(row_id),
        table=table,
    )
    if not last or not last[0]["row_after"]:
        raise NotFound()
    after = json.loads(last[0]["row_after"])
    if int(after["revision"]) != revision:
        raise Conflict(CHANGED_SINCE, code="undo.changed")
    if (after.get("changed_by") or after.get("recorded_by")) != str(person.id):
        raise NotFound()
    if is_past(from_micros(int(last[0]["at"]) * 1_000), clock.now()):
        raise Conflict(TOO_LATE, code="undo.late")
    seq = int(last[0]["seq"])
    rows = await fetch_all(
        "SELECT tbl, pk, op, row_before, row_after FROM change WHERE seq >= :first AND seq <= :last AND txid = :txid "
        "ORDER BY seq",
        first=seq - ROWS_AT_MOST,
        last=seq + ROWS_AT_MOST,
        txid=last[0]["txid"],
    )
    return _edits([row for row in rows if not _stays(row)], person)


def _stays(row: Mapping[str, Any]) -> bool:
    return row["tbl"] in BESIDE or (row["op"] == "i" and row["tbl"] in OPENED)


def _edits(rows: list[Mapping[str, Any]], person: Person) -> dict[tuple[str, str], Edit]:
    found: dict[tuple[str, str], Edit] = {}
    if len(rows) >= ROWS_AT_MOST or not all(_is_undoable(row) for row in rows):
        raise Conflict(NOT_THIS, code="undo.more")
    for row in rows:
        place, after = (row["tbl"], row["pk"]), json.loads(row["row_after"])
        if (after.get("changed_by") or after.get("recorded_by")) != str(person.id):
            raise Conflict(CHANGED_SINCE, code="undo.changed")
        if place in found:
            found[place].after = after
        elif row["op"] == "i":
            found[place] = Edit({**after, "deleted_at": to_micros(clock.now())}, after)
        else:
            found[place] = Edit(json.loads(row["row_before"]), after)
    return found


def _is_undoable(row: Mapping[str, Any]) -> bool:
    return row["tbl"] in UNDOABLE and (row["op"] == "u" or (row["op"] == "i" and row["tbl"] in MADE))


def _put_back(row: Record, edit: Edit) -> None:
    """Every column that the act changed as it was; who and when are written anew by the save."""
    for name, value in edit.before.items():
        if name not in BOOKKEEPING and edit.after.get(name) != value:
            setattr(row, name, row._meta.fields_map[name].to_python_value(value))
