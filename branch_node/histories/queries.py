"""Reads the history of a record from the change log, which keeps each row before and after."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from branch_node.expenses.queries import expense_for
from branch_node.feedback.queries import feedback_for
from branch_node.followups.queries import activity_for
from branch_node.histories.rules import KINDS, Kind
from branch_node.opportunities.queries import opportunity_for
from branch_node.orders.queries import order_for
from branch_node.quotations.queries import quotation_for
from branch_node.receipts.queries import receipt_for
from branch_node.staff.queries import employee_for
from branch_node.tasks.queries import task_for
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.errors import NotFound
from shared.permissions import Person
from shared.records import Record

LIMIT = 100

Split = tuple[tuple[str, int], ...]
"""The sellers of an order by their ids, each with the share in basis points; empty for one seller."""

# Whoever may see a record may see who changed it: each kind is fetched by its own right.
FETCH: Mapping[str, Callable[[Person, UUID], Awaitable[Record]]] = {
    "orders": order_for, "quotes": quotation_for, "receipts": receipt_for, "expenses": expense_for,
    "opportunities": opportunity_for, "followups": activity_for, "feedback": feedback_for, "tasks": task_for,
    "staff": employee_for,
}  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """One write of a row: by whom and when, and each told column as (column, before, after). An entry has no changes."""

    at: datetime
    by: UUID | None
    is_entry: bool
    is_removal: bool
    currency: str
    changes: Sequence[tuple[str, Any, Any]]


async def record_of(person: Person, name: str, row_id: UUID) -> tuple[Kind, Record]:
    """The record by its kind's own right; NotFound for an unknown kind as for a record outside reach."""
    if name not in KINDS:
        raise NotFound()
    return KINDS[name], await FETCH[name](person, row_id)


async def history_of(kind: Kind, row_id: UUID) -> list[Edit]:
    """The last hundred writes that changed something told, newest first. One query by the log's index; two more for an order,
    whose split between sellers stands in rows of its own and is told with the order's write of the same transaction."""
    rows = await fetch_all(
        "SELECT txid, op, row_after, row_before FROM change WHERE pk = :pk AND tbl = :table ORDER BY seq DESC "
        f"LIMIT {LIMIT}",
        pk=str(row_id),
        table=kind.table,
    )
    splits = await splits_by_transaction(row_id) if "split" in kind.told else {}
    found = [_edit(kind, row, splits.pop(row["txid"], None)) for row in rows]
    return [edit for edit in found if edit.changes or edit.is_entry or edit.is_removal]


async def splits_by_transaction(order_id: UUID) -> dict[int, tuple[Split, Split]]:
    """Each transaction of the log that changed who sold how much of an order: the split before and after it."""
    rows = await fetch_all(
        "SELECT id, position, employee_id, share_bp, deleted_at FROM order_share WHERE order_id = :id",
        id=order_id,
    )
    standing: dict[str, Mapping[str, Any] | None] = {str(row["id"]): row for row in rows}
    changes = await fetch_all(
        "SELECT txid, pk, row_before FROM change WHERE pk IN :ids AND tbl = 'order_share' ORDER BY seq DESC "
        f"LIMIT {LIMIT * 10}",
        ids=list(standing),
    )
    found: dict[int, tuple[Split, Split]] = {}
    for txid, group in groupby(changes, key=lambda change: int(change["txid"])):
        after = _split(standing.values())
        for (
            change
        ) in group:  # from the present backwards: what lies before the log's beginning need not be known
            standing[change["pk"]] = json.loads(change["row_before"]) if change["row_before"] else None
        before = _split(standing.values())
        if before != after:
            found[txid] = before, after
    return found


def _split(rows: Iterable[Mapping[str, Any] | None]) -> Split:
    live = [row for row in rows if row is not None and row["deleted_at"] is None]
    return tuple(
        (str(row["employee_id"]), int(row["share_bp"])) for row in sorted(live, key=itemgetter("position"))
    )


def _edit(kind: Kind, row: Mapping[str, Any], split: tuple[Split, Split] | None) -> Edit:
    before: dict[str, Any] = json.loads(row["row_before"]) if row["row_before"] else {}
    after: dict[str, Any] = json.loads(row["row_after"]) if row["row_after"] else before
    if split is not None:
        before, after = {**before, "split": split[0]}, {**after, "split": split[1]}
    is_entry = row["op"] == "i"
    is_removal = not is_entry and bool(after.get("deleted_at")) and not before.get("deleted_at")
    who = after.get("changed_by") or after.get("recorded_by")
    changes = [
        (column, before.get(column), after.get(column))
        for column in kind.told
        if not is_entry and before.get(column) != after.get(column)
    ]
    return Edit(
        from_micros(int(after["changed_at"] or after["recorded_at"])), UUID(who) if who else None, is_entry, is_removal,
        after.get("currency") or "", changes,
    )  # fmt: skip
