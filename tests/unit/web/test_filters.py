"""Numbers, dates and signs: the lines of the design, quoted."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from shared import clock, i18n
from shared.clock import FixedClock
from shared.money import Money
from shared.web import filters
from shared.web.reader import reading_in

AT = datetime(2026, 11, 22, 6, 5, 7, tzinfo=UTC)


def yuan(text: str) -> Money:
    return Money(int(text.replace(".", "").replace(",", "")), "CNY")


@pytest.fixture(autouse=True)
def texts() -> Iterator[None]:
    from pathlib import Path

    i18n.install(i18n.catalogue([Path(filters.__file__).parent]))
    with clock.use(FixedClock(AT)):
        yield


LINES = [
    (filters.money, yuan("1,234.50"), "¥1,234.50", "¥1,234.50"),
    (filters.money_plain, yuan("1,234.50"), "1,234.50", "1,234.50"),
    (filters.money_plain, yuan("-1,234.50"), "−1,234.50", "−1,234.50"),
    (filters.money_big, yuan("1,234,567.00"), "123.5", "1,235"),
    (filters.money_card, yuan("12,346,000.00"), "¥1,234.6万", "¥12.35M"),
    (filters.money_card, yuan("123,400,000.00"), "¥1.23亿", "¥123.40M"),
    (filters.money_card, yuan("1,234,000,000.00"), "¥12.34亿", "¥1.23B"),
    (filters.money, None, "缺数据", "no data"),
    (filters.money, Money(0, "CNY"), "¥0.00", "¥0.00"),
    (filters.money, Money(123_450, "USD"), "USD 1,234.50", "USD 1,234.50"),
    (filters.percent, 8_730, "87.3%", "87.3%"),
    (filters.percent, Fraction(873, 1000), "87.3%", "87.3%"),
    (filters.points, -210, "−2.1 个百分点", "−2.1 pp"),
    (filters.number, 1_234, "1,234", "1,234"),
    (filters.quantity, 1_500, "1.5", "1.5"),
    (filters.quantity, 2_000_000, "2,000", "2,000"),
    (filters.day, date(2026, 11, 22), "2026-11-22", "2026-11-22"),
    (filters.day_words, date(2026, 11, 22), "11月22日", "22 Nov"),
    (filters.month, date(2026, 11, 1), "2026年11月", "November 2026"),
    (filters.clock_time, AT, "14:05", "14:05"),
    (filters.instant, AT, "2026-11-22 14:05", "2026-11-22 14:05"),
    (filters.as_of, AT, "14:05", "14:05"),
    (filters.as_of, AT - timedelta(days=1), "2026-11-21 14:05", "2026-11-21 14:05"),
    (filters.file_size, 1_500_000_000, "1.5 GB", "1.5 GB"),
    (filters.file_size, 340, "340 B", "340 B"),
    (filters.duration, 192, "3分12秒", "3 min 12 s"),
    (filters.duration, timedelta(hours=4, minutes=25, seconds=3), "4小时25分", "4 h 25 min"),
    (filters.duration, 0.036, "36毫秒", "36 ms"),
    (filters.duration, 0, "0秒", "0 s"),
    (filters.duration, 86_400 * 3, "3天", "3 d"),
    (filters.duration, 3_605, "1小时", "1 h"),
    (filters.ago, AT - timedelta(days=3, hours=2), "3天前", "3 d ago"),
    (filters.ago, AT, "刚刚", "just now"),
]


@pytest.mark.parametrize(("write", "value", "chinese", "english"), LINES)
def test_the_lines_of_the_design(write, value, chinese: str, english: str) -> None:  # type: ignore[no-untyped-def]
    with i18n.use_locale("zh_CN"):
        assert write(value) == chinese
    with i18n.use_locale("en"):
        assert write(value) == english


@pytest.mark.parametrize(
    ("points", "text"), [(390, "+3.9%"), (-210, "−2.1%"), (0, "±0.0%"), (4, "±0.0%"), (-4, "±0.0%")]
)
def test_variances_are_always_signed(points: int, text: str) -> None:
    assert filters.percent(points, signed=True) == text


def test_another_zone_says_so() -> None:
    assert filters.clock_time(AT, "Asia/Urumqi") == "12:05 (UTC+6)"
    assert filters.clock_time(AT, "Asia/Kolkata") == "11:35 (UTC+5:30)"
    with reading_in("Asia/Urumqi"):
        assert filters.clock_time(AT) == "12:05"
        assert filters.day(datetime(2026, 11, 22, 17, 30, tzinfo=UTC)) == "2026-11-22"
        assert filters.day(datetime(2026, 11, 22, 18, 0, tzinfo=UTC)) == "2026-11-23"


def test_only_the_base_currency_has_its_symbol() -> None:
    with reading_in("Europe/Berlin", "EUR"):
        assert filters.money(Money(100, "EUR")) == "€1.00"
        assert filters.money(Money(100, "CNY")) == "CNY 1.00"


@pytest.mark.parametrize(
    ("currency", "big", "chinese", "english"),
    [("CNY", False, "元", "CNY"), ("CNY", True, "万元", "k CNY"), ("USD", True, "万 USD", "k USD")],
)
def test_units_of_column_heads(currency: str, big: bool, chinese: str, english: str) -> None:
    with i18n.use_locale("zh_CN"):
        assert filters.money_unit(currency, big=big) == chinese
    with i18n.use_locale("en"):
        assert filters.money_unit(currency, big=big) == english
