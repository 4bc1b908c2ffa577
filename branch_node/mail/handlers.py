"""Pages of the outbox: what waits, what went, what failed and why; a failed mail is sent again."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.listing import Listing, nothing, wants_file, whole
from branch_node.lists import paging
from branch_node.mail import actions, queries
from branch_node.mail.forms import ListForm
from branch_node.mail.office import office
from branch_node.mail.pages import ListPage, ShowPage
from branch_node.mail.queries import MailRow
from branch_node.mail.rules import KINDS, STATUSES
from branch_node.requests import path_id
from shared.errors import Conflict
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.permissions import SCOPE_LABELS, Person, Scope
from shared.web.forms import Form, read_query
from shared.web.parts import Chip, Column, Field, Filters, Status, Tab
from shared.web.responses import page, redirect
from shared.web.templating import with_query

URL = "/mail"


async def show_list(request: Request) -> Response:
    person: Person = request.state.person
    form = read_query(request, ListForm)
    wanted = form.value if not form.errors else ListForm()
    pages = paging(request.query_params, queries.SORTS, "-at")
    if wants_file(request):
        rows = (await queries.mail_page(person, wanted, whole(pages))).rows
        said = [_(STATUSES[wanted.status])] if wanted.status in STATUSES else []
        filters = _(", ").join([*said, *([wanted.q] if wanted.q else [])])
        return await mails("").file(request, rows, scope=_(SCOPE_LABELS[scope_of(person)]), filters=filters)
    cut = await queries.mail_page(person, wanted, pages)
    empty = nothing(
        wanted != ListForm(),
        _("Reminders to customers and messages to staff that go by mail appear here."),
        _("No mail matches these filters."),
        URL,
    )
    table = await mails(wanted.status).table(request, cut, pages, None, empty)
    counts = await queries.mail_counts(person)
    view = ListPage(tabs(wanted.status, counts), filter_bar(form, wanted), table, office() is not None)
    return page(request, "mail/list.html", view)


def scope_of(person: Person) -> Scope:
    """How far the list reaches: all mails for the administrator, else the customers one may remind, else one's own."""
    if person.may("settings.edit"):
        return Scope.BRANCH
    return person.scope("receivable.edit") or Scope.OWN


def tabs(present: str, counts: Mapping[str, int]) -> list[Tab]:
    """All mails and one tab per state; what waits and what failed is counted."""
    found = [Tab(_("All"), with_query(URL, status=None, after=None, before=None), not present)]
    for status, label in STATUSES.items():
        url = with_query(URL, status=status, after=None, before=None)
        found.append(Tab(_(label), url, status == present, counts.get(status) or None))
    return found


def filter_bar(form: Form[ListForm], wanted: ListForm) -> Filters:
    chips = []
    if wanted.q:
        chips = [
            Chip(_('contains "%(text)s"', text=wanted.q), with_query("", q=None, after=None, before=None))
        ]
    keep = {"status": wanted.status} if wanted.status else {}
    return Filters(
        [Field("q", _("Address or name"), "search")], form, URL, chips, "", URL if chips else "", keep
    )


def mails(status: str) -> Listing[MailRow]:
    """How mails are listed; why one failed stands beside it where some may have."""
    return Listing(
        key="mails",
        caption=_("Mails"),
        columns=[
            Column("to", _("Recipient"), phone="head"),
            Column("state", _("State"), "status", phone="second"),
            Column("subject", _("Subject")),
            Column("about", _("Customer")),
            Column("at", _("Written"), "instant", phone="second"),
            Column("sent", _("Sent"), "instant"),
            Column("trouble", _("What went wrong")),
        ],
        cells=mail_cells,
        url=lambda row: f"{URL}/{row.id}",
        row_id=lambda row: str(row.id),
        hidden=("trouble",) if status in ("sent", "dropped") else ("sent",),
    )


def mail_cells(row: MailRow) -> dict[str, Any]:
    return {
        "to": f"{row.to_name} <{row.to_address}>" if row.to_name else row.to_address,
        "state": Status(f"mail_{row.status}"),
        "subject": row.subject or kind_of(row),
        "about": row.about or None,
        "at": row.created_at,
        "sent": row.sent_at,
        "trouble": row.trouble or None,
    }


def kind_of(row: MailRow) -> str:
    """What the mail is, in the words that even those who may not read it see."""
    return _(KINDS.get(row.entity, KINDS["notification"]))


async def show_one(request: Request) -> Response:
    row = await queries.mail_for(request.state.person, path_id(request))
    view = ShowPage(row, kind_of(row), Status(f"mail_{row.status}"), row.status == "failed")
    return page(request, "mail/show.html", view)


async def send_again(request: Request) -> Response:
    row = await queries.mail_for(request.state.person, path_id(request))
    if not await actions.send_again(row.id):
        raise Conflict(
            N_("This mail did not fail. Only a failed mail is sent again."), code="mail.not_failed"
        )
    return redirect(f"{URL}/{row.id}", toast=_("Waits for sending again."))
