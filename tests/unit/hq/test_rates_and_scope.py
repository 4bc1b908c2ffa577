"""Totals convert with dated rates or say which is missing; nobody sees beyond the own branches."""

from datetime import date
from random import Random

import pytest

from hq.figures.contract import as_contract
from hq.figures.queries import FIGURES, answer
from hq.figures.shape import Question, parse_unit
from hq.figures.words import completeness
from hq.rates.actions import enter_rate, import_file
from shared.database import Database
from shared.errors import Invalid, NotFound
from shared.i18n import use_locale
from shared.records import Customer, Employee, ExchangeRate
from tests.support import hq_world
from tests.support.hq_oracle import Oracle, converted


async def written(seed: int, codes: tuple[str, ...], currencies: tuple[str, ...]) -> hq_world.Company:
    company = hq_world.make_company(Random(seed), codes, 8, currencies)
    await hq_world.write(company)
    return company


async def test_a_missing_rate_leaves_the_branch_out_and_is_named(hq: Database) -> None:
    company = await written(7, ("HQ", "SH", "PAR"), ("USD",))
    figure = await answer("receivables", Question(as_of=hq_world.TODAY))
    row = figure.row("branch:PAR")
    assert row is not None
    assert row.is_left_out
    assert row.currency == "EUR"
    assert [str(rate) for rate in figure.missing_rates] == ["EUR/CNY 2026-11-20"]
    assert not figure.complete
    others = sum(Oracle(company, code).receivables(hq_world.TODAY)["remaining"] for code in ("HQ", "SH"))
    assert figure.total.values["remaining"] == others
    with use_locale("en"):
        assert "no rate from EUR to CNY on 2026-11-20" in completeness(figure)
        assert as_contract(figure)["total"]["missing_rates"] == [
            {"currency": "EUR", "to_currency": "CNY", "on": "2026-11-20"}
        ]


async def test_the_missing_rate_entered_makes_the_total_complete(hq: Database) -> None:
    await written(7, ("HQ", "PAR"), ())
    assert not (await answer("receivables", Question())).complete
    await enter_rate("EUR", "CNY", date(2026, 1, 1), 8_000_000_000)
    assert (await answer("receivables", Question())).complete


async def test_the_latest_rate_on_or_before_the_last_day_converts(hq: Database) -> None:
    company = await written(3, ("PAR",), ())
    for day, rate in (
        (date(2026, 3, 1), 7_000_000_000),
        (date(2026, 3, 31), 8_000_000_000),
        (date(2026, 4, 1), 9_000_000_000),
    ):
        await enter_rate("EUR", "CNY", day, rate)
    base = Oracle(company, "PAR").sales(date(2026, 1, 1), date(2026, 3, 31))["ordered"]
    figure = await answer("sales", Question(first=date(2026, 1, 1), last=date(2026, 3, 31)))
    assert figure.total.values["ordered"] == converted(base, "EUR", "CNY", 8_000_000_000)


async def test_a_rate_entered_the_other_way_round_serves_too(hq: Database) -> None:
    company = await written(3, ("SH",), ())
    await enter_rate("USD", "CNY", date(2026, 1, 1), 8_000_000_000)
    base = Oracle(company, "SH").receivables(hq_world.TODAY)["remaining"]
    figure = await answer("receivables", Question(as_of=hq_world.TODAY, currency="USD"))
    assert figure.complete
    assert figure.total.values["remaining"] == round(base / 8)


async def test_base_is_refused_where_branches_keep_different_books(hq: Database) -> None:
    await written(3, ("SH", "PAR"), ("EUR",))
    with pytest.raises(Invalid) as refused:
        await answer("sales", Question(currency="base"))
    assert refused.value.code == "currency.mixed"
    one = await answer("sales", Question(currency="base", unit=parse_unit("branch:PAR")))
    assert one.total.currency == "EUR"


async def test_base_is_their_currency_where_all_branches_share_it(hq: Database) -> None:
    await written(3, ("SH", "HQ"), ())
    figure = await answer("sales", Question(currency="base"))
    assert figure.total.currency == "CNY"
    assert figure.complete


async def test_somebody_of_two_branches_gets_these_two_from_every_figure(hq: Database) -> None:
    await written(11, ("HQ", "SH", "PAR", "TYO"), ("EUR", "JPY", "USD"))
    scope = frozenset({"PAR", "TYO"})
    for name in FIGURES:
        figure = await answer(name, Question(branches=scope))
        assert {mark.branch for mark in figure.watermarks} == scope, name
        assert {line.branch for line in figure.rows} <= scope | {""}, name
        both = [
            await answer(name, Question(branches=scope, unit=parse_unit(f"branch:{code}")))
            for code in sorted(scope)
        ]
        for column in figure.columns:
            if column.kind in ("money", "count") and name not in ("targets", "news", "signed-customers"):
                parts = [part.total.number(column.key) or 0 for part in both]
                assert figure.total.number(column.key) == sum(parts), (name, column.key)


async def test_units_outside_the_scope_do_not_exist(hq: Database) -> None:
    company = await written(11, ("SH", "PAR"), ("EUR", "USD"))
    scope = frozenset({"PAR"})
    employee, customer = company.of(Employee, "SH")[0].id, company.of(Customer, "SH")[0].id
    for unit in ("branch:SH", f"employee:{employee}", f"customer:{customer}", "unassigned:SH"):
        for name in ("sales", "receivables", "ageing"):
            with pytest.raises(NotFound):
                await answer(name, Question(branches=scope, unit=parse_unit(unit)))


async def test_left_out_branches_are_in_no_row_and_no_total(hq: Database) -> None:
    await written(11, ("HQ", "SH"), ("USD",))
    whole = await answer("sales", Question())
    part = await answer("sales", Question(left_out=frozenset({"SH"})))
    row = whole.row("branch:HQ")
    assert row is not None
    assert part.total.values == row.values
    assert [line.branch for line in part.rows] == ["HQ"]


async def test_a_file_of_rates_is_taken_whole_or_not_at_all(hq: Database) -> None:
    good = "day,currency,rate\n2026-11-01,usd,7.1\n2026-11-02,EUR,8.25\n"
    assert await import_file(good, "CNY") == {"read": 2, "created": 2, "changed": 0, "same": 0}
    assert await import_file(good, "CNY") == {"read": 2, "created": 0, "changed": 0, "same": 2}
    with pytest.raises(Invalid) as refused:
        await import_file("day,currency,rate\n2026-11-03,USD,7.2\n2026-11-04,USD,-1\n", "CNY")
    assert refused.value.params["line"] == 3
    assert await ExchangeRate.filter(happened_on=date(2026, 11, 3)).count() == 0


@pytest.mark.parametrize("unit", ["branch:", "branch:a b", "employee:7", "team:SH", "region:", "customer:x"])
def test_units_that_cannot_be_read_are_refused(unit: str) -> None:
    with pytest.raises(Invalid):
        parse_unit(unit)
