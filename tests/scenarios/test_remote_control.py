"""A sysadmin enrols a real node at a real center by token, restarts its service from the page, and both survive kill -9."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from netops.agent.cli import status_text
from tests.support.agent import ROOT, RunningAgent, dummy, service, until
from tests.support.operators import Center, Operator
from tests.support.ports import free_port


@pytest.fixture
def center(tmp_path: Path) -> Any:
    folder = tmp_path / "center"
    folder.mkdir()
    found = Center(folder)
    found.run("migrate")
    found.add_people("ada")
    found.start()
    yield found
    found.end()


def test_a_node_is_enrolled_restarted_from_the_page_and_accounted_for_through_crashes(
    center: Center, tmp_path: Path
) -> None:
    token = json.loads(center.run("nodes", "token", "T1", "--branch", "SH", "--json"))["token"]
    words = [
        token,
        "--url",
        center.url,
        "--node",
        "T1",
        "--branch",
        "SH",
        "--key-file",
        str(tmp_path / "node" / "node.key"),
    ]
    (tmp_path / "node").mkdir()
    enrol = [sys.executable, "-m", "netops", "agent", "enrol", *words]
    assert (
        "T1 is enrolled" in subprocess.run(enrol, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    )
    assert subprocess.run(enrol, cwd=ROOT, capture_output=True, text=True, check=False).returncode == 1
    port = free_port()
    head = f'[center]\nurl = "{center.url}"\n[commands]\nallow = ["service.*", "keys.*"]\n'
    with RunningAgent(tmp_path / "node", service("web", dummy(port=port), port), head) as agent:
        before = agent.until_state("web", "running")
        ada = Operator(center.url)
        until(lambda: "service.restart" in ada.open("/nodes/T1"), 20)
        ada.open("/nodes/T1/commands/new?verb=service.restart&service=web")
        first = ada.send("/nodes/T1/commands", reason="it hangs", lifetime="now").url.path
        until(lambda: ada.status(first) == "done", 20)
        after = agent.until_state("web", "running")
        assert after["instance"] != before["instance"]

        agent.kill()
        ada.open("/nodes/T1/commands/new?verb=service.restart&service=web")
        second = ada.send("/nodes/T1/commands", reason="again, when it is back", lifetime="until").url.path
        center.kill()
        center.start()
        agent.start()
        until(lambda: ada.status(second) == "done", 40)
        assert agent.until_state("web", "running")["instance"] != after["instance"]

        ada.open("/nodes/T1/commands/new?verb=keys.renew")
        third = ada.send("/nodes/T1/commands", reason="once a year", lifetime="now").url.path
        until(lambda: ada.status(third) == "done", 20)
        agent.kill()
        agent.start()
        until(lambda: agent.ask("status")["center"]["contact"] == "live", 20)
        audit = until(lambda: (page := ada.open("/audit")).count("carried out") == 3 and page, 20)
        ada.client.close()
        assert "chain broken" not in audit and "changed the key of node T1" in audit
    assert json.loads(center.run("audit", "verify", "--json"))["broken_at"] is None


def test_a_node_that_nobody_knows_says_what_to_do_and_is_enrolled_by_its_file_alone(tmp_path, center):
    port = free_port()
    head = f'[center]\nurl = "{center.url}"\nkey_file = "keys/sh.key"\n'
    with RunningAgent(tmp_path / "node", service("web", dummy(port=port), port), head, node="SH-1") as agent:

        def told() -> str:
            return status_text(agent.ask("status")).splitlines()[0]

        until(lambda: "netops agent enrol TOKEN" in told(), 20)
        assert "center never_seen (it refuses this node's key" in told()
        agent.end()
        token = json.loads(center.run("nodes", "token", "SH-1", "--branch", "SH", "--json"))["token"]
        enrol = [
            sys.executable,
            "-m",
            "netops",
            "agent",
            "--file",
            str(agent.file),
            "enrol",
            token,
            "--branch",
            "SH",
        ]
        done = subprocess.run(enrol, cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stdout == f"SH-1 is enrolled as {agent.file} says. Restart an agent that runs already.\n"
        agent.start()
        until(lambda: told().endswith("center live"), 20)


def test_enrolling_without_a_node_or_a_center_says_what_is_missing(tmp_path):
    words = [sys.executable, "-m", "netops", "agent", "--file", str(tmp_path / "none.toml"), "enrol", "t"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "Give --node and --url, or a node file (--file) that names them.\n",
    )
