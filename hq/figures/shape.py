"""What a figure is: who asks, for which unit and days, in which currency, and what comes back.

Every figure function takes a `Question` and returns a `Figure`; contract.py writes it as JSON, export.py as CSV and
XLSX, and the pages show it. Money is minor units of the line's currency, shares are basis points.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from shared import clock
from shared.errors import Invalid
from shared.i18n import N_
from shared.money import CURRENCIES
from shared.periods import local_date

BASE = "base"
"""As a currency: each branch in the currency that it keeps its books in."""
UNASSIGNED = "unassigned"

UnitKind = Literal["company", "branch", "department", "employee", "customer", "unassigned", "region"]
ColumnKind = Literal["money", "count", "share", "text", "day", "instant"]
Better = Literal["higher", "lower", "none"]
State = Literal["current", "delayed", "unreachable", "unproven", "never"]
Value = int | str | date | datetime | None

CODE = re.compile(r"[A-Za-z0-9_-]{1,16}")


@dataclass(frozen=True)
class Unit:
    """What a figure is about: the company, a region, a branch, a department, an employee, a customer, or what
    belongs to nobody in a branch. Written company, branch:SH, employee:ID, unassigned:SH."""

    kind: UnitKind = "company"
    key: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}" if self.key else self.kind


COMPANY_UNIT = Unit()


def parse_unit(text: str) -> Unit:
    """The unit written as `str(unit)` does; empty is the company. Invalid when it is none."""
    kind, _, key = text.strip().partition(":")
    if kind in ("", "company") and not key:
        return COMPANY_UNIT
    if kind in ("branch", "unassigned") and CODE.fullmatch(key):
        return Unit(kind, key)  # type: ignore[arg-type]
    if kind == "region" and key and len(key) <= 32:
        return Unit("region", key)
    if kind in ("department", "employee", "customer"):
        try:
            return Unit(kind, str(UUID(key)))  # type: ignore[arg-type]
        except ValueError:
            pass
    raise Invalid(
        N_(
            '"%(text)s" is not a unit. Write company, branch:CODE, department:ID, employee:ID or customer:ID.'
        ),
        code="unit.unreadable",
        text=text,
    )


@dataclass(frozen=True)
class Thresholds:
    """From when on a branch counts as delayed and as unreachable."""

    current: timedelta = timedelta(seconds=120)
    unreachable: timedelta = timedelta(seconds=1_800)


@dataclass(frozen=True)
class House:
    """What headquarters decided for all its figures: settings, in the shape that figures read."""

    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"
    thresholds: Thresholds = Thresholds()
    silent_days: int = 30
    overdue_limit_bp: int = 1_000

    def today(self) -> date:
        """The date at headquarters."""
        return local_date(clock.now(), self.timezone)


HOUSE = House()


@dataclass(frozen=True)
class Question:
    """What is asked. `branches` bounds everything (None: all branches), `left_out` are branches the reader took out;
    days are included at both ends.

    `first`, `last` and `as_of` None mean the figure's own default: the month, or each branch's own today.
    `known_at` leaves out whatever arrived here after that moment: what headquarters knew then.
    `by` chooses what the rows are where a figure offers several; `measure` what targets are compared on.
    `limit` and `offset` cut the rows of lists, never a total.
    """

    unit: Unit = COMPANY_UNIT
    first: date | None = None
    last: date | None = None
    as_of: date | None = None
    known_at: datetime | None = None
    currency: str = "CNY"
    by: str = ""
    measure: str = "sales"
    limit: int = 1_000
    offset: int = 0
    branches: frozenset[str] | None = None
    left_out: frozenset[str] = frozenset()
    locale: str = "zh_CN"
    house: House = HOUSE

    def asked(self) -> dict[str, str | None]:
        """The parameters as the contract writes them."""
        found = {
            "unit": str(self.unit),
            "from": self.first.isoformat() if self.first else None,
            "to": self.last.isoformat() if self.last else None,
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "currency": self.currency,
        }
        return {**found, "known_at": self.known_at.isoformat()} if self.known_at else found


def check_currency(text: str, reporting: str) -> str:
    """The currency asked for: empty is the reporting currency. Invalid when ISO 4217 lacks it."""
    code = text.strip()
    if not code:
        return reporting
    if code.lower() == BASE:
        return BASE
    if code.upper() in CURRENCIES:
        return code.upper()
    raise Invalid(N_('"%(text)s" is not a currency. Write a code such as CNY, or base.'), code="currency.unknown", text=text)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column of a figure. `label` is a msgid; `better` says which direction is favourable."""

    key: str
    label: str
    kind: ColumnKind = "money"
    better: Better = "none"
    title: str = ""


class Watermark(NamedTuple):
    """How far one branch's data reaches. `complete_to` is None for a branch that never sent anything."""

    branch: str
    state: State
    complete_to: datetime | None
    position: int
    contact_at: datetime | None = None
    name: str = ""
    timezone: str = "Asia/Shanghai"

    @property
    def is_current(self) -> bool:
        return self.state == "current"


@dataclass(frozen=True, order=True)
class MissingRate:
    """No rate from one currency to another on or before a day."""

    currency: str
    to_currency: str
    on: date

    def __str__(self) -> str:
        return f"{self.currency}/{self.to_currency} {self.on}"


class Line(NamedTuple):
    """A row: one unit and its values by column key. None is 'no data', never 0.

    `currency` is the currency of its money. `note` is a msgid-free sentence part such as the region.
    """

    unit: str
    name: str
    branch: str
    currency: str
    values: Mapping[str, Value]
    state: State = "current"
    is_left_out: bool = False

    def number(self, key: str) -> int | None:
        """A value that is a whole number or unknown."""
        value = self.values.get(key)
        return value if isinstance(value, int) else None


@dataclass(frozen=True)
class Figure:
    """The answer; `own_currency` is the books' currency of the one branch it lies in, `added` the money columns of its rows
    added up where somebody has done so. `complete` is False when any branch in scope is not current, a rate is missing, or there is no branch."""

    name: str
    question: Question
    columns: Sequence[Column]
    rows: Sequence[Line]
    total: Line
    watermarks: Sequence[Watermark]
    missing_rates: Sequence[MissingRate] = ()
    row_count: int | None = None
    own_currency: str = ""
    added: Mapping[str, int] | None = None

    @property
    def complete(self) -> bool:
        is_fresh = bool(self.watermarks) and all(mark.is_current for mark in self.watermarks)
        return is_fresh and not self.missing_rates

    def row(self, unit: str) -> Line | None:
        """The row of a unit, None when it has none."""
        return next((line for line in self.rows if line.unit == unit), None)

    def sums(self) -> Mapping[str, int]:
        """The rows of each money column added up, without those that no total counts."""
        if self.added is not None:
            return self.added
        rows = [line.values for line in self.rows if not line.is_left_out]
        keys = [column.key for column in self.columns if column.kind == "money"]
        return {
            key: sum(value for values in rows if isinstance(value := values.get(key), int)) for key in keys
        }

    def asked_as(self, **changes: object) -> "Figure":
        """The same answer with the parameters as they were taken (defaults filled in)."""
        return replace(self, question=replace(self.question, **changes))  # type: ignore[arg-type]
