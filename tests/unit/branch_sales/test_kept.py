"""Kept sums: an answer costs its sums once per change of the rows behind it, whoever changed them."""

import pytest

from branch_node.receivables.queries import Filter, totals
from shared.database import Database, count_queries, execute, transaction
from shared.records import Receivable
from tests.support.cast import LIN, WANG, customer_of
from tests.support.sales import approved_order, receipt
from tests.unit.branch_sales.conftest import FRIDAY


async def asked() -> tuple[int, int]:
    """What remains for Wang, and how many statements that took."""
    counter = count_queries()
    found = await totals(WANG.person, Filter(FRIDAY))
    return found.remaining, counter[0]


async def test_sums_are_made_anew_only_after_a_row_behind_them_changed(branch: Database) -> None:
    east = await customer_of(LIN)
    await approved_order(east)
    assert await asked() == (100_000, 2)
    assert await asked() == (100_000, 1)
    await execute("UPDATE employee SET position = 'x'")
    assert await asked() == (100_000, 1)
    await receipt(east, "400.00")
    assert await asked() == (60_000, 2)


async def test_what_a_transaction_sees_before_its_end_is_not_kept(branch: Database) -> None:
    await approved_order(await customer_of(LIN))
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            await Receivable.all().update(received_minor=30_000, received_base_minor=30_000)
            assert (await asked())[0] == 70_000
            raise ZeroDivisionError
    assert (await asked())[0] == 100_000
