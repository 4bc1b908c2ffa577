"""What the templates of staff activity receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hq.activity.queries import PersonDay
from hq.asking import Span
from hq.frame.page import Check, FreshnessLine
from shared.web.parts import Crumb, Figure, Share, Tab, TableView


@dataclass(frozen=True)
class StaffPage:
    """/staff: the sentence of the day, cards, the units below."""

    scope: str
    crumbs: Sequence[Crumb]
    span: Span
    is_today: bool
    switches: Sequence[Sequence[Tab]]
    freshness: FreshnessLine
    check: Check
    sentence: str
    missing: Sequence[str]
    cards: Sequence[Figure]
    shares: Sequence[Share]
    table: TableView
    live_url: str


@dataclass(frozen=True)
class CalendarCell:
    """A day of the calendar: its state as a shape and in words, and the way to it."""

    day: date
    url: str
    state: str
    words: str
    is_shown: bool


@dataclass(frozen=True)
class PersonDayPage:
    """/staff/{id}: one person's plan and contacts of a day, and the thirty days up to today in weeks (None: no day of them)."""

    day: PersonDay
    branch_name: str
    crumbs: Sequence[Crumb]
    previous_url: str
    next_url: str
    date: date
    kinds: Mapping[str, str]
    proofs: Mapping[str, str]
    weeks: Sequence[Sequence[CalendarCell | None]]
