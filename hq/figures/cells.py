"""Reads the rollup: sums of cells per branch, per person of one branch, or per month, in one statement each.

Who calls: the figures. A `Want` is one column of numbers; all wants of a call share one statement, whose cost
depends on the number of branches and periods, never on the number of facts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

from hq.figures import journal
from hq.figures.spans import DAY, MONTH, YEAR, Piece, pieces
from shared.database import fetch_all

DUE_AHEAD = timedelta(days=400)
"""How far ahead of today due dates and next contacts reach; only a guess that saves reading."""
AHEAD = frozenset({"remaining_by_due", "customers_by_next_contact"})
FEW_BRANCHES = 150


@dataclass(frozen=True)
class Want:
    """A column: one measure summed over the days from `first` to `last` (both included, None: unbounded).

    `value` is base (minor units of the branch's base currency), amount (of the document's) or n (how many);
    `dims` keeps only these values of the measure's split, None keeps all.
    """

    name: str
    measure: str
    first: date | None
    last: date | None
    value: str = "base"
    dims: frozenset[str] | None = None


@dataclass(frozen=True)
class DateGroup:
    """Branches that have the same date now. `timezones` None: every branch that is asked for."""

    today: date
    timezones: frozenset[str] | None = None


Wants = Callable[[date], Sequence[Want]]
"""The columns for a branch whose own date is the argument."""

Sums = Mapping[str, int]


class _Statement:
    """Collects SELECTs over the cells and their parameters."""

    def __init__(self, personal: bool) -> None:
        self.prefix = "p" if personal else "b"
        self.arms: list[str] = []
        self.params: dict[str, Any] = {}
        self.numbers = count()
        self.columns: dict[str, list[str]] = {}

    def param(self, value: Any) -> str:
        name = f"p{next(self.numbers)}"
        self.params[name] = value
        return f":{name}"

    def add(
        self, wants: Sequence[Want], today: date, condition: str, keys: str, enumerate_periods: bool
    ) -> None:
        """All wants of one date group: one SELECT for each span and tier."""
        spans: dict[tuple[date | None, date | None, bool], list[Want]] = {}
        for want in wants:
            spans.setdefault((want.first, want.last, want.measure in AHEAD), []).append(want)
        for (first, last, is_ahead), members in spans.items():
            slot = len(self.arms)
            for want in members:
                self.columns.setdefault(want.name, []).append(self.case(want, slot))
            horizon = today + (DUE_AHEAD if is_ahead else timedelta(days=1))
            arms = [
                self.arm(
                    piece.in_months() if self.prefix == "p" else piece,
                    members,
                    slot,
                    condition,
                    keys,
                    enumerate_periods,
                )
                for piece in pieces(first, last, horizon)
            ]
            self.arms.append(" UNION ALL ".join(arms))

    def case(self, want: Want, slot: int) -> str:
        """The want's value in a row of the union."""
        dims = "" if want.dims is None else f" AND dim IN {self.param(sorted(want.dims))}"
        return (
            f"CASE WHEN slot = {slot} AND measure = '{want.measure}'{dims} THEN {want.value} * sgn ELSE 0 END"
        )

    def arm(
        self,
        piece: Piece,
        wants: Sequence[Want],
        slot: int,
        condition: str,
        keys: str,
        enumerate_periods: bool,
    ) -> str:
        measures = ", ".join(sorted({f"'{want.measure}'" for want in wants}))
        if piece.first == piece.last:
            period = f"period = {self.param(piece.first)}"
        elif enumerate_periods and piece.tier != YEAR:
            period = f"period IN {self.param(piece.periods())}"
        else:
            period = f"period BETWEEN {self.param(piece.first)} AND {self.param(piece.last)}"
        return (
            f"SELECT {keys}, measure, dim, amount, base, n, {piece.sign} AS sgn, {slot} AS slot FROM figure_cell "
            f"WHERE tier = '{self.prefix}{piece.tier}' AND measure IN ({measures}) AND {period}{condition}"
        )

    def sql(self, keys: str) -> str:
        arms = [arm for arm in self.arms if arm]
        if not arms:
            return ""
        sums = ", ".join(
            f"CAST(SUM({' + '.join(cases)}) AS BIGINT) AS {name}" for name, cases in self.columns.items()
        )
        return f"SELECT {keys}, {sums} FROM ({' UNION ALL '.join(arms)}) AS cells GROUP BY {keys}"


async def by_branch(
    wants: Wants, groups: Sequence[DateGroup], branches: frozenset[str] | None
) -> dict[str, Sums]:
    """The wants of each branch that has cells; a branch without any is absent. One statement."""
    statement = _Statement(personal=False)
    few = branches is not None and len(branches) <= FEW_BRANCHES
    for group in groups:
        condition = f" AND branch IN {statement.param(sorted(branches))}" if branches is not None else ""
        if group.timezones is not None:
            zones = statement.param(sorted(group.timezones))
            condition += f" AND branch IN (SELECT branch FROM branch WHERE timezone IN {zones})"
        statement.add(wants(group.today), group.today, condition, "branch", few)
    sql = statement.sql("branch")
    rows = await fetch_all(sql, **statement.params) if sql else []
    return {row.pop("branch"): row for row in rows}


async def by_person(
    wants: Sequence[Want], today: date, branch: str, known_at: datetime | None = None
) -> dict[tuple[str, str], Sums]:
    """The wants of each (department, employee) of one branch; '' is unassigned. Spans must be bounded."""
    statement = _Statement(personal=True)
    condition = f" AND branch = {statement.param(branch)}"
    statement.add(wants, today, condition, "department, employee", enumerate_periods=True)
    rows = await fetch_all(statement.sql("department, employee"), **statement.params)
    found: dict[tuple[str, str], Sums] = {(row.pop("department"), row.pop("employee")): row for row in rows}
    if known_at is not None:
        keys = ("j.department", "j.employee")
        later = await journal.later_by(keys, wants, frozenset({branch}), known_at)
        journal.less(found, later, [want.name for want in wants])
    return found


async def by_month(
    wants: Sequence[Want],
    today: date,
    branches: frozenset[str] | None,
    *,
    tier: str = "m",
    known_at: datetime | None = None,
) -> dict[tuple[str, str], Sums]:
    """The wants per (month, base currency) over all branches asked for, for series; spans are whole months
    (`tier` d: days)."""
    statement = _Statement(personal=False)
    condition = f" AND branch IN {statement.param(sorted(branches))}" if branches is not None else ""
    first = min(want.first for want in wants if want.first)
    last = max(want.last for want in wants if want.last)
    size = 10 if tier == DAY else 7
    piece = Piece(tier, first.isoformat()[:size], last.isoformat()[:size])
    for want in wants:
        statement.columns[want.name] = [statement.case(want, 0)]
    statement.arms.append(statement.arm(piece, wants, 0, condition, "branch, period", enumerate_periods=True))
    inner = ", ".join(
        f"CAST(SUM({' + '.join(cases)}) AS BIGINT) AS {name}" for name, cases in statement.columns.items()
    )
    rows = await fetch_all(
        f"SELECT c.period, COALESCE(b.currency, '') AS currency, {inner} "
        f"FROM ({statement.arms[0]}) AS c LEFT JOIN branch b ON b.branch = c.branch AND b.deleted_at IS NULL "
        "GROUP BY c.period, b.currency",
        **statement.params,
    )
    found: dict[tuple[str, str], Sums] = {(row.pop("period"), row.pop("currency")): row for row in rows}
    if known_at is not None:
        keys = (f"substr(j.period, 1, {size})", "COALESCE(b.currency, '')")
        later = await journal.later_by(keys, wants, branches, known_at)
        journal.less(found, later, [want.name for want in wants])
    return found


async def by_branch_month(
    wants: Sequence[Want], today: date, branches: frozenset[str], known_at: datetime | None = None
) -> dict[tuple[str, str], Sums]:
    """The wants per (branch, month) of a few branches, for series; spans are whole months."""
    statement = _Statement(personal=False)
    condition = f" AND branch IN {statement.param(sorted(branches))}"
    first, last = wants[0].first, wants[0].last
    assert first is not None
    assert last is not None
    piece = Piece(MONTH, first.isoformat()[:7], last.isoformat()[:7])
    for want in wants:
        statement.columns[want.name] = [statement.case(want, 0)]
    statement.arms.append(statement.arm(piece, wants, 0, condition, "branch, period", enumerate_periods=True))
    rows = await fetch_all(statement.sql("branch, period"), **statement.params)
    found: dict[tuple[str, str], Sums] = {(row.pop("branch"), row.pop("period")): row for row in rows}
    if known_at is not None:
        keys = ("j.branch", "substr(j.period, 1, 7)")
        journal.less(
            found, await journal.later_by(keys, wants, branches, known_at), [want.name for want in wants]
        )
    return found


async def by_dim(
    measure: str,
    first: date,
    last: date,
    today: date,
    branches: frozenset[str] | None,
    known_at: datetime | None = None,
) -> dict[tuple[str, str], Sums]:
    """base and n of one measure per (branch, dim): expenses by category, follow-ups by kind."""
    statement = _Statement(personal=False)
    condition = f" AND branch IN {statement.param(sorted(branches))}" if branches is not None else ""
    wants = [Want("base", measure, first, last), Want("n", measure, first, last, "n")]
    few = branches is not None and len(branches) <= FEW_BRANCHES
    statement.add(wants, today, condition, "branch", few)
    rows = await fetch_all(
        f"SELECT branch, dim, CAST(SUM(base * sgn) AS BIGINT) AS base, CAST(SUM(n * sgn) AS BIGINT) AS n "
        f"FROM ({' UNION ALL '.join(statement.arms)}) AS cells GROUP BY branch, dim",
        **statement.params,
    )
    found: dict[tuple[str, str], Sums] = {(row.pop("branch"), row.pop("dim")): row for row in rows}
    if known_at is not None:
        later = await journal.later_by(("j.branch", "j.dim"), wants, branches, known_at)
        journal.less(found, later, ["base", "n"])
    return found
