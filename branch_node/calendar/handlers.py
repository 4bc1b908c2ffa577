"""The calendar's page and the calendar itself."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from branch_node.calendar import actions, queries
from branch_node.calendar.pages import CalendarPage
from branch_node.calendar.rules import calendar_text
from branch_node.home import home
from branch_node.staff.queries import person_of
from shared import i18n
from shared.errors import NotFound
from shared.i18n import gettext as _
from shared.web.responses import page, redirect


async def show(request: Request) -> Response:
    return page(request, "calendar/show.html", CalendarPage(await queries.feed_of(request.state.account.id)))


async def make(request: Request) -> Response:
    """A new address; this answer is the only one that holds it."""
    account = request.state.account
    token = await actions.new_address(request.state.person, account)
    view = CalendarPage(await queries.feed_of(account.id))
    return page(
        request,
        "calendar/show.html",
        replace(view, address=f"{own_address(request)}/calendar/feed.ics?key={token}"),
    )


def own_address(request: Request) -> str:
    """Under the site's public address, else the one it was asked at."""
    public_url: str = request.app.state.settings.public_url
    return (public_url or str(request.base_url)).rstrip("/")


async def end(request: Request) -> Response:
    await actions.end_address(request.state.person, request.state.account)
    return redirect("/calendar", toast=_("The address is no longer valid."))


async def feed(request: Request) -> Response:
    """The calendar behind a secret address, with the rights its person has now. NotFound for any other.

    The secret stands in the query, which is never logged.
    """
    token = request.query_params.get("key", "")
    account = await queries.account_behind(token)
    person = await person_of(account) if account else None
    if account is None or person is None:
        raise NotFound()
    await actions.note_reading(token)
    with i18n.use_locale(account.locale):
        name = _("Plans of %(name)s", name=person.name)
    entries = await queries.entries_of(person, own_address(request))
    content = calendar_text(name, entries, ZoneInfo(home().timezone))
    headers = {"cache-control": "private, max-age=300", "x-robots-tag": "noindex"}
    return Response(content, media_type="text/calendar", headers=headers)
