"""What the factories build stands as the actions would leave it."""

from datetime import date

from shared.database import Database
from shared.records import Allocation, Receivable
from tests.support import factories
from tests.support.invariants import assert_invariants

THIRDS = [{"share_bp": 3_000, "days": 0}, {"share_bp": 3_000, "days": 30}, {"share_bp": 4_000, "days": 60}]


async def test_an_order_paid_oldest_first(database: Database) -> None:
    buyer = await factories.customer()
    sold = await factories.approved_order(buyer, 100_001, on=date(2026, 3, 2), plan=THIRDS)
    assert [owed.amount_minor for owed in sold.instalments] == [30_000, 30_000, 40_001]
    await factories.receipt(buyer, 45_000, on=date(2026, 4, 1))
    rest = [owed.amount_minor - owed.received_minor for owed in await Receivable.all().order_by("due_on")]
    assert rest == [0, 15_000, 40_001]
    await assert_invariants()


async def test_a_foreign_order_settled_to_the_last_cent_of_its_base(sqlite_database: Database) -> None:
    buyer = await factories.customer(currency="USD")
    sold = await factories.approved_order(buyer, 33_333, plan=THIRDS, rate_e9=7_123_456_789)
    await factories.receipt(buyer, 10_001, rate_e9=7_000_000_000)
    await factories.receipt(buyer, 30_000, rate_e9=7_300_000_000)
    assert sum(entry.base_minor for entry in await Allocation.all()) == sold.order.base_minor
    await assert_invariants()


async def test_a_receipt_that_pays_nothing_yet_is_the_customers_credit(sqlite_database: Database) -> None:
    buyer = await factories.customer()
    await factories.approved_order(buyer, 5_000)
    paid = await factories.receipt(buyer, 5_000, parts={})
    assert (paid.allocated_minor, await Allocation.all().count()) == (0, 0)
    await factories.expense(1_234)
    await assert_invariants()
