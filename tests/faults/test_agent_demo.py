"""The demonstration, with tiny services in place of the sites: prepared once, run by the agent, gone without a trace."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from netops.demo.company import Account, CompanyFileError, fill, installed, read_company
from netops.demo.runner import remaining
from netops.demo.table import table, welcome, width
from tests.support.agent import DUMMY, ROOT, answers, until
from tests.support.ports import free_port

COMPANY = """
open = "head"

[kinds.head]
run = ["{{python}}", "-S", "{dummy}", "port={{port}}", "start_delay=0.2"]
[[kinds.head.steps]]
name = "migrate"
run = ["/bin/sh", "-c", "mkdir -p {{data}} && echo migrated >> {{data}}/steps"]
when = "changed"

[kinds.branch]
run = ["{{python}}", "-S", "{dummy}", "port={{port}}"]
env = {{ TRUNKLINE_BRANCH_CODE = "{{code}}", TRUNKLINE_HQ_URL = "{{hq_url}}" }}
[[kinds.branch.steps]]
name = "seed"
run = ["/bin/sh", "-c", "echo $TRUNKLINE_BRANCH_CODE >> {{data}}/steps; cat $0; echo seeded >&2", "{accounts}"]
tells_accounts = true
[[kinds.branch.steps]]
name = "enrol"
ask = ["{{python}}", "-c", "import json; print('noise'); print(json.dumps(dict(token='t-{{code}}'), indent=1))"]
ask_site = "head"
run = ["/bin/sh", "-c", "{enrol} && echo {{answer.token}} >> {{data}}/steps"]
after = "head"

[kinds.absent]
module = "no_such_module"
run = ["x"]

[[sites]]
name = "head"
kind = "head"
port = {ports[0]}
title = {{ en = "Head", zh = "总部" }}
[[sites]]
name = "branch"
kind = "branch"
port = {ports[1]}
title = {{ en = "Branch", zh = "分公司" }}
values = {{ code = "SH" }}
[[sites]]
name = "later"
kind = "absent"
port = 1
title = {{ en = "Later", zh = "以后" }}
"""


class Demo:
    """One demonstration in a folder of its own."""

    def __init__(self, folder, enrol: str = "true") -> None:
        self.folder = folder / "demo"
        self.ports = [free_port(), free_port()]
        self.file = folder / "company.toml"
        accounts = folder / "accounts.json"
        accounts.write_text('[{"username": "lin", "password": "secret-word", "role": "sales", "name": "林"}]')
        self.file.write_text(
            COMPANY.format(dummy=DUMMY, ports=self.ports, enrol=enrol, accounts=accounts), encoding="utf-8"
        )
        self.process = None
        self.output = folder / "output"

    def start(self, *words: str) -> subprocess.Popen:
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "netops", "demo", "--dir", os.fspath(self.folder), "--no-open"),
                    *("--company", os.fspath(self.file), *words),
                ],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self.process

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def until_running(self, *words: str) -> None:
        self.start(*words)
        until(lambda: "Trunkline is running" in self.said() or self.process.poll() is not None, 30)
        assert self.process.poll() is None, self.said()

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        os.kill(self.process.pid, number)
        return self.process.wait(30)

    def steps(self, site: str) -> list[str]:
        return (self.folder / site / "steps").read_text().split()


@pytest.fixture
def demo(tmp_path):
    found = Demo(tmp_path)
    yield found
    if found.process is not None and found.process.poll() is None:
        found.process.kill()
        found.process.wait()
    until(lambda: not remaining(found.folder), 30)


def agent_pid(demo: Demo) -> int:
    return int((demo.folder / "agent" / "agent.lock").read_text())


def test_the_first_start_prepares_and_the_second_only_starts(demo):
    demo.until_running()
    assert all(answers(port) for port in demo.ports)
    assert demo.steps("branch") == ["SH", "t-SH"]
    said = demo.said()
    for words in ("later is left out", "总部", f"http://127.0.0.1:{demo.ports[1]}", "lin", "secret-word"):
        assert words in said
    assert demo.end() == 0
    assert remaining(demo.folder) == []
    demo.until_running()
    assert demo.steps("branch") == ["SH", "t-SH"]
    assert demo.steps("head") == ["migrated"]
    assert "Preparing" not in demo.said()
    assert demo.end(signal.SIGTERM) == 0
    assert remaining(demo.folder) == []


def test_reset_forgets_everything(demo):
    demo.until_running()
    demo.end()
    (demo.folder / "branch" / "data").write_text("x")
    demo.until_running("--reset")
    assert not (demo.folder / "branch" / "data").exists()
    assert demo.steps("branch") == ["SH", "t-SH"]
    demo.end()


def test_a_killed_runner_leaves_no_process_behind(demo):
    demo.until_running()
    agent = agent_pid(demo)
    demo.process.kill()
    demo.process.wait()
    until(lambda: not remaining(demo.folder) and not os.path.exists(f"/proc/{agent}"), 30)
    assert not any(answers(port) for port in demo.ports)


def test_a_killed_agent_is_replaced_and_the_sites_run_on(demo):
    demo.until_running()
    before = {mark.service: mark.pid for mark in remaining(demo.folder)}
    os.kill(agent_pid(demo), signal.SIGKILL)
    until(lambda: "starting it again" in demo.said())
    time.sleep(1)
    assert {mark.service: mark.pid for mark in remaining(demo.folder)} == before
    assert demo.end() == 0
    assert remaining(demo.folder) == []


def test_a_stopped_agent_does_not_hold_up_the_end_and_leaves_no_process(demo):
    demo.until_running()
    agent = agent_pid(demo)
    os.kill(agent, signal.SIGSTOP)
    assert demo.end() == 0
    assert remaining(demo.folder) == [] and not os.path.exists(f"/proc/{agent}")


def test_an_agent_that_was_stopped_when_its_runner_died_does_not_hold_up_the_next_start(demo):
    demo.until_running()
    agent = agent_pid(demo)
    os.kill(agent, signal.SIGSTOP)
    demo.process.kill()
    demo.process.wait()
    demo.until_running()
    assert not os.path.exists(f"/proc/{agent}")
    assert demo.end() == 0
    assert remaining(demo.folder) == []


def test_runner_and_agent_killed_together_the_next_start_adopts_the_sites(demo):
    demo.until_running()
    before = {mark.service: mark.pid for mark in remaining(demo.folder)}
    os.kill(agent_pid(demo), signal.SIGSTOP)
    demo.process.kill()
    os.kill(agent_pid(demo), signal.SIGKILL)
    demo.process.wait()
    demo.until_running()
    assert {mark.service: mark.pid for mark in remaining(demo.folder)} == before
    demo.end()


def test_headquarters_can_be_used_while_a_branch_makes_its_data(demo):
    goes_on = demo.folder.parent / "goes-on"
    text = demo.file.read_text().replace('name = "branch"', 'name = "branch"\nnode = "SH"')
    demo.file.write_text(text.replace("cat $0;", f"until [ -e {goes_on} ]; do sleep 0.1; done; cat $0;"))
    demo.start()
    until(lambda: f"Head: http://127.0.0.1:{demo.ports[0]}" in demo.said(), 30)
    assert answers(demo.ports[0]) and not answers(demo.ports[1])
    assert "Trunkline is running" not in demo.said()
    goes_on.touch()
    until(lambda: "Trunkline is running" in demo.said(), 30)
    assert all(answers(port) for port in demo.ports)
    demo.end()


def test_ctrl_c_during_the_preparation_ends_it_and_the_next_start_goes_on(tmp_path):
    demo = Demo(tmp_path, enrol="sleep 2")
    demo.start()
    until(lambda: (demo.folder / "logs" / "branch-enrol.log").exists())
    assert demo.end() == 0
    assert remaining(demo.folder) == []
    demo.until_running()
    assert demo.steps("branch") == ["SH", "t-SH"]
    demo.end()


def test_a_step_that_fails_is_shown_and_ends_the_demonstration(tmp_path):
    demo = Demo(tmp_path, enrol="echo no such token; false")
    assert demo.start().wait(30) == 1
    assert "branch-enrol ended with 1" in demo.said()
    assert "no such token" in demo.said()
    assert remaining(demo.folder) == []


def test_a_site_that_keeps_failing_is_shown_with_its_log(demo):
    text = demo.file.read_text()
    assert '"port={port}", "start_delay=0.2"' in text
    text = text.replace(
        '"port={port}", "start_delay=0.2"', '"say=cannot-open-database", "life=0.01", "exit=4"'
    )
    demo.file.write_text(text)
    assert demo.start().wait(60) == 1
    assert "head keeps failing" in demo.said()
    assert "cannot-open-database" in demo.said()


def test_a_taken_port_is_named(demo):
    with socket.socket() as other:
        other.bind(("127.0.0.1", demo.ports[0]))
        other.listen()
        assert demo.start().wait(20) == 1
    assert f"port {demo.ports[0]} for head is taken" in demo.said()


def test_two_demonstrations_do_not_share_a_folder(demo):
    demo.until_running()
    second = Demo(demo.folder.parent)
    second.output = demo.folder.parent / "second"
    assert second.start().wait(20) == 2
    assert "already running" in second.said()
    demo.end()


def test_a_folder_with_other_files_is_not_touched(demo):
    demo.folder.mkdir()
    (demo.folder / "thesis.txt").write_text("years of work")
    assert demo.start("--reset").wait(20) == 2
    assert "has other files in it" in demo.said()
    assert (demo.folder / "thesis.txt").exists()


def test_the_companys_own_file_is_in_order():
    company = read_company()
    assert [site.port for site in company.sites] == [8400, 8401, 8402, 8403, 8413, 8404, 8405, 8480]
    assert {site.values["currency"] for site in company.sites if site.kind == "branch"} == {
        "CNY",
        "EUR",
        "USD",
        "JPY",
    }
    for site in company.sites:
        answers = {"answer.token": "t", "answer.invitation": "i"}
        values = company.placeholders(site, ROOT) | answers
        for step in company.kind_of(site).steps:
            assert fill(step.run, values)
            assert fill(step.ask, values) == [] or step.ask
        assert company.environment(site, ROOT)["TRUNKLINE_PORT"] == str(site.port)


def test_sites_that_are_not_installed_are_left_out(tmp_path):
    company, missing = installed(read_company(Demo(tmp_path).file))
    assert missing == ["later"]
    assert [site.name for site in company.sites] == ["head", "branch"]


def test_an_unknown_placeholder_is_an_error():
    with pytest.raises(CompanyFileError, match="colour"):
        fill(["{colour}"], {})


def test_the_table_is_aligned_also_in_chinese(tmp_path):
    company, _ = installed(read_company(Demo(tmp_path).file))
    accounts = {
        "branch": [Account("a", "p", "sales"), Account("b", "p", "sales"), Account("c", "p", "finance")]
    }
    text = welcome(company, accounts, "var/demo", 1.0)
    assert text.index(" a ") < text.index(" c ") < text.index(" b ")
    lines = [line for line in text.splitlines() if "http://" in line]
    assert len({width(line[: line.index("http://")]) for line in lines}) == 1
    assert table([("一", "b"), ("aa", "c")]) == "  一   b\n  aa   c"
