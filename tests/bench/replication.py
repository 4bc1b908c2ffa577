"""End to end: 200,000 rows from one branch into headquarters, beside PostgreSQL's logical replication.

Every run has its own processes: the branch's sender, headquarters' receiver (uvicorn), the database. The anchor is a
publisher and a subscriber in one cluster of the bench's own; its row trigger keeps the same cells as our rollup.
`python -m tests.bench.replication [--rows N]`.
"""

import argparse
import asyncio
import datetime
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg

from branch_node.models import BRANCH_APP
from hq.figures.rollup import CREATE, KEYS
from shared import ids
from shared.database import open_database, transaction
from shared.database.migrate import migrate
from shared.records import RECORDS_APP, Receipt
from shared.replication import capture
from shared.web.models import WEB_APP
from tests.bench.table import print_table
from tests.support.ports import free_port
from tests.support.postgres_cluster import cluster

APPS = [RECORDS_APP, WEB_APP, BRANCH_APP]
FIRST_DAY = datetime.date(2025, 5, 22)
PEOPLE = 20


def receipts(count: int) -> list[Receipt]:
    """Receipts of one branch over 18 months, in the order in which they came in."""
    pick = random.Random(7)
    people = [ids.new_id() for _ in range(PEOPLE)]
    customers = [ids.new_id() for _ in range(2_000)]
    return [
        Receipt(
            branch="SH", number=f"R-{number}", customer_id=pick.choice(customers), owner_id=pick.choice(people),
            happened_on=FIRST_DAY + datetime.timedelta(days=number * 540 // count), currency="CNY",
            reference=f"bank {pick.randrange(10**9)}", amount_minor=(amount := pick.randrange(10_000, 9_000_000)), base_minor=amount,
        )
        for number in range(count)
    ]  # fmt: skip


async def load_branch(url: str, count: int) -> None:
    """Write the rows in transactions of 1,000."""
    await migrate(url, APPS)
    async with open_database(url, APPS):
        await capture.install("SH")
        rows = receipts(count)
        for at in range(0, count, 1_000):
            async with transaction():
                await Receipt.bulk_create(rows[at : at + 1_000])


async def drain(branch_url: str, hq_url: str, folder: Path, count: int) -> dict[str, Any]:
    """Start headquarters, then the sender; seconds until the cursor stands at the head, and what it cost."""
    port = free_port()
    environment = {
        **os.environ,
        "BENCH_HQ_DATABASE": hq_url,
        "BENCH_PORT": str(port),
        "BENCH_KEY": str(folder.parent / "bench.key"),
    }
    hq = subprocess.Popen([sys.executable, "-m", "tests.bench.replication_hq"], env=environment)
    sender = None
    try:
        await _until_listening(port)
        before = memory_mb(hq.pid)
        sender = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.replication_sender", branch_url, f"http://127.0.0.1:{port}", str(folder), str(count)],
            stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        out, _ = await asyncio.to_thread(sender.communicate, None, 600)
        grown = memory_mb(hq.pid, "VmHWM") - before
        return {**json.loads(out.strip().splitlines()[-1]), "grown_mb": grown}
    finally:
        for process in (sender, hq):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(10)


def memory_mb(pid: int, line: str = "VmRSS") -> float:
    """Resident memory of a process, or its peak (VmHWM)."""
    found = re.search(rf"{line}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found.group(1)) / 1024


async def _until_listening(port: int) -> None:
    for _ in range(300):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise RuntimeError("the receiver does not answer")


TRIGGER = f"""
CREATE FUNCTION keep_cells() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$ BEGIN
  INSERT INTO figure_cell ({KEYS}, amount, base, n)
  SELECT t.tier, 'receipts', t.period, NEW.branch, '', NEW.currency, t.department, t.employee, NEW.amount_minor, NEW.base_minor, 1
  FROM (VALUES ('pd', NEW.happened_on::text, COALESCE(NEW.department_id::text, ''), COALESCE(NEW.owner_id::text, '')),
    ('pm', substr(NEW.happened_on::text, 1, 7), COALESCE(NEW.department_id::text, ''), COALESCE(NEW.owner_id::text, '')),
    ('bd', NEW.happened_on::text, '', ''), ('bm', substr(NEW.happened_on::text, 1, 7), '', ''),
    ('by', substr(NEW.happened_on::text, 1, 4), '', '')) AS t (tier, period, department, employee)
  ON CONFLICT (tier, measure, period, branch, dim, currency, department, employee) DO UPDATE SET
    amount = figure_cell.amount + excluded.amount, base = figure_cell.base + excluded.base, n = figure_cell.n + excluded.n;
  RETURN NULL; END $$;
CREATE TRIGGER keep AFTER INSERT ON receipt FOR EACH ROW EXECUTE FUNCTION keep_cells();
ALTER TABLE receipt ENABLE ALWAYS TRIGGER keep;
"""


async def anchor(base: str, count: int, *, with_rollup: bool) -> float:
    """Rows per second of PostgreSQL's logical replication draining the same rows, with or without the rollup."""
    root = await asyncpg.connect(base + "postgres")
    for name in ("publisher", "subscriber"):
        await root.execute(f"DROP DATABASE IF EXISTS {name}")
        await root.execute(f"CREATE DATABASE {name}")
        await migrate(base + name, [RECORDS_APP])
    subscriber = await asyncpg.connect(base + "subscriber")
    publisher = await asyncpg.connect(base + "publisher")
    try:
        if with_rollup:
            await subscriber.execute(CREATE["postgres"])
            await subscriber.execute(TRIGGER)
        await publisher.execute("CREATE PUBLICATION p FOR TABLE receipt")
        await publisher.fetch("SELECT pg_create_logical_replication_slot('s', 'pgoutput')")
        async with open_database(base + "publisher", [RECORDS_APP]):
            rows = receipts(count)
            for at in range(0, count, 1_000):
                async with transaction():
                    await Receipt.bulk_create(rows[at : at + 1_000])
        begun = time.perf_counter()
        port = base.rsplit(":", 1)[1].rstrip("/")
        await subscriber.execute(
            f"CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port={port} user=postgres dbname=publisher' "
            "PUBLICATION p WITH (create_slot = false, copy_data = false, slot_name = 's')"
        )
        deadline = begun + 180
        while await subscriber.fetchval("SELECT count(*) FROM receipt") < count:
            if time.perf_counter() > deadline:
                raise RuntimeError("the subscriber did not catch up within three minutes")
            await asyncio.sleep(0.05)
        return count / (time.perf_counter() - begun)
    finally:
        await subscriber.execute("DROP SUBSCRIPTION IF EXISTS s")
        await subscriber.close()
        await publisher.close()
        await root.close()


async def measure(count: int) -> list[list[str]]:
    """All rows of the table."""
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as scratch, cluster() as base:
        branch_url = f"sqlite:///{scratch}/branch.db"
        await load_branch(branch_url, count)
        with_rollup = await anchor(base, count, with_rollup=True)
        without = await anchor(base, count, with_rollup=False)
        rows.append(
            ["anchor: logical replication, same rollup by row trigger", f"{with_rollup:,.0f}", "1.00"]
        )
        rows.append(
            ["anchor: logical replication, no rollup", f"{without:,.0f}", f"{without / with_rollup:.2f}"]
        )
        root = await asyncpg.connect(base + "postgres")
        await root.execute("CREATE DATABASE hq")
        await root.close()
        for label, url in (("SQLite", f"sqlite:///{scratch}/hq.db"), ("PostgreSQL", base + "hq")):
            result = await drain(branch_url, url, Path(scratch) / f"node-{label}", count)
            rate = count / result["seconds"]
            rows.append(
                [
                    f"end to end into {label}, digest + chain + signature",
                    f"{rate:,.0f}",
                    f"{rate / with_rollup:.2f}",
                ]
            )
            rows.append([f"  bytes on the wire per row, {label}", f"{result['wire_bytes'] / count:.1f}", ""])
            rows.append(
                [
                    f"  memory of headquarters grew by, MB at the peak, {label}",
                    f"{result['grown_mb']:.0f}",
                    "",
                ]
            )
    return rows


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.replication")
    parser.add_argument("--rows", type=int, default=200_000)
    options = parser.parse_args(argv)
    print_table(
        f"Replication, {options.rows:,} rows",
        ["what", "rows/s", "x anchor"],
        asyncio.run(measure(options.rows)),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
