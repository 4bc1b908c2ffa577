"""A file of 100,000 rows made as the job makes it: seconds, rows a second, the greatest memory of the process.

`python -m tests.bench.exports [--rows N] [--engine sqlite|postgres]`. The file is made in a process of its own, which is headquarters
not served: database, templates and catalogue are in its memory, too. Rows of orders, 9 columns each.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time

from hq.app import hq_app
from hq.exports.actions import make, place_of
from hq.exports.models import Export
from hq.people.actions import add_person
from hq.settings import HqSettings
from hq.setup import APPS, prepare
from shared.database import execute, open_database
from shared.settings import load
from shared.web.passwords import Passwords
from tests.bench.company_facts import Company, fill_customers, fill_organisation, fill_sales
from tests.bench.table import print_table
from tests.support.postgres_cluster import cluster

FACTS_OF_AN_ORDER = 10 / 3
"""tests.bench.company_facts makes three orders of ten facts."""


async def fill(settings: HqSettings, rows: int) -> None:
    """An empty database with about so many orders of 50 branches."""
    await prepare(settings)
    async with open_database(settings.url_of_database, APPS):
        company = Company(50, round(rows * FACTS_OF_AN_ORDER))
        await fill_organisation(company)
        await fill_customers(company)
        await fill_sales(company)
        await execute("ANALYZE")
        await add_person(
            Passwords(settings), name="Chen", roles=["executive"], branches=None, username="chen", password="bench-password-1"
        )  # fmt: skip


async def made(settings: HqSettings) -> None:
    """Make the file in this process and print rows, bytes, seconds, peak memory in KiB."""
    import resource

    from hq.models import HqPerson

    site = hq_app(settings)
    async with open_database(settings.url_of_database, APPS):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        person = await HqPerson.get(name="Chen")
        row = await Export.create(person_id=person.id, kind="orders", locale="zh_CN")
        begun = time.perf_counter()
        await make(site, row.id)
        seconds = time.perf_counter() - begun
        done = await Export.get(id=row.id)
        assert done.status == "done", done.trouble
        assert place_of(settings.data_dir, row.id).stat().st_size == done.size_bytes
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(done.done, done.size_bytes, f"{seconds:.1f}", peak, before)


def measured(environment: dict[str, str], rows: int, engine: str) -> list[str]:
    """One line of the table."""
    os.environ.update(environment)
    asyncio.run(fill(load(HqSettings, os.environ), rows))
    found = subprocess.run(
        [sys.executable, "-m", "tests.bench.exports", "--inside"], env={**os.environ}, capture_output=True, text=True,
        check=True, timeout=900,
    )  # fmt: skip
    done, size, seconds, peak, before = found.stdout.split()[-5:]
    speed = int(int(done) / float(seconds))
    return [engine, f"{int(done):,}", f"{int(size) / 1e6:.1f}", seconds, f"{speed:,}", f"{int(peak) / 1024:.0f}", f"{int(before) / 1024:.0f}"]  # fmt: skip


def main(words: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--engine", choices=["sqlite", "postgres"])
    parser.add_argument("--inside", action="store_true")
    args = parser.parse_args(words)
    if args.inside:
        asyncio.run(made(load(HqSettings, os.environ)))
        return 0
    lines = []
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as folder:
        base = {"TRUNKLINE_DATA_DIR": folder}
        if args.engine != "postgres":
            lines.append(measured({**base, "TRUNKLINE_DATABASE_URL": ""}, args.rows, "SQLite"))
        if args.engine != "sqlite":
            with cluster() as base_url:
                lines.append(
                    measured(
                        {**base, "TRUNKLINE_DATABASE_URL": f"{base_url}postgres"}, args.rows, "PostgreSQL"
                    )
                )
    print_table(
        "Orders as XLSX, made by the job",
        ["engine", "rows", "MB", "seconds", "rows/s", "peak MiB", "MiB before"],
        lines,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
