"""The figure targets: actual against the targets that headquarters set for this branch and its people."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.figures.money import income_rule
from branch_node.figures.rules import (
    BLOCKS,
    TARGET_MEASURES,
    Figure,
    Line,
    Parameters,
    spans_of,
    target_columns,
)
from branch_node.figures.sums import Want, sums
from branch_node.home import home
from branch_node.staff.queries import names_of
from shared import figures
from shared.database import fetch_all
from shared.figures import completion_bp, time_passed_bp
from shared.periods import Month, Period, Quarter
from shared.permissions import Reach

Blank = Callable[[str, Parameters], Awaitable[Figure]]

PARTS: Mapping[str, tuple[str, ...]] = {
    "sales": ("ordered", "cancelled"),
    "receipts": ("receipts",),
    "income": ("ordered", "cancelled", "shipped", "receipts"),
    "profit": ("ordered", "cancelled", "shipped", "receipts", "expense"),
    "expense": ("expense",),
    "customers_new": ("customers_new",),
    "customers_signed": ("customers_signed",),
    "activities": ("activities",),
    "visits": ("visits",),
}
KINDS: Mapping[str, tuple[str, str]] = {"visits": ("activities", "visit")}
"""Parts that are one kind of a measure: (measure, kind)."""

TARGET_SQL = """
SELECT t.unit_kind, CAST(t.unit_id AS VARCHAR(36)) AS unit_id, l.period, CAST(sum(l.amount) AS BIGINT) AS amount
FROM target t JOIN target_line l ON l.target_id = t.id AND l.deleted_at IS NULL
WHERE t.year = :year AND t.measure = :measure AND t.unit_branch = :branch AND t.superseded_at IS NULL
  AND t.deleted_at IS NULL AND (t.currency = '' OR t.currency = :currency)
GROUP BY t.unit_kind, t.unit_id, l.period
"""


async def targets(parameters: Parameters, scope: Reach | None, blank: Blank) -> Figure:
    """Target, actual, gap and completion of month, quarter, year to date and year around a day (default: today).

    Rows: people with a target or an actual; the total is the branch. Without a target: no data, never 0 %.
    Someone whose reach is narrower than the branch gets no branch target, only the people within reach.
    """
    as_of = parameters.as_of or parameters.last or home().today
    measure = parameters.measure
    is_count = not TARGET_MEASURES[measure]
    wants = [
        Want(f"{block}_{part}", kind[0], span.first, span.last, is_count, kind[1])
        for block, span in spans_of(as_of).items()
        for part in PARTS[measure]
        for kind in [KINDS.get(part, (part, None))]
    ]
    keyed = await sums(wants, "employee", scope)
    held = await held_targets(as_of, measure)
    rule = await income_rule()
    people = sorted({key for key in keyed if key != "None"} | within_scope(held, scope))
    names = await names_of(UUID(key) for key in people)
    lines = [
        Line(
            f"employee:{key}",
            names.get(UUID(key), ""),
            values_of(measure, as_of, keyed.get(key, {}), held.get(("employee", key), {}), rule),
        )
        for key in people
    ]
    whole = {want.alias: sum(row.get(want.alias, 0) for row in keyed.values()) for want in wants}
    is_whole = scope is None or scope.kind.width >= 2
    total = values_of(measure, as_of, whole, held.get(("branch", ""), {}) if is_whole else {}, rule)
    figure = await blank("targets", parameters)
    return replace(
        figure,
        columns=target_columns(measure),
        rows=lines,
        total=Line(figure.total.unit, "", total),
        as_of=as_of,
    )


def within_scope(held: Mapping[tuple[str, str], Any], scope: Reach | None) -> set[str]:
    """Employees with a target whom the reader may see."""
    found = {key for kind, key in held if kind == "employee"}
    if scope is None or scope.kind.width >= 2:
        return found
    return {key for key in found if UUID(key) in scope.staff_ids}


async def held_targets(as_of: date, measure: str) -> dict[tuple[str, str], dict[str, int]]:
    """Targets in force by unit ("branch", "" or "employee", id) and period code."""
    rows = await fetch_all(
        TARGET_SQL, year=as_of.year, measure=measure, branch=home().code, currency=home().currency
    )
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        key = (row["unit_kind"], "" if row["unit_kind"] == "branch" else str(row["unit_id"] or ""))
        found.setdefault(key, {})[row["period"]] = int(row["amount"])
    return found


def values_of(
    measure: str, as_of: date, row: Mapping[str, int], lines: Mapping[str, int], rule: str
) -> dict[str, Any]:
    """All columns of one unit."""
    values: dict[str, Any] = {}
    spans = spans_of(as_of)
    for block in BLOCKS:
        actual = actual_of(measure, {part: row.get(f"{block}_{part}", 0) for part in PARTS[measure]}, rule)
        target = target_of(spans[block], lines)
        values[f"{block}_target"] = target
        values[f"{block}_actual"] = actual
        values[f"{block}_gap"] = None if target is None else actual - target
        values[f"{block}_completion"] = completion_bp(actual, target)
    year = spans["year"]
    values["time_passed"] = time_passed_bp(year.first, year.after, as_of)
    return values


def actual_of(measure: str, parts: Mapping[str, int], rule: str) -> int:
    """The measure from its parts."""
    if measure == "sales":
        return figures.sales(parts["ordered"], parts["cancelled"])
    if measure in ("income", "profit"):
        names = ("ordered", "cancelled", "shipped", "receipts")
        income = figures.income(rule, **{name: parts[name] for name in names})
        return figures.operating_profit(income, parts["expense"]) if measure == "profit" else income
    return parts[PARTS[measure][0]]


def target_of(span: Period, lines: Mapping[str, int]) -> int | None:
    """The sum of the lines that make up a span of months exactly: months, or quarters; None when they do not."""
    total, month = 0, Month.containing(span.first)
    while month.first < span.after:
        quarter = Quarter.containing(month.first)
        if str(month) in lines:
            total += lines[str(month)]
            month = month.next()
        elif month.first == quarter.first and quarter.after <= span.after and str(quarter) in lines:
            total += lines[str(quarter)]
            month = month.next(3)
        else:
            return None
    return total
