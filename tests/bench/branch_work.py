"""The everyday work of a branch under load, beside what other systems reach: requests per second, p50 and p95.

`python -m tests.bench.branch_work [--customers N] [--engine sqlite|postgres] [--seconds S] [--only WORD]`. 100,000 customers
and 300,000 orders of three lines; the JSON API with a token per person, with rights, change capture and audit on; the
customer's whole page as a signed-in browser gets it. One web process on SQLite, two on PostgreSQL, which is asked through
its socket; jobs off, headquarters away. The load generator runs on the same machine.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import asyncpg
import httpx

from branch_node.home import at_home
from branch_node.settings import BranchSettings
from branch_node.setup import APPS, make_tables
from branch_node.staff.actions import write_first
from shared.database import fetch_all, fetch_value, open_database
from shared.permissions import Person
from shared.records import Employee
from shared.web.accounts import create_account
from shared.web.me.actions import make_token
from shared.web.models import Account
from shared.web.passwords import Passwords
from tests.bench.branch_fill import fill
from tests.bench.branch_load import Client, Load, run
from tests.bench.branch_pages import memory_of, processor_ms, signed_in
from tests.bench.table import print_table
from tests.support.ports import free_port
from tests.support.postgres_cluster import own_cluster

CODE, PASSWORD = "SH", "bench-password-1"
MANAGER, FINANCE, SELLER = "manager", "finance", "seller"
PEOPLE = ((MANAGER, "M1", "branch_manager"), (FINANCE, "F1", "finance"), (SELLER, "E0001", "salesperson"))
CLIENTS = (1, 16)
GOAL_PAGE_P95_MS, GOAL_MEGABYTES = 30, 120

# Requests per second of 16 clients, and ms at one, of systems measured on a like machine with 10,000 customers; then the aim.
PEERS: Mapping[str, tuple[str, str, int]] = {
    "list 50 customers": ("38/s, 55 ms", "5.2/s, 352 ms", 300),
    "search by fragment": ("51/s, 36 ms", "4.2/s, 432 ms", 100),
    "open an order": ("38/s, 49 ms", "35/s, 86 ms", 570),
    "create a customer": ("24/s, 71 ms", "39/s, 83 ms", 390),
    "order of 3 lines, approved": ("2.5/s, 922 ms", "11.5/s, 154 ms", 75),
    "receipt, allocated": ("0.5/s, 928 ms", "40/s, 85 ms", 200),
    "month's sales": ("7.2/s, 263 ms", "20/s, 132 ms", 150),
    "ageing": ("3.1/s, 618 ms", "1.7/s, 1253 ms", 150),
}


@dataclass
class Site:
    """A running branch: its ports, process ids, headers per person, and ids to ask for."""

    ports: Sequence[int]
    pids: Sequence[int]
    tokens: Mapping[str, str]
    cookie: str
    customers: Sequence[str]
    orders: Sequence[str]
    debtors: Sequence[str]
    made: int = field(default=0)

    def head(self, who: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}"}


def operations(site: Site, today: str) -> dict[str, Callable[[Client, int], Awaitable[object]]]:
    """What is measured, by name."""
    manager, seller, finance = site.head(MANAGER), site.head(SELLER), site.head(FINANCE)
    month = today[:8] + "01"
    mark = token_hex(3)

    async def new_customer(client: Client, number: int) -> None:
        body = {"name": f"New {mark} {number}", "phone": f"+86139{int(mark, 16) % 1000:03d}{number:05d}"}
        await client.ask("POST", "/api/v1/customers", seller, body, 201)

    async def order(client: Client, number: int) -> None:
        lines = [{"text": f"Goods {place}", "list_price": "1200.00", "quantity": "2"} for place in range(3)]
        body = {"customer_id": site.debtors[number % len(site.debtors)], "happened_on": today, "lines": lines}
        made = json.loads(await client.ask("POST", "/api/v1/orders", seller, body, 201))
        await client.ask("POST", f"/api/v1/orders/{made['id']}/submit", seller, {})
        await client.ask("POST", f"/api/v1/orders/{made['id']}/approve", manager, {"verdict": "approve"})

    async def receipt(client: Client, number: int) -> None:
        body = {
            "customer_id": site.debtors[number % len(site.debtors)],
            "amount": "1.00",
            "happened_on": today,
        }
        await client.ask("POST", "/api/v1/receipts", finance, body, 201)

    def get(path: str, headers: Mapping[str, str] = manager) -> Callable[[Client, int], Awaitable[object]]:
        def ask(client: Client, number: int) -> Awaitable[object]:
            place = number * 37
            url = path.format(
                customer=site.customers[place % len(site.customers)], order=site.orders[place % len(site.orders)],
                n=f"{place % 1000:03d}",
            )  # fmt: skip
            return client.ask("GET", url, headers)

        return ask

    return {
        "list 50 customers": get("/api/v1/customers?sort=name"),
        "search by fragment": get("/api/v1/customers?q={n}7"),
        "open an order": get("/api/v1/orders/{order}"),
        "customer's whole page": get("/customers/{customer}", {"Cookie": site.cookie}),
        "create a customer": new_customer,
        "order of 3 lines, approved": order,
        "receipt, allocated": receipt,
        "month's sales": get(f"/api/v1/figures/sales?from={month}&to={today}"),
        "ageing": get("/api/v1/figures/ageing?rows=50"),
    }


async def staffed(settings: BranchSettings) -> dict[str, Any]:
    """Accounts and tokens of three people, and ids of rows spread over the branch."""
    tokens = {}
    async with open_database(settings.url_of_database, APPS):
        with at_home(settings.home):
            people = {
                username: await Employee.get_or_none(number=number)
                or await write_first(number, username.title(), role, "")
                for username, number, role in PEOPLE
            }
            for username, employee in people.items():
                await Account.filter(username=username).delete()
                await create_account(
                    Passwords(settings), username=username, display_name=username, password=PASSWORD,
                    person_id=employee.id,
                )  # fmt: skip
                account = await Account.get(username=username)
                maker = Person(id=employee.id, name=username, branch=CODE, grants={})
                tokens[username] = await make_token(account, maker, name="bench", scopes=[], days=30)
        customers = await fetch_all("SELECT id FROM customer ORDER BY id LIMIT 2000")
        orders = await fetch_all("SELECT id FROM sales_order ORDER BY id LIMIT 2000")
        debtors = await fetch_all(
            "SELECT DISTINCT c.id FROM customer c JOIN receivable r ON r.customer_id = c.id WHERE r.amount_minor > r.received_minor "
            "AND c.owner_id = :seller ORDER BY c.id LIMIT 4000",
            seller=people[SELLER].id,
        )
    ids = {"customers": customers, "orders": orders, "debtors": debtors}
    return {"tokens": tokens, **{name: [str(row["id"]) for row in rows] for name, rows in ids.items()}}


@contextmanager
def running(settings: BranchSettings, processes: int) -> Iterator[Site]:
    """The web processes of this branch with people who may sign in."""
    facts = asyncio.run(staffed(settings))
    ports = [free_port() for _ in range(processes)]
    servers = [serve(settings, port) for port in ports]
    try:
        for port in ports:
            wait_for(port)
        browser = signed_in(f"http://127.0.0.1:{ports[0]}", MANAGER)
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        yield Site(ports, [server.pid for server in servers], cookie=cookie, **facts)
    finally:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait(15)


def serve(settings: BranchSettings, port: int) -> subprocess.Popen[bytes]:
    environment = {
        "TRUNKLINE_DATA_DIR": str(settings.data_dir), "TRUNKLINE_BRANCH_CODE": CODE, "TRUNKLINE_PORT": str(port),
        "TRUNKLINE_PUBLIC_URL": f"http://127.0.0.1:{port}", "TRUNKLINE_LOG_LEVEL": "warning",
        "TRUNKLINE_DATABASE_URL": settings.url_of_database, "TRUNKLINE_JOBS_IN_SITE": "false",
    }  # fmt: skip
    command = [sys.executable, "-m", "branch_node", "web"]
    return subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)


def wait_for(port: int) -> None:
    for _ in range(300):
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the branch does not answer")


async def measured(site: Site, seconds: float, only: str) -> dict[str, list[tuple[Load, float]]]:
    """Each operation with each number of clients, after a little warming of every process."""
    settings_today = (await asyncio.to_thread(today_of, site)).isoformat()
    found: dict[str, list[tuple[Load, float]]] = {}
    for name, operation in operations(site, settings_today).items():
        if only and only not in name:
            continue
        found[name] = []
        for count in CLIENTS:
            clients = [Client(site.ports[place % len(site.ports)]) for place in range(count)]
            await run(operation, [Client(port) for port in site.ports], 0.3, site.made)
            site.made += 1_000
            before = sum(map(processor_ms, site.pids))
            load = await run(operation, clients, seconds, site.made)
            spent = (sum(map(processor_ms, site.pids)) - before) / load.count
            found[name].append((load, spent))
            site.made += 10_000
            for client in clients:
                await client.close()
    return found


def today_of(_site: Site) -> Any:
    return BranchSettings(branch_code=CODE).home.today


def report(
    engine: str, processes: int, loads: Mapping[str, Sequence[tuple[Load, float]]], megabytes: Sequence[float]
) -> None:
    """One row per operation, and the memory of the processes."""
    rows = []
    for name, ((one, _), (many, spent)) in loads.items():
        tryton, bottle, aim = PEERS.get(name, ("", "", 0))
        rows.append([
            name, f"{one.rate:.0f}", f"{one.p50:.1f}", f"{one.p95:.1f}", f"{many.rate:.0f}", f"{many.p50:.0f}",
            f"{many.p95:.0f}", f"{spent:.1f}", str(one.errors + many.errors), str(aim or ""), tryton, bottle,
        ])  # fmt: skip
    heads = (
        "operation", "1 client /s", "p50 ms", "p95 ms", "16 clients /s", "p50 ms", "p95 ms", "processor", "errors", "aim /s",
        "Tryton 8.2", "BottleCRM 1.35",
    )  # fmt: skip
    word = "process" if processes == 1 else "processes"
    print_table(f"Work of a branch, {engine}, {processes} web {word}", heads, rows)
    print(
        f"memory in MB: {', '.join(f'{each:.0f}' for each in megabytes)}; goal: at most {GOAL_MEGABYTES} each"
    )
    for loads_of_one in loads.values():
        for load, _spent in loads_of_one:
            if load.errors:
                print(f"  {load.errors} errors, the last: {load.last_error[:300]}")


def measure(settings: BranchSettings, engine: str, processes: int, options: argparse.Namespace) -> None:
    begun = time.perf_counter()
    if asyncio.run(is_empty(settings)):
        asyncio.run(fill(settings, options.customers))
    print(f"{options.customers:,} customers written in {time.perf_counter() - begun:.0f} s", flush=True)
    with running(settings, processes) as site:
        loads = asyncio.run(measured(site, options.seconds, options.only))
        report(engine, processes, loads, [memory_of(pid)[0] for pid in site.pids])


async def is_empty(settings: BranchSettings) -> bool:
    """Make the tables; whether nobody is in them."""
    await make_tables(settings)
    async with open_database(settings.url_of_database, APPS):
        return not await fetch_value("SELECT count(*) AS n FROM employee")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.branch_work", description=__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--engine", choices=("sqlite", "postgres"))
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--only", default="", help="a word in the name of the operations to measure")
    parser.add_argument("--folder", type=Path, help="keep the branch's files here and use them again")
    parser.add_argument(
        "--postgres", default="", help="URL of a database to use and keep instead of an own cluster"
    )
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as scratch:
        folder = options.folder or Path(scratch)
        folder.mkdir(exist_ok=True)
        if options.engine != "postgres":
            measure(BranchSettings(data_dir=folder, branch_code=CODE), "SQLite", 1, options)
        if options.engine != "sqlite":
            with database(options.postgres) as url:
                settings = BranchSettings(data_dir=folder, branch_code=CODE, database_url=url)
                measure(settings, "PostgreSQL", 2, options)
    return 0


@contextmanager
def database(given: str) -> Iterator[str]:
    """The given database, or one in a cluster of its own."""
    if given:
        yield given
        return
    with own_cluster() as made:
        asyncio.run(make_database(made.url))
        yield made.through_socket("branch")


async def make_database(url: str) -> None:
    base = await asyncpg.connect(f"{url}postgres")
    await base.execute("CREATE DATABASE branch")
    await base.close()


if __name__ == "__main__":
    sys.exit(main())
