"""Reads of opportunities: one with its right, board, list and sums, the quotes that came of one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home, today
from branch_node.lists import COUNT_CAP, Cut, Paging, Sort, as_kind, like
from branch_node.opportunities.forms import ListForm
from branch_node.opportunities.rules import OPEN_STAGES, weighted_minor
from branch_node.reaching import record_for
from branch_node.searching import plain, words
from shared.database import fetch_all, fetch_value
from shared.database.scope import reach_sql
from shared.money import Money
from shared.permissions import Person, reach
from shared.records import Opportunity

COLUMN_CARDS = 30

SORTS: Mapping[str, Sort] = {
    "expected": Sort("coalesce(o.expected_on, '9000-01-01')", date),
    "amount": Sort("o.base_minor", int),
    "entered": Sort("o.happened_on", date),
}


@dataclass(frozen=True)
class OpportunityRow:
    """An opportunity as lists and the board show it. `weighted` is in the base currency."""

    id: UUID
    title: str
    customer_id: UUID
    customer: str
    owner: str
    stage: str
    probability_percent: int
    amount: Money
    base: Money
    weighted: Money
    happened_on: date
    expected_on: date | None
    closed_on: date | None
    competitor: str
    lost_reason: str


@dataclass(frozen=True)
class Sums:
    """How many there are in a stage and what they come to, base currency."""

    count: int
    base: Money
    weighted: Money


COLUMNS = (
    "o.id, o.title, o.customer_id, o.stage, o.probability_percent, o.currency, o.amount_minor, o.base_minor, "
    "o.happened_on, o.expected_on, o.closed_on, o.competitor, o.lost_reason, c.name AS customer, e.name AS owner"
)
JOINED = (
    "FROM opportunity o LEFT JOIN customer c ON c.id = o.customer_id LEFT JOIN employee e ON e.id = o.owner_id "
    "WHERE {where}"
)
BOARD_SQL = (
    f"SELECT * FROM (SELECT {COLUMNS}, row_number() OVER (PARTITION BY o.stage ORDER BY o.position, o.id) AS place "
    + JOINED
    + f") AS found WHERE place <= {COLUMN_CARDS} ORDER BY stage, place"
)
SUMS_SQL = (
    "SELECT o.stage, count(*) AS n, CAST(coalesce(sum(o.base_minor), 0) AS BIGINT) AS base, "
    "CAST(coalesce(sum((o.base_minor * o.probability_percent + 50) / 100), 0) AS BIGINT) AS weighted "
    + JOINED
    + " GROUP BY o.stage"
)


def _where(person: Person, filters: ListForm) -> tuple[str, dict[str, Any]]:
    """Data permission first, then every filter; for board, list, sums and file alike."""
    scope, params = reach_sql(reach(person, "opportunity.view"), "o.owner_id", "o.department_id")
    clauses = ["o.branch = :branch", "o.deleted_at IS NULL", scope]
    params["branch"] = home().code
    if filters.stage == "open":
        clauses.append("o.stage IN :open_stages")
        params["open_stages"] = list(OPEN_STAGES)
    elif filters.stage:
        clauses.append("o.stage = :stage")
        params["stage"] = filters.stage
    for name, column in (("owner", "o.owner_id"), ("customer", "o.customer_id")):
        if (wanted := getattr(filters, name)) is not None:
            clauses.append(f"{column} = :{name}")
            params[name] = wanted
    if filters.overdue:
        clauses.append("o.stage IN :still_open AND o.expected_on < :today")
        params |= {"still_open": list(OPEN_STAGES), "today": today()}
    for name, sign in (("expected_from", ">="), ("expected_to", "<=")):
        if (day := getattr(filters, name)) is not None:
            clauses.append(f"o.expected_on {sign} :{name}")
            params[name] = day
    for place, word in enumerate(words(filters.q)):
        clauses.append(
            f"(lower(o.title) LIKE :word{place} ESCAPE '!' OR c.search_key LIKE :word{place} ESCAPE '!' "
            f"OR lower(o.competitor) LIKE :word{place} ESCAPE '!')"
        )
        params[f"word{place}"] = like(plain(word))
    return " AND ".join(clauses), params


async def board(person: Person, filters: ListForm) -> dict[str, list[OpportunityRow]]:
    """The first cards of each open stage, in the order people gave them. One query."""
    where, params = _where(person, filters)
    found: dict[str, list[OpportunityRow]] = {}
    for row in await fetch_all(BOARD_SQL.format(where=where), **params):
        found.setdefault(row["stage"], []).append(_row(row))
    return found


async def sums(person: Person, filters: ListForm) -> dict[str, Sums]:
    """By stage. One query."""
    where, params = _where(person, filters)
    base = home().currency
    return {
        row["stage"]: Sums(int(row["n"]), Money(int(row["base"]), base), Money(int(row["weighted"]), base))
        for row in await fetch_all(SUMS_SQL.format(where=where), **params)
    }


async def opportunity_page(person: Person, filters: ListForm, paging: Paging) -> Cut[OpportunityRow]:
    """One page of the list."""
    where, params = _where(person, filters)
    page, order, more = paging.sql("o.id")
    sql = f"SELECT {COLUMNS}, {paging.sort.expression} AS sort_value {JOINED} AND {{page}} {{order}}".format(
        where=where, page=page, order=order
    )
    cut = paging.cut(await fetch_all(sql, **params, **more))
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


async def count(person: Person, filters: ListForm) -> tuple[int, bool]:
    """How many match, capped, and whether that is exact."""
    where, params = _where(person, filters)
    joined = JOINED.format(where=where)
    number = int(
        await fetch_value(
            f"SELECT count(*) AS n FROM (SELECT 1 AS one {joined} LIMIT {COUNT_CAP + 1}) y", **params
        )
    )
    return min(number, COUNT_CAP), number <= COUNT_CAP


def _row(row: Mapping[str, Any]) -> OpportunityRow:
    base, percent = int(row["base_minor"]), int(row["probability_percent"])
    return OpportunityRow(
        id=as_kind(row["id"], UUID), title=row["title"], customer_id=as_kind(row["customer_id"], UUID),
        customer=row["customer"] or "", owner=row["owner"] or "", stage=row["stage"], probability_percent=percent,
        amount=Money(int(row["amount_minor"]), row["currency"]), base=Money(base, home().currency),
        weighted=Money(weighted_minor(base, percent), home().currency),
        happened_on=as_kind(row["happened_on"], date), expected_on=as_kind(row["expected_on"], date),
        closed_on=as_kind(row["closed_on"], date), competitor=row["competitor"], lost_reason=row["lost_reason"],
    )  # fmt: skip


async def opportunity_for(person: Person, row_id: UUID, action: str = "opportunity.view") -> Opportunity:
    """The opportunity if it is within reach of `action`; NotFound otherwise."""
    return await record_for(Opportunity, person, row_id, action)


async def opportunity_of(person: Person, row_id: UUID | None, customer_id: UUID) -> UUID | None:
    """The id of an opportunity of this customer within reach; None for no id or one of another customer."""
    if row_id is None:
        return None
    found = await opportunity_for(person, row_id)
    return found.id if found.customer_id == customer_id else None


@dataclass(frozen=True)
class Quote:
    """A quote that came of an opportunity."""

    id: UUID
    number: str
    round: int
    status: str
    total: Money


async def quotes_of(person: Person, opportunity: Opportunity) -> Sequence[Quote]:
    """The quotes of an opportunity within reach, newest first."""
    if not person.may("quotation.view"):
        return []
    condition, params = reach_sql(reach(person, "quotation.view"), "q.owner_id", "q.department_id")
    rows = await fetch_all(
        "SELECT q.id, q.number, q.round, q.status, q.total_minor, q.currency FROM quotation q "
        f"WHERE q.opportunity_id = :id AND q.deleted_at IS NULL AND {condition} "
        "ORDER BY q.happened_on DESC, q.round DESC LIMIT 20",
        id=opportunity.id,
        **params,
    )
    return [
        Quote(
            as_kind(row["id"], UUID), row["number"], int(row["round"]), row["status"],
            Money(int(row["total_minor"]), row["currency"]),
        )
        for row in rows
    ]  # fmt: skip
