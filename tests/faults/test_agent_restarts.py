"""Real processes die and hang under a real agent."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.agent import ROOT, RunningAgent, answers, dummy, service, until
from tests.support.ports import free_port


@pytest.fixture
def port() -> int:
    return free_port()


def pid_of(agent: RunningAgent, name: str = "web") -> int:
    return int(agent.until_state(name, "running")["pid"])


def test_a_killed_service_is_back_and_its_recovery_is_on_record(tmp_path, port):
    more = "stable_seconds = 0.3\nrestart = { good_seconds = 0.1 }"
    with RunningAgent(tmp_path, service("web", dummy(port=port), port, more)) as agent:
        pid = pid_of(agent)
        time.sleep(0.3)
        os.kill(pid, signal.SIGKILL)
        until(lambda: answers(port) and pid_of(agent) != pid)
        record = until(lambda: [one for one in agent.ask("recoveries") if one["outcome"] == "recovered"])[0]
        assert (record["cause"], record["action"], record["exit"]) == ("exit", "restart", "signal SIGKILL")
        assert record["instance_before"] != record["instance_after"] == agent.service("web")["instance"]
        assert record["detected_at"] <= record["acted_at"] <= record["ready_at"] <= record["stable_at"]
        assert record["act_seconds"] <= record["ready_seconds"]


def test_what_a_killed_service_started_is_killed_too(tmp_path, port):
    with RunningAgent(tmp_path, service("web", dummy(port=port, child=1), port)) as agent:
        pid = pid_of(agent)
        (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        os.kill(pid, signal.SIGKILL)
        assert until(lambda: answers(port) and pid_of(agent) != pid)
        assert until(lambda: not os.path.exists(f"/proc/{child}")), "its child ended with it"
        (fresh,) = Path(f"/proc/{pid_of(agent)}/task/{pid_of(agent)}/children").read_text().split()
        assert fresh != child


def test_a_stopped_process_is_replaced_twice_within_thirty_seconds(tmp_path, port):
    with RunningAgent(tmp_path, service("web", dummy(port=port), port)) as agent:
        for _ in range(2):
            pid = pid_of(agent)
            os.kill(pid, signal.SIGSTOP)
            until(lambda pid=pid: agent.service("web")["pid"] not in (0, pid) and answers(port), 15)
        assert {record["cause"] for record in agent.ask("recoveries")} == {"hang"}


def test_a_deadlock_is_seen_and_a_busy_process_gets_more_patience(tmp_path, port):
    more = "restart = { good_seconds = 0.1 }"
    with RunningAgent(tmp_path, service("web", dummy(port=port), port, more)) as agent:
        waited = {}
        for trouble in ("hang", "spin"):
            pid = pid_of(agent)
            time.sleep(0.3)
            answers(port, f"/{trouble}", timeout=0.05)
            began = time.monotonic()
            until(lambda pid=pid: agent.service("web")["pid"] not in (0, pid), 20)
            waited[trouble] = time.monotonic() - began
        assert waited["spin"] > waited["hang"]


def test_a_service_that_keeps_dying_becomes_one_incident_and_others_stay_up(tmp_path, port):
    more = "restart = { first_delay_seconds = 0.05 }"
    services = service("bad", dummy(say="about to fail", exit=3, life=0.02), more=more)
    with RunningAgent(tmp_path, services + service("web", dummy(port=port), port)) as agent:
        web = pid_of(agent)
        bad = agent.until_state("bad", "crash_loop")
        assert bad["starts_in_window"] == 5
        (incident,) = agent.ask("incidents")
        assert (incident["kind"], incident["exit"]) == ("crash_loop", "exit 3")
        assert "about to fail" in incident["last_lines"][-1]
        assert agent.ask("status")["state"]["condition"] == "failed"
        assert pid_of(agent) == web


def test_a_crash_loop_heals_by_itself_when_the_cause_goes(tmp_path, port):
    cause = tmp_path / "cause"
    cause.touch()
    command = ["/bin/sh", "-c", f"test -e {cause} && exit 7; exec sleep 1000"]
    more = "restart = { first_delay_seconds = 0.02, slow_try_seconds = 0.5, good_seconds = 0.3 }"
    with RunningAgent(tmp_path / "node", service("bad", command, more=more)) as agent:
        agent.until_state("bad", "crash_loop")
        cause.unlink()
        agent.until_state("bad", "running")
        incident = until(lambda: [one for one in agent.ask("incidents") if "closed_at" in one])
        assert len(incident) == 1


def test_a_command_that_does_not_exist_is_a_failure_like_any_other(tmp_path):
    more = "restart = { first_delay_seconds = 0.02 }"
    with RunningAgent(tmp_path, service("bad", ["/no/such/program"], more=more)) as agent:
        found = agent.until_state("bad", "crash_loop")
        assert "cannot be started: No such file" in found["reason"]


def test_a_service_deaf_to_term_is_killed_after_its_grace(tmp_path, port):
    more = "stop_grace_seconds = 0.3"
    with RunningAgent(tmp_path, service("web", dummy(port=port, deaf=1), port, more)) as agent:
        pid_of(agent)
        agent.ask("stop", service="web")
        found = agent.until_state("web", "stopped")
        assert found["last_exit"] == "signal SIGKILL"
        assert agent.ask("recoveries") == []


def test_a_service_may_take_its_grace_to_end(tmp_path, port):
    with RunningAgent(tmp_path, service("web", dummy(port=port, stop_delay=0.5), port)) as agent:
        pid_of(agent)
        agent.ask("stop", service="web")
        assert agent.until_state("web", "stopped")["last_exit"] == "exit 0"


def test_a_service_that_is_never_ready_is_started_again(tmp_path, port):
    more = "start_seconds = 0.4\nrestart = { first_delay_seconds = 0.02 }"
    command = dummy(port=port, status="500 Broken")
    with RunningAgent(tmp_path, service("web", command, port, more)) as agent:
        record = until(lambda: agent.ask("recoveries"))[0]
        assert record["cause"] == "hang"
        assert "not ready" in record["detail"]


def test_a_busy_answer_makes_a_service_unready_but_never_restarts_it(tmp_path, port):
    command = dummy(port=port, status="503 Busy")
    probe = (
        f'[[services.probes]]\nkind = "tcp"\naddress = "127.0.0.1:{port}"\n'
        f'[[services.probes]]\nurl = "http://127.0.0.1:{port}/"\ninterval_seconds = 0.1\n'
    )
    with RunningAgent(tmp_path, service("web", command) + probe) as agent:
        first = until(lambda: agent.service("web")["pid"])
        time.sleep(2.5)
        found = agent.service("web")
        assert (found["pid"], found["state"], agent.ask("recoveries")) == (first, "starting", [])


def test_services_start_after_what_they_need_and_restart_with_it(tmp_path, port):
    other = free_port()
    services = service("page", dummy(port=other), other, 'depends_on = ["web"]')
    services += service("web", dummy(port=port, start_delay=0.4), port)
    with RunningAgent(tmp_path, services) as agent:
        assert agent.service("page")["state"] == "waiting"
        before = agent.until_state("page", "running"), agent.until_state("web", "running")
        agent.ask("restart", service="web", with_dependants=True)
        until(lambda: agent.service("page")["instance"] not in ("", before[0]["instance"]))
        after = agent.until_state("page", "running"), agent.until_state("web", "running")
        assert after[1]["instance"] != before[1]["instance"]
        assert after[1]["ready_at"] <= after[0]["since"]
        assert agent.ask("recoveries") == []


def test_a_stop_is_remembered_and_a_start_comes_at_once_even_from_a_crash_loop(tmp_path):
    more = "restart = { first_delay_seconds = 0.02 }"
    with RunningAgent(tmp_path, service("bad", dummy(life=0.02, exit=1), more=more)) as agent:
        agent.until_state("bad", "crash_loop")
        agent.ask("start", service="bad")
        until(lambda: agent.ask("incidents")[0].get("tries") == 1)
        agent.ask("stop", service="bad")
        agent.until_state("bad", "stopped")
        agent.kill()
        agent.start()
        time.sleep(0.5)
        assert agent.service("bad")["state"] == "stopped"


@pytest.mark.slow
def test_a_saturated_host_costs_no_healthy_service(tmp_path, port):
    """Four spinning processes per core, at normal priority, for twelve seconds."""
    burn = [sys.executable, "-S", "-c", "while True: pass"]
    with RunningAgent(tmp_path, service("web", dummy(port=port), port)) as agent:
        pid = pid_of(agent)
        spinning = [subprocess.Popen(burn) for _ in range(4 * (os.cpu_count() or 1))]
        try:
            time.sleep(12)
            assert pid_of(agent) == pid
            assert agent.ask("recoveries") == []
        finally:
            for process in spinning:
                process.kill()
                process.wait()


def test_no_part_of_the_agent_brings_a_web_framework_or_an_orm():
    modules = sorted(path.stem for path in (ROOT / "netops" / "agent").glob("*.py"))
    code = (
        "import sys\n"
        + "\n".join(f"import netops.agent.{module}" for module in modules)
        + "\nfound = {'starlette', 'tortoise', 'pydantic', 'jinja2', 'httpx', 'structlog', 'arq', 'babel'} & set(sys.modules)"
        "\nsys.exit(' '.join(found) or 0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_child_that_cannot_be_taken_into_care_does_not_live_on(tmp_path, port, monkeypatch):
    """The agent has no file descriptors left at the very moment a service was started."""
    import asyncio

    from netops.agent.drivers.process import ProcessDriver
    from netops.agent.settings import Service

    def none_left(_pid: int) -> int:
        raise OSError("Too many open files")

    async def start() -> None:
        await driver.start(Service(name="web", command=dummy(port=port)), tmp_path / "log")

    driver = ProcessDriver(os.fspath(tmp_path))
    monkeypatch.setattr(os, "pidfd_open", none_left)
    with pytest.raises(OSError, match="Too many"):
        asyncio.run(start())
    assert driver.strays(()) == []
