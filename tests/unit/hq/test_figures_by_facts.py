"""Every figure equals the sum of its facts, for every branch, for the company and at every level below, on both engines."""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hq.figures.queries import answer
from hq.figures.shape import Figure, parse_unit
from shared import clock
from shared.clock import FixedClock
from tests.support import databases, hq_world
from tests.support.databases import ENGINES, Templates
from tests.support.hq_oracle import AMOUNTS, asked, converted, expected, latest_rate
from tests.support.hq_world import NOON, PLACES, TODAY, Company

CODES = ("HQ", "SH", "PAR", "TYO")


async def check(company: Company, name: str, first: date, last: date) -> None:
    """Branches in their own currency, the company in CNY, and that everything adds up."""
    whole = await answer(name, asked(name, first, last))
    for code in CODES:
        wanted = expected(company, code, name, first, last)
        unit = parse_unit(f"branch:{code}")
        own = await answer(name, asked(name, first, last, unit=unit, currency="base"))
        got = {key: own.total.values[key] for key in wanted}
        assert got == dict(wanted), f"{name} of {code} {first}..{last}"
        row = whole.row(f"branch:{code}")
        assert row is not None
        currency = PLACES[code][3]
        for key in AMOUNTS[name]:
            assert row.values[key] == converted(wanted[key], currency, "CNY", latest_rate(currency, last)), (
                code,
                key,
            )
        counts = {column.key for column in whole.columns if column.kind == "count"}
        assert {key: row.values[key] for key in wanted if key in counts} == {
            key: value for key, value in wanted.items() if key in counts
        }
        in_cny = await answer(name, asked(name, first, last, unit=unit))
        assert_adds_up(in_cny)
        assert {key: in_cny.total.values[key] for key in wanted} == {key: row.values[key] for key in wanted}
    assert_adds_up(whole)


def assert_adds_up(figure: Figure) -> None:
    """Rows add up to the total in every money and count column."""
    for column in figure.columns:
        if column.kind in ("money", "count"):
            assert (
                sum(line.number(column.key) or 0 for line in figure.rows) == figure.total.values[column.key]
            ), column.key


@pytest.mark.parametrize("engine", ENGINES)
def test_every_figure_equals_its_facts_for_branches_and_company(
    engine: str, templates: Templates, tmp_path: Path
) -> None:
    with asyncio.Runner() as runner, clock.use(FixedClock(NOON)):
        opened = databases.fresh_database(templates, engine, "hq", tmp_path)
        database = runner.run(opened.__aenter__())

        async def example(random: Random, ago: int, length: int) -> None:
            with database.use():
                await hq_world.clear()
                company = hq_world.make_company(random, CODES, size=6)
                await hq_world.write(company)
                last = TODAY - timedelta(days=ago)
                for name in AMOUNTS:
                    await check(company, name, last - timedelta(days=length), last)

        @settings(
            max_examples=60 if engine == "sqlite" else 15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            phases=[Phase.generate],
        )
        @given(st.integers(0, 2**32), st.integers(-5, 400), st.integers(0, 400))
        def run(seed: int, ago: int, length: int) -> None:
            runner.run(example(Random(seed), ago, length))

        try:
            run()
        finally:
            runner.run(opened.__aexit__(None, None, None))
