"""The plan that headquarters and the branches share without meeting."""

from datetime import UTC, date, datetime
from functools import cache
from uuid import UUID

import pytest

from branch_node.seeding.company import build_company
from branch_node.seeding.names import NameBook
from branch_node.seeding.scene import Scene
from shared.demo_company import (
    DEMO_BRANCHES,
    DEMO_CODES,
    TARGET_MEASURES,
    company_rates,
    company_targets,
    demo_branch,
    planned,
    planned_sales,
    rate_e9,
)
from shared.demo_directives import STEPS, company_directives
from shared.money import exponent
from shared.periods import Month, local_date, zone

FIRST, UNTIL = date(2025, 6, 1), date(2026, 11, 22)
NOVEMBER = Month.of(2026, 11)


def test_seasons_are_shares_of_an_average_month() -> None:
    for branch in DEMO_BRANCHES.values():
        assert len(branch.season) == 12
        assert 1_150 <= sum(branch.season) <= 1_250, branch.code


def test_sales_are_planned_to_grow_from_year_to_year() -> None:
    for branch in DEMO_BRANCHES.values():
        assert planned_sales(branch, NOVEMBER) > planned_sales(branch, NOVEMBER.same_of_last_year())


def test_an_unknown_code_plans_like_a_branch_of_its_currency() -> None:
    lyon = demo_branch("LYO", "Europe/Paris", "EUR")
    assert (lyon.code, lyon.language, lyon.currency) == ("LYO", "fr", "EUR")
    assert planned_sales(lyon, NOVEMBER) == planned_sales(DEMO_BRANCHES["PAR"], NOVEMBER)


def test_settings_win_over_the_table() -> None:
    moved = demo_branch("SH", "Asia/Urumqi", "CNY")
    assert (moved.timezone, moved.name) == ("Asia/Urumqi", "上海分公司")
    assert demo_branch("SH", "Asia/Tokyo", "JPY").currency == "JPY"


def test_rates_are_the_same_wherever_they_are_made_and_invert() -> None:
    assert company_rates(FIRST, UNTIL) == company_rates(FIRST, UNTIL)
    there, back = rate_e9("EUR", "JPY", NOVEMBER), rate_e9("JPY", "EUR", NOVEMBER)
    assert abs(there * back - 10**18) < 10**11
    assert rate_e9("CNY", "CNY", NOVEMBER) == 10**9


def test_every_month_of_the_books_and_the_one_before_has_all_rates() -> None:
    rates = company_rates(FIRST, UNTIL)
    months = {rate.happened_on for rate in rates}
    assert (min(months), max(months), len(months)) == (date(2025, 5, 1), date(2026, 11, 1), 19)
    assert len({rate.id for rate in rates}) == len(rates) == 19 * 12


def test_the_year_of_a_target_is_the_sum_of_its_months() -> None:
    for target in company_targets(DEMO_CODES, FIRST, UNTIL):
        assert target.amount == sum(amount for _, _, amount in target.lines)
        months = 12 if target.year == 2026 else 7
        assert len({period for _, period, _ in target.lines}) == months


def test_one_revision_holds_for_every_unit_year_and_measure() -> None:
    holding = [
        (target.year, target.measure, target.branch)
        for target in company_targets(DEMO_CODES, FIRST, UNTIL)
        if not target.is_superseded
    ]
    assert len(set(holding)) == len(holding) == 2 * len(TARGET_MEASURES) * len(DEMO_CODES)


def test_a_measure_without_a_plan_is_an_error() -> None:
    with pytest.raises(KeyError):
        planned(DEMO_BRANCHES["SH"], "weather", NOVEMBER)


def test_amounts_are_minor_units_of_the_branch() -> None:
    tokyo = DEMO_BRANCHES["TYO"]
    assert exponent(tokyo.currency) == 0
    assert 10**7 < planned_sales(tokyo, NOVEMBER) < 10**8


@pytest.mark.parametrize(
    "moment", [datetime(2026, 11, 28, 8, tzinfo=UTC), datetime(2026, 11, 30, 20, tzinfo=UTC)]
)
def test_directives_go_to_people_whom_the_branches_seed_and_nothing_is_done_before_its_time(
    moment: datetime,
) -> None:
    directives = company_directives(DEMO_CODES, 4, moment)
    assert {one.recipients[0].step for one in directives} <= set(STEPS)
    for directive in directives:
        for one in directive.recipients:
            tz = DEMO_BRANCHES[one.branch].timezone
            staff = seeded_staff(one.branch, local_date(moment, tz), moment)
            assert staff[one.employee_id] == one.name
            assert sorted(one.taken_at) == list(one.taken_at)
            assert all(directive.issued_at <= at < moment for at in one.taken_at)


@cache
def seeded_staff(code: str, until: date, now: datetime) -> dict[UUID, str]:
    """Who works in a branch seeded at that moment."""
    branch = DEMO_BRANCHES[code]
    scene = Scene(branch, 7, 4, until, now.astimezone(zone(branch.timezone)), 0.1)
    return {
        member.id: member.name for member in build_company(scene, NameBook(branch, scene.dice("names"))).staff
    }
