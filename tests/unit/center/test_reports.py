"""Agents report to the center: proved by signature, stored once, shown with the age of what was received."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
from starlette.applications import Starlette

from netops.center.app import center_app
from netops.center.models import LogLine, Node, Recovery, Sample
from netops.center.nodes import actions, queries
from netops.center.nodes.rules import contact, needs_help
from netops.center.settings import CenterSettings
from netops.center.setup import prepare
from shared import clock
from shared.nodes.identity import BootSource, NodeKey, RequestSigner
from shared.nodes.report import (
    REPORT_PATH,
    Ack,
    LogBatch,
    RecoveryRecord,
    Report,
    SampleBatch,
    SampleRow,
    ServiceState,
    StateReport,
    encode_body,
)
from shared.nodes.report import LogLine as ReportedLine


@pytest.fixture
async def center(tmp_path: Path) -> AsyncIterator[Starlette]:
    settings = CenterSettings(data_dir=tmp_path)
    await prepare(settings)
    app = center_app(settings)
    async with app.router.lifespan_context(app):
        yield app


class Agent:
    """An agent that signs as the real one does."""

    def __init__(self, folder: Path, name: str = "sh-app1") -> None:
        self.name = name
        self.key = NodeKey.load_or_create(folder / "agent.key")
        self.signer = RequestSigner(self.key, name, BootSource(folder / "boot").next_boot())

    async def send(self, app: Starlette, report: Report, headers: dict[str, str] | None = None) -> Any:
        body, encoding = encode_body(report)
        signed = headers or self.signer.headers("POST", REPORT_PATH, body)
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=app), base_url="http://center.test"
        ) as client:
            return await client.post(REPORT_PATH, content=body, headers={**encoding, **signed})


def report(*items: Any, state: str = "running") -> Report:
    now = clock.now()
    return Report(
        at=now,
        state=StateReport(at=now, services=[ServiceState(name="branch-web", state=state)]),
        items=list(items),
    )  # type: ignore[arg-type]


def samples(key: int = 1, cpu: float = 0.25) -> SampleBatch:
    return SampleBatch(
        key=key,
        names=["cpu_ratio", "memory_used_ratio"],
        rows=[SampleRow(1_795_000_000_000_000, [cpu, None])],
    )


def lines(key: int = 2) -> LogBatch:
    found = [
        ReportedLine(offset=0, at=clock.now(), level="error", event="db timeout"),
        ReportedLine(offset=90, at=clock.now()),
    ]
    return LogBatch(
        key=key, service="branch-web", source="out", host_boot="b", inode=7, generation=0, lines=found
    )


async def test_what_an_agent_reports_is_stored_and_acknowledged(center: Starlette, tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    with center.state.use_database():
        await actions.enrol(agent.name, "branch", agent.key.public_text)
    answer = await agent.send(center, report(samples(), lines()))
    assert answer.status_code == 200
    assert msgspec.json.decode(answer.content, type=Ack).taken == [1, 2]
    with center.state.use_database():
        (view,) = await queries.fleet(center.state.settings)
        assert (view.contact, view.cpu_bp, view.memory_bp, view.needs_help) == ("live", 2500, None, False)
        assert await LogLine.all().count() == 2


async def test_items_that_come_twice_are_stored_once(center: Starlette, tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    healed = RecoveryRecord(
        key=3,
        id="r1",
        service="branch-web",
        cause="exit",
        action="restart",
        outcome="in_progress",
        detected_at=clock.now(),
    )
    ready = msgspec.structs.replace(healed, outcome="recovered", ready_seconds=0.031)
    with center.state.use_database():
        await actions.enrol(agent.name, "branch", agent.key.public_text)
    await agent.send(center, report(samples(), lines(), healed))
    again = await agent.send(center, report(samples(), lines(), ready))
    assert msgspec.json.decode(again.content, type=Ack).taken == [1, 2, 3]
    with center.state.use_database():
        assert (await Sample.all().count(), await LogLine.all().count(), await Recovery.all().count()) == (
            1,
            2,
            1,
        )
        assert (await Recovery.get(id="r1")).ready_micros == 31_000


async def test_strangers_replays_and_other_keys_are_refused(center: Starlette, tmp_path: Path) -> None:
    agent = Agent(tmp_path)
    stranger = await agent.send(center, report())
    assert stranger.status_code == 401
    with center.state.use_database():
        await actions.enrol(agent.name, "branch", agent.key.public_text)
    body, _ = encode_body(sent := report(samples()))
    headers = agent.signer.headers("POST", REPORT_PATH, body)
    assert (await agent.send(center, sent, headers)).status_code == 200
    assert (await agent.send(center, sent, headers)).status_code == 409
    (tmp_path / "other").mkdir()
    impostor = Agent(tmp_path / "other")
    assert (await impostor.send(center, report())).status_code == 401


async def test_a_silent_node_shows_no_values_as_if_they_were_current(
    center: Starlette, tmp_path: Path
) -> None:
    agent = Agent(tmp_path)
    with center.state.use_database():
        await actions.enrol(agent.name, "branch", agent.key.public_text)
    await agent.send(center, report(samples()))
    with center.state.use_database():
        node = await Node.get(name=agent.name)
        later = clock.now() + timedelta(minutes=5)
        view = queries.node_view(node, later, center.state.settings)
    assert (view.contact, view.condition, view.cpu_bp, view.needs_help) == ("silent", "unknown", None, True)


@pytest.mark.parametrize(
    ("seconds", "word"), [(0, "live"), (15, "live"), (16, "late"), (60, "late"), (61, "silent")]
)
def test_contact_follows_the_age_of_what_was_received(seconds: int, word: str) -> None:
    now = clock.now()
    assert contact(now - timedelta(seconds=seconds), now, late_seconds=15, silent_seconds=60) == word
    assert contact(None, now, late_seconds=15, silent_seconds=60) == "never_seen"


def test_a_crash_loop_needs_help_even_on_a_live_node() -> None:
    assert needs_help("live", "ok", [{"state": "crash_loop"}])
    assert not needs_help("live", "busy", [{"state": "running"}])
