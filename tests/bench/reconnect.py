"""1,000 branches of 50 rows reconnect at once: how soon all are drained, how evenly, and what open pages notice of it.

Headquarters is its own process with its pages, on SQLite and on PostgreSQL; the branches are another (`returning_branches`). The
overview is asked for by one client all the while, first with nothing arriving; `--pause` is the time between two looks. As after an outage, each branch sends what waits at once;
with `--greeting` as after a start of all nodes, a hello before it. The floor is the same load against a headquarters that only
answers (`answering_hq`). `python -m tests.bench.reconnect [--branches N] [--rows N] [--pause SECONDS]`.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import psutil

from hq.people.actions import add_person
from hq.replication.models import BranchNode
from hq.settings import HqSettings
from hq.setup import APPS, prepare
from shared.database import open_database
from shared.web.passwords import Passwords
from tests.bench.branch_pages import processor_ms
from tests.bench.company_facts import fill_company
from tests.bench.decision_views import PASSWORD, create, p95, sign_in, timed
from tests.bench.replication import memory_mb
from tests.bench.returning_branches import BASE, code_of, key_of
from tests.bench.table import print_table
from tests.support.ports import free_port
from tests.support.postgres_cluster import own_cluster

FACTS = 20_000
VIEW = "/"
IDLE_REQUESTS = 40
PAUSE = 0.02


async def make(settings: HqSettings, branches: int) -> None:
    """A company of so many branches whose nodes are enrolled, and somebody who looks on."""
    await prepare(settings)
    async with open_database(settings.url_of_database, APPS):
        await fill_company(branches, FACTS)
        for number in range(branches):
            key = key_of(number).public_text
            await BranchNode.update_or_create(branch=code_of(number), defaults={"public_key": key})
        await add_person(
            Passwords(settings), name="Chen", roles=["executive"], branches=None, username="chen", password=PASSWORD
        )  # fmt: skip


class Looker(threading.Thread):
    """One person reloading the overview every `pause` seconds until told to stop; milliseconds of each look."""

    def __init__(self, client: httpx.Client, pause: float) -> None:
        super().__init__(daemon=True)
        self.client, self.pause, self.times, self.is_over = client, pause, list[float](), threading.Event()

    def run(self) -> None:
        while not self.is_over.is_set():
            self.times.append(timed(self.client, VIEW))
            self.is_over.wait(self.pause)

    def stop(self) -> list[float]:
        self.is_over.set()
        self.join()
        return self.times


def coming_back(port: int, branches: int, rows: int, greets: bool) -> subprocess.Popen[str]:
    """The process of the branches: it prints a line when it is ready, waits for one, and prints what became of them."""
    words = [str(number) for number in (port, branches, rows, int(greets))]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.returning_branches", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip


def end(*processes: subprocess.Popen[Any]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
            process.wait(20)


def drained(found: dict[str, Any]) -> dict[str, float]:
    """What the branches say of themselves."""
    seconds = found["seconds"]
    last, median = max(seconds), statistics.median(seconds)
    return {"last": last, "median": median, "ratio": last / median, "waits": found["waits"], "branches": found["processor"]}  # fmt: skip


def family(pid: int) -> list[int]:
    """Headquarters and the process in which it takes batches."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def floor(branches: int, rows: int) -> dict[str, float]:
    """The same load where nothing is applied and nobody looks on."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "tests.bench.answering_hq", str(port), str(BASE + rows)])
    coming = coming_back(port, branches, rows, False)
    assert coming.stdin is not None and coming.stdout is not None
    try:
        coming.stdout.readline()
        until_listening(port)
        before = processor_ms(server.pid)
        coming.stdin.write("go\n")
        coming.stdin.flush()
        found = json.loads(coming.stdout.readline())
        return {**drained(found), "processor": processor_ms(server.pid) - before}
    finally:
        end(coming, server)


def until_listening(port: int) -> None:
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)


def measure(settings: HqSettings, asked: argparse.Namespace) -> dict[str, float]:
    """The figures of one reconnect."""
    environment = {
        **os.environ,
        "TRUNKLINE_DATA_DIR": str(settings.data_dir),
        "TRUNKLINE_PORT": str(settings.port),
        "TRUNKLINE_LOG_LEVEL": "warning",
        **({"TRUNKLINE_DATABASE_URL": settings.database_url} if settings.database_url else {}),
    }
    server = subprocess.Popen([sys.executable, "-m", "hq", "web"], env=environment, stdout=subprocess.DEVNULL)
    coming = coming_back(settings.port, asked.branches, asked.rows, asked.greeting)
    assert coming.stdin is not None and coming.stdout is not None
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{settings.port}", timeout=60.0) as client:
            sign_in(client)
            for _ in range(3):
                timed(client, VIEW)
            coming.stdout.readline()
            idle = [timed(client, VIEW) for _ in range(IDLE_REQUESTS)]
            pids = family(server.pid)
            before, processor = sum(map(memory_mb, pids)), [processor_ms(pid) for pid in pids]
            looker = Looker(client, asked.pause)
            looker.start()
            out, _ = coming.communicate("go\n", timeout=300)
            processor = [processor_ms(pid) - used for pid, used in zip(pids, processor, strict=True)]
            busy = looker.stop()
            peak = sum(memory_mb(pid, "VmHWM") for pid in pids)
    finally:
        end(coming, server)
    return {
        **drained(json.loads(out)), "idle": p95(idle), "busy": p95(busy) if len(busy) > 1 else busy[0],
        "middle": statistics.median(busy) / statistics.median(idle), "looks": len(busy), "growth": peak - before,
        "processor": sum(processor), "apart": sum(processor[1:]),
    }  # fmt: skip


def run(scratch: str, database_url: str | None, asked: argparse.Namespace) -> dict[str, float]:
    """Make and measure one headquarters."""
    folder = Path(scratch) / ("postgres" if database_url else "sqlite")
    folder.mkdir()
    settings = HqSettings(data_dir=folder, database_url=database_url, port=free_port(), jobs_in_site=False)
    asyncio.run(make(settings, asked.branches))
    return measure(settings, asked)


ROWS = (
    ("all drained, seconds (aim 1.5)", "last", "{:.2f}"), ("median branch, seconds", "median", "{:.2f}"),
    ("last / median (aim below 3)", "ratio", "{:.2f}"), ("times told to wait", "waits", "{:.0f}"),
    ("overview p95 idle, ms", "idle", "{:.0f}"), ("overview p95 meanwhile, ms", "busy", "{:.0f}"),
    ("  looks meanwhile", "looks", "{:.0f}"), ("  times idle (aim 2)", "against", "{:.1f}"), ("  medians, times idle", "middle", "{:.1f}"),
    ("memory of headquarters grew, MB (aim 200)", "growth", "{:.0f}"), ("processor time of headquarters, ms", "processor", "{:.0f}"),
    ("  of it taking batches", "apart", "{:.0f}"), ("processor time of the branches, ms", "branches", "{:.0f}"),
)  # fmt: skip


def shown(found: dict[str, float]) -> list[str]:
    """The figures as a column of the table; what was not measured is left empty."""
    if "idle" in found:
        found = {**found, "against": found["busy"] / found["idle"]}
    return [form.format(found[key]) if key in found else "" for _, key, form in ROWS]


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reconnect")
    parser.add_argument("--branches", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--engine", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument(
        "--greeting", action="store_true", help="every node has been started anew and says hello first"
    )
    parser.add_argument(
        "--pause", type=float, default=PAUSE, help="seconds between two looks at the overview"
    )
    options = parser.parse_args(argv)
    columns = {"answers only": shown(floor(options.branches, options.rows))}
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as scratch:
        if options.engine != "postgres":
            columns["SQLite"] = shown(run(scratch, None, options))
        if options.engine != "sqlite":
            with own_cluster() as made:
                asyncio.run(create(made.url, "hq"))
                columns["PostgreSQL"] = shown(run(scratch, made.through_socket("hq"), options))
    rows = [[what, *(column[at] for column in columns.values())] for at, (what, _, _) in enumerate(ROWS)]
    print_table(
        f"{options.branches:,} branches of {options.rows} rows reconnect at once", ["what", *columns], rows
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
