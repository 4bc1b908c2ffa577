"""What is done with a daily plan: add, do, carry, cancel, order, submit, close. Each owns its transaction.

A plan's id is made of employee and date, so that two writers at once cannot make two plans of one day.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid5

from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.lists import as_kind
from branch_node.notifications.actions import tell
from branch_node.plans.forms import ItemForm
from branch_node.plans.rules import (
    ITEM_MOVES,
    KINDS,
    Left,
    Line,
    Recorded,
    Tally,
    followed_by,
    order_of,
    tally,
)
from shared import clock
from shared.database import actor, execute, fetch_all, transaction
from shared.errors import Conflict, Invalid, NotAllowed, NotFound
from shared.i18n import N_, gettext
from shared.permissions import Person, reach, require
from shared.records import DailyPlan, Employee, PlanItem, Task

NAMESPACE = UUID("6f0a2f52-3b5e-5c55-9d6e-7a4f5f0c9a11")
WAITING_DAYS = 30
ITEM_LIMIT = 60
COMMENT_LENGTH = 8_000
PUT_ON_PLAN = N_("%(name)s put this on your plan of %(day)s: %(text)s.")
SAID_OF_DAY = N_("%(name)s about your day %(day)s: %(comment)s")


def plan_id(employee_id: UUID, day: date) -> UUID:
    """The id of the one plan of an employee and business date."""
    return uuid5(NAMESPACE, f"{employee_id}/{day.isoformat()}")


async def open_plan(employee: Employee, day: date) -> DailyPlan:
    """The plan of a day, made when there is none; locked until the transaction ends."""
    found = (
        await DailyPlan.filter(employee_id=employee.id, happened_on=day, deleted_at=None)
        .select_for_update()
        .first()
    )
    if found is not None:
        return found
    await execute(
        "INSERT INTO daily_plan (id, branch, ver, revision, recorded_at, recorded_by, employee_id, department_id, "
        "happened_on, status, note, comment) "
        "VALUES (:id, :branch, 0, 1, :now, :by, :employee, :department, :day, 'draft', '', '') "
        "ON CONFLICT (id) DO NOTHING",
        id=plan_id(employee.id, day),
        branch=home().code,
        now=clock.now(),
        by=actor(),
        employee=employee.id,
        department=employee.department_id,
        day=day,
    )
    return await DailyPlan.filter(id=plan_id(employee.id, day)).select_for_update().get()


async def add_item(
    person: Person,
    employee: Employee,
    line: Line,
    *,
    customer_id: UUID | None = None,
    task_id: UUID | None = None,
    day: date | None = None,
) -> PlanItem:
    """Write a line into the plan of a day (today). After the close it is an addition.

    On somebody else's plan it needs plan.assign; the caller has checked with `colleague_for`. Conflict when the
    day is over or the plan is full.
    """
    require(person, "plan.edit" if employee.id == person.id else "plan.assign")
    when = day or today()
    if when < today():
        raise Conflict(N_("%(day)s is over. Put it into today's plan."), code="plan.past", day=when)
    text = line.text or gettext(KINDS[line.kind])
    async with transaction():
        plan = await open_plan(employee, when)
        items = await PlanItem.filter(plan_id=plan.id, deleted_at=None)
        if len(items) >= ITEM_LIMIT:
            raise Conflict(N_("A plan has at most %(limit)s items. Finish or cancel some."), limit=ITEM_LIMIT)
        item = await PlanItem.create(
            branch=plan.branch,
            plan_id=plan.id,
            employee_id=employee.id,
            department_id=employee.department_id,
            happened_on=when,
            position=max((item.position for item in items), default=0) + 1,
            at_time=line.at_time,
            kind=line.kind,
            text=text,
            customer_id=customer_id,
            important=line.important,
            is_addition=plan.status == "closed",
            task_id=task_id,
        )
        if employee.id != person.id:
            await tell(
                [employee.id], "work", PUT_ON_PLAN, f"/plan?day={when}", f"item:{item.id}", name=person.name, day=when,
                text=text,
            )  # fmt: skip
    return item


async def change_item(person: Person, item: PlanItem, form: ItemForm) -> PlanItem:
    """Correct text, kind, time or customer of an open item of today or later."""
    _refuse_foreign(person, item)
    async with transaction():
        row = await locked(PlanItem, item.id)
        if row.status != "planned":
            ITEM_MOVES.target("do", row.status, row.text)
        row.text, row.kind, row.at_time = form.text, form.kind, form.at_time or ""
        row.customer_id = form.customer_id
        await row.save()
    return row


def _refuse_foreign(person: Person, item: PlanItem) -> None:
    """A person works on his own items; a manager (plan.assign) on those within reach."""
    require(person, "plan.edit")
    if item.employee_id == person.id:
        return
    if person.scope("plan.assign") is None or not reach(person, "plan.assign").covers(
        owner=item.employee_id, department=item.department_id
    ):
        raise NotAllowed(N_("This belongs to somebody else's plan."), code="plan.foreign")


async def finish_item(
    person: Person, item: PlanItem, *, result: str = "", proof_kind: str = "", proof_id: UUID | None = None
) -> PlanItem:
    """Done. Its task, if it has one, is done with it. A second call changes nothing."""
    _refuse_foreign(person, item)
    async with transaction():
        row = await locked(PlanItem, item.id)
        if row.status == "done":
            return row
        row.status = ITEM_MOVES.target("do", row.status, row.text)
        row.done_at = clock.now()
        row.result, row.proof_kind, row.proof_id = result, proof_kind, proof_id
        await row.save()
        if row.task_id is not None:
            task = await locked(Task, row.task_id)
            if task.status in ("open", "accepted"):
                task.status, task.done_at = "done", clock.now()
                await task.save()
    return row


async def carry_item(person: Person, item: PlanItem) -> PlanItem:
    """Not today: it waits at the top of the next plan."""
    _refuse_foreign(person, item)
    return await _move(item.id, "carry")


async def cancel_item(person: Person, item: PlanItem) -> PlanItem:
    """Not at all. In a draft the line simply disappears; afterwards it stays as cancelled."""
    _refuse_foreign(person, item)
    async with transaction():
        row = await locked(PlanItem, item.id)
        plan = await locked(DailyPlan, row.plan_id)
        if plan.status == "draft" and row.origin_id is None and row.status == "planned":
            row.deleted_at = clock.now()
        else:
            row.status = ITEM_MOVES.target("cancel", row.status, row.text)
        await row.save()
    return row


async def reopen_item(person: Person, item: PlanItem) -> PlanItem:
    """Back to planned while the day is open. Conflict after the close."""
    _refuse_foreign(person, item)
    async with transaction():
        row = await locked(PlanItem, item.id)
        plan = await locked(DailyPlan, row.plan_id)
        if plan.status == "closed" and not row.is_addition:
            raise _closed(plan)
        row.status = ITEM_MOVES.target("reopen", row.status, row.text)
        row.done_at, row.result, row.proof_kind, row.proof_id = None, "", "", None
        await row.save()
    return row


def _closed(plan: DailyPlan) -> Conflict:
    return Conflict(
        N_("The plan of %(day)s is closed. What you add is recorded as an addition."),
        code="plan.closed",
        day=plan.happened_on,
    )


async def refuse_open_in_closed(item: PlanItem) -> None:
    """Conflict for an item that would be open in a plan that was closed without it; inside the caller's transaction."""
    plan = await locked(DailyPlan, item.plan_id)
    is_open = item.status == "planned" and item.deleted_at is None
    if plan.status == "closed" and is_open and not item.is_addition:
        raise _closed(plan)


async def _move(item_id: UUID, move: str) -> PlanItem:
    async with transaction():
        row = await locked(PlanItem, item_id)
        row.status = ITEM_MOVES.target(move, row.status, row.text)
        await row.save()
    return row


async def reorder(
    person: Person, item: PlanItem, before: UUID | None = None, step: str | None = None
) -> UUID | None:
    """Put the item before another one of its plan (None: last), or one step up or down. One of those whose place
    changed; None when all stand as they stood."""
    changed: UUID | None = None
    _refuse_foreign(person, item)
    async with transaction():
        await locked(DailyPlan, item.plan_id)
        rows = await PlanItem.filter(plan_id=item.plan_id, deleted_at=None).order_by("position", "id")
        ids = [row.id for row in rows]
        if step is not None:
            place = ids.index(item.id)
            target = max(0, place - 1) if step == "up" else place + 2
            before = ids[target] if target < len(ids) else None
        for position, row_id in enumerate(order_of(ids, item.id, before), start=1):
            row = next(one for one in rows if one.id == row_id)
            if row.position != position:
                row.position = position
                await row.save(update_fields=["position"])
                changed = row.id
    return changed


async def take_up_all(person: Person, employee: Employee, items: Sequence[PlanItem]) -> list[PlanItem]:
    """Bring all of them into today's plan, in one act."""
    async with transaction():
        return [await take_up(person, employee, item, keep=True) for item in items]


async def take_up(person: Person, employee: Employee, item: PlanItem, *, keep: bool) -> PlanItem:
    """Bring an item of an earlier day into today's plan, keeping its origin; `keep` False cancels it there.

    An item that was still open that day becomes carried over. A second call gives what the first wrote.
    """
    _refuse_foreign(person, item)
    async with transaction():
        plan = await open_plan(employee, today())
        row = await locked(PlanItem, item.id)
        if row.happened_on >= today():
            raise Conflict(N_('"%(text)s" is in today\'s plan already.'), code="plan.taken_up", text=row.text)
        origin, count = followed_by(_left(row))
        existing = await PlanItem.filter(origin_id=origin, carried_count=count, deleted_at=None).first()
        if existing is not None:
            return existing
        if row.status == "planned":
            row.status = "carried_over"
            await row.save()
        items = await PlanItem.filter(plan_id=plan.id, deleted_at=None)
        return await PlanItem.create(
            branch=plan.branch,
            plan_id=plan.id,
            employee_id=employee.id,
            department_id=employee.department_id,
            happened_on=today(),
            position=max((one.position for one in items), default=0) + 1,
            kind=row.kind,
            text=row.text,
            customer_id=row.customer_id,
            important=row.important,
            status="planned" if keep else "cancelled",
            origin_id=origin,
            carried_count=count,
            is_addition=plan.status == "closed",
            task_id=row.task_id,
        )


def _left(row: PlanItem) -> Left:
    return Left(row.id, row.origin_id, row.carried_count, row.status, row.happened_on)


async def submit_plan(person: Person, employee: Employee) -> DailyPlan:
    """Say that the plan of today stands. Invalid for an empty one; a second call changes nothing."""
    require(person, "plan.edit")
    async with transaction():
        plan = await open_plan(employee, today())
        if plan.status != "draft":
            return plan
        if not await PlanItem.filter(plan_id=plan.id, deleted_at=None).exists():
            raise Invalid(
                N_("The plan has no item yet. Write the first line and press Enter."), code="plan.empty"
            )
        plan.status, plan.submitted_at = "submitted", clock.now()
        await plan.save()
    return plan


async def close_day(person: Person, employee: Employee, note: str) -> Tally:
    """Close today's plan: what is still open is carried over, so that planned = done + carried over + cancelled.

    Conflict when it is closed already.
    """
    require(person, "plan.edit")
    async with transaction():
        plan = await open_plan(employee, today())
        if plan.status == "closed":
            raise _closed(plan)
        return await _close(plan, note)


async def _close(plan: DailyPlan, note: str) -> Tally:
    items = await PlanItem.filter(plan_id=plan.id, deleted_at=None).select_for_update()
    for item in items:
        if item.status == "planned":
            item.status = ITEM_MOVES.target("carry", item.status, item.text)
            await item.save()
    plan.status, plan.closed_at = "closed", clock.now()
    plan.submitted_at = plan.submitted_at or clock.now()
    plan.note = note or plan.note
    await plan.save()
    return tally((item.status, item.is_addition) for item in items)


async def close_past_plans() -> int:
    """Close every plan of an earlier day that is still open; how many. May run any number of times."""
    rows = await fetch_all(
        "SELECT id FROM daily_plan WHERE branch = :branch AND happened_on < :today AND status <> 'closed' "
        "AND deleted_at IS NULL LIMIT 2000",
        branch=home().code,
        today=today(),
    )
    for row in rows:
        async with transaction():
            plan = await locked(DailyPlan, as_kind(row["id"], UUID))
            if plan.status != "closed":
                await _close(plan, "")
    return len(rows)


async def comment_day(person: Person, employee: Employee, day: date, comment: str) -> DailyPlan:
    """Say something about somebody's day, or answer on one's own; the plan is opened when there is none yet.

    On somebody else's day it needs plan.assign; the caller has checked with `colleague_for`. Invalid when it is
    empty, Conflict when the comments are full.
    """
    require(person, "plan.edit" if employee.id == person.id else "plan.assign")
    if not comment:
        raise Invalid(fields={"comment": N_("Enter this; it cannot be left empty.")})
    async with transaction():
        plan = await open_plan(employee, day)
        plan.comment = f"{plan.comment}\n{person.name}: {comment}".strip()
        if len(plan.comment) > COMMENT_LENGTH:
            raise Conflict(N_("The comments on this day are full. Give a task instead."))
        await plan.save()
        if employee.id != person.id:
            await tell(
                [employee.id], "answer", SAID_OF_DAY, f"/plan?day={day}", f"day:{plan.id}:{plan.revision}",
                name=person.name, day=day, comment=comment[:200],
            )  # fmt: skip
    return plan


async def prove_item(person: Person, item: PlanItem, record: Recorded) -> PlanItem:
    """Done, proved by a record."""
    return await finish_item(
        person, item, result=record.label[:300], proof_kind=record.kind, proof_id=record.id
    )


async def own_employee(person: Person) -> Employee:
    """The employee behind the person; NotFound when somebody without one asks for a plan."""
    found = await Employee.get_or_none(id=person.id)
    if found is None:
        raise NotFound()
    return found
