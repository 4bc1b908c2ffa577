"""Every decision view at 1,000 branches and 10 million facts, beside the same view at 10,000 facts.

`python -m tests.bench.decision_views [--facts N] [--branches N] [--engine sqlite|postgres]`. Headquarters runs as its own process;
the time is that of the whole request over loopback, one client, after two requests that warm nothing but the process.
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
from pathlib import Path

import asyncpg
import httpx

from hq.people.actions import add_person
from hq.settings import HqSettings
from hq.setup import APPS, prepare
from shared.database import open_database
from shared.web.passwords import Passwords
from tests.bench.company_facts import fill_company
from tests.bench.postgres_cluster import cluster, free_port
from tests.bench.table import print_table

PASSWORD = "bench-password-1"
VIEWS = (
    "/", "/compare", "/sales", "/targets", "/receivables", "/profit", "/staff", "/customers", "/news", "/branches",
)  # fmt: skip
REQUESTS = 40


async def make(settings: HqSettings, branches: int, facts: int) -> float:
    """Fill an empty database; seconds it took."""
    begun = time.perf_counter()
    await prepare(settings)
    async with open_database(settings.url_of_database, APPS):
        await fill_company(branches, facts)
        await add_person(
            Passwords(settings),
            name="Chen",
            roles=["executive"],
            branches=None,
            username="chen",
            password=PASSWORD,
        )
    return time.perf_counter() - begun


def measure(environment: dict[str, str], port: int) -> tuple[dict[str, list[float]], float]:
    """Milliseconds per view, and the server's memory in MB at the end."""
    server = subprocess.Popen(
        [sys.executable, "-m", "hq", "web"], env={**os.environ, **environment}, stdout=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60.0) as client:
            sign_in(client)
            found = {view: [timed(client, view) for _ in range(REQUESTS + 2)][2:] for view in VIEWS}
        status = Path(f"/proc/{server.pid}/status").read_text()
        memory = int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1000  # type: ignore[union-attr]
        return found, memory
    finally:
        server.terminate()
        server.wait(15)


def sign_in(client: httpx.Client, username: str = "chen") -> None:
    """Sign in as soon as headquarters answers."""
    for _ in range(300):
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


def timed(client: httpx.Client, view: str) -> float:
    begun = time.perf_counter()
    answer = client.get(view)
    if answer.status_code not in (200, 404):
        raise RuntimeError(f"{view}: {answer.status_code}")
    return (time.perf_counter() - begun) * 1000 if answer.status_code == 200 else float("nan")


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def run(
    engine_url: str, scratch: str, name: str, branches: int, facts: int
) -> tuple[dict[str, list[float]], float, float]:
    port = free_port()
    folder = Path(scratch) / name
    folder.mkdir()
    environment = {
        "TRUNKLINE_DATA_DIR": str(folder),
        "TRUNKLINE_PORT": str(port),
        "TRUNKLINE_LOG_LEVEL": "warning",
        "TRUNKLINE_LOGIN_LIMIT": "1000",
    }
    if engine_url:
        environment["TRUNKLINE_DATABASE_URL"] = engine_url
    settings = HqSettings(data_dir=folder, database_url=engine_url or None, port=port)
    seconds = asyncio.run(make(settings, branches, facts))
    times, memory = measure(environment, port)
    return times, memory, seconds


def compare(engine: str, branches: int, facts: int) -> None:
    """One table: p50 and p95 at the large and the small size."""
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as scratch:
        if engine == "postgres":
            with cluster() as base:
                for name in ("small", "large"):
                    asyncio.run(create(base, name))
                small = run(base + "small", scratch, "small", branches, 10_000)
                large = run(base + "large", scratch, "large", branches, facts)
        else:
            small = run("", scratch, "small", branches, 10_000)
            large = run("", scratch, "large", branches, facts)
    rows = [
        [view, f"{statistics.median(large[0][view]):.1f}", f"{p95(large[0][view]):.1f}", f"{p95(small[0][view]):.1f}",
         f"{p95(large[0][view]) / p95(small[0][view]):.2f}"]
        for view in VIEWS
    ]  # fmt: skip
    print_table(
        f"Decision views, {engine}, {branches:,} branches: {facts:,} facts beside 10,000 (filled in {large[2]:.0f} s; {large[1]:.0f} MB)",
        ["view", "p50 ms", "p95 ms", "p95 ms at 10,000", "ratio"],
        rows,
    )


async def create(base: str, name: str) -> None:
    root = await asyncpg.connect(base + "postgres")
    await root.execute(f"CREATE DATABASE {name}")
    await root.close()


def main(argv: list[str] | None = None) -> int:
    """Print a table for each engine asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.decision_views")
    parser.add_argument("--facts", type=int, default=10_000_000)
    parser.add_argument("--branches", type=int, default=1_000)
    parser.add_argument("--engine", choices=["sqlite", "postgres", "both"], default="both")
    options = parser.parse_args(argv)
    for engine in ("sqlite", "postgres") if options.engine == "both" else (options.engine,):
        compare(engine, options.branches, options.facts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
