"""One transaction of 100,000 rows: it is sent in batches within the credit, a cut falls into the middle, and P holds after it."""

from pathlib import Path

import pytest

from shared.database import execute, fetch_value, transaction
from shared.ids import new_id
from tests.support.databases import BRANCH, ENGINES, Templates
from tests.support.replication_model import Model, receipt

ROWS = 100_000
COPIED = "id, number"


async def write_large(company: Model) -> None:
    """One receipt, and then so many like it in a single statement."""
    async with transaction():
        await receipt(company.dice).save(force_create=True)
    columns = [
        name
        for name in receipt(company.dice)._meta.fields_db_projection.values()
        if name not in ("id", "number")
    ]
    listed = ", ".join(columns)
    is_sqlite = company.engine == "sqlite"
    last_digits = "printf('%012d', n)" if is_sqlite else "lpad(n::text, 12, '0')"
    row_id = f"'{str(new_id())[:24]}' || {last_digits}"
    numbers = (
        f"WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {ROWS}) "
        if is_sqlite
        else f"WITH s (n) AS (SELECT generate_series(1, {ROWS})) "
    )
    cast = "" if is_sqlite else "::uuid"
    await execute(
        f"INSERT INTO receipt ({COPIED}, {listed}) {numbers} SELECT ({row_id}){cast}, 'L-' || n, {listed} "
        "FROM s CROSS JOIN (SELECT * FROM receipt LIMIT 1) AS r"
    )


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
async def test_a_hundred_thousand_rows_of_one_transaction_arrive_whole_over_a_line_that_fails(
    engine: str, tmp_path: Path, templates: Templates
) -> None:
    async with Model(templates, tmp_path, 7, engine) as company:
        with company.branch.use():
            await write_large(company)
        company.line.plan([*[""] * 9, "lose_answer", *[""] * 9, "tear", "lose_request", "duplicate"])
        assert await company.sync() != "", "the line fails on the way"
        await company.check()
        with company.hq.use():
            assert (
                await fetch_value("SELECT COUNT(*) AS n FROM receipt WHERE branch = :b", b=BRANCH) == ROWS + 1
            )
