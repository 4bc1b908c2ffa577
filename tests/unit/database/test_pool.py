"""A connection of PostgreSQL goes back to its pool without a word to the server, and never in the middle of a transaction."""

from typing import Any

from shared.database import Database, fetch_value
from shared.database.access import connection


async def pool_in_use() -> Any:
    """The pool of the current database, with one open connection."""
    await fetch_value("SELECT 1 AS one")
    return connection()._pool  # type: ignore[attr-defined]


async def test_a_statement_goes_to_the_server_once(postgres_database: Database) -> None:
    said: list[str] = []

    def note(record: Any) -> None:
        said.append(record.query)

    pool = await pool_in_use()
    async with pool.acquire() as lent:
        raw = lent._con
        raw.add_query_logger(note)
    try:
        assert [await fetch_value("SELECT :n AS n", n=text) for text in "abc"] == ["a", "b", "c"]
    finally:
        raw.remove_query_logger(note)
    assert len(said) == 3, said


async def test_a_connection_comes_back_from_a_transaction_that_nobody_ended_as_if_it_never_was(
    postgres_database: Database,
) -> None:
    pool = await pool_in_use()
    async with pool.acquire() as lent:
        raw = lent._con
        await lent.execute("BEGIN; CREATE TABLE left_behind (n INT)")
    async with pool.acquire() as lent:
        assert lent._con is raw
        assert not lent.is_in_transaction()
        assert await lent.fetchval("SELECT to_regclass('left_behind')") is None
