"""Reads of plans: My day, the team's day, the customer behind an @name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import as_kind, like
from branch_node.plans.rules import (
    Left,
    Line,
    Recorded,
    Tally,
    name_candidates,
    proof_of,
    still_waiting,
    tally,
)
from branch_node.searching import plain, words
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.errors import NotFound
from shared.money import Money
from shared.permissions import Person, reach
from shared.records import DailyPlan, PlanItem

WAITING_DAYS = 30
TASKS_SHOWN = 10


@dataclass(frozen=True)
class Item:
    """A line of a plan as a page shows it."""

    id: UUID
    position: int
    at_time: str
    kind: str
    text: str
    customer_id: UUID | None
    customer: str
    important: bool
    status: str
    result: str
    origin_id: UUID | None
    carried_count: int
    is_addition: bool
    happened_on: date
    task_id: UUID | None
    proof_kind: str = ""
    proof_id: UUID | None = None
    found: Recorded | None = None


@dataclass(frozen=True)
class GivenTask:
    """A task that somebody gave and that is not finished."""

    id: UUID
    title: str
    status: str
    by: str
    customer: str
    due_on: date | None


@dataclass(frozen=True)
class Due:
    """What the day asks for beside the plan: follow-ups due, planned visits and calls, money due from customers,
    directives that wait to be acknowledged or are due."""

    followups: int = 0
    overdue_followups: int = 0
    receivables: int = 0
    receivables_amount: Money | None = None
    directives: int = 0
    late_directives: int = 0

    @property
    def is_something(self) -> bool:
        return bool(self.followups or self.overdue_followups or self.receivables or self.directives)


@dataclass(frozen=True)
class PlanDay:
    """A plan of one day with everything My day shows."""

    day: date
    status: str
    note: str
    submitted_at: datetime | None
    closed_at: datetime | None
    items: Sequence[Item]
    comments: Sequence[str] = ()
    waiting: Sequence[Item] = ()
    tasks: Sequence[GivenTask] = ()
    due: Due = field(default_factory=Due)

    @property
    def tally(self) -> Tally:
        return tally((item.status, item.is_addition) for item in self.items)


ITEMS_SQL = """
SELECT i.id, i.position, i.at_time, i.kind, i.text, i.customer_id, c.name AS customer, i.important, i.status,
  i.result, i.origin_id, i.carried_count, i.is_addition, i.happened_on, i.task_id, i.proof_kind, i.proof_id
FROM plan_item i LEFT JOIN customer c ON c.id = i.customer_id
WHERE i.employee_id = :employee AND i.deleted_at IS NULL AND (i.happened_on = :day
  OR (i.happened_on < :day AND i.happened_on >= :since
      AND (i.status IN ('planned', 'carried_over') OR i.origin_id IS NOT NULL)))
ORDER BY i.happened_on, i.position, i.id
"""

# One statement for the tasks and for what is due, told apart by `kind`.
ASKED_SQL = """
SELECT * FROM (SELECT 'task' AS kind, CAST(t.id AS VARCHAR(36)) AS id, t.title AS text, t.status AS state, e.name AS who,
  c.name AS customer, CAST(t.due_on AS VARCHAR(10)) AS day, 0 AS amount, 1 AS n
  FROM task t LEFT JOIN employee e ON e.id = t.assigned_by LEFT JOIN customer c ON c.id = t.customer_id
  WHERE t.employee_id = :employee AND t.status IN ('open', 'accepted') AND t.deleted_at IS NULL
  ORDER BY t.due_on IS NULL, t.due_on, t.id LIMIT {tasks}) AS tasks
UNION ALL
SELECT 'followup', '', '', CASE WHEN next_contact_on < :day THEN 'overdue' ELSE 'today' END, '', '', '', 0, count(*)
  FROM customer WHERE owner_id = :employee AND branch = :branch AND next_contact_on <= :day
  AND status IN ('prospect', 'customer') AND deleted_at IS NULL
  GROUP BY 4
UNION ALL
SELECT 'receivable', '', '', currency, '', '', '',
  CAST(sum(amount_minor - received_minor - credited_minor - written_off_minor) AS BIGINT), count(*)
  FROM receivable WHERE owner_id = :employee AND branch = :branch AND due_on <= :day AND cancelled_on IS NULL
  AND deleted_at IS NULL AND amount_minor > received_minor + credited_minor + written_off_minor GROUP BY currency
UNION ALL
SELECT 'directive', '', '', CASE WHEN d.deadline_on < :day THEN 'late' ELSE 'open' END, '', '', '', 0, count(*)
  FROM directive d LEFT JOIN directive_receipt x ON x.directive_id = d.id AND x.employee_id = :employee
    AND x.branch = :branch AND x.deleted_at IS NULL
  WHERE d.issued_at IS NOT NULL AND d.withdrawn_at IS NULL AND d.deleted_at IS NULL AND d.id IN
    (SELECT directive_id FROM directive_recipient WHERE employee_id = :employee AND deleted_at IS NULL)
    AND (x.id IS NULL OR x.status IN ('delivered', 'read') OR (x.status = 'acknowledged' AND d.deadline_on <= :day))
  GROUP BY 4
"""

RECORDED_SQL = """
SELECT kind, CAST(id AS VARCHAR(36)) AS id, CAST(customer_id AS VARCHAR(36)) AS customer_id, subject AS label
  FROM activity WHERE owner_id = :employee AND happened_on = :day AND status = 'done' AND deleted_at IS NULL
UNION ALL SELECT 'quotation', CAST(id AS VARCHAR(36)), CAST(customer_id AS VARCHAR(36)), number
  FROM quotation WHERE owner_id = :employee AND branch = :branch AND happened_on = :day AND deleted_at IS NULL
UNION ALL SELECT 'order', CAST(id AS VARCHAR(36)), CAST(customer_id AS VARCHAR(36)), number
  FROM sales_order WHERE owner_id = :employee AND branch = :branch AND happened_on = :day AND deleted_at IS NULL
UNION ALL SELECT 'receipt', CAST(id AS VARCHAR(36)), CAST(customer_id AS VARCHAR(36)), number
  FROM receipt WHERE owner_id = :employee AND branch = :branch AND happened_on = :day AND status = 'posted' AND deleted_at IS NULL
"""


async def day_of(employee_id: UUID, day: date, *, is_own: bool) -> PlanDay:
    """The plan of an employee and date. With `is_own` also what waits from earlier days, tasks, what is due, and
    for each open item the record that shows it was done. At most four queries."""
    plan = await DailyPlan.filter(employee_id=employee_id, happened_on=day, deleted_at=None).first()
    rows = await fetch_all(
        ITEMS_SQL, employee=employee_id, day=day, since=day - timedelta(days=WAITING_DAYS if is_own else 0)
    )
    items = [_item(row) for row in rows]
    todays = [item for item in items if item.happened_on == day]
    asked: Mapping[str, list[Mapping[str, Any]]] = {}
    waiting: Sequence[Item] = ()
    if is_own:
        waiting = _waiting(items, day)
        todays = await _with_proofs(todays, employee_id, day)
        asked = await _asked(employee_id, day)
    return PlanDay(
        day=day,
        status=plan.status if plan else "draft",
        note=plan.note if plan else "",
        submitted_at=plan.submitted_at if plan else None,
        closed_at=plan.closed_at if plan else None,
        items=todays,
        comments=plan.comment.splitlines() if plan else (),
        waiting=waiting,
        tasks=[_task(row) for row in asked.get("task", ())],
        due=_due(asked),
    )


def _item(row: Mapping[str, Any]) -> Item:
    return Item(
        id=as_kind(row["id"], UUID), position=row["position"], at_time=row["at_time"], kind=row["kind"],
        text=row["text"], customer_id=as_kind(row["customer_id"], UUID), customer=row["customer"] or "",
        important=bool(row["important"]), status=row["status"], result=row["result"],
        origin_id=as_kind(row["origin_id"], UUID), carried_count=row["carried_count"],
        is_addition=bool(row["is_addition"]), happened_on=as_kind(row["happened_on"], date),
        task_id=as_kind(row["task_id"], UUID), proof_kind=row["proof_kind"], proof_id=as_kind(row["proof_id"], UUID),
    )  # fmt: skip


def _waiting(items: Sequence[Item], day: date) -> list[Item]:
    earlier = {item.id: item for item in items if item.happened_on < day}
    lefts = [
        Left(item.id, item.origin_id, item.carried_count, item.status, item.happened_on)
        for item in earlier.values()
    ]
    followers = [(item.origin_id, item.carried_count) for item in items if item.origin_id is not None]
    return [earlier[left.id] for left in still_waiting(lefts, followers)]


async def _with_proofs(items: Sequence[Item], employee_id: UUID, day: date) -> list[Item]:
    """Each open item of a customer with the record that fits it; no query when no item could have one."""
    from dataclasses import replace

    if not any(item.status == "planned" and item.customer_id for item in items):
        return list(items)
    records = await recorded_on(employee_id, day)
    used = {item.proof_id for item in items if item.proof_id is not None}
    shown: list[Item] = []
    for item in items:
        found = proof_of(item.kind, item.customer_id, records, used) if item.status == "planned" else None
        if found is not None:
            used.add(found.id)
        shown.append(replace(item, found=found) if found else item)
    return shown


async def recorded_on(employee_id: UUID, day: date) -> list[Recorded]:
    """Activities, quotations, orders and receipts of an employee on a day."""
    rows = await fetch_all(RECORDED_SQL, employee=employee_id, day=day, branch=home().code)
    return [
        Recorded(row["kind"], UUID(row["id"]), as_kind(row["customer_id"], UUID), row["label"])
        for row in rows
    ]


async def _asked(employee_id: UUID, day: date) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    rows = await fetch_all(
        ASKED_SQL.format(tasks=TASKS_SHOWN), employee=employee_id, day=day, branch=home().code
    )
    for row in rows:
        found.setdefault(row["kind"], []).append(row)
    return found


def _task(row: Mapping[str, Any]) -> GivenTask:
    return GivenTask(
        UUID(row["id"]), row["text"], row["state"], row["who"] or "", row["customer"] or "",
        as_kind(row["day"], date) if row["day"] else None,
    )  # fmt: skip


def _due(asked: Mapping[str, Sequence[Mapping[str, Any]]]) -> Due:
    followups = {row["state"]: int(row["n"]) for row in asked.get("followup", ())}
    money = [row for row in asked.get("receivable", ()) if row["state"] == home().currency]
    directives = {row["state"]: int(row["n"]) for row in asked.get("directive", ())}
    return Due(
        directives=sum(directives.values()),
        late_directives=directives.get("late", 0),
        followups=followups.get("today", 0),
        overdue_followups=followups.get("overdue", 0),
        receivables=sum(int(row["n"]) for row in asked.get("receivable", ())),
        receivables_amount=Money(int(money[0]["amount"]), home().currency) if money else None,
    )


async def item_for(person: Person, item_id: UUID, action: str = "plan.edit") -> PlanItem:
    """The item if it is the person's own or within reach of `action`; NotFound otherwise."""
    item = await PlanItem.get_or_none(id=item_id, branch=home().code, deleted_at=None)
    if item is None:
        raise NotFound()
    if item.employee_id != person.id and not reach(person, action).covers(
        owner=item.employee_id, department=item.department_id
    ):
        raise NotFound()
    return item


async def resolve_customer(person: Person, line: Line) -> tuple[Line, UUID | None]:
    """Look up what stood after @ among the customers within reach: an exact name first, else the one customer
    found by the first word. Not found: it goes back into the text, so nothing typed is lost. One query."""
    from dataclasses import replace

    if not line.customer:
        return line, None
    condition, params = reach_sql(reach(person, "customer.view"), "c.owner_id", "c.department_id")
    candidates = name_candidates(line.customer)
    first = words(line.customer)[:1] or [plain(line.customer)]
    rows = await fetch_all(
        "SELECT c.id, c.name FROM customer c WHERE c.branch = :branch AND c.deleted_at IS NULL "
        f"AND c.merged_into_id IS NULL AND {condition} AND (lower(c.name) IN :names OR c.search_key LIKE :word ESCAPE '!') "
        "ORDER BY CASE WHEN lower(c.name) IN :names THEN 0 ELSE 1 END, c.last_contact_on IS NULL, c.last_contact_on DESC "
        "LIMIT 20",
        branch=home().code,
        names=[plain(name) for name, _ in candidates],
        word=like(first[0]),
        **params,
    )
    by_name = {plain(row["name"]): row for row in rows}
    for name, rest in candidates:
        if plain(name) in by_name:
            found = by_name[plain(name)]
            return replace(line, text=" ".join([line.text, rest]).strip()), as_kind(found["id"], UUID)
    if len(rows) == 1:
        rest = candidates[-1][1] if candidates else ""
        return replace(line, text=" ".join([line.text, rest]).strip()), as_kind(rows[0]["id"], UUID)
    return replace(line, text=f"{line.text} @{line.customer}".strip()), None
