"""Targets that hold: what is aimed at in month, quarter, year to date and year, per unit, from the revisions kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from hq.figures import memo
from hq.figures.cells import Want
from shared import figures
from shared.database import fetch_all
from shared.errors import Invalid
from shared.figures import Better
from shared.i18n import N_
from shared.periods import Month, Period, Quarter, Year

BLOCKS = ("month", "quarter", "ytd", "year")
BLOCK_LABELS: Mapping[str, str] = {
    "month": N_("Month"),
    "quarter": N_("Quarter"),
    "ytd": N_("Year to date"),
    "year": N_("Year"),
}


@dataclass(frozen=True)
class TargetMeasure:
    """What targets can be set on: the rollup measures it is made of, and which direction is favourable."""

    name: str
    label: str
    is_money: bool
    parts: tuple[str, ...]
    better: Better = "higher"

    def actual(self, row: Mapping[str, int], rule: str) -> int:
        """The measure from its parts."""
        if self.name == "sales":
            return figures.sales(row["ordered"], row["cancelled"])
        if self.name in ("income", "profit"):
            names = ("ordered", "cancelled", "shipped", "receipts")
            income = figures.income(rule, **{name: row[name] for name in names})
            return figures.operating_profit(income, row["expense"]) if self.name == "profit" else income
        return row[self.parts[0]]

    def wants(self, first: date, last: date, prefix: str = "") -> list[Want]:
        """The sums of its parts over these days, named prefix + part."""
        value = "base" if self.is_money else "n"
        return [Want(prefix + part, *_sum_of(part, first, last, value)) for part in self.parts]


def _sum_of(
    part: str, first: date, last: date, value: str
) -> tuple[str, date, date, str, frozenset[str] | None]:
    """Measure, days, value and kinds of a part; visits are follow-ups of one kind."""
    if part == "visits":
        return ("activities", first, last, value, VISITS)
    return (part, first, last, value, None)


VISITS = frozenset({"visit"})

_INCOME = ("ordered", "cancelled", "shipped", "receipts")
TARGET_MEASURES: Mapping[str, TargetMeasure] = {
    measure.name: measure
    for measure in (
        TargetMeasure("sales", N_("Sales"), True, ("ordered", "cancelled")),
        TargetMeasure("receipts", N_("Receipts"), True, ("receipts",)),
        TargetMeasure("income", N_("Income"), True, _INCOME),
        TargetMeasure("profit", N_("Operating profit"), True, (*_INCOME, "expense")),
        TargetMeasure("expense", N_("Expense"), True, ("expense",), "lower"),
        TargetMeasure("customers_new", N_("New customers"), False, ("customers_new",)),
        TargetMeasure("customers_signed", N_("Signed customers"), False, ("customers_signed",)),
        TargetMeasure("activities", N_("Follow-ups"), False, ("activities",)),
        TargetMeasure("visits", N_("Visits"), False, ("visits",)),
    )
}


def measure_named(name: str) -> TargetMeasure:
    """The measure; Invalid, naming the choices, when targets cannot be set on it."""
    if name not in TARGET_MEASURES:
        raise Invalid(
            N_('There are no targets on "%(name)s"; choose one of %(choices)s.'),
            code="measure.unknown",
            name=name,
            choices=", ".join(TARGET_MEASURES),
        )
    return TARGET_MEASURES[name]


def spans_of(as_of: date) -> dict[str, Period]:
    """The four spans around a day; year to date ends with the day's month, as its target does."""
    month = Month.containing(as_of)
    return {
        "month": month,
        "quarter": Quarter.containing(as_of),
        "ytd": Period(Year.containing(as_of).first, month.after),
        "year": Year.containing(as_of),
    }


@dataclass(frozen=True)
class Aim:
    """The target of one unit that holds: its currency ('' for counts) and the target of each span, None: no lines
    for exactly this span."""

    currency: str
    amounts: Mapping[str, int | None]
    id: str = ""
    number: int = 0


Aims = Mapping[tuple[str, str], Aim]
"""By (kind, key): ("company", ""), ("branch", "SH"), ("employee", id)."""

CURRENT = """SELECT t.id, t.measure, t.unit_kind, t.unit_branch, t.unit_id, t.currency, t.number, {sums}
FROM target t LEFT JOIN target_line l ON l.target_id = t.id AND l.deleted_at IS NULL
WHERE t.year = :year AND t.measure IN :measures AND {holds} AND t.deleted_at IS NULL{where}
GROUP BY t.id, t.measure, t.unit_kind, t.unit_branch, t.unit_id, t.currency, t.number ORDER BY t.number"""


def codes_of(span: Period) -> tuple[list[str], list[str]]:
    """The codes of the months and of the quarters that lie wholly in a span of months."""
    months, month = [], Month.containing(span.first)
    while month.first < span.after:
        months.append(str(month))
        month = month.next()
    quarters, quarter = [], Quarter.containing(span.first)
    while quarter.first < span.after:
        if quarter.first >= span.first and quarter.after <= span.after:
            quarters.append(str(quarter))
        quarter = quarter.next()
    return months, quarters


AIMS_SECONDS = 300.0


async def aims(
    as_of: date, measure: str, own_seq: int, branch: str | None = None, known_at: datetime | None = None
) -> Aims:
    """The targets that hold for the year of `as_of` (or held at `known_at`): of company and branches, or of all units
    of one branch.

    Kept for some minutes while headquarters' own log stands at `own_seq`: a target that is set moves it."""
    return (await aims_on(as_of, (measure,), own_seq, branch, known_at))[measure]


async def aims_on(
    as_of: date,
    measures: tuple[str, ...],
    own_seq: int,
    branch: str | None = None,
    known_at: datetime | None = None,
) -> Mapping[str, Aims]:
    """The same for several measures in one statement; a measure without targets has an empty mapping."""
    return await memo.kept(
        ("aims", as_of, measures, own_seq, branch, known_at),
        AIMS_SECONDS,
        lambda: read_aims(as_of, measures, branch, known_at),
    )


async def read_aims(
    as_of: date, measures: tuple[str, ...], branch: str | None, known_at: datetime | None = None
) -> Mapping[str, Aims]:
    """The same, read now."""
    sums, params, sizes = spans_sql(as_of)
    params |= {"year": as_of.year, "measures": list(measures)}
    if branch is None:
        where = " AND t.unit_kind IN ('company', 'branch')"
    else:
        where = " AND (t.unit_kind = 'company' OR t.unit_branch = :branch)"
        params["branch"] = branch
    holds = "t.superseded_at IS NULL"
    if known_at is not None:
        holds = "t.issued_at <= :known_at AND (t.superseded_at IS NULL OR t.superseded_at > :known_at)"
        params["known_at"] = known_at
    rows = await fetch_all(CURRENT.format(sums=sums, where=where, holds=holds), **params)
    found: dict[str, dict[tuple[str, str], Aim]] = {measure: {} for measure in measures}
    for row in rows:
        kind = str(row["unit_kind"])
        key = str(row["unit_branch"]) if kind == "branch" else str(row["unit_id"] or "")
        amounts = {
            block: int(row[block]) if row[f"{block}_months"] == sizes[block] else None for block in BLOCKS
        }
        aim = Aim(str(row["currency"]), amounts, str(row["id"]), int(row["number"]))
        found[str(row["measure"])][kind, key] = aim
    return found


def spans_sql(as_of: date) -> tuple[str, dict[str, object], dict[str, int]]:
    """The sum of a target's lines in each span and the months they cover, as SQL, with its parameters and the months
    that each span has."""
    sums: list[str] = []
    params: dict[str, object] = {}
    sizes: dict[str, int] = {}
    for block, span in spans_of(as_of).items():
        months, quarters = codes_of(span)
        params[f"m_{block}"], params[f"q_{block}"] = months, quarters
        sizes[block] = len(months)
        inside = f"(l.period IN :m_{block} OR l.period IN :q_{block})"
        sums.append(f"CAST(SUM(CASE WHEN {inside} THEN l.amount ELSE 0 END) AS BIGINT) AS {block}")
        sums.append(
            f"CAST(SUM(CASE WHEN l.period IN :m_{block} THEN 1 WHEN l.period IN :q_{block} THEN 3 ELSE 0 END) "
            f"AS BIGINT) AS {block}_months"
        )
    return ", ".join(sums), params, sizes
