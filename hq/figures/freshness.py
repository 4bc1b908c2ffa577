"""Which branches there are and how far the data of each reaches: one statement under every figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from time import monotonic
from typing import Any, NamedTuple

from hq.figures.cells import DateGroup
from hq.figures.rules import freshness_state
from hq.figures.shape import HOUSE, House, Question, State, Watermark
from shared import clock
from shared.database import fetch_all
from shared.database.fields import from_micros
from shared.periods import local_date

HEAD_OFFICE = "HQ"
"""Code of the branch node that is the head office's own business: pinned first everywhere."""

DIRECTORY = """SELECT k.branch, b.name, b.name_en, b.city, b.region, b.timezone, b.currency, b.income_rule,
n.name AS node_name, c.seq, c.head_seq, c.contact_at, c.complete_at, c.applied_at, c.unproven, c.status, q.waiting,
(SELECT MAX(seq) FROM change) AS own_seq
FROM (SELECT branch FROM branch WHERE deleted_at IS NULL UNION SELECT branch FROM branch_cursor
UNION SELECT branch FROM branch_node WHERE status = 'active') AS k
LEFT JOIN branch b ON b.branch = k.branch AND b.deleted_at IS NULL
LEFT JOIN branch_node n ON n.branch = k.branch
LEFT JOIN branch_cursor c ON c.branch = k.branch
LEFT JOIN (SELECT branch, COUNT(*) AS waiting FROM quarantined_change WHERE settled_at IS NULL GROUP BY branch) AS q
ON q.branch = k.branch"""


Standing = tuple[object, ...]


class Branch(NamedTuple):
    """A branch as headquarters knows it, with how far its data reaches. `standing` is what a line of it follows from, beside its
    cells: those change with position, applied_at or quarantined."""

    code: str
    name: str
    city: str
    region: str
    timezone: str
    currency: str
    income_rule: str
    mark: Watermark
    today: date
    head_seq: int = 0
    applied_at: datetime | None = None
    quarantined: int = 0
    standing: Standing = ()

    @property
    def is_head_office(self) -> bool:
        return self.code == HEAD_OFFICE


@dataclass(frozen=True)
class Directory:
    """The branches in scope: the head office first, then by name as the reader sorts. `own_seq` is how far headquarters' own
    log had come when they were read, `read_at` (monotonic seconds) when that was."""

    branches: Sequence[Branch]
    house: House = HOUSE
    known_at: datetime | None = None
    own_seq: int = 0
    read_at: float = 0.0

    @cached_property
    def standing(self) -> Standing:
        """Equal as long as every figure of these branches is the same for the same question."""
        return (self.own_seq, self.house.today(), *(branch.standing for branch in self.branches))

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The house's own date and that of every branch."""
        return (self.house.today(), *(branch.today for branch in self.branches))

    def get(self, code: str) -> Branch | None:
        return self.by_code.get(code)

    @cached_property
    def by_code(self) -> dict[str, Branch]:
        return {branch.code: branch for branch in self.branches}

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(branch.code for branch in self.branches)

    @property
    def marks(self) -> list[Watermark]:
        return [branch.mark for branch in self.branches]

    @property
    def currencies(self) -> set[str]:
        return {branch.currency for branch in self.branches if branch.currency}

    def narrowed(self, codes: frozenset[str]) -> "Directory":
        kept = [branch for branch in self.branches if branch.code in codes]
        return Directory(kept, self.house, self.known_at, self.own_seq, self.read_at)

    def date_groups(self, fixed: date | None = None) -> list[DateGroup]:
        """The branches by their own date now; one group for a `fixed` day. Each date names its time zones unless all
        branches have the same one."""
        if fixed is not None:
            return [DateGroup(fixed)]
        zones: dict[date, set[str]] = {}
        for branch in self.branches:
            zones.setdefault(branch.today, set()).add(branch.timezone)
        if len(zones) <= 1:
            return [DateGroup(next(iter(zones), self.house.today()))]
        return [DateGroup(day, frozenset(names)) for day, names in sorted(zones.items())]


async def directory(question: Question) -> Directory:
    """The branches within the question's scope (`branches`, and its unit when that is a region)."""
    rows = await fetch_all(DIRECTORY)
    read_at = monotonic()
    own_seq = max((int(row.pop("own_seq") or 0) for row in rows), default=0)
    found = reading(question.locale, question.house).branches(rows)
    if question.branches is not None:
        found = [branch for branch in found if branch.code in question.branches]
    found = [branch for branch in found if branch.code not in question.left_out]
    if question.unit.kind == "region":
        found = [branch for branch in found if branch.region == question.unit.key]
    found.sort(key=lambda branch: (not branch.is_head_office, branch.code))
    if question.known_at is not None:
        found = [branch._replace(mark=mark_then(branch.mark, question.known_at)) for branch in found]
    return Directory(found, question.house, question.known_at, own_seq, read_at)


def mark_then(mark: Watermark, known_at: datetime) -> Watermark:
    """The watermark for a figure as known at a moment: complete when nothing up to then is missing by now."""
    if mark.complete_to is None or mark.complete_to < known_at or mark.state == "unproven":
        return mark
    return mark._replace(state="current", complete_to=known_at)


class Reading:
    """Makes branches of rows in one language for one house; a row that reads as before, in the same state on the same day, is the
    same branch as before."""

    def __init__(self, locale: str, house: House) -> None:
        self.locale, self.house = locale, house
        self.made: dict[str, tuple[dict[str, Any], Branch]] = {}

    def branches(self, rows: Sequence[dict[str, Any]]) -> list[Branch]:
        """The branches as of now."""
        now = clock.now()
        days: dict[str, date] = {}
        return [self.branch(row, now, days) for row in rows]

    def branch(self, row: dict[str, Any], now: datetime, days: dict[str, date]) -> Branch:
        code = str(row["branch"])
        zone = row["timezone"] or self.house.timezone
        if zone not in days:
            days[zone] = local_date(now, zone)
        before = self.made.get(code)
        if before is not None and before[0] == row and before[1].today == days[zone]:
            mark = before[1].mark
            if self.state(row, mark.contact_at, mark.complete_to, now) == mark.state:
                return before[1]
        contact_at, complete_at = _instant(row["contact_at"]), _instant(row["complete_at"])
        state = self.state(row, contact_at, complete_at, now)
        found = branch_of(row, self.name(row), zone, days[zone], state, contact_at, complete_at)
        self.made[code] = (row, found)
        return found

    def name(self, row: Mapping[str, Any]) -> str:
        chinese, english = row["name"] or row["node_name"] or str(row["branch"]), row["name_en"] or ""
        return str(english or chinese if self.locale == "en" else chinese)

    def state(
        self, row: Mapping[str, Any], contact_at: datetime | None, complete_at: datetime | None, now: datetime
    ) -> State:
        """How fresh the branch is now."""
        return freshness_state(
            contact_at=contact_at,
            complete_at=complete_at,
            has_data=bool(row["seq"]),
            is_unproven=bool(row["waiting"])
            or (row["unproven"] or "{}") != "{}"
            or (row["status"] or "normal") != "normal",
            now=now,
            thresholds=self.house.thresholds,
        )


def branch_of(
    row: Mapping[str, Any],
    name: str,
    zone: str,
    today: date,
    state: State,
    contact_at: datetime | None,
    complete_at: datetime | None,
) -> Branch:
    """A branch from its row and what follows from it."""
    code, seq, waiting = str(row["branch"]), int(row["seq"] or 0), int(row["waiting"] or 0)
    currency, rule = row["currency"] or "", row["income_rule"] or "approval"
    mark = Watermark(code, state, None if state == "never" else complete_at, seq, contact_at, name, zone)
    return Branch(
        code=code,
        name=name,
        city=row["city"] or "",
        region=row["region"] or "",
        timezone=zone,
        currency=currency,
        income_rule=rule,
        mark=mark,
        today=today,
        head_seq=int(row["head_seq"] or 0),
        applied_at=_instant(row["applied_at"]),
        quarantined=waiting,
        standing=(code, seq, row["applied_at"], state, today, waiting, name, zone, currency, rule),
    )


@lru_cache(maxsize=8)
def reading(locale: str, house: House) -> Reading:
    """The one for a language and a house."""
    return Reading(locale, house)


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(int(micros))


def oldest_common(marks: Sequence[Watermark]) -> datetime | None:
    """The moment to which every branch with data is complete; None when there is none."""
    known = [mark.complete_to for mark in marks if mark.complete_to is not None]
    return min(known) if known else None
