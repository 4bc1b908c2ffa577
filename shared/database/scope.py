"""A Reach (shared.permissions) as a condition of a query: the one place where data permission meets the database.

Both forms give the same rows as Reach.covers. They go under every list, count, chart, export and cached figure.
"""

from collections.abc import Iterable
from typing import Any

from tortoise.expressions import Q

from shared.permissions import Reach, Scope


def reach_q(
    reach: Reach,
    owner_field: str = "owner_id",
    department_field: str = "department_id",
    branch_field: str | None = None,
) -> Q:
    """A Q for ORM queries; one that holds for every row when the reach has no bounds.

    Fields may lead over relations ("customer__owner_id"). `branch_field` is given where a table holds rows of
    several branches.
    """
    condition = Q()
    if branch_field and reach.branches is not None:
        condition &= _among(branch_field, reach.branches)
    if reach.kind >= Scope.BRANCH:
        return condition
    mine = _among(owner_field, reach.staff_ids)
    if reach.kind is Scope.DEPARTMENT and reach.department_ids:
        mine |= _among(department_field, reach.department_ids)
    return condition & mine


def _among(field: str, values: Iterable[Any]) -> Q:
    condition: dict[str, Any] = {f"{field}__in": sorted(values)}
    return Q(**condition)


def reach_sql(
    reach: Reach,
    owner: str = "owner_id",
    department: str = "department_id",
    branch: str | None = None,
    *,
    prefix: str = "reach",
) -> tuple[str, dict[str, Any]]:
    """A condition in brackets and its parameters for shared.database.fetch_all; "(1 = 1)" without bounds.

    `owner`, `department` and `branch` are column expressions with their alias ("c.owner_id"); a second reach in
    the same statement needs another `prefix`.
    """
    clauses: list[str] = []
    params: dict[str, Any] = {}
    if branch and reach.branches is not None:
        clauses.append(f"{branch} IN :{prefix}_branches")
        params[f"{prefix}_branches"] = sorted(reach.branches)
    if reach.kind < Scope.BRANCH:
        mine = f"{owner} IN :{prefix}_staff"
        params[f"{prefix}_staff"] = sorted(reach.staff_ids)
        if reach.kind is Scope.DEPARTMENT and reach.department_ids:
            mine = f"({mine} OR {department} IN :{prefix}_departments)"
            params[f"{prefix}_departments"] = sorted(reach.department_ids)
        clauses.append(mine)
    return "(" + (" AND ".join(clauses) or "1 = 1") + ")", params
