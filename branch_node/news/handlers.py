"""The page of news: read what headquarters and colleagues say of the trade, add a line of one's own."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.intelligence.actions import add_line
from branch_node.intelligence.forms import LineForm
from branch_node.intelligence.rules import KINDS, read_note
from branch_node.listing import nothing
from branch_node.lists import neighbours, paging
from branch_node.news import queries
from branch_node.news.forms import ListForm
from branch_node.news.pages import ListPage
from shared.i18n import gettext as _
from shared.permissions import Person
from shared.web.forms import Form, empty_form, read_form, read_query
from shared.web.parts import Chip, Field, Filters, Tab
from shared.web.responses import page, redirect
from shared.web.templating import with_query

URL = "/news"


async def show_list(request: Request) -> Response:
    return page(request, "news/list.html", await list_page(request, empty_form()))


async def list_page(request: Request, line: Form[Any]) -> ListPage:
    person: Person = request.state.person
    form = read_query(request, ListForm)
    wanted = form.value if not form.errors else ListForm()
    cut = await queries.news_page(person, wanted, paging(request.query_params, queries.SORTS, "-day"))
    following, previous = neighbours(cut)
    labels = {"": _("All"), "hq": _("Published by HQ"), "own": _("Noted here")}
    tabs = [
        Tab(text, with_query(URL, origin=origin or None, after=None, before=None), origin == wanted.origin)
        for origin, text in labels.items()
    ]
    chips = []
    if wanted.q:
        chips = [
            Chip(_('contains "%(text)s"', text=wanted.q), with_query("", q=None, after=None, before=None))
        ]
    keep = {"origin": wanted.origin} if wanted.origin else {}
    return ListPage(
        tabs=tabs,
        filters=Filters([Field("q", _("Text"), "search")], form, URL, chips, "", URL if chips else "", keep),
        rows=cut.rows,
        kinds={"hq": _("HQ"), **{kind: _(label) for kind, label in KINDS.items()}},
        next_url=following,
        previous_url=previous,
        empty=nothing(
            bool(wanted.q), _("News of the trade appear here."), _("No news matches these filters."), URL
        ),
        can_enter=person.may("intel.edit"),
        form=line,
    )


async def enter(request: Request) -> Response:
    """One typed line becomes a note that everybody within reach and headquarters see."""
    form = await read_form(request, LineForm)
    if form.errors:
        return page(request, "news/list.html", await list_page(request, form), status=422)
    await add_line(request.state.person, read_note(form.value.line, form.value.kind))
    return redirect(URL, toast=_("Noted."))
