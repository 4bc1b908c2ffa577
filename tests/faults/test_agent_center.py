"""A real agent and a center that comes, goes, forgets to answer, lies about the time and sends commands."""

import itertools
import os
import signal
import subprocess
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from shared.clock import now
from shared.nodes.command import Command, sign_command
from shared.nodes.identity import NodeKey
from shared.nodes.report import LogBatch, SampleBatch
from tests.support.agent import RunningAgent, answers, dummy, service, until
from tests.support.ports import free_port
from tests.support.stub_center import StubCenter

ADA = NodeKey.generate()


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def key(tmp_path) -> NodeKey:
    return NodeKey.load_or_create(tmp_path / "node.key")


@pytest.fixture
def center(key):
    with StubCenter(key.public_text) as found:
        yield found


def head(center: StubCenter, allow: str = '"*"', actions: str = "") -> str:
    return (
        "sample_seconds = 0.2\n"
        f'[center]\nurl = "http://127.0.0.1:{center.port}"\ncommand_keys = ["{ADA.public_text}"]\n'
        f"[commands]\nallow = [{allow}]\n{actions}"
    )


class Sender:
    """Makes signed commands with growing numbers."""

    def __init__(self, center: StubCenter) -> None:
        self.center, self.seq = center, 0

    def send(
        self, verb: str, args: dict | None = None, instance: str = "", key: NodeKey = ADA, **changes
    ) -> str:
        self.seq += 1
        command = Command(
            **{
                "id": f"command-{self.seq}",
                "node": "T1",
                "seq": self.seq,
                "verb": verb,
                "args": args or {},
                "instance": instance,
                "issued_at": now(),
                "expires_at": now() + timedelta(minutes=5),
                "requested_by": "Ada",
                "approved_by": "",
                "reason": "a test",
                **changes,
            }
        )
        self.center.commands.append(sign_command(key, command))
        return command.id

    def outcome(self, command: str) -> tuple[str, str]:
        """State and code at the end."""

        def ended():
            steps = [(state, code) for one, state, code in self.center.results() if one == command]
            return steps[-1] if steps and steps[-1][0] != "accepted" else None

        return until(ended, 20)


def test_a_report_tells_who_and_what_and_everything_arrives_once(tmp_path, port, center):
    command = dummy(port=port, say="hello\\npassword=hunter2")
    with RunningAgent(tmp_path, service("web", command, port), head(center)) as agent:
        until(lambda: len(center.samples()) > 5 and len(center.lines()) == 2)
        hello = center.reports[0].hello
        assert (hello.node, hello.services, hello.command_seq) == ("T1", ["web"], 0)
        assert set(center.of(SampleBatch)[0].names) <= set(hello.metrics)
        assert center.lines() == ["hello", "password=[redacted]"]
        assert agent.ask("status")["center"]["contact"] == "live"
        agent.end()
    assert max(Counter(center.samples()).values()) == 1
    assert center.refused == []


def test_an_agent_that_speaks_no_tls_carries_none(tmp_path, center):
    """4.6 MB of the 35 that it may take."""
    with RunningAgent(tmp_path, service("web", dummy(life=60)), head(center)) as agent:
        until(lambda: center.of(SampleBatch))
        loaded = Path(f"/proc/{agent.process.pid}/maps").read_text()
        assert "libcrypto" not in loaded and "libssl" not in loaded


def test_with_the_center_away_services_are_repaired_and_nothing_is_lost(tmp_path, port, center):
    more = "stable_seconds = 0.2\nrestart = { good_seconds = 0.1 }"
    services = service("web", dummy(port=port), port, more)
    services += service(
        "chat", ["/bin/sh", "-c", "for n in 1 2 3 4 5 6; do echo line $n; sleep 0.4; done; sleep 1000"]
    )
    with RunningAgent(tmp_path, services, head(center)) as agent:
        until(lambda: center.samples())
        center.away = True
        pid = agent.until_state("web", "running")["pid"]
        time.sleep(0.5)
        os.kill(pid, signal.SIGKILL)
        until(lambda: agent.service("web")["pid"] not in (0, pid) and answers(port))
        until(lambda: any(one["outcome"] == "recovered" for one in agent.ask("recoveries")))
        time.sleep(2)
        center.away = False
        until(lambda: len(center.lines()) == 6, 30)
        until(lambda: any(one.outcome == "recovered" for one in center.recoveries().values()), 30)
        until(lambda: agent.ask("status")["state"].get("spool_items", 0) < 5)
        agent.end()
    assert center.lines() == [f"line {number}" for number in range(1, 7)]
    stamps = sorted(center.samples())
    assert len(stamps) == len(set(stamps))
    assert max(later - earlier for earlier, later in itertools.pairwise(stamps)) < 1_000_000


def test_a_lost_acknowledgement_sends_the_same_again_under_the_same_identity(tmp_path, port, center):
    center.lose_acks = 1
    command = dummy(port=port, say="once")
    with RunningAgent(tmp_path, service("web", command, port), head(center)) as agent:
        until(lambda: len(center.reports) > 3 and "once" in center.lines(), 20)
        agent.end()
    assert len(set(center.samples())) <= len(center.samples())
    identities = {
        (batch.inode, batch.generation, line.offset) for batch in center.of(LogBatch) for line in batch.lines
    }
    assert len(identities) == 1


def test_what_was_not_sent_before_a_crash_is_sent_after_it(tmp_path, port, center):
    center.away = True
    command = dummy(port=port, say="before the crash")
    with RunningAgent(tmp_path, service("web", command, port), head(center)) as agent:
        agent.until_state("web", "running")
        until(lambda: agent.ask("status")["state"].get("spool_items", 0) > 8)
        agent.kill()
        center.away = False
        agent.start()
        until(lambda: "before the crash" in center.lines())
        agent.end()
    assert center.lines() == ["before the crash"]


def test_commands_are_carried_out_and_answered(tmp_path, port, center):
    sender = Sender(center)
    actions = 'actions = { backup = ["/bin/sh", "-c", "echo saved"], fails = ["/bin/false"] }\n'
    with RunningAgent(
        tmp_path, service("web", dummy(port=port), port), head(center, actions=actions)
    ) as agent:
        web = agent.until_state("web", "running")
        restart = sender.send("service.restart", {"service": "web"}, web["instance"])
        assert sender.outcome(restart) == ("done", "")
        fresh = agent.until_state("web", "running")
        assert fresh["instance"] != web["instance"]
        again = sender.send("service.restart", {"service": "web"}, web["instance"])
        assert sender.outcome(again) == ("done", "")
        assert agent.until_state("web", "running")["instance"] == fresh["instance"]
        assert sender.outcome(sender.send("backup.now", {"action": "backup"})) == ("done", "")
        assert sender.outcome(sender.send("backup.now", {"action": "fails"})) == ("failed", "command.failed")
        assert sender.outcome(sender.send("log.tail", {"service": "web"})) == ("done", "")
        assert sender.outcome(sender.send("diagnostics.snapshot")) == ("done", "")
        stop = sender.send("service.stop", {"service": "web"}, fresh["instance"])
        assert sender.outcome(stop) == ("done", "")
        assert not answers(port)
        assert sender.outcome(sender.send("service.start", {"service": "web"})) == ("done", "")
        assert answers(port)
        results = [
            one.result for one in center.items if getattr(one, "id", "") == again and one.state == "done"
        ]
        assert results[0]["effect"] == "none"


def test_a_process_is_killed_only_under_its_own_birthday(tmp_path, port, center):
    import psutil

    sender = Sender(center)
    target = subprocess.Popen(["sleep", "1000"])
    created_us = int(psutil.Process(target.pid).create_time() * 1_000_000)
    with RunningAgent(tmp_path, "", head(center)):
        try:
            other = {"pid": target.pid, "created_us": created_us - 5_000_000, "signal": "KILL"}
            assert sender.outcome(sender.send("process.kill", other)) == ("done", "")
            assert target.poll() is None
            assert sender.outcome(sender.send("process.kill", {**other, "created_us": created_us})) == (
                "done",
                "",
            )
            assert target.wait(5) == -signal.SIGKILL
        finally:
            target.kill()
            target.wait()


def test_a_running_service_can_be_limited(tmp_path, port, center):
    sender = Sender(center)
    with RunningAgent(tmp_path, service("web", dummy(port=port), port), head(center)) as agent:
        web = agent.until_state("web", "running")
        limit = sender.send(
            "limits.set", {"service": "web", "memory_bytes": 64 * 1024 * 1024}, web["instance"]
        )
        assert sender.outcome(limit) == ("done", "")
        result = next(
            one.result for one in center.items if getattr(one, "id", "") == limit and one.state == "done"
        )
        assert result["effect"].startswith("memory")


def test_what_the_node_does_not_believe_it_does_not_do(tmp_path, port, center):
    sender = Sender(center)
    with RunningAgent(tmp_path, service("web", dummy(port=port), port), head(center, '"log.tail"')) as agent:
        web = agent.until_state("web", "running")
        target = ({"service": "web"}, web["instance"])
        sender.send("service.stop", *target, key=NodeKey.generate())
        sender.send("service.stop", *target, node="PAR")
        forged = center.commands[-1]
        forged.payload = forged.payload.replace('"PAR"', '"T1"')
        past = now() - timedelta(hours=1)
        late = sender.send("service.stop", *target, issued_at=past, expires_at=past + timedelta(minutes=5))
        forbidden = sender.send("service.stop", *target)
        assert sender.outcome(late) == ("refused", "command.expired")
        assert sender.outcome(forbidden) == ("refused", "command.not_allowed")
        assert agent.until_state("web", "running")["instance"] == web["instance"]
        assert {command for command, _, _ in center.results()} == {late, forbidden}


def test_commands_expire_by_the_centers_clock_whatever_the_nodes_clock_says(tmp_path, port, center):
    """Seen from the node the center is 27 hours ahead; the command is fresh by the center's clock."""
    center.clock_error = timedelta(hours=27)
    sender = Sender(center)
    with RunningAgent(tmp_path, service("web", dummy(port=port), port), head(center)) as agent:
        agent.until_state("web", "running")
        until(lambda: len(center.reports) > 1)
        there = now() + center.clock_error
        fresh = sender.send(
            "log.tail", {"service": "web"}, issued_at=there, expires_at=there + timedelta(minutes=5)
        )
        assert sender.outcome(fresh) == ("done", "")


def test_a_command_cut_off_by_a_crash_is_unknown_and_never_done_again(tmp_path, port, center):
    count = tmp_path / "count"
    actions = f'actions = {{ slow = ["/bin/sh", "-c", "echo x >> {count}; sleep 30"] }}\n'
    sender = Sender(center)
    with RunningAgent(tmp_path, "", head(center, actions=actions)) as agent:
        slow = sender.send("backup.now", {"action": "slow"})
        until(count.exists)
        agent.kill()
        agent.start()
        assert sender.outcome(slow) == ("unknown", "command.unknown")
        assert sender.outcome(sender.send("diagnostics.snapshot")) == ("done", "")
        assert count.read_text() == "x\n"


def test_replayed_and_reordered_commands_are_done_at_most_once(tmp_path, port, center):
    count = tmp_path / "count"
    actions = f'actions = {{ tick = ["/bin/sh", "-c", "echo x >> {count}"] }}\n'
    sender = Sender(center)
    with RunningAgent(tmp_path, "", head(center, actions=actions)) as agent:
        commands = [sender.send("backup.now", {"action": "tick"}) for _ in range(5)]
        for command in commands:
            assert sender.outcome(command) == ("done", "")
        center.commands.reverse()
        agent.kill()
        agent.start()
        last = sender.send("backup.now", {"action": "tick"})
        assert sender.outcome(last) == ("done", "")
        assert count.read_text() == "x\n" * 6


def test_a_center_that_is_away_is_told_by_the_node_and_its_return_too(tmp_path, center):
    told = tmp_path / "told"
    command = f'["sh", "-c", "echo $TRUNKLINE_CENTER_STATE >> {told}"]'
    more = head(center).replace("[commands]", f"alarm = {command}\nalarm_after_seconds = 1.2\n[commands]")
    with RunningAgent(tmp_path, "", more):
        until(lambda: center.reports)
        center.away = True
        until(lambda: told.exists() and told.read_text() == "away\n", 15)
        center.away = False
        until(lambda: told.read_text() == "away\nback\n", 20)
        assert told.read_text().split() == ["away", "back"]
