"""/compare: one measure, every branch."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import PAGE_ROWS, question_of
from hq.compare.pages import ComparedRow, ComparePage
from hq.compare.queries import multiples
from hq.compare.rules import Compared, favourable_count, ranked, worst
from hq.compare.side import side_by_side
from hq.figures.scoreboard import COLUMNS, GOALS, Board, scoreboard
from hq.figures.shape import Column, Line, Question
from hq.figures.words import scope_name
from hq.frame.page import carried, drill_urls, freshness_line, month_span, page_url, region_tabs
from hq.tables import mark_of, pages, total_mark, unit_urls, url_with
from shared.i18n import gettext as _
from shared.i18n import sentences
from shared.money import Money
from shared.web.filters import money_card, money_unit, number, percent
from shared.web.parts import Bar, Tab, Variance
from shared.web.responses import page
from shared.web.templating import with_query

MEASURES = ("sales", "income", "expense", "profit", "receipts", "remaining", "overdue", "orders", "customers_new", "customers_signed", "followups", "visits")  # fmt: skip
REFERENCES: Mapping[str, Mapping[str, str]] = {
    "sales": {"plan": "target", "py": "py_sales"},
    **{key: {"plan": f"goal_{key}", "py": f"py_{key}"} for key in GOALS},
}
PATHS = {
    "sales": "/sales",
    "orders": "/sales",
    "income": "/profit",
    "expense": "/profit",
    "profit": "/profit",
    "receipts": "/receivables/receipts",
    "remaining": "/receivables",
    "overdue": "/receivables",
    "customers_new": "/customers",
    "customers_signed": "/customers",
    "followups": "/customers",
    "visits": "/staff",
}

KEPT = ("measure", "against", "period", "from", "to", "unit", "known_at", "currency")


async def show(request: Request) -> Response:
    """The chosen measure of every branch, worst first."""
    params = request.query_params
    question = question_of(request, "figures.view", measure="sales")
    wanted = params.get("measure", "sales")
    column = next(column for column in COLUMNS if column.key == (wanted if wanted in MEASURES else "sales"))
    board = await scoreboard(question)
    against = params.get("against", "")
    if against not in ("plan", "py"):
        against = default_reference(board, column)
    rows = [compared(line, column, against) for line in board.figure.rows]
    ordered = ranked(rows, column.better)
    shown = ordered[question.offset : question.offset + PAGE_ROWS]
    total = compared(board.figure.total, column, against)
    following, previous = pages(question.offset, PAGE_ROWS, len(ordered))
    amounts = [abs(value) for row in rows for value in (row.actual, row.reference) if value is not None]
    differences = [abs(row.difference) for row in rows if row.difference is not None]
    names = {name: _(found.label) for name in MEASURES for found in COLUMNS if found.key == name}
    names_of = [line.branch for line in (row.line for row in shown)]
    drill = drills_of(column, board)
    chosen = side_by_side(board, params.getlist("pick"), against)
    view = ComparePage(
        scope=scope_name(board.figure),
        span=month_span(board.figure),
        measures=[
            Tab(label, with_query(measure=name, offset=None), name == column.key)
            for name, label in names.items()
        ],
        against=references(column, against),
        regions=await region_tabs(question, board.branches),
        freshness=freshness_line(board.figure),
        sentence=sentence(board, column, rows, against),
        rows=[row_of(row, board, column, total.actual, drill(row.line.unit)) for row in shown],
        total=total_row(total, board, column),
        is_money=column.kind == "money",
        unit=money_unit(board.figure.total.currency, big=True) if column.kind == "money" else "",
        scale=max([1, *amounts]) * 21 // 20,
        difference_scale=max([1, *differences]),
        label=_("%(measure)s by branch", measure=_(column.label)),
        exports=exports(board, column),
        next_url=following,
        previous_url=previous,
        keep={name: params[name] for name in KEPT if params.get(name)},
        picked=[branch.code for branch in chosen.branches] if chosen else [],
        side=chosen,
        multiples=await multiples(board, column, names_of, drill),
        branch_query=url_with("", **days_of(board.question), **carried(board.question)),
    )
    return page(request, "compare/show.html", view)


def default_reference(board: Board, column: Column) -> str:
    """Plan where any branch has one on this measure, else last year."""
    plan = REFERENCES.get(column.key, {}).get("plan", "")
    return "plan" if any(line.number(plan) is not None for line in board.figure.rows) else "py"


def compared(line: Line, column: Column, against: str) -> Compared:
    """A line on one measure."""
    reference = REFERENCES.get(column.key, {}).get(against)
    if line.is_left_out and column.kind == "money":
        return Compared(line, None, None)
    return Compared(line, line.number(column.key), line.number(reference) if reference else None)


def references(column: Column, against: str) -> list[Tab]:
    """What the measure can be compared with."""
    if column.key not in REFERENCES:
        return []
    labels = {"plan": _("vs plan"), "py": _("vs last year")}
    return [Tab(labels[name], with_query(against=name), name == against) for name in REFERENCES[column.key]]


def sentence(board: Board, column: Column, rows: list[Compared], against: str) -> str:
    """The largest unfavourable gap and how many are on the good side; the same numbers in both languages."""
    good, known = favourable_count(rows, column.better)
    if not known:
        return _("%(measure)s of every branch; there is nothing to compare it with.", measure=_(column.label))
    bad = worst(rows, column.better)
    word = _("plan") if against == "plan" else _("last year")
    count = _("%(good)s of %(known)s have reached %(word)s.", good=good, known=known, word=word)
    if bad is None:
        return count
    amount = bad.difference or 0
    gap = (
        money_card(Money(amount, board.figure.total.currency), signed=True)
        if column.kind == "money"
        else number(amount, signed=True)
    )
    share = f" ({percent(bad.share_bp, signed=True)})" if bad.share_bp is not None else ""
    head = _(
        "%(branch)s is furthest from %(word)s: %(gap)s%(share)s.",
        branch=bad.line.name,
        word=word,
        gap=gap,
        share=share,
    )
    return sentences(head, count)


def row_of(row: Compared, board: Board, column: Column, total: int | None, url: str) -> ComparedRow:
    """A row of the page; `url` is behind its value."""
    line, is_money = row.line, column.kind == "money"
    currency = board.figure.total.currency
    kind: Literal["money_big", "number"] = "money_big" if is_money else "number"
    difference = None
    if row.difference is not None:
        value = Money(row.difference, currency) if is_money else row.difference
        difference = Variance(value, kind, column.better)
    relative = Variance(row.share_bp, "percent", column.better) if row.share_bp is not None else None
    value_shown = None if row.actual is None else Money(row.actual, currency) if is_money else row.actual
    share = row.actual * 10_000 // total if row.actual is not None and total and total > 0 else None
    return ComparedRow(
        id=line.branch,
        name=line.name,
        url=url,
        mark=mark_of(board.marks[line.branch]) if line.branch else None,
        value=value_shown,
        bar=Bar(line.name, row.actual, row.reference, is_muted=row.is_silent),
        difference=difference,
        relative=relative,
        share_bp=share,
        is_muted=row.is_silent,
    )


def total_row(total: Compared, board: Board, column: Column) -> ComparedRow:
    """The row below all others."""
    made = row_of(total, board, column, total.actual, "")
    mark = replace(total_mark(board.figure, ""), missing=())
    return replace(made, id="total", name=_("Total"), mark=mark, is_total=True)


def days_of(question: Question) -> dict[str, Any]:
    """The days of the question as an address carries them."""
    return {"from": question.first, "to": question.last}


def drills_of(column: Column, board: Board) -> Callable[[str], str]:
    """The page behind a value, for each unit."""
    path, question = PATHS[column.key], board.question
    if path == "/receivables":
        return unit_urls(path, as_of=board.owed_as_of, **carried(question))
    if path == "/staff":
        return unit_urls(path, **days_of(question), **carried(question))
    tab = {"customers_signed": "signed", "followups": "followup"}.get(column.key)
    return drill_urls(path, question, tab=tab)


def exports(board: Board, column: Column) -> dict[str, str]:
    """The files of the figure that the measure belongs to."""
    question = board.question
    figure = {
        "remaining": "receivables",
        "overdue": "ageing",
        "receipts": "receivables",
        "followups": "follow-up",
        "customers_new": "newest-customers",
        "customers_signed": "signed-customers",
        "visits": "staff-activity",
    }.get(column.key)
    if figure is None:
        figure = "profit" if column.key in ("income", "expense", "profit") else "sales"
    return {
        kind.upper(): page_url(f"/api/v1/figures/{figure}", question, format=kind, **days_of(question))
        for kind in ("csv", "xlsx")
    }
