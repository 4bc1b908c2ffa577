"""What made one instalment what it is, and a customer's receipts with something unallocated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import as_kind
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.permissions import Person, reach
from shared.records import Receivable


@dataclass(frozen=True)
class EntryRow:
    """What happened to an instalment: opened, received, credited, written_off, cancelled. Signed, own currency."""

    kind: str
    happened_on: date
    amount_minor: int
    currency: str
    number: str = ""
    url: str = ""
    reason: str = ""
    adjustment_id: UUID | None = None
    is_counter: bool = False
    is_countered: bool = False


ENTRIES_SQL = """
SELECT 'received' AS kind, a.happened_on, CASE WHEN a.reverses_id IS NULL THEN a.amount_minor ELSE -a.amount_minor END
    AS amount, p.number, a.receipt_id AS other_id, '' AS reason, a.id, a.reverses_id, a.recorded_at
FROM allocation a LEFT JOIN receipt p ON p.id = a.receipt_id
WHERE a.receivable_id = :id AND a.deleted_at IS NULL
UNION ALL
SELECT CASE WHEN j.kind = 'credit' THEN 'credited' ELSE 'written_off' END, j.happened_on,
  CASE WHEN j.reverses_id IS NULL THEN j.amount_minor ELSE -j.amount_minor END, j.number, NULL, j.reason, j.id,
  j.reverses_id, j.recorded_at
FROM adjustment j WHERE j.receivable_id = :id AND j.deleted_at IS NULL
ORDER BY 2, 9"""


async def entries_of(row: Receivable, order_number: str) -> list[EntryRow]:
    """Everything that made the instalment what it is, oldest first."""
    found = await fetch_all(ENTRIES_SQL, id=row.id)
    countered = {str(entry["reverses_id"]) for entry in found if entry["reverses_id"] is not None}
    entries = [
        EntryRow(
            "opened", row.happened_on, row.amount_minor, row.currency, order_number, f"/orders/{row.order_id}"
        )
    ]
    for entry in found:
        is_receipt = entry["kind"] == "received"
        entries.append(
            EntryRow(
                entry["kind"],
                as_kind(entry["happened_on"], date),
                -int(entry["amount"]),
                row.currency,
                entry["number"] or "",
                f"/receipts/{entry['other_id']}" if is_receipt else "",
                entry["reason"],
                None if is_receipt else as_kind(entry["id"], UUID),
                entry["reverses_id"] is not None,
                str(entry["id"]) in countered,
            )
        )
    if row.cancelled_on is not None:
        entries.append(
            EntryRow(
                "cancelled",
                row.cancelled_on,
                -row.amount_minor,
                row.currency,
                order_number,
                f"/orders/{row.order_id}",
            )
        )
    return entries


async def open_credits(person: Person, customer_id: UUID) -> Sequence[Mapping[str, Any]]:
    """Receipts of a customer that something is unallocated of: id, number, happened_on, currency, rest."""
    scope, params = reach_sql(reach(person, "receivable.view"), branch="branch")
    rows = await fetch_all(
        "SELECT id, number, happened_on, currency, amount_minor - allocated_minor AS rest FROM receipt "
        f"WHERE branch = :branch AND customer_id = :customer AND status = 'posted' AND deleted_at IS NULL "
        f"AND allocated_minor < amount_minor AND {scope} ORDER BY happened_on, id LIMIT 50",
        branch=home().code,
        customer=customer_id,
        **params,
    )
    return [
        {**row, "id": as_kind(row["id"], UUID), "happened_on": as_kind(row["happened_on"], date)}
        for row in rows
    ]
