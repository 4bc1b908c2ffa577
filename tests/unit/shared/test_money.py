"""Money: exact, never a float, read and written as people write it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.money import (
    CURRENCIES,
    DifferentCurrencies,
    Money,
    convert,
    exponent,
    format_amount,
    format_column,
    format_money,
    format_plain,
    parse_amount,
    parse_in_any,
    round_half_even,
    split,
)

amounts = st.integers(-(10**14), 10**14)
currencies = st.sampled_from(["CNY", "USD", "JPY", "KWD", "CLF"])


def cny(minor: int) -> Money:
    return Money(minor, "CNY")


def test_money_of_one_currency_adds_subtracts_and_compares():
    assert cny(150) + cny(50) == cny(200)
    assert cny(150) - cny(200) == cny(-50)
    assert cny(1) < cny(2) <= cny(2)
    assert sum([cny(1), cny(2)], cny(0)) == cny(3)
    assert not cny(0) and cny(-1) and abs(cny(-1)) == cny(1) == -cny(-1)
    assert 3 * cny(5) == cny(15)


@pytest.mark.parametrize("operation", ["__add__", "__sub__", "__lt__", "__le__", "__gt__", "__ge__"])
def test_two_currencies_never_meet(operation):
    with pytest.raises(DifferentCurrencies):
        getattr(cny(1), operation)(Money(1, "USD"))


def test_equal_minor_units_of_two_currencies_are_not_equal():
    assert cny(1) != Money(1, "USD")


@pytest.mark.parametrize("minor", [1.0, "1", True, None])
def test_money_is_made_of_whole_minor_units_only(minor):
    with pytest.raises(TypeError):
        Money(minor, "CNY")


def test_money_does_not_mix_with_numbers():
    with pytest.raises(TypeError):
        cny(1) + 1
    with pytest.raises(TypeError):
        cny(1) * 0.5


def test_unknown_currencies_are_refused():
    for code in ("CYN", "cny", "", "RMB"):
        with pytest.raises(ValueError, match="no such currency"):
            Money(1, code)


def test_decimals_follow_iso_4217():
    assert [exponent(code) for code in ("CNY", "JPY", "KWD", "CLF")] == [2, 0, 3, 4]


def test_our_table_of_decimals_agrees_with_babel():
    from babel.numbers import get_currency_precision

    # CLDR writes some ISO two- and three-decimal currencies without decimals; ISO is what bank files carry.
    ours_is_iso = {code for code in CURRENCIES if get_currency_precision(code) not in (exponent(code), 0)}
    assert ours_is_iso == set()


@given(amounts, st.integers(1, 10**6))
def test_rounding_is_to_the_nearest_with_ties_to_even(numerator, denominator):
    assert round_half_even(numerator, denominator) == round(Fraction(numerator, denominator))
    assert round_half_even(-numerator, -denominator) == round_half_even(numerator, denominator)


def test_a_share_is_rounded_once():
    assert cny(10_005).share(1300, 10_000) == cny(1301)  # 13 % of ¥100.05 is 13.0065
    assert cny(5).share(1, 2) == cny(2)
    assert cny(15).share(1, 2) == cny(8)


@given(amounts, st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any))
def test_parts_add_up_and_none_is_a_minor_unit_off(total, weights):
    parts = split(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1
        assert weight or part == 0


def test_the_earlier_part_wins_a_tie():
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(-100, [1, 1, 1]) == [-34, -33, -33]
    assert cny(5).split([1, 1]) == [cny(3), cny(2)]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 5]])
def test_weights_that_say_nothing_are_refused(weights):
    with pytest.raises(ValueError):
        split(100, weights)


def test_conversion_knows_the_decimals_of_both_sides():
    assert convert(100, "USD", "CNY", 7_120_000_000) == 712
    assert convert(100, "USD", "JPY", 150_123_000_000) == 150
    assert convert(150, "JPY", "USD", 6_661_000) == 100
    assert convert(1000, "KWD", "CNY", 23_155_000_000) == 2316  # 23.155 to even
    with pytest.raises(ValueError, match="no rate"):
        convert(100, "USD", "CNY", 0)


@given(amounts, currencies, currencies, st.integers(1, 10**13))
def test_conversion_is_the_exact_product_rounded_once(minor, source, target, rate_e9):
    exact = Fraction(minor, 10 ** exponent(source)) * Fraction(rate_e9, 10**9) * 10 ** exponent(target)
    assert convert(minor, source, target, rate_e9) == round(exact)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("100,000.00", 10_000_000),
        ("¥1,234", 123_400),
        ("￥１，２３４．５０", 123_450),
        ("1234。5", 123_450),
        ("10万", 10_000_000),
        ("¥1.5亿元", 15_000_000_000),
        ("0.12345万", 123_450),
        ("CNY 5", 500),
        ("5 cny", 500),
        ("rmb 5", 500),
        ("1 234.50", 123_450),
        ("1'234.50", 123_450),
        ("1\u00a0234", 123_400),
        ("  7 ", 700),
        (".5", 50),
        ("+3", 300),
        ("-3", -300),
        ("\u22123", -300),
        ("－３", -300),
        ("3-", -300),
        ("-¥3", -300),
        ("¥-3", -300),
        ("0", 0),
    ],
)
def test_amounts_are_read_as_people_write_them(text, minor):
    assert parse_amount(text, "CNY") == cny(minor)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "amount.missing"),
        ("   ", "amount.missing"),
        ("1.5w", "amount.unreadable"),
        ("$5", "amount.unreadable"),
        ("USD 5", "amount.unreadable"),
        ("1,23", "amount.unreadable"),
        ("1234,567", "amount.unreadable"),
        ("1,234 567", "amount.unreadable"),
        ("1.2.3", "amount.unreadable"),
        ("5.", "amount.unreadable"),
        ("--5", "amount.unreadable"),
        ("+-5", "amount.unreadable"),
        ("-5-", "amount.unreadable"),
        ("(5)", "amount.unreadable"),
        ("1e5", "amount.unreadable"),
        ("NaN", "amount.unreadable"),
        ("¥", "amount.unreadable"),
        ("万", "amount.unreadable"),
        ("٣", "amount.unreadable"),
        ("²", "amount.unreadable"),
        ("10²", "amount.unreadable"),
        ("①", "amount.unreadable"),
        ("9" * 5000, "amount.unreadable"),
        ("1.005", "amount.too_precise"),
        ("1.500", "amount.too_precise"),
        ("0.0000001万", "amount.too_precise"),
        ("10,000,000,000,000", "amount.too_large"),
    ],
)
def test_what_is_not_plainly_an_amount_is_refused(text, code):
    with pytest.raises(Invalid) as refusal:
        parse_amount(text, "CNY")
    assert refusal.value.code == code


def test_decimals_of_the_currency_are_the_limit():
    assert parse_amount("1,234", "JPY") == Money(1234, "JPY")
    assert parse_amount("1.234", "KWD") == Money(1234, "KWD")
    assert parse_amount("$1,234.50", "USD") == Money(123450, "USD")
    with pytest.raises(Invalid):
        parse_amount("1.5", "JPY")


def test_an_amount_whose_currency_is_not_known_yet_is_refused_only_when_it_is_none():
    for text in ("12", "1,234.50", "USD 5", "￥12", "1.234", "0.0001", "5 EUR", "1.5亿元", "12,000,000,000"):
        assert parse_in_any(text, "CNY").minor
    for text in ("abc", "", "1,23", "5 apples", "1.00005"):
        with pytest.raises(Invalid):
            parse_in_any(text, "CNY")


def test_files_may_use_other_signs():
    assert parse_amount("1.234,50", "EUR", decimal=",") == Money(123450, "EUR")
    assert parse_amount("(5.00)", "CNY", parentheses=True) == cny(-500)
    assert parse_amount("100.0000", "CNY", trailing_zeros=True) == cny(10_000)
    for text in ("(-5)", "-(5)"):
        with pytest.raises(Invalid):
            parse_amount(text, "CNY", parentheses=True)
    with pytest.raises(Invalid):
        parse_amount("100.0050", "CNY", trailing_zeros=True)


@given(amounts, currencies)
def test_what_is_written_is_read_back_the_same(minor, currency):
    for text in (format_plain(minor, currency), format_amount(minor, currency)):
        assert parse_amount(text, currency) == Money(minor, currency)
    for locale in ("zh_CN", "en"):
        assert parse_amount(format_money(minor, currency, locale), currency) == Money(minor, currency)


@given(st.text(max_size=12))
def test_reading_anything_answers_or_refuses(text):
    try:
        outcome = parse_amount(text, "CNY").currency
    except Invalid as refusal:
        outcome = refusal.code.partition(".")[0]
    assert outcome in {"CNY", "amount"}


# The lines of the design's table of numbers.
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (format_money(123_450, "CNY", "zh_CN"), "¥1,234.50"),
        (format_amount(123_450, "CNY"), "1,234.50"),
        (format_amount(-123_450, "CNY"), "\u22121,234.50"),
        (format_column(123_450_000, "CNY", "zh_CN"), "123.4"),
        (format_column(123_460_000, "CNY", "zh_CN"), "123.5"),
        (format_column(123_460_000, "CNY", "en"), "1,235"),
        (format_money(1_234_600_000, "CNY", "zh_CN", True), "¥1,234.6万"),
        (format_money(12_300_000_000, "CNY", "zh_CN", True), "¥1.23亿"),
        (format_money(1_235_000_000, "CNY", "en", True), "¥12.35M"),
        (format_money(123_000_000_000, "CNY", "en", True), "¥1.23B"),
        (format_money(123_450, "USD", "zh_CN", base="CNY"), "USD 1,234.50"),
        (format_money(-123_450, "CNY", "en"), "\u2212¥1,234.50"),
        (format_plain(123_450, "CNY"), "1234.50"),
        (format_plain(-5, "CNY"), "-0.05"),
        (format_plain(1234, "JPY"), "1234"),
        (format_amount(5, "CNY", signed=True), "+0.05"),
        (format_amount(0, "CNY", signed=True), "±0.00"),
        # the larger unit from 1亿 on, also when rounding gets there, and not before
        (format_money(9_999_999_999, "CNY", "zh_CN", True), "¥1.00亿"),
        (format_money(9_999_000_000, "CNY", "zh_CN", True), "¥9,999.0万"),
        (format_money(99_999_999_900, "CNY", "en", True), "¥1.00B"),
        (format_money(99_999_000_000, "CNY", "en", True), "¥999.99M"),
        (format_money(999_900, "CNY", "zh_CN", True), "¥9,999.00"),
        (format_money(1_234_600_000, "USD", "zh_CN", True, base="CNY"), "USD 1,234.6万"),
        # a column never shows a minus before a rounded zero
        (format_column(-100, "CNY", "zh_CN"), "0.0"),
    ],
)
def test_amounts_are_written_as_designed(written, expected):
    assert written == expected


def test_no_two_currencies_share_a_symbol_on_one_page():
    for base in ("CNY", "JPY", "USD", None):
        written = {format_money(100_00, code, "en", base=base)[:3] for code in ("CNY", "JPY", "USD", "HKD")}
        assert len(written) == 4
    assert format_money(1234, "JPY", "en", base="JPY") == "¥1,234"
    assert format_money(1234, "JPY", "en") == "JPY 1,234"
