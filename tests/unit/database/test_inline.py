"""Where statements of SQLite run: quick ones at once, slow ones in the thread, and nobody waits long for either."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.database import inline
from shared.database.inline import FEW_ROWS, INLINE_MOST, Connection, kind_of

COUNT_TO = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT count(*), here() FROM n"


@pytest.fixture
async def connection(tmp_path: Path) -> AsyncIterator[Connection]:
    opened = await inline.connect(str(tmp_path / "a.db"))
    await opened.create_function("here", 0, threading.get_ident)
    await opened.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL, at INTEGER)")
    yield opened
    await opened.close()


async def where(connection: Connection, steps: int) -> tuple[int, bool]:
    """The count, and whether it ran in the thread of the event loop."""
    ((count, thread),) = await connection.execute_fetchall(COUNT_TO.format(steps), ())
    return count, thread == threading.get_ident()


async def test_a_quick_question_is_answered_at_once_and_a_long_one_by_the_thread(
    connection: Connection,
) -> None:
    assert await where(connection, 10) == (10, True)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0.001)

    task = asyncio.create_task(others())
    assert await where(connection, 2_000_000) == (2_000_000, False)
    assert turns > 10
    task.cancel()
    assert await where(connection, 10) == (10, True)


async def test_a_text_that_took_long_goes_to_the_thread_for_a_while(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inline, "SLOW_S", -1.0)
    monkeypatch.setattr(inline, "SLOW_FOR", 3)
    assert [(await where(connection, 10))[1] for _ in range(5)] == [True, False, False, False, True]


async def test_others_have_their_turn_between_many_quick_statements(connection: Connection) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    here = [(await where(connection, 3))[1] for _ in range(4 * (INLINE_MOST + 1))]
    task.cancel()
    assert here.count(False) >= 4
    assert turns >= 4


async def test_writes_run_at_once_only_within_a_transaction_and_few_at_a_time(connection: Connection) -> None:
    add = "INSERT INTO item (name, at) VALUES (?, here())"

    async def threads() -> set[bool]:
        rows = await connection.execute_fetchall("SELECT at FROM item", ())
        await connection.execute("DELETE FROM item")
        return {row[0] == threading.get_ident() for row in rows}

    await connection.execute_insert(add, ("a",))
    assert await threads() == {False}
    await connection.execute("BEGIN IMMEDIATE")
    await connection.execute_insert(add, ("a",))
    assert await threads() == {True}
    await connection.executemany(add, [("a",)] * FEW_ROWS)
    assert await threads() == {True}
    await connection.executemany(add, [("a",)] * (FEW_ROWS + 1))
    assert await threads() == {False}
    await connection.execute_insert(add, ("kept",))
    with pytest.raises(sqlite3.IntegrityError):
        await connection.execute_insert(add, (None,))
    with pytest.raises(sqlite3.OperationalError, match="no such function"):
        await connection.execute_fetchall("SELECT boom()", ())
    await connection.commit()
    assert [row[0] for row in await connection.execute_fetchall("SELECT name FROM item", ())] == ["kept"]


async def test_what_the_thread_is_busy_with_is_waited_for_in_its_order(connection: Connection) -> None:
    slow = asyncio.create_task(where(connection, 300_000))
    await asyncio.sleep(0)
    assert (await where(connection, 3))[1] is False
    slow.cancel()
    await asyncio.gather(slow, return_exceptions=True)
    again = asyncio.create_task(where(connection, 3_000_000))
    await asyncio.sleep(0.01)
    again.cancel()
    assert (await where(connection, 3))[1] is False
    assert await where(connection, 3) == (3, True)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", "read"),
        ("\n WITH a AS (SELECT 1) SELECT * FROM a", "read"),
        ("WITH a AS (SELECT 1) UPDATE item SET name = ''", "other"),
        ("WITH a AS (SELECT 1) DELETE FROM item", "other"),
        ('UPDATE "item" SET "name"=? WHERE "id"=?', "write"),
        ("UPDATE item SET name = ? WHERE id = ? AND at <= ?", "write"),
        ("UPDATE item SET name = ? WHERE id = ? OR at > 0", "other"),
        ("UPDATE item SET name = ? WHERE order_id = ?", "other"),
        ("UPDATE item SET name = (SELECT max(name) FROM item) WHERE id = ?", "other"),
        ("UPDATE item SET name = ? WHERE id IN (?, ?)", "other"),
        ("INSERT INTO item (name) VALUES (?)", "write"),
        ("INSERT INTO item (name) SELECT name FROM item", "other"),
        ("DELETE FROM item WHERE id = ?", "other"),
        ("PRAGMA journal_mode=WAL", "other"),
        ("COMMIT", "other"),
    ],
)
def test_only_what_ends_soon_is_called_quick(sql: str, kind: str) -> None:
    assert kind_of(sql) == kind
