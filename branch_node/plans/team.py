"""Pages of the team: the day live, one employee's day with assignments and comments, progress over a period."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.home import today as branch_today
from branch_node.live import TEAM
from branch_node.plans import actions, queries, team_reads
from branch_node.plans.forms import AssignItemForm, CommentForm, PeriodForm
from branch_node.plans.handlers import kind_labels
from branch_node.plans.pages import PlanPage, ProgressPage, TeamPage
from branch_node.plans.rules import completion_bp, read_line, total
from branch_node.requests import asked_day, path_id
from branch_node.staff.queries import colleague_for
from shared.errors import Invalid
from shared.i18n import gettext as _
from shared.periods import Month, Period
from shared.permissions import SCOPE_LABELS, Person, reach
from shared.records import Employee
from shared.web import filters as show
from shared.web.forms import Form, empty_form, read_form, read_query, with_errors
from shared.web.live import Push, live, partial
from shared.web.parts import Column, Empty, Row, TableView
from shared.web.responses import page, redirect, render

LIVE_SECONDS = 5.0
LONGEST_DAYS = 366


async def show_team(request: Request) -> Response:
    """Who has no plan yet, then everybody's counts."""
    return page(request, "plans/team.html", await team_page(request.state.person, asked_day(request)))


async def team_page(person: Person, day: date) -> TeamPage:
    rows = await team_reads.team_on(person, day)
    today = branch_today()
    return TeamPage(
        day=day,
        previous=day - timedelta(days=1),
        following=day + timedelta(days=1) if day < today else None,
        is_today=day == today,
        scope=_(SCOPE_LABELS[reach(person, "plan.view").kind]),
        table=team_table(rows, day),
        count=len(rows),
        missing=[row for row in rows if row.status in ("none", "draft")],
        total=total(row.tally for row in rows),
        followups=sum(row.followups for row in rows),
        can_assign=person.may("plan.assign"),
    )


async def team_live(request: Request) -> Response:
    """The stream of the team's page: sentence and table morph in place when they read differently."""
    person: Person = request.state.person
    day = asked_day(request)
    told: list[TeamPage] = []

    async def changes(changed: Collection[str]) -> Sequence[Push]:
        view = await team_page(person, day)
        if told == [view]:
            return []
        told[:] = [view]
        return [partial("#team-live", render(request, "plans/team_part.html", view))]

    return live(request, topics=[TEAM], render=changes, interval_seconds=LIVE_SECONDS)


def team_table(rows: Sequence[team_reads.TeamRow], day: date) -> TableView:
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


def progress_of(row: team_reads.TeamRow) -> str | None:
    """3/5, and a word about an item that was put off again and again."""
    if not row.planned:
        return None
    text = f"{row.done}/{row.planned}"
    if row.oldest_carry >= 3:
        text += " · " + _("one item carried over %(n)s times", n=row.oldest_carry)
    return text


# --- one employee's day ---------------------------------------------------------------------------------------------


async def member(request: Request) -> Response:
    """The day of one employee within reach."""
    person: Person = request.state.person
    employee = await colleague_for(person, path_id(request), "plan.view")
    return page(request, "plans/day.html", await plan_page(person, employee, asked_day(request)))


async def plan_page(person: Person, employee: Employee, day: date, form: Form[Any] | None = None) -> PlanPage:
    plan = await queries.day_of(employee.id, day, is_own=False)
    is_own = employee.id == person.id
    may_assign = person.may("plan.assign") and reach(person, "plan.assign").covers(
        owner=employee.id, department=employee.department_id
    )
    return PlanPage(
        name=employee.name,
        is_own=is_own,
        employee_id=employee.id,
        plan=plan,
        kinds=kind_labels(),
        can_assign=may_assign and day >= branch_today(),
        can_comment=may_assign or (is_own and person.may("plan.edit")),
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


async def comment_day(request: Request) -> Response:
    """A manager says something about somebody's day."""
    employee = await colleague_for(request.state.person, path_id(request), "plan.assign")
    return await comment_on(request, employee, f"/team/{employee.id}?day=")


async def answer_comment(request: Request) -> Response:
    """The employee answers on a day of their own."""
    return await comment_on(request, await actions.own_employee(request.state.person), "/plan?day=")


async def comment_on(request: Request, employee: Employee, back: str) -> Response:
    person: Person = request.state.person
    form = await read_form(request, CommentForm)
    day = form.value.on if not form.errors and form.value.on else branch_today()
    if not form.errors:
        try:
            await actions.comment_day(person, employee, day, form.value.comment)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"{back}{day}", toast=_("Comment saved."))
    return page(request, "plans/day.html", await plan_page(person, employee, day, form), status=422)


async def my_plan_of(request: Request) -> Response:
    """One's own plan of another day, to read."""
    person: Person = request.state.person
    employee = await actions.own_employee(person)
    return page(request, "plans/day.html", await plan_page(person, employee, asked_day(request)))


# --- progress -------------------------------------------------------------------------------------------------------


async def show_progress(request: Request) -> Response:
    """Plan completion, follow-ups and tasks of everybody over a period; this month unless asked otherwise."""
    person: Person = request.state.person
    form = read_query(request, PeriodForm)
    today = branch_today()
    period = asked_period(form, today)
    rows = await team_reads.progress_of(person, period)
    week = today - timedelta(days=today.weekday())
    view = ProgressPage(
        form=empty_form(from_on=period.first, to_on=period.last),
        period=period,
        scope=_(SCOPE_LABELS[reach(person, "plan.view").kind]),
        table=progress_table(rows),
        departments=department_table(rows),
        total=total(row.tally for row in rows),
        presets=[
            (_("This week"), f"/team/progress?from_on={week}&to_on={today}"),
            (_("This month"), "/team/progress"),
            (_("Last month"), _address(Month.containing(today).previous())),
        ],
    )
    return page(request, "plans/progress.html", view)


def _address(period: Period) -> str:
    return f"/team/progress?from_on={period.first}&to_on={period.last}"


def asked_period(form: Form[PeriodForm], today: date) -> Period:
    """The days asked for, the month so far when they make no period; at most a year."""
    first, last = Month.containing(today).first, today
    if not form.errors:
        last = form.value.to_on or last
        first = form.value.from_on or Month.containing(last).first
    if first > last:
        first = last
    first = max(first, last - timedelta(days=LONGEST_DAYS - 1))
    return Period(first, last + timedelta(days=1))


def count_columns() -> list[Column]:
    return [
        Column("completion", _("Completion"), "percent", phone="second"),
        Column("planned", _("Planned"), "number", phone="second"),
        Column("done", _("Done"), "number", phone="second"),
        Column("carried_over", _("Carried over"), "number"),
        Column("cancelled", _("Cancelled items"), "number"),
        Column("open", _("Open"), "number"),
        Column("followups", _("Follow-ups"), "number"),
        Column("tasks", _("Open tasks"), "number"),
        Column("late", _("Late tasks"), "number"),
        Column("tasks_done", _("Tasks done"), "number"),
    ]


def counts(rows: Sequence[team_reads.Progress]) -> dict[str, Any]:
    """The cells of one employee or of many."""
    counted = total(row.tally for row in rows)
    return {
        "completion": completion_bp(counted),
        "planned": counted.planned,
        "done": counted.done,
        "carried_over": counted.carried_over,
        "cancelled": counted.cancelled,
        "open": counted.open,
        "followups": sum(row.followups for row in rows),
        "tasks": sum(row.tasks_open for row in rows),
        "late": sum(row.tasks_late for row in rows),
        "tasks_done": sum(row.tasks_done for row in rows),
    }


def progress_table(rows: Sequence[team_reads.Progress]) -> TableView:
    """One line per employee, the sum below."""
    return TableView(
        key="progress",
        caption=_("Progress of the team"),
        columns=[
            Column("name", _("Full name"), phone="head"),
            Column("department", _("Department")),
            Column("days", _("Days with a plan"), "number"),
            *count_columns(),
        ],
        rows=[
            Row(
                {"name": row.name, "department": row.department or None, "days": row.days, **counts([row])},
                str(row.id),
                f"/team/{row.id}",
            )
            for row in rows
        ],
        total=Row(
            {"name": _("Total"), "department": None, "days": sum(row.days for row in rows), **counts(rows)},
            is_total=True,
        ),
        empty=Empty("nothing", _("Nobody works within your reach.")),
    )


def department_table(rows: Sequence[team_reads.Progress]) -> TableView | None:
    """One line per department; None when there is only one."""
    groups: dict[str, list[team_reads.Progress]] = {}
    for row in rows:
        groups.setdefault(row.department, []).append(row)
    if len(groups) < 2:
        return None
    return TableView(
        key="departments",
        caption=_("Progress of departments"),
        columns=[
            Column("name", _("Department"), phone="head"),
            Column("people", _("People"), "number"),
            *count_columns(),
        ],
        rows=[
            Row({"name": name or "—", "people": len(members), **counts(members)})
            for name, members in groups.items()
        ],
    )
