"""Pages of directives."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.directives import actions, mending, queries
from branch_node.directives.forms import StepForm
from branch_node.directives.pages import InboxPage, ShowPage, TeamPage
from branch_node.directives.rules import STEPS, is_late, is_past, is_reminded, reached
from branch_node.home import today
from branch_node.requests import path_id
from shared import clock
from shared.i18n import gettext as _
from shared.permissions import SCOPE_LABELS, Person, reach
from shared.records import Directive, DirectiveReceipt
from shared.vocabulary import DIRECTIVE_KINDS, column_word, table_word
from shared.web.export import disposition
from shared.web.forms import read_form
from shared.web.parts import Column, Coverage, Empty, Missing, Row, Step, Tab, TableView
from shared.web.responses import page, redirect


def step_words() -> dict[str, str]:
    return {
        "": _("not arrived"), "delivered": _("unread"), "read": _("read"), "acknowledged": _("acknowledged"),
        "done": _("done"),
    }  # fmt: skip


def tabs(person: Person, view: str) -> list[Tab]:
    """Nobody but a manager has a second tab."""
    if not person.may("plan.assign"):
        return []
    return [
        Tab(_("To me"), "/directives", view == "mine"),
        Tab(_("My people"), "/directives/team", view == "team"),
    ]


async def show_inbox(request: Request) -> Response:
    """What is addressed to the reader; that it has arrived is noted for everybody."""
    person: Person = request.state.person
    rows = await queries.inbox(person)
    live = [row for row in rows if not row.is_withdrawn]
    view = InboxPage(
        table=inbox_table(rows),
        tabs=tabs(person, "mine"),
        unread=sum(1 for row in live if not reached(row.status, "read")),
        late=sum(1 for row in live if is_late(row.status, row.deadline_on, today())),
    )
    return page(request, "directives/inbox.html", view)


def inbox_table(rows: list[queries.InboxRow]) -> TableView:
    words = step_words()
    return TableView(
        key="directives",
        caption=_("Directives"),
        columns=[
            Column("title", _("Title"), phone="head"),
            Column("state", _("State"), phone="second"),
            Column("deadline", _("Until"), "day", phone="second"),
            Column("kind", _("Kind")),
            Column("issued", _("Issued"), "instant"),
            Column("by", _("Issued by")),
            Column("number", _("Number"), is_short=True),
        ],
        rows=[Row(cells(row, words), str(row.id), f"/directives/{row.id}", row.is_withdrawn) for row in rows],
        empty=Empty("nothing", _("Decisions and documents that HQ sends you appear here.")),
    )


def cells(row: queries.InboxRow, words: dict[str, str]) -> dict[str, Any]:
    state = _("withdrawn") if row.is_withdrawn else words[row.status]
    if not row.is_withdrawn and is_late(row.status, row.deadline_on, today()):
        state = _("%(state)s, late", state=state)
    elif not row.is_withdrawn and is_reminded(row.status, row.acknowledged_at, row.reminded_at):
        state = _("%(state)s, reminded", state=state)
    return {
        "title": row.title,
        "state": state,
        "deadline": row.deadline_on,
        "kind": _(DIRECTIVE_KINDS[row.kind]) if row.kind in DIRECTIVE_KINDS else row.kind,
        "issued": row.issued_at,
        "by": row.issued_by or None,
        "number": row.number,
    }


async def show_team(request: Request) -> Response:
    """How far the reader's people got."""
    person: Person = request.state.person
    scope = _(SCOPE_LABELS[reach(person, "plan.assign").kind])
    rows = [(row, coverage_of(row)) for row in await queries.of_team(person)]
    return page(request, "directives/team.html", TeamPage(rows, tabs(person, "team"), scope))


def coverage_of(row: queries.TeamRow) -> Coverage:
    """Counts, and who has not acknowledged."""
    missing = [Missing(one.name, None) for one in row.recipients if not reached(one.status, "acknowledged")]
    counts = row.counts
    return Coverage(
        counts.total,
        counts.delivered,
        counts.read,
        counts.acknowledged,
        counts.done,
        missing,
        row.deadline_on,
    )


async def show_one(request: Request) -> Response:
    """The directive; opening it is reading it."""
    person: Person = request.state.person
    directive, mine = await queries.directive_for(person, path_id(request))
    note = ""
    if mine is not None:
        receipt: DirectiveReceipt = await actions.take_step(person, directive, "read")
        note = receipt.note
        mine = next(row for row in await queries.inbox(person) if row.id == directive.id)
    team = next(iter(await queries.of_team(person, directive.id)), None)
    view = ShowPage(
        directive=directive,
        kind=_(DIRECTIVE_KINDS[directive.kind]) if directive.kind in DIRECTIVE_KINDS else directive.kind,
        mine=mine,
        steps=steps_of(mine.status) if mine else [],
        next="" if is_past(directive.not_after, clock.now()) else next_step(mine),
        is_late=mine is not None and is_late(mine.status, mine.deadline_on, today()),
        is_past=is_past(directive.not_after, clock.now()),
        is_reminded=mine is not None and is_reminded(mine.status, mine.acknowledged_at, mine.reminded_at),
        note=note,
        documents=await queries.documents_of(directive.id),
        team=team,
        coverage=coverage_of(team) if team else None,
        words=step_words(),
        mend=await mend_table(directive),
    )
    return page(request, "directives/show.html", view)


async def mend_table(directive: Directive) -> TableView | None:
    """The values that the directive proposes, beside the present ones."""
    proposed = await mending.mend_of(directive.id)
    if proposed is None:
        return None
    row = await mending.present_row(proposed) or {}
    columns = [
        Column("column", _("Field"), phone="head"),
        Column("now", _("Now"), phone="second"),
        Column("then", _("Proposed"), phone="second"),
    ]
    rows = [
        Row({"column": column_word(name), "now": plain(row.get(name)), "then": plain(value)})
        for name, value in proposed.values.items()
    ]
    named = next((str(row[key]) for key in ("number", "code", "name") if row.get(key)), proposed.row_id[:8])
    return TableView("mend", f"{table_word(proposed.table)} {named}", columns, rows)


def plain(value: object) -> str | None:
    return None if value is None else str(value)


async def carry_out(request: Request) -> Response:
    """Write the proposed values."""
    person: Person = request.state.person
    directive, _mine = await queries.directive_for(person, path_id(request))
    await mending.carry_out(person, directive)
    return redirect(f"/directives/{directive.id}", toast=_("The row has been corrected."))


def steps_of(status: str) -> list[Step]:
    words = {**step_words(), "delivered": _("delivered")}
    at = STEPS.index(status)
    return [Step(words[step], "done" if place <= at else "ahead") for place, step in enumerate(STEPS)]


def next_step(mine: queries.InboxRow | None) -> str:
    """acknowledge, then done; "" when it is done, withdrawn or somebody else's."""
    if mine is None or mine.is_withdrawn or reached(mine.status, "done"):
        return ""
    return "done" if reached(mine.status, "acknowledged") else "acknowledged"


async def acknowledge(request: Request) -> Response:
    return await step(request, "acknowledged", _("Acknowledged."))


async def done(request: Request) -> Response:
    return await step(request, "done", _("Reported as done."))


async def step(request: Request, name: str, toast: str) -> Response:
    person: Person = request.state.person
    directive, _mine = await queries.directive_for(person, path_id(request))
    form = await read_form(request, StepForm)
    note = form.value.note if not form.errors else form.text("note")[:500]
    await actions.take_step(person, directive, name, note)
    return redirect(f"/directives/{directive.id}", toast=toast)


async def download(request: Request) -> Response:
    """A document of a directive, always as a download: what others attached is never shown as a page of ours."""
    directive, _mine = await queries.directive_for(request.state.person, path_id(request))
    name, content = await queries.content_of(directive.id, path_id(request, "file"))
    stem, _dot, kind = name.rpartition(".")
    headers = {
        "content-disposition": disposition(
            stem or name, kind if kind.isalnum() and kind.isascii() else "bin"
        ),
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)
