"""Dates, numbers and amounts as files write them: read exactly, or refused with a reason."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branch_node.imports.notation import Exact, Reader, date_format_fault, read_date, read_number, read_yes
from branch_node.imports.problems import RowFailed


@pytest.mark.parametrize(
    ("text", "formats", "day"),
    [
        ("2026-03-05", ("YYYY-MM-DD",), date(2026, 3, 5)),
        ("05/03/2026", ("DD/MM/YYYY",), date(2026, 3, 5)),
        ("5/3/26", ("D/M/YY",), date(2026, 3, 5)),
        ("31.12.99", ("DD.MM.YY",), date(1999, 12, 31)),
        ("5 Mar 2026", ("D MMM YYYY",), date(2026, 3, 5)),
        ("March 5, 2026", ("MMMM D, YYYY",), date(2026, 3, 5)),
        ("2026年3月5日", ("YYYY年M月D日",), date(2026, 3, 5)),
        ("20260305", ("YYYYMMDD",), date(2026, 3, 5)),
        ("2026-03-05 14:30:00.000", ("YYYY-MM-DD HH:mm:ss",), date(2026, 3, 5)),
        ("13/12/2026", ("MM/DD/YYYY", "DD/MM/YYYY"), date(2026, 12, 13)),
    ],
)
def test_dates(text: str, formats: tuple[str, ...], day: date) -> None:
    assert read_date(text, formats) == day


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("05/03/2026", "is not a date like"),
        ("2026-02-30", "There is no day"),
        ("1850-01-01", "outside 1900 to 2199"),
        ("2026-3-5", "is not a date like"),
    ],
)
def test_dates_that_are_none(text: str, words: str) -> None:
    with pytest.raises(RowFailed) as wrong:
        read_date(text, ("YYYY-MM-DD",))
    assert words in wrong.value.message


@pytest.mark.parametrize("text", ["YYYY-MM", "DD/DD/YYYY", "x"])
def test_date_formats_need_year_month_and_day(text: str) -> None:
    assert date_format_fault(text) is not None


@given(
    st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.sampled_from(["YYYY-MM-DD", "D/M/YYYY", "DD.MM.YYYY"])
)
def test_any_day_is_read_back(day: date, written: str) -> None:
    text = {
        "YYYY-MM-DD": day.isoformat(),
        "D/M/YYYY": f"{day.day}/{day.month}/{day.year}",
        "DD.MM.YYYY": f"{day:%d.%m}.{day.year}",
    }[written]
    assert read_date(text, (written,)) == day


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("1,234.5", ".", Exact(12345, 1)),
        ("1.234,5", ",", Exact(12345, 1)),
        ("-3", ".", Exact(-3, 0)),
        ("１２.5", ".", Exact(125, 1)),
        (".5", ".", Exact(5, 1)),
        ("1 234 567", ".", Exact(1234567, 0)),
    ],
)
def test_numbers(text: str, decimal: str, number: Exact) -> None:
    assert read_number(text, decimal) == number


@pytest.mark.parametrize(
    ("text", "decimal"), [("1,23", "."), ("abc", "."), ("", "."), ("1.5", ","), ("1e5", "."), ("--1", ".")]
)
def test_numbers_that_are_none(text: str, decimal: str) -> None:
    with pytest.raises(RowFailed):
        read_number(text, decimal)


@given(st.integers(-(10**12), 10**12), st.integers(0, 6))
def test_any_number_is_read_exactly(units: int, scale: int) -> None:
    digits = f"{abs(units):0{scale + 1}d}"
    text = (
        ("-" if units < 0 else "")
        + digits[: len(digits) - scale]
        + (f".{digits[len(digits) - scale :]}" if scale else "")
    )
    assert read_number(text).exactly(scale) == units


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("$1,234.50", 123450),
        ("1234.5", 123450),
        ("(5.00)", -500),
        ("-5", -500),
        ("5.000", 500),
        ("USD 7", 700),
    ],
)
def test_amounts(text: str, minor: int) -> None:
    assert Reader(currency="USD").amount_minor(text) == minor


@pytest.mark.parametrize("text", ["€5.00", "5.001", "1,23", "five"])
def test_amounts_that_are_none(text: str) -> None:
    with pytest.raises(RowFailed):
        Reader(currency="USD").amount_minor(text)


def test_an_amount_in_yen_has_no_decimals_and_one_in_comma_notation_has() -> None:
    assert Reader(currency="JPY").amount_minor("1,234") == 1234
    assert Reader(currency="EUR", decimal=",").amount_minor("1.234,50 ") == 123450


def test_a_product_is_rounded_once() -> None:
    reader = Reader(currency="USD")
    assert reader.amount_minor(reader.number("1.5") * reader.number("$3.33")) == 500
    assert reader.amount_minor(reader.number("30") * reader.number("136.00")) == 408000


def test_quantities_percentages_rates_and_yes() -> None:
    reader = Reader()
    assert reader.quantity_milli("2.5") == 2500
    assert reader.percent_bp("12.5%") == 1250
    assert reader.rate_e9("7.12") == 7_120_000_000
    assert reader.whole("12.0") == 12
    assert [read_yes(text) for text in ("Yes", "是", "0", "false")] == [True, True, False, False]
    for read, text in (
        (reader.quantity_milli, "1.2345"),
        (reader.percent_bp, "101"),
        (reader.rate_e9, "0"),
        (reader.whole, "1.5"),
    ):
        with pytest.raises(RowFailed):
            read(text)
