"""The scratch tables of PostgreSQL's applier keep their rows at commit, so that they must neither leak into the next group nor grow."""

import datetime
from pathlib import Path
from typing import Any

import pytest

from hq.figures.rebuild import differences
from hq.replication.scratch_postgres import LOOK_ROWS
from shared.database import fetch_all, fetch_value
from shared.records import Receipt
from tests.support.databases import Templates, fresh_database
from tests.support.wire import Branch, Headquarters, some_id

DAY = datetime.date(2026, 3, 31)
SIZES = "SELECT pg_relation_size('delta'::regclass), pg_relation_size('stage_receipt'::regclass), pg_relation_size('old_receipt'::regclass)"


def receipts(count: int) -> list[Receipt]:
    return [
        Receipt(
            branch="SH", number=f"R-{at}", customer_id=some_id(), happened_on=DAY, currency="CNY",
            amount_minor=at, base_minor=at,
        )
        for at in range(count)
    ]  # fmt: skip


async def sizes(hq: Headquarters) -> list[int]:
    """Bytes of the tables of the one connection that is open."""

    async def look(connection: Any) -> list[int]:
        return list(await connection.fetchrow(SIZES))

    return await hq.applier.run(look)  # type: ignore[arg-type]


@pytest.mark.postgres
async def test_room_of_rows_that_went_through_is_given_back(tmp_path: Path, templates: Templates) -> None:
    async with fresh_database(templates, "postgres", "hq", tmp_path) as database:
        hq = Headquarters(database)
        hq.applier._connections = 1  # type: ignore[union-attr]
        async with hq:
            branch, rows = Branch("SH"), receipts(LOOK_ROWS // 4)
            branch.write(*rows)
            await hq.receive(branch)
            for row in rows:
                row.amount_minor = row.base_minor = 7
            branch.write(*rows)
            await hq.receive(branch)
            assert all(await sizes(hq)), "deleted rows leave their room behind"
            for amount in (8, 9):
                for row in rows:
                    row.amount_minor = row.base_minor = amount
                branch.write(*rows)
                await hq.receive(branch)
            delta, _stage, _old = await sizes(hq)
            assert delta == 0, "until there are many"


@pytest.mark.postgres
async def test_new_rows_take_no_room_there(tmp_path: Path, templates: Templates) -> None:
    async with (
        fresh_database(templates, "postgres", "hq", tmp_path) as database,
        Headquarters(database) as hq,
    ):
        branch = Branch("SH")
        branch.write(*receipts(LOOK_ROWS))
        await hq.receive(branch)
        delta = await hq.applier.run(
            lambda connection: connection.fetchval("SELECT pg_relation_size('delta'::regclass)")
        )  # type: ignore[arg-type]
        kept = await fetch_value("SELECT COUNT(*) AS n FROM figure_journal")
        assert (delta, kept) == (0, LOOK_ROWS)


@pytest.mark.postgres
async def test_of_receipts_taken_back_on_the_same_day_nothing_is_kept_and_on_another_both(
    tmp_path: Path, templates: Templates
) -> None:
    async with (
        fresh_database(templates, "postgres", "hq", tmp_path) as database,
        Headquarters(database) as hq,
    ):
        standing, same_day, later = receipts(3)
        for row, day in ((same_day, DAY), (later, DAY + datetime.timedelta(days=1))):
            row.status, row.reversed_on, row.amount_minor, row.base_minor = "reversed", day, 5, 5
        standing.amount_minor = standing.base_minor = 3
        branch = Branch("SH")
        branch.write(standing, same_day, later)
        await hq.receive(branch)
        rows = await fetch_all("SELECT row_id, period, amount, n FROM figure_journal ORDER BY amount")
        tomorrow = (DAY + datetime.timedelta(days=1)).isoformat()
        assert [tuple(row.values()) for row in rows] == [
            (str(later.id), tomorrow, -5, -1), (str(standing.id), DAY.isoformat(), 3, 1), (str(later.id), DAY.isoformat(), 5, 1)
        ]  # fmt: skip
        assert await differences() == []
