"""Pages of follow-ups."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.queries import contacts_of, customer_for, customer_names, standing_customer
from branch_node.followups import actions, queries
from branch_node.followups.forms import ActivityForm, DoneForm, ListForm, PlanForm
from branch_node.followups.pages import ListPage, NewPage, ShowPage
from branch_node.followups.rules import KINDS, OUTCOMES
from branch_node.home import today
from branch_node.lists import Cut, neighbours, paging
from branch_node.requests import path_id, query_id
from branch_node.staff.queries import names_of
from branch_node.undoing.actions import undo_url
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.permissions import SCOPE_LABELS, Person, reach
from shared.records import Activity, Customer
from shared.web import filters as show
from shared.web.forms import Form, empty_form, read_form, read_query, with_errors
from shared.web.parts import Action, Chip, Column, Empty, Field, Filters, Option, Row, Tab, TableView
from shared.web.responses import page, redirect
from shared.web.templating import with_query

VIEWS = ("overdue", "due", "planned", "done")


def options(known: Mapping[str, str]) -> list[Option]:
    return [Option(code, _(label)) for code, label in known.items()]


async def show_list(request: Request) -> Response:
    """Overdue first: whom somebody promised to call and has not."""
    person: Person = request.state.person
    form = read_query(request, ListForm)
    wanted = form.value if not form.errors else ListForm()
    view = request.query_params.get("view", "due")
    view = view if view in VIEWS else "due"
    counts = await queries.counts(person, wanted)
    numbers = {"overdue": counts.overdue, "due": counts.overdue + counts.due_today, "planned": counts.planned}
    labels = {
        "overdue": _("Overdue"),
        "due": _("Due by today"),
        "planned": _("Planned"),
        "done": _("Done"),
    }
    tabs = [
        Tab(
            labels[name],
            with_query(view=name, after=None, before=None, sort=None),
            name == view,
            numbers.get(name),
        )
        for name in VIEWS
    ]
    owner = (await names_of([wanted.owner])).get(wanted.owner, "") if wanted.owner else ""
    page_view = ListPage(
        tabs=tabs,
        table=await table_of(request, person, view, wanted),
        filters=filter_bar(form, wanted, view, owner, person),
        scope=_(SCOPE_LABELS[reach(person, "followup.view").kind]),
        can_edit=person.may("followup.edit"),
    )
    return page(request, "followups/list.html", page_view)


async def table_of(request: Request, person: Person, view: str, wanted: ListForm) -> TableView:
    if view in ("overdue", "due"):
        pages = paging(request.query_params, queries.DUE_SORTS, "due")
        due = await queries.due_page(person, wanted, pages, only_overdue=view == "overdue")
        return table(view, due_columns(), [due_row(row) for row in due.rows], due, pages.sorted_by, wanted)
    if view == "planned":
        pages = paging(request.query_params, queries.PLANNED_SORTS, "planned")
        planned = await queries.planned_page(person, wanted, pages)
        return table(
            view, columns(), [activity_row(row) for row in planned.rows], planned, pages.sorted_by, wanted
        )
    pages = paging(request.query_params, queries.DONE_SORTS, "-day")
    done = await queries.done_page(person, wanted, pages)
    return table(view, columns(), [activity_row(row) for row in done.rows], done, pages.sorted_by, wanted)


def due_columns() -> list[Column]:
    return [
        Column("customer", _("Customer"), phone="head"),
        Column("due", _("Due on"), "day", phone="second"),
        Column("late", _("Days late"), "number", phone="second"),
        Column("subject", _("What")),
        Column("last", _("Last contact"), "day"),
        Column("owner", _("Owner")),
        Column("phone", _("Telephone")),
    ]


def due_row(row: queries.DueRow) -> Row:
    days = (today() - row.due_on).days
    cells: dict[str, Any] = {
        "customer": row.customer,
        "due": row.due_on,
        "late": days,
        "subject": f"{_(KINDS[row.kind])}{_(': ')}{row.subject}" if row.kind in KINDS else None,
        "last": row.last_on,
        "owner": row.owner or None,
        "phone": row.phone or None,
    }
    links = {"subject": f"/followups/{row.activity_id}"} if row.activity_id else {}
    return Row(cells, str(row.customer_id), f"/customers/{row.customer_id}", links=links)


def columns() -> list[Column]:
    return [
        Column("subject", _("What"), phone="head"),
        Column("day", _("Day"), "day", phone="second"),
        Column("kind", _("Kind"), phone="second"),
        Column("customer", _("Customer")),
        Column("outcome", _("Outcome")),
        Column("owner", _("By")),
    ]


def activity_row(row: queries.ActivityRow) -> Row:
    kind = _(KINDS[row.kind]) if row.kind in KINDS else row.kind
    if row.is_return_visit:
        kind = _("%(kind)s (return visit)", kind=kind)
    cells: dict[str, Any] = {
        "subject": row.subject,
        "day": row.day,
        "kind": kind,
        "customer": row.customer,
        "outcome": _(OUTCOMES[row.outcome]) if row.outcome and row.outcome in OUTCOMES else None,
        "owner": row.owner or None,
    }
    return Row(
        cells, str(row.id), f"/followups/{row.id}", links={"customer": f"/customers/{row.customer_id}"}
    )


def table(
    view: str, heads: list[Column], rows: list[Row], cut: Cut[Any], sorted_by: str, wanted: ListForm
) -> TableView:
    following, previous = neighbours(cut)
    texts = {
        "overdue": _("Nobody is overdue."),
        "due": _("Nobody is due today."),
        "planned": _("No contact is planned."),
        "done": _("No contact is recorded yet. Record one after each call and visit."),
    }
    if wanted != ListForm():
        clear = Action(_("Clear filters"), f"/followups?view={view}")
        empty = Empty("filter", _("No follow-up matches these filters."), clear)
    else:
        empty = Empty("nothing", texts[view], Action(_("New follow-up"), "/followups/new"))
    return TableView(
        key="followups", caption=_("Follow-ups"), columns=heads, rows=rows, sorted_by=sorted_by,
        next_url=following, previous_url=previous, empty=empty,
    )  # fmt: skip


def filter_bar(form: Form[ListForm], wanted: ListForm, view: str, owner: str, person: Person) -> Filters:
    fields = [Field("q", _("Customer or subject"), "search")]
    if view in ("planned", "done"):
        any_kind = [Option("", _("any")), *options(KINDS)]
        fields += [
            Field("kind", _("Kind"), "select", options=any_kind, width="s"),
            Field("from_on", _("From"), "date"),
            Field("to_on", _("To"), "date"),
        ]
    if person.may("task.assign"):
        fields.append(
            Field("owner", _("Owner"), "pick", pick_url="/staff/pick?for=followup.view", pick_text=owner)
        )
    texts = []
    if wanted.q:
        texts.append(("q", _('contains "%(text)s"', text=wanted.q)))
    if wanted.kind in KINDS:
        texts.append(("kind", _(KINDS[wanted.kind])))
    if wanted.owner is not None:
        texts.append(("owner", _("owner %(name)s", name=owner)))
    if wanted.from_on is not None:
        texts.append(("from_on", _("from %(day)s", day=show.day(wanted.from_on))))
    if wanted.to_on is not None:
        texts.append(("to_on", _("to %(day)s", day=show.day(wanted.to_on))))
    chips = [Chip(text, with_query("", **{name: None}, after=None, before=None)) for name, text in texts]
    clear = f"/followups?view={view}"
    return Filters(fields, form, "/followups", chips, "", clear if chips else "", {"view": view})


# --- entering ---------------------------------------------------------------------------------------------------


async def new(request: Request) -> Response:
    """A contact that was made (or ?plan=1: to be made), with a customer when the address names one."""
    person: Person = request.state.person
    customer_id = query_id(request, "customer")
    customer = await customer_for(person, customer_id) if customer_id else None
    is_plan = request.query_params.get("plan") == "1"
    form = empty_form(customer_id=customer_id, kind="call", happened_on=None if is_plan else today())
    return page(request, "followups/new.html", await new_page(person, form, customer, is_plan=is_plan))


async def new_page(person: Person, form: Form[Any], customer: Customer | None, *, is_plan: bool) -> NewPage:
    people = await contacts_of(customer.id) if customer and person.may("contact.view") else []
    return NewPage(
        form=form,
        customer=customer,
        kinds=options(KINDS),
        outcomes=options(OUTCOMES),
        contacts=[Option("", "—"), *(Option(str(one.id), one.name, one.position) for one in people)],
        recent=await queries.recent_of(person, customer.id) if customer else [],
        is_plan=is_plan,
        today_text=show.day(today()),
    )


async def chosen(person: Person, form: Form[Any]) -> Customer | None:
    """The customer of a form that has errors elsewhere."""
    try:
        return await customer_for(person, UUID(form.text("customer_id")))
    except (ValueError, NotFound):
        return None


async def record(request: Request) -> Response:
    person: Person = request.state.person
    form = await read_form(request, ActivityForm)
    if not form.errors:
        try:
            customer = await standing_customer(person, form.value.customer_id)
            await actions.record_activity(person, customer, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/customers/{customer.id}", toast=_("Follow-up recorded."))
    view = await new_page(person, form, await chosen(person, form), is_plan=False)
    return page(request, "followups/new.html", view, status=422)


async def plan(request: Request) -> Response:
    person: Person = request.state.person
    form = await read_form(request, PlanForm)
    if not form.errors:
        try:
            customer = await standing_customer(person, form.value.customer_id)
            await actions.plan_activity(person, customer, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/customers/{customer.id}", toast=_("Follow-up planned."))
    view = await new_page(person, form, await chosen(person, form), is_plan=True)
    return page(request, "followups/new.html", view, status=422)


async def show_one(request: Request) -> Response:
    activity = await queries.activity_for(request.state.person, path_id(request))
    form = empty_form(kind=activity.kind, happened_on=today(), notes=activity.notes)
    return page(request, "followups/show.html", await show_page(request, activity, form))


async def show_page(request: Request, activity: Activity, form: Form[Any]) -> ShowPage:
    person: Person = request.state.person
    names = await names_of([activity.owner_id])
    customers = await customer_names([activity.customer_id])
    contact = ""
    if activity.contact_id is not None and person.may("contact.view"):
        people = await contacts_of(activity.customer_id)
        contact = next((one.name for one in people if one.id == activity.contact_id), "")
    return ShowPage(
        activity=activity,
        customer=customers.get(activity.customer_id, ""),
        owner=names.get(activity.owner_id, ""),
        contact=contact,
        words={code: _(label) for code, label in KINDS.items()},
        outcome=_(OUTCOMES[activity.outcome]) if activity.outcome in OUTCOMES else "",
        form=form,
        kinds=options(KINDS),
        outcomes=options(OUTCOMES),
        can_edit=person.may("followup.edit")
        and reach(person, "followup.edit").covers(owner=activity.owner_id, department=activity.department_id),
    )


async def finish(request: Request) -> Response:
    person: Person = request.state.person
    activity = await queries.activity_for(person, path_id(request), "followup.edit")
    form = await read_form(request, DoneForm)
    if not form.errors:
        try:
            await actions.finish_activity(person, activity, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/customers/{activity.customer_id}", toast=_("Follow-up recorded."))
    return page(request, "followups/show.html", await show_page(request, activity, form), status=422)


async def cancel(request: Request) -> Response:
    person: Person = request.state.person
    activity = await queries.activity_for(person, path_id(request), "followup.edit")
    await actions.cancel_activity(person, activity)
    return redirect(
        f"/customers/{activity.customer_id}",
        toast=_("Planned follow-up cancelled."),
        undo=await undo_url(Activity, activity.id),
    )
