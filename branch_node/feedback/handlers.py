"""Pages of feedback."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.queries import customer_for, customer_names, standing_customer
from branch_node.feedback import actions, queries
from branch_node.feedback.forms import AnswerForm, AssignForm, FeedbackForm, LineForm, ListForm
from branch_node.feedback.pages import ListPage, NewPage, ShowPage
from branch_node.feedback.rules import KINDS, LEVELS, STATUS_SHAPES, STATUSES, read_feedback
from branch_node.home import today
from branch_node.lists import neighbours, paging
from branch_node.plans.queries import resolve_customer
from branch_node.plans.rules import Line
from branch_node.requests import path_id, query_id
from branch_node.staff.queries import employee_for, names_of
from shared.errors import Conflict, Invalid, NotFound
from shared.i18n import gettext as _
from shared.permissions import SCOPE_LABELS, Person, reach
from shared.records import Feedback
from shared.web.forms import Form, empty_form, read_form, read_query, with_errors
from shared.web.parts import Action, Chip, Column, Empty, Field, Filters, Option, Row, Status, Tab, TableView
from shared.web.responses import page, redirect
from shared.web.templating import with_query


def options(known: Mapping[str, str]) -> list[Option]:
    return [Option(code, _(label)) for code, label in known.items()]


def shape_of(status: str) -> Status:
    """The state's shape; the word of feedback where it differs from the shape's own."""
    key = STATUS_SHAPES[status]
    return Status(key, _(STATUSES[status]) if key != status else "")


async def show_list(request: Request) -> Response:
    return page(request, "feedback/list.html", await list_page(request, empty_form()))


async def add_line(request: Request) -> Response:
    """One typed line becomes one feedback: a few seconds while the customer is still on the phone."""
    person: Person = request.state.person
    form = await read_form(request, LineForm)
    if form.errors:
        return page(request, "feedback/list.html", await list_page(request, form), status=422)
    read = read_feedback(form.value.line)
    line, customer_id = await resolve_customer(person, Line(read.subject, customer=read.customer))
    customer = await customer_for(person, customer_id) if customer_id else None
    entry = FeedbackForm(subject=line.text[:200] or _(KINDS[read.kind]), kind=read.kind, level=read.level)  # type: ignore[arg-type]
    await actions.enter_feedback(person, entry, customer)
    return redirect("/feedback", toast=_("Feedback recorded."))


async def list_page(request: Request, line: Form[Any]) -> ListPage:
    person: Person = request.state.person
    form = read_query(request, ListForm)
    wanted = form.value if not form.errors else ListForm()
    only_open = request.query_params.get("view", "open") == "open"
    pages = paging(request.query_params, queries.SORTS, "-day")
    cut = await queries.feedback_page(person, wanted, pages, only_open=only_open)
    following, previous = neighbours(cut)
    tabs = [
        Tab(_("To be handled"), with_query(view="open", after=None, before=None), only_open),
        Tab(_("All"), with_query(view="all", after=None, before=None), not only_open),
    ]
    if wanted != ListForm():
        empty = Empty(
            "filter", _("No feedback matches these filters."), Action(_("Clear filters"), "/feedback")
        )
    else:
        empty = Empty(
            "nothing", _("What customers tell us appears here."), Action(_("New feedback"), "/feedback/new")
        )
    table = TableView(
        key="feedback",
        caption=_("Feedback"),
        columns=[
            Column("subject", _("Subject"), phone="head"),
            Column("status", _("State"), phone="second"),
            Column("day", _("Day"), "day", phone="second"),
            Column("kind", _("Kind")),
            Column("level", _("Level")),
            Column("customer", _("Customer")),
            Column("assigned", _("Handled by")),
            Column("owner", _("Entered by")),
        ],
        rows=[feedback_row(row) for row in cut.rows],
        sorted_by=pages.sorted_by,
        next_url=following,
        previous_url=previous,
        empty=empty,
    )
    scope = _(SCOPE_LABELS[reach(person, "feedback.view").kind])
    bar = filter_bar(form, wanted, request.query_params.get("view", "open"))
    return ListPage(tabs, table, bar, scope, person.may("feedback.edit"), line)


def feedback_row(row: queries.FeedbackRow) -> Row:
    cells: dict[str, Any] = {
        "subject": row.subject,
        "status": _(STATUSES[row.status]),
        "day": row.day,
        "kind": _(KINDS[row.kind]) if row.kind in KINDS else row.kind,
        "level": _(LEVELS[row.level]) if row.level in LEVELS else row.level,
        "customer": row.customer or None,
        "assigned": row.assigned_to or None,
        "owner": row.owner or None,
    }
    return Row(cells, str(row.id), f"/feedback/{row.id}")


def filter_bar(form: Form[ListForm], wanted: ListForm, view: str) -> Filters:
    fields = [
        Field("q", _("Customer or subject"), "search"),
        Field("kind", _("Kind"), "select", options=[Option("", _("any")), *options(KINDS)], width="s"),
    ]
    texts = []
    if wanted.q:
        texts.append(("q", _('contains "%(text)s"', text=wanted.q)))
    if wanted.kind in KINDS:
        texts.append(("kind", _(KINDS[wanted.kind])))
    chips = [Chip(text, with_query("", **{name: None}, after=None, before=None)) for name, text in texts]
    return Filters(fields, form, "/feedback", chips, "", "/feedback" if chips else "", {"view": view})


async def new(request: Request) -> Response:
    form = empty_form(
        customer_id=query_id(request, "customer"), kind="comment", level="normal", happened_on=today()
    )
    return page(request, "feedback/new.html", await new_page(request.state.person, form))


async def new_page(person: Person, form: Form[Any]) -> NewPage:
    customer = ""
    try:
        customer = (await customer_for(person, UUID(form.text("customer_id")))).name
    except (ValueError, NotFound):
        customer = ""
    return NewPage(form, customer, options(KINDS), options(LEVELS))


async def enter(request: Request) -> Response:
    person: Person = request.state.person
    form = await read_form(request, FeedbackForm)
    if not form.errors:
        customer = await standing_customer(person, form.value.customer_id) if form.value.customer_id else None
        try:
            row = await actions.enter_feedback(person, form.value, customer)
        except (Invalid, Conflict) as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/feedback/{row.id}", toast=_("Feedback recorded."))
    return page(request, "feedback/new.html", await new_page(person, form), status=422)


async def show_one(request: Request) -> Response:
    row = await queries.feedback_for(request.state.person, path_id(request))
    return page(
        request,
        "feedback/show.html",
        await show_page(request.state.person, row, empty_form(answer=row.answer)),
    )


async def show_page(person: Person, row: Feedback, form: Form[Any]) -> ShowPage:
    names = await names_of([row.owner_id, row.assigned_to])
    customers = await customer_names([row.customer_id])
    is_own = person.id in (row.owner_id, row.assigned_to)
    return ShowPage(
        feedback=row,
        customer=customers.get(row.customer_id, ""),
        owner=names.get(row.owner_id, ""),
        assigned_to=names.get(row.assigned_to, ""),
        kind=_(KINDS[row.kind]) if row.kind in KINDS else row.kind,
        level=_(LEVELS[row.level]) if row.level in LEVELS else row.level,
        shape=shape_of(row.status),
        form=form,
        can_handle=person.may("feedback.handle"),
        can_answer=row.status != "closed"
        and person.may("feedback.edit")
        and (is_own or person.may("feedback.handle")),
    )


async def assign(request: Request) -> Response:
    person: Person = request.state.person
    row = await queries.feedback_for(person, path_id(request), "feedback.handle")
    form = await read_form(request, AssignForm)
    if form.errors:
        return page(request, "feedback/show.html", await show_page(person, row, form), status=422)
    employee = await employee_for(person, form.value.to_id)
    await actions.assign_feedback(person, row, employee)
    return redirect(f"/feedback/{row.id}", toast=_("%(name)s takes care of it.", name=employee.name))


async def answer(request: Request) -> Response:
    person: Person = request.state.person
    row = await queries.feedback_for(person, path_id(request), "feedback.edit")
    form = await read_form(request, AnswerForm)
    if form.errors:
        return page(request, "feedback/show.html", await show_page(person, row, form), status=422)
    await actions.answer_feedback(person, row, form.value.answer)
    return redirect(f"/feedback/{row.id}", toast=_("Answer recorded."))


async def close(request: Request) -> Response:
    person: Person = request.state.person
    row = await queries.feedback_for(person, path_id(request), "feedback.handle")
    await actions.close_feedback(person, row)
    return redirect(f"/feedback/{row.id}", toast=_("Feedback closed."))


async def reopen(request: Request) -> Response:
    person: Person = request.state.person
    row = await queries.feedback_for(person, path_id(request), "feedback.handle")
    await actions.reopen_feedback(person, row)
    return redirect(f"/feedback/{row.id}", toast=_("Feedback reopened."))
