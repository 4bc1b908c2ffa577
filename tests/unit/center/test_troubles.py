"""From reports to incidents to notifications: what an administrator is told, and what not."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette

from netops.center.alerts.defaults import make_defaults
from netops.center.alerts.engine import Engine
from netops.center.channels.sender import DeliveryFailed, claim, send_due
from netops.center.enrolment.actions import revoke
from netops.center.incidents.actions import acknowledge, close_incident
from netops.center.keeper import look_once
from netops.center.maintenance.actions import Plan, make_window
from netops.center.models import AlertRule, AuditEntry, Channel, Incident, IncidentEvent, Notice, OfferedRule
from netops.center.prometheus.actions import Alert, Message, take_alerts
from shared import clock
from shared.clock import FixedClock
from shared.database import Database
from shared.nodes.report import Incident as ReportedIncident
from shared.nodes.report import StateReport
from tests.support.center_site import Agent, running_center, settings_of

START = "2026-11-28T02:00:00+00:00"


@dataclass
class Watch:
    """A center whose clock we move, and the messages that left it."""

    app: Starlette
    clock: FixedClock
    sent: list[str] = field(default_factory=list)

    async def deliver(self, _address: str, subject: str, body: str) -> None:
        self.sent.append(f"{subject}\n{body}")

    async def step(self, seconds: float, *agents: Agent, **values: float) -> None:
        """Time passes in looks of ten seconds; the agents that are named report before each."""
        for _ in range(int(seconds // 10)):
            self.clock.advance(seconds=10)
            for agent in agents:
                agent.is_heard(**(values or {"cpu_ratio": 0.2}))
            with self.app.state.use_database():
                await look_once(self.app)
                await send_due(self.deliver, clock.now())

    async def open_causes(self) -> list[str]:
        with self.app.state.use_database():
            return sorted([one.cause for one in await Incident.filter(closed_at=None)])


@pytest.fixture
async def watch(center_database: Database, tmp_path: Path) -> AsyncIterator[Watch]:
    with clock.use(FixedClock(START)) as fixed:
        async with running_center(settings_of(tmp_path, database_url=center_database.url)) as app:
            with app.state.use_database():
                await AlertRule.all().delete()
                await AlertRule.create(
                    id=1, name="hot", metric="cpu_ratio", window_seconds=30, fire_at=0.9, clear_at=0.7,
                    for_seconds=20, keep_seconds=60,
                )  # fmt: skip
                await Channel.create(
                    name="duty", address="json://example.test", least_severity=3, locale="en"
                )
            app.state.engine = Engine(app.state.fleet, app.state.settings)
            with app.state.use_database():
                await app.state.engine.load_rules()
            yield Watch(app, fixed)


async def test_an_overload_is_told_once_and_its_end_once(watch: Watch) -> None:
    agent = await Agent.enrolled(watch.app, "gz-db1", branch="GZ")
    await watch.step(120, agent, cpu_ratio=0.97)
    assert await watch.open_causes() == ["rule 1 gz-db1"]
    await watch.step(600, agent, cpu_ratio=0.97)
    await watch.step(600, agent, cpu_ratio=0.1)
    assert await watch.open_causes() == []
    assert [text.split("\n")[0] for text in watch.sent] == ["gz-db1: hot", "Over: gz-db1: hot"]


async def test_nodes_of_one_machine_share_the_incident_of_its_load_and_one_message_names_them(
    watch: Watch,
) -> None:
    agents = [await Agent.enrolled(watch.app, name) for name in ("ber", "par", "sh")]
    for agent in agents[:2]:
        agent.lives_on("m1")
    await watch.step(120, *agents, cpu_ratio=0.97)
    assert await watch.open_causes() == ["rule 1 @m1", "rule 1 sh"]
    (text,) = watch.sent
    assert "ber, par" in text
    await watch.step(200, *agents, cpu_ratio=0.1)
    assert await watch.open_causes() == []


async def test_a_cut_branch_is_one_incident_that_names_every_node(watch: Watch) -> None:
    cut = [await Agent.enrolled(watch.app, f"gz{n}", branch="GZ") for n in range(3)]
    well = [await Agent.enrolled(watch.app, f"sh{n}", branch="SH") for n in range(12)]
    await watch.step(20, *cut, *well)
    await watch.step(150, *well)
    assert await watch.open_causes() == ["line GZ"]
    (text,) = watch.sent
    assert "gz0, gz1, gz2" in text
    await watch.step(60, *cut, *well)
    assert await watch.open_causes() == []


async def test_when_nearly_all_go_late_at_once_the_center_suspects_itself(watch: Watch) -> None:
    agents = [await Agent.enrolled(watch.app, f"n{n}", branch=f"B{n % 5}") for n in range(10)]
    await watch.step(20, *agents)
    await watch.step(120)
    assert await watch.open_causes() == ["center"]
    assert len(watch.sent) == 1
    await watch.step(60, *agents)
    assert await watch.open_causes() == []


async def test_a_node_that_falls_silent_while_a_rule_fires_does_not_resolve_it(watch: Watch) -> None:
    agents = [await Agent.enrolled(watch.app, f"n{n}") for n in range(6)]
    await watch.step(90, agents[0], cpu_ratio=0.97)
    await watch.step(10, *agents[1:])
    await watch.step(300, *agents[1:])
    assert await watch.open_causes() == ["rule 1 n0", "silent n0"]


async def test_only_the_cause_is_told_and_what_outlasts_it_is_told_later(watch: Watch) -> None:
    agent = await Agent.enrolled(watch.app, "sh", branch="SH")
    with watch.app.state.use_database():
        await AlertRule.create(
            id=2, name="lag", metric="service.web.replication_lag_seconds", window_seconds=30, fire_at=60.0,
            clear_at=10.0, for_seconds=20, keep_seconds=10,
        )  # fmt: skip
        await watch.app.state.engine.load_rules()
    lags = {"service.web.replication_lag_seconds": 300.0}
    loop = ReportedIncident(key=5, id="loop", service="web", kind="crash_loop", opened_at=clock.now())
    await agent.says(loop)
    await watch.step(240, agent, **lags)
    assert await watch.open_causes() == ["agent loop", "rule 2 sh"]
    assert [text.split("\n")[0] for text in watch.sent] == ["web on sh does not stay up"]
    with watch.app.state.use_database():
        lag = await Incident.get(cause="rule 2 sh")
        assert lag.caused_by == "loop"
    loop.closed_at = clock.now()
    await agent.says(loop)
    await watch.step(100, agent, **lags)
    assert not any("sh: lag" in text for text in watch.sent)
    await watch.step(400, agent, **lags)
    assert any(text.startswith("sh: lag") for text in watch.sent)
    with watch.app.state.use_database():
        kinds = [event.kind for event in await IncidentEvent.filter(incident=lag.id).order_by("id")]
    assert kinds == ["opened", "linked", "unlinked", "told"]


async def test_what_an_agent_has_forgotten_or_can_tell_no_more_is_over(watch: Watch) -> None:
    agent, gone = [await Agent.enrolled(watch.app, name) for name in ("sh", "gone")]
    for one, name in ((agent, "kept"), (gone, "lost")):
        await one.says(
            ReportedIncident(key=5, id=name, service="web", kind="crash_loop", opened_at=clock.now())
        )

    def has(spool_items: int, *incidents: str) -> None:
        node = watch.app.state.fleet.get("sh")
        node.state = StateReport(at=clock.now(), open_incidents=[*incidents], spool_items=spool_items)

    has(3, "kept")
    await watch.step(120, agent, gone)
    assert await watch.open_causes() == ["agent kept", "agent lost"]
    has(5_000)
    await watch.step(120, agent, gone)
    assert "agent kept" in await watch.open_causes(), "its end may be among what waits at the node"
    has(3)
    await watch.step(30, agent, gone)
    assert "agent kept" in await watch.open_causes(), "its end may be on its way"
    await watch.step(120, gone)
    assert "agent kept" in await watch.open_causes(), "a silent node says nothing of it"
    with watch.app.state.use_database():
        await revoke("ada", "gone", "scrapped", watch.app.state.fleet)
    await watch.step(60, agent)
    assert await watch.open_causes() == []


async def test_what_ends_with_its_cause_is_never_told(watch: Watch) -> None:
    agent = await Agent.enrolled(watch.app, "sh", branch="SH")
    others = [await Agent.enrolled(watch.app, f"n{n}") for n in range(5)]
    await watch.step(20, agent, *others)
    loop = ReportedIncident(key=5, id="loop", service="web", kind="unhealthy", opened_at=clock.now())
    await watch.step(60, *others)
    await agent.says(loop)  # its last word
    await watch.step(300, *others)
    assert await watch.open_causes() == ["agent loop", "silent sh"]
    loop.closed_at = clock.now()
    await agent.says(loop)
    await watch.step(400, agent, *others)
    assert await watch.open_causes() == []
    with watch.app.state.use_database():
        told = [one.kind for one in await Incident.all() if one.told]
    assert "silent" in told


async def test_what_alertmanager_tells_ends_when_it_says_so(watch: Watch) -> None:
    alert = Alert(status="firing", labels={"alertname": "Disk", "instance": "x"}, starts_at=clock.now())
    with watch.app.state.use_database():
        await take_alerts(Message(alerts=[alert]), watch.app.state.fleet)
    await watch.step(60)
    assert await watch.open_causes() == ["alertmanager Disk instance=x"]
    alert.status, alert.ends_at = "resolved", clock.now()
    with watch.app.state.use_database():
        await take_alerts(Message(alerts=[alert]), watch.app.state.fleet)
    assert await watch.open_causes() == []


async def test_after_a_restart_what_is_open_stays_open_and_is_not_told_again(watch: Watch) -> None:
    agent = await Agent.enrolled(watch.app, "gz-db1")
    await watch.step(120, agent, cpu_ratio=0.97)
    watch.app.state.engine = Engine(watch.app.state.fleet, watch.app.state.settings)
    with watch.app.state.use_database():
        await watch.app.state.engine.load_rules()
    await watch.step(120, agent, cpu_ratio=0.97)
    assert (await watch.open_causes(), len(watch.sent)) == (["rule 1 gz-db1"], 1)


async def test_replayed_samples_and_incidents_tell_nobody(watch: Watch) -> None:
    agent = await Agent.enrolled(watch.app, "gz-db1")
    now = clock.now()
    old = ReportedIncident(
        key=9, id="old-1", service="web", kind="crash_loop", opened_at=now, closed_at=now, history=True
    )
    for _ in range(20):
        await agent.says(agent.samples(history=True, cpu_ratio=0.99), old)
        watch.clock.advance(seconds=1)
    await watch.step(300, agent)
    assert (await watch.open_causes(), watch.sent) == ([], [])
    with watch.app.state.use_database():
        assert await Incident.filter(id="old-1").count() == 1


async def test_nothing_new_fires_in_maintenance_and_agents_are_told_of_it(watch: Watch) -> None:
    agent = await Agent.enrolled(watch.app, "gz-db1", branch="GZ")
    with watch.app.state.use_database():
        ends = clock.now() + timedelta(hours=1)
        await make_window("Ada", Plan(branch="GZ", starts_at=clock.now(), ends_at=ends, reason="disk"))
        await look_once(watch.app)
    assert (await agent.says()).maintenance_until == ends
    await watch.step(120, agent, cpu_ratio=0.97)
    await watch.step(300)
    assert (await watch.open_causes(), watch.sent) == ([], [])


async def test_an_acknowledged_incident_is_not_escalated_and_both_are_in_the_audit(watch: Watch) -> None:
    agent = await Agent.enrolled(watch.app, "gz-db1")
    await watch.step(120, agent, cpu_ratio=0.97)
    with watch.app.state.use_database():
        incident = await Incident.get(cause="rule 1 gz-db1")
        await acknowledge(incident, "Ada")
    await watch.step(1200, agent, cpu_ratio=0.97)
    with watch.app.state.use_database():
        assert (await Incident.get(id=incident.id)).escalated_at is None
        assert (await AuditEntry.all().first()).action == "incident.acknowledge"
        kinds = [event.kind for event in await IncidentEvent.filter(incident=incident.id).order_by("id")]
    assert kinds == ["opened", "told", "acknowledged"]


async def test_an_incident_that_is_back_keeps_its_number_and_is_acknowledged_and_escalated_anew(
    watch: Watch,
) -> None:
    agent = await Agent.enrolled(watch.app, "gz-db1")
    await watch.step(840, agent, cpu_ratio=0.97)
    with watch.app.state.use_database():
        first = await Incident.get(cause="rule 1 gz-db1")
        await acknowledge(first, "Ada")
    await watch.step(400, agent, cpu_ratio=0.1)
    assert await watch.open_causes() == [] and watch.sent[-1].startswith("Over")
    await watch.step(120, agent, cpu_ratio=0.97)
    with watch.app.state.use_database():
        back = await Incident.get(cause="rule 1 gz-db1")
        assert (back.number, back.opened_at, back.closed_at) == (first.number, first.opened_at, None)
        assert back.acknowledged_at is None and back.escalated_at is None
    await watch.step(600, agent, cpu_ratio=0.97)
    with watch.app.state.use_database():
        assert (await Incident.get(id=first.id)).escalated_at is None, "a quarter of an hour from its return"
    await watch.step(300, agent, cpu_ratio=0.97)
    with watch.app.state.use_database():
        assert (await Incident.get(id=first.id)).escalated_at is not None


async def test_who_has_a_flapping_incident_in_hand_keeps_it(watch: Watch) -> None:
    """Its end had not been told to anybody when it was back."""
    agent = await Agent.enrolled(watch.app, "gz-db1")
    await watch.step(120, agent, cpu_ratio=0.97)
    with watch.app.state.use_database():
        first = await Incident.get(cause="rule 1 gz-db1")
        await acknowledge(first, "Ada")
        await close_incident(first, clock.now())
        assert (await Incident.get(id=first.id)).closed_at is not None
        await watch.app.state.engine.look(clock.now())
        back = await Incident.get(id=first.id)
    assert back.closed_at is None and back.acknowledged_by == "Ada" and back.known_at == first.known_at


async def test_a_notice_belongs_to_one_sender_and_a_failed_one_is_tried_again(watch: Watch) -> None:
    with watch.app.state.use_database():
        channel = await Channel.get(name="duty")
        notice = await Notice.create(
            channel=channel.id,
            kind="troubles",
            subject="s",
            body="b",
            due_at=clock.now(),
            made_at=clock.now(),
        )
        assert [await claim(notice, owner, clock.now()) for owner in ("a", "b")] == [True, False]
        watch.clock.advance(minutes=3)

        async def fails(*_: str) -> None:
            raise DeliveryFailed("no route")

        assert await send_due(fails, clock.now()) == 0
        assert (await Notice.get(id=notice.id)).error == "no route"
        assert await send_due(watch.deliver, clock.now()) == 0
        watch.clock.advance(minutes=5)
        assert await send_due(watch.deliver, clock.now()) == 1
        assert (await Notice.get(id=notice.id)).state == "sent"


async def test_changes_that_do_not_leave_a_branch_are_one_trouble_whatever_its_site_is_called(
    watch: Watch,
) -> None:
    with watch.app.state.use_database():
        await AlertRule.all().delete()
        await OfferedRule.all().delete()
        await make_defaults()
        await watch.app.state.engine.load_rules()
    agent = await Agent.enrolled(watch.app, "SH", branch="SH")

    def lags(seconds: float) -> dict[str, float]:
        idle = {"cpu_ratio": 0.2, "service.another.replication_lag_seconds": 0.0}
        return {**idle, "service.branch-sh.replication_lag_seconds": seconds}

    await watch.step(120, agent, **lags(2.0))
    assert await watch.open_causes() == []
    for minute in range(1, 6):
        await watch.step(60, agent, **lags(60.0 * minute))
    assert len(await watch.open_causes()) == 1
    with watch.app.state.use_database():
        incident = await Incident.get(closed_at=None)
    assert (incident.node, incident.facts["metric"]) == ("SH", "service.*.replication_lag_seconds")
    await watch.step(180, agent, **lags(0.0))
    assert await watch.open_causes() == []
