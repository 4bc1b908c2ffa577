"""Several statements with many rows as one transaction."""

import asyncio

import pytest
from tortoise.exceptions import IntegrityError

from shared.database import Database, execute, execute_together, fetch_all, transaction

CUP = "INSERT INTO cups (id, name) VALUES (:id, :name)"
NAME = "UPDATE cups SET name = :name WHERE id = :id"


@pytest.fixture
async def cups(database: Database) -> None:
    await execute("CREATE TABLE cups (id BIGINT PRIMARY KEY, name VARCHAR(20))")


async def kept() -> list[tuple[int, str]]:
    return [(row["id"], row["name"]) for row in await fetch_all("SELECT id, name FROM cups ORDER BY id")]


async def test_all_statements_are_done_in_their_order(cups: None) -> None:
    rows = [{"id": number, "name": "cup"} for number in range(30)]
    await execute_together([(CUP, rows), (NAME, []), (NAME, [{"name": "mug", "id": 7}])])
    assert [name for _id, name in await kept()].count("cup") == 29
    assert (7, "mug") in await kept()
    await execute_together([])


async def test_when_one_fails_nothing_is_kept_and_the_next_ones_work(cups: None) -> None:
    with pytest.raises(IntegrityError):
        await execute_together(
            [(CUP, [{"id": 1, "name": "cup"}]), (CUP, [{"id": 2, "name": "a"}, {"id": 2, "name": "b"}])]
        )
    assert await kept() == []
    await execute_together([(CUP, [{"id": 1, "name": "cup"}])])
    assert await kept() == [(1, "cup")]


async def test_within_a_transaction_it_is_a_part_of_it(cups: None) -> None:
    with pytest.raises(RuntimeError):
        async with transaction():
            await execute_together([(CUP, [{"id": 1, "name": "cup"}])])
            assert await kept() == [(1, "cup")]
            raise RuntimeError
    assert await kept() == []


async def test_many_at_once_and_transactions_between_them_all_come_through(cups: None) -> None:
    async def slowly(number: int) -> None:
        async with transaction():
            await execute(CUP, id=number, name="slow")
            await asyncio.sleep(0.001)
            await execute(NAME, id=number, name="cup")

    await asyncio.gather(
        *(execute_together([(CUP, [{"id": number, "name": "cup"}])]) for number in range(20)),
        *(slowly(number) for number in range(20, 30)),
    )
    assert await kept() == [(number, "cup") for number in range(30)]
