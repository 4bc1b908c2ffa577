"""The figures that are lists: newest and signed customers, news; and who works within a reach."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date
from uuid import UUID

from branch_node.figures.rules import Figure, Line, Parameters
from branch_node.home import home
from branch_node.intelligence.rules import safe_link
from branch_node.lists import as_kind
from shared.database import fetch_all, fetch_value
from shared.database.scope import reach_sql
from shared.permissions import Reach

Blank = Callable[[str, Parameters], Awaitable[Figure]]
LIMIT = 1_000

CUSTOMERS_SQL = """
SELECT CAST(c.id AS VARCHAR(36)) AS id, c.name, c.code, c.acquired_on, c.signed_on, c.status, c.customer_group, c.region,
  e.name AS owner,
  (SELECT CAST(sum(o.base_minor) AS BIGINT) FROM sales_order o WHERE o.customer_id = c.id AND o.approved_on = c.signed_on
   AND o.deleted_at IS NULL AND o.status IN ('approved', 'executing', 'completed', 'cancelled')) AS amount
FROM customer c LEFT JOIN employee e ON e.id = c.owner_id
WHERE c.branch = :branch AND c.deleted_at IS NULL AND c.merged_into_id IS NULL AND c.{day} >= :first AND c.{day} <= :last
  AND {scope} ORDER BY c.{day} DESC, c.id DESC LIMIT {limit}
"""


async def customers(name: str, parameters: Parameters, scope: Reach | None, blank: Blank) -> Figure:
    """Customers by the day they were acquired, or signed, newest first (default: this month)."""
    day = "acquired_on" if name == "newest-customers" else "signed_on"
    first, last = parameters.span(home().today)
    where, params = ("(1 = 1)", {}) if scope is None else reach_sql(scope, "c.owner_id", "c.department_id")
    bounds = {"branch": home().code, "first": first, "last": last, **params}
    rows = await fetch_all(CUSTOMERS_SQL.format(day=day, scope=where, limit=LIMIT), **bounds)
    count = int(
        await fetch_value(
            f"SELECT count(*) AS n FROM customer c WHERE c.branch = :branch AND c.deleted_at IS NULL "
            f"AND c.merged_into_id IS NULL AND c.{day} >= :first AND c.{day} <= :last AND {where}",
            **bounds,
        )
    )
    lines = []
    for row in rows:
        values = {
            "code": row["code"], "acquired_on": as_kind(row["acquired_on"], date),
            "signed_on": as_kind(row["signed_on"], date), "owner": row["owner"] or "", "status": row["status"],
            "group": row["customer_group"], "region": row["region"],
        }  # fmt: skip
        if day == "signed_on":
            values["amount"] = int(row["amount"]) if row["amount"] is not None else None
        lines.append(Line(f"customer:{row['id']}", row["name"], values))
    figure = await blank(name, parameters)
    return replace(
        figure, rows=lines, total=Line(figure.total.unit, "", {"count": count}), first=first, last=last
    )


NEWS_SQL = """
SELECT * FROM (
  SELECT 'news' AS kind, CAST(n.id AS VARCHAR(36)) AS id, n.title, n.source, n.link, n.happened_on FROM news_item n
  WHERE n.deleted_at IS NULL AND n.selected = :yes AND n.happened_on >= :first AND n.happened_on <= :last
  UNION ALL SELECT i.kind, CAST(i.id AS VARCHAR(36)), i.title, i.source, '', i.happened_on FROM intel_note i
  WHERE i.branch = :branch AND i.deleted_at IS NULL AND i.happened_on >= :first AND i.happened_on <= :last AND {scope}
) AS found ORDER BY happened_on DESC, id DESC LIMIT {limit}
"""


async def news(parameters: Parameters, scope: Reach | None, blank: Blank) -> Figure:
    """News that headquarters selected, and the branch's own notes about trade and competitors (default: this month)."""
    first, last = parameters.span(home().today)
    where, params = ("(1 = 1)", {}) if scope is None else reach_sql(scope, "i.owner_id", "i.department_id")
    rows = await fetch_all(
        NEWS_SQL.format(scope=where, limit=LIMIT),
        branch=home().code,
        first=first,
        last=last,
        yes=True,
        **params,
    )
    lines = [
        Line(
            f"{row['kind']}:{row['id']}",
            row["title"],
            {
                "happened_on": as_kind(row["happened_on"], date), "kind": row["kind"], "source": row["source"],
                "link": safe_link(row["link"] or row["source"]),
            },
        )
        for row in rows
    ]  # fmt: skip
    figure = await blank("news", parameters)
    return replace(
        figure, rows=lines, total=Line(figure.total.unit, "", {"count": len(lines)}), first=first, last=last
    )


async def employees(scope: Reach | None) -> dict[UUID | None, str]:
    """Active employees within reach by id."""
    where, params = ("(1 = 1)", {}) if scope is None else reach_sql(scope, "id", "department_id")
    rows = await fetch_all(
        f"SELECT id, name FROM employee WHERE branch = :branch AND active = :yes AND deleted_at IS NULL AND {where} "
        "ORDER BY search_key LIMIT 2000",
        branch=home().code,
        yes=True,
        **params,
    )
    return {as_kind(row["id"], UUID): row["name"] for row in rows}
