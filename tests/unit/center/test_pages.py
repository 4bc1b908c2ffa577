"""A system administrator's day at the center, page by page, in both languages; and who may not see them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from netops.center.app import center_app
from netops.center.audit.handlers import ACTIONS, audit_row
from netops.center.commands.views import commands_table
from netops.center.incidents.actions import link, open_incident
from netops.center.incidents.views import notices_table
from netops.center.incidents.words import exit_word
from netops.center.ingest.routes import ROUTES as AGENT_ROUTES
from netops.center.models import AuditEntry, Incident, Notice
from netops.center.nodes.actions import enrol
from netops.center.nodes.problems import problem_of
from netops.center.routes import ROUTES
from shared import clock
from shared.i18n import use_locale
from shared.nodes.identity import NodeKey
from shared.nodes.report import RecoveryRecord, ServiceState
from shared.web.parts import Empty
from shared.web.routing import PUBLIC
from shared.web.words import STATUSES
from tests.support.agent import ROOT
from tests.support.center_process import prepared
from tests.support.center_site import Agent
from tests.support.site_client import Client, client_of
from tests.support.web_site import Visitor

PAGES = ("/", "/nodes/gz-db1", "/nodes/gz-db1/edit", "/incidents", "/incidents?show=all", "/incidents/1", "/logs?span=24h", "/logs?q=timeout",
         "/recovery", "/rules", "/rules/1", "/rules/new", "/maintenance", "/channels", "/status", "/commands", "/commands/rights", "/audit",
         "/enrol", "/incidents/1/timeline.csv", "/incidents/1/timeline.md", "/logs/export?format=csv&span=24h",
         "/nodes/gz-db1/series?range=15m")  # fmt: skip


@dataclass
class Ada:
    """Ada, sysadmin, before the center with one node in trouble."""

    app: Starlette
    client: Client
    visitor: Visitor

    def run(self, work: Any, *args: Any) -> Any:
        """A coroutine function on the site's own loop, with its database."""

        async def inside() -> Any:
            with self.app.state.use_database():
                return await work(*args)

        return self.client.inside(inside)


async def trouble(app: Starlette) -> None:
    """A node that reports, logs, healed once, and has an open incident."""
    agent = await Agent.enrolled(app, "gz-db1", branch="GZ")
    healed = RecoveryRecord(
        key=77, id="r1", service="web", cause="exit", action="restart", outcome="recovered",
        detected_at=clock.now(), ready_seconds=0.036, detect_seconds=0.001, act_seconds=0.02,
    )  # fmt: skip
    await agent.says(
        agent.samples(cpu_ratio=0.97, memory_used_ratio=0.5),
        agent.lines("db timeout <b>order</b>", level="error"),
        healed,
        condition="overloaded",
        services=[ServiceState(name="web", state="running", instance="i1", is_ready=True)],
    )
    await open_incident(
        "rule", "rule 2 gz-db1", severity=2, opened_at=clock.now() - timedelta(minutes=6), nodes=["gz-db1"],
        node=app.state.fleet.get("gz-db1"),
        facts={"rule": "CPU is overloaded", "metric": "cpu_ratio", "value": 0.97, "limit": 0.9},
    )  # fmt: skip


@pytest.fixture
def ada(center_of_ada: Ada) -> Ada:
    """Ada, who reads English again whatever the test before left."""
    center_of_ada.visitor.open("/")
    center_of_ada.visitor.send("/language", to="en", back="/")
    return center_of_ada


@pytest.fixture(scope="module")
def center_of_ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ada]:
    folder: Path = tmp_path_factory.mktemp("center")
    app = center_app(prepared(folder, []))
    with client_of(app) as client:
        found = Ada(app, client, Visitor(client))
        found.run(trouble, app)
        found.visitor.sign_in("ada")
        yield found


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_every_page_opens_in_both_languages(ada: Ada, locale: str) -> None:
    ada.visitor.open("/")
    ada.visitor.send("/language", to=locale, back="/")
    for url in PAGES:
        answer = ada.visitor.open(url)
        assert answer.status_code == 200, url
    assert ada.visitor.open("/").text.count("gz-db1") > 2


def test_how_grave_a_line_is_stands_in_the_readers_words(ada: Ada) -> None:
    ada.visitor.send("/language", to="zh_CN", back="/")
    for url in ("/logs?q=timeout&span=24h", "/nodes/gz-db1"):
        page = ada.visitor.open(url).text
        assert "<b>错误</b>" in page and "<b>error</b>" not in page, url


def test_what_a_node_logged_is_shown_as_text_never_as_markup(ada: Ada) -> None:
    page = ada.visitor.open("/logs?q=timeout&span=24h").text
    assert "db timeout &lt;b&gt;order&lt;/b&gt;" in page
    assert "<b>order</b>" not in page


def test_an_incident_is_acknowledged_in_one_press_and_the_timeline_says_by_whom(ada: Ada) -> None:
    ada.visitor.open("/incidents/1")
    ada.visitor.send("/incidents/1/acknowledge")
    assert "Ada" in ada.visitor.text()
    again = ada.visitor.send("/incidents/1/acknowledge")
    assert again.status_code == 409
    ada.visitor.open("/incidents/1")
    assert ada.visitor.send("/incidents/1/snooze", hours="999", reason="later").status_code == 422
    ada.visitor.send("/incidents/1/snooze", hours="2", reason="later")
    ada.visitor.send("/incidents/1/note", text="disk swapped")
    assert "disk swapped" in ada.visitor.text()


def test_incidents_stand_behind_the_curves_of_their_time(ada: Ada) -> None:
    found = ada.client.get("/nodes/gz-db1/series?range=1h", headers={"accept": "application/json"}).json()
    ((begin, end, _title),) = [band for band in found["bands"] if band[2] == "gz-db1: CPU is overloaded"]
    assert end is None and begin >= found["first"]
    later = ada.client.get("/nodes/sh-app9/series")
    assert later.status_code == 404


def test_a_node_is_moved_behind_another_and_never_behind_itself(ada: Ada) -> None:
    ada.run(partial(enrol, "gz-line", "line", NodeKey.generate().public_text, fleet=ada.app.state.fleet))
    ada.visitor.open("/nodes/gz-db1/edit")
    ada.visitor.send("/nodes/gz-db1/edit", role="database", branch="GZ", behind="gz-line")
    assert [node.name for node in ada.app.state.fleet.behind("gz-line")] == ["gz-db1"]
    ada.visitor.open("/nodes/gz-line/edit")
    circle = ada.visitor.send("/nodes/gz-line/edit", role="line", behind="gz-db1")
    assert circle.status_code == 422 and "cannot run through" in ada.visitor.text()
    assert "changed where node gz-db1 stands" in ada.visitor.open("/audit").text


def test_a_rule_that_would_clear_while_it_fires_is_refused_and_a_good_one_is_tried_and_kept(ada: Ada) -> None:
    ada.visitor.open("/rules/new")
    rule = {
        "name": "swap", "metric": "memory_used_ratio", "kind": "above", "fire": "80", "window_minutes": "5",
        "for_minutes": "1", "keep_minutes": "5", "severity": "2", "is_enabled": "1",
    }  # fmt: skip
    assert ada.visitor.send("/rules/new", clear="95", **rule).status_code == 422
    assert ada.visitor.send("/rules/new/try", clear="70", **rule).status_code == 200
    assert 'id="tried"' in ada.visitor.page
    ada.visitor.send("/rules/new", clear="70", **rule)
    assert "swap" in ada.visitor.text()
    assert any(kept.name == "swap" and kept.fire_at == 0.8 for kept in ada.app.state.engine.rules)


def test_a_rule_of_the_center_is_changed_in_chinese_and_keeps_its_name_in_both_languages(ada: Ada) -> None:
    ada.visitor.open("/")
    ada.visitor.send("/language", to="zh_CN", back="/")
    shown = ada.visitor.open("/rules/2").text
    assert 'value="处理器过载"' in shown and "CPU is overloaded" not in shown
    typed = {
        "name": "处理器过载", "metric": "cpu_ratio", "kind": "above", "fire": "91", "clear": "75", "window_minutes": "5",
        "for_minutes": "3", "keep_minutes": "5", "severity": "2", "is_enabled": "1",
    }  # fmt: skip
    ada.visitor.send("/rules/2", **typed)
    assert "处理器过载" in ada.visitor.open("/audit").text
    ada.visitor.send("/language", to="en", back="/")
    assert "CPU is overloaded" in ada.visitor.open("/rules").text


def test_a_percent_sign_in_a_rules_name_is_a_percent_sign(ada: Ada) -> None:
    ada.visitor.open("/rules/new")
    typed = {
        "name": "Disk > 90% full", "metric": "disk_used_ratio", "kind": "above", "fire": "90", "clear": "80",
        "window_minutes": "5", "for_minutes": "1", "keep_minutes": "5", "severity": "3", "is_enabled": "1",
        "advice": "Free 10% of it.",
    }  # fmt: skip
    ada.visitor.send("/rules/new", **typed)
    for url in ("/rules", f"/rules/{max(rule.id for rule in ada.app.state.engine.rules)}", "/audit"):
        answer = ada.visitor.open(url)
        assert answer.status_code == 200 and "Disk &gt; 90% full" in answer.text, url


def test_an_order_at_many_nodes_is_counted_in_the_readers_language(ada: Ada) -> None:
    entry = AuditEntry(
        seq=1, action="command.request", subject="30 nodes", actor="Ada", reason="a test", at=clock.now(),
        facts={"verb": "service.restart", "args": {}, "commands": {f"n{one}": [] for one in range(30)}},
    )  # fmt: skip
    with use_locale("zh_CN"):
        assert "30 个节点" in audit_row(entry, None, is_checked=True).text


def test_a_window_for_a_node_that_does_not_exist_is_refused_with_words(ada: Ada) -> None:
    ada.visitor.open("/maintenance")
    window = {
        "starts_at": "2026-01-01 10:00",
        "ends_at": "2026-01-01 11:00",
        "reason": "disk",
        "scope": "node",
    }
    assert ada.visitor.send("/maintenance", name="nowhere", **window).status_code == 422
    assert ada.visitor.send("/maintenance", name="gz-db1", **window).status_code == 422
    window["ends_at"] = "2099-01-01 11:00"
    assert ada.visitor.send("/maintenance", name="gz-db1", **window).status_code == 422


def test_a_planned_window_is_changed_and_stands_in_the_audit(ada: Ada) -> None:
    ada.visitor.open("/maintenance")
    window = {
        "starts_at": "2099-01-01 10:00",
        "ends_at": "2099-01-01 11:00",
        "scope": "node",
        "name": "gz-db1",
    }
    ada.visitor.send("/maintenance", **window, repeats="monthly", reason="disk")
    (edit,) = re.findall(r"/maintenance/[-0-9a-f]+/edit", ada.visitor.page)
    ada.visitor.open(edit)
    assert 'value="2099-01-01 10:00"' in ada.visitor.page
    url = edit.removesuffix("/edit")
    assert (
        ada.visitor.send(url, **{**window, "ends_at": "2099-01-01 09:00"}, reason="disk").status_code == 422
    )
    ada.visitor.send(url, **{**window, "ends_at": "2099-01-01 12:00"}, reason="two disks")
    assert "two disks" in ada.visitor.text()
    assert '<span class="ops-nowrap">2099-01-01 12:00</span>' in ada.visitor.page, (
        "a date is not broken on a phone"
    )
    ada.visitor.open("/audit")
    assert "two disks" in ada.visitor.text()


def test_a_channel_may_not_run_programs_and_its_address_is_never_shown(ada: Ada) -> None:
    ada.visitor.open("/channels")
    channel = {"name": "duty", "least_severity": "2", "locale": "en"}
    assert ada.visitor.send("/channels", address="syslog://localhost", **channel).status_code == 422
    assert ada.visitor.send("/channels", address="file:///etc/passwd", **channel).status_code == 422
    ada.visitor.send("/channels", address="json://user:secret@example.test/x", **channel)
    assert "json://…@example.test" in ada.visitor.text()
    assert "secret" not in ada.visitor.open("/channels").text


def test_nobody_sees_the_center_without_signing_in_but_the_status(ada: Ada) -> None:
    stranger = ada.visitor.other_browser()
    assert stranger.client.get("/status").status_code == 200
    public = {route.url for route in ROUTES if route.permission is PUBLIC and not route.is_signed}
    agents = {route.url for route in AGENT_ROUTES}
    for route in ROUTES:
        if route.method == "GET" and route.url not in public | agents and not route.is_api:
            url = route.url.replace("{number:int}", "1").replace("{id:int}", "1").replace("{name}", "gz-db1")
            if "{" not in url and not route.is_signed:
                answer = stranger.client.get(url, follow_redirects=False)
                assert answer.status_code in (303, 401, 403), url


def test_whatever_an_operator_does_stands_in_the_audit_in_words() -> None:
    text = "\n".join(path.read_text("utf-8") for path in (ROOT / "netops/center").rglob("*.py"))
    written = set(re.findall(r'(?:record|Act)\(\s*[\w.]+,\s*"([a-z]+\.[a-z_]+)"', text))
    assert len(written) > 20
    assert written <= set(ACTIONS)


def test_a_linked_incident_names_its_cause_and_the_cause_what_it_explains(ada: Ada) -> None:
    async def linked() -> tuple[int, int]:
        now, node = clock.now(), ada.app.state.fleet.get("gz-db1")
        about = {"severity": 1, "opened_at": now, "nodes": ["gz-db1"], "node": node}
        cause = await open_incident("silent", "silent gz-db1", **about)
        effect = await open_incident("unhealthy", "agent e1", service="web", **about)
        await link(effect, cause.id, cause.number, now)
        return cause.number, effect.number

    cause, effect = ada.run(linked)
    page = ada.visitor.open(f"/incidents/{effect}").text
    assert f'Caused by: <a href="/incidents/{cause}">INC-{cause} gz-db1 is silent</a>' in page
    assert f"caused by INC-{cause}" in page and "its cause is told" in page
    assert f'<a href="/incidents/{effect}">INC-{effect} web on gz-db1 does not answer</a>' in (
        ada.visitor.open(f"/incidents/{cause}").text
    )
    listed = ada.visitor.open("/incidents").text
    assert "Caused by" in listed and f'href="/incidents/{cause}">INC-{cause}</a>' in listed


def test_a_signal_that_ended_a_service_is_named_in_the_readers_words() -> None:
    """As agents say it: "signal SIGKILL", "exit 3"."""
    with use_locale("zh_CN"):
        assert exit_word("signal SIGKILL") == "信号 SIGKILL" and exit_word("exit 3") == "退出码 3"
        ended = Incident(
            kind="crash_loop", node="SH", service="web", exit="signal SIGKILL", opened_at=clock.now()
        )
        assert problem_of(ended, clock.now()).text.endswith("；信号 SIGKILL")
    with use_locale("en"):
        assert exit_word("exit 3") == "exit code 3" and exit_word("not started") == "not started"


def test_why_nobody_could_be_told_is_said_in_the_readers_words() -> None:
    failed = Notice(
        made_at=clock.now(), state="waiting", tries=2, error="the address did not take the message"
    )
    with use_locale("zh_CN"):
        assert (
            notices_table([(failed, "duty")], Empty("nothing", "")).rows[0].cells["error"]
            == "该地址未接收消息"
        )
        sending = Notice(made_at=clock.now(), state="sending", tries=1)
        status = notices_table([(sending, "duty")], Empty("nothing", "")).rows[0].cells["state"]
        assert STATUSES[status.key].word == "being sent"


def test_a_node_is_found_by_a_part_of_its_name_from_every_page(ada: Ada) -> None:
    ada.visitor.open("/find?q=db1")
    assert 'href="/nodes/gz-db1"' in ada.visitor.page
    assert "gz-db1" not in ada.visitor.open("/find?q=nothing-of-this-name").text


def test_what_is_not_there_is_said_once(ada: Ada) -> None:
    ada.visitor.open("/nodes/nowhere")
    assert "Nothing here" in ada.visitor.text() and "lies outside what you may see" in ada.visitor.text()


def test_until_when_a_command_is_valid_is_told_while_it_may_be_taken() -> None:
    open_ones, ended = (
        [column.key for column in commands_table("one", "", [], "", is_over=is_over).columns]
        for is_over in (False, True)
    )
    assert [key for key in open_ones if key not in ended] == ["expires"]


@pytest.mark.parametrize(
    ("url", "typed", "told"),
    [
        ("/rules/new", {"name": "x", "fire": "abc"}, ["Name: Enter at least 3", "Fires at: Enter a number"]),
        ("/nodes/gz-db1/edit", {"role": ""}, ["Role: Enter this"]),
        ("/enrol", {"node": "", "role": "branch"}, ["Node: Enter this"]),
        ("/maintenance", {"scope": "node", "reason": "x"}, ["Reason: Enter at least 3"]),
        (
            "/maintenance",
            {"scope": "node", "starts_at": "2099-01-01 10:00", "ends_at": "2099-01-01 09:00"},
            ["Node or branch: Enter the node or", "Ends: The end must lie after", "Reason: Enter this"],
        ),
        (
            "/maintenance",
            {"scope": "branch", "name": "nowhere", "starts_at": "soon"},
            [
                "Node or branch: No branch",
                "Starts: Enter a date and time",
                "Ends: Enter this",
                "Reason: Enter this",
            ],
        ),
        (
            "/maintenance",
            {
                "scope": "all",
                "starts_at": "2026-02-31 10:00",
                "ends_at": "2026/03/01 10:00",
                "reason": "floor",
            },
            ["Starts: There is no such day"],
        ),
        ("/channels", {"name": "x", "address": "json://example.test"}, ["Name: Enter at least 2"]),
        ("/incidents/1/snooze", {"hours": "999", "reason": "later"}, ["Hours: Enter 168 or less"]),
    ],
)
def test_a_summary_of_errors_names_the_fields(
    ada: Ada, url: str, typed: dict[str, str], told: list[str]
) -> None:
    ada.visitor.open("/rules/new")
    assert ada.visitor.send(url, **typed).status_code == 422
    text = ada.visitor.text()
    assert all(words in text for words in told), text
    assert [*sorted(told, key=text.index)] == told, "in the order of their boxes"
