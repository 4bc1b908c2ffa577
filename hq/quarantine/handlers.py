"""/quarantine and /quarantine/{id}: look at a change that was set aside, try it again, dismiss it, have it mended."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import branches_of, question_of
from hq.figures.freshness import Directory, directory
from hq.quarantine import actions
from hq.quarantine.pages import AskPage, ChangePage, MendPage, QuarantinePage
from hq.quarantine.rules import row_of, typed_lines, wrong_columns
from hq.replication.models import QuarantinedChange
from hq.sync.words import outcome_word, reason_word
from shared.digits import whole_number
from shared.errors import Conflict, NotFound
from shared.i18n import N_, ngettext
from shared.i18n import gettext as _
from shared.records import Employee
from shared.replication.columns import replicated_tables
from shared.replication.mend import FIXED, Mend
from shared.vocabulary import column_word, table_word
from shared.web.filters import number
from shared.web.forms import Form, FormModel, empty_form, read_form, with_error
from shared.web.parts import Action, Column, Confirm, Crumb, Empty, Field, Option, Row, Tab, TableView
from shared.web.responses import page, redirect
from shared.web.versions import value_text

SHOWN = 200


class ReasonForm(FormModel):
    """Why a change is dismissed."""

    reason: str = ""


class MendForm(FormModel):
    """Corrected values, one `column = value` a line, who carries them out, and why."""

    values: str = ""
    recipient: str = ""
    reason: str = ""


async def asked(request: Request) -> Directory:
    """The branches within the reader's reach."""
    return await directory(question_of(request, "sync.view"))


async def show(request: Request) -> Response:
    """What waits, oldest position first; or what was settled, newest first."""
    branches, is_open = await asked(request), request.query_params.get("list") != "settled"
    code = request.query_params.get("branch")
    found = QuarantinedChange.filter(branch__in=sorted(branches.codes & {code} if code else branches.codes))
    waiting = found.filter(settled_at=None)
    rows = waiting.order_by("branch", "seq") if is_open else found.exclude(settled_at=None).order_by("-settled_at")  # fmt: skip
    count = await waiting.count()
    text = ngettext("%(n)s change could not be taken over and waits. All others of its branch flow on.", "%(n)s changes could not be taken over and wait. All others of their branches flow on.", count)  # fmt: skip
    if not count:
        text = _("Everything that the branches sent has been taken over.")
    tabs = [
        Tab(_("To be settled"), "/quarantine", is_open, count=count),
        Tab(_("Settled"), "/quarantine?list=settled", not is_open),
    ]
    view = QuarantinePage(tabs, text, table_of(await rows.limit(SHOWN), branches, is_open))
    return page(request, "quarantine/list.html", view)


def table_of(rows: Sequence[QuarantinedChange], branches: Directory, is_open: bool) -> TableView:
    columns = [
        Column("what", _("Record"), phone="head"),
        Column("branch", _("Branch"), phone="second"),
        Column("why", _("Reason"), phone="second"),
        Column("position", _("Log position"), "number"),
        Column("at", _("Set aside since") if is_open else _("Settled"), "instant"),
        Column("tries", _("Tries"), "number"),
    ]
    found = [
        Row(
            {
                "what": f"{table_word(row.tbl)} {short(row)}",
                "branch": branch.name if (branch := branches.get(row.branch)) else row.branch,
                "why": reason_word(row.reason) if is_open else outcome_word(row.outcome),
                "position": row.seq,
                "at": row.received_at if is_open else row.settled_at,
                "tries": row.tries,
            },
            url=f"/quarantine/{row.id}",
        )
        for row in rows
    ]
    return TableView("quarantine", _("Quarantine"), columns, found, empty=Empty("nothing", _("Nothing is set aside.")))  # fmt: skip


def short(change: QuarantinedChange) -> str:
    """The number, code or name of a row, else the beginning of its id."""
    row = row_of(change.row_after)
    named = next((str(row[key]) for key in ("number", "code", "name", "title") if row.get(key)), "")
    return named or change.row_id[:8]


async def change_for(request: Request) -> QuarantinedChange:
    """The change of the address within the reader's branches, else NotFound."""
    number = whole_number(request.path_params["id"])
    found = None if number is None else await QuarantinedChange.get_or_none(id=number)
    if found is None or found.branch not in (await asked(request)).codes:
        raise NotFound()
    return found


async def show_one(request: Request) -> Response:
    """Why, the row as it came, and what may be done."""
    change = await change_for(request)
    may_act = request.state.person.may("settings.edit") and change.settled_at is None
    sentence = _("HQ cannot store this change for what it holds. Others of the branch flow on.")
    if change.reason != "poison":
        sentence = _("HQ's release does not know this yet. It is taken over after the next upgrade.")
    if change.settled_at is not None:
        sentence = _("Settled: %(outcome)s.", outcome=outcome_word(change.outcome))
    view = ChangePage(
        title=f"{table_word(change.tbl)} {short(change)}",
        scope=change.branch,
        crumbs=[Crumb(_("Quarantine"), "/quarantine")],
        actions=actions_of(change) if may_act else [],
        sentence=sentence,
        error=change.error,
        facts=facts_of(change),
        row=row_table(change),
    )
    return page(request, "quarantine/one.html", view)


def actions_of(change: QuarantinedChange) -> list[Action]:
    url = f"/quarantine/{change.id}"
    made = [Action(_("Try again"), f"{url}/retry", "refresh", method="POST", is_primary=True)]
    if change.tbl in replicated_tables() and change.op != "d":
        made.append(Action(_("Have it mended ..."), f"{url}/mend", "pencil"))
    return [*made, Action(_("Dismiss ..."), f"{url}/dismiss", "x", is_danger=True)]


def facts_of(change: QuarantinedChange) -> TableView:
    kinds = {"i": _("new row"), "u": _("changed row"), "d": _("deleted row")}
    pairs: list[tuple[str, Any]] = [
        (_("Kind"), kinds.get(change.op, change.op)),
        (_("Log position"), number(change.seq)),
        (_("Tries"), number(change.tries)),
        (_("Id"), change.row_id),
        (_("Note"), change.note or None),
        (_("Settled by"), change.settled_by or None),
    ]
    columns = [Column("what", _("Item"), phone="head"), Column("value", _("Value"), phone="second")]
    rows = [Row({"what": what, "value": value}) for what, value in pairs if value is not None]
    return TableView("facts", _("Change"), columns, rows)


def row_table(change: QuarantinedChange) -> TableView:
    """The columns of the row, what is wrong first."""
    table, row = replicated_tables().get(change.tbl), row_of(change.row_after)
    wrong = wrong_columns(table.columns, row) if table and row else {}
    words = {
        "missing": _("is missing"),
        "kind": _("cannot be read"),
        "unknown": _("unknown to this release"),
    }
    columns = [
        Column("column", _("Column"), phone="head"),
        Column("value", _("Value"), phone="second"),
        Column("wrong", _("Wrong"), phone="second"),
    ]
    names = [*wrong, *(name for name in row if name not in wrong)]
    rows = [
        Row(
            {
                "column": f"{column_word(name)} ({name})",  # the form below is typed by name
                "value": value_text(name, row.get(name)),
                "wrong": words[wrong[name]] if name in wrong else None,
            },
            is_muted=name not in wrong,
        )
        for name in names
    ]
    empty = Empty("nothing", _("The change deletes the row."))
    return TableView("row", _("The row as it came"), columns, rows, empty=empty)


async def retry(request: Request) -> Response:
    """Try it again, with everything of its branch."""
    change = await change_for(request)
    settled = await actions.try_again(change)
    text = _("It is taken over now.") if settled else _("It still cannot be stored.")
    return redirect(f"/quarantine/{change.id}", toast=text)


def question(change: QuarantinedChange, form: Form[ReasonForm] | None = None) -> Confirm:
    return Confirm(
        _("Dismiss this change?"),
        f"/quarantine/{change.id}/dismiss",
        _("Dismiss"),
        f"/quarantine/{change.id}",
        [
            _("HQ goes on without it; the branch keeps its row. The branch stays not proved until the row is changed there."),
        ],
        asks_reason=True,
        form=form,
    )  # fmt: skip


async def ask_dismiss(request: Request) -> Response:
    return page(request, "quarantine/ask.html", AskPage(question(await change_for(request))))


async def dismiss(request: Request) -> Response:
    """Settle it without applying it."""
    change = await change_for(request)
    form = await read_form(request, ReasonForm)
    if form.errors or not form.value.reason:
        wrong = form if form.errors else with_error(form, "reason", _("Say why."))
        return page(request, "quarantine/ask.html", AskPage(question(change, wrong)), status=422)
    await actions.dismiss(change, request.state.person.name, form.value.reason)
    return redirect("/quarantine", toast=_("Dismissed."))


async def ask_mend(request: Request) -> Response:
    """The form, with the columns that are wrong."""
    change = await change_for(request)
    table = replicated_tables().get(change.tbl)
    if table is None or change.op == "d" or change.settled_at is not None:
        raise Conflict(N_("This change cannot be mended from here."), code="quarantine.unmendable")
    wrong = [
        name
        for name, why in wrong_columns(table.columns, row_of(change.row_after)).items()
        if why != "unknown" and name not in FIXED
    ]
    form = empty_form(values="\n".join(f"{name} = " for name in wrong))
    return page(request, "quarantine/mend.html", await mend_page(change, form))


async def mend_page(change: QuarantinedChange, form: Form[Any]) -> MendPage:
    people = await Employee.filter(branch=change.branch, active=True, deleted_at=None).order_by("name")
    fields = [
        Field("values", _("Corrected values"), "area", rows=5, width="full", hint=_("One a line: column = value. Nothing after = empties it. Money in minor units.")),
        Field("recipient", _("Who carries it out"), "select", options=[Option(str(one.id), one.name) for one in people]),
        Field("reason", _("Reason"), "area", width="full", max_length=500),
    ]  # fmt: skip
    title = f"{table_word(change.tbl)} {short(change)}"
    return MendPage(
        title=_("Have %(row)s mended", row=title),
        crumbs=[Crumb(_("Quarantine"), "/quarantine"), Crumb(title, f"/quarantine/{change.id}")],
        action=f"/quarantine/{change.id}/mend",
        form=form,
        fields=fields,
        labels={one.name: one.label for one in fields},
        hint=_("The person at the branch gets a directive with these values and carries them out there. The corrected row comes back as an ordinary change and settles this one."),
    )  # fmt: skip


async def mend(request: Request) -> Response:
    """Send the proposal down."""
    change = await change_for(request)
    table = replicated_tables().get(change.tbl)
    if table is None or change.settled_at is not None:
        raise Conflict(N_("This change cannot be mended from here."), code="quarantine.unmendable")
    form = await read_form(request, MendForm)
    values, wrong = typed_lines(form.value.values, table.columns)
    if wrong or not values:
        text = (
            _("This line cannot be used: %(line)s", line=wrong) if wrong else _("Enter at least one value.")
        )
        form = with_error(form, "values", text)
    elif not form.value.reason:
        form = with_error(form, "reason", _("Say why."))
    elif not await Employee.exists(id=form.value.recipient, branch=change.branch):
        form = with_error(form, "recipient", _("Choose somebody of the branch."))
    if form.errors:
        return page(request, "quarantine/mend.html", await mend_page(change, form), status=422)
    person = request.state.person
    proposal = Mend(change.tbl, change.row_id, values, form.value.reason)
    title = _("Correct %(row)s", row=f"{table_word(change.tbl)} {short(change)}")
    codes = branches_of(person, "sync.view")
    sent = await actions.propose(change, proposal, title, UUID(form.value.recipient), codes, person.name)
    return redirect(f"/quarantine/{change.id}", toast=_("Sent as %(number)s.", number=sent.number))
