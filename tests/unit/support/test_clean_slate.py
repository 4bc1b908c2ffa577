"""Borrowed PostgreSQL databases: who comes next finds nothing of the one before."""

import asyncpg
import pytest

from tests.support.databases import Templates, plain_url

pytestmark = pytest.mark.postgres

CHANGES = (
    "CREATE TABLE left_over (n integer)",
    "ALTER TABLE customer ADD COLUMN left_over integer",
    "CREATE INDEX left_over ON customer (name)",
    "DROP TRIGGER {trigger} ON customer",
    "CREATE FUNCTION left_over() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA left_over",
)


async def do(name: str, *statements: str) -> None:
    link = await asyncpg.connect(plain_url(name))
    try:
        trigger = await link.fetchval(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'customer'::regclass LIMIT 1"
        )
        for statement in statements:
            await link.execute(statement.format(trigger=f'"{trigger}"'))
    finally:
        await link.close()


async def test_rows_and_numbers_are_put_back_and_the_database_is_lent_again(templates: Templates) -> None:
    name = await templates.borrow("branch")
    await do(name, "DELETE FROM tortoise_migrations")
    await templates.give_back(name)
    assert await templates.borrow("branch") == name
    link = await asyncpg.connect(plain_url(name))
    try:
        assert await link.fetchval("SELECT count(*) FROM tortoise_migrations") > 0
    finally:
        await link.close()
    await templates.give_back(name)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_database_of_another_shape_is_not_lent_again(templates: Templates, change: str) -> None:
    name = await templates.borrow("branch")
    await do(name, change)
    await templates.give_back(name)
    again = await templates.borrow("branch")
    assert again != name
    await templates.give_back(again)
