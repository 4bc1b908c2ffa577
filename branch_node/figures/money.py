"""The figures about what customers owe, and what money figures share: rates, the income rule, category names."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.customers.queries import customer_names
from branch_node.figures.rules import BUCKET_KEYS, Figure, Line, Parameters
from branch_node.figures.sums import Want, added, sums
from branch_node.home import home
from branch_node.kept import MONEY_TABLES, kept_rows
from branch_node.lists import as_kind
from branch_node.receivables.sources import LEFT_BASE, OPEN_SOURCE, bounds_of
from shared import figures
from shared.database import fetch_all, fetch_value
from shared.database.scope import reach_sql
from shared.figures import AGEING_BUCKETS, ageing_of
from shared.i18n import active_locale
from shared.permissions import Reach

Blank = Callable[[str, Parameters], Awaitable[Figure]]


async def rate(from_currency: str, to_currency: str, on: date) -> int | None:
    """Headquarters' rate of the day or the latest before it; None when there is none: never taken as 1."""
    found = await fetch_value(
        "SELECT rate_e9 FROM exchange_rate WHERE currency = :of AND to_currency = :to AND happened_on <= :day "
        "AND deleted_at IS NULL ORDER BY happened_on DESC LIMIT 1",
        of=from_currency,
        to=to_currency,
        day=on,
    )
    return int(found) if found else None


async def income_rule() -> str:
    """The rule the branch declared for its income."""
    found = await fetch_value(
        "SELECT income_rule FROM branch WHERE branch = :branch AND deleted_at IS NULL", branch=home().code
    )
    return str(found or "approval")


async def income_of(row: Mapping[str, int]) -> int:
    """Income of the sums ordered, cancelled, shipped, receipts by the branch's rule."""
    return figures.income(
        await income_rule(),
        ordered=row["ordered"],
        cancelled=row["cancelled"],
        shipped=row["shipped"],
        receipts=row["receipts"],
    )


async def category_labels() -> dict[str, str]:
    """Names of expense categories by code, in the reader's language."""
    rows = await fetch_all("SELECT code, label, label_en FROM expense_category WHERE deleted_at IS NULL")
    return {
        row["code"]: row["label_en"] if active_locale() == "en" and row["label_en"] else row["label"]
        for row in rows
    }


async def receivables(parameters: Parameters, scope: Reach | None, blank: Blank) -> Figure:
    """Due, received and remaining as of a day (default: today), by customer. A later entry changes no earlier day."""
    as_of = parameters.as_of or home().today
    names = ("due", "receipts", "allocated", "received", "credited", "written_off")
    wants = [Want(name, name, None, as_of) for name in names]
    keyed = await sums(wants, "customer", scope)

    def whole(row: Mapping[str, int]) -> dict[str, int]:
        rest = figures.remaining(row["due"], row["received"], row["credited"], row["written_off"])
        unallocated = figures.unallocated(row["receipts"], row["allocated"])
        return {**row, "unallocated": unallocated, "remaining": rest, "balance": rest - unallocated}

    known = await customer_names(UUID(key) for key in keyed)
    lines = [
        Line(f"customer:{key}", known.get(UUID(key), ""), whole(row))
        for key, row in keyed.items()
        if any(row.values())
    ]
    lines.sort(key=lambda line: (-line.values["remaining"], line.name))
    figure = await blank("receivables", parameters)
    total = Line(figure.total.unit, "", whole(added(keyed, wants)))
    return replace(figure, rows=lines, total=total, as_of=as_of)


AGEING_SQL = """
SELECT CAST(r.customer_id AS VARCHAR(36)) AS customer, r.due_on, CAST(sum(r.base_minor - coalesce(a.paid, 0)
  - coalesce(d.taken, 0)) AS BIGINT) AS rest
FROM receivable r
LEFT JOIN (SELECT receivable_id, sum(CASE WHEN reverses_id IS NULL THEN base_minor ELSE -base_minor END) AS paid
  FROM allocation WHERE branch = :branch AND deleted_at IS NULL AND happened_on <= :as_of GROUP BY receivable_id
  ) a ON a.receivable_id = r.id
LEFT JOIN (SELECT receivable_id, sum(CASE WHEN reverses_id IS NULL THEN base_minor ELSE -base_minor END) AS taken
  FROM adjustment WHERE branch = :branch AND deleted_at IS NULL AND happened_on <= :as_of GROUP BY receivable_id
  ) d ON d.receivable_id = r.id
WHERE r.branch = :branch AND r.deleted_at IS NULL AND r.happened_on <= :as_of
  AND (r.cancelled_on IS NULL OR r.cancelled_on > :as_of) AND {scope}
GROUP BY r.customer_id, r.due_on
"""


# The same from the running sums, as of today; by what is overdue, the largest first.
OPEN_SQL = f"""
SELECT {{keys}} {
    ", ".join(
        f"CAST(sum(CASE WHEN s.due_on BETWEEN :low{place} AND :high{place} THEN {LEFT_BASE} ELSE 0 END) AS BIGINT) AS b{place}"
        for place in range(len(AGEING_BUCKETS))
    )
}, CAST(sum({LEFT_BASE}) AS BIGINT) AS remaining
FROM ({OPEN_SOURCE}) s WHERE {{scope}} {{tail}}"""
LARGEST = "GROUP BY s.customer_id ORDER BY sum({left}) - {not_due} DESC, sum({left}) DESC, s.customer_id LIMIT :rows"


async def ageing_now(parameters: Parameters, scope: Reach | None, blank: Blank) -> Figure:
    """Ageing as of today for the customers who owe most, at most `parameters.rows`; the total is of all."""
    as_of = home().today
    where, params = ("(1 = 1)", {}) if scope is None else reach_sql(scope, "s.owner_id", "s.department_id")
    params |= {"branch": home().code, "day": as_of, **bounds_of(as_of)}
    not_due = f"sum(CASE WHEN s.due_on >= :day THEN {LEFT_BASE} ELSE 0 END)"
    tail = LARGEST.format(left=LEFT_BASE, not_due=not_due)
    everyone = OPEN_SQL.format(keys="", scope=where, tail="")
    by_customer = OPEN_SQL.format(keys="s.customer_id,", scope=where, tail=tail)
    whole = await kept_rows(MONEY_TABLES, everyone, **params)
    rows = await kept_rows(MONEY_TABLES, by_customer, rows=parameters.rows, **params)
    known = await customer_names(as_kind(row["customer_id"], UUID) for row in rows)
    lines = [
        Line(
            f"customer:{row['customer_id']}",
            known.get(as_kind(row["customer_id"], UUID), ""),
            in_buckets(row),
        )
        for row in rows
    ]
    figure = await blank("ageing", parameters)
    return replace(figure, rows=lines, total=Line(figure.total.unit, "", in_buckets(whole[0])), as_of=as_of)


def in_buckets(row: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a line from a row of OPEN_SQL."""
    total = int(row["remaining"] or 0)
    buckets = {name: int(row[f"b{place}"] or 0) for place, name in enumerate(AGEING_BUCKETS)}
    overdue = total - buckets["not_due"]
    values: dict[str, Any] = {"remaining": total}
    values |= {BUCKET_KEYS[name]: buckets[name] for name in AGEING_BUCKETS}
    return {**values, "overdue": overdue, "overdue_share": overdue * 10_000 // total if total else None}


async def ageing(parameters: Parameters, scope: Reach | None, blank: Blank) -> Figure:
    """What remains by days past due as of a day (default: today), by customer; the buckets add up to remaining."""
    as_of = parameters.as_of or home().today
    if parameters.rows and as_of >= home().today:
        return await ageing_now(parameters, scope, blank)
    where, params = ("(1 = 1)", {}) if scope is None else reach_sql(scope, "r.owner_id", "r.department_id")
    rows = await fetch_all(AGEING_SQL.format(scope=where), branch=home().code, as_of=as_of, **params)
    items: dict[str, list[tuple[date, int]]] = {}
    for row in rows:
        if int(row["rest"]):
            items.setdefault(row["customer"], []).append((as_kind(row["due_on"], date), int(row["rest"])))
    known = await customer_names(UUID(key) for key in items)
    lines = [
        Line(f"customer:{key}", known.get(UUID(key), ""), aged(pairs, as_of)) for key, pairs in items.items()
    ]
    lines.sort(key=lambda line: (-line.values["overdue"], -line.values["remaining"], line.name))
    if parameters.rows:
        del lines[parameters.rows :]
    figure = await blank("ageing", parameters)
    every = [pair for pairs in items.values() for pair in pairs]
    return replace(figure, rows=lines, total=Line(figure.total.unit, "", aged(every, as_of)), as_of=as_of)


def aged(pairs: list[tuple[date, int]], as_of: date) -> dict[str, Any]:
    """Remaining, buckets, overdue and its share in basis points (None when nothing remains)."""
    found = ageing_of(pairs, as_of)
    values: dict[str, Any] = {"remaining": found.total}
    values |= {BUCKET_KEYS[bucket]: found.buckets[bucket] for bucket in AGEING_BUCKETS}
    values["overdue"] = found.overdue
    values["overdue_share"] = found.overdue * 10_000 // found.total if found.total else None
    return values
