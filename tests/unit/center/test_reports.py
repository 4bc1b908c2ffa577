"""Agents report to the center: proved by signature, stored once, shown with the age of what was received."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from starlette.applications import Starlette

from netops.center.ingest.writer import Arrival, Writer
from netops.center.keeper import look_once
from netops.center.models import Incident, Recovery
from netops.center.nodes import queries
from netops.center.nodes.queries import FleetQuestion
from netops.center.nodes.rules import contact, needs_help
from netops.center.telemetry.lines import LineQuestion, find_lines
from shared import clock
from shared.database import execute, fetch_value
from shared.nodes.identity import NodeKey
from shared.nodes.report import REPORT_PATH, RecoveryRecord, ServiceState, encode_body
from tests.support.center_site import Agent, report, running_center, settings_of


async def stored_rows(center: Starlette) -> int:
    with center.state.telemetry.reading():
        return await fetch_value("SELECT count(*) AS n FROM telemetry_hot_row")


async def stored_lines(center: Starlette) -> list[str]:
    now = clock.now()
    with center.state.telemetry.reading():
        found = await find_lines(LineQuestion(now - timedelta(hours=1), now + timedelta(hours=1)), 100)
    return [line.text for line in found]


async def test_what_an_agent_reports_is_stored_and_acknowledged(center: Starlette) -> None:
    agent = await Agent.enrolled(center, "sh-app1")
    ack = await agent.says(
        agent.samples(cpu_ratio=0.25, memory_used_ratio=None), agent.lines("db timeout", "again")
    )
    assert ack.taken == [1, 2]
    answer = queries.fleet_page(center.state.fleet, FleetQuestion(), clock.now(), center.state.settings)
    (view,) = answer.views
    assert (view.contact, view.cpu_bp, view.memory_bp, view.needs_help) == ("live", 2500, None, False)
    assert await stored_lines(center) == ["again", "db timeout"]


async def test_with_the_disk_full_nothing_is_acknowledged_somebody_is_told_and_after_the_cure_all_is_there_once(
    tmp_path: Path,
) -> None:
    async with running_center(settings_of(tmp_path)) as center:
        agent = await Agent.enrolled(center, "sh-app1")
        await agent.says(agent.samples(cpu_ratio=0.5))
        lines = agent.lines(*[f"{n} {'x' * 500}" for n in range(100)])
        await room_of(center, 0)
        assert (await agent.post(report(lines))).status_code == 507
        assert await open_kinds(center) == ["recorder"]
        await room_of(center, 100_000)
        assert (await agent.says(lines)).taken == [lines.key]
        assert len(await stored_lines(center)) == 100
        assert await open_kinds(center) == []


async def room_of(center: Starlette, pages: int) -> None:
    """The store may grow by so many pages, as if its disk ended there."""
    with center.state.telemetry.writing():
        await execute(f"PRAGMA max_page_count = {await fetch_value('PRAGMA page_count') + pages}")


async def open_kinds(center: Starlette) -> list[str]:
    with center.state.use_database():
        await look_once(center)
        return [incident.kind for incident in await Incident.filter(closed_at=None)]


async def test_reports_of_many_nodes_at_once_share_commits_and_each_is_stored(
    center: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    agents = [await Agent.enrolled(center, f"sh-app{n}") for n in range(8)]
    sizes: list[int] = []
    commit = Writer._commit

    async def noted(self: Writer, group: Sequence[Arrival]) -> None:
        sizes.append(len(group))
        await commit(self, group)

    monkeypatch.setattr(Writer, "_commit", noted)
    await asyncio.gather(*(agent.says(agent.samples(cpu_ratio=0.5)) for agent in agents))
    assert sum(sizes) == len(agents)
    assert len(sizes) <= 3
    assert await stored_rows(center) == len(agents)


async def test_items_that_come_twice_are_stored_once(center: Starlette) -> None:
    agent = await Agent.enrolled(center, "sh-app1")
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
    samples, lines = agent.samples(cpu_ratio=0.5), agent.lines("once", "twice")
    await agent.says(samples, lines, healed)
    assert (await agent.says(samples, lines, ready)).taken == [1, 2, 3]
    assert (await stored_rows(center), len(await stored_lines(center))) == (1, 2)
    with center.state.use_database():
        assert await Recovery.all().count() == 1
        assert (await Recovery.get(id="r1")).ready_micros == 31_000


async def test_whoever_reads_a_record_finds_the_state_it_left(center: Starlette) -> None:
    agent = await Agent.enrolled(center, "sh-app1")
    await agent.says(services=[ServiceState(name="web", state="running", instance="old")])
    healed = RecoveryRecord(
        key=3, id="r1", service="web", cause="exit", action="restart", outcome="recovered", detected_at=clock.now()
    )  # fmt: skip
    sending = asyncio.create_task(
        agent.says(healed, services=[ServiceState(name="web", state="running", instance="new")])
    )
    with center.state.use_database():
        while not await Recovery.exists(id="r1"):  # noqa: ASYNC110  (the way of a report is what is looked at)
            await asyncio.sleep(0)
    seen = center.state.fleet.get("sh-app1").state.services[0].instance
    await sending
    assert seen == "new"


async def test_strangers_replays_and_other_keys_are_refused(center: Starlette) -> None:
    stranger = Agent(center, "sh-app1")
    assert (await stranger.post(report())).status_code == 401
    agent = await Agent.enrolled(center, "sh-app1")
    body, _ = encode_body(sent := report(agent.samples(cpu_ratio=0.1)))
    headers = agent.signer.headers("POST", REPORT_PATH, body)
    assert (await agent.post(sent, headers)).status_code == 200
    assert (await agent.post(sent, headers)).status_code == 409
    impostor = Agent(center, "sh-app1", NodeKey.generate())
    assert (await impostor.post(report())).status_code == 401


async def test_a_replay_is_refused_after_the_center_was_started_again_too(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    async with running_center(settings) as center:
        agent = await Agent.enrolled(center, "sh-app1")
        body, _ = encode_body(sent := report(agent.samples(cpu_ratio=0.1)))
        headers = agent.signer.headers("POST", REPORT_PATH, body)
        assert (await agent.post(sent, headers)).status_code == 200
    async with running_center(settings) as center:
        agent.app = center
        assert (await agent.post(sent, headers)).status_code == 409
        known = center.state.fleet.get("sh-app1")
        assert known.state is not None and known.received_at is not None
        assert known.strip.until(clock.now())[-1] == "ok"


async def test_a_silent_node_shows_no_values_as_if_they_were_current(center: Starlette) -> None:
    agent = await Agent.enrolled(center, "sh-app1")
    await agent.says(agent.samples(cpu_ratio=0.25))
    later = clock.now() + timedelta(minutes=5)
    view = queries.node_view(center.state.fleet.get("sh-app1"), later, center.state.settings)
    assert (view.contact, view.condition, view.cpu_bp, view.needs_help) == ("silent", "unknown", None, True)
    assert view.strip[-1] == "silent"


async def test_history_fills_the_record_and_is_not_taken_for_the_present(center: Starlette) -> None:
    agent = await Agent.enrolled(center, "sh-app1")
    await agent.says(agent.samples(cpu_ratio=0.25))
    hour_ago = clock.now() - timedelta(hours=1)
    await agent.says(agent.samples(history=True, at=hour_ago, cpu_ratio=0.99))
    assert center.state.fleet.get("sh-app1").values == {"cpu_ratio": 0.25}
    assert await stored_rows(center) == 2


@pytest.mark.parametrize(
    ("seconds", "word"), [(0, "live"), (15, "live"), (16, "late"), (60, "late"), (61, "silent")]
)
def test_contact_follows_the_age_of_what_was_received(seconds: int, word: str) -> None:
    now = clock.now()
    assert contact(now - timedelta(seconds=seconds), now, late_seconds=15, silent_seconds=60) == word
    assert contact(None, now, late_seconds=15, silent_seconds=60) == "never_seen"


def test_a_crash_loop_needs_help_even_on_a_live_node() -> None:
    assert needs_help("live", "ok", [ServiceState(name="web", state="crash_loop")])
    assert not needs_help("live", "busy", [ServiceState(name="web", state="running")])
