"""The seed command as it is run: once, on an empty migrated database, with honest exit codes."""

import asyncio
import json
from pathlib import Path

import pytest

from branch_node import seed as entry
from branch_node.seeding.command import BEGUN, FINISHED
from branch_node.setup import APPS
from shared.database import fetch_all, fetch_value, open_database
from shared.database.context import sqlite_path
from shared.demo_company import DEMO_PASSWORD
from shared.records import AuditEntry
from tests.support.cast import LIN, customer_of
from tests.support.databases import Templates
from tests.support.invariants import assert_invariants

SMALL = ["--profile", "demo", "--months", "3", "--scale", "0.1", "--until", "2026-11-20"]


@pytest.fixture
def env(templates: Templates, tmp_path: Path) -> dict[str, str]:
    """Settings of a migrated, empty Shanghai branch with cheap password hashes."""
    (tmp_path / "branch.db").write_bytes(templates.sqlite("branch").read_bytes())
    return {
        "TRUNKLINE_BRANCH_CODE": "SH",
        "TRUNKLINE_DATA_DIR": str(tmp_path),
        "TRUNKLINE_ARGON2_MEMORY_KIB": "64",
        "TRUNKLINE_ARGON2_ROUNDS": "1",
    }


def ask(env: dict[str, str], sql: str) -> list[dict[str, object]]:
    """Rows of the branch's database."""

    async def run() -> list[dict[str, object]]:
        async with open_database(f"sqlite:///{env['TRUNKLINE_DATA_DIR']}/branch.db", APPS):
            return await fetch_all(sql)

    return asyncio.run(run())


def write(env: dict[str, str], *actions: str) -> None:
    async def run() -> None:
        async with open_database(f"sqlite:///{env['TRUNKLINE_DATA_DIR']}/branch.db", APPS):
            for action in actions:
                await AuditEntry.create(branch="SH", happened_on="2026-11-20", action=action)

    asyncio.run(run())


def test_it_seeds_and_prints_who_may_sign_in(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main([*SMALL, "--json"], env) == 0
    printed = capsys.readouterr()
    accounts = json.loads(printed.out)
    assert {account["role"] for account in accounts} >= {
        "salesperson",
        "sales_manager",
        "finance",
        "branch_admin",
    }
    assert {account["password"] for account in accounts} == {DEMO_PASSWORD}
    assert "rows in" in printed.err
    assert len(ask(env, "SELECT id FROM web_account WHERE password_hash LIKE '$argon2id$%'")) == len(accounts)


def test_the_password_it_prints_is_the_one_that_is_accepted(env: dict[str, str]) -> None:
    from branch_node.settings import BranchSettings
    from shared.settings import load
    from shared.web.passwords import Passwords

    assert entry.main(SMALL, env) == 0
    stored = ask(env, "SELECT password_hash FROM web_account WHERE username = 'lin'")[0]["password_hash"]
    assert asyncio.run(Passwords(load(BranchSettings, env)).check(DEMO_PASSWORD, str(stored)))


def test_a_second_run_does_nothing_and_says_so(
    env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert entry.main(SMALL, env) == 0
    before = ask(env, "SELECT MAX(seq) AS seq FROM change")
    capsys.readouterr()
    assert entry.main(["--demo"], env) == 0
    assert "already seeded" in capsys.readouterr().out
    assert ask(env, "SELECT MAX(seq) AS seq FROM change") == before


def test_an_interrupted_run_is_recognised(env: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    write(env, BEGUN)
    assert entry.main(SMALL, env) == 1
    assert "interrupted" in capsys.readouterr().err
    write(env, FINISHED)
    assert entry.main(SMALL, env) == 0


def test_a_database_with_customers_is_left_alone(
    env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    async def use_it() -> None:
        async with open_database(f"sqlite:///{env['TRUNKLINE_DATA_DIR']}/branch.db", APPS):
            await customer_of(LIN)

    asyncio.run(use_it())
    assert entry.main(SMALL, env) == 1
    assert "holds customers already" in capsys.readouterr().err
    assert len(ask(env, "SELECT id FROM customer")) == 1


def test_without_tables_it_says_to_migrate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = {"TRUNKLINE_BRANCH_CODE": "SH", "TRUNKLINE_DATA_DIR": str(tmp_path)}
    assert entry.main(SMALL, env) == 1
    assert "migrate" in capsys.readouterr().err


def test_without_settings_it_names_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(SMALL, {}) == 2
    assert "TRUNKLINE_BRANCH_CODE" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [["--months", "1"], ["--scale", "0"], ["--until", "yesterday"], ["--profile", "x"]]
)
def test_wrong_options_end_with_exit_code_2(env: dict[str, str], wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        entry.main(wrong, env)
    assert ended.value.code == 2


def test_while_the_site_runs_it_does_not_touch_the_file(
    env: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    from shared.database.single import only_process

    url = f"sqlite:///{env['TRUNKLINE_DATA_DIR']}/branch.db"
    with only_process(url, "web"):
        assert entry.main(SMALL, env) == 3
    assert "in use by web" in capsys.readouterr().err
    assert sqlite_path(url).exists()


@pytest.mark.parametrize("facts", [1, 7, 1_000, 25_003])
def test_the_bench_profile_writes_exactly_the_facts_asked_for(env: dict[str, str], facts: int) -> None:
    assert entry.main(["--profile", "bench", "--facts", str(facts)], env) == 0
    tables = (
        "customer",
        "sales_order",
        "order_line",
        "receivable",
        "receipt",
        "allocation",
        "activity",
        "expense",
    )
    assert sum(len(ask(env, f"SELECT id FROM {table}")) for table in tables) == facts

    async def check() -> int:
        async with open_database(f"sqlite:///{env['TRUNKLINE_DATA_DIR']}/branch.db", APPS):
            await assert_invariants()
            return int(await fetch_value("SELECT COUNT(*) AS n FROM change"))

    assert asyncio.run(check()) >= facts


def test_the_branch_has_one_row_of_its_own_with_the_names_of_the_demo(env: dict[str, str]) -> None:
    assert entry.main(SMALL, env) == 0
    rows = ask(env, "SELECT branch, name, name_en, city, currency FROM branch")
    assert rows == [
        {"branch": "SH", "name": "上海分公司", "name_en": "Shanghai", "city": "上海", "currency": "CNY"}
    ]
