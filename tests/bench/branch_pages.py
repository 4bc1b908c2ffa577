"""The pages of a branch's everyday at 100,000 customers with three orders each, beside the same pages at 1,000, on both engines.

`python -m tests.bench.branch_pages [--customers N] [--engine sqlite|postgres]`. The branch runs as its own process without headquarters; the time is that of
the whole request over loopback, one client, after the jobs of the start and a few requests that warm up the process. Who asks is the branch's
manager, who sees every customer; 'one of 20 sellers' sees a twentieth of them.
"""

import argparse
import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx

from branch_node.home import at_home
from branch_node.settings import BranchSettings
from branch_node.setup import APPS
from branch_node.staff.actions import write_first
from shared.database import fetch_all, open_database
from shared.web.accounts import create_account
from shared.web.csrf import FIELD, HEADER
from shared.web.passwords import Passwords
from tests.bench.branch_fill import fill
from tests.bench.table import print_table
from tests.support.ports import free_port
from tests.support.postgres_cluster import cluster

CODE, PASSWORD = "SH", "bench-password-1"
MANAGER, SELLER = "manager", "seller"
REQUESTS, WARMING = 60, 4
GOAL_P95_MS, GOAL_MEGABYTES = 25, 120


@dataclass(frozen=True)
class Visit:
    """One page: who opens it, and how. `open` gets the number of the request and some customers' ids."""

    name: str
    open: Callable[[httpx.Client, int, list[str]], httpx.Response]
    who: str = MANAGER


def get(url: str) -> Callable[[httpx.Client, int, list[str]], httpx.Response]:
    """Open a page; `{id}` is a customer, `{n}` the number of the request in five digits."""
    return lambda client, n, ids: client.get(url.format(id=ids[n % len(ids)], n=f"{n * 37 % 1000:03d}"))


def create(client: httpx.Client, n: int, _ids: list[str]) -> httpx.Response:
    """Enter a customer whose name nobody has."""
    name = f"{os.urandom(6).hex()} {n}"
    fields = {"name": name, "payment_terms_days": "30"}
    answer = client.post("/customers", data=fields)
    if answer.status_code != 303:
        raise RuntimeError(f"customer not created: {answer.status_code}")
    return answer


VISITS = (
    Visit("list of customers", get("/customers")),
    Visit("list, one of 20 sellers", get("/customers"), SELLER),
    Visit("list by fragment, few hits", get("/customers?q={n}7")),
    Visit("list by fragment, no hit", get("/customers?q=nobody{n}")),
    Visit("typeahead", get("/customers/pick?q={n}7")),
    Visit("card", get("/customers/{id}")),
    Visit("form", get("/customers/{id}/edit")),
    Visit("my day", get("/")),
    Visit("my day, one of 20 sellers", get("/"), SELLER),
    Visit("create customer", create),
    Visit("order form", get("/orders/new?customer={id}")),
    Visit("list of orders", get("/orders")),
    Visit("list of receivables", get("/receivables")),
)


async def make(settings: BranchSettings, customers: int) -> list[str]:
    """Fill an empty branch and give two people accounts; ids of customers spread over the branch."""
    await fill(settings, customers)
    return await staffed(settings)


async def staffed(settings: BranchSettings) -> list[str]:
    """Accounts of a manager and of a seller, and ids of customers spread over the branch."""
    async with open_database(settings.url_of_database, APPS):
        with at_home(settings.home):
            chief = await write_first("M1", "Manager", "branch_manager", "")
            seller = await write_first("E0001", "Seller 1", "salesperson", "")
            for username, employee in ((MANAGER, chief), (SELLER, seller)):
                await create_account(
                    Passwords(settings),
                    username=username,
                    display_name=username,
                    password=PASSWORD,
                    person_id=employee.id,
                )
        rows = await fetch_all("SELECT id FROM customer ORDER BY name LIMIT 1000")
    return [str(row["id"]) for row in rows[:: max(1, len(rows) // 60)]]


@dataclass(frozen=True)
class Times:
    """Of one page: milliseconds per request as the client sees them, and of the server's processor on average."""

    each: list[float]
    processor: float


def measure(settings: BranchSettings, ids: list[str]) -> tuple[dict[str, Times], float, float]:
    """Times per page; resident memory of the process in MB at the end, and the private part of it."""
    port = free_port()
    environment = {
        "TRUNKLINE_DATA_DIR": str(settings.data_dir),
        "TRUNKLINE_DATABASE_URL": settings.url_of_database,
        "TRUNKLINE_BRANCH_CODE": CODE,
        "TRUNKLINE_PORT": str(port),
        "TRUNKLINE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "TRUNKLINE_LOG_LEVEL": "warning",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "branch_node", "web"],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
    )
    try:
        clients = {who: signed_in(f"http://127.0.0.1:{port}", who) for who in (MANAGER, SELLER)}
        until_idle(server.pid)
        found = {visit.name: times_of(visit, clients[visit.who], ids, server.pid) for visit in VISITS}
        return found, *memory_of(server.pid)
    finally:
        server.terminate()
        server.wait(15)


def memory_of(pid: int) -> tuple[float, float]:
    """MB resident, and MB of them that are the process's own (without libraries and mapped files)."""
    text = Path(f"/proc/{pid}/status").read_text()
    own, whole = (re.search(rf"{name}:\s+(\d+)", text) for name in ("RssAnon", "VmRSS"))
    assert own and whole
    return int(whole.group(1)) / 1000, int(own.group(1)) / 1000


def signed_in(url: str, username: str) -> httpx.Client:
    """A client with a session, waiting until the site answers."""
    client = httpx.Client(base_url=url, timeout=60.0, headers={"Origin": url})
    for _ in range(300):
        try:
            client.get("/sign-in")
            break
        except httpx.TransportError:
            time.sleep(0.1)
    token = token_in(client.get("/sign-in"))
    fields = {"username": username, "password": PASSWORD, FIELD: token}
    answer = client.post("/sign-in", data=fields)
    if answer.status_code != 303:
        raise RuntimeError(f"cannot sign in: {answer.status_code}")
    client.headers[HEADER] = token_in(client.get("/customers/new"))
    return client


def token_in(page: httpx.Response) -> str:
    """The token of the page's forms."""
    found = re.search(rf'name="{FIELD}" value="([^"]+)"', page.text)
    if found is None:
        raise RuntimeError(f"{page.url}: {page.status_code} without a form token")
    return found.group(1)


def processor_ms(pid: int) -> float:
    """Processor time of the process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def until_idle(pid: int) -> None:
    """Wait until a process that has just started is done with the jobs of its start (statistics, what was missed meanwhile):
    less than a fiftieth of a core over two seconds, a minute at most."""
    deadline, used = time.monotonic() + 60, processor_ms(pid)
    while time.monotonic() < deadline:
        time.sleep(2)
        before, used = used, processor_ms(pid)
        if used - before < 2_000 / 50:
            return


def times_of(visit: Visit, client: httpx.Client, ids: list[str], pid: int) -> Times:
    """The requests after the warming ones."""
    times: list[float] = []
    before = 0.0
    for number in range(REQUESTS + WARMING):
        if number == WARMING:
            before = processor_ms(pid)
        begun = time.perf_counter()
        answer = visit.open(client, number, ids)
        times.append((time.perf_counter() - begun) * 1000)
        if answer.status_code not in (200, 303):
            raise RuntimeError(f"{visit.name}: {answer.status_code}")
    return Times(times[WARMING:], (processor_ms(pid) - before) / REQUESTS)


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def branch_of(scratch: Path, customers: int, server: str) -> tuple[dict[str, Times], float, float]:
    """Make a branch of this size, at a PostgreSQL `server` or in a file, and measure it."""
    folder = scratch / f"{customers}{'-postgres' if server else ''}"
    folder.mkdir()
    url = asyncio.run(make_database(server, f"branch{customers}")) if server else ""
    settings = BranchSettings(data_dir=folder, branch_code=CODE, database_url=url)
    return measure(settings, asyncio.run(make(settings, customers)))


async def make_database(server: str, name: str) -> str:
    link = await asyncpg.connect(f"{server}postgres")
    await link.execute(f"CREATE DATABASE {name}")
    await link.close()
    return f"{server}{name}"


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.branch_pages", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--engine", choices=("sqlite", "postgres"))
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as scratch:
        if options.engine != "postgres":
            compare(Path(scratch), options.customers, "SQLite", "")
        if options.engine != "sqlite":
            with cluster() as server:
                compare(Path(scratch), options.customers, "PostgreSQL", server)
    return 0


def compare(scratch: Path, customers: int, engine: str, server: str) -> None:
    """Measure a small and a large branch and print both."""
    few, few_memory, few_own = branch_of(scratch, 1_000, server)
    many, memory, own = branch_of(scratch, customers, server)
    report(engine, customers, few, many)
    print(
        f"memory of the branch process: {few_memory:.0f} MB at 1,000 customers ({few_own:.0f} its own), ",
        end="",
    )
    print(f"{memory:.0f} MB at {customers:,} ({own:.0f} its own); goal: at most {GOAL_MEGABYTES}", flush=True)


def report(engine: str, customers: int, few: dict[str, Times], many: dict[str, Times]) -> None:
    """One row per page."""
    rows = []
    for name, large in many.items():
        small = few[name]
        medians = statistics.median(small.each), statistics.median(large.each)
        figures = medians[0], p95(small.each), small.processor, medians[1], p95(large.each), large.processor
        rows.append([name, *(f"{figure:.1f}" for figure in figures), f"{medians[1] / medians[0]:.2f}"])
    heads = (
        "page",
        "p50 at 1,000",
        "p95",
        "processor",
        f"p50 at {customers:,}",
        "p95",
        "processor",
        "p50 ratio",
    )
    print_table(f"Pages of a branch in ms, one client, {engine}; goal p95 <= {GOAL_P95_MS}", heads, rows)


if __name__ == "__main__":
    sys.exit(main())
