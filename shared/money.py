"""Money: whole minor units and an ISO 4217 currency; text only at the edge, a float nowhere.

Pure. Columns hold `amount_minor` and `currency`; Python holds Money; forms and imports read text with
`parse_amount`; templates write it with `format_money`, the JSON API with `format_plain`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from shared.errors import Invalid
from shared.i18n import N_

# ISO 4217, currencies in use (2026); all with two decimals but those below.
_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF "
    "CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP "
    "GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT "
    "LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR "
    "NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
    "SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF "
    "XCD XOF XPF YER ZAR ZMW ZWG"
)
_WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_WITH_THREE = "BHD IQD JOD KWD LYD OMR TND"
_WITH_FOUR = "CLF UYW"

CURRENCIES = frozenset(_CODES.split())
_OTHER_EXPONENTS = {
    **dict.fromkeys(_WITHOUT_DECIMALS.split(), 0),
    **dict.fromkeys(_WITH_THREE.split(), 3),
    **dict.fromkeys(_WITH_FOUR.split(), 4),
}

# One symbol, one currency: a yen amount among yuan is written with its code, see format_money.
SYMBOLS = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£"}
_SHARED_SYMBOLS = {"JPY": "¥", "HKD": "$", "AUD": "$", "CAD": "$", "SGD": "$", "NZD": "$", "TWD": "$"}

MINUS = "\u2212"
LARGEST_MINOR = 10**15  # far below BIGINT, so that sums of millions of rows still fit


class DifferentCurrencies(ValueError):
    """Two currencies met in one calculation: convert at a named rate first."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in whole minor units of its currency: Money(123450, "CNY") is ¥1,234.50."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units are whole numbers, not {self.minor!r}")
        exponent(self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __abs__(self) -> Money:
        return Money(abs(self.minor), self.currency)

    def __mul__(self, count: int) -> Money:
        if type(count) is not int:
            raise TypeError("money times a fraction is Money.share(numerator, denominator)")
        return Money(self.minor * count, self.currency)

    __rmul__ = __mul__

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: Money) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.minor >= self._same(other)

    def __str__(self) -> str:
        return f"{self.currency} {format_plain(self.minor, self.currency)}"

    def share(self, numerator: int, denominator: int) -> Money:
        """numerator / denominator of the amount, rounded: 13 % tax is `price.share(1300, 10_000)`."""
        return Money(round_half_even(self.minor * numerator, denominator), self.currency)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Parts in proportion to `weights` that add up to the amount exactly; see split()."""
        return [Money(part, self.currency) for part in split(self.minor, weights)]

    def _same(self, other: Money) -> int:
        if not isinstance(other, Money):
            raise TypeError(f"money and {type(other).__name__} do not mix")
        if other.currency != self.currency:
            raise DifferentCurrencies(f"{self.currency} and {other.currency}")
        return other.minor


def exponent(currency: str) -> int:
    """Decimals of a currency: 2 for CNY, 0 for JPY, 3 for KWD. ValueError for a code that ISO 4217 lacks."""
    if currency not in CURRENCIES:
        raise ValueError(f"no such currency: {currency!r}")
    return _OTHER_EXPONENTS.get(currency, 2)


def round_half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator to the nearest whole number, ties to the even neighbour.

    The only rounding of money in the product. Half-even because sums over many rounded lines (tax, splits,
    conversions) then drift to neither side. ZeroDivisionError for denominator 0.
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    whole, rest = divmod(numerator, denominator)
    if rest * 2 > denominator or (rest * 2 == denominator and whole % 2):
        whole += 1
    return whole


def split(total: int, weights: Sequence[int]) -> list[int]:
    """`total` in whole parts proportional to `weights`, by largest remainder; the parts add up to `total`.

    The earlier part wins a tie, so the answer depends on nothing but the arguments. ValueError when a weight is
    negative or all are zero.
    """
    if any(weight < 0 for weight in weights) or not sum(weights):
        raise ValueError("weights must not be negative and not all zero")
    sign, size, whole = (-1 if total < 0 else 1), abs(total), sum(weights)
    parts = [size * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(size * weights[place] % whole))
    for place in by_remainder[: size - sum(parts)]:
        parts[place] += 1
    return [sign * part for part in parts]


def convert(minor: int, from_currency: str, to_currency: str, rate_e9: int) -> int:
    """Minor units of `to_currency`. `rate_e9` is 10^9 times the price of one major unit: USD to CNY 7.12 is
    7_120_000_000. ValueError for a rate that is not positive: a missing rate is never taken as anything."""
    if rate_e9 <= 0:
        raise ValueError(f"no rate from {from_currency} to {to_currency}")
    return round_half_even(minor * rate_e9 * 10 ** exponent(to_currency), 10 ** (9 + exponent(from_currency)))


# --- reading --------------------------------------------------------------------------------------------------

_MULTIPLES = {"": 0, "千": 3, "万": 4, "萬": 4, "亿": 8, "億": 8}
_TO_ASCII = str.maketrans({MINUS: "-", "–": "-", "。": ".", "’": "'", "`": "'"})
_NUMBER = {
    point: re.compile(
        rf"(?P<whole>\d+|\d{{1,3}}(?:(?P<gap>[{gaps} '])\d{{3}})(?:(?P=gap)\d{{3}})*)?"
        rf"(?:[{re.escape(point)}](?P<decimals>\d+))?(?P<multiple>[千万萬亿億]?)",
        re.ASCII,
    )
    for point, gaps in ((".", ","), (",", "."))
}


def parse_amount(
    text: str,
    currency: str,
    *,
    decimal: str = ".",
    parentheses: bool = False,
    trailing_zeros: bool = False,
) -> Money:
    """The amount a person or a file wrote, exactly; Invalid, with a message for the reader, when it is not one.

    Reads `100,000.00`, `¥1,234`, `CNY 5`, full-width digits and signs, `10万`, `1.5亿元`, a minus before or after.
    Groups must be of three digits: `1,23` is refused, it may mean something else. More decimals than the currency
    has are refused, never rounded; files that pad numbers set `trailing_zeros` to let zeros pass. `decimal` is "."
    or ","; `parentheses` reads (5.00) as minus 5.
    """
    shown = text.strip()
    rest = unicodedata.normalize("NFKC", text[:60]).translate(_TO_ASCII).strip()
    rest, sign = _take_sign(rest, parentheses)
    rest, sign_inside = _take_sign(_take_currency(rest, currency), False)
    match = _NUMBER[decimal].fullmatch(rest)
    is_number = match is not None and (match["whole"] or match["decimals"]) and not (sign and sign_inside)
    if match is None or not is_number or len(text) > 60 or any(map(_is_raised, text)):
        raise _unreadable(shown)
    decimals = match["decimals"] or ""
    units = int(re.sub(r"\D", "", match["whole"] or "") + decimals)
    shift = exponent(currency) + _MULTIPLES[match["multiple"]] - len(decimals)
    if shift < 0:
        if not trailing_zeros and not match["multiple"]:
            raise _too_precise(shown, currency)
        units, lost = divmod(units, 10**-shift)
        if lost:
            raise _too_precise(shown, currency)
    else:
        units *= 10**shift
    if units >= LARGEST_MINOR:
        raise Invalid(N_('"%(text)s" is too large.'), code="amount.too_large", text=shown)
    return Money(-units if "-" in sign + sign_inside else units, currency)


def _is_raised(char: str) -> bool:
    """Whether it is a digit that is none of a number: raised, lowered, in a circle. Normalized it would read as one."""
    return unicodedata.digit(char, None) is not None and unicodedata.decimal(char, None) is None


def parse_in_any(text: str, likely: str) -> Money:
    """The amount as a currency reads it while the right one is not known yet; Invalid, as `likely` says it, when none does.

    Tried are `likely`, the currencies that the text names, and one of each number of decimals.
    """
    plain = unicodedata.normalize("NFKC", text[:60]).upper()
    named = [code for code in CURRENCIES if code in plain]
    marked = [code for code, symbol in {**SYMBOLS, **_SHARED_SYMBOLS}.items() if symbol in plain]
    refusal: Invalid | None = None
    for currency in (likely, *named, *marked, "CNY", "JPY", "KWD", "CLF"):
        try:
            return parse_amount(text, currency)
        except Invalid as refused:
            refusal = refusal or refused
    assert refusal is not None
    raise refusal


def _take_sign(text: str, parentheses: bool) -> tuple[str, str]:
    """The text without its one sign, and the sign: "-", "+" or nothing."""
    if parentheses and text.startswith("(") and text.endswith(")"):
        return text[1:-1].strip(), "-"
    if text.startswith(("-", "+")):
        return text[1:].strip(), text[0]
    if text.endswith("-"):
        return text[:-1].strip(), "-"
    return text, ""


def _take_currency(text: str, currency: str) -> str:
    """The text without symbol, code or word of its own currency; a foreign one stays and makes it unreadable."""
    symbol = SYMBOLS.get(currency) or _SHARED_SYMBOLS.get(currency)
    before = [currency, *([symbol] if symbol else []), *(["RMB", "人民币"] if currency == "CNY" else [])]
    after = [currency, *(["RMB", "元", "圆"] if currency == "CNY" else [])]
    for mark in before:
        if text.upper().startswith(mark):
            text = text[len(mark) :].strip()
            break
    for mark in after:
        if text.upper().endswith(mark):
            return text[: -len(mark)].strip()
    return text


def _unreadable(text: str) -> Invalid:
    if not text:
        return Invalid(N_("Enter an amount."), code="amount.missing")
    return Invalid(
        N_('"%(text)s" is not an amount. Write it like 1,234.50.'), code="amount.unreadable", text=text
    )


def _too_precise(text: str, currency: str) -> Invalid:
    return Invalid(
        N_('"%(text)s" has more decimals than %(currency)s has (%(decimals)s).'),
        code="amount.too_precise",
        text=text,
        currency=currency,
        decimals=exponent(currency),
    )


# --- writing --------------------------------------------------------------------------------------------------


def format_plain(minor: int, currency: str) -> str:
    """A decimal string for machines: -123450 CNY is "-1234.50"."""
    return ("-" if minor < 0 else "") + _digits(abs(minor), exponent(currency), "")


def format_amount(minor: int, currency: str, *, signed: bool = False) -> str:
    """Digits for a list whose head names the unit: 1,234.50, negative −1,234.50; `signed` writes + as well."""
    return _sign(minor, signed) + _digits(abs(minor), exponent(currency), ",")


def format_column(minor: int, currency: str, locale: str) -> str:
    """A rounded number for an overview column: in 万 with one decimal for zh_CN, in thousands for en."""
    size = round_half_even(abs(minor), 10 ** (exponent(currency) + 3))
    return _sign(minor if size else 0) + _digits(size, 1 if locale == "zh_CN" else 0, ",")


def format_money(
    minor: int,
    currency: str,
    locale: str,
    compact: bool = False,
    *,
    base: str | None = None,
    signed: bool = False,
) -> str:
    """¥1,234.50; compact ¥1,234.6万 and ¥1.23亿 in zh_CN, ¥12.35M and ¥1.23B in en.

    Only the reader's `base` currency is written with its symbol, any other with its code: USD 1,234.50. Without
    `base` a symbol that two currencies share (¥ of JPY, $ of HKD) gives way to the code, too. Compact amounts too
    small for the first unit are written out.
    """
    digits = (_compact(abs(minor), currency, locale) if compact else "") or _digits(
        abs(minor), exponent(currency), ","
    )
    sign = _sign(minor, signed)
    symbol = SYMBOLS.get(currency)
    if base is not None:
        symbol = (symbol or _SHARED_SYMBOLS.get(currency)) if currency == base else None
    return f"{sign}{symbol}{digits}" if symbol else f"{currency} {sign}{digits}"


# unit, power of ten of its size, decimals shown; from small to large
_COMPACT_UNITS = {
    "zh_CN": (("万", 4, 1), ("亿", 8, 2)),
    "en": (("M", 6, 2), ("B", 9, 2)),
}


def _compact(size_minor: int, currency: str, locale: str) -> str:
    """Digits in the unit that fits, empty when smaller than the first unit.

    The larger unit is taken when the smaller one would round up to it: 99,999,999 is 1.00亿, not 10,000.0万.
    """
    (small, small_power, small_decimals), (large, large_power, large_decimals) = _COMPACT_UNITS[locale]
    digits = exponent(currency)
    if size_minor < 10 ** (digits + small_power):
        return ""
    units = round_half_even(size_minor, 10 ** (digits + small_power - small_decimals))
    if units < 10 ** (large_power - small_power + small_decimals):
        return _digits(units, small_decimals, ",") + small
    units = round_half_even(size_minor, 10 ** (digits + large_power - large_decimals))
    return _digits(units, large_decimals, ",") + large


def _digits(size: int, decimals: int, gap: str) -> str:
    """A non-negative whole number of 10^-decimals as digits, groups of three divided by `gap`."""
    whole, rest = divmod(size, 10**decimals)
    grouped = f"{whole:,}".replace(",", gap)
    return f"{grouped}.{rest:0{decimals}d}" if decimals else grouped


def _sign(minor: int, signed: bool = False) -> str:
    if minor < 0:
        return MINUS
    return ("±" if minor == 0 else "+") if signed else ""
