"""`python -m branch_node` as people and machines run it: exit codes, messages, one process per SQLite file."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.request import urlopen

import pytest

from branch_node.app import branch_app
from branch_node.settings import BranchSettings
from shared.database.single import AlreadyRunning, only_process
from shared.settings import SettingsError, describe, load
from tests.support import nursery
from tests.support.ports import free_port
from tests.support.web_site import visitor_of

ROOT = Path(__file__).resolve().parents[3]
STEPS = ["/departments", "/staff/new", "/settings/selling", "/imports", "/sync"]


def environment(folder: Path, **values: str) -> Mapping[str, str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TRUNKLINE_")}
    return {
        **plain,
        "TRUNKLINE_DATA_DIR": str(folder),
        "TRUNKLINE_BRANCH_CODE": "SH",
        "TRUNKLINE_ARGON2_MEMORY_KIB": "64",
        "TRUNKLINE_ARGON2_ROUNDS": "1",
        **values,
    }


def started(folder: Path, *words: str, **values: str) -> subprocess.CompletedProcess[str]:
    """From the interpreter's first line on, as an operator starts it: for the first command and where the start itself is meant."""
    return subprocess.run(
        [sys.executable, "-m", "branch_node", *words],
        cwd=ROOT,
        env=environment(folder, **values),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run(folder: Path, *words: str, typed: str = "", **values: str) -> subprocess.CompletedProcess[str]:
    """The same command in a process that has its imports behind it (tests/support/nursery.py)."""
    words = ("branch_node", *words)
    return nursery.run("branch_node", words, cwd=ROOT, env=environment(folder, **values), typed=typed)


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("node")
    assert started(folder, "migrate").returncode == 0
    return folder


def test_migrate_may_be_run_again(migrated: Path) -> None:
    again = run(migrated, "migrate")
    assert (again.returncode, again.stdout) == (0, "up to date\n")


def test_missing_settings_are_named_all_at_once(tmp_path: Path) -> None:
    done = run(tmp_path, "migrate", TRUNKLINE_BRANCH_CODE="", TRUNKLINE_PORT="99999")
    assert done.returncode == 2
    assert "TRUNKLINE_BRANCH_CODE" in done.stderr
    assert "TRUNKLINE_PORT" in done.stderr


def test_a_database_of_another_branch_is_refused(migrated: Path) -> None:
    done = run(migrated, "migrate", TRUNKLINE_BRANCH_CODE="GZ")
    assert done.returncode == 1
    assert "TRUNKLINE_BRANCH_CODE" in done.stderr
    assert run(migrated, "migrate").returncode == 0


def test_web_without_tables_says_what_to_run(tmp_path: Path) -> None:
    done = started(tmp_path, "web", TRUNKLINE_PORT="0")
    assert done.returncode == 1
    assert "migrate" in done.stderr


def test_the_first_administrator_is_made_on_the_command_line(migrated: Path) -> None:
    made = run(migrated, "staff", "A-1", "何洁", "--department", "管理部")
    assert made.returncode == 0, made.stderr
    again = run(migrated, "staff", "A-1", "何洁")
    assert again.stdout == made.stdout
    added = run(
        migrated, "user", "add", "he", "--employee", "A-1", "--password-stdin", typed="tea with lemon\n"
    )
    assert added.returncode == 0, added.stderr
    nobody_types = run(migrated, "user", "passwd", "he")
    assert (nobody_types.returncode, "--password-stdin" in nobody_types.stderr) == (1, True)
    listed = json.loads(run(migrated, "user", "list", "--json").stdout)
    assert [row["username"] for row in listed] == ["he"]
    unknown = run(migrated, "staff", "A-2", "某人", "--role", "king")
    assert unknown.returncode == 1 and "branch_admin, branch_manager" in unknown.stderr


def test_the_first_person_of_a_branch_begins_with_its_first_steps(tmp_path: Path) -> None:
    assert run(tmp_path, "migrate").returncode == 0
    assert run(tmp_path, "staff", "A-1", "何洁", "--department", "管理部").returncode == 0
    words = ("user", "add", "he", "--employee", "A-1", "--password-stdin")
    assert run(tmp_path, *words, typed="tea with lemon\n").returncode == 0
    with visitor_of(branch_app(load(BranchSettings, environment(tmp_path)))) as he:
        he.sign_in("he", "tea with lemon")
        first = he.open("/")
        assert first.url.path == "/staff"
        assert [url for url in STEPS if f'<li><a href="{url}">' in first.text] == STEPS
        assert run(tmp_path, "staff", "A-2", "林小红", "--role", "salesperson").returncode == 0
        assert "first-steps" not in he.open("/staff").text


def test_figures_for_machines_are_json_on_stdout(migrated: Path) -> None:
    done = started(migrated, "figures", "sales", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["figure"] == "sales"
    assert run(migrated, "figures", "fortune").returncode == 2
    assert run(migrated, "figures", "sales", "--from", "soon").returncode == 1


def test_settings_are_documented(migrated: Path) -> None:
    printed = started(migrated, "settings").stdout
    for row in describe(BranchSettings):
        assert row.variable in printed
        assert len(row.doc) > 10


def test_enrol_without_an_address_is_wrong_usage(migrated: Path) -> None:
    assert run(migrated, "enrol", "token").returncode == 2


def test_a_second_process_on_the_same_file_is_refused_and_a_killed_one_frees_it(migrated: Path) -> None:
    port = free_port()
    env = environment(migrated, TRUNKLINE_PORT=str(port), TRUNKLINE_JOBS_IN_SITE="no")
    site = subprocess.Popen(
        [sys.executable, "-m", "branch_node", "web"], cwd=ROOT, env=env, stdout=subprocess.DEVNULL
    )
    try:
        wait_for(port, site)
        for word in ("web", "worker", "migrate"):
            busy = run(migrated, word, TRUNKLINE_PORT="0")
            assert busy.returncode == 3, (word, busy.stderr)
            assert f"process {site.pid}" in busy.stderr
        assert run(migrated, "user", "list").returncode == 0
    finally:
        site.send_signal(signal.SIGKILL)
        site.wait(timeout=10)
    assert run(migrated, "migrate").returncode == 0


def wait_for(port: int, site: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert site.poll() is None, "the site ended"
        try:
            with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the site did not start")


def test_the_lock_names_its_holder(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'branch.db'}"
    with only_process(url, "web"), pytest.raises(AlreadyRunning) as busy, only_process(url, "worker"):
        pass
    assert "web" in str(busy.value)
    with only_process(url, "worker"):
        pass


def test_postgresql_takes_several_processes() -> None:
    running = []
    with only_process("postgres://x@y/z", "web"), only_process("postgres://x@y/z", "worker"):
        running.append("both")
    assert running == ["both"]


def test_settings_of_a_branch() -> None:
    chosen = load(BranchSettings, {"TRUNKLINE_BRANCH_CODE": "PAR", "TRUNKLINE_TIMEZONE": "Europe/Paris"})
    assert (chosen.home.code, chosen.home.timezone, chosen.home.currency) == ("PAR", "Europe/Paris", "CNY")
    for name, value in (("BRANCH_CODE", "a b"), ("BASE_CURRENCY", "yuan"), ("COUNTRY", "china")):
        with pytest.raises(SettingsError):
            load(BranchSettings, {"TRUNKLINE_BRANCH_CODE": "SH", f"TRUNKLINE_{name}": value})


def test_migrating_twice_loses_no_row(migrated: Path) -> None:
    before = sqlite3.connect(migrated / "branch.db").execute("SELECT count(*) FROM role_grant").fetchone()
    run(migrated, "migrate")
    after = sqlite3.connect(migrated / "branch.db").execute("SELECT count(*) FROM role_grant").fetchone()
    assert before == after
    assert before[0] > 100
