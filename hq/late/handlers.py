"""/late: what came later than its day, or later than a moment."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import PAGE_ROWS, question_of
from hq.figures.freshness import Directory, directory
from hq.figures.shape import Figure, Line
from hq.figures.words import scope_name
from hq.frame.page import moment
from hq.late.pages import LatePage
from hq.late.queries import LATE_DAYS, LateEntry, late_entries
from shared.figures import MEASURES
from shared.i18n import gettext as _
from shared.money import Money
from shared.web.filters import as_of, day
from shared.web.parts import Column, Crumb, Empty, Row, TableView, Variance
from shared.web.responses import page
from shared.web.templating import with_query


async def show(request: Request) -> Response:
    """The list, newest first."""
    question = question_of(request, "figures.view", limit=PAGE_ROWS)
    branches = await directory(question)
    found = await late_entries(question, branches, PAGE_ROWS, question.offset)
    figure = Figure("sales", question, (), (), Line("", "", "", "", {}), branches.marks)
    if question.known_at is None:
        text = _(
            "Entries of the last %(days)s days that arrived after the day on which they count.",
            days=LATE_DAYS,
        )
    elif question.as_of is None:
        text = _("Everything that arrived after %(time)s.", time=as_of(question.known_at))
    else:
        text = _(
            "What arrived after %(time)s and counts on or before %(day)s.",
            time=as_of(question.known_at),
            day=day(question.as_of),
        )
    unit = str(question.unit) if question.unit.kind != "company" else ""
    view = LatePage(
        scope=scope_name(figure),
        crumbs=[Crumb(_("Branches"), "/branches")],
        sentence=text,
        known_at=moment(question.known_at) if question.known_at else "",
        keep={"unit": unit} if unit else {},
        table=table(found, branches, question.offset),
    )
    return page(request, "late/list.html", view)


def table(found: Sequence[LateEntry], branches: Directory, offset: int) -> TableView:
    """The entries with what each changed, in the branch's own currency."""
    columns = [
        Column("received_at", _("Arrived"), "instant", phone="head"),
        Column("happened_on", _("Counts on"), "day", phone="second"),
        Column("branch", _("Branch"), phone="second"),
        Column("measure", _("What")),
        Column("customer", _("Customer")),
        Column("order", _("Order")),
        Column("who", _("By whom")),
        Column("change", _("Change"), "variance", phone="second"),
    ]
    rows = [row_of(entry, branches) for entry in found[:PAGE_ROWS]]
    following = with_query(offset=offset + PAGE_ROWS) if len(found) > PAGE_ROWS else ""
    previous = with_query(offset=max(offset - PAGE_ROWS, 0) or None) if offset else ""
    empty = Empty("nothing", _("Nothing arrived late."))
    return TableView(
        "late",
        _("Late entries"),
        columns,
        rows,
        next_url=following,
        previous_url=previous,
        empty=empty,
    )


def row_of(entry: LateEntry, branches: Directory) -> Row:
    """One entry."""
    branch = branches.get(entry.branch)
    measure = MEASURES[entry.measure]
    amount: Money | int = entry.count
    if measure.is_money and branch is not None and branch.currency:
        amount = Money(entry.base, branch.currency)
    return Row(
        {
            "received_at": entry.received_at,
            "happened_on": entry.happened_on,
            "branch": branch.name if branch else entry.branch,
            "measure": _(measure.label),
            "customer": entry.customer or None,
            "order": entry.order or None,
            "who": entry.who,
            "change": Variance(amount, "money" if isinstance(amount, Money) else "number", measure.better),
        }
    )
