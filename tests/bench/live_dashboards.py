"""A hundred open overviews while 1,000 rows a second arrive: what headquarters' process costs and how soon a page is told.

`python -m tests.bench.live_dashboards [--pages N] [--rows N] [--branches N] [--seconds N] [--engine sqlite|postgres|both] [--view URL]`.
`--view` opens another live page instead: /staff, /sync, /sync/A000, /branches/A000; of those only cost, messages and bytes are told.
Headquarters is its own process; four nodes send signed batches over HTTP, five a second each; the pages are sessions of two people,
one reading Chinese and one English, four streams each. A page is told of a batch when its message carries the branch's row
as complete to a moment after the batch was sent; the time counts from the sending, so that applying it is in it.
"""

import argparse
import asyncio
import datetime
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from hq.people.actions import add_person
from hq.replication.models import BranchNode
from hq.settings import HqSettings
from hq.setup import APPS, prepare
from shared import clock, ids
from shared.database import open_database
from shared.nodes.identity import BootSource, NodeKey, RequestSigner
from shared.records import Branch, Order, Receipt, Record
from shared.replication.messages import BATCH_PATH
from shared.web.passwords import Passwords
from tests.bench.company_facts import fill_company
from tests.bench.decision_views import PASSWORD, create, sign_in
from tests.bench.table import print_table
from tests.support import wire
from tests.support.ports import free_port
from tests.support.postgres_cluster import cluster

NODES = ("A000", "A001", "A002", "A003")
BATCHES_A_SECOND = 5
STREAMS_A_SESSION = 4
OVERVIEW = "/overview"
WARM_SECONDS = 4.0
READERS = (("chen", "zh_CN"), ("dora", "en"))
ROW = re.compile(rb'id="branches-branch-(A\d+)".*?datetime="([^"]+)"', re.DOTALL)


@dataclass
class Seen:
    """What one page was told: when, and up to which moment each branch was complete then."""

    told: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: {code: [] for code in NODES})
    messages: int = 0
    bytes: int = 0

    def take(self, message: bytes, at: float) -> None:
        self.messages += 1
        self.bytes += len(message)
        for code, moment in ROW.findall(message):
            complete_to = datetime.datetime.fromisoformat(moment.decode()).timestamp()
            self.told[code.decode()].append((complete_to, at))

    def delay(self, code: str, sent_at: float) -> float | None:
        """Seconds from the sending of a batch until the page was told of it; None when it never was."""
        rows = self.told[code]
        place = bisect_left(rows, (sent_at, 0.0))
        return rows[place][1] - sent_at if place < len(rows) else None


class Node:
    """A branch's node: sends new orders and receipts in signed batches."""

    def __init__(self, code: str, folder: Path) -> None:
        self.code, self.log = code, wire.Branch(code)
        self.key = NodeKey.load_or_create(folder / f"{code}.key")
        self.signer = RequestSigner(self.key, code, BootSource(folder / f"{code}.boot").next_boot())
        self.people = [ids.new_id() for _ in range(10)]
        self.sent: list[float] = []

    async def send(self, client: httpx.AsyncClient, rows: Sequence[Record]) -> None:
        self.log.write(*rows)
        body = self.log.batch()
        self.sent.append(time.time())
        answer = await client.post(
            BATCH_PATH, content=body, headers=self.signer.headers("POST", BATCH_PATH, body)
        )
        answer.raise_for_status()

    async def run(self, client: httpx.AsyncClient, rows: int, until: float) -> None:
        """`rows` in each batch, at the pace of the clock; behind it, without a pause."""
        at = time.time()
        while at < until:
            await asyncio.sleep(max(at - time.time(), 0))
            await self.send(client, [self.row(number) for number in range(rows)])
            at += 1 / BATCHES_A_SECOND

    def row(self, number: int) -> Record:
        """An approved order or a receipt of today."""
        today = clock.now().date()
        amount, common = 100 + number, {
            "branch": self.code, "number": ids.new_id().hex, "customer_id": ids.new_id(), "happened_on": today,
            "owner_id": self.people[number % 10], "currency": "CNY",
        }  # fmt: skip
        if number % 2:
            return Receipt(**common, amount_minor=amount, base_minor=amount)
        return Order(
            **common, approved_on=today, status="approved", base_currency="CNY", total_minor=amount, base_minor=amount
        )  # fmt: skip


async def watch(port: int, cookie: str, view: str, seen: Seen) -> None:
    """One open page, read until it is cancelled."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    try:
        writer.write(
            f"GET /live{view} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(head.decode())
        while True:
            seen.take(await reader.readuntil(b"\r\n\r\n"), time.time())
    finally:
        writer.close()


def cookies(port: int, sessions: int) -> list[str]:
    """The cookies of signed-in sessions, the two readers in turn."""
    found = []
    for number in range(sessions):
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60.0) as client:
            sign_in(client, READERS[number % len(READERS)][0])
            found.append("; ".join(f"{name}={value}" for name, value in client.cookies.items()))
    return found


def processor_seconds(pid: int) -> float:
    """What a process has used of the processor, its own time and the kernel's for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Load:
    """What was asked for, and what came of it."""

    pages: int
    rows: int
    branches: int
    seconds: float
    view: str = OVERVIEW
    share: float = 0.0
    seen: Sequence[Seen] = ()
    nodes: Sequence[Node] = ()
    window: tuple[float, float] = (0.0, 0.0)

    def delays(self) -> list[float]:
        """Milliseconds of every batch of the window on every page."""
        first, last = self.window
        return [
            1000 * delay
            for node in self.nodes
            for sent_at in node.sent
            if first <= sent_at <= last
            for page in self.seen
            if (delay := page.delay(node.code, sent_at)) is not None
        ]


async def fill(settings: HqSettings, nodes: Sequence[Node], branches: int) -> None:
    """Headquarters with a company of this size, the sending nodes and the readers."""
    await prepare(settings)
    async with open_database(settings.url_of_database, APPS):
        await fill_company(branches, branches * 100)
        for node in nodes:
            await BranchNode.create(branch=node.code, name=node.code, public_key=node.key.public_text)
        for name, locale in READERS:
            await add_person(
                Passwords(settings), name=name, roles=["executive", "hq_admin"], branches=None, username=name,
                password=PASSWORD, locale=locale,
            )  # fmt: skip


async def run(port: int, pid: int, load: Load) -> None:
    """Open the pages, let the nodes send, measure after a while."""
    sessions = cookies(port, -(-load.pages // STREAMS_A_SESSION))
    load.seen = [Seen() for _ in range(load.pages)]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60.0) as client:
        for node in load.nodes:
            branch = Branch(
                id=ids.new_id(), branch=node.code, name=node.code, timezone="Asia/Shanghai", currency="CNY"
            )
            await node.send(client, [branch])
        pages = [
            asyncio.create_task(watch(port, sessions[number // STREAMS_A_SESSION], load.view, seen))
            for number, seen in enumerate(load.seen)
        ]
        await asyncio.sleep(1)
        rows = load.rows // len(load.nodes) // BATCHES_A_SECOND
        until = time.time() + WARM_SECONDS + load.seconds + 2
        sending = [asyncio.create_task(node.run(client, rows, until)) for node in load.nodes]
        await asyncio.sleep(WARM_SECONDS)
        begun, used = time.time(), processor_seconds(pid)
        await asyncio.sleep(load.seconds)
        load.window = (begun, time.time())
        load.share = (processor_seconds(pid) - used) / (load.window[1] - begun)
        await asyncio.gather(*sending)
        for page in pages:
            page.cancel()
        ended = await asyncio.gather(*pages, return_exceptions=True)
        broken = [error for error in ended if not isinstance(error, asyncio.CancelledError)]
        if broken:
            raise RuntimeError(f"{len(broken)} pages ended by themselves: {broken[0]!r}")


def measure(engine_url: str, folder: Path, load: Load) -> None:
    """One engine: fill, start headquarters, run."""
    folder.mkdir()
    port = free_port()
    settings = HqSettings(data_dir=folder, database_url=engine_url or None, port=port)
    load.nodes = [Node(code, folder) for code in NODES]
    asyncio.run(fill(settings, load.nodes, load.branches))
    environment = {
        "TRUNKLINE_DATA_DIR": str(folder),
        "TRUNKLINE_PORT": str(port),
        "TRUNKLINE_LOG_LEVEL": "warning",
        "TRUNKLINE_LOGIN_LIMIT": "1000",
        **({"TRUNKLINE_DATABASE_URL": engine_url} if engine_url else {}),
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "hq", "web"], env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    try:
        asyncio.run(run(port, server.pid, load))
    finally:
        server.terminate()
        server.wait(15)


def report(engine: str, load: Load) -> None:
    """One table."""
    delays = load.delays()
    first, last = load.window
    batches = sum(first <= sent_at <= last for node in load.nodes for sent_at in node.sent)
    seconds = last - first
    rate = batches * (load.rows // len(load.nodes) // BATCHES_A_SECOND) / seconds
    messages = sum(seen.messages for seen in load.seen)
    size = sum(seen.bytes for seen in load.seen) / max(messages, 1)
    missed = batches * load.pages - len(delays)
    told = [
        ["batch sent to page told, p50", f"{statistics.median(delays):.0f} ms", ""],
        ["batch sent to page told, p95", f"{statistics.quantiles(delays, n=20)[-1]:.0f} ms", "at most 500 ms"],
        ["batches that a page never told", f"{missed:,} of {batches * load.pages:,}", "0"],
    ] if load.view == OVERVIEW else []  # fmt: skip
    rows = [
        ["headquarters' process, of one core", f"{load.share:.0%}", "at most 60 %"],
        *told,
        ["rows that arrived a second", f"{rate:,.0f}", f"{load.rows:,}"],
        ["messages a page a second", f"{messages / load.pages / (seconds + WARM_SECONDS + 2):.1f}", ""],
        ["bytes of a message", f"{size:,.0f}", ""],
    ]
    title = f"{load.pages} live {load.view}, {engine}, {load.branches:,} branches, {load.rows:,} rows a second for {seconds:.0f} s"
    print_table(title, ["what", "measured", "goal"], rows)


def main(argv: list[str] | None = None) -> int:
    """Print a table for each engine asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.live_dashboards")
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--rows", type=int, default=1_000)
    parser.add_argument("--branches", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--engine", choices=["sqlite", "postgres", "both"], default="both")
    parser.add_argument("--view", default=OVERVIEW)
    options = parser.parse_args(argv)
    for engine in ("sqlite", "postgres") if options.engine == "both" else (options.engine,):
        load = Load(options.pages, options.rows, options.branches, options.seconds, options.view)
        with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as scratch:
            if engine == "postgres":
                with cluster() as base:
                    measure(asyncio.run(create(base, "live")), Path(scratch) / "hq", load)
            else:
                measure("", Path(scratch) / "hq", load)
        report(engine, load)
    return 0


if __name__ == "__main__":
    sys.exit(main())
