"""What the pages of receivables read: positions with their ageing, the entries of an instalment, receipts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hq.figures import facts, memo
from hq.figures.answers import answered
from hq.figures.assemble import Plan, branch_figure, company_figure
from hq.figures.cells import Sums, Want
from hq.figures.freshness import Directory, directory
from hq.figures.lists import as_date
from hq.figures.people import place_of
from hq.figures.receivables import (
    AGEING_COLUMNS,
    BUCKETS,
    COLUMNS,
    bucket_wants,
    by_of,
    derive_ageing,
    derive_balance,
    parts_of,
    taken_back,
    wants,
    with_remaining,
)
from hq.figures.shape import Column, Figure, Question, Value
from hq.figures.units import scope_of
from hq.figures.workings import Workings
from shared.database import fetch_all, fetch_one
from shared.errors import NotFound
from shared.money import Money

DIFFERENCE = "difference"
"""What remains by the entries less what remains by due dates: 0, or the page says so."""


def derive(row: Mapping[str, int]) -> dict[str, Value]:
    """Both figures from one set of amounts: what remains is what the buckets add up to."""
    ageing = derive_ageing(row)
    remaining = ageing["remaining"]
    assert isinstance(remaining, int)
    return {**ageing, **derive_balance({**row, "remaining": remaining})}


PLAN = Plan(
    columns=(
        *COLUMNS,
        *(column for column in AGEING_COLUMNS if column.key != "remaining"),
        Column(DIFFERENCE, ""),
    ),
    money=("receipts", "allocated", "received", "credited", "written_off", DIFFERENCE, *BUCKETS.values()),
    derive=derive,
    chain=tuple(BUCKETS.values()),
)


def with_difference(row: Sums) -> dict[str, int]:
    """The primitives of PLAN: the two ways to what remains, compared before anything is converted."""
    aged = sum(row[key] for key in BUCKETS.values())
    return {**row, DIFFERENCE: with_remaining(row)["remaining"] - aged}


def all_wants(as_of: date) -> list[Want]:
    """What both figures are made of."""
    return [*wants(as_of), *bucket_wants(as_of)]


async def positions(question: Question) -> Figure:
    """Receivables and their ageing together as of a day: the rows of the page at every level."""
    branches = await directory(question)
    if question.unit.kind in ("company", "region"):
        on = question.as_of or question.house.today()
        figure = await answered(
            "positions", question, branches, lambda known: positions_of_each(question, branches, on, known)
        )
        return figure.asked_as(as_of=on)
    place = await place_of(question.unit, branches)
    on = question.as_of or place.branch.today
    by = "instalment" if question.unit.kind == "customer" and not question.by else by_of(question)
    ranked = await facts.ranked(
        all_wants(on),
        by,  # type: ignore[arg-type]
        facts.Among(place.branch.code, place.unit, question.known_at),
        order="due - received - credited - written_off",
        keep="due <> 0 OR receipts <> 0 OR received <> 0",
        limit=question.limit,
        offset=question.offset,
        as_of=on,
    )
    parts = await parts_of(by, [(key, with_difference(row)) for key, row in ranked.rows], place, on)
    total = with_difference(ranked.total)
    figure = await branch_figure(
        "receivables", question, place, parts, PLAN, on, total=total, count=ranked.count
    )
    return figure.asked_as(as_of=on, by=by)


async def positions_of_each(question: Question, branches: Directory, on: date, known: Workings) -> Figure:
    """One row for each branch."""
    groups = branches.date_groups(question.as_of)
    scope = scope_of(question, branches.codes)
    sums = await memo.by_branch(branches, all_wants, groups, scope)
    ages = {code: {key: row[key] for key in BUCKETS.values()} for code, row in sums.items()}
    corrected = await taken_back(branches, ages, groups, scope, question.known_at)
    rows = {code: with_difference({**row, **corrected[code]}) for code, row in sums.items()}
    return await company_figure("receivables", question, branches, rows, PLAN, on, workings=known)


@dataclass(frozen=True)
class Entry:
    """Something that changed an instalment: what, when, by how much, and what remained after it."""

    happened_on: date
    kind: str
    document: str
    amount: Money
    remaining: Money


@dataclass(frozen=True)
class Instalment:
    """One instalment with all its entries, oldest first."""

    id: str
    branch: str
    customer_id: str
    customer: str
    number: str
    due_on: date
    entries: Sequence[Entry]
    remaining: Money


HEAD = """SELECT r.id, r.branch, r.customer_id, r.currency, r.amount_minor, r.happened_on, r.due_on, r.cancelled_on,
r.position, COALESCE(o.number, '') AS number, COALESCE(c.name, '') AS customer FROM receivable r
LEFT JOIN sales_order o ON o.id = r.order_id LEFT JOIN customer c ON c.id = r.customer_id
WHERE r.id = :id AND r.deleted_at IS NULL"""

ENTRIES = """SELECT a.happened_on, CASE WHEN a.reverses_id IS NULL THEN 'allocation' ELSE 'reversal' END AS kind,
COALESCE(p.number, '') AS number, CASE WHEN a.reverses_id IS NULL THEN -a.amount_minor ELSE a.amount_minor END AS change,
a.id FROM allocation a LEFT JOIN receipt p ON p.id = a.receipt_id WHERE a.receivable_id = :id AND a.deleted_at IS NULL
UNION ALL SELECT j.happened_on, CASE WHEN j.reverses_id IS NULL THEN j.kind ELSE 'reversal' END, j.number,
CASE WHEN j.reverses_id IS NULL THEN -j.amount_minor ELSE j.amount_minor END, j.id FROM adjustment j
WHERE j.receivable_id = :id AND j.deleted_at IS NULL ORDER BY happened_on, id"""


async def instalment(receivable_id: str, codes: frozenset[str] | None) -> Instalment:
    """One instalment with what happened to it. NotFound when it does not exist or lies outside the branches."""
    head = await fetch_one(HEAD, id=receivable_id)
    if head is None or (codes is not None and str(head["branch"]) not in codes):
        raise NotFound()
    currency = str(head["currency"])
    rows = [(as_date(head["happened_on"]), "order", str(head["number"]), int(head["amount_minor"]))]
    for row in await fetch_all(ENTRIES, id=receivable_id):
        rows.append((as_date(row["happened_on"]), str(row["kind"]), str(row["number"]), int(row["change"])))
    if head["cancelled_on"]:
        rows.append(
            (as_date(head["cancelled_on"]), "cancelled", str(head["number"]), -int(head["amount_minor"]))
        )
    entries, running = [], 0
    for on, kind, number, change in sorted(rows, key=lambda row: str(row[0])):
        running += change
        assert on is not None
        entries.append(Entry(on, kind, number, Money(change, currency), Money(running, currency)))
    due_on = as_date(head["due_on"])
    assert due_on is not None
    return Instalment(
        str(head["id"]), str(head["branch"]), str(head["customer_id"]), str(head["customer"]),
        f"{head['number']}/{head['position']}", due_on, entries, Money(running, currency),
    )  # fmt: skip


RECEIPTS = """SELECT p.id, p.branch, p.number, p.customer_id, p.happened_on, p.currency, p.amount_minor, p.base_minor,
p.allocated_minor, p.status, p.reversed_on, COALESCE(c.name, '') AS customer, p.happened_on AS sort_value
FROM receipt p LEFT JOIN customer c ON c.id = p.customer_id
WHERE p.deleted_at IS NULL AND p.happened_on >= :first AND p.happened_on <= :last{where} AND {page} {order}"""


async def receipt_rows(
    first: date, last: date, where: str, params: Mapping[str, Any], page: tuple[str, str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Receipts of a span, newest first: one page."""
    sql = RECEIPTS.format(where=where, page=page[0], order=page[1])
    return await fetch_all(sql, first=first, last=last, **params, **page[2])


async def receipts_figure(question: Question, first: date, last: date) -> Figure:
    """Money that came in, per branch, less what was reversed in the same days."""
    branches = await directory(question)
    plan = Plan((Column("receipts", COLUMNS[1].label, better="higher"), Column("number", "", "count")), ("receipts",), ("number",))  # fmt: skip
    spans = [Want("receipts", "receipts", first, last), Want("number", "receipts", first, last, "n")]
    if question.unit.kind in ("company", "region"):
        sums = await memo.by_branch(
            branches, lambda _today: spans, branches.date_groups(first), scope_of(question, branches.codes)
        )
        figure = await company_figure("receivables", question, branches, sums, plan, last)
    else:
        place = await place_of(question.unit, branches)
        found = await facts.sums(
            spans, "customer", facts.Among(place.branch.code, place.unit, question.known_at)
        )
        parts = await parts_of("customer", list(found.items()), place, last)
        parts.sort(key=lambda part: -part.sums["receipts"])
        figure = await branch_figure("receivables", question, place, parts, plan, last)
    return figure.asked_as(first=first, last=last)
