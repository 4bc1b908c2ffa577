"""The ten figures of this branch in the shape of the contract; each is a constant number of statements."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from branch_node.figures.rules import Parameters
from branch_node.figures.sums import Sum, by_employee, sums
from branch_node.home import home
from shared import clock
from shared.database import fetch_all, fetch_value
from shared.errors import NotFound
from shared.figures import AGEING_BUCKETS, ageing_bucket, completion_bp, income, operating_profit, sales
from shared.i18n import N_
from shared.money import format_plain
from shared.permissions import Person, Scope, require
from shared.records import Employee

LONG_AGO = date(1900, 1, 1)
LIST_LIMIT = 50
SILENT_DAYS = 30

Row = dict[str, Any]
Found = tuple[list[Row], Row]


async def figure_named(name: str, parameters: Parameters, person: Person | None) -> dict[str, Any]:
    """The figure as the contract's JSON. `person` None: everything (the command line). Raises NotFound, NotAllowed."""
    make = FIGURES.get(name)
    if make is None:
        raise NotFound(N_("There is no figure of this name."))
    seen = visible(person)
    rows, total = await make(parameters, seen)
    now = clock.now()
    position = await fetch_value("SELECT max(seq) AS seq FROM change") or 0
    return {
        "figure": name,
        "parameters": parameters.to_json(),
        "rows": rows,
        "total": total,
        "watermarks": [
            {
                "branch": home().code,
                "state": "current",
                "complete_to": now.isoformat(),
                "position": int(position),
            }
        ],
        "complete": True,
    }


def visible(person: Person | None) -> frozenset[str] | None:
    """Ids of the employees whose rows this person may count; None for the whole branch."""
    if person is None:
        return None
    scope = require(person, "figures.view")
    if scope in (Scope.BRANCH, Scope.COMPANY):
        return None
    return frozenset(str(one) for one in (person.staff_ids or frozenset({person.id})))


def money(minor: int) -> str:
    return format_plain(minor, home().currency)


async def names() -> dict[str, str]:
    return {str(one.id): one.name for one in await Employee.filter(branch=home().code)}


def within(found: list[Sum], seen: frozenset[str] | None) -> list[Sum]:
    return found if seen is None else [one for one in found if one.employee in seen]


async def per_person(
    found: list[Sum], seen: frozenset[str] | None, make: Callable[[dict[str, int]], dict[str, int]]
) -> Found:
    """A row per employee and the total, each from the sums by `make`."""
    known = await names()
    grouped = by_employee(within(found, seen))
    rows = []
    whole: dict[str, int] = defaultdict(int)
    for employee in sorted(grouped, key=lambda key: (not key, known.get(key, key))):
        for measure, amount in grouped[employee].items():
            whole[measure] += amount
        values = make(defaultdict(int, grouped[employee]))
        rows.append(
            {
                "unit": f"employee:{employee}" if employee else "unassigned",
                "name": known.get(employee, ""),
                "currency": home().currency,
                **{name: money(value) for name, value in values.items()},
            }
        )
    total = {"currency": home().currency, **{name: money(value) for name, value in make(whole).items()}}
    return rows, total


async def sales_figure(parameters: Parameters, seen: frozenset[str] | None) -> Found:
    first, last = parameters.span(home().today)
    found = await sums({"ordered", "cancelled"}, first, last)
    return await per_person(
        found,
        seen,
        lambda v: {
            "ordered": v["ordered"],
            "cancelled": v["cancelled"],
            "sales": sales(v["ordered"], v["cancelled"]),
        },
    )


MONEY_MEASURES = {"due", "received", "credited", "written_off", "receipts"}


async def receivables_figure(parameters: Parameters, seen: frozenset[str] | None) -> Found:
    last = parameters.as_of or parameters.to_on or home().today

    def row(v: dict[str, int]) -> dict[str, int]:
        remaining = v["due"] - v["received"] - v["credited"] - v["written_off"]
        unallocated = v["receipts"] - v["received"]
        return {
            "due": v["due"], "received": v["received"], "receipts": v["receipts"], "credited": v["credited"],
            "written_off": v["written_off"], "remaining": remaining, "unallocated": unallocated,
            "balance": remaining - unallocated,
        }  # fmt: skip

    return await per_person(await sums(MONEY_MEASURES, LONG_AGO, last), seen, row)


async def ageing_figure(parameters: Parameters, seen: frozenset[str] | None) -> Found:
    """Remaining by days past due, of entries effective on or before the day; one row per bucket."""
    as_of = parameters.as_of or home().today
    rows = await fetch_all(
        "SELECT due_on, owner_id, SUM(base) AS base FROM ("
        "SELECT due_on, owner_id, base_minor AS base FROM receivable WHERE happened_on <= :day AND deleted_at IS NULL "
        "AND (cancelled_on IS NULL OR cancelled_on > :day) "
        "UNION ALL SELECT due_on, owner_id, CASE WHEN reverses_id IS NULL THEN -base_minor ELSE base_minor END "
        "FROM allocation WHERE happened_on <= :day AND deleted_at IS NULL "
        "UNION ALL SELECT due_on, owner_id, CASE WHEN reverses_id IS NULL THEN -base_minor ELSE base_minor END "
        "FROM adjustment WHERE happened_on <= :day AND deleted_at IS NULL) AS entries GROUP BY due_on, owner_id",
        day=as_of,
    )
    buckets = dict.fromkeys(AGEING_BUCKETS, 0)
    for row in rows:
        if seen is None or str(row["owner_id"]) in seen:
            due = row["due_on"] if isinstance(row["due_on"], date) else date.fromisoformat(row["due_on"])
            buckets[ageing_bucket(due, as_of)] += int(row["base"])
    found = [
        {"bucket": name, "currency": home().currency, "remaining": money(buckets[name])}
        for name in AGEING_BUCKETS
    ]
    return found, {"currency": home().currency, "remaining": money(sum(buckets.values()))}


async def profit_figure(parameters: Parameters, seen: frozenset[str] | None) -> Found:
    """Income, expense by category and operating profit of the span, by the branch's declared rule."""
    first, last = parameters.span(home().today)
    rule = str(
        await fetch_value("SELECT income_rule FROM branch WHERE branch = :code", code=home().code)
        or "approval"
    )
    found = within(await sums({"ordered", "cancelled", "shipped", "receipts", "expense"}, first, last), seen)
    totals: dict[str, int] = defaultdict(int)
    categories: dict[str, int] = defaultdict(int)
    for one in found:
        totals[one.measure] += one.base
        if one.measure == "expense":
            categories[one.dim] += one.base
    earned = income(
        rule,
        ordered=totals["ordered"],
        cancelled=totals["cancelled"],
        shipped=totals["shipped"],
        receipts=totals["receipts"],
    )
    rows = [
        {"category": name, "currency": home().currency, "expense": money(categories[name])}
        for name in sorted(categories)
    ]
    total = {
        "currency": home().currency,
        "income_rule": rule,
        "income": money(earned),
        "expense": money(totals["expense"]),
        "operating_profit": money(operating_profit(earned, totals["expense"])),
    }
    return rows, total


async def targets_figure(parameters: Parameters, seen: frozenset[str] | None) -> Found:
    """Year targets of this branch that headquarters has sent down, beside what was done so far."""
    as_of = parameters.as_of or home().today
    found = await sums({"ordered", "cancelled", "receipts", "customers_new"}, date(as_of.year, 1, 1), as_of)
    actual: dict[str, int] = defaultdict(int)
    for one in within(found, seen):
        actual[one.measure] += one.count if one.measure == "customers_new" else one.base
    done = {
        "signed": sales(actual["ordered"], actual["cancelled"]),
        "receipts": actual["receipts"],
        "customers_new": actual["customers_new"],
    }
    targets = await fetch_all(
        "SELECT measure, amount FROM target WHERE year = :year AND unit_kind = 'branch' AND unit_branch = :code "
        "AND superseded_at IS NULL AND deleted_at IS NULL",
        year=as_of.year,
        code=home().code,
    )
    wanted = {row["measure"]: int(row["amount"]) for row in targets}
    rows = []
    for measure in sorted({*done, *wanted}):
        reached = done.get(measure, 0)
        as_money = measure != "customers_new"
        target = wanted.get(measure)
        rows.append(
            {
                "measure": measure,
                "actual": money(reached) if as_money else reached,
                "target": None if target is None else (money(target) if as_money else target),
                "completion_bp": completion_bp(reached, target),
            }
        )
    return rows, {}


async def staff_activity_figure(parameters: Parameters, seen: frozenset[str] | None) -> Found:
    """What each person planned and did on one day, counts; the branch's own day."""
    day = parameters.as_of or parameters.to_on or home().today
    found = within(
        await sums({"plan_items", "activities", "customers_new", "ordered", "receipts"}, day, day), seen
    )
    known = await names()
    people: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in found:
        key = {"plan_items": f"plan_{one.dim}", "activities": one.dim or "other", "ordered": "orders"}.get(
            one.measure, one.measure
        )
        people[one.employee][key] += one.count
    for employee in known:
        if seen is None or employee in seen:
            people.setdefault(employee, defaultdict(int))
    rows = [
        {
            "unit": f"employee:{employee}" if employee else "unassigned",
            "name": known.get(employee, ""),
            **dict(sorted(counts.items())),
        }
        for employee, counts in sorted(people.items(), key=lambda pair: (not pair[0], known.get(pair[0], "")))
    ]
    total: dict[str, int] = defaultdict(int)
    for counts in people.values():
        for name, number in counts.items():
            total[name] += number
    return rows, {"day": day.isoformat(), **dict(sorted(total.items()))}


async def customer_list(column: str, parameters: Parameters, seen: frozenset[str] | None) -> Found:
    last = parameters.as_of or parameters.to_on or home().today
    first = parameters.from_on or LONG_AGO
    narrowed = "" if seen is None else " AND owner_id IN :seen"
    where = f"deleted_at IS NULL AND merged_into_id IS NULL AND {column} >= :first AND {column} <= :last{narrowed}"
    params: dict[str, Any] = {"first": first, "last": last, "seen": [UUID(one) for one in seen or ()]}
    rows = await fetch_all(
        f"SELECT id, code, name, owner_id, {column} AS on_day FROM customer WHERE {where} "
        f"ORDER BY {column} DESC, id DESC LIMIT {LIST_LIMIT}",
        **params,
    )
    count = await fetch_value(f"SELECT count(*) AS n FROM customer WHERE {where}", **params)
    known = await names()
    listed = [
        {
            "id": str(row["id"]),
            "code": row["code"],
            "name": row["name"],
            "owner": known.get(str(row["owner_id"]), "") if row["owner_id"] else "",
            "on": str(row["on_day"]),
        }
        for row in rows
    ]
    return listed, {"customers": int(count or 0)}


async def newest_customers(parameters: Parameters, seen: frozenset[str] | None) -> Found:
    return await customer_list("acquired_on", parameters, seen)


async def signed_customers(parameters: Parameters, seen: frozenset[str] | None) -> Found:
    return await customer_list("signed_on", parameters, seen)


async def follow_up_figure(parameters: Parameters, seen: frozenset[str] | None) -> Found:
    """Per person: customers, touched in the last 30 days, silent for longer, with an overdue next contact."""
    as_of = parameters.as_of or home().today
    rows = await fetch_all(
        "SELECT owner_id, count(*) AS customers, "
        "SUM(CASE WHEN last_contact_on > :since AND last_contact_on <= :day THEN 1 ELSE 0 END) AS touched, "
        "SUM(CASE WHEN last_contact_on IS NULL OR last_contact_on <= :since THEN 1 ELSE 0 END) AS silent, "
        "SUM(CASE WHEN next_contact_on < :day THEN 1 ELSE 0 END) AS overdue "
        "FROM customer WHERE deleted_at IS NULL AND merged_into_id IS NULL AND status IN ('prospect', 'customer') "
        "AND acquired_on <= :day GROUP BY owner_id",
        day=as_of,
        since=as_of - timedelta(days=SILENT_DAYS),
    )
    known = await names()
    kept = [row for row in rows if seen is None or str(row["owner_id"]) in seen]
    keys = ("customers", "touched", "silent", "overdue")
    listed = [
        {
            "unit": f"employee:{row['owner_id']}" if row["owner_id"] else "unassigned",
            "name": known.get(str(row["owner_id"]), "") if row["owner_id"] else "",
            **{key: int(row[key] or 0) for key in keys},
        }
        for row in sorted(
            kept, key=lambda row: (row["owner_id"] is None, known.get(str(row["owner_id"]), ""))
        )
    ]
    return listed, {key: sum(int(row[key] or 0) for row in kept) for key in keys}


async def news_figure(parameters: Parameters, _seen: frozenset[str] | None) -> Found:
    """Notes of the branch and the news that headquarters sent down, newest first."""
    last = parameters.as_of or parameters.to_on or home().today
    rows = await fetch_all(
        "SELECT happened_on, title, source, kind FROM ("
        "SELECT happened_on, title, source, kind FROM intel_note WHERE deleted_at IS NULL "
        "UNION ALL SELECT happened_on, title, source, 'news' AS kind FROM news_item WHERE deleted_at IS NULL AND selected"
        f") AS news WHERE happened_on <= :last ORDER BY happened_on DESC, title LIMIT {LIST_LIMIT}",
        last=last,
    )
    listed = [
        {"on": str(row["happened_on"]), "title": row["title"], "source": row["source"], "kind": row["kind"]}
        for row in rows
    ]
    return listed, {"items": len(listed)}


FIGURES: dict[str, Callable[[Parameters, frozenset[str] | None], Awaitable[Found]]] = {
    "newest-customers": newest_customers,
    "signed-customers": signed_customers,
    "follow-up": follow_up_figure,
    "sales": sales_figure,
    "targets": targets_figure,
    "receivables": receivables_figure,
    "ageing": ageing_figure,
    "profit": profit_figure,
    "staff-activity": staff_activity_figure,
    "news": news_figure,
}
