"""Pages of tasks."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.queries import customer_for, customer_names, standing_customer
from branch_node.home import today
from branch_node.lists import neighbours, paging
from branch_node.requests import path_id, query_id
from branch_node.staff.queries import names_of
from branch_node.tasks import actions, queries
from branch_node.tasks.forms import CommentForm, TaskForm
from branch_node.tasks.pages import ListPage, NewPage, ShowPage
from branch_node.tasks.rules import OPEN_STATES
from shared.errors import Conflict, Invalid
from shared.i18n import gettext as _
from shared.permissions import Person
from shared.records import Task
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import STATUSES, Action, Column, Empty, Row, Status, Tab, TableView
from shared.web.responses import page, redirect
from shared.web.templating import with_query


async def show_list(request: Request) -> Response:
    person: Person = request.state.person
    view = request.query_params.get("view", "mine")
    view = view if view in queries.VIEWS else "mine"
    labels = {"mine": _("Mine"), "given": _("Given by me"), "team": _("Team"), "finished": _("Finished")}
    names = [name for name in queries.VIEWS if name != "team" or person.may("task.assign")]
    tabs = [Tab(labels[name], with_query(view=name, after=None, before=None), name == view) for name in names]
    pages = paging(request.query_params, queries.SORTS, queries.default_sort(view))
    cut = await queries.task_page(person, view, pages)
    following, previous = neighbours(cut)
    texts = {
        "mine": _("No task waits for you."),
        "given": _("You have given no task that is open."),
        "team": _("No task is open in your reach."),
        "finished": _("No task is finished yet."),
    }
    table = TableView(
        key="tasks",
        caption=_("Tasks"),
        columns=[
            Column("title", _("Task"), phone="head"),
            Column("status", _("State"), "status", phone="second"),
            Column("due", _("Due on"), "day", sort="due", phone="second"),
            Column("employee", _("For")),
            Column("by", _("Given by")),
            Column("customer", _("Customer")),
        ],
        rows=[task_row(row) for row in cut.rows],
        sorted_by=pages.sorted_by,
        next_url=following,
        previous_url=previous,
        empty=Empty("nothing", texts[view], Action(_("New task"), "/tasks/new")),
    )
    return page(request, "tasks/list.html", ListPage(tabs, table, person.may("task.edit")))


def is_late(row: queries.TaskRow) -> bool:
    """Whether a task that waits should have been done."""
    return row.status in OPEN_STATES and row.due_on is not None and row.due_on < today()


def task_row(row: queries.TaskRow) -> Row:
    cells: dict[str, Any] = {
        "title": row.title,
        "status": Status("overdue", _(STATUSES[row.status].word)) if is_late(row) else row.status,
        "due": row.due_on,
        "employee": row.employee or None,
        "by": row.by or None,
        "customer": row.customer or None,
    }
    links = {"customer": f"/customers/{row.customer_id}"} if row.customer_id else {}
    return Row(cells, str(row.id), f"/tasks/{row.id}", links=links)


async def new(request: Request) -> Response:
    person: Person = request.state.person
    form = empty_form(
        employee_id=query_id(request, "employee"), customer_id=query_id(request, "customer"), due_on=None
    )
    return page(request, "tasks/new.html", await new_page(person, form))


async def new_page(person: Person, form: Form[Any]) -> NewPage:
    employee = await names_of([typed_id(form, "employee_id")])
    customer = ""
    if (customer_id := typed_id(form, "customer_id")) is not None and person.may("customer.view"):
        customer = (await customer_for(person, customer_id)).name
    return NewPage(form, next(iter(employee.values()), ""), customer, person.may("task.assign"))


def typed_id(form: Form[Any], name: str) -> UUID | None:
    try:
        return UUID(form.text(name))
    except ValueError:
        return None


async def give(request: Request) -> Response:
    person: Person = request.state.person
    form = await read_form(request, TaskForm)
    if not form.errors:
        if form.value.customer_id is not None:
            await standing_customer(person, form.value.customer_id)
        try:
            task = await actions.give_task(person, form.value)
        except (Invalid, Conflict) as refused:
            form = with_errors(form, refused)
        else:
            names = await names_of([task.employee_id])
            return redirect(
                "/tasks?view=given" if task.employee_id != person.id else "/tasks",
                toast=_("Task given to %(name)s.", name=names.get(task.employee_id, "")),
            )
    return page(request, "tasks/new.html", await new_page(person, form), status=422)


async def show_one(request: Request) -> Response:
    task = await queries.task_for(request.state.person, path_id(request))
    return page(request, "tasks/show.html", await show_page(request.state.person, task, empty_form()))


async def show_page(person: Person, task: Task, form: Form[Any]) -> ShowPage:
    names = await names_of([task.employee_id, task.assigned_by])
    customers = await customer_names([task.customer_id])
    is_open = task.status in OPEN_STATES
    return ShowPage(
        task=task,
        employee=names.get(task.employee_id, ""),
        by=names.get(task.assigned_by, ""),
        customer=customers.get(task.customer_id, ""),
        form=form,
        is_mine=task.employee_id == person.id,
        can_withdraw=is_open and (task.assigned_by == person.id or person.may("task.assign")),
        is_late=is_open and task.due_on is not None and task.due_on < today(),
    )


async def accept(request: Request) -> Response:
    person: Person = request.state.person
    await actions.accept_task(person, await queries.task_for(person, path_id(request)))
    return redirect("/", toast=_("Taken into today's plan."))


async def finish(request: Request) -> Response:
    return await with_comment(request, actions.finish_task, _("Task done."))


async def withdraw(request: Request) -> Response:
    return await with_comment(request, actions.withdraw_task, _("Task withdrawn."))


async def reopen(request: Request) -> Response:
    return await with_comment(request, actions.reopen_task, _("Task reopened."))


async def comment(request: Request) -> Response:
    return await with_comment(request, actions.comment_task, _("Comment saved."))


async def with_comment(request: Request, act: Any, toast: str) -> Response:
    """Do one move with the comment that was typed."""
    person: Person = request.state.person
    task = await queries.task_for(person, path_id(request))
    form = await read_form(request, CommentForm)
    if not form.errors:
        try:
            await act(person, task, form.value.comment)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/tasks/{task.id}", toast=toast)
    return page(request, "tasks/show.html", await show_page(person, task, form), status=422)
