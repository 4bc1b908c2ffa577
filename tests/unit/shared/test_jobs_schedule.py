"""When scheduled jobs are due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs import Every, at

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")

instants = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_every_five_seconds_means_round_seconds():
    assert Every(5).next_after(utc("2026-11-22T06:00:03"), SHANGHAI) == utc("2026-11-22T06:00:05")
    assert Every(5).next_after(utc("2026-11-22T06:00:05"), SHANGHAI) == utc("2026-11-22T06:00:10")


@pytest.mark.parametrize("seconds", [0, -60, 7, 100_000])
def test_steps_that_do_not_divide_a_day_are_refused(seconds):
    with pytest.raises(ValueError):
        Every(seconds)


def test_a_time_of_day_is_the_branchs_own():
    assert at("23:55").next_after(utc("2026-11-22T06:00:00"), SHANGHAI) == utc("2026-11-22T15:55:00")
    assert at("23:55").next_after(utc("2026-11-22T15:55:00"), SHANGHAI) == utc("2026-11-23T15:55:00")


def test_weekdays_and_days_of_the_month():
    sunday = utc("2026-11-22T06:00:00")
    assert at("08:00", weekday=0).next_after(sunday, SHANGHAI) == utc("2026-11-23T00:00:00")
    assert at("08:00", day=1).next_after(sunday, SHANGHAI) == utc("2026-12-01T00:00:00")
    with pytest.raises(ValueError):
        at("08:00", day=32).next_after(sunday, SHANGHAI)


def test_clock_changes_neither_drop_nor_double_an_occasion():
    # 02:30 does not exist on 29 March 2026 in Berlin, and exists twice on 25 October
    spring = [utc("2026-03-28T00:00:00")]
    autumn = [utc("2026-10-24T00:00:00")]
    for occasions in (spring, autumn):
        for _ in range(3):
            occasions.append(at("02:30").next_after(occasions[-1], BERLIN))
    assert [one.astimezone(BERLIN).strftime("%d %H:%M") for one in spring[1:]] == [
        "28 02:30",
        "29 03:30",
        "30 02:30",
    ]
    assert [one.astimezone(BERLIN).strftime("%d %H:%M") for one in autumn[1:]] == [
        "24 02:30",
        "25 02:30",
        "26 02:30",
    ]


@given(
    instants,
    st.sampled_from(["UTC", "Asia/Shanghai", "America/New_York", "Pacific/Apia", "Pacific/Kiritimati"]),
)
def test_the_next_occasion_is_later_and_within_a_day_or_so(instant, zone):
    occasion = at("00:00").next_after(instant, ZoneInfo(zone))
    assert instant < occasion <= instant + timedelta(hours=25)
