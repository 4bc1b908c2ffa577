"""From a request to a Question: unit, days, currency and rows from the address, branches from the reader's rights.

Every page, part, export and API answer of headquarters goes through `question_of`, so that scope is decided once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.requests import Request

from hq.figures.shape import House, Question, Thresholds, check_currency, parse_unit
from hq.figures.units import named_period
from hq.settings import HqSettings
from shared.digits import whole_number
from shared.errors import Invalid, NotAllowed
from shared.i18n import N_, pgettext
from shared.periods import Day, Month, Period, Quarter, Year, day_in, parse, start_of_day, zone
from shared.permissions import Person, Scope, reach
from shared.web.filters import day_words, is_chinese, month
from shared.web.templating import with_query

PAGE_ROWS = 50
API_ROWS = 1_000
API_ROWS_MOST = 10_000


def house_of(settings: HqSettings) -> House:
    """The settings that figures read."""
    return House(
        currency=settings.reporting_currency,
        timezone=settings.timezone.key,
        thresholds=Thresholds(
            timedelta(seconds=settings.current_seconds), timedelta(seconds=settings.unreachable_seconds)
        ),
        silent_days=settings.silent_days,
        overdue_limit_bp=settings.overdue_limit_bp,
    )


def branches_of(person: Person, permission: str) -> frozenset[str] | None:
    """The branches on which a person has a right, None for all. NotAllowed without the right, or when it covers only
    own rows: nobody at headquarters owns any."""
    found = reach(person, permission)
    if found.kind < Scope.BRANCH:
        raise NotAllowed(N_("This needs the right for whole branches. The administrator grants it."))
    return found.branches


def question_of(request: Request, permission: str, **defaults: object) -> Question:
    """What the address asks, within the reader's branches. Invalid, with a sentence, for what cannot be read."""
    settings: HqSettings = request.app.state.settings
    params = request.query_params
    house = house_of(settings)
    first, last = days_of(params)
    values: dict[str, object] = {
        "unit": parse_unit(params.get("unit", "")),
        "first": first,
        "last": last,
        "as_of": day_of(params, "as_of"),
        "known_at": instant_of(params, "known_at", request.state.person.timezone or settings.timezone.key),
        "currency": check_currency(params.get("currency", ""), house.currency),
        "by": params.get("by", ""),
        "measure": params.get("measure", "") or "sales",
        "limit": number_of(params, "limit", PAGE_ROWS, API_ROWS_MOST),
        "offset": number_of(params, "offset", 0, 10**9),
        "branches": within(branches_of(request.state.person, permission), params.get("within", "")),
        "left_out": frozenset(filter(None, params.get("without", "").split(","))),
        "locale": request.state.locale,
        "house": house,
    }
    return Question(**{**values, **defaults})  # type: ignore[arg-type]


def within(branches: frozenset[str] | None, text: str) -> frozenset[str] | None:
    """The reader's branches, further narrowed to those that the address names (?within=PAR,TYO)."""
    named = frozenset(filter(None, text.split(",")))
    if not named:
        return branches
    return named if branches is None else branches & named


def days_of(params: Mapping[str, str]) -> tuple[date | None, date | None]:
    """?period=2026-11 (a day, month, quarter, year or first..after), or ?from= and ?to= (days included)."""
    if text := params.get("period", ""):
        found = parse(text)
        return found.first, found.last
    return day_of(params, "from"), day_of(params, "to")


def day_of(params: Mapping[str, str], name: str) -> date | None:
    """A day written 2026-11-22; None when nothing is given."""
    text = params.get(name, "").strip()
    if not text:
        return None
    try:
        return day_in(text)
    except ValueError:
        raise Invalid(
            N_('"%(text)s" is not a day. Write it like 2026-11-22.'), code="day.unreadable", text=text
        ) from None


def instant_of(params: Mapping[str, str], name: str, timezone: str) -> datetime | None:
    """A moment written 2026-11-22T09:38, in the reader's zone unless it names its own; None when nothing is given.

    A day alone is its end: what was known when it was over."""
    text = params.get(name, "").strip()
    text = text.replace(" ", "+") if "T" in text else text.replace(" ", "T")
    if not text:
        return None
    try:
        if "T" not in text:
            return start_of_day(day_in(text) + timedelta(days=1), timezone)
        found = datetime.fromisoformat(text)
        day_in(found.date().isoformat())
        return (found if found.tzinfo else found.replace(tzinfo=zone(timezone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(
            N_('"%(text)s" is not a moment. Write it like 2026-11-22T09:38, or a day.'),
            code="instant.unreadable",
            text=text,
        ) from None


def number_of(params: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A whole number between 0 and `most`; Invalid otherwise."""
    text = params.get(name, "").strip()
    if not text:
        return default
    number = whole_number(text, most)
    if number is None:
        raise Invalid(
            N_('"%(text)s" is not a number from 0 to %(most)s.'),
            code="number.unreadable",
            text=text,
            most=most,
        )
    return number


@dataclass(frozen=True)
class Span:
    """The days a page shows, as words, with the addresses of its neighbours and of other lengths."""

    period: Period
    label: str
    previous_url: str
    next_url: str
    choices: tuple[tuple[str, str, bool], ...] = ()

    @property
    def code(self) -> str:
        return str(self.period)


def length_words() -> dict[str, str]:
    """The lengths of spans, as short as a button."""
    return {
        "day": pgettext("span", "Day"),
        "month": pgettext("span", "Month"),
        "quarter": pgettext("span", "Quarter"),
        "year": pgettext("span", "Year"),
    }


KINDS: Mapping[str, type[Period]] = {"day": Day, "month": Month, "quarter": Quarter, "year": Year}


def span_of(first: date, last: date, lengths: tuple[str, ...] = ("month", "quarter", "year")) -> Span:
    """The span of a question as a page shows it; choosing another length keeps the last day where it can."""
    period = named_period(first, last)
    choices = []
    words_of = length_words()
    for name in lengths:
        other = Day.of(last) if name == "day" else KINDS[name].containing(last)  # type: ignore[attr-defined]
        choices.append((words_of[name], link(other), type(period) is KINDS[name]))
    return Span(period, words(period), link(period.previous()), link(period.next()), tuple(choices))


def link(period: Period) -> str:
    """The present page for another period."""
    changes: dict[str, Any] = {"period": str(period), "from": None, "to": None, "offset": None, "as_of": None}
    return with_query("", **changes)


def words(period: Period) -> str:
    """2026年11月, November 2026; 2026年第4季度, Q4 2026; 2026年, 2026; 11月22日, 22 Nov."""
    if isinstance(period, Month):
        return month(period.first)
    if isinstance(period, Year):
        return f"{period.first.year}年" if is_chinese() else str(period.first.year)
    if isinstance(period, Quarter):
        number = (period.first.month + 2) // 3
        return f"{period.first.year}年第{number}季度" if is_chinese() else f"Q{number} {period.first.year}"
    if isinstance(period, Day):
        return (
            f"{period.first.year}年{day_words(period.first)}"
            if is_chinese()
            else f"{day_words(period.first)} {period.first.year}"
        )
    return f"{period.first.isoformat()} – {period.last.isoformat()}"
