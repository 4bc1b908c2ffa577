"""Which branches there are and how far the data of each reaches: three small statements under every figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property, lru_cache
from operator import is_
from time import monotonic
from typing import Any, NamedTuple

from hq.figures import crowd
from hq.figures.cells import DateGroup
from hq.figures.rules import freshness_state
from hq.figures.shape import HOUSE, House, Question, Watermark
from shared import clock
from shared.canonical import from_micros
from shared.database import execute, fetch_rows, fetch_value
from shared.errors import NotFound
from shared.periods import local_date, start_of_day

HEAD_OFFICE = "HQ"
"""Code of the branch node that is the head office's own business: pinned first everywhere."""

CURSORS = "SELECT branch, seq, head_seq, contact_at, complete_at, applied_at, unproven, status, first_at FROM branch_cursor"
NAMES = "SELECT branch, name, name_en, city, region, timezone, currency, income_rule FROM branch WHERE deleted_at IS NULL"
OTHERS = """SELECT CAST(status AS VARCHAR(16)) AS kind, branch, name, CAST(0 AS BIGINT) AS number FROM branch_node
UNION ALL SELECT 'waiting', branch, '', COUNT(*) FROM quarantined_change WHERE settled_at IS NULL GROUP BY branch
UNION ALL SELECT 'log', '', '', MAX(seq) FROM change"""
"""Enrolled nodes by their status, changes set aside by branch, and how far headquarters' own log has come."""


Standing = tuple[object, ...]


UNHEARD = ("delayed", "unreachable", "never")
"""States in which nobody here knows what a branch has written since."""


class Branch(NamedTuple):
    """A branch as headquarters knows it, with how far its data reaches. `standing` is what a line of it follows from, beside its
    cells: those change with position, applied_at or quarantined. `first_at` is when its first changes came (None: unknown);
    `is_before_first` says that the question asks for a moment before that, of which nothing is known."""

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
    first_at: datetime | None = None
    is_before_first: bool = False
    standing: Standing = ()

    def is_unknown(self, sums: Mapping[str, int] | None) -> bool:
        """Whether nothing is known of it: it had not reported, so that its sums are not zero but missing."""
        return self.is_before_first or (self.mark.state == "never" and not sums)

    @property
    def is_head_office(self) -> bool:
        return self.code == HEAD_OFFICE

    @property
    def waiting(self) -> int | None:
        """How many changes it has announced that are not here yet; None while nobody knows what it has written since."""
        announced = max(self.head_seq - self.mark.position, 0)
        return None if not announced and self.mark.state in UNHEARD else announced


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

    def knows_nothing(self, sums: Mapping[str, Mapping[str, int]]) -> bool:
        """Whether nothing is known of any of them: a total is then not zero but missing."""
        return bool(self.branches) and all(
            branch.is_unknown(sums.get(branch.code)) for branch in self.branches
        )

    def get(self, code: str) -> Branch | None:
        return self.by_code.get(code)

    @cached_property
    def by_code(self) -> dict[str, Branch]:
        return {branch.code: branch for branch in self.branches}

    @cached_property
    def codes(self) -> frozenset[str]:
        return frozenset(branch.code for branch in self.branches)

    @cached_property
    def marks(self) -> Sequence[Watermark]:
        return [branch.mark for branch in self.branches]

    @cached_property
    def currencies(self) -> frozenset[str]:
        return frozenset(branch.currency for branch in self.branches if branch.currency)

    @cached_property
    def positions(self) -> Mapping[str, "Position"]:
        """What the cells of each branch follow from."""
        return {
            branch.code: (branch.mark.position, branch.applied_at, branch.quarantined)
            for branch in self.branches
        }

    def narrowed(self, codes: frozenset[str]) -> "Directory":
        kept = [branch for branch in self.branches if branch.code in codes]
        return Directory(kept, self.house, self.known_at, self.own_seq, self.read_at)

    def date_groups(self, fixed: date | None = None) -> list[DateGroup]:
        """The branches by their own date now; one group for a `fixed` day. Each date names its time zones unless all
        branches have the same one."""
        return [DateGroup(fixed)] if fixed is not None else self.own_dates

    @cached_property
    def own_dates(self) -> list[DateGroup]:
        zones: dict[date, set[str]] = {}
        for branch in self.branches:
            zones.setdefault(branch.today, set()).add(branch.timezone)
        if len(zones) <= 1:
            return [DateGroup(next(iter(zones), self.house.today()))]
        return [DateGroup(day, frozenset(names)) for day, names in sorted(zones.items())]


Position = tuple[int, datetime | None, int]


async def directory(question: Question) -> Directory:
    """The branches within the question's scope (`branches`, and its unit when that is a region). Three statements.
    NotFound for a region that has none: what nobody reported on must not read as zero."""
    held = reading(question.locale, question.house)
    found = held.directory(question, await rows_now())
    if question.unit.kind == "region" and not found.branches:
        raise NotFound()
    return found


@dataclass(frozen=True)
class Rows:
    """What is known of the branches, by code: their cursors, their own rows, the names of their nodes, changes set aside."""

    cursors: Mapping[str, tuple[Any, ...]]
    names: Mapping[str, tuple[Any, ...]]
    nodes: Mapping[str, str]
    waiting: Mapping[str, int]
    active: frozenset[str]
    own_seq: int
    read_at: float


_held = crowd.Held[Rows]()


async def rows_now() -> Rows:
    """Read them, or take what was read while a crowd of branches is being taken over."""
    return await _held.rows(read_rows, own_log)


FILL_FIRST = """UPDATE branch_cursor SET first_at = (SELECT MIN(m.at) FROM (
SELECT branch_cursor.applied_at AS at
UNION ALL SELECT MIN(n.enrolled_at) FROM branch_node n WHERE n.branch = branch_cursor.branch
UNION ALL SELECT MIN(e.begun_at) FROM branch_epoch e WHERE e.branch = branch_cursor.branch
UNION ALL SELECT MIN(j.received_at) FROM figure_journal j WHERE j.branch = branch_cursor.branch) AS m)
WHERE first_at IS NULL AND seq > 0"""


async def fill_first_reports() -> int:
    """Give cursors from before `first_at` was kept the earliest trace of their branch; how many. May be repeated."""
    return await execute(FILL_FIRST)


async def own_log() -> int:
    """How far headquarters' own log has come."""
    return int(await fetch_value("SELECT MAX(seq) AS seq FROM change") or 0)


async def read_rows() -> Rows:
    """Own log first, so that it is never newer than what is read after it."""
    nodes: dict[str, str] = {}
    waiting: dict[str, int] = {}
    active: set[str] = set()
    own_seq = 0
    for kind, code, name, number in await fetch_rows(OTHERS):
        if kind == "waiting":
            waiting[code] = int(number)
        elif kind == "log":
            own_seq = int(number or 0)
        else:
            nodes[code] = name
            if kind == "active":
                active.add(code)
    cursors = {row[0]: row for row in await fetch_rows(CURSORS)}
    names = {row[0]: row for row in await fetch_rows(NAMES)}
    return Rows(cursors, names, nodes, waiting, frozenset(active), own_seq, monotonic())


def branch_then(branch: Branch, known_at: datetime) -> Branch:
    """The branch for a figure as known at a moment: one that had sent nothing by then had not reported."""
    if branch.first_at is not None and known_at < branch.first_at:
        mark = branch.mark._replace(state="never", complete_to=None, contact_at=None)
        return branch._replace(mark=mark, is_before_first=True)
    return branch._replace(mark=mark_then(branch.mark, known_at))


def mark_then(mark: Watermark, known_at: datetime) -> Watermark:
    """The watermark for a figure as known at a moment: complete when nothing up to then is missing by now."""
    if mark.complete_to is None or mark.complete_to < known_at or mark.state == "unproven":
        return mark
    return mark._replace(state="current", complete_to=known_at)


NO_CURSOR: tuple[Any, ...] = (None,) * 9
NO_NAMES: tuple[Any, ...] = (None,) * 8
MadeOf = tuple[tuple[Any, ...], tuple[Any, ...], str, int]


class Made(NamedTuple):
    """A branch, what it was made of, and between which moments time alone changes nothing about it."""

    made_of: MadeOf
    since: datetime
    until: datetime
    branch: Branch


class Reading:
    """Makes branches of rows in one language for one house. A branch whose rows read as before is the same object as long as it
    keeps its state and its day; so is a whole directory."""

    def __init__(self, locale: str, house: House) -> None:
        self.locale, self.house = locale, house
        self.made: dict[str, Made] = {}
        self.order: list[str] = []
        self.held: dict[tuple[object, ...], tuple[date, Directory]] = {}

    def directory(self, question: Question, rows: Rows) -> Directory:
        """The branches in the question's scope: the head office first, then by code."""
        found = self.branches(rows)
        region = question.unit.key if question.unit.kind == "region" else ""
        if question.branches is not None:
            found = [branch for branch in found if branch.code in question.branches]
        if question.left_out:
            found = [branch for branch in found if branch.code not in question.left_out]
        if region:
            found = [branch for branch in found if branch.region == region]
        if question.known_at is not None:
            found = [branch_then(branch, question.known_at) for branch in found]
            return Directory(found, self.house, question.known_at, rows.own_seq, rows.read_at)
        return self.same((question.branches, question.left_out, region), found, rows)

    def same(self, scope: tuple[object, ...], found: list[Branch], rows: Rows) -> Directory:
        """The directory of before where it holds the same branches on the same day, with all that was made of it."""
        today = self.house.today()
        held = self.held.get(scope)
        if held is not None and held[0] == today and held[1].own_seq == rows.own_seq:
            before = held[1].branches
            if len(before) == len(found) and all(map(is_, before, found)):
                return held[1]
        if len(self.held) >= SCOPES_KEPT:
            self.held.clear()
        fresh = Directory(found, self.house, None, rows.own_seq, rows.read_at)
        self.held[scope] = (today, fresh)
        return fresh

    def branches(self, rows: Rows) -> list[Branch]:
        """All branches as of now."""
        now = clock.now()
        days: dict[str, tuple[date, datetime]] = {}
        codes = {*rows.cursors, *rows.names, *rows.active}
        if len(codes) != len(self.order) or codes != set(self.order):
            self.order = sorted(codes, key=lambda code: (code != HEAD_OFFICE, code))
            self.made = {code: made for code, made in self.made.items() if code in codes}
        found = []
        for code in self.order:
            made_of = (
                rows.cursors.get(code, NO_CURSOR),
                rows.names.get(code, NO_NAMES),
                rows.nodes.get(code, ""),
                rows.waiting.get(code, 0),
            )
            made = self.made.get(code)
            if made is None or made.made_of != made_of or not made.since <= now < made.until:
                made = self.made[code] = self.make(code, made_of, now, days)
            found.append(made.branch)
        return found

    def make(self, code: str, made_of: MadeOf, now: datetime, days: dict[str, tuple[date, datetime]]) -> Made:
        """A branch from its rows; `days` are the date and the next midnight of each zone met so far."""
        cursor, own, node_name, waiting = made_of
        _, seq, head_seq, contact_micros, complete_micros, applied_at, unproven, status, first_at = cursor
        _, chinese, english, city, region, zone, currency, rule = own
        zone = zone or self.house.timezone
        if zone not in days:
            today = local_date(now, zone)
            days[zone] = (today, start_of_day(today + timedelta(days=1), zone))
        today, midnight = days[zone]
        contact_at, complete_at = _instant(contact_micros), _instant(complete_micros)
        state = freshness_state(
            contact_at=contact_at,
            complete_at=complete_at,
            has_data=bool(seq),
            is_unproven=bool(waiting) or (unproven or "{}") != "{}" or (status or "normal") != "normal",
            now=now,
            thresholds=self.house.thresholds,
        )
        chinese = chinese or node_name or code
        name = str((english or chinese) if self.locale == "en" else chinese)
        currency, rule, seq = currency or "", rule or "approval", int(seq or 0)
        mark = Watermark(code, state, None if state == "never" else complete_at, seq, contact_at, name, zone)
        branch = Branch(
            code=code,
            name=name,
            city=city or "",
            region=region or "",
            timezone=zone,
            currency=currency,
            income_rule=rule,
            mark=mark,
            today=today,
            head_seq=int(head_seq or 0),
            applied_at=_instant(applied_at),
            quarantined=waiting,
            first_at=_instant(first_at),
            standing=(code, seq, applied_at, state, today, waiting, name, zone, currency, rule),
        )
        return Made(made_of, now, self.until(now, midnight, contact_at, complete_at), branch)

    def until(
        self, now: datetime, midnight: datetime, contact_at: datetime | None, complete_at: datetime | None
    ) -> datetime:
        """Until when state and day stay as they are if nothing comes."""
        moments = [midnight]
        if contact_at is not None:
            moments.append(contact_at + self.house.thresholds.unreachable)
        if complete_at is not None:
            moments.append(complete_at + self.house.thresholds.current)
        return min((moment for moment in moments if moment >= now), default=now)


SCOPES_KEPT = 16


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
