"""How numbers, money, dates and durations are written: the one filter module of pages, exports and messages.

All functions take None for 'we have no data' and say so; a figure that does not apply is written by the
macro `dash(reason)`. Language comes from shared.i18n, the time zone from shared.web.reader.
"""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from shared import clock
from shared.i18n import active_locale, gettext
from shared.money import MINUS, Money, format_amount, format_column, format_money
from shared.web.reader import base_currency, reader_zone

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
LONG_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def is_chinese() -> bool:
    return active_locale() == "zh_CN"


def no_data() -> str:
    return gettext("no data")


def decimal_text(scaled: int, decimals: int, *, signed: bool = False) -> str:
    """`scaled` / 10**decimals with thousands separators; `signed` writes + and ±0 too."""
    whole, part = divmod(abs(scaled), 10**decimals)
    text = f"{whole:,}" + (f".{part:0{decimals}d}" if decimals else "")
    if scaled < 0:
        return MINUS + text
    return (("+" if scaled else "±") if signed else "") + text


def rounded(value: Fraction | int, decimals: int) -> int:
    """`value` * 10**decimals rounded half away from zero."""
    scaled = Fraction(value) * 10**decimals
    amount: int = (2 * abs(scaled.numerator) + scaled.denominator) // (2 * scaled.denominator)
    return amount if scaled >= 0 else -amount


def money(amount: Money | None, *, signed: bool = False) -> str:
    """Detail and entry: ¥1,234.50; other currencies USD 1,234.50."""
    if amount is None:
        return no_data()
    return format_money(amount.minor, amount.currency, active_locale(), base=base_currency(), signed=signed)


def money_plain(amount: Money | None, *, signed: bool = False) -> str:
    """In lists whose head names the unit: 1,234.50."""
    return no_data() if amount is None else format_amount(amount.minor, amount.currency, signed=signed)


def money_big(amount: Money | None, *, signed: bool = False) -> str:
    """In overview columns: ten-thousands with one decimal in Chinese, whole thousands in English."""
    if amount is None:
        return no_data()
    text = format_column(amount.minor, amount.currency, active_locale())
    return ("+" if amount.minor > 0 else "±" if not amount.minor else "") + text if signed else text


def money_card(amount: Money | None, *, signed: bool = False) -> str:
    """On a figure card: ¥1,234.6万, from 1亿 ¥1.23亿; English ¥12.35M, ¥1.23B."""
    if amount is None:
        return no_data()
    return format_money(
        amount.minor, amount.currency, active_locale(), True, base=base_currency(), signed=signed
    )


def money_unit(currency: str, *, big: bool = False) -> str:
    """The unit for a column head: 元, 万元 / CNY, k CNY."""
    if currency == "CNY" and is_chinese():
        return "万元" if big else "元"
    if not big:
        return currency
    return f"万 {currency}" if is_chinese() else f"k {currency}"


def percent(share: int | Fraction | None, *, signed: bool = False) -> str:
    """One decimal: 87.3%. An int is basis points, a Fraction a ratio (Fraction(873, 1000))."""
    if share is None:
        return no_data()
    tenths = rounded(share * 100, 1) if isinstance(share, Fraction) else tenths_of(share)
    return decimal_text(tenths, 1, signed=signed) + "%"


def plain_percent(basis_points: int) -> str:
    """Basis points as they are typed: 70 or 33.34, exact and without a sign."""
    whole, part = divmod(basis_points, 100)
    return f"{whole}.{part:02d}".rstrip("0") if part else str(whole)


def tenths_of(basis_points: int) -> int:
    """Basis points as tenths of a per cent, rounded half away from zero: `rounded` without a fraction, for the hundred shares of a
    page."""
    amount = (abs(basis_points) + 5) // 10
    return amount if basis_points >= 0 else -amount


def points(difference: int | Fraction | None) -> str:
    """A difference of two percentages: −2.1 个百分点, −2.1 pp. Units as for `percent`."""
    if difference is None:
        return no_data()
    return percent(difference, signed=True).removesuffix("%") + (" 个百分点" if is_chinese() else " pp")


def number(value: int | None, *, signed: bool = False) -> str:
    """1,234"""
    return no_data() if value is None else decimal_text(value, 0, signed=signed)


def quantity(milli: int | None) -> str:
    """A quantity in thousandths without idle zeros: 1500 -> 1.5"""
    if milli is None:
        return no_data()
    text = decimal_text(milli, 3)
    return text.rstrip("0").rstrip(".")


def _local(at: datetime, zone: str | None) -> datetime:
    return at.astimezone(ZoneInfo(zone) if zone else reader_zone())


def _zone_note(local: datetime) -> str:
    """'(UTC+6)' when the instant is not written in the reader's own zone."""
    if local.utcoffset() == local.astimezone(reader_zone()).utcoffset():
        return ""
    minutes = int((local.utcoffset() or timedelta()).total_seconds()) // 60
    hours, rest = divmod(abs(minutes), 60)
    return f" (UTC{'+' if minutes >= 0 else MINUS}{hours}{f':{rest:02d}' if rest else ''})"


def day(value: date | datetime | None, zone: str | None = None) -> str:
    """2026-11-22; an instant in the reader's zone or in `zone`."""
    if value is None:
        return "—"
    return (_local(value, zone).date() if isinstance(value, datetime) else value).isoformat()


def day_words(value: date | datetime | None, zone: str | None = None) -> str:
    """In prose: 11月22日, 22 Nov."""
    if value is None:
        return "—"
    when = _local(value, zone).date() if isinstance(value, datetime) else value
    return f"{when.month}月{when.day}日" if is_chinese() else f"{when.day} {MONTHS[when.month - 1]}"


def month(value: date | None) -> str:
    """2026年11月, November 2026."""
    if value is None:
        return "—"
    return (
        f"{value.year}年{value.month}月" if is_chinese() else f"{LONG_MONTHS[value.month - 1]} {value.year}"
    )


def clock_time(value: datetime | None, zone: str | None = None, *, seconds: bool = False) -> str:
    """14:05, in another zone 14:05 (UTC+6)."""
    if value is None:
        return "—"
    local = _local(value, zone)
    return local.strftime("%H:%M:%S" if seconds else "%H:%M") + _zone_note(local)


def instant(value: datetime | None, zone: str | None = None, *, seconds: bool = False) -> str:
    """2026-11-22 14:05"""
    return "—" if value is None else f"{day(value, zone)} {clock_time(value, zone, seconds=seconds)}"


def as_of(value: datetime | None) -> str:
    """The shortest that is unambiguous now: 14:05 today, else 2026-11-21 14:05."""
    if value is None:
        return "—"
    zone = reader_zone()
    local, today = value.astimezone(zone), clock.now().astimezone(zone).date()
    text = f"{local.hour:02d}:{local.minute:02d}"
    return text if local.date() == today else f"{local.date().isoformat()} {text}"


def duration(value: timedelta | int | float | None) -> str:
    """Seconds or a timedelta in its two largest units: 3分12秒, 3 min 12 s; below a second in ms."""
    if value is None:
        return no_data()
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    words = ("天", "小时", "分", "秒", "毫秒") if is_chinese() else (" d", " h", " min", " s", " ms")
    if 0 < abs(seconds) < 1:
        return f"{round(seconds * 1000)}{words[4]}"
    rest = abs(int(seconds))
    parts: list[str] = []
    for size, word in zip((86_400, 3_600, 60, 1), words, strict=False):
        count, rest = divmod(rest, size)
        if count or (size == 1 and not parts):
            parts.append(f"{count}{word}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return (MINUS if seconds < 0 else "") + ("" if is_chinese() else " ").join(parts)


def ago(value: datetime | None) -> str:
    """'3 days ago'; only beside the absolute date."""
    if value is None:
        return "—"
    seconds = int((clock.now() - value).total_seconds())
    if seconds < 60:
        return gettext("just now")
    unit = 86_400 if seconds >= 86_400 else 3_600 if seconds >= 3_600 else 60
    return gettext("%(time)s ago", time=duration(seconds // unit * unit))


def file_size(count: int | None) -> str:
    """1.5 GB (10^9), 12 kB, 340 B"""
    if count is None:
        return no_data()
    for limit, word in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= limit:
            return f"{decimal_text(rounded(Fraction(count, limit), 1), 1).removesuffix('.0')} {word}"
    return f"{count} B"


FILTERS: dict[str, Callable[..., Any]] = {
    "money": money,
    "money_plain": money_plain,
    "money_big": money_big,
    "money_card": money_card,
    "money_unit": money_unit,
    "percent": percent,
    "points": points,
    "number": number,
    "quantity": quantity,
    "day": day,
    "day_words": day_words,
    "month": month,
    "time": clock_time,
    "instant": instant,
    "as_of": as_of,
    "duration": duration,
    "ago": ago,
    "bytes": file_size,
}
