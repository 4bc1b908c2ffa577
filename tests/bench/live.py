"""From a commit at a branch to the changed card on an open overview at headquarters, at 100 rows a second.

Headquarters is its own process with its pages; the branch (this process) has a database, capture and the product's sender; the open
page is a stream over a socket whose card 'new customers' is read as it comes, so that its number says which commits are visible.
`python -m tests.bench.live [--seconds N] [--engine sqlite|postgres|both]`.
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
from pathlib import Path

import httpx

from branch_node.models import BRANCH_APP
from branch_node.replication.sender import Identity, Sender
from hq.people.actions import add_person
from hq.replication.models import BranchNode
from hq.settings import HqSettings
from hq.setup import APPS, prepare
from shared.database import Database, open_database
from shared.database.context import connect
from shared.database.migrate import migrate
from shared.nodes.identity import NodeKey
from shared.records import RECORDS_APP, Branch, Customer
from shared.replication import capture
from shared.web.models import WEB_APP
from shared.web.passwords import Passwords
from tests.bench.decision_views import PASSWORD, create, p95, sign_in
from tests.bench.table import print_table
from tests.support.ports import free_port
from tests.support.postgres_cluster import cluster

BRANCH_APPS = [RECORDS_APP, WEB_APP, BRANCH_APP]
ROWS_A_SECOND = 100
CARD = re.compile(r'id="figure-customers_new".*?ops-figure-value[^>]*>\s*([\d,]+)', re.S)
SETTLING_SECONDS = 30.0


async def make_hq(settings: HqSettings, key: NodeKey) -> None:
    """Headquarters with the branch enrolled and somebody who looks on."""
    await prepare(settings)
    async with open_database(settings.url_of_database, APPS):
        await BranchNode.create(branch="SH", public_key=key.public_text)
        await add_person(
            Passwords(settings), name="Chen", roles=["executive"], branches=None, username="chen", password=PASSWORD
        )  # fmt: skip


async def make_branch(url: str) -> Database:
    """The branch's database with its own row in the log."""
    await migrate(url, BRANCH_APPS)
    database = await connect(url, BRANCH_APPS)
    with database.use():
        await capture.install("SH")
        await Branch.create(branch="SH", name="Shanghai", timezone="Asia/Shanghai", currency="CNY")
    return database


class Page:
    """An open overview: when how many new customers stood on its card."""

    def __init__(self, client: httpx.Client) -> None:
        self.cookies, self.base = client.cookies, client.base_url
        self.seen: list[tuple[float, int]] = []

    async def look(self) -> None:
        """Read the stream until cancelled; each time the card comes, note its number."""
        async with (
            httpx.AsyncClient(base_url=self.base, cookies=self.cookies, timeout=None) as http,
            http.stream("GET", "/live/overview") as answer,
        ):
            data: list[str] = []
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    data.append(line[5:].lstrip())
                elif not line:
                    if found := CARD.search("\n".join(data)):
                        self.seen.append((time.perf_counter(), int(found.group(1).replace(",", ""))))
                    data.clear()

    async def until(self, count: int) -> None:
        """Until the card says so many."""
        deadline = time.perf_counter() + SETTLING_SECONDS
        while not self.seen or self.seen[-1][1] < count:
            if time.perf_counter() > deadline:
                raise RuntimeError(f"the card stays at {self.seen[-1:]} of {count}")
            await asyncio.sleep(0.05)


async def write(database: Database, seconds: float) -> list[float]:
    """New customers at an even pace, a transaction each; the moment of each commit."""
    commits: list[float] = []
    today = (
        datetime.datetime.now(datetime.UTC).astimezone(datetime.timezone(datetime.timedelta(hours=8))).date()
    )
    begun = time.perf_counter()
    with database.use():
        for number in range(int(seconds * ROWS_A_SECOND)):
            await asyncio.sleep(max(0.0, begun + number / ROWS_A_SECOND - time.perf_counter()))
            await Customer.create(branch="SH", code=f"C-{number}", name=f"Hengda {number}", currency="CNY", acquired_on=today)  # fmt: skip
            commits.append(time.perf_counter())
    return commits


def delays(commits: list[float], seen: list[tuple[float, int]]) -> list[float]:
    """Milliseconds from each commit to the first card that counts it."""
    found, at = [], 0
    for number, commit in enumerate(commits, 1):
        while seen[at][1] < number:
            at += 1
        found.append((seen[at][0] - commit) * 1000)
    return found


def wait_for_card(client: httpx.Client) -> None:
    """Until the overview has the card: the branch has arrived."""
    while CARD.search(client.get("/").text) is None:
        time.sleep(0.2)


async def watch(folder: Path, client: httpx.Client, seconds: float) -> tuple[list[float], float]:
    """Delays of every row, and the rows per second that were written."""
    database = await make_branch(f"sqlite:///{folder}/branch.db")
    sender = Sender(Identity("SH", folder), str(client.base_url), database)
    sending = asyncio.create_task(sender.run())
    await asyncio.to_thread(wait_for_card, client)
    page = Page(client)
    looking = asyncio.create_task(page.look())
    try:
        await asyncio.sleep(1)
        commits = await write(database, seconds)
        await page.until(len(commits))
        return delays(commits, page.seen), len(commits) / (commits[-1] - commits[0])
    finally:
        looking.cancel()
        sender.stop()
        await asyncio.gather(looking, sending, return_exceptions=True)
        await database.close()


def measure(folder: Path, database_url: str | None, seconds: float) -> tuple[list[float], float]:
    """One headquarters, one branch."""
    folder.mkdir()
    settings = HqSettings(data_dir=folder, database_url=database_url, port=free_port(), jobs_in_site=False)
    asyncio.run(make_hq(settings, NodeKey.load_or_create(folder / "node.key")))
    environment = {
        **os.environ,
        "TRUNKLINE_DATA_DIR": str(folder),
        "TRUNKLINE_PORT": str(settings.port),
        "TRUNKLINE_LOG_LEVEL": "warning",
        "TRUNKLINE_JOBS_IN_SITE": "false",
        **({"TRUNKLINE_DATABASE_URL": database_url} if database_url else {}),
    }
    server = subprocess.Popen([sys.executable, "-m", "hq", "web"], env=environment, stdout=subprocess.DEVNULL)
    here = f"http://127.0.0.1:{settings.port}"
    try:
        with httpx.Client(base_url=here, timeout=30.0, headers={"accept-language": "en"}) as client:
            sign_in(client)
            return asyncio.run(watch(folder, client, seconds))
    finally:
        server.terminate()
        server.wait(20)


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.live")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--engine", choices=["sqlite", "postgres", "both"], default="both")
    options = parser.parse_args(argv)
    found: dict[str, tuple[list[float], float]] = {}
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as scratch:
        if options.engine != "postgres":
            found["SQLite"] = measure(Path(scratch) / "sqlite", None, options.seconds)
        if options.engine != "sqlite":
            with cluster() as base:
                asyncio.run(create(base, "hq"))
                found["PostgreSQL"] = measure(Path(scratch) / "postgres", base + "hq", options.seconds)
    rows = [
        [engine, f"{statistics.median(times):.0f}", f"{p95(times):.0f}", f"{max(times):.0f}", f"{rate:.0f}"]
        for engine, (times, rate) in found.items()
    ]
    print_table(
        "Commit at a branch to the card of an open overview, ms; aims p50 60, p95 250 at 100 rows/s",
        ["headquarters on", "p50", "p95", "longest", "rows/s written"],
        rows,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
