"""/news: what is going on in the trade."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import PAGE_ROWS, branches_of, question_of
from hq.figures.lists import news
from hq.figures.shape import Line, Question
from hq.figures.words import scope_name
from hq.frame.page import freshness_line, month_span
from hq.models import FeedItem, NewsFeed
from hq.news import actions
from hq.news.feeds import add_feed, remove_feed, share_item, trouble_words
from hq.news.forms import FeedForm, NewsForm
from hq.news.pages import FeedRow, FeedsPage, ItemRow, NewsPage, NewsRow
from hq.tables import pages
from shared.errors import Invalid, NotFound
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Crumb, Field
from shared.web.responses import page, redirect

KINDS = {"news": N_("News"), "industry": N_("Industry"), "competitor": N_("Competitor")}


async def show(request: Request) -> Response:
    """The list and the form."""
    question = question_of(request, "news.view", limit=PAGE_ROWS)
    return await shown(request, question, empty_form(happened_on=question.house.today()))


async def shown(request: Request, question: Question, form: Form[Any], status: int = 200) -> Response:
    """The page with what was typed."""
    figure = await news(question)
    following, previous = pages(question.offset, question.limit, figure.row_count or 0)
    fields = [
        Field("title", _("Headline"), width="full", max_length=300, is_focused=status == 422),
        Field("source", _("Source"), is_optional=True),
        Field("link", _("Link"), width="l", is_optional=True),
        Field("summary", _("Summary"), "area", is_optional=True, width="l"),
        Field("happened_on", _("Date"), "date"),
    ]
    view = NewsPage(
        scope=scope_name(figure),
        span=month_span(figure, ("month", "quarter", "year")),
        freshness=freshness_line(figure),
        rows=[news_row(line) for line in figure.rows],
        next_url=following,
        previous_url=previous,
        kinds={key: _(label) for key, label in KINDS.items()},
        may_edit=request.state.person.may("news.edit"),
        form=form,
        fields=fields,
        labels={field.name: field.label for field in fields},
    )
    return page(request, "news/list.html", view, status=status)


def news_row(line: Line) -> NewsRow:
    """A line of the figure as the page shows it."""
    kind, _colon, item_id = line.unit.partition(":")
    values = {
        key: str(line.values.get(key) or "")
        for key in ("text", "link", "source", "branch_name", "competitor")
    }
    on = line.values.get("happened_on")
    return NewsRow(
        item_id, line.name, values["text"], values["link"], values["source"], values["branch_name"], kind,
        values["competitor"], on,  # type: ignore[arg-type]
    )  # fmt: skip


async def save(request: Request) -> Response:
    """Enter a piece of news."""
    question = question_of(request, "news.edit", limit=PAGE_ROWS)
    form = await read_form(request, NewsForm)
    if form.errors:
        return await shown(request, question, form, 422)
    value = form.value
    await actions.enter_news(value.title, value.link, value.source, value.summary, value.happened_on)
    return redirect("/news", toast=_("News entered; it goes to every branch."))


async def share(request: Request) -> Response:
    """Share a branch's note with everybody."""
    question = question_of(request, "news.edit")
    await actions.share_note(id_of(request), branches_of(request.state.person, "news.edit"), question)
    return redirect("/news", toast=_("Shared with every branch."))


async def take_back(request: Request) -> Response:
    """Take a piece of news back."""
    question_of(request, "news.edit")
    await actions.take_back(id_of(request))
    return redirect("/news", toast=_("Taken back."))


def id_of(request: Request) -> UUID:
    """The id in the address; NotFound when it is none."""
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise NotFound() from None


# --- feeds --------------------------------------------------------------------------------------------------------


async def feeds(request: Request) -> Response:
    """The sources and what they brought."""
    question_of(request, "news.edit")
    return await feeds_page(request, empty_form())


async def feeds_page(request: Request, form: Form[Any], status: int = 200) -> Response:
    """The page with what was typed."""
    fields = [
        Field("name", _("Name")),
        Field("url", _("Address of the feed"), width="l", hint=_("RSS or Atom, http or https.")),
        Field("shares", _("Share everything with every branch at once"), "tick"),
    ]
    sources = await NewsFeed.all().order_by("name", "id")
    found = (
        await FeedItem.filter(news_id=None)
        .order_by("-published_at")
        .limit(PAGE_ROWS)
        .prefetch_related("feed")
    )
    view = FeedsPage(
        crumbs=[Crumb(_("News"), "/news")],
        feeds=[
            FeedRow(
                str(row.id),
                row.name,
                row.url,
                row.shares,
                row.checked_at,
                trouble_words(row.error) if row.error else "",
            )
            for row in sources
        ],
        items=[
            ItemRow(str(row.id), row.title, row.link, row.feed.name, row.summary, row.published_at)
            for row in found
        ],
        form=form,
        fields=fields,
        labels={field.name: field.label for field in fields},
    )
    return page(request, "news/feeds.html", view, status=status)


async def save_feed(request: Request) -> Response:
    """A new source; it is read within half an hour."""
    question_of(request, "news.edit")
    form = await read_form(request, FeedForm)
    if form.errors:
        return await feeds_page(request, form, 422)
    value = form.value
    try:
        await add_feed(value.name, value.url, shares=value.shares)
    except Invalid as refused:
        return await feeds_page(request, with_errors(form, refused), 422)
    return redirect("/news/feeds", toast=_("Feed added; it is read within half an hour."))


async def drop_feed(request: Request) -> Response:
    """Forget a source."""
    question_of(request, "news.edit")
    await remove_feed(id_of(request))
    return redirect("/news/feeds", toast=_("Feed removed."))


async def share_feed_item(request: Request) -> Response:
    """Send one item to every branch."""
    question_of(request, "news.edit")
    await share_item(id_of(request))
    return redirect("/news/feeds", toast=_("Shared with every branch."))
