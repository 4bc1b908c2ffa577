"""Pages of dunning: who is reminded of what today, held back, sent; levels; promises and disputes of an instalment."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.bulk import BulkRow, ids_of, is_sure, preview
from branch_node.dunning import actions, queries
from branch_node.dunning.forms import DisputeForm, LevelForm, PromiseForm, RemindForm
from branch_node.dunning.pages import LevelPage, LevelsPage, ListPage
from branch_node.dunning.rules import FIELDS, filled
from branch_node.home import home, today
from branch_node.listing import Listing, nothing, scope_of, wants_file
from branch_node.lists import Cut, Paging
from branch_node.receivables.handlers import adjust_form, show_page
from branch_node.receivables.queries import receivable_for
from branch_node.requests import path_id
from shared.errors import Invalid, NotFound
from shared.i18n import N_, ngettext
from shared.i18n import gettext as _
from shared.money import Money
from shared.permissions import Person
from shared.records import DunningLevel
from shared.web import filters as show
from shared.web.forms import Form, form_of, read_form, with_errors
from shared.web.parts import Action, Column, Count, Crumb, Link, Status, Tab, TableView
from shared.web.responses import page, redirect

URL = "/dunning"
WHICH = {"today": N_("Today"), "held": N_("Nothing to send"), "sent": N_("Sent")}


async def show_list(request: Request) -> Response:
    """What would be sent today; ?which=held what is held back or was sent, ?which=sent the latest notices."""
    person: Person = request.state.person
    which = request.query_params.get("which", "today")
    await actions.ensure_levels()
    found = await queries.proposals(person, only_due=False)
    due = [one for one in found if one.level is not None]
    which = which if which in WHICH else "today"
    scope = scope_of(person, "receivable.edit")
    proposed = due if which != "held" else [one for one in found if one.level is None]
    if wants_file(request):
        chosen = _(WHICH[which])
        if which == "sent":
            sent = await queries.latest_notices(person)
            return await notices().file(request, sent, scope=scope, filters=chosen)
        return await proposals().file(request, proposed, scope=scope, filters=chosen)
    if which == "sent":
        table = await notice_table(request, person)
    else:
        table = await proposal_table(request, proposed)
    tabs = [
        Tab(
            _(label), f"{URL}?which={name}" if name != "today" else URL, name == which,
            len(due) if name == "today" else None,
        )
        for name, label in WHICH.items()
    ]  # fmt: skip
    more = [Action(_("Outbox"), "/mail", "send")] + (
        [Action(_("Levels and texts"), f"{URL}/levels", "settings")]
        if person.may("receivable.write_off")
        else []
    )
    hint = _(
        "Reminders go out by mail each morning at 08:30; nobody is reminded while an instalment is disputed or promised."
    )
    return page(request, "dunning/list.html", ListPage(table, tabs, scope, more, hint))


def proposals() -> Listing[queries.Proposal]:
    """How an instalment that somebody could be reminded of is shown."""
    return Listing(
        key="dunning",
        caption=_("Reminders"),
        columns=[
            Column("number", _("Instalment"), phone="head"),
            Column("customer", _("Customer"), "link", phone="second"),
            Column("due_on", _("Due date"), "day"),
            Column("late", _("Days late"), "number"),
            Column("remaining", _("Remaining"), "money", phone="second"),
            Column("level", _("Level")),
            Column("to", _("Reminder to")),
        ],
        cells=proposal_cells,
        url=lambda one: f"/receivables/{one.debtor.id}",
        row_id=lambda one: str(one.debtor.id),
    )


async def proposal_table(request: Request, rows: list[queries.Proposal]) -> TableView:
    empty = nothing(False, _("Nobody is to be reminded."), "", URL)
    bulk = (
        [Action(_("Remind now ..."), f"{URL}/remind")] if any(one.level is not None for one in rows) else []
    )
    order = Paging("due_on", {})
    return await proposals().table(request, Cut(rows), order, Count(len(rows)), empty, bulk=bulk)


def proposal_cells(one: queries.Proposal) -> Mapping[str, Any]:
    debtor = one.debtor
    level = _("Level %(n)s", n=one.level) if one.level is not None else _(held_word(one))
    return {
        "number": debtor.label,
        "customer": Link(debtor.customer, f"/receivables/customers/{debtor.customer_id}"),
        "due_on": debtor.case.due_on,
        "late": one.days_late,
        "remaining": debtor.remaining,
        "level": level,
        "to": debtor.address or _("no e-mail address"),
    }


def held_word(one: queries.Proposal) -> str:
    """Why nothing is sent, as a word."""
    return {
        "disputed": N_("disputed"), "promised": N_("promised"), "settled": N_("settled"), "": N_("sent already"),
    }[one.held]  # fmt: skip


def notices() -> Listing[queries.NoticeRow]:
    """How a reminder that went out is shown."""
    return Listing(
        key="notices",
        caption=_("Reminders sent"),
        columns=[
            Column("number", _("Instalment"), phone="head"),
            Column("customer", _("Customer"), phone="second"),
            Column("level", _("Level"), "number"),
            Column("day", _("Date"), "day", phone="second"),
            Column("remaining", _("Remaining"), "money"),
            Column("status", _("State"), "status", phone="second"),
        ],
        cells=lambda row: {
            "number": row.label, "customer": row.customer, "level": row.level, "day": row.happened_on,
            "remaining": row.remaining,
            "status": Status(f"mail_{row.status}", _("no e-mail address") if row.channel == "none" else ""),
        },
        url=lambda row: f"/receivables/{row.receivable_id}",
        row_id=lambda row: str(row.id),
    )  # fmt: skip


async def notice_table(request: Request, person: Person) -> TableView:
    rows = await queries.latest_notices(person)
    empty = nothing(False, _("No reminder was sent yet."), "", URL)
    return await notices().table(request, Cut(rows), Paging("-day", {}), None, empty)


async def remind(request: Request) -> Response:
    """Remind of the ticked instalments: first what would go to whom, then, when sure, it goes."""
    person: Person = request.state.person
    form: Form[Any] = await read_form(request, RemindForm)
    ids = ids_of(form)
    found = {one.debtor.id: one for one in await queries.proposals(person, only_due=False)}
    if not is_sure(form):
        rows = [bulk_row(found[one]) for one in ids if one in found]
        crumb = Crumb(_("Dunning"), URL)
        return preview(
            request, _("Remind now?"), crumb, f"{URL}/remind", _("Send reminders"), rows, Form(form.typed)
        )
    count = await actions.remind_now(person, ids)
    return redirect(URL, toast=ngettext("%(n)s reminder on its way.", "%(n)s reminders on their way.", count))


def bulk_row(one: queries.Proposal) -> BulkRow:
    debtor = one.debtor
    label = f"{debtor.label} {debtor.customer}"
    if one.level is None:
        return BulkRow(debtor.id, label, _(held_word(one)), can=False)
    note = _("level %(level)s, %(amount)s to %(address)s", level=one.level, amount=show.money(debtor.remaining),
             address=debtor.address or _("nobody: no e-mail address"))  # fmt: skip
    return BulkRow(debtor.id, label, note)


async def note_call(request: Request) -> Response:
    notice = await actions.note_call(request.state.person, path_id(request))
    return redirect(
        f"/receivables/{notice.receivable_id}#dunning", toast=_("Reminder by telephone recorded.")
    )


# --- one instalment ---------------------------------------------------------------------------------------------


async def add_promise(request: Request) -> Response:
    row = await receivable_for(request.state.person, path_id(request), "receivable.edit")
    form = await read_form(request, PromiseForm, currency=row.currency)
    if not form.errors:
        try:
            found = await actions.promise(request.state.person, row.id, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            amount = show.money(Money(found.amount_minor, found.currency))
            toast = _(
                "Promise of %(amount)s for %(day)s recorded.", amount=amount, day=show.day(found.promised_on)
            )
            return redirect(f"/receivables/{row.id}#dunning", toast=toast)
    view = await show_page(request, row, adjust_form(), promise_form=form)
    return page(request, "receivables/show.html", view, status=422)


async def add_dispute(request: Request) -> Response:
    row = await receivable_for(request.state.person, path_id(request), "receivable.edit")
    form = await read_form(request, DisputeForm)
    if form.errors:
        view = await show_page(request, row, adjust_form(), dispute_form=form)
        return page(request, "receivables/show.html", view, status=422)
    await actions.dispute(request.state.person, row.id, form.value)
    return redirect(
        f"/receivables/{row.id}#dunning", toast=_("Dispute recorded; no reminders until it is settled.")
    )


async def settle_dispute(request: Request) -> Response:
    row = await actions.settle_dispute(request.state.person, path_id(request))
    return redirect(f"/receivables/{row.id}#dunning", toast=_("The dispute is settled; reminders go on."))


# --- levels -----------------------------------------------------------------------------------------------------


async def show_levels(request: Request) -> Response:
    crumbs = [Crumb(_("Dunning"), URL)]
    return page(request, "dunning/levels.html", LevelsPage(await actions.ensure_levels(), crumbs))


async def level_by_id(level_id: UUID) -> DunningLevel:
    found = await DunningLevel.get_or_none(id=level_id, branch=home().code, deleted_at=None)
    if found is None:
        raise NotFound()
    return found


async def show_level(request: Request) -> Response:
    level = await level_by_id(path_id(request))
    values = {name: getattr(level, name) for name in LevelForm.model_fields}
    return page(request, "dunning/level.html", await level_page(level, form_of(LevelForm(**values))))


async def level_page(level: DunningLevel, form: Form[Any]) -> LevelPage:
    sample = {
        "customer": _("East Motors"), "order": f"{home().code}-SO000088", "position": "2",
        "amount": show.money(Money(818_590, home().currency)), "due": today().isoformat(),
        "days": str(max(level.days_past_due, 0)),
    }  # fmt: skip
    texts = [
        (_("In Chinese"), level.subject, level.body, False), (_("In English"), level.subject_en, level.body_en, True),
    ]  # fmt: skip
    samples = []
    for name, subject, body, english in texts:
        if subject:
            values = {**sample, "branch": await actions.branch_name(english=english)}
            samples.append((name, filled(subject, values), filled(body, values)))
    fields = {f"%({name})s": _(word) for name, word in FIELDS.items()}
    return LevelPage(
        level,
        [Crumb(_("Dunning"), URL), Crumb(_("Levels and texts"), f"{URL}/levels")],
        form,
        samples,
        fields,
    )


async def change_level(request: Request) -> Response:
    level = await level_by_id(path_id(request))
    form = await read_form(request, LevelForm)
    if not form.errors:
        try:
            await actions.change_level(request.state.person, level.id, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"{URL}/levels", toast=_("Level %(n)s saved.", n=level.level))
    return page(request, "dunning/level.html", await level_page(level, form), status=422)
