"""Feedback across branches, read-only: it is answered where it was given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.database import fetch_all
from shared.web.keyset import Cut, Paging, Sort, as_kind, like

SORTS: Mapping[str, Sort] = {"day": Sort("f.happened_on", date)}
LATE_LEVEL = "high"

LIST_SQL = """
SELECT f.id, f.branch, f.happened_on, f.kind, f.level, f.subject, f.status, c.name AS customer, e.name AS assignee,
  {sort} AS sort_value
FROM feedback f LEFT JOIN customer c ON c.id = f.customer_id LEFT JOIN employee e ON e.id = f.assigned_to
WHERE f.deleted_at IS NULL AND {where} AND {page} {order}
"""


@dataclass(frozen=True)
class FeedbackRow:
    """One feedback of a branch."""

    id: str
    branch: str
    day: date
    kind: str
    level: str
    subject: str
    status: str
    customer: str
    assignee: str


@dataclass(frozen=True)
class Wanted:
    """What the list is narrowed to; `codes` are the branches the reader may see and asked for."""

    codes: Sequence[str]
    is_open: bool
    kind: str = ""
    search: str = ""


def _where(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    clauses, params = ["f.branch IN :codes"], {"codes": list(wanted.codes)}
    if wanted.is_open:
        clauses.append("f.status <> 'closed'")
    if wanted.kind:
        clauses.append("f.kind = :kind")
        params["kind"] = wanted.kind  # type: ignore[assignment]
    if wanted.search:
        clauses.append("(LOWER(f.subject) LIKE :search ESCAPE '!' OR c.search_key LIKE :search ESCAPE '!')")
        params["search"] = like(wanted.search.lower())  # type: ignore[assignment]
    return " AND ".join(clauses), params


async def feedback_page(wanted: Wanted, paging: Paging) -> Cut[FeedbackRow]:
    """One page, newest first. One query; none without a branch."""
    if not wanted.codes:
        return Cut([], None, None)
    where, params = _where(wanted)
    page, order, more = paging.sql("f.id")
    sql = LIST_SQL.format(sort=paging.sort.expression, where=where, page=page, order=order)
    cut = paging.cut(await fetch_all(sql, **params, **more))
    rows = [
        FeedbackRow(
            str(row["id"]), row["branch"], as_kind(row["happened_on"], date), row["kind"], row["level"],
            row["subject"], row["status"], row["customer"] or "", row["assignee"] or "",
        )
        for row in cut.rows
    ]  # fmt: skip
    return Cut(rows, cut.next, cut.previous)


async def counts(wanted: Wanted) -> dict[str, tuple[int, int]]:
    """By branch: how many wait for an answer, and how many of these are urgent. One query."""
    if not wanted.codes:
        return {}
    rows = await fetch_all(
        "SELECT branch, count(*) AS n, sum(CASE WHEN level = :late THEN 1 ELSE 0 END) AS urgent FROM feedback "
        "WHERE branch IN :codes AND deleted_at IS NULL AND status IN ('open', 'assigned') GROUP BY branch",
        codes=list(wanted.codes),
        late=LATE_LEVEL,
    )
    return {row["branch"]: (int(row["n"]), int(row["urgent"])) for row in rows}
