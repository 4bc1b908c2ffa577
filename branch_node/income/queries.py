"""Income, expense and operating profit by month and department, from the entries that shared.figures defines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.income.rules import MEASURES, Result, Sums, UnitRow, by_unit, result
from branch_node.lists import as_kind
from shared.database import fetch_all, fetch_value
from shared.database.scope import reach_sql
from shared.figures import ENTRIES, INCOME_RULES, Entry
from shared.periods import Month
from shared.permissions import Person, Reach, reach

MONTHS_SHOWN = 13


@dataclass(frozen=True)
class Statement:
    """A month of the branch: its result, those of its departments (adding up to it), the months before, and the
    expense by category. Base currency, minor units."""

    month: Month
    rule: str
    whole: Result
    departments: Sequence[UnitRow]
    months: Sequence[tuple[Month, Result]]
    categories: Mapping[str, int]


def entry_sql(entry: Entry, within: Reach) -> str:
    """What rows of one table add to one measure, by month and department."""
    scope, _ = reach_sql(within, entry.employee, entry.department, "branch")
    return (
        f"SELECT '{entry.measure}' AS measure, substr(CAST({entry.day} AS VARCHAR(10)), 1, 7) AS month, "
        f"{entry.department} AS department, CAST(SUM({entry.base}) AS BIGINT) AS base FROM {entry.table} "
        f"WHERE branch = :branch AND deleted_at IS NULL AND ({entry.where}) AND {entry.day} >= :first "
        f"AND {entry.day} < :after AND {scope} GROUP BY 2, 3"
    )


async def statement(person: Person, month: Month) -> Statement:
    """The month and the twelve before it, within the person's reach of figures. Four queries."""
    within = reach(person, "figures.view")
    scope, params = reach_sql(within, branch="branch")
    first = month.next(1 - MONTHS_SHOWN)
    used = [entry for entry in ENTRIES if entry.measure in MEASURES]
    sql = " UNION ALL ".join(entry_sql(entry, within) for entry in used)
    rows = await fetch_all(sql, branch=home().code, first=first.first, after=month.after, **params)
    rule = await income_rule()
    this_month = [row for row in rows if row["month"] == str(month)]
    months = by_unit(rows, "month")
    return Statement(
        month,
        rule,
        result(rule, sum(by_unit(this_month, "department").values(), Sums())),
        await _departments(rule, this_month),
        [
            (one, result(rule, months.get(str(one), Sums())))
            for one in (first.next(n) for n in range(MONTHS_SHOWN))
        ],
        await _categories(month, scope, params),
    )


async def income_rule() -> str:
    """The branch's declared rule: approval, shipment or receipt."""
    found = await fetch_value(
        "SELECT income_rule FROM branch WHERE branch = :branch AND deleted_at IS NULL", branch=home().code
    )
    return found if found in INCOME_RULES else "approval"


async def _departments(rule: str, rows: Sequence[Mapping[str, Any]]) -> list[UnitRow]:
    units = by_unit([{**row, "department": as_kind(row["department"], UUID)} for row in rows], "department")
    names = await fetch_all(
        "SELECT id, name FROM department WHERE id IN :ids", ids=[one for one in units if one]
    )
    by_id = {as_kind(row["id"], UUID): row["name"] for row in names}
    found = [UnitRow(unit, by_id.get(unit, ""), result(rule, sums)) for unit, sums in units.items()]
    return sorted(
        found, key=lambda row: (row.department_id is None, -row.result.profit_minor, str(row.department_id))
    )


async def _categories(month: Month, scope: str, params: Mapping[str, Any]) -> dict[str, int]:
    entry = next(entry for entry in ENTRIES if entry.measure == "expense")
    rows = await fetch_all(
        f"SELECT {entry.dim} AS code, CAST(SUM({entry.base}) AS BIGINT) AS base FROM {entry.table} "
        f"WHERE branch = :branch AND deleted_at IS NULL AND ({entry.where}) AND {entry.day} >= :first "
        f"AND {entry.day} < :after AND {scope} GROUP BY 1 ORDER BY 2 DESC, 1",
        branch=home().code,
        first=month.first,
        after=month.after,
        **params,
    )
    return {row["code"]: int(row["base"]) for row in rows}
