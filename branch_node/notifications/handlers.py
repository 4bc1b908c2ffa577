"""Pages of messages: the list, the way to what a message tells, all read, by mail or not."""

from starlette.requests import Request
from starlette.responses import Response

from branch_node.lists import neighbours, paging
from branch_node.mail.office import office
from branch_node.notifications import actions, queries
from branch_node.notifications.forms import ChoiceForm
from branch_node.notifications.models import Notification
from branch_node.notifications.pages import ListPage
from branch_node.notifications.rules import KINDS
from branch_node.requests import path_id
from shared.errors import NotFound
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.permissions import Person
from shared.records import Employee
from shared.web.access import local_path
from shared.web.forms import read_form
from shared.web.parts import Empty, Option, Tab
from shared.web.responses import page, redirect

URL = "/notifications"


async def show_list(request: Request) -> Response:
    person: Person = request.state.person
    every = request.query_params.get("which") == "all"
    order = paging(request.query_params, queries.SORTS, "-at")
    cut = await queries.notices_page(person, order, only_unread=not every)
    following, previous = neighbours(cut)
    unread = await queries.unread_of(person)
    me = await Employee.get_or_none(id=person.id)
    view = ListPage(
        tabs=[
            Tab(_("Unread"), URL, not every, unread),
            Tab(_("All messages"), f"{URL}?which=all", every),
        ],
        rows=cut.rows,
        next_url=following,
        previous_url=previous,
        empty=Empty("nothing", _("Nothing new. What needs you appears here and in the bar above.")),
        unread=unread,
        kinds=[Option(kind, _(shape.label)) for kind, shape in KINDS.items()],
        by_mail=frozenset(await queries.mails_chosen(person)),
        address=me.email if me else "",
        has_office=office() is not None,
    )
    return page(request, "notifications/list.html", view)


async def open_notice(request: Request) -> Response:
    """Note that it was read and go where it leads."""
    person: Person = request.state.person
    row = await Notification.get_or_none(id=path_id(request), person_id=person.id)
    if row is None:
        raise NotFound()
    await actions.mark_read(person, [row.id])
    return redirect(local_path(row.url))


async def read_all(request: Request) -> Response:
    count = await actions.mark_read(request.state.person)
    return redirect(
        URL, toast=ngettext("%(n)s message marked as read.", "%(n)s messages marked as read.", count)
    )


async def choose_mails(request: Request) -> Response:
    form = await read_form(request, ChoiceForm)
    chosen = [kind for kind in form.texts("by_mail") if kind in KINDS]
    await actions.choose_mails(request.state.person, chosen)
    return redirect(URL, toast=_("Saved which messages come by mail."))
