"""/sales: what was ordered and cancelled, and the newest orders behind it."""

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import question_of
from hq.cards import maker_of
from hq.figures.sales import sales
from hq.figures.shape import Figure, Line
from hq.figures.words import scope_name
from hq.frame.page import adds_up, crumbs_of, drill_url, freshness_line, month_span, switches
from hq.sales.pages import SalesPage
from hq.sales.queries import OrderRow, order_rows, orders, sorts_of
from hq.tables import Look, table_of
from shared.i18n import gettext as _
from shared.web import parts
from shared.web.keyset import neighbours, paging
from shared.web.parts import Column, Row, Tab, TableView
from shared.web.responses import page
from shared.web.templating import with_query

KINDS = ("ordered", "cancelled")


async def show(request: Request) -> Response:
    """The figure for the unit asked for, and the orders of one kind."""
    question = question_of(request, "figures.view", limit=1_000, offset=0)
    figure = await sales(question)
    kind = request.query_params.get("kind", "ordered")
    kind = kind if kind in KINDS else "ordered"
    wanted = paging(request.query_params, sorts_of(kind), "-day")
    cut = await orders(figure, kind, wanted)
    names = {mark.branch: mark.name for mark in figure.watermarks}
    rows = await order_rows(cut.rows, kind, names)
    view = SalesPage(
        scope=scope_name(figure),
        crumbs=crumbs_of(request, figure, _("Sales")),
        span=month_span(figure, ("day", "month", "quarter", "year")),
        switches=switches(
            figure,
            ("employee", "department", "customer", "month")
            if figure.question.unit.kind != "customer"
            else (),
        ),
        freshness=freshness_line(figure),
        check=adds_up(figure),
        cards=cards(figure),
        table=table_of(
            figure, look_of(request, figure), is_ranked=question.unit.kind in ("company", "region")
        ),
        tabs=tabs(figure, kind),
        orders=order_table(rows, kind, neighbours(cut)),
    )
    return page(request, "sales/show.html", view)


def look_of(request: Request, figure: Figure) -> Look:
    """Columns and links: a number leads to the unit's own page, at the orders that make it up."""
    question = figure.question
    is_company = question.unit.kind in ("company", "region")

    def drill(line: Line, key: str) -> str:
        kind = "cancelled" if key.startswith("cancelled") else "ordered"
        return drill_url("/sales", question, line.unit, kind=None if kind == "ordered" else kind)

    return Look(
        key="sales",
        caption=_("Sales by branch") if is_company else _("Sales by person"),
        keys=("orders", "ordered", "cancelled_orders", "cancelled", "sales"),
        big=is_company,
        drill=drill,
        phone=("sales",),
        first_label=_("Branch") if is_company else _("Name"),
        sort=request.query_params.get("sort", "") if is_company else "",
        can_sort=is_company,
    )


def cards(figure: Figure) -> list[parts.Figure]:
    """Net, ordered and cancelled of the unit."""
    maker = maker_of(figure)
    return [
        maker.card("sales", _("Sales")),
        maker.card("ordered", _("Ordered")),
        maker.card("cancelled", _("Cancelled")),
    ]


def tabs(figure: Figure, kind: str) -> list[Tab]:
    """Which orders are listed."""
    total = figure.total
    labels = {"ordered": _("Approved orders"), "cancelled": _("Orders cancelled")}
    counts = {"ordered": total.number("orders"), "cancelled": total.number("cancelled_orders")}
    return [
        Tab(labels[name], with_query(kind=name, after=None, before=None), name == kind, counts[name])
        for name in KINDS
    ]


def order_table(rows: list[OrderRow], kind: str, around: tuple[str, str]) -> TableView:
    """The orders newest first; amounts as written on the order and in the branch's currency."""
    day = _("Approved") if kind == "ordered" else _("Cancelled on")
    columns = [
        Column("number", _("Order"), phone="head"),
        Column("day", day, "day", phone="second"),
        Column("branch", _("Branch"), phone="second", is_short=True),
        Column("customer", _("Customer"), "link"),
        Column("owner", _("Owner")),
        Column("amount", _("Amount"), "money", phone="second"),
        Column("base", _("In base currency"), "money"),
        Column("status", _("State"), "status"),
    ]
    return TableView(
        key="orders",
        caption=_("Orders, newest first"),
        columns=columns,
        rows=[order_row(row) for row in rows],
        next_url=around[0],
        previous_url=around[1],
        empty=parts.Empty("nothing", _("No orders in these days.")),
    )


def order_row(row: OrderRow) -> Row:
    """One order."""
    return Row(
        {
            "number": row.number,
            "day": row.day,
            "branch": row.branch_name,
            "customer": parts.Link(row.customer, f"/receivables?unit=customer:{row.customer_id}"),
            "owner": row.owner,
            "amount": row.amount,
            "base": row.base,
            "status": row.status,
        },
        id=row.id,
    )
