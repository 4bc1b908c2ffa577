"""The agent itself is killed, ended, misled: the services stay, or go, as the node file says."""

import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.support.agent import ROOT, RunningAgent, answers, dummy, service, until
from tests.support.ports import free_port


@pytest.fixture
def port() -> int:
    return free_port()


def test_a_killed_agent_leaves_the_services_and_its_successor_adopts_them(tmp_path, port):
    with RunningAgent(tmp_path, service("web", dummy(port=port), port)) as agent:
        before = agent.until_state("web", "running")
        agent.kill()
        assert answers(port)
        agent.start()
        after = agent.until_state("web", "running")
        assert (after["pid"], after["instance"]) == (before["pid"], before["instance"])
        os.kill(after["pid"], signal.SIGKILL)
        until(lambda: agent.service("web")["pid"] not in (0, before["pid"]))
        assert until(lambda: agent.ask("recoveries"))[0]["exit"] == "unknown"


def test_a_node_file_that_was_changed_meanwhile_says_what_is_started(tmp_path, port):
    def file(more: str) -> str:
        return service("web", dummy(port=port), port, more)

    with RunningAgent(tmp_path, file("")) as agent:
        agent.until_state("web", "running")
        agent.end()
        agent.write(file("autostart = false"))
        agent.start()
        assert agent.service("web")["state"] == "stopped"
        agent.ask("start", service="web")
        agent.until_state("web", "running")
        agent.end()
        agent.start()  # the same file: what a person wanted stands
        agent.until_state("web", "running")


def test_a_service_that_died_while_the_agent_was_away_counts_as_lost(tmp_path, port):
    with RunningAgent(tmp_path, service("web", dummy(port=port), port)) as agent:
        pid = agent.until_state("web", "running")["pid"]
        agent.kill()
        os.kill(pid, signal.SIGKILL)
        until(lambda: not answers(port))
        agent.start()
        agent.until_state("web", "running")
        assert until(lambda: agent.ask("recoveries"))[0]["cause"] == "lost"  # written beside what is shown


def test_a_service_the_journal_does_not_know_is_found_by_its_mark(tmp_path, port):
    with RunningAgent(tmp_path, service("web", dummy(port=port), port)) as agent:
        before = agent.until_state("web", "running")
        agent.kill()
        for path in (tmp_path / "state").glob("journal.db*"):
            path.unlink()
        agent.start()
        assert agent.until_state("web", "running")["pid"] == before["pid"]
        assert len(agent.strays()) == 1


def test_a_number_given_to_another_process_is_not_adopted(tmp_path, port):
    """The journal says pid N started at tick T; N runs, but it started at another time."""
    import sqlite3

    import msgspec

    with RunningAgent(tmp_path, service("web", dummy(port=port), port)) as agent:
        pid = agent.until_state("web", "running")["pid"]
        agent.kill()
        os.killpg(pid, signal.SIGKILL)
        stranger = subprocess.Popen(["sleep", "100"])
        try:
            database = sqlite3.connect(tmp_path / "state" / "journal.db")
            (content,) = database.execute("select content from memory").fetchone()
            memory = msgspec.json.decode(content)
            memory["mark"]["pid"] = stranger.pid
            database.execute("update memory set content = ?", (msgspec.json.encode(memory),))
            database.commit()
            database.close()
            agent.start()
            assert agent.until_state("web", "running")["pid"] != stranger.pid
            agent.end()
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()


def test_a_crash_loop_is_not_forgotten_when_the_agent_is_killed(tmp_path):
    more = "restart = { first_delay_seconds = 0.02 }"
    with RunningAgent(tmp_path, service("bad", dummy(life=0.02, exit=1), more=more)) as agent:
        agent.until_state("bad", "crash_loop")
        time.sleep(
            1.0
        )  # the journal is written behind the supervisor's back; that it is, is another test's matter
        agent.kill()
        agent.start()
        time.sleep(0.5)
        found = agent.service("bad")
        assert (found["state"], found["starts_in_window"]) == ("crash_loop", 5)
        assert len(agent.ask("incidents")) == 1


def test_term_ends_all_services_those_that_need_others_first(tmp_path, port):
    other = free_port()
    services = service("page", dummy(port=other, stop_delay=0.4), other, 'depends_on = ["web"]')
    services += service("web", dummy(port=port), port)
    with RunningAgent(tmp_path, services) as agent:
        agent.until_state("page", "running")
        agent.end()
        assert agent.process.returncode == 0
        assert agent.strays() == []
        log = agent.log()
        assert log.index('"service":"page","state":"stopped"') < log.index(
            '"service":"web","state":"stopping"'
        )


def test_an_agent_that_is_told_to_leave_its_services_leaves_them(tmp_path, port):
    with RunningAgent(tmp_path, service("web", dummy(port=port), port), 'on_exit = "leave"') as agent:
        before = agent.until_state("web", "running")
        agent.end()
        assert answers(port)
        agent.start()
        assert agent.until_state("web", "running")["pid"] == before["pid"]
        agent.ask("end", services="stop")
        until(lambda: not agent.strays())


def test_two_agents_never_share_a_folder(tmp_path, port):
    with RunningAgent(tmp_path, service("web", dummy(port=port), port)) as agent:
        second = subprocess.run(
            [sys.executable, "-m", "netops", "agent", "--file", os.fspath(agent.file)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        assert second.returncode == 2
        assert "already at work" in second.stderr


def test_a_damaged_journal_is_set_aside_and_the_services_are_kept(tmp_path, port):
    with RunningAgent(tmp_path, service("web", dummy(port=port), port)) as agent:
        before = agent.until_state("web", "running")
        agent.kill()
        for path in (tmp_path / "state").glob("journal.db-*"):
            path.unlink()
        (tmp_path / "state" / "journal.db").write_bytes(b"not a database, " * 1000)
        agent.start()
        assert agent.until_state("web", "running")["pid"] == before["pid"]
        assert (tmp_path / "state" / "journal.damaged").exists()


def test_with_the_disk_full_services_are_still_repaired(tmp_path):
    """The state folder is a tiny file system that is filled to the last block."""
    folder = tmp_path / "node"
    folder.mkdir()
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "none", os.fspath(folder)],
            capture_output=True,
            check=False,
        ).returncode
    ):
        pytest.skip("cannot mount a small file system here")
    port = free_port()
    try:
        with RunningAgent(folder, service("web", dummy(port=port), port)) as agent:
            pid = agent.until_state("web", "running")["pid"]
            with (
                pytest.raises(OSError, match="No space"),
                (folder / "fill").open("wb", buffering=0) as filler,
            ):
                while True:
                    filler.write(bytes(4096))
            os.kill(pid, signal.SIGKILL)
            until(lambda: agent.service("web")["pid"] not in (0, pid) and answers(port))
            assert agent.until_state("web", "running")["is_ready"]
    finally:
        subprocess.run(["umount", os.fspath(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)


def test_the_node_file_can_be_read_again(tmp_path, port):
    other = free_port()
    with RunningAgent(tmp_path, service("web", dummy(port=port), port) + service("old", dummy())) as agent:
        web = agent.until_state("web", "running")
        head = agent.file.read_text().partition("[[services]]")[0]
        agent.file.write_text(
            head + service("web", dummy(port=port), port) + service("new", dummy(port=other), other)
        )
        assert sorted(agent.ask("reload")) == ["new added", "old removed"]
        agent.until_state("new", "running")
        assert agent.service("web")["pid"] == web["pid"]
        agent.file.write_text("node = ")
        with pytest.raises(ValueError, match="is not TOML"):
            agent.ask("reload")
        assert answers(port)


def test_the_command_line_tells_and_orders(tmp_path, port):
    def netops(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "netops", "agent", "--file", os.fspath(agent.file), *words]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)

    slow = service("web", dummy(port=port, deaf=1), port, "stop_grace_seconds = 0.5")
    with RunningAgent(tmp_path, slow) as agent:
        agent.until_state("web", "running")
        assert "web                  running" in netops("status").stdout
        assert '"node": "T1"' in netops("status", "--json").stdout
        assert "memory_total_bytes" in netops("values").stdout
        assert netops("stop", "web").stdout == "stop web\n"
        assert agent.service("web")["state"] == "stopped", (
            "whoever reads that it is stopped may move its files"
        )
        unknown = netops("stop", "nothing")
        assert (unknown.returncode, unknown.stderr) == (
            1,
            "there is no service 'nothing' here; there are: web\n",
        )
        agent.end()
        away = netops("status")
        assert away.returncode == 1
        assert "no agent answers" in away.stderr


def test_the_local_page_is_closed_to_others(tmp_path, port):
    with RunningAgent(tmp_path, service("web", dummy(port=port), port)):
        state = tmp_path / "state"
        assert (state.stat().st_mode & 0o777, (state / "agent.sock").stat().st_mode & 0o777) == (0o700, 0o600)


def test_a_folder_too_deep_for_a_socket_address_works_too(tmp_path, port):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with RunningAgent(deep, service("web", dummy(port=port), port)) as agent:
        assert agent.until_state("web", "running")["pid"]


def test_a_changed_service_keeps_what_people_wanted_and_its_incident(tmp_path):
    def of(more: str, bad: list[str]) -> str:
        quick = "restart = { first_delay_seconds = 0.02, good_seconds = 0.3 }"
        late = service("late", dummy(life=1000), more=f"autostart = false\n{more}")
        unwanted = service("unwanted", dummy(life=1000), more=more)
        return late + unwanted + service("bad", bad, more=quick)

    with RunningAgent(tmp_path, of("", dummy(exit=3, life=0.02))) as agent:
        agent.until_state("bad", "crash_loop")
        agent.ask("start", service="late")
        agent.until_state("late", "running")
        agent.ask("stop", service="unwanted")
        agent.until_state("unwanted", "stopped")
        agent.write(of("stop_grace_seconds = 3.0", dummy(life=1000)))
        assert sorted(agent.ask("reload")) == ["bad changed", "late changed", "unwanted changed"]
        agent.until_state("late", "running")
        agent.until_state("bad", "running")
        (incident,) = until(lambda: [one for one in agent.ask("incidents") if "closed_at" in one])
        assert incident["kind"] == "crash_loop"
        assert agent.service("unwanted")["state"] == "stopped"
