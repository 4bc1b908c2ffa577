"""A large file or table is read for proof by two readers that see the same rows, whoever writes meanwhile."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from shared.database import Database, execute
from shared.records import Receipt
from shared.replication import scan
from shared.replication.change import Digest
from shared.replication.columns import replicated_tables
from shared.replication.scan import table_digest, view_of
from tests.support.databases import BRANCH, Templates, fresh_database
from tests.support.replication_model import receipt

TABLE = replicated_tables()["receipt"]


def receipts(branch: str, count: int) -> list[Receipt]:
    made = [receipt(Random(number)) for number in range(count)]
    for number, row in enumerate(made):
        row.branch, row.number = branch, f"{branch}-R{number:06d}"
    return made


@pytest.fixture
async def full(templates: Templates, tmp_path: Path) -> AsyncIterator[Database]:
    async with fresh_database(templates, "sqlite", "hq", tmp_path) as opened:
        with opened.use():
            await Receipt.bulk_create(receipts(BRANCH, 2_600))
            await Receipt.bulk_create(receipts("PAR", 300))
        yield opened


@contextmanager
def two_readers(monkeypatch: pytest.MonkeyPatch, from_bytes: int = 0) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setattr(scan, "TWO_READERS_FROM_BYTES", from_bytes)
        yield


async def digest(full: Database) -> Digest:
    with full.use():
        async with view_of() as view:
            return await table_digest(view, TABLE, BRANCH)


@pytest.mark.parametrize("dense", [pytest.param(2, id="stretches"), pytest.param(0, id="picked")])
async def test_two_readers_find_what_one_finds(
    full: Database, monkeypatch: pytest.MonkeyPatch, dense: int
) -> None:
    monkeypatch.setattr(scan, "DENSE", dense)
    with full.use():
        await execute("UPDATE receipt SET notes = 'two' || char(10) || 'lines' WHERE rowid % 7 = 0")
        await execute("UPDATE receipt SET ext = '{' || char(10) || '}' WHERE rowid IN (5, 700)")
        await execute("DELETE FROM receipt WHERE rowid BETWEEN 200 AND 290")
    alone = await digest(full)
    assert alone.count == 2_600 - 91
    with two_readers(monkeypatch):
        with full.use():
            async with view_of() as view:
                assert isinstance(view, scan.SqliteView)
                assert await view.shared_digest(TABLE, BRANCH) == alone
                assert await view.shared_digest(TABLE, "NYC") == Digest()
        assert await digest(full) == alone


async def test_they_see_one_state_while_somebody_writes(
    full: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each transaction changes a row of either reader's half."""
    seen, known = set(), []
    link = sqlite3.connect(str(full.path), check_same_thread=False, isolation_level=None, timeout=10)
    ended = threading.Event()

    def put(text: str) -> None:
        link.execute("BEGIN IMMEDIATE")
        link.execute("UPDATE receipt SET notes = ? WHERE rowid IN (10, 300)", (text,))
        link.execute("COMMIT")

    def write() -> None:
        while not ended.is_set():
            put("a")
            put("b")

    for text in ("a", "b"):
        put(text)
        known.append((await digest(full)).text())
    assert len(set(known)) == 2
    writer = threading.Thread(target=write)
    writer.start()
    try:
        with two_readers(monkeypatch):
            for _ in range(60):
                seen.add((await digest(full)).text())
                await asyncio.sleep(0)
    finally:
        ended.set()
        writer.join()
        link.close()
    assert seen <= set(known)


async def test_a_long_writer_is_not_waited_for(full: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = await digest(full)
    link = sqlite3.connect(str(full.path), isolation_level=None)
    link.execute("BEGIN IMMEDIATE")
    link.execute("UPDATE receipt SET notes = 'not yet'")
    try:
        with two_readers(monkeypatch), full.use():
            async with view_of() as view:
                assert isinstance(view, scan.SqliteView)
                assert await view.shared_digest(TABLE, BRANCH) is None
                assert await table_digest(view, TABLE, BRANCH) == alone
    finally:
        link.execute("ROLLBACK")
        link.close()


async def test_a_small_file_and_a_patient_reader_have_one(
    full: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with full.use():
        async with view_of() as view:
            assert isinstance(view, scan.SqliteView)
            assert await view.shared_digest(TABLE, BRANCH) is None
        with two_readers(monkeypatch):
            async with view_of(rest=1.0) as view:
                assert isinstance(view, scan.SqliteView)
                assert await view.shared_digest(TABLE, BRANCH) is None


async def test_two_sessions_of_postgres_see_one_state(
    templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second is opened after somebody has written."""
    async with fresh_database(templates, "postgres", "hq", tmp_path) as opened:
        with opened.use(), two_readers(monkeypatch):
            await Receipt.bulk_create(receipts(BRANCH, 600))
            async with view_of() as before:
                assert isinstance(before, scan.PostgresView)
                expected = await before.quick_digest(TABLE, BRANCH)
                assert expected.count == 600
            async with view_of() as view:
                assert await view.all("SELECT count(*) FROM receipt") == [(600,)]
                await execute("UPDATE receipt SET notes = 'meanwhile'")
                assert isinstance(view, scan.PostgresView)
                assert await view.quick_digest(TABLE, BRANCH) == expected
                assert await table_digest(view, TABLE, BRANCH, expected.text()) == expected
                assert await view.quick_digest(TABLE, "NYC") == Digest()
            async with view_of() as after:
                assert isinstance(after, scan.PostgresView)
                assert await after.quick_digest(TABLE, BRANCH) == await table_digest(after, TABLE, BRANCH)
                assert await after.quick_digest(TABLE, BRANCH) != expected
