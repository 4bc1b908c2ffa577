"""1,000 branches of 50 rows reconnect at once: how soon all are drained, how evenly, and what open pages notice of it.

Headquarters is its own process with its pages, on SQLite and on PostgreSQL; the branches are another (`returning_branches`). They come
back ROUNDS times with 50 new rows each, and what is printed of draining is the median. Meanwhile the overview is asked for by people
who reload it, `--looks` times a second together, whatever the answers take, with chance deciding when the first look falls; 0 is one
person who reloads without a break. A look counts as meanwhile when it began before the last branch was drained; the first one after that finds that
all sums have moved, and stands on its own line. Idle is the same with nothing arriving. As after an outage, each branch sends what waits at once; with `--greeting`
as after a start of all nodes, a hello before the first. The floor is the same load against a headquarters that only answers (`answering_hq`).
`python -m tests.bench.reconnect [--branches N] [--rows N] [--looks N] [--rounds N]`.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
LOOKS, ROUNDS = 4.0, 10
REST_SECONDS, IDLE_SECONDS = 1.0, 3.0
"""Between two times: until what follows a crowd is over, and so long people look on with nothing arriving."""


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
    """People reloading the overview `looks` times a second (0: one of them without a break) until told to stop; of each look when it
    began (monotonic seconds) and its milliseconds."""

    def __init__(self, client: httpx.Client, looks: float) -> None:
        super().__init__(daemon=True)
        self.client, self.every, self.is_over = client, 1 / looks if looks else 0.0, threading.Event()
        self.times: list[tuple[float, float]] = []

    def run(self) -> None:
        due = time.monotonic() + random.uniform(0.0, self.every)
        while not self.is_over.wait(max(0.0, due - time.monotonic())):
            self.times.append((time.monotonic(), timed(self.client, VIEW)))
            due = max(due + self.every, time.monotonic())

    def stop(self) -> list[tuple[float, float]]:
        self.is_over.set()
        self.join()
        return self.times


def coming_back(port: int, branches: int, rounds: int, rows: int, greets: bool) -> subprocess.Popen[str]:
    """The process of the branches: it prints a line when it is ready, and for each that it is given what became of them."""
    words = [str(number) for number in (port, branches, rounds, rows, int(greets))]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.bench.returning_branches", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip


def drain(coming: subprocess.Popen[str]) -> dict[str, Any]:
    """Let all branches come back once; what they say of it."""
    assert coming.stdin is not None and coming.stdout is not None
    coming.stdin.write("go\n")
    coming.stdin.flush()
    seconds = json.loads(line := coming.stdout.readline())["seconds"]
    last, median = max(seconds), statistics.median(seconds)
    return {**json.loads(line), "last": last, "median": median, "ratio": last / median}


def end(*processes: subprocess.Popen[Any]) -> None:
    for process in processes:
        if process.poll() is None:
            process.terminate()
            process.wait(20)


def family(pid: int) -> list[int]:
    """Headquarters and the process in which it takes batches."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def floor(branches: int, rows: int) -> dict[str, float]:
    """The same load where nothing is applied and nobody looks on."""
    port = free_port()
    server = subprocess.Popen([sys.executable, "-m", "tests.bench.answering_hq", str(port), str(BASE + rows)])
    coming = coming_back(port, branches, 1, rows, False)
    assert coming.stdout is not None
    try:
        coming.stdout.readline()
        until_listening(port)
        before = processor_ms(server.pid)
        return {**drain(coming), "server": processor_ms(server.pid) - before}
    finally:
        end(coming, server)


def until_listening(port: int) -> None:
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.1)


@dataclass
class Watched:
    """What was seen of each time that the branches came back, and of the looks meanwhile and after."""

    rounds: list[dict[str, float]] = field(default_factory=list)
    meanwhile: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)

    def once(
        self, coming: subprocess.Popen[str], client: httpx.Client, pids: Sequence[int], looks: float
    ) -> None:
        """The branches come back while people look on."""
        used = [processor_ms(pid) for pid in pids]
        looker = Looker(client, looks)
        begun = time.monotonic()
        looker.start()
        found = drain(coming)
        until = begun + found["last"]
        spent = [processor_ms(pid) - before for pid, before in zip(pids, used, strict=True)]
        seen = looker.stop()
        self.meanwhile += [took for at, took in seen if at <= until]
        self.after.append(next((took for at, took in seen if at > until), 0.0) or timed(client, VIEW))
        self.rounds.append({**found, "server": sum(spent), "apart": sum(spent[1:])})

    def figures(self, idle: Sequence[float]) -> dict[str, float]:
        """Medians of the rounds, and the looks of all."""
        names = ("last", "median", "ratio", "processor", "server", "apart")
        busy = p95(self.meanwhile) if len(self.meanwhile) > 1 else max(self.meanwhile, default=0.0)
        return {
            **{name: statistics.median(one[name] for one in self.rounds) for name in names},
            "slowest": max(one["last"] for one in self.rounds), "waits": self.rounds[-1]["waits"], "looks": len(self.meanwhile),
            "idle": p95(list(idle)), "busy": busy, "against": busy / p95(list(idle)), "after": statistics.median(self.after),
            "middle": statistics.median(self.meanwhile or [0.0]) / statistics.median(idle),
        }  # fmt: skip


def measure(settings: HqSettings, asked: argparse.Namespace) -> dict[str, float]:
    """The figures of one headquarters."""
    environment = {
        **os.environ,
        "TRUNKLINE_DATA_DIR": str(settings.data_dir),
        "TRUNKLINE_PORT": str(settings.port),
        "TRUNKLINE_LOG_LEVEL": "warning",
        **({"TRUNKLINE_DATABASE_URL": settings.database_url} if settings.database_url else {}),
    }
    server = subprocess.Popen([sys.executable, "-m", "hq", "web"], env=environment, stdout=subprocess.DEVNULL)
    coming = coming_back(settings.port, asked.branches, asked.rounds, asked.rows, asked.greeting)
    assert coming.stdout is not None
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{settings.port}", timeout=60.0) as client:
            sign_in(client)
            for _ in range(3):
                timed(client, VIEW)
            coming.stdout.readline()
            pids, watched, idle = family(server.pid), Watched(), looks_at_rest(client, asked.looks)
            before, peaks = sum(map(memory_mb, pids)), list[float]()
            for _ in range(asked.rounds):
                watched.once(coming, client, pids, asked.looks)
                peaks.append(sum(memory_mb(pid, "VmHWM") for pid in pids))
                idle += looks_at_rest(client, asked.looks)
    finally:
        end(coming, server)
    return {**watched.figures(idle), "growth": peaks[0] - before, "grown": peaks[-1] - before}


def looks_at_rest(client: httpx.Client, looks: float) -> list[float]:
    """The same looks with nothing arriving; between two rounds, too, because a machine changes in a minute."""
    time.sleep(REST_SECONDS)
    timed(client, VIEW)
    looker = Looker(client, looks)
    looker.start()
    time.sleep(IDLE_SECONDS)
    return [took for _at, took in looker.stop()]


def run(scratch: str, database_url: str | None, asked: argparse.Namespace) -> dict[str, float]:
    """Make and measure one headquarters."""
    folder = Path(scratch) / ("postgres" if database_url else "sqlite")
    folder.mkdir()
    settings = HqSettings(data_dir=folder, database_url=database_url, port=free_port(), jobs_in_site=False)
    asyncio.run(make(settings, asked.branches))
    return measure(settings, asked)


ROWS = (
    ("all drained, seconds, median of rounds (aim 1.5)", "last", "{:.2f}"), ("  slowest of them", "slowest", "{:.2f}"),
    ("median branch, seconds", "median", "{:.2f}"), ("last / median (aim below 3)", "ratio", "{:.2f}"), ("times told to wait", "waits", "{:.0f}"),
    ("overview p95 idle, ms", "idle", "{:.0f}"), ("overview p95 meanwhile, ms", "busy", "{:.0f}"), ("  looks meanwhile", "looks", "{:.0f}"),
    ("  times idle (aim 2)", "against", "{:.1f}"), ("  medians, times idle", "middle", "{:.1f}"), ("first look after, ms, median", "after", "{:.0f}"),
    ("memory of headquarters grew, MB (aim 200)", "growth", "{:.0f}"), ("  in all rounds, with mapped pages of the file", "grown", "{:.0f}"),
    ("processor time of headquarters, ms", "server", "{:.0f}"),
    ("  of it taking batches", "apart", "{:.0f}"), ("processor time of the branches, ms", "processor", "{:.0f}"),
)  # fmt: skip


def shown(found: Mapping[str, float]) -> list[str]:
    """The figures as a column of the table; what was not measured is left empty."""
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
    parser.add_argument("--looks", type=float, default=LOOKS, help="looks at the overview a second; 0: without a break")  # fmt: skip
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often the branches come back")
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
        f"{options.branches:,} branches of {options.rows} rows reconnect at once, {options.rounds} times; looks a second: {options.looks:g}",
        ["what", *columns],
        rows,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
