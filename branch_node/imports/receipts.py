"""The importer of receipts, and what they pay: instalments of the same customer, the oldest first."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.imports import ledger
from branch_node.imports.allocating import Incoming, Open, allocate
from branch_node.imports.importers import Importer
from branch_node.imports.models import ImportedRow
from branch_node.imports.plan import Item
from branch_node.imports.problems import failed
from branch_node.imports.tables import Writes, among, insert_rows, listed, new_row, now_micros
from branch_node.lists import as_kind
from branch_node.receivables.actions import follow_collection
from shared import clock
from shared.database import engine, execute_many, fetch_all, transaction
from shared.i18n import N_
from shared.records import Allocation

CUSTOMERS_AT_ONCE = 200

PAYING_SQL = """
SELECT DISTINCT r.customer_id AS id FROM receipt r
JOIN imported_row i ON i.row_id = r.id AND i.record = 'receipt' AND i.source = :source AND i.action = 'created'
WHERE r.branch = :branch AND r.status = 'posted' AND r.deleted_at IS NULL AND r.allocated_minor < r.amount_minor
  AND r.revision = i.revision AND r.customer_id > :after
  AND EXISTS (SELECT 1 FROM receivable v WHERE v.customer_id = r.customer_id AND v.deleted_at IS NULL
    AND v.cancelled_on IS NULL AND v.received_minor + v.credited_minor + v.written_off_minor < v.amount_minor)
ORDER BY r.customer_id LIMIT :count
"""

RECEIPTS_SQL = """
SELECT r.id, r.customer_id, r.currency, r.happened_on, r.amount_minor, r.base_minor, r.allocated_minor,
  r.allocated_base_minor
FROM receipt r
WHERE r.customer_id IN :customers AND r.branch = :branch AND r.status = 'posted' AND r.deleted_at IS NULL
  AND r.allocated_minor < r.amount_minor AND EXISTS (SELECT 1 FROM imported_row i WHERE i.row_id = r.id
    AND i.record = 'receipt' AND i.source = :source AND i.action = 'created' AND i.revision = r.revision)
ORDER BY r.id
"""

OPEN_SQL = """
SELECT v.* FROM receivable v
WHERE v.customer_id IN :customers AND v.branch = :branch AND v.deleted_at IS NULL AND v.cancelled_on IS NULL
  AND v.received_minor + v.credited_minor + v.written_off_minor < v.amount_minor
ORDER BY v.id
"""


class ReceiptImporter(Importer):
    """Receipts; when all are in, those of this mapping pay what is open, in the order of their days."""

    references = {"customer": "customer_id", "owner": "owner_id"}
    columns = {"amount": "amount_minor", "rate": "rate_e9"}

    async def prepare(self, items: Sequence[Item]) -> None:
        """Owners of customers and departments of owners."""
        rows = await fetch_all(
            f"SELECT id, owner_id FROM customer WHERE id {among('ids', are_ids=True)}",
            ids=listed({item.ids["customer"] for item in items}),
        )
        self.owners = {
            as_kind(row["id"], UUID): as_kind(row["owner_id"], UUID) for row in rows if row["owner_id"]
        }
        owners = [item.ids.get("owner") for item in items]
        self.departments = await self.run.departments_of([*owners, *self.owners.values()])

    async def values_of(self, item: Item, *, is_new: bool) -> dict[str, Any]:
        values = await super().values_of(item, is_new=is_new)
        day, amount = item.values["happened_on"], item.values["amount"]
        if amount <= 0:
            raise failed("amount", N_("An amount must be more than 0."))
        self.run.require_open(day, "happened_on")
        currency = item.get("currency") or home().currency
        rate, bases = await self.run.base_amounts(
            {"currency": currency, "rate": item.get("rate")}, day, [amount]
        )
        owner = item.ids["owner"] if "owner" in item.ids else self.owners.get(item.ids["customer"])
        values |= {
            "currency": currency, "rate_e9": rate, "base_minor": bases[0], "owner_id": owner,
            "department_id": self.departments.get(owner) if owner else None,
            "method": values.get("method") or "bank",
        }  # fmt: skip
        if is_new:
            values["number"] = item.get("number") or item.get("reference") or item.key[-32:]
            values["number"] = values["number"][:32]
        return values

    async def update_of(self, item: Item, current: Mapping[str, Any], writes: Writes) -> dict[str, Any]:
        """Only what is not money: amount, day and customer of a receipt stand."""
        wanted = await self.values_of(item, is_new=False)
        for name in ("amount_minor", "currency", "happened_on", "customer_id"):
            if str(wanted[name]) != str(current[name]):
                message = N_(
                    "The receipt is here with another amount, day or customer. Reverse it here, or undo the earlier import."
                )
                raise failed("amount", message)
        return {name: wanted[name] for name in ("method", "reference", "notes") if name in item.values}

    async def after_write(self, items: Sequence[Item]) -> None:
        """Receipts that name an order pay it at once."""
        named = [item for item in items if item.action == "created" and item.ids.get("order") is not None]
        if not named or self.plan.map.allocate == "none":
            return
        orders = {item.row_id: item.ids["order"] for item in named}
        await pay(self.run.id, self.run.source, sorted({item.row["customer_id"] for item in named}), orders)

    async def finish(self) -> None:
        """The oldest first, a few hundred customers in a transaction."""
        await super().finish()
        if self.run.dry_run or self.plan.map.allocate != "oldest":
            return
        after = UUID(int=0)
        while True:
            rows = await fetch_all(
                PAYING_SQL, source=self.run.source, branch=home().code, after=after, count=CUSTOMERS_AT_ONCE
            )
            if not rows:
                return
            customers = [as_kind(row["id"], UUID) for row in rows]
            async with transaction():
                await pay(self.run.id, self.run.source, customers)
            after = customers[-1]


async def pay(
    run_id: UUID, source: str, customers: Sequence[UUID], orders: Mapping[UUID | None, UUID] | None = None
) -> int:
    """Let imported receipts of these customers pay what is open, inside the caller's transaction.

    With `orders` only the receipts named there, each for its order. Receipts and instalments are locked by id, in this
    order, as everywhere. The number of allocations.
    """
    lock = " FOR UPDATE OF r" if engine() == "postgres" else ""
    here = {"customers": list(customers), "branch": home().code}
    receipts = await fetch_all(RECEIPTS_SQL + lock, source=source, **here)
    open_rows = await fetch_all(OPEN_SQL + (" FOR UPDATE" if lock else ""), **here)
    incoming = [
        Incoming(
            _id(row["id"]),
            _id(row["customer_id"]),
            row["currency"],
            _day(row["happened_on"]),
            row["amount_minor"],
            row["base_minor"],
            row["allocated_minor"],
            row["allocated_base_minor"],
        )
        for row in receipts
        if orders is None or _id(row["id"]) in orders
    ]
    rows = {_id(row["id"]): row for row in open_rows}
    parts = allocate(incoming, [_open(row) for row in open_rows], orders or {})
    at = now_micros()
    made = [
        new_row(
            Allocation, at, receipt_id=part.receipt_id, receivable_id=part.receivable_id,
            order_id=_id(rows[part.receivable_id]["order_id"]), customer_id=_id(rows[part.receivable_id]["customer_id"]),
            owner_id=_id(rows[part.receivable_id]["owner_id"]), department_id=_id(rows[part.receivable_id]["department_id"]),
            happened_on=part.happened_on, due_on=_day(rows[part.receivable_id]["due_on"]),
            currency=rows[part.receivable_id]["currency"], amount_minor=part.amount_minor, base_minor=part.base_minor,
            receipt_base_minor=part.receipt_base_minor,
        )
        for part in parts
    ]  # fmt: skip
    if made:
        await _write(run_id, source, made)
    return len(made)


async def _write(run_id: UUID, source: str, made: Sequence[dict[str, Any]]) -> None:
    """The allocations, the sums on both sides, the ledger; steps that collect are done when nothing remains."""
    await insert_rows(Allocation, made)
    entries = [
        ledger.entry_of(run_id, source, "allocation", row["id"], "created", key=str(row["receipt_id"]))
        for row in made
    ]
    await insert_rows(ImportedRow, entries)
    receivables: dict[UUID, list[int]] = {}
    receipts: dict[UUID, list[int]] = {}
    for row in made:
        sums = receivables.setdefault(row["receivable_id"], [0, 0])
        sums[0] += row["amount_minor"]
        sums[1] += row["base_minor"]
        taken = receipts.setdefault(row["receipt_id"], [0, 0])
        taken[0] += row["amount_minor"]
        taken[1] += row["receipt_base_minor"]
    now = clock.now()
    await execute_many(
        "UPDATE receivable SET received_minor = received_minor + :amount, received_base_minor = received_base_minor + :base, "
        "revision = revision + 1, changed_at = :now WHERE id = :id",
        [
            {"id": key, "amount": sums[0], "base": sums[1], "now": now}
            for key, sums in sorted(receivables.items())
        ],
    )
    await execute_many(
        "UPDATE receipt SET allocated_minor = allocated_minor + :amount, "
        "allocated_base_minor = allocated_base_minor + :base WHERE id = :id",
        [{"id": key, "amount": taken[0], "base": taken[1]} for key, taken in sorted(receipts.items())],
    )
    await follow_collection(sorted(receivables), max(row["happened_on"] for row in made))


def _open(row: Mapping[str, Any]) -> Open:
    return Open(
        _id(row["id"]), _id(row["customer_id"]), _id(row["order_id"]), row["currency"], _day(row["happened_on"]),
        _day(row["due_on"]), row["position"], row["amount_minor"], row["base_minor"], row["received_minor"],
        row["received_base_minor"], row["credited_minor"], row["credited_base_minor"], row["written_off_minor"],
        row["written_off_base_minor"],
    )  # fmt: skip


def _id(value: Any) -> Any:
    return as_kind(value, UUID)


def _day(value: Any) -> date:
    found: date = as_kind(value, date)
    return found
