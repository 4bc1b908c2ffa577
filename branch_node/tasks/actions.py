"""What is done with tasks: give, accept into today's plan, finish, withdraw, comment. Each owns its transaction."""

from uuid import UUID

from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.notifications.actions import tell
from branch_node.plans.actions import add_item, own_employee
from branch_node.plans.rules import Line, read_line
from branch_node.tasks.forms import TaskForm
from branch_node.tasks.rules import MOVES
from shared import clock
from shared.database import transaction
from shared.errors import Conflict, Invalid, NotAllowed
from shared.i18n import N_
from shared.permissions import Person, reach, require
from shared.records import Employee, PlanItem, Task

GIVEN = N_("%(name)s gave you a task: %(title)s.")
GIVEN_UNTIL = N_("%(name)s gave you a task until %(day)s: %(title)s.")
FINISHED = N_("%(name)s finished the task: %(title)s.")
WITHDRAWN = N_("%(name)s withdrew the task: %(title)s.")
REOPENED = N_("%(name)s reopened the task: %(title)s.")
COMMENTED = N_("%(name)s on the task %(title)s: %(comment)s")


async def give_task(person: Person, form: TaskForm) -> Task:
    """Write a task. For somebody else it needs task.assign over them; Invalid for who left or a day in the past."""
    wanted = form.employee_id or person.id
    require(person, "task.edit" if wanted == person.id else "task.assign")
    employee = await Employee.get_or_none(id=wanted, branch=home().code, deleted_at=None)
    if employee is None or not employee.active:
        raise Invalid(fields={"employee_id": N_("Choose somebody who works here.")})
    if wanted != person.id and not reach(person, "task.assign").covers(
        owner=employee.id, department=employee.department_id
    ):
        raise NotAllowed(N_("%(name)s is outside your reach."), name=employee.name)
    if form.due_on is not None and form.due_on < today():
        raise Invalid(fields={"due_on": N_("This day is over. Choose today or later.")})
    async with transaction():
        row = await Task.create(
            branch=home().code,
            employee_id=employee.id,
            department_id=employee.department_id,
            assigned_by=person.id,
            title=form.title,
            details=form.details,
            customer_id=form.customer_id,
            due_on=form.due_on,
        )
        await _tell_others(
            person, row, "work", GIVEN_UNTIL if row.due_on else GIVEN, day=row.due_on or today()
        )
    return row


async def _tell_others(person: Person, task: Task, kind: str, text: str, **more: object) -> None:
    """Tell whose task it is and who gave it, whoever of them did not do this himself; once per revision."""
    others = {task.employee_id, task.assigned_by} - {person.id}
    if kind == "work":
        others &= {task.employee_id}
    occasion = f"task:{task.id}:{task.revision}"
    await tell(others, kind, text, f"/tasks/{task.id}", occasion, name=person.name, title=task.title, **more)


def _refuse_foreign(person: Person, task: Task) -> None:
    """The one it was given to, the one who gave it, or a manager of either."""
    require(person, "task.edit")
    if person.id in (task.employee_id, task.assigned_by):
        return
    if person.scope("task.assign") is None or not reach(person, "task.assign").covers(
        owner=task.employee_id, department=task.department_id
    ):
        raise NotAllowed(N_("This task was given to somebody else."), code="task.foreign")


async def accept_task(person: Person, task: Task) -> PlanItem:
    """Take it into today's plan. A second call gives the item that is there. Conflict when it is finished."""
    if task.employee_id != person.id:
        raise NotAllowed(N_("This task was given to somebody else."), code="task.foreign")
    async with transaction():
        row = await locked(Task, task.id)
        found = await PlanItem.filter(task_id=row.id, happened_on=today(), deleted_at=None).first()
        if found is not None:
            return found
        if row.status == "open":
            row.status = MOVES.target("accept", row.status, row.title)
            await row.save()
        elif row.status != "accepted":
            MOVES.target("accept", row.status, row.title)
        kind = read_line(row.title).kind
        return await add_item(
            person, await own_employee(person), Line(row.title, kind=kind), customer_id=row.customer_id,
            task_id=row.id,
        )  # fmt: skip


async def finish_task(person: Person, task: Task, comment: str = "") -> Task:
    """Done; its open item in a plan is done with it."""
    _refuse_foreign(person, task)
    async with transaction():
        row = await _move(person, task.id, "finish", comment)
        row.done_at = clock.now()
        await row.save()
        for item in await PlanItem.filter(task_id=row.id, status="planned", deleted_at=None):
            item.status, item.done_at, item.result = "done", clock.now(), comment[:300]
            await item.save()
        await _tell_others(person, row, "answer", FINISHED)
    return row


async def withdraw_task(person: Person, task: Task, comment: str = "") -> Task:
    """Take it back; by the one who gave it or a manager."""
    _refuse_foreign(person, task)
    if person.id != task.assigned_by and person.scope("task.assign") is None:
        raise NotAllowed(N_("Only who gave a task can withdraw it."), code="task.foreign")
    async with transaction():
        row = await _move(person, task.id, "withdraw", comment)
        for item in await PlanItem.filter(task_id=row.id, status="planned", deleted_at=None):
            item.status = "cancelled"
            await item.save()
        await _tell_others(person, row, "work", WITHDRAWN)
    return row


async def reopen_task(person: Person, task: Task, comment: str = "") -> Task:
    """Not finished after all."""
    _refuse_foreign(person, task)
    async with transaction():
        row = await _move(person, task.id, "reopen", comment)
        row.done_at = None
        await row.save()
        await _tell_others(person, row, "work", REOPENED)
    return row


async def comment_task(person: Person, task: Task, comment: str) -> Task:
    """Add a line to the comments. Invalid when it is empty."""
    _refuse_foreign(person, task)
    if not comment:
        raise Invalid(fields={"comment": N_("Enter this; it cannot be left empty.")})
    async with transaction():
        row = await locked(Task, task.id)
        _add_comment(row, person, comment)
        await row.save()
        await _tell_others(person, row, "answer", COMMENTED, comment=comment[:200])
    return row


async def _move(person: Person, task_id: UUID, move: str, comment: str) -> Task:
    row = await locked(Task, task_id)
    row.status = MOVES.target(move, row.status, row.title)
    if comment:
        _add_comment(row, person, comment)
    await row.save()
    return row


def _add_comment(row: Task, person: Person, comment: str) -> None:
    line = f"{today().isoformat()} {person.name}: {comment}"
    row.comment = f"{row.comment}\n{line}".strip()
    if len(row.comment) > 8_000:
        raise Conflict(N_("The comments are full. Give a new task."))
