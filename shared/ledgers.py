"""The ledgers of a day-close statement: which rows of a day, and what is counted, summed and hashed of them.

A branch states at the close of each business day what every ledger holds; headquarters computes the same from its replica.
Called by branch_node.replication.closing and hq.dayclose, so that both count the same thing. Shapes: a count is of rows
that are not deleted, a sum is in minor units per currency, the hash is `Digest.text()` over all rows of the day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid5

import msgspec

from shared.i18n import N_
from shared.replication.change import Digest
from shared.replication.columns import replicated_tables
from shared.replication.scan import View

NAMESPACE = UUID("6f1b9a5e-6c0e-4f59-9a3e-0d7f5d1c2b84")
DAYS_AT_ONCE = 60


@dataclass(frozen=True)
class Ledger:
    """One ledger: the rows of `table` by their `happened_on`; `amount` is the column that is summed, empty for none."""

    code: str
    label: str
    table: str
    amount: str = ""


LEDGERS: Mapping[str, Ledger] = {
    ledger.code: ledger
    for ledger in (
        Ledger("orders", N_("Orders"), "sales_order", "total_minor"),
        Ledger("receivables", N_("Receivables"), "receivable", "amount_minor"),
        Ledger("receipts", N_("Receipts"), "receipt", "amount_minor"),
        Ledger("allocations", N_("Allocated"), "allocation", "amount_minor"),
        Ledger("adjustments", N_("Credits"), "adjustment", "amount_minor"),
        Ledger("expenses", N_("Expenses"), "expense", "amount_minor"),
        Ledger("activities", N_("Follow-ups"), "activity"),
        Ledger("plan_items", N_("Plan items"), "plan_item"),
    )
}


@dataclass
class Closing:
    """What one ledger holds of one day."""

    count: int = 0
    sums: dict[str, int] = field(default_factory=dict)
    digest: Digest = field(default_factory=Digest)

    @property
    def row_hash(self) -> str:
        return self.digest.text()

    def add(self, row: bytes, amount: str) -> None:
        """A canonical row."""
        self.digest.add(row)
        read = msgspec.json.decode(row)
        if read["deleted_at"] is not None:
            return
        self.count += 1
        if amount:
            self.sums[read["currency"]] = self.sums.get(read["currency"], 0) + int(read[amount])


def statement_id(branch: str, day: date, ledger: str) -> UUID:
    """The id of the one statement of a branch, day and ledger: stated anew it is the same row."""
    return uuid5(NAMESPACE, f"{branch}/{day.isoformat()}/{ledger}")


async def closings(
    view: View, ledger: Ledger, branches: Sequence[str], days: Sequence[date]
) -> dict[tuple[str, date], Closing]:
    """What the ledger holds of each branch and day that has rows."""
    found: dict[tuple[str, date], Closing] = {}

    def take(rows: Sequence[tuple[bytes, bytes]]) -> None:
        for key, row in rows:
            branch, _, day = key.decode().rpartition("/")
            found.setdefault((branch, date.fromisoformat(day)), Closing()).add(row, ledger.amount)

    table = replicated_tables()[ledger.table]
    day = "r.happened_on" if view.dialect == "sqlite" else "r.happened_on::text"
    key = f"r.branch || '/' || {day}"
    if view.dialect == "sqlite":
        key = f"CAST({key} AS BLOB)"
    for start in range(0, len(days), DAYS_AT_ONCE):
        await view.scan(
            f'SELECT {key} AS key, {table.scan_sql("r", view.dialect)} AS row FROM "{table.name}" r '
            "WHERE r.branch IN :branches AND r.happened_on IN :days",
            take,
            branches=list(branches),
            days=list(days[start : start + DAYS_AT_ONCE]),
        )
    return found
