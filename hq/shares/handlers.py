"""/shares: share a view, list and revoke links. /shared/{token}: what a link shows."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import PAGE_ROWS, number_of
from hq.papers.paper import sheet_of
from hq.shares import actions
from hq.shares.forms import ShareForm
from hq.shares.models import Share
from hq.shares.pages import MadePage, NewSharePage, SharedPage, ShareRow, SharesPage
from hq.shares.rules import DAYS, is_alive, seen_through
from hq.tables import pages
from shared import clock
from shared.errors import NotAllowed, NotFound
from shared.i18n import N_, ngettext
from shared.i18n import gettext as _
from shared.permissions import Person
from shared.web.access import to_sign_in
from shared.web.forms import Form, empty_form, read_form
from shared.web.parts import Crumb, Field, Option
from shared.web.responses import page, redirect

OFFSET_MOST = 100_000


async def new(request: Request) -> Response:
    """What is shared, for how long, with whom."""
    address = request.query_params.get("address", "")
    return await shown(request, address, empty_form(address=address, days="7"))


async def shown(request: Request, address: str, form: Form[Any], status: int = 200) -> Response:
    """The form; NotFound for an address that is no view of the person."""
    person = request.state.person
    sheet = await sheet_of(request.app, address, person, request.state.locale)
    fields = [
        Field(
            "days",
            _("Open for"),
            "radio",
            options=[Option(str(days), ngettext("%(n)s day", "%(n)s days", days)) for days in DAYS],
        )
    ]
    if request.app.state.settings.public_links and person.may(actions.PUBLISH):
        hint = _("Anybody who has the link sees the view, without signing in.")
        fields.append(Field("is_public", _("Also for people outside of headquarters"), "tick", hint=hint))
    labels = {field.name: field.label for field in fields}
    view = NewSharePage(sheet.title, address, sheet.scope, form, fields, labels)
    return page(request, "shares/new.html", view, status=status)


async def create(request: Request) -> Response:
    """Make the link and show it, once."""
    form = await read_form(request, ShareForm)
    if form.errors:
        return await shown(request, form.text("address"), form, 422)
    value, person = form.value, request.state.person
    sheet = await sheet_of(request.app, value.address, person, request.state.locale)
    may_publish = request.app.state.settings.public_links
    row, token = await actions.share(
        person,
        value.address,
        sheet.title,
        int(value.days),
        is_public=value.is_public,
        may_publish=may_publish,
    )
    base = request.app.state.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    crumbs = [Crumb(_("Shared links"), "/shares")]
    view = MadePage(row.title, f"{base}/shared/{token}", row.is_public, row.expires_at, crumbs)
    return page(request, "shares/made.html", view)


async def show(request: Request) -> Response:
    """The links, newest first."""
    person = request.state.person
    offset = number_of(request.query_params, "offset", 0, OFFSET_MOST)
    found = Share.all() if person.may("role.edit") else Share.filter(person_id=person.id)
    rows = await found.order_by("-created_at", "-id").offset(offset).limit(PAGE_ROWS)
    following, previous = pages(offset, PAGE_ROWS, await found.count())
    view = SharesPage([row_of(row) for row in rows], person.may("role.edit"), following, previous)
    return page(request, "shares/list.html", view)


def row_of(row: Share) -> ShareRow:
    """A link in words."""
    now = clock.now()
    alive = is_alive(row.expires_at, row.revoked_at, now)
    state = "active" if alive else "cancelled" if row.revoked_at else "expired"
    return ShareRow(
        str(row.id), row.title, row.address, row.person_name, row.is_public, row.created_at, row.expires_at,
        row.opened_at, row.opened_count, state, alive,
    )  # fmt: skip


async def revoke(request: Request) -> Response:
    """End a link."""
    try:
        wanted = UUID(request.path_params["id"])
    except ValueError:
        raise NotFound() from None
    row = await actions.revoke(request.state.person, wanted)
    return redirect("/shares", toast=_('"%(title)s" is not shared any more.', title=row.title))


async def open_link(request: Request) -> Response:
    """The view behind a link, within what its sharer may see now, saw then, and its reader may see."""
    row, sharer = await actions.opened(request.path_params["token"])
    reader: Person | None = request.state.person
    if reader is None and not row.is_public:
        return to_sign_in(request)
    if row.is_public:
        actions.require_publishing(sharer, request.app.state.settings.public_links)
    eyes = seen_through(sharer, row.branches, None if row.is_public else reader)
    if eyes.branches is not None and not eyes.branches:
        raise NotAllowed(N_("None of the branches of this view are yours."))
    sheet = await sheet_of(request.app, row.address, eyes, request.state.locale, for_screen=True)
    await actions.count_opening(row, reader)
    answer = page(request, "shares/view.html", SharedPage(sheet, row.person_name, row.expires_at))
    answer.headers["x-robots-tag"] = "noindex, nofollow"
    return answer
