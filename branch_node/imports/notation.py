"""How values are written in files: dates, numbers, amounts, yes and no, read exactly or refused with a reason. Pure.

Every reader takes text without blanks around it and raises RowFailed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache

from branch_node.imports.problems import RowFailed, failed, refusal
from shared.errors import Invalid, Text
from shared.i18n import N_
from shared.money import exponent, parse_amount, round_half_even

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
EARLIEST, LATEST = date(1900, 1, 1), date(2199, 12, 31)

_TOKENS = {
    "YYYY": r"(?P<year>\d{4})", "YY": r"(?P<short>\d{2})", "MMMM": r"(?P<name>[A-Za-z]{3,9})",
    "MMM": r"(?P<name>[A-Za-z]{3})\.?", "MM": r"(?P<month>\d{2})", "M": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{2})", "D": r"(?P<day>\d{1,2})", "HH": r"\d{1,2}", "mm": r"\d{2}", "ss": r"\d{2}(?:\.\d+)?",
}  # fmt: skip
_TOKEN = re.compile("YYYY|YY|MMMM|MMM|MM|M|DD|D|HH|mm|ss|.", re.DOTALL)
_NUMBER = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d*)(?:\.(?P<part>\d*))?", re.ASCII)
_GROUPED = {
    ".": re.compile(r"[+-]?\d{1,3}(?P<gap>[, '])\d{3}(?:(?P=gap)\d{3})*(?:\.\d*)?", re.ASCII),
    ",": re.compile(r"[+-]?\d{1,3}(?P<gap>[. '])\d{3}(?:(?P=gap)\d{3})*(?:,\d*)?", re.ASCII),
}
_WIDE = str.maketrans("０１２３４５６７８９．，－＋％　\u2212\xa0\u202f", "0123456789.,-+% -  ")

YES = frozenset({"1", "y", "yes", "true", "t", "x", "on", "是", "有", "√", "ja", "oui", "si"})
NO = frozenset({"0", "n", "no", "false", "f", "off", "否", "无", "", "nein", "non"})


def date_format_fault(text: str) -> Text | None:
    """What is wrong with a date format, or None."""
    tokens = _TOKEN.findall(text)
    wanted = (("YYYY", "YY"), ("MM", "M", "MMM", "MMMM"), ("DD", "D"))
    if all(sum(tokens.count(name) for name in group) == 1 for group in wanted):
        return None
    return Text(
        N_("%(format)s must have year, month and day once each, such as YYYY-MM-DD or D/M/YYYY."), format=text
    )


@lru_cache(maxsize=64)
def _date_pattern(text: str) -> re.Pattern[str]:
    return re.compile("".join(_TOKENS.get(token) or re.escape(token) for token in _TOKEN.findall(text)))


@lru_cache(maxsize=20_000)
def read_date(text: str, formats: tuple[str, ...]) -> date:
    """The date by the first format that fits and gives a day that exists."""
    impossible = False
    for written in formats:
        match = _date_pattern(written).fullmatch(text)
        if match is None:
            continue
        try:
            found = _date_of(match.groupdict())
        except ValueError:
            impossible = True
            continue
        if not EARLIEST <= found <= LATEST:
            raise failed("", N_('"%(text)s" lies outside 1900 to 2199.'), text=text)
        return found
    if impossible:
        raise failed("", N_('There is no day "%(text)s" in the calendar.'), text=text)
    raise failed("", N_('"%(text)s" is not a date like %(formats)s.'), text=text, formats=", ".join(formats))


def _date_of(parts: dict[str, str | None]) -> date:
    """ValueError when there is no such day. Two-digit years are 1969 to 2068."""
    year = int(parts.get("year") or 0)
    if short := parts.get("short"):
        year = int(short) + (1900 if int(short) > 68 else 2000)
    if name := parts.get("name"):
        month = MONTHS.index(name[:3].lower()) + 1
    else:
        month = int(parts["month"] or 0)
    return date(year, month, int(parts["day"] or 0))


@dataclass(frozen=True)
class Exact:
    """A decimal number without rounding: `units` times 10 to the minus `scale`."""

    units: int
    scale: int

    def __mul__(self, other: "Exact") -> "Exact":
        return Exact(self.units * other.units, self.scale + other.scale)

    def to(self, decimals: int) -> int:
        """In units of 10**-decimals, rounded once where it has more."""
        if self.scale <= decimals:
            return int(self.units * 10 ** (decimals - self.scale))
        return round_half_even(self.units, 10 ** (self.scale - decimals))

    def exactly(self, decimals: int) -> int | None:
        """The same, None where it has more decimals than that."""
        if self.scale > decimals and self.units % 10 ** (self.scale - decimals):
            return None
        return self.to(decimals)


def read_number(text: str, decimal: str = ".") -> Exact:
    """'1,234.5', '-3', full-width digits: any decimal number, exactly."""
    plain = text.translate(_WIDE).strip()
    if grouped := _GROUPED[decimal].fullmatch(plain):
        plain = plain.replace(grouped["gap"], "")
    if decimal == ",":
        plain = "!" if "." in plain else plain.replace(",", ".")
    match = _NUMBER.fullmatch(plain)
    if match is None or not (match["whole"] or match["part"]) or len(plain) > 40:
        raise failed("", N_('"%(text)s" is not a number.'), text=text)
    part = match["part"] or ""
    units = int((match["whole"] or "0") + part)
    return Exact(-units if match["sign"] == "-" else units, len(part))


def read_yes(text: str) -> bool:
    """yes, true, 1, x, 是 and their opposites."""
    word = text.casefold()
    if word in YES or word in NO:
        return word in YES
    raise failed("", N_('"%(text)s" is neither yes nor no.'), text=text)


@dataclass(frozen=True)
class Reader:
    """Reads texts of one field. `currency` is that of amounts; formats are those of the field, file or mapping."""

    decimal: str = "."
    dates: tuple[str, ...] = ("YYYY-MM-DD",)
    currency: str = ""
    empty: frozenset[str] = field(default_factory=frozenset)

    def reading(self, currency: str) -> "Reader":
        """The same notation for amounts in another currency."""
        return self if currency == self.currency else replace(self, currency=currency)

    def day(self, text: str) -> date:
        return read_date(text, self.dates)

    def number(self, text: str | Exact) -> Exact:
        if isinstance(text, Exact):
            return text
        try:
            return read_number(text, self.decimal)
        except RowFailed:
            amount = self._amount(text)
            return Exact(amount, exponent(self.currency))

    def amount_minor(self, text: str | Exact) -> int:
        """Minor units: `$1,234.50`, `(5.00)`, `10万`; a product is rounded once, a written amount never."""
        return text.to(exponent(self.currency)) if isinstance(text, Exact) else self._amount(text)

    def _amount(self, text: str) -> int:
        try:
            return parse_amount(
                text, self.currency, decimal=self.decimal, parentheses=True, trailing_zeros=True
            ).minor
        except Invalid as wrong:
            raise refusal("", wrong) from None

    def quantity_milli(self, text: str | Exact) -> int:
        return self._scaled(text, 3)

    def whole(self, text: str | Exact) -> int:
        return self._scaled(text, 0)

    def rate_e9(self, text: str | Exact) -> int:
        found = self._scaled(text, 9)
        if found <= 0:
            raise failed("", N_("A rate must be more than 0."))
        return found

    def percent_bp(self, text: str | Exact) -> int:
        """'12.5' or '12.5%' in basis points."""
        plain = text if isinstance(text, Exact) else text.translate(_WIDE).removesuffix("%").strip()
        found = self._scaled(plain, 2)
        if not 0 <= found <= 10_000:
            raise failed("", N_("A percentage lies between 0 and 100."))
        return found

    def _scaled(self, text: str | Exact, decimals: int) -> int:
        number = self.number(text) if isinstance(text, Exact) else read_number(text, self.decimal)
        found = number.to(decimals) if isinstance(text, Exact) else number.exactly(decimals)
        if found is None:
            raise failed(
                "", N_('"%(text)s" has more than %(decimals)s decimals.'), text=str(text), decimals=decimals
            )
        if abs(found) >= 10**15:
            raise failed("", N_('"%(text)s" is too large.'), text=str(text))
        return found


def one_line(text: str) -> str:
    """Line breaks and runs of blanks inside a value as single blanks."""
    return " ".join(text.split())


def limited(text: str, limit: int) -> str:
    """The text, refused when longer than its column."""
    if len(text) > limit:
        raise failed(
            "", N_("This has %(length)s characters; at most %(limit)s fit."), length=len(text), limit=limit
        )
    return text


def chosen(text: str, choices: Sequence[str]) -> str:
    """A code of a list, whatever its case."""
    word = text.strip().lower().replace(" ", "_")
    if word in choices:
        return word
    raise failed(
        "",
        N_('"%(text)s" is none of %(choices)s. Map it with `values`.'),
        text=text,
        choices=", ".join(choices),
    )


def one_of(text: str, choices: Sequence[str]) -> str:
    """A choice of a list as it is written there, whatever the case of `text`."""
    found = {one.casefold(): one for one in choices}.get(text.strip().casefold())
    if found is None:
        message = N_('"%(text)s" is none of %(choices)s. Map it with `values`.')
        raise failed("", message, text=text, choices=", ".join(choices))
    return found


Parse = Callable[[str | Exact], object]
