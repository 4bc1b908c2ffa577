"""Pure decisions of headquarters: freshness, conversion without losing a cent, comparison, layout of targets."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hq.compare.rules import Compared, favourable_count, ranked, worst
from hq.figures.rules import SAME, Conversion, Rate, freshness_state, rate_of, spread, spread_columns
from hq.figures.shape import Line, Thresholds
from hq.people.rules import check_roles, grants_of
from hq.targets.rules import check_lines, even_lines
from shared.errors import Invalid
from shared.permissions import Scope

NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("contact", "complete", "has_data", "is_unproven", "state"),
    [
        (None, None, False, False, "never"),
        (ago(1), None, False, False, "never"),
        (ago(1), ago(1), True, False, "current"),
        (ago(1), ago(120), True, False, "current"),
        (ago(1), ago(121), True, False, "delayed"),
        (ago(1800), ago(4000), True, False, "delayed"),
        (ago(1801), ago(1801), True, False, "unreachable"),
        (ago(1), ago(1), True, True, "unproven"),
        (ago(9000), ago(9000), True, True, "unreachable"),
        (ago(1), None, True, False, "delayed"),
    ],
)
def test_the_word_for_a_branch(
    contact: datetime | None, complete: datetime | None, has_data: bool, is_unproven: bool, state: str
) -> None:
    found = freshness_state(
        contact_at=contact,
        complete_at=complete,
        has_data=has_data,
        is_unproven=is_unproven,
        now=NOW,
        thresholds=Thresholds(),
    )
    assert found == state


AMOUNTS = st.lists(st.integers(-(10**12), 10**12), max_size=40)
RATES = st.builds(Rate, st.integers(1, 10**12), st.integers(1, 10**12))


@given(AMOUNTS, RATES)
def test_spread_rows_add_up_to_the_converted_sum(values: list[int], rate: Rate) -> None:
    assert sum(spread(values, rate)) == (rate.of(sum(values)) if values else 0)


@given(AMOUNTS, RATES)
def test_a_spread_row_is_at_most_one_unit_off_its_own_conversion(values: list[int], rate: Rate) -> None:
    for value, found in zip(values, spread(values, rate), strict=True):
        assert abs(found - Fraction(value * rate.numerator, rate.denominator)) <= 1


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1), RATES, st.integers(-5, 5))
def test_spread_reaches_a_given_total(values: list[int], rate: Rate, extra: int) -> None:
    total = rate.of(sum(values)) + extra
    assert sum(spread(values, rate, total)) == total


def test_columns_are_spread_one_by_one() -> None:
    found = spread_columns([{"a": 1, "b": 10}, {"a": 1, "b": 20}], ("a", "b"), Rate(3, 2))
    assert [row["a"] for row in found] == [2, 1]
    assert sum(row["b"] for row in found) == 45


def test_rates_know_the_decimals_of_both_currencies() -> None:
    assert rate_of("USD", "CNY", 7_120_000_000).of(10_000) == 71_200
    assert rate_of("JPY", "CNY", 48_000_000).of(1_000) == 4_800
    assert rate_of("CNY", "USD", 7_120_000_000, is_inverse=True).of(71_200) == 10_000
    with pytest.raises(ValueError, match="no rate"):
        rate_of("USD", "CNY", 0)


def test_a_currency_without_a_rate_is_missing_and_never_one() -> None:
    rates = Conversion("CNY", NOW.date(), {})
    assert rates.rate("CNY") is SAME
    assert rates.rate("USD") is None
    assert str(rates.missing("USD")) == "USD/CNY 2026-11-20"


def line(code: str, state: str = "current") -> Line:
    return Line(f"branch:{code}", code, code, "CNY", {}, state)  # type: ignore[arg-type]


ROWS = [
    Compared(line("SH"), 100, 200),
    Compared(line("HQ"), 300, 200),
    Compared(line("HRB", "unreachable"), 0, 900),
    Compared(line("PAR"), 250, 200),
    Compared(line("TYO"), 10, None),
]


def test_comparison_pins_headquarters_and_never_ranks_a_silent_branch() -> None:
    assert [row.line.branch for row in ranked(ROWS, "higher")] == ["HQ", "SH", "TYO", "PAR", "HRB"]
    bad = worst(ROWS, "higher")
    assert bad is not None
    assert (bad.line.branch, bad.difference, bad.share_bp) == ("SH", -100, -5_000)
    assert favourable_count(ROWS, "higher") == (2, 3)


def test_for_a_lower_is_better_measure_the_rise_is_the_worst() -> None:
    found = worst(ROWS, "lower")
    assert found is not None
    assert found.line.branch == "HQ"


@given(st.integers(0, 10**14))
def test_even_months_add_up_to_the_year(amount: int) -> None:
    lines = even_lines(2026, amount)
    assert len(lines) == 12
    check_lines(2026, amount, lines)


def test_months_that_do_not_add_up_are_refused() -> None:
    lines = even_lines(2026, 1_200)
    with pytest.raises(Invalid) as refused:
        check_lines(2026, 1_201, lines)
    assert refused.value.code == "target.sum"
    with pytest.raises(Invalid):
        check_lines(2026, 1_100, {code: part for code, part in lines.items() if code != "2026-12"})


def test_rights_come_from_roles_of_headquarters_only() -> None:
    found = grants_of(["executive", "salesperson"], {"audit.view": "company"})
    assert found["figures.view"] is Scope.COMPANY
    assert "customer.edit" not in found
    assert found["audit.view"] is Scope.COMPANY
    with pytest.raises(Invalid):
        check_roles(["salesperson"])
    with pytest.raises(Invalid):
        check_roles([])
