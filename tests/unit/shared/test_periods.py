"""Business time: every date in one period, whatever the zone does."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Conflict, Invalid
from shared.periods import (
    Day,
    FiscalCalendar,
    Month,
    Period,
    Quarter,
    Year,
    add_months,
    local_date,
    parse,
    start_of_day,
    zone,
)

days = st.dates(date(1990, 1, 1), date(2100, 12, 31))
zones = st.sampled_from(
    [
        "UTC",
        "Asia/Shanghai",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "America/New_York",
        "Asia/Beirut",
        "Asia/Kathmandu",
    ]
)


@given(days)
def test_a_date_is_in_its_month_quarter_and_year_and_in_no_neighbour(day):
    for period in (Day.of(day), Month.containing(day), Quarter.containing(day), Year.containing(day)):
        assert period.contains(day)
        assert not period.next().contains(day)
        assert not period.previous().contains(day)
        assert period.next().first == period.after
        assert period.next().previous() == period
        assert type(period.next()) is type(period)
        assert parse(str(period)) == period


@given(days, st.integers(-40, 40))
def test_steps_add_up(day, count):
    for period in (Day.of(day), Month.containing(day), Quarter.containing(day), Year.containing(day)):
        stepped = period
        for _ in range(abs(count)):
            stepped = stepped.next() if count > 0 else stepped.previous()
        assert stepped == period.next(count)


def test_bounds_are_half_open():
    november = Month.of(2026, 11)
    assert (november.first, november.after, november.last) == (
        date(2026, 11, 1),
        date(2026, 12, 1),
        date(2026, 11, 30),
    )
    assert november.day_count == len(list(november.days())) == 30
    assert str(november.next()) == "2026-12"
    assert str(november.next(2)) == "2027-01"
    assert str(november.same_of_last_year()) == "2025-11"


def test_months_of_quarter_and_year():
    assert [str(month) for month in Quarter.of(2026, 4).months()] == ["2026-10", "2026-11", "2026-12"]
    year = Year.of(2028).months()
    assert len(year) == 12
    assert sum(month.day_count for month in year) == 366


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2026-11-22", Day.of(date(2026, 11, 22))),
        ("2026-11", Month.of(2026, 11)),
        ("2026-Q4", Quarter.of(2026, 4)),
        ("2026", Year.of(2026)),
        ("2026-11-01..2026-12-01", Period(date(2026, 11, 1), date(2026, 12, 1))),
    ],
)
def test_periods_are_read_as_written(text, period):
    assert parse(text) == period
    assert type(parse(text)) is type(period)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-13",
        "2026-02-30",
        "2026-Q5",
        "26",
        "2026-11-01..2026-11-01",
        "2026-12..2027-01",
        "0000",
        "9999-12-31x",
    ],
)
def test_what_is_no_period_is_refused(text):
    with pytest.raises(Invalid) as refusal:
        parse(text)
    assert refusal.value.code == "period.unreadable"


def test_periods_hold_dates_only_and_are_never_empty():
    with pytest.raises(TypeError):
        Period(datetime(2026, 11, 1, tzinfo=UTC), date(2026, 12, 1))
    with pytest.raises(ValueError):
        Period(date(2026, 12, 1), date(2026, 12, 1))


def test_today_is_the_branchs_own():
    midnight_in_shanghai = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)
    assert local_date(midnight_in_shanghai, "Asia/Shanghai") == date(2026, 11, 22)
    assert local_date(midnight_in_shanghai, "Europe/Berlin") == date(2026, 11, 21)
    noon = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    assert local_date(noon, ZoneInfo("Pacific/Kiritimati")) == date(2026, 11, 23)  # UTC+14
    assert local_date(noon, ZoneInfo("Pacific/Pago_Pago")) == date(2026, 11, 21)  # UTC-11
    with pytest.raises(ValueError):
        local_date(datetime(2026, 11, 22, 10), "UTC")


@given(days, zones)
def test_a_day_begins_with_its_own_first_instant(day, name):
    start = start_of_day(day, name)
    assert local_date(start, name) == day
    assert local_date(start - timedelta(microseconds=1), name) == day - timedelta(days=1)


def test_days_of_changing_clocks_have_23_and_25_hours():
    def hours(day: date) -> float:
        first, after = Day.of(day).instants("Europe/Berlin")
        return (after - first) / timedelta(hours=1)

    assert hours(date(2026, 3, 29)) == 23
    assert hours(date(2026, 10, 25)) == 25
    assert hours(date(2026, 11, 22)) == 24


def test_an_unknown_zone_is_refused():
    for name in ("Asia/Beijing", "", "../etc/passwd"):
        with pytest.raises(Invalid):
            zone(name)


def test_months_later_keep_the_day_where_they_can():
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2028, 1, 31), 1) == date(2028, 2, 29)
    assert add_months(date(2026, 3, 15), -13) == date(2025, 2, 15)


# --- fiscal periods


def calendar(*rows: tuple[str, str, str, bool]) -> FiscalCalendar:
    return FiscalCalendar(
        (code, date.fromisoformat(a), date.fromisoformat(b), closed) for code, a, b, closed in rows
    )


OCTOBER = ("FY26-10", "2026-10-01", "2026-11-01", True)
NOVEMBER = ("FY26-11", "2026-11-01", "2026-12-01", True)
DECEMBER = ("FY26-12", "2026-12-01", "2027-01-01", False)


def test_every_date_falls_in_exactly_one_period():
    fiscal = calendar(DECEMBER, OCTOBER, NOVEMBER)
    assert [period.code for period in fiscal.periods] == ["FY26-10", "FY26-11", "FY26-12"]
    assert fiscal.period_of(date(2026, 10, 31)).code == "FY26-10"
    assert fiscal.period_of(date(2026, 11, 1)).code == "FY26-11"


@given(st.lists(st.integers(1, 120), min_size=1, max_size=20))
def test_any_row_of_lengths_without_gap_is_a_calendar(lengths):
    first, rows = date(2026, 1, 1), []
    for number, length in enumerate(lengths):
        rows.append((f"P{number}", first, first + timedelta(days=length), False))
        first += timedelta(days=length)
    fiscal = FiscalCalendar(reversed(rows))
    for offset in range(sum(lengths)):
        day = date(2026, 1, 1) + timedelta(days=offset)
        assert sum(period.contains(day) for period in fiscal.periods) == 1
        assert fiscal.period_of(day).contains(day)


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([OCTOBER, DECEMBER], "calendar.gap"),
        ([OCTOBER, ("X", "2026-10-15", "2026-12-01", False)], "calendar.overlap"),
        ([OCTOBER, ("FY26-10", "2026-11-01", "2026-12-01", False)], "calendar.duplicate"),
    ],
)
def test_periods_that_do_not_join_up_are_refused(rows, code):
    with pytest.raises(Invalid) as refusal:
        calendar(*rows)
    assert refusal.value.code == code
    assert "FY26-10" in str(refusal.value) or "2026-11-01" in str(refusal.value)


def test_a_closed_period_refuses_postings_and_names_the_next_open_one():
    fiscal = calendar(OCTOBER, NOVEMBER, DECEMBER)
    assert fiscal.require_open(date(2026, 12, 5)).code == "FY26-12"
    with pytest.raises(Conflict) as refusal:
        fiscal.require_open(date(2026, 10, 5))
    assert refusal.value.code == "period.closed"
    assert str(refusal.value) == "FY26-10 is closed. Post into FY26-12 or ask finance to reopen it."
    with pytest.raises(Conflict, match="reopen it or to open the next"):
        calendar(OCTOBER).require_open(date(2026, 10, 5))


def test_a_date_outside_the_calendar_is_refused():
    with pytest.raises(Invalid) as refusal:
        calendar(OCTOBER).period_of(date(2026, 11, 1))
    assert refusal.value.code == "calendar.missing"
