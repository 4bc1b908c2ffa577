"""/receivables/debtors: who owes most, who is above the sales limit, what was promised."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import question_of
from hq.figures.freshness import Directory, directory
from hq.figures.lists import as_date
from hq.figures.rates import conversion
from hq.figures.shape import Column as FigureColumn
from hq.figures.shape import Figure, Line, Question
from hq.figures.words import completeness, scope_name
from hq.frame.page import freshness_line, region_tabs
from hq.receivables.owing import PROMISE_SORTS, PROMISE_STATES, Debtor, debtors, promises
from hq.receivables.pages import DebtorsPage
from hq.tables import url_with
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.money import Money
from shared.web import parts
from shared.web.export import Heading, export
from shared.web.keyset import neighbours, paging
from shared.web.parts import Column, Crumb, Row, Tab, TableView
from shared.web.responses import page
from shared.web.templating import with_query

LISTS = {
    "debtors": N_("Top debtors"),
    "limit": N_("Above the sales limit"),
    "promises": N_("Promises to pay"),
}
STATE_WORDS = {"open": N_("open"), "broken": N_("broken"), "kept": N_("kept")}


async def show(request: Request) -> Response:
    """One of the three lists, of the company or a region."""
    params = request.query_params
    question = question_of(request, "receivable.view")
    chosen = params.get("list", "debtors")
    chosen = chosen if chosen in LISTS else "debtors"
    known = await directory(question)
    figure = Figure("receivables", question, (FigureColumn("", ""),), (), Line("company", "", "", question.currency, {}), known.marks)  # fmt: skip
    status = params.get("status", "open")
    status = status if status in PROMISE_STATES else "open"
    table = (
        await promise_table(request, question, known, status)
        if chosen == "promises"
        else await debtor_table(question, known, chosen == "limit")
    )
    if params.get("format") in ("csv", "xlsx"):
        state = _(STATE_WORDS[status]) if chosen == "promises" else ""
        heading = Heading(
            table.caption, scope_name(figure), state, completeness(figure), request.state.person.name
        )
        return await as_file(request, table, str(params["format"]), heading)
    states = [
        Tab(_(STATE_WORDS[name]), with_query(status=name, after=None, before=None), name == status)
        for name in PROMISE_STATES
    ]
    view = DebtorsPage(
        scope=scope_name(figure),
        crumbs=[Crumb(_("Receivables"), "/receivables")],
        freshness=freshness_line(figure),
        tabs=[
            Tab(
                _(label),
                with_query(list=name, status=None, after=None, before=None, format=None),
                name == chosen,
            )
            for name, label in LISTS.items()
        ],
        states=states if chosen == "promises" else [],
        regions=await region_tabs(question, known),
        table=table,
        exports=[parts.Link(kind.upper(), with_query(format=kind)) for kind in ("csv", "xlsx")],
        is_of_then=question.known_at is not None or question.as_of is not None,
    )
    return page(request, "receivables/debtors.html", view)


async def debtor_table(question: Question, known: Directory, above_limit: bool) -> TableView:
    """Customers with what they owe."""
    rates = await conversion(known.currencies, question.currency, question.house.today())
    found = await debtors(question, known, rates, above_limit=above_limit)
    columns = [
        Column("customer", _("Customer"), phone="head"),
        Column("branch", _("Branch"), phone="second"),
        Column("owner", _("Owner")),
        Column("owed", _("Remaining"), "money", phone="second"),
        Column("overdue", _("Overdue"), "money"),
        Column("days", _("Days late"), "number"),
    ]
    if above_limit:
        columns += [
            Column("limit", _("Sales limit"), "money"),
            Column("above", _("Above limit"), "money"),
            Column("held", _("Hold")),
        ]
    empty = parts.Empty("nothing", _("Nobody."))
    caption = _("Above the sales limit") if above_limit else _("Top debtors")
    return TableView("debtors", caption, columns, [debtor_row(one) for one in found], empty=empty)


def debtor_row(one: Debtor) -> Row:
    """One customer; the number leads to the instalments behind it."""
    url = url_with("/receivables", unit=f"customer:{one.id}")
    return Row(
        {
            "customer": one.name,
            "branch": one.branch,
            "owner": one.owner,
            "owed": one.owed,
            "overdue": one.overdue,
            "days": one.days,
            "limit": one.limit,
            "above": one.above,
            "held": _("on hold") if one.is_held else "",
        },
        id=one.id,
        url=f"/customers/{one.id}",
        links={"owed": url, "overdue": url},
    )


async def promise_table(request: Request, question: Question, known: Directory, status: str) -> TableView:
    """The customers' words, with what remains of the instalment."""
    wanted = paging(request.query_params, PROMISE_SORTS, "day" if status == "open" else "-day")
    cut = await promises(question, known, status, wanted)
    following, previous = neighbours(cut)
    columns = [
        Column("customer", _("Customer"), phone="head"),
        Column("branch", _("Branch"), phone="second"),
        Column("instalment", _("Instalment"), "link"),
        Column("promised_on", _("Promised for"), "day", phone="second"),
        Column("amount", _("Promised"), "money", phone="second"),
        Column("rest", _("Remaining"), "money"),
        Column("happened_on", _("Given on"), "day"),
        Column("state", _("State")),
    ]
    today = {branch.code: branch.today for branch in known.branches}
    names = {branch.code: branch.name for branch in known.branches}
    rows = [promise_row(row, names, today) for row in cut.rows]
    empty = parts.Empty("nothing", _("No promises."))
    return TableView(
        "promises",
        _("Promises to pay"),
        columns,
        rows,
        next_url=following,
        previous_url=previous,
        empty=empty,
    )


def promise_row(row: Mapping[str, Any], names: Mapping[str, str], today: Mapping[str, Any]) -> Row:
    """One promise; an open one whose day has passed says so."""
    currency, code = str(row["currency"]), str(row["branch"])
    promised_on = as_date(row["promised_on"])
    is_late = (
        row["status"] == "open" and code in today and promised_on is not None and promised_on < today[code]
    )
    state = _("day has passed") if is_late else _(STATE_WORDS[str(row["status"])])
    label = f"{row['number']}/{row['position']}"
    return Row(
        {
            "customer": str(row["customer"]),
            "branch": names.get(code, code),
            "instalment": parts.Link(label, f"/receivables/{row['receivable_id']}"),
            "promised_on": promised_on,
            "amount": Money(int(row["amount_minor"]), currency),
            "rest": None if row["rest"] is None else Money(int(row["rest"]), currency),
            "happened_on": as_date(row["happened_on"]),
            "state": state,
        },
        id=str(row["id"]),
        url=f"/customers/{row['customer_id']}",
    )


async def as_file(request: Request, table: TableView, kind: str, heading: Heading) -> Response:
    """The list as shown, as CSV or XLSX."""

    async def cells() -> Any:
        for row in table.rows:
            yield {
                name: value.text if isinstance(value, parts.Link) else value
                for name, value in row.cells.items()
            }

    columns = [
        Column(one.key, one.label, "text" if one.kind == "link" else one.kind) for one in table.columns
    ]
    return await export(request, kind=kind, name=table.key, heading=heading, columns=columns, rows=cells())
