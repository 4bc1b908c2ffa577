"""Pages of the daily plan and of the team."""

from collections.abc import Sequence
from datetime import date, timedelta

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.queries import customer_for, pick_customers
from branch_node.home import today as branch_today
from branch_node.plans import actions, queries
from branch_node.plans.forms import AssignItemForm, CloseForm, ItemForm, LineForm, MoveForm, ResultForm
from branch_node.plans.pages import ItemPage, MyDayPage, PlanPage, SuggestPage, TeamPage
from branch_node.plans.rules import KINDS, Tally, read_line
from branch_node.requests import asked_day, path_id
from branch_node.staff.queries import colleague_for
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.permissions import SCOPE_LABELS, Person, reach
from shared.records import Employee, PlanItem
from shared.web import filters as show
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Column, Empty, Option, Row, TableView
from shared.web.responses import is_htmx, page, part, redirect


def kind_labels() -> dict[str, str]:
    return {kind: _(label) for kind, label in KINDS.items()}


async def my_day_view(person: Person, form: Form[LineForm] | None = None) -> MyDayPage:
    """What My day shows now."""
    day = branch_today()
    plan = await queries.day_of(person.id, day, is_own=True)
    return MyDayPage(plan, form or empty_form(), kind_labels(), day - timedelta(days=1))


async def my_day(request: Request) -> Response:
    """The landing page; whoever has no plan of his own (an administrator) goes to the first page of his menu."""
    person: Person = request.state.person
    if not person.may("plan.view"):
        entries = request.app.state.site.menu_for(person)
        return redirect(entries[0].url if entries else "/me")
    return page(request, "plans/my_day.html", await my_day_view(request.state.person))


async def after_change(request: Request, form: Form[LineForm] | None = None) -> Response:
    """The changed day: its parts for htmx, else back to the page; 422 with the form when the line was refused."""
    status = 422 if form is not None and form.errors else 200
    if is_htmx(request):
        view = await my_day_view(request.state.person, form)
        return part(request, "plans/my_day_part.html", view, status=status)
    if status == 422:
        return page(request, "plans/my_day.html", await my_day_view(request.state.person, form), status=422)
    return redirect("/")


async def add_item(request: Request) -> Response:
    """One typed line becomes one item."""
    person: Person = request.state.person
    form = await read_form(request, LineForm)
    if form.errors:
        return await after_change(request, form)
    line, customer_id = await queries.resolve_customer(person, read_line(form.value.line))
    if form.value.customer_id is not None:
        customer_id = (await customer_for(person, form.value.customer_id)).id
        line = read_line(form.value.line)
    try:
        await actions.add_item(person, await actions.own_employee(person), line, customer_id=customer_id)
    except Invalid as refused:
        return await after_change(request, with_errors(form, refused))
    return await after_change(request)


async def suggest(request: Request) -> Response:
    """Customers for what stands after the last @ of the line; nothing when there is no @."""
    typed = request.query_params.get("line", "").replace("＠", "@")
    _before, mark, after = typed.rpartition("@")
    wanted = after.split("#")[0].split("!")[0].strip()
    if not mark or not wanted:
        return part(request, "plans/suggest.html", SuggestPage())
    hits = await pick_customers(request.state.person, wanted)
    return part(
        request, "plans/suggest.html", SuggestPage([(hit.value, hit.label, hit.hint) for hit in hits])
    )


async def item_of(request: Request) -> PlanItem:
    return await queries.item_for(request.state.person, path_id(request))


async def edit_item(request: Request) -> Response:
    item = await item_of(request)
    customer = ""
    if item.customer_id is not None:
        customer = (await customer_for(request.state.person, item.customer_id)).name
    form = empty_form(text=item.text, kind=item.kind, at_time=item.at_time, customer_id=item.customer_id)
    return page(request, "plans/item.html", item_page(item, form, customer))


def item_page(item: PlanItem, form: Form[ItemForm], customer: str) -> ItemPage:
    options = [Option(kind, label) for kind, label in kind_labels().items()]
    return ItemPage(item.id, form, options, customer, item.text)


async def change_item(request: Request) -> Response:
    item = await item_of(request)
    person: Person = request.state.person
    form = await read_form(request, ItemForm)
    if not form.errors:
        if form.value.customer_id is not None:
            await customer_for(person, form.value.customer_id)
        await actions.change_item(person, item, form.value)
        return redirect("/")
    return page(request, "plans/item.html", item_page(item, form, ""), status=422)


async def finish_item(request: Request) -> Response:
    """Done; with the record that proves it when one was found and confirmed."""
    form = await read_form(request, ResultForm)
    person: Person = request.state.person
    item = await item_of(request)
    if form.errors:
        return await after_change(request)
    value = form.value
    if value.proof_id is not None:
        records = await queries.recorded_on(item.employee_id, item.happened_on)
        found = next((one for one in records if one.id == value.proof_id), None)
        if found is None:
            raise NotFound()
        await actions.prove_item(person, item, found)
    else:
        await actions.finish_item(person, item, result=value.result)
    return await after_change(request)


async def carry_item(request: Request) -> Response:
    await actions.carry_item(request.state.person, await item_of(request))
    return await after_change(request)


async def cancel_item(request: Request) -> Response:
    await actions.cancel_item(request.state.person, await item_of(request))
    return await after_change(request)


async def reopen_item(request: Request) -> Response:
    await actions.reopen_item(request.state.person, await item_of(request))
    return await after_change(request)


async def move_item(request: Request) -> Response:
    form = await read_form(request, MoveForm)
    item = await item_of(request)
    if not form.errors:
        await actions.reorder(request.state.person, item, form.value.before, form.value.step)
    return await after_change(request)


async def keep_item(request: Request) -> Response:
    return await take_up(request, keep=True)


async def drop_item(request: Request) -> Response:
    return await take_up(request, keep=False)


async def take_up(request: Request, *, keep: bool) -> Response:
    person: Person = request.state.person
    await actions.take_up(person, await actions.own_employee(person), await item_of(request), keep=keep)
    return await after_change(request)


async def keep_all(request: Request) -> Response:
    """Bring everything that waits into today's plan."""
    person: Person = request.state.person
    employee = await actions.own_employee(person)
    plan = await queries.day_of(person.id, branch_today(), is_own=True)
    for waiting in plan.waiting:
        await actions.take_up(person, employee, await queries.item_for(person, waiting.id), keep=True)
    return await after_change(request)


async def submit(request: Request) -> Response:
    person: Person = request.state.person
    await actions.submit_plan(person, await actions.own_employee(person))
    return redirect("/", toast=_("Plan submitted."))


async def close(request: Request) -> Response:
    person: Person = request.state.person
    form = await read_form(request, CloseForm)
    note = form.value.note if not form.errors else ""
    found = await actions.close_day(person, await actions.own_employee(person), note)
    return redirect(
        "/",
        toast=_(
            "Day closed: planned %(planned)s = done %(done)s + carried over %(carried)s + cancelled %(cancelled)s",
            planned=found.planned,
            done=found.done,
            carried=found.carried_over,
            cancelled=found.cancelled,
        ),
    )


# --- the team ---------------------------------------------------------------------------------------------------


async def team(request: Request) -> Response:
    """Who has no plan yet, then everybody's counts."""
    person: Person = request.state.person
    day = asked_day(request)
    rows = await queries.team_on(person, day)
    today = branch_today()
    total = Tally(
        planned=sum(row.planned for row in rows),
        done=sum(row.done for row in rows),
        carried_over=sum(row.carried_over for row in rows),
        cancelled=sum(row.cancelled for row in rows),
        open=sum(row.open for row in rows),
        additions=sum(row.additions for row in rows),
    )
    view = TeamPage(
        day=day,
        previous=day - timedelta(days=1),
        following=day + timedelta(days=1) if day < today else None,
        is_today=day == today,
        scope=_(SCOPE_LABELS[reach(person, "plan.view").kind]),
        table=team_table(rows, day),
        count=len(rows),
        missing=[row for row in rows if row.status in ("none", "draft")],
        total=total,
        followups=sum(row.followups for row in rows),
        can_assign=person.may("plan.assign"),
    )
    return page(request, "plans/team.html", view)


def team_table(rows: Sequence[queries.TeamRow], day: date) -> TableView:
    """Everybody's counts; who has no plan stands first."""
    words = {"none": _("no plan"), "draft": _("draft"), "submitted": _("submitted"), "closed": _("closed")}
    return TableView(
        key="team",
        caption=_("Plans of the team"),
        columns=[
            Column("name", _("Full name"), phone="head"),
            Column("plan", _("Plan"), phone="second"),
            Column("progress", _("Progress"), phone="second"),
            Column("planned", _("Planned"), "number"),
            Column("done", _("Done"), "number"),
            Column("carried_over", _("Carried over"), "number"),
            Column("cancelled", _("Cancelled items"), "number"),
            Column("open", _("Open"), "number"),
            Column("followups", _("Follow-ups"), "number"),
        ],
        rows=[
            Row(
                {
                    "name": f"{row.name} · {row.position}" if row.position else row.name,
                    "plan": words[row.status]
                    + (f" {show.clock_time(row.submitted_at)}" if row.submitted_at else ""),
                    "progress": progress_of(row),
                    "planned": row.planned,
                    "done": row.done,
                    "carried_over": row.carried_over,
                    "cancelled": row.cancelled,
                    "open": row.open,
                    "followups": row.followups,
                },
                str(row.id),
                f"/team/{row.id}?day={day}",
            )
            for row in rows
        ],
        empty=Empty("nothing", _("Nobody works within your reach.")),
    )


def progress_of(row: queries.TeamRow) -> str | None:
    """3/5, and a word about an item that was put off again and again."""
    if not row.planned:
        return None
    text = f"{row.done}/{row.planned}"
    if row.oldest_carry >= 3:
        text += " · " + _("one item carried over %(n)s times", n=row.oldest_carry)
    return text


async def member(request: Request) -> Response:
    """The day of one employee within reach."""
    person: Person = request.state.person
    employee = await colleague_for(person, path_id(request), "plan.view")
    return page(request, "plans/day.html", await plan_page(person, employee, asked_day(request)))


async def plan_page(
    person: Person, employee: Employee, day: date, form: Form[AssignItemForm] | None = None
) -> PlanPage:
    plan = await queries.day_of(employee.id, day, is_own=False)
    can_assign = (
        person.may("plan.assign")
        and day >= branch_today()
        and reach(person, "plan.assign").covers(owner=employee.id, department=employee.department_id)
    )
    return PlanPage(
        name=employee.name,
        is_own=employee.id == person.id,
        employee_id=employee.id,
        plan=plan,
        kinds=kind_labels(),
        can_assign=can_assign,
        form=form or empty_form(),
    )


async def assign_item(request: Request) -> Response:
    """A manager puts a line on somebody's plan."""
    person: Person = request.state.person
    employee = await colleague_for(person, path_id(request), "plan.assign")
    form = await read_form(request, AssignItemForm)
    if form.errors:
        view = await plan_page(person, employee, asked_day(request), form)
        return page(request, "plans/day.html", view, status=422)
    day = form.value.on or branch_today()
    line, customer_id = await queries.resolve_customer(person, read_line(form.value.line))
    await actions.add_item(person, employee, line, customer_id=customer_id, day=day)
    return redirect(
        f"/team/{employee.id}?day={day}", toast=_("Added to the plan of %(name)s.", name=employee.name)
    )


async def my_plan_of(request: Request) -> Response:
    """One's own plan of another day, to read."""
    person: Person = request.state.person
    employee = await actions.own_employee(person)
    return page(request, "plans/day.html", await plan_page(person, employee, asked_day(request)))
