"""How fast headquarters proves what it holds: hashing every row again (scrub), and the whole of `hq verify`.

Receipts of one branch beside their rollups, on SQLite and PostgreSQL. The anchor is what the database alone takes to read
the rows and to sum them once. `python -m tests.bench.proof [--rows N]`.
"""

import argparse
import asyncio
import sys
import tempfile
import time

import asyncpg

from hq.figures import rebuild, rollup
from hq.models import HQ_APP
from hq.replication import scrub, verify
from hq.replication.models import BranchCursor
from shared.database import execute, fetch_value, open_database
from shared.database.migrate import migrate
from shared.records import RECORDS_APP, Receipt
from shared.replication.columns import replicated_tables
from shared.web.models import WEB_APP
from tests.bench.replication import receipts
from tests.bench.table import print_table
from tests.support.postgres_cluster import cluster

APPS = [RECORDS_APP, WEB_APP, HQ_APP]
WRITTEN = 10_000
FRESH_ID = {
    "sqlite": "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-7' || substr(hex(randomblob(2)), 2) || '-8' "
    "|| substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))",
    "postgres": "gen_random_uuid()",
}


async def fill(engine: str, count: int) -> None:
    """So many rows, the cells over them and the digest that the branch would claim."""
    await rollup.install()
    await Receipt.bulk_create(receipts(WRITTEN), batch_size=1_000)
    names = [column for column in (*replicated_tables()["receipt"].names, "ver") if column != "id"]
    columns = ", ".join(names)
    for start in range(WRITTEN, count, WRITTEN):
        limit = min(WRITTEN, count - start)
        await execute(
            f"INSERT INTO receipt (id, {columns}) SELECT {FRESH_ID[engine]}, {columns} FROM receipt LIMIT {limit}"
        )
    await rebuild.rebuild()
    digest = (await scrub.compare("SH")).found["receipt"].text()
    await BranchCursor.create(branch="SH", epoch="e" * 32, digests={"receipt": digest})


async def measure_one(label: str, url: str, count: int) -> list[list[str]]:
    """The rows of the table for one engine."""
    await migrate(url, APPS)
    async with open_database(url, APPS):
        await fill("sqlite" if url.startswith("sqlite") else "postgres", count)
        begun = time.perf_counter()
        await fetch_value("SELECT SUM(amount_minor) + MAX(length(reference)) AS n FROM receipt")
        reading = time.perf_counter() - begun
        compared = await scrub.compare("SH")
        begun = time.perf_counter()
        proof = await verify.verify("SH")
        seconds = time.perf_counter() - begun
        assert proof.is_proved and compared.rows == count
    return [
        [f"{label}: anchor, the database sums one column", f"{count / reading:,.0f}", f"{reading:.2f}", ""],
        [f"{label}: scrub, every row hashed again", f"{count / compared.seconds:,.0f}", f"{compared.seconds:.2f}", "300,000 rows/s"],
        [f"{label}: verify, rows and rollups", f"{count / seconds:,.0f}", f"{seconds:.2f}", "200,000 rows/s"],
    ]  # fmt: skip


async def measure(count: int) -> list[list[str]]:
    """Both engines."""
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as scratch, cluster() as base:
        rows += await measure_one("SQLite", f"sqlite:///{scratch}/hq.db", count)
        root = await asyncpg.connect(base + "postgres")
        await root.execute("CREATE DATABASE proof")
        await root.close()
        rows += await measure_one("PostgreSQL", base + "proof", count)
    return rows


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.proof")
    parser.add_argument("--rows", type=int, default=200_000)
    options = parser.parse_args(argv)
    print_table(
        f"Proof, {options.rows:,} rows of one branch",
        ["what", "rows/s", "seconds", "aim"],
        asyncio.run(measure(options.rows)),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
