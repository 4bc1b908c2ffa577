"""Every decision view at 1,000 branches, beside the same view at other numbers of facts.

`python -m tests.bench.decision_views [--facts 10000 1000000 10000000] [--branches N] [--engine sqlite|postgres] [--keep DIR]`.
Headquarters of each size runs as its own process, all sizes are asked in turns, so that their ratio does not depend on the minute; the time
is that of the whole request over loopback, one client, once the jobs of the start are over and after two requests that warm nothing but the process. "moved" is the same when a branch has applied something since the request before. Queries and size
are those of the first request, when nothing is kept yet. `--keep` leaves the filled SQLite databases in DIR for the next run.
"""

import argparse
import asyncio
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx

from hq.people.actions import add_person
from hq.settings import HqSettings
from hq.setup import APPS, prepare
from shared.database import execute, open_database
from shared.web.passwords import Passwords
from tests.bench.branch_pages import processor_ms, until_idle
from tests.bench.company_facts import fill_company
from tests.bench.table import print_table
from tests.support.ports import free_port
from tests.support.postgres_cluster import cluster

PASSWORD = "bench-password-1"
VIEWS = (
    "/", "/compare", "/sales", "/targets", "/receivables", "/profit", "/staff", "/customers", "/news", "/branches",
)  # fmt: skip
REQUESTS = 100
QUERIES = re.compile(r"with (\d+) queries")
MOVE = "UPDATE branch_cursor SET seq = seq + 1, head_seq = head_seq + 1 WHERE branch = 'B0007'"


@dataclass
class Measured:
    """One size: milliseconds per view, with nothing changed and with a branch that moved, and of the processor (which other work on
    the machine disturbs little); queries and bytes of a view's first request; megabytes of the process when idle and at the end; seconds that filling took."""

    facts: int
    still: dict[str, list[float]] = field(default_factory=dict)
    moved: dict[str, list[float]] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    moved_cost: dict[str, float] = field(default_factory=dict)
    queries: dict[str, int] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    idle: float = 0.0
    memory: float = 0.0
    filled: float = 0.0


async def make(settings: HqSettings, branches: int, facts: int) -> float:
    """Fill an empty database; seconds it took."""
    begun = time.perf_counter()
    await prepare(settings)
    async with open_database(settings.url_of_database, APPS):
        await fill_company(branches, facts)
        await add_person(
            Passwords(settings),
            name="Chen",
            roles=["executive", "hq_admin"],
            branches=None,
            username="chen",
            password=PASSWORD,
            locale="en",
        )
    return time.perf_counter() - begun


@dataclass
class Site:
    """Headquarters of one size as its own process, somebody who has signed in, and what moves a branch of it."""

    found: Measured
    client: httpx.Client
    pid: int
    move: Callable[[], None]

    def first_look(self, view: str) -> None:
        """Queries and bytes of a view that nothing is kept of yet, and a second look that warms the process."""
        first = self.client.get(view)
        counted = QUERIES.search(re.sub(r"<[^>]+>", "", first.text))
        self.found.queries[view], self.found.bytes[view] = (
            int(counted[1]) if counted else 0,
            len(first.content),
        )
        timed(self.client, view)


@contextmanager
def served(
    environment: dict[str, str], port: int, move: Callable[[], None], found: Measured
) -> Iterator[Site]:
    """The site, once the jobs of its start are over."""
    server = subprocess.Popen(
        [sys.executable, "-m", "hq", "web"], env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60.0) as client:
            sign_in(client)
            until_idle(server.pid)
            found.idle = megabytes(server.pid)
            yield Site(found, client, server.pid, move)
            found.memory = megabytes(server.pid)
    finally:
        server.terminate()
        server.wait(15)


def measure(sites: Sequence[Site]) -> None:
    """Ask for every view at every size in turns, so that all sizes meet the machine in the same state."""
    for view in VIEWS:
        for site in sites:
            site.first_look(view)
        still = in_turns(sites, view, REQUESTS, moving_first=False)
        moved = in_turns(sites, view, REQUESTS // 2, moving_first=True)
        for site, (times, cost), (moved_times, moved_cost) in zip(sites, still, moved, strict=True):
            site.found.still[view], site.found.cost[view] = times, cost
            site.found.moved[view], site.found.moved_cost[view] = moved_times, moved_cost


def in_turns(
    sites: Sequence[Site], view: str, count: int, *, moving_first: bool
) -> list[tuple[list[float], float]]:
    """For each site the milliseconds of `count` requests, and of the processor for one."""
    used = [processor_ms(site.pid) for site in sites]
    times: list[list[float]] = [[] for _ in sites]
    for _ in range(count):
        for site, kept in zip(sites, times, strict=True):
            kept.append(timed(site.client, view, site.move if moving_first else lambda: None))
    spent = [processor_ms(site.pid) - before for site, before in zip(sites, used, strict=True)]
    return [(kept, cost / count) for kept, cost in zip(times, spent, strict=True)]


def megabytes(pid: int) -> float:
    """What a process holds in memory."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1000


def sign_in(client: httpx.Client, username: str = "chen") -> None:
    """Sign in as soon as headquarters answers."""
    for _ in range(1_200):
        try:
            page = client.get("/sign-in")
            break
        except httpx.TransportError:
            time.sleep(0.1)
    token = re.search(r'name="csrf[^"]*" value="([^"]+)"', page.text)
    name = re.search(r'name="(csrf[^"]*)"', page.text)
    fields = {"username": username, "password": PASSWORD}
    if token and name:
        fields[name.group(1)] = token.group(1)
    answer = client.post("/sign-in", data=fields, headers={"Origin": str(client.base_url).rstrip("/")})
    if answer.status_code not in (302, 303):
        raise RuntimeError(f"cannot sign in: {answer.status_code}")


def timed(client: httpx.Client, view: str, before: Callable[[], None] = lambda: None) -> float:
    """Milliseconds of one request, after something that is not measured."""
    before()
    begun = time.perf_counter()
    answer = client.get(view)
    if answer.status_code != 200:
        raise RuntimeError(f"{view}: {answer.status_code}")
    return (time.perf_counter() - begun) * 1000


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


@contextmanager
def open_site(engine_url: str, folder: Path, branches: int, facts: int) -> Iterator[Site]:
    """One size on one engine; a folder that was kept is not filled again."""
    port = free_port()
    environment = {
        "TRUNKLINE_DATA_DIR": str(folder),
        "TRUNKLINE_PORT": str(port),
        "TRUNKLINE_LOG_LEVEL": "warning",
        "TRUNKLINE_LOGIN_LIMIT": "1000",
        **({"TRUNKLINE_DATABASE_URL": engine_url} if engine_url else {}),
    }
    settings = HqSettings(data_dir=folder, database_url=engine_url or None, port=port)
    found = Measured(facts)
    if folder.exists():
        asyncio.run(freshen(settings))
    else:
        folder.mkdir(parents=True)
        found.filled = asyncio.run(make(settings, branches, facts))
    with moving(engine_url, folder / "hq.db") as move, served(environment, port, move, found) as site:
        yield site


async def freshen(settings: HqSettings) -> None:
    """A database kept from an earlier run: it is migrated, and every branch has just been heard of."""
    now = int(time.time() * 1_000_000)
    await prepare(settings)
    async with open_database(settings.url_of_database, APPS):
        await execute(
            "UPDATE branch_cursor SET applied_at = :now, contact_at = :now, complete_at = :now", now=now
        )


@contextmanager
def moving(engine_url: str, file: Path) -> Iterator[Callable[[], None]]:
    """What moves the cursor of one branch, as applying a batch would."""
    if not engine_url:
        connection = sqlite3.connect(file, timeout=30, isolation_level=None)
        try:

            def move() -> None:
                connection.execute(MOVE)

            yield move
        finally:
            connection.close()
        return
    with asyncio.Runner() as runner:
        client = runner.run(asyncpg.connect(engine_url))
        try:

            def move_there() -> None:
                runner.run(client.execute(MOVE))

            yield move_there
        finally:
            runner.run(client.close())


def compare(engine: str, branches: int, sizes: Sequence[int], keep: Path | None) -> None:
    """One table: the largest size in full, the p95 of the others beside it."""
    held = nullcontext(str(keep)) if keep else tempfile.TemporaryDirectory(prefix="trunkline-bench-")
    base_of = cluster() if engine == "postgres" else nullcontext("")
    with held as scratch, base_of as base, ExitStack() as open_sites:
        sites: list[Site] = []
        for facts in sorted(sizes, reverse=True):  # the smallest last: it is as fresh as the others then
            folder = Path(scratch) / f"{engine}-{branches}-{facts}"
            url = asyncio.run(create(base, f"facts_{facts}")) if base else ""
            sites.insert(0, open_sites.enter_context(open_site(url, folder, branches, facts)))
        measure(sites)
    report(engine, branches, [site.found for site in sites])


def report(engine: str, branches: int, found: Sequence[Measured]) -> None:
    """Milliseconds; the goal is at most 50 at p95, and 1.3 times the smallest size."""
    large, small = found[-1], found[0]
    rows = [
        [
            view,
            str(large.queries[view]),
            f"{large.bytes[view] / 1000:.0f}",
            f"{statistics.median(large.still[view]):.1f}",
            *(f"{p95(size.still[view]):.1f}" for size in found),
            f"{p95(large.still[view]) / p95(small.still[view]):.2f}",
            f"{p95(large.moved[view]):.1f}",
            *(f"{size.cost[view]:.1f}" for size in (small, large)),
            f"{large.moved_cost[view]:.1f}",
        ]
        for view in VIEWS
    ]
    filled = ", ".join(f"{size.facts:,} in {size.filled:.0f} s" for size in found)
    print_table(
        f"Decision views, {engine}, {branches:,} branches, {large.facts:,} facts (filled {filled})",
        [
            "view",
            "queries",
            "kB",
            "p50 ms",
            *(f"p95 {size.facts:,}" for size in found),
            "ratio",
            "p95 moved",
            "cpu small",
            "cpu large",
            "cpu moved",
        ],
        rows,
    )
    print(f"headquarters' memory in MB: {large.idle:.0f} after the start, {large.memory:.0f} after all views")


async def create(base: str, name: str) -> str:
    """A database of the cluster; its address."""
    root = await asyncpg.connect(base + "postgres")
    await root.execute(f"CREATE DATABASE {name}")
    await root.close()
    return base + name


def main(argv: list[str] | None = None) -> int:
    """Print a table for each engine asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.decision_views")
    parser.add_argument("--facts", type=int, nargs="+", default=[10_000, 1_000_000, 10_000_000])
    parser.add_argument("--branches", type=int, default=1_000)
    parser.add_argument("--engine", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--keep", type=Path, help="folder of databases that stay for the next run (SQLite)")
    options = parser.parse_args(argv)
    for engine in ("sqlite", "postgres") if options.engine == "both" else (options.engine,):
        compare(engine, options.branches, options.facts, options.keep if engine == "sqlite" else None)
    return 0


if __name__ == "__main__":
    sys.exit(main())
