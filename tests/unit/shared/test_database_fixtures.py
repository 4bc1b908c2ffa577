"""The fixtures themselves: each test has its own migrated database on each engine, with the change log."""

from shared.database import Database, engine, execute, fetch_all
from tests.support.cast import LIN, SHANGHAI, SUN, ZHAO, acting, customer_of, hire


async def test_a_change_of_a_shanghai_row_is_captured_and_one_of_guangzhou_is_not(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI, ZHAO)
        ours = await customer_of(LIN)
        await customer_of(ZHAO)
    rows = await fetch_all("SELECT pk, op FROM change WHERE tbl = 'customer'")
    assert rows == [{"pk": str(ours.id), "op": "i"}]
    assert ours.recorded_by == LIN.id


async def test_the_database_begins_empty(database: Database) -> None:
    assert await fetch_all("SELECT id FROM customer") == []
    assert engine() in ("sqlite", "postgres")


def test_sun_reaches_lin_and_zhao_does_not() -> None:
    assert LIN.id in SUN.person.staff_ids
    assert LIN.id not in ZHAO.person.staff_ids


async def test_rows_that_triggers_write_are_not_counted_as_touched(database: Database) -> None:
    with acting(LIN):
        await hire(LIN)
        await customer_of(LIN)
    assert await execute("UPDATE customer SET city = 'x' WHERE branch = 'SH'") == 1
    assert await execute("UPDATE customer SET city = 'x' WHERE branch = 'GZ'") == 0
