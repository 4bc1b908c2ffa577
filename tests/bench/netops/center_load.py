"""The center under a thousand nodes: what a report costs, how long it takes, the fleet page, the storage of a sample, and the
promises under trouble at their full size."""

from __future__ import annotations

import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path

import asyncpg
import httpx
import psutil

from netops.agent.collect import Collector
from netops.agent.http_out import HttpOut
from netops.center.telemetry.codec import Table, pack
from netops.center.telemetry.rollup import ROLLUP_STEPS, rolled_up
from shared import clock
from shared.canonical import to_micros
from shared.nodes.identity import NodeKey, RequestSigner, verify_request
from shared.nodes.report import (
    REPORT_PATH,
    Report,
    SampleBatch,
    SampleRow,
    ServiceState,
    StateReport,
    decode_report,
    encode_body,
)
from tests.bench.table import print_table
from tests.support.center_process import center_process, prepared
from tests.support.center_promises import agents_return, center_away, level_crossed, nodes_cut
from tests.support.postgres_cluster import own_cluster
from tests.support.web_site import PASSWORD

INTERVAL_SECONDS = 10.0
VALUES = 60
SETTLE_SECONDS = 15


class Node:
    """A simulated node: signs a report of sixty values as the agent does, one connection per report."""

    def __init__(self, name: str, key: NodeKey, seed: int) -> None:
        self.name = name
        self.signer = RequestSigner(key, name, f"{int(time.time() * 1000):013d}-00000000")
        self._chance = random.Random(seed)
        self._names = [f"metric_{n}_ratio" for n in range(VALUES - 3)]
        self._names += ["cpu_ratio", "memory_used_ratio", "disk_used_ratio"]
        self._key = 0

    def report(self) -> tuple[bytes, dict[str, str]]:
        """Body and signed headers of the next report."""
        self._key += 1
        now = clock.now()
        row = SampleRow(to_micros(now), [round(self._chance.random() / 2, 4) for _ in range(VALUES)])
        services = [ServiceState(name=name, state="running", is_ready=True) for name in ("web", "worker")]
        body, headers = encode_body(
            Report(
                at=now,
                state=StateReport(at=now, services=services),
                items=[SampleBatch(key=self._key, names=self._names, rows=[row])],
            )
        )
        return body, {**headers, **self.signer.headers("POST", REPORT_PATH, body)}


def anchor() -> float:
    """Milliseconds of CPU to prove and decode one such report, nothing else: what no center can go below."""
    key = NodeKey.generate()
    node = Node("n", key, 1)
    prepared_reports = [node.report() for _ in range(300)]
    began = time.process_time()
    for body, headers in prepared_reports:
        verify_request(key.public_text, headers, "POST", REPORT_PATH, body)
        decode_report(body, headers.get("Content-Encoding", ""))
    return (time.process_time() - began) / len(prepared_reports) * 1e3


async def drive(nodes: list[Node], port: int, seconds: float, times: list[float]) -> None:
    """Every node reports each ten seconds, spread evenly; the times to the acknowledgement in milliseconds."""
    line = HttpOut(f"http://127.0.0.1:{port}")

    async def one(node: Node, delay: float) -> None:
        await asyncio.sleep(delay)
        ends = time.monotonic() + seconds - delay
        while time.monotonic() < ends:
            body, headers = node.report()
            began = time.perf_counter()
            answer = await line.ask("POST", REPORT_PATH, headers, body)
            assert answer.status == 200, answer.body[:300]
            times.append((time.perf_counter() - began) * 1e3)
            await asyncio.sleep(max(0.0, INTERVAL_SECONDS - (time.perf_counter() - began)))

    await asyncio.gather(
        *(one(node, place / len(nodes) * INTERVAL_SECONDS) for place, node in enumerate(nodes))
    )


def fleet_pages(port: int, count: int = 60) -> tuple[list[float], int, int]:
    """Milliseconds by the page's own clock, bytes of the page, bytes as sent, for somebody signed in."""
    url = f"http://127.0.0.1:{port}"
    with httpx.Client(base_url=url, follow_redirects=True, timeout=30) as client:
        page = client.get("/sign-in").text
        token = page.split('name="csrf" value="')[1].split('"')[0]
        client.post(
            "/sign-in",
            data={"csrf": token, "username": "ada", "password": PASSWORD},
            headers={"origin": url},
        )
        times = []
        for _ in range(count):
            began = time.perf_counter()
            answer = client.get("/", headers={"accept-encoding": "gzip"})
            times.append((time.perf_counter() - began) * 1e3)
        assert "ops-strip" in answer.text, answer.text[:500]
        sent = answer.num_bytes_downloaded
        return times, len(answer.content), sent


def p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def load(folder: Path, node_count: int, seconds: int, database_url: str = "") -> None:
    """One process, a thousand nodes; on a SQLite file in `folder` unless a database is named."""
    keys = [NodeKey.generate() for _ in range(20)]
    listed = [(f"b{n // 20:02d}-n{n % 20:02d}", f"B{n // 20:02d}", keys[n % 20]) for n in range(node_count)]
    prepared(folder, [(name, branch, key.public_text) for name, branch, key in listed], database_url)
    nodes = [Node(name, key, place) for place, (name, _branch, key) in enumerate(listed)]
    base = anchor()
    with center_process(folder, {"TRUNKLINE_DATABASE_URL": database_url}) as (process, port):
        measured = psutil.Process(process.pid)

        async def both() -> tuple[float, list[float], tuple[list[float], int, int], list[float], float]:
            times: list[float] = []
            driving = asyncio.create_task(drive(nodes, port, seconds + SETTLE_SECONDS + 20, times))
            await asyncio.sleep(SETTLE_SECONDS)
            del times[:]
            before, at = measured.cpu_times(), time.monotonic()
            await asyncio.sleep(seconds)
            after = measured.cpu_times()
            cpu = after.user + after.system - before.user - before.system
            share = cpu / (time.monotonic() - at)
            kept = list(times)
            pages = await asyncio.to_thread(fleet_pages, port)
            driving.cancel()
            await asyncio.sleep(1)
            before = measured.cpu_times()
            quiet, _size, _sent = await asyncio.to_thread(fleet_pages, port)
            after = measured.cpu_times()
            page_cpu = (after.user + after.system - before.user - before.system) / len(quiet)
            return share, kept, pages, quiet, page_cpu

        share, times, (pages, size, sent), quiet, page_cpu = asyncio.run(both())
        memory = measured.memory_info().rss
    rate = len(times) / seconds
    print_table(
        f"center on {'PostgreSQL' if database_url else 'SQLite'}, {node_count} nodes at {INTERVAL_SECONDS:.0f} s over {seconds} s (goal: <= 15 % of a core, ingest p95 <= 100 ms;"
        " fleet page p95 <= 50 ms, <= 150 kB)",
        ["what", "value", "beside"],
        [
            ["CPU of the center", f"{share * 100:.1f} % of a core", f"{rate:.0f} reports/s"],
            ["CPU per report", f"{share / rate * 1e3:.2f} ms", f"prove and decode alone {base:.2f} ms"],
            ["ingest p50 / p95", f"{statistics.median(times):.0f} / {p95(times):.0f} ms", "committed"],
            [
                "fleet page p50 / p95",
                f"{statistics.median(pages):.0f} / {p95(pages):.0f} ms",
                "while all report",
            ],
            [
                "the same, nobody reporting",
                f"{statistics.median(quiet):.0f} / {p95(quiet):.0f} ms",
                f"{page_cpu * 1e3:.0f} ms of CPU each",
            ],
            ["fleet page", f"{size / 1e3:.0f} kB", f"{sent / 1e3:.0f} kB compressed"],
            ["memory", f"{memory / 1e6:.0f} MB", ""],
        ],
    )


def storage(samples: int = 360, pause_seconds: float = 0.25) -> None:
    """Bytes of a sealed sample, from this host's own measurements taken faster than in life."""
    collector = Collector(Path(tempfile.gettempdir()))
    rows, times = [], []
    for _ in range(samples):
        values, services = collector.sample({"web": [psutil.Process().pid]}, 0.001)
        for name, measured in services.items():
            values.update({f"service.{name}.{metric}": value for metric, value in measured.items()})
        rows.append({name: None if value is None else round(value, 4) for name, value in values.items()})
        times.append(to_micros(clock.now()))
        time.sleep(pause_seconds)
    names = list(rows[0])
    table = Table(times, [False] * samples, {name: [row[name] for row in rows] for name in names})
    count = sum(len(values) - list(values).count(None) for values in table.columns.values())
    began = time.process_time()
    raw = len(pack(table))
    seconds = time.process_time() - began
    rolled = sum(len(pack(rolled_up(table, step))) for step in ROLLUP_STEPS)
    print_table(
        "storage (goal: <= 2 B per sealed sample)",
        ["what", "value", "beside"],
        [
            ["bytes per sample", f"{raw / count:.2f}", "as JSON rows about 6"],
            ["with roll-ups", f"{(raw + rolled) / count:.2f}", "1 min and 15 min of the same span"],
            ["CPU to seal", f"{seconds * 1e3:.0f} ms", f"{count} samples of {len(names)} metrics"],
        ],
    )


def promises(folder: Path) -> None:
    """Cut, away, flapping, back at once."""

    async def all_of_them() -> list[list[str]]:
        for name in ("away", "cut", "level", "return"):
            (folder / name).mkdir(parents=True)
        away = await center_away(folder / "away")
        cut = await nodes_cut(folder / "cut")
        level = await level_crossed(folder / "level")
        back = await agents_return(folder / "return")
        return [
            [
                "center away 1 h (compressed time)",
                f"{away.samples_kept - away.samples_stored} samples, {away.lines_kept - away.lines_stored} lines lost or double",
                f"{away.reports} reports, {away.acks_lost} acks lost, {away.incidents} alerts",
            ],
            [
                "200 of 1,000 nodes cut",
                f"{cut.notifications} notifications",
                f"{cut.named} nodes named, {dict(cut.incidents)}",
            ],
            [
                "level crossed 100 times in 10 min",
                f"{level.notifications} notifications",
                f"{dict(level.incidents)}",
            ],
            [
                "500 agents back at once",
                f"{back.sent_samples - back.stored_samples} samples lost",
                f"{back.refused_for_now} told to come later",
            ],
        ]

    rows = asyncio.run(all_of_them())
    print_table(
        "promises (goals: 0 lost, 0 double, 0 alerts; <= 3; <= 2; 0 lost)", ["what", "value", "beside"], rows
    )


def run(folder: Path, nodes: int, seconds: int, engine: str = "sqlite") -> None:
    """All of it on SQLite; of PostgreSQL (a cluster of its own, gone afterwards) the load."""
    (folder / "load").mkdir(parents=True, exist_ok=True)
    if engine == "postgres":
        with own_cluster() as cluster:
            asyncio.run(make_database(cluster.url))
            load(folder / "load", nodes, seconds, f"{cluster.url}center")
        return
    load(folder / "load", nodes, seconds)
    storage()
    promises(folder / "promises")


async def make_database(url: str) -> None:
    """An empty database "center" of the server at `url`."""
    link = await asyncpg.connect(f"{url}postgres")
    await link.execute("CREATE DATABASE center")
    await link.close()
