"""Reading beside the writer, and rows of a model by a hand-written condition."""

import asyncio

import pytest
from tortoise.exceptions import OperationalError
from tortoise.models import Model

from shared import clock
from shared.database import Database, execute, fetch_value, find, find_all, find_with, transaction
from shared.records import Customer, Department
from shared.web.models import Account, ApiToken

COUNT = "SELECT count(*) AS n FROM department"


def columns(row: Model) -> dict[str, object]:
    return {name: getattr(row, name) for name in row._meta.fields_db_projection}


async def department(name: str) -> Department:
    return await Department.create(branch="SH", name=name)


async def test_who_reads_does_not_wait_for_a_transaction_and_sees_what_was_committed(
    sqlite_database: Database,
) -> None:
    written, seen = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with transaction():
            await department("Sales")
            written.set()
            await seen.wait()

    writing = asyncio.create_task(write())
    await written.wait()
    assert await fetch_value(COUNT) == 0
    seen.set()
    await writing
    assert await fetch_value(COUNT) == 1


async def test_a_transaction_reads_what_it_wrote(database: Database) -> None:
    async with transaction():
        await department("Sales")
        assert await fetch_value(COUNT) == 1


async def test_what_begins_like_reading_cannot_write(sqlite_database: Database) -> None:
    await department("Sales")
    with pytest.raises(OperationalError, match="readonly"):
        await execute(
            "WITH gone AS (SELECT id FROM department) DELETE FROM department WHERE id IN (SELECT id FROM gone)"
        )
    assert await fetch_value(COUNT) == 1


async def test_rows_by_condition_are_those_the_orm_gives(database: Database) -> None:
    made = await Customer.create(
        branch="SH", code="C1", name="Tea house", currency="CNY", acquired_on=clock.now().date()
    )
    found = await find(Customer, "code = :code AND deleted_at IS NULL", code="C1")
    assert found is not None
    assert columns(found) == columns(await Customer.get(id=made.id))
    assert await find(Customer, "code = :code", code="C2") is None
    found.name = "Tea garden"
    await found.save()
    assert [row.name for row in await find_all(Customer, "id IN :ids", ids=[made.id])] == ["Tea garden"]


async def test_a_row_comes_with_the_one_it_names(database: Database) -> None:
    owner = await Account.create(username="lin", display_name="Lin", created_at=clock.now())
    await ApiToken.create(
        token_hash="h", name="till", account=owner, scopes=["order.view"], created_at=clock.now()
    )
    found = await find_with(ApiToken, "account", "t.token_hash = :hash", hash="h")
    assert found is not None
    assert (found.name, found.scopes, found.account_id) == ("till", ["order.view"], owner.id)
    assert columns(found.account) == columns(await Account.get(id=owner.id))


async def test_both_connections_keep_as_many_pages_as_the_site_says(sqlite_database: Database) -> None:
    client = sqlite_database.client
    await client.keep_pages(2_000)
    asked = "SELECT cache_size FROM pragma_cache_size"
    assert await fetch_value(asked) == -2_000
    async with transaction():
        assert await fetch_value(asked) == -2_000
