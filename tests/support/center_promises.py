"""The promises of the center as small runs on a clock that is moved: what was lost, doubled, told. Tests assert them, the bench
prints them."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from netops.agent.settings import Spool as Bounds
from netops.agent.spool import Spool, TailPosition, keys_of
from netops.center.alerts.engine import Engine
from netops.center.channels.sender import send_due
from netops.center.keeper import look_once
from netops.center.models import AlertRule, Channel, Incident, Node
from netops.center.telemetry.lines import LineQuestion, count_lines
from shared import clock
from shared.canonical import to_micros
from shared.clock import FixedClock
from shared.database import fetch_value
from shared.nodes.identity import NodeKey
from shared.nodes.report import Ack, LogBatch, LogLine, SampleBatch, SampleRow
from tests.support.center_site import Agent, report, running_center, settings_of

START = "2026-11-28T02:00:00+00:00"
LIVE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Away:
    """What became of what a node kept while the center was away."""

    samples_kept: int
    samples_stored: int
    lines_kept: int
    lines_stored: int
    reports: int
    acks_lost: int
    incidents: int


async def center_away(folder: Path, *, minutes: int = 60) -> Away:
    """An agent's own spool fills for an hour, every second acknowledgement of the return is lost, nothing may be."""
    with clock.use(FixedClock(START)) as fixed:
        async with running_center(settings_of(folder)) as app:
            agent = await Agent.enrolled(app, "gz-db1", branch="GZ")
            spool = Spool(folder / "spool.db", Bounds())
            samples, lines = fill(spool, fixed, minutes)
            reports = lost = 0
            ack = Ack(at=clock.now())
            while spool.items:
                fixed.advance(seconds=1)
                waiting = spool.waiting(
                    live_from=clock.now() - LIVE, credit_items=ack.credit_items, credit_bytes=ack.credit_bytes
                )
                answer = await agent.post(report(*(one.item for one in waiting)))
                reports += 1
                if reports % 2:
                    lost += 1
                    continue
                ack = msgspec.json.decode(answer.content, type=Ack)
                spool.forget(keys_of(waiting, ack.taken))
                with app.state.use_database():
                    await look_once(app)
            spool.close()
            stored_samples, stored_lines = await stored(app)
            with app.state.use_database():
                incidents = await Incident.all().count()
    return Away(samples, stored_samples, lines, stored_lines, reports, lost, incidents)


def fill(spool: Spool, fixed: FixedClock, minutes: int) -> tuple[int, int]:
    """A sample each five seconds with a CPU that would fire every rule, a line each second."""
    samples = lines = 0
    for second in range(0, minutes * 60, 5):
        fixed.advance(seconds=5)
        row = SampleRow(to_micros(clock.now()), [0.99, 0.5])
        batch = SampleBatch(key=0, names=["cpu_ratio", "memory_used_ratio"], rows=[row])
        found = [LogLine(offset=lines + n, at=clock.now(), text=f"line {lines + n}") for n in range(5)]
        logs = LogBatch(
            key=0, service="web", source="output", host_boot="b", inode=1, generation=1, lines=found
        )
        spool.put([batch, logs], {"web/output": TailPosition(1, 1, second)})
        samples, lines = samples + 1, lines + 5
    return samples, lines


async def stored(app: object) -> tuple[int, int]:
    """Rows and lines in the store."""
    now = clock.now()
    with app.state.telemetry.reading():  # type: ignore[attr-defined]
        rows = await fetch_value("SELECT count(*) AS n FROM telemetry_hot_row")
        lines = await count_lines(LineQuestion(now - timedelta(days=2), now + timedelta(days=2)))
    return rows, lines


@dataclass(frozen=True, slots=True)
class Told:
    """Notifications that left the center and the nodes named in them."""

    notifications: int
    named: int
    incidents: Counter[str]


async def nodes_cut(folder: Path, *, nodes: int = 1_000, cut: int = 200, branches: int = 50) -> Told:
    """Some of all nodes fall silent at once; the first branches are cut off whole. Reports go straight to the state table:
    what is tried is what people are told."""
    with clock.use(FixedClock(START)) as fixed:
        async with running_center(settings_of(folder)) as app:
            sent: list[str] = []

            async def deliver(_address: str, subject: str, body: str) -> None:
                sent.append(subject + "\n" + body)

            names = await enrol_many(app, nodes, branches)
            with app.state.use_database():
                await Channel.create(
                    name="duty", address="json://example.test", least_severity=3, locale="en"
                )
            gone = set(names[:cut])
            for step in range(40):
                fixed.advance(seconds=10)
                for name in names:
                    if step < 2 or name not in gone:
                        app.state.fleet.get(name).received_at = clock.now()
                with app.state.use_database():
                    await look_once(app)
                    await send_due(deliver, clock.now())
            with app.state.use_database():
                kinds = Counter([incident.kind for incident in await Incident.all()])
    text = "\n".join(sent)
    return Told(len(sent), sum(name in text for name in gone), kinds)


async def enrol_many(app: object, count: int, branches: int) -> list[str]:
    """Nodes in the state table, branch after branch."""
    key = NodeKey.generate().public_text
    per_branch = -(-count // branches)
    records = [
        Node(
            name=f"b{n // per_branch:02d}-n{n % per_branch:02d}x",
            branch=f"B{n // per_branch:02d}",
            public_key=key,
        )
        for n in range(count)
    ]
    with app.state.use_database():  # type: ignore[attr-defined]
        await Node.bulk_create(records)
    for record in records:
        app.state.fleet.put(record)  # type: ignore[attr-defined]
    return [record.name for record in records]


async def level_crossed(folder: Path, *, crossings: int = 100, seconds: int = 600) -> Told:
    """A metric crosses its limit a hundred times in ten minutes."""
    with clock.use(FixedClock(START)) as fixed:
        async with running_center(settings_of(folder)) as app:
            sent: list[str] = []

            async def deliver(_address: str, subject: str, body: str) -> None:
                sent.append(subject + "\n" + body)

            agent = await Agent.enrolled(app, "gz-db1")
            with app.state.use_database():
                await AlertRule.all().delete()
                await AlertRule.create(
                    name="quick", metric="x", window_seconds=2, fire_at=0.9, clear_at=0.7, for_seconds=0,
                    keep_seconds=60,
                )  # fmt: skip
                await Channel.create(
                    name="duty", address="json://example.test", least_severity=3, locale="en"
                )
            app.state.engine = Engine(app.state.fleet, app.state.settings)
            with app.state.use_database():
                await app.state.engine.load_rules()
            for step in range(2 * crossings + 120):
                fixed.advance(seconds=seconds / crossings / 2)
                value = float(step % 2) if step < 2 * crossings else 0.0
                agent.is_heard(x=value)
                with app.state.use_database():
                    await look_once(app)
                    await send_due(deliver, clock.now())
            with app.state.use_database():
                kinds = Counter([incident.kind for incident in await Incident.all()])
    return Told(len(sent), 1, kinds)


@dataclass(frozen=True, slots=True)
class Return:
    """What became of many agents that came back in the same second."""

    reports: int
    refused_for_now: int
    stored_samples: int
    sent_samples: int


async def agents_return(folder: Path, *, agents: int = 500, rows: int = 20) -> Return:
    """All send a backlog at once; who is told 503 tries again, as the real agent does."""
    async with running_center(settings_of(folder)) as app:
        found = [Agent(app, f"n{n:03d}") for n in range(agents)]
        with app.state.use_database():
            records = [Node(name=agent.name, public_key=agent.key.public_text) for agent in found]
            await Node.bulk_create(records)
        for record in records:
            app.state.fleet.put(record)
        before = clock.now() - timedelta(minutes=10)
        refused = 0

        async def come_back(agent: Agent) -> None:
            nonlocal refused
            items = [
                agent.samples(history=True, at=before + timedelta(seconds=n), cpu_ratio=0.5)
                for n in range(rows)
            ]
            while (await agent.post(report(*items))).status_code != 200:
                refused += 1
                await asyncio.sleep(0.2)

        await asyncio.gather(*(come_back(agent) for agent in found))
        stored_rows, _ = await stored(app)
    return Return(agents + refused, refused, stored_rows, agents * rows)
