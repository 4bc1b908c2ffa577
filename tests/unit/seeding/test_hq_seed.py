"""Headquarters' own rows: rates, targets, news and the people who read."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import pytest

from hq.figures.aims import TARGET_MEASURES, aims
from hq.figures.rates import conversion
from hq.seeding import add_news, add_rates, add_targets, main
from shared.database import Database, fetch_all, fetch_value
from shared.demo_company import DEMO_CODES, DEMO_PASSWORD
from shared.demo_company import TARGET_MEASURES as DEMO_MEASURES
from shared.records import COMPANY, NewsItem, Target, TargetLine
from tests.support.databases import Templates

UNTIL, FIRST = date(2026, 11, 22), date(2025, 6, 1)
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


@pytest.fixture
def env(templates: Templates, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "hq.db").write_bytes(templates.sqlite("hq").read_bytes())
    return {
        "TRUNKLINE_DATA_DIR": str(tmp_path),
        "TRUNKLINE_ARGON2_MEMORY_KIB": "64",
        "TRUNKLINE_ARGON2_ROUNDS": "1",
    }


def test_measures_are_those_on_which_targets_can_be_set() -> None:
    assert set(DEMO_MEASURES) <= set(TARGET_MEASURES)


async def test_every_branch_has_a_target_in_every_span(hq_database: Database) -> None:
    await add_targets(FIRST, UNTIL)
    for measure in DEMO_MEASURES:
        found = await aims(UNTIL, measure, 0)
        assert set(found) == {("branch", code) for code in DEMO_CODES}
        for aim in found.values():
            assert all(amount is not None and amount > 0 for amount in aim.amounts.values())


async def test_the_superseded_revision_is_kept_and_does_not_count(hq_database: Database) -> None:
    await add_targets(FIRST, UNTIL)
    kept = await Target.filter(unit_branch="NYC", year=2026, measure="sales").order_by("number")
    assert [(row.number, row.superseded_at is None) for row in kept] == [(1, False), (2, True)]
    assert (await aims(UNTIL, "sales", 0))["branch", "NYC"].amounts["year"] == kept[1].amount
    lines = await TargetLine.filter(target_id=kept[1].id)
    assert sum(line.amount for line in lines) == kept[1].amount


async def test_every_currency_of_the_branches_has_a_rate_on_every_day(hq_database: Database) -> None:
    await add_rates(FIRST, UNTIL)
    for day in (FIRST, date(2026, 2, 28), UNTIL):
        rates = await conversion(["EUR", "USD", "JPY", "CNY"], "CNY", day)
        assert all(rates.rate(currency) is not None for currency in ("EUR", "USD", "JPY", "CNY"))


async def test_news_are_of_the_past_and_the_same_for_the_same_seed(hq_database: Database) -> None:
    await add_news(Random("1 news"), UNTIL, NOW)
    first = await NewsItem.all().order_by("id").values_list("id", "title", "published_at")
    await NewsItem.all().delete()
    await add_news(Random("1 news"), UNTIL, NOW)
    assert await NewsItem.all().order_by("id").values_list("id", "title", "published_at") == first
    assert await NewsItem.filter(happened_on=UNTIL).exists()
    assert not await NewsItem.filter(happened_on__gt=UNTIL).exists()


def test_the_command_seeds_once_and_prints_the_logins(
    env: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--demo", "--json"], env) == 0
    accounts = json.loads(capsys.readouterr().out)
    assert ("chen", "executive", DEMO_PASSWORD) in {
        (account["username"], account["role"], account["password"]) for account in accounts
    }
    assert main([], env) == 0
    assert "already seeded" in capsys.readouterr().out


def test_what_it_writes_goes_down_the_road_to_the_branches(env: Mapping[str, str]) -> None:
    from hq.seeding import APPS
    from shared.database import open_database

    assert main([], env) == 0

    async def captured() -> tuple[dict[str, int], int]:
        async with open_database(f"sqlite:///{env['TRUNKLINE_DATA_DIR']}/hq.db", APPS):
            rows = await fetch_all("SELECT tbl, COUNT(*) AS n FROM change GROUP BY tbl")
            owned = await fetch_value(
                "SELECT COUNT(*) AS n FROM target_line WHERE branch = :owner", owner=COMPANY
            )
            return {row["tbl"]: row["n"] for row in rows}, owned

    found, lines = asyncio.run(captured())
    assert set(found) >= {"exchange_rate", "target", "target_line", "news_item"}
    assert found["target_line"] == lines


def test_without_tables_it_says_to_migrate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], {"TRUNKLINE_DATA_DIR": str(tmp_path)}) == 1
    assert "migrate" in capsys.readouterr().err
