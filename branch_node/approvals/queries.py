"""Reads of approvals: what waits, who may decide it, why it needs somebody, how the customer's credit stands."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from branch_node import rates
from branch_node.approvals.rules import Approver, CreditStanding, Deputy, StepRule
from branch_node.home import home, today
from branch_node.lists import Cut, Paging, Sort, as_kind
from branch_node.staff.queries import person_by_id
from shared.canonical import from_micros
from shared.database import fetch_all, fetch_one, find, find_all
from shared.database.scope import reach_sql
from shared.errors import Conflict, NotFound
from shared.money import Money
from shared.permissions import Person, Scope, reach
from shared.records import ApprovalRequest, ApprovalRule, ApprovalStep, Customer

ACTION_OF: Mapping[str, str] = {
    "order": "order.approve",
    "quotation": "order.approve",
    "expense": "expense.approve",
}
"""The right that decides requests about each kind of document."""
VIEW_OF: Mapping[str, str] = {"order": "order.view", "quotation": "quotation.view", "expense": "expense.view"}
URL_OF: Mapping[str, str] = {"order": "/orders", "quotation": "/quotes", "expense": "/expenses"}

SORTS: Mapping[str, Sort] = {"asked": Sort("r.recorded_at", int), "amount": Sort("r.amount_minor", int)}


# --- who may decide ---------------------------------------------------------------------------------------------

APPROVERS_SQL = """
WITH RECURSIVE
  up_department(id, parent_id, manager_id) AS (
    SELECT id, parent_id, manager_id FROM department WHERE id = :department AND deleted_at IS NULL
    UNION SELECT d.id, d.parent_id, d.manager_id FROM department d JOIN up_department u ON d.id = u.parent_id
      WHERE d.deleted_at IS NULL),
  up_staff(id, manager_id) AS (
    SELECT id, manager_id FROM employee WHERE id = :owner
    UNION SELECT e.id, e.manager_id FROM employee e JOIN up_staff s ON e.id = s.manager_id WHERE e.deleted_at IS NULL)
SELECT e.id, e.name, e.discount_limit_bp, g.scope,
  CASE WHEN e.department_id IN (SELECT id FROM up_department)
    OR e.id IN (SELECT manager_id FROM up_department) THEN 1 ELSE 0 END AS has_department,
  CASE WHEN e.id IN (SELECT id FROM up_staff) THEN 1 ELSE 0 END AS has_owner
FROM employee e
JOIN employee_role r ON r.employee_id = e.id AND r.deleted_at IS NULL
JOIN role_grant g ON g.role_code = r.role_code AND g.action = :action AND g.deleted_at IS NULL
WHERE e.branch = :branch AND e.active = :yes AND e.deleted_at IS NULL
ORDER BY e.id"""


async def approvers_for(action: str, owner_id: UUID | None, department_id: UUID | None) -> list[Approver]:
    """Everybody at work who has the right `action` over a document of this owner and department, by id.

    The same rows that `reach(person, action).covers` allows, found in one query.
    """
    rows = await fetch_all(
        APPROVERS_SQL, action=action, owner=owner_id, department=department_id, branch=home().code, yes=True
    )
    found: dict[UUID, Approver] = {}
    for row in rows:
        scope = Scope(row["scope"])
        covers = scope >= Scope.BRANCH or (owner_id is not None and row["has_owner"])
        if covers or (scope is Scope.DEPARTMENT and row["has_department"]):
            row_id = as_kind(row["id"], UUID)
            found[row_id] = Approver(row_id, row["name"], int(row["discount_limit_bp"]))
    return list(found.values())


async def role_holders(role_code: str) -> list[Approver]:
    """Everybody at work who holds a role, by id: who decides a step that a rule asks of that role."""
    rows = await fetch_all(
        "SELECT DISTINCT e.id, e.name FROM employee e JOIN employee_role r ON r.employee_id = e.id AND r.deleted_at IS NULL "
        "WHERE r.role_code = :role AND e.branch = :branch AND e.active = :yes AND e.deleted_at IS NULL ORDER BY e.id",
        role=role_code,
        branch=home().code,
        yes=True,
    )
    return [Approver(as_kind(row["id"], UUID), row["name"], 10_000) for row in rows]


async def rules_for(entity: str) -> list[StepRule]:
    """The rules in force that ask for further decisions about a kind of document."""
    condition = "branch = :branch AND entity = :entity AND active = :yes AND deleted_at IS NULL"
    rows = await find_all(ApprovalRule, condition, branch=home().code, entity=entity, yes=True)
    return [StepRule(row.name, row.when, row.threshold, row.role_code, row.position) for row in rows]


async def current_step(request_id: UUID) -> ApprovalStep | None:
    """The first step of a request that nobody has decided; None when all are."""
    return (await next_steps(request_id))[0]


async def next_steps(request_id: UUID) -> tuple[ApprovalStep | None, ApprovalStep | None]:
    """The first step of a request that nobody has decided and the one behind it; None for what there is not."""
    condition = "request_id = :id AND status = 'waiting' AND deleted_at IS NULL ORDER BY position, id"
    first, second, *_further = [*await find_all(ApprovalStep, condition, id=request_id), None, None]
    return first, second


async def deputies_on(day: date) -> list[Deputy]:
    """Everybody who stands in for somebody on a day."""
    rows = await fetch_all(
        "SELECT employee_id, deputy_id, from_on, until_on FROM delegation WHERE from_on <= :day AND until_on >= :day "
        "AND deleted_at IS NULL AND branch = :branch",
        day=day,
        branch=home().code,
    )
    return [
        Deputy(
            as_kind(row["employee_id"], UUID),
            as_kind(row["deputy_id"], UUID),
            as_kind(row["from_on"], date),
            as_kind(row["until_on"], date),
        )
        for row in rows
    ]


# --- credit -----------------------------------------------------------------------------------------------------

CREDIT_SQL = """
SELECT CAST(COALESCE(SUM(r.base_minor - r.received_base_minor - r.credited_base_minor - r.written_off_base_minor), 0)
    AS BIGINT) AS open_minor,
  CAST(COALESCE(SUM(CASE WHEN o.shipped_on IS NULL THEN
    r.base_minor - r.received_base_minor - r.credited_base_minor - r.written_off_base_minor ELSE 0 END), 0)
    AS BIGINT) AS undelivered_minor
FROM receivable r JOIN sales_order o ON o.id = r.order_id
WHERE r.branch = :branch AND r.customer_id = :customer AND r.cancelled_on IS NULL AND r.deleted_at IS NULL
  AND r.order_id <> :order"""


async def credit_of(
    customer: Customer, total_minor: int, currency: str, order_id: UUID | None = None
) -> CreditStanding:
    """The customer's credit with a document of `total_minor`, in the base currency at today's rates.

    The order itself is left out of what is open. Conflict when a rate is missing.
    """
    day = today()
    row = await fetch_one(CREDIT_SQL, branch=home().code, customer=customer.id, order=order_id or UUID(int=0))
    assert row is not None
    amount = rates.to_base(total_minor, currency, await rates.rate_to_base(currency, day))
    return CreditStanding(
        customer.credit_limit_minor,
        int(row["open_minor"]),
        int(row["undelivered_minor"]),
        amount,
        customer.credit_hold,
    )


async def credit_or_none(
    customer: Customer | None, total_minor: int, currency: str, order_id: UUID | None = None
) -> CreditStanding | None:
    """The same for showing while somebody types: None without a customer or while a rate is missing."""
    if customer is None:
        return None
    try:
        return await credit_of(customer, total_minor, currency, order_id)
    except Conflict:
        return None


# --- what waits -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RequestRow:
    """A line of the waiting list."""

    id: UUID
    entity: str
    entity_id: UUID
    number: str
    about: str
    requested_by: str
    requested_at: datetime
    amount: Money
    reasons: Sequence[Mapping[str, Any]]
    status: str
    decided_by: str
    acted_for: str
    comment: str


@dataclass(frozen=True)
class Filter:
    """Which requests: `mine` to decide, those one `asked`, or `decided` ones."""

    which: str = "mine"
    entity: str = ""


LIST_SQL = """
SELECT r.id, r.entity, r.entity_id, r.recorded_at, r.amount_minor, r.currency, r.reasons, r.status,
  COALESCE(o.number, q.number, x.number) AS number, COALESCE(c.name, x.description, '') AS about,
  e.name AS requested_by, s.comment, d.name AS decided_by, f.name AS acted_for, {sort} AS sort_value
FROM approval_request r
LEFT JOIN sales_order o ON r.entity = 'order' AND o.id = r.entity_id
LEFT JOIN quotation q ON r.entity = 'quotation' AND q.id = r.entity_id
LEFT JOIN expense x ON r.entity = 'expense' AND x.id = r.entity_id
LEFT JOIN customer c ON c.id = COALESCE(o.customer_id, q.customer_id)
LEFT JOIN employee e ON e.id = r.requested_by
LEFT JOIN approval_step s ON s.request_id = r.id AND s.deleted_at IS NULL AND s.position = COALESCE(
  (SELECT MIN(w.position) FROM approval_step w WHERE w.request_id = r.id AND w.status = 'waiting'
    AND w.deleted_at IS NULL AND r.status = 'waiting'),
  (SELECT MAX(w.position) FROM approval_step w WHERE w.request_id = r.id AND w.status <> 'waiting'
    AND w.deleted_at IS NULL), 1)
LEFT JOIN employee d ON d.id = s.decided_by
LEFT JOIN employee f ON f.id = s.acted_for
WHERE r.branch = :branch AND r.deleted_at IS NULL AND {where} AND {page} {order}"""
OWNER = "COALESCE(o.owner_id, q.owner_id, x.owner_id)"
DEPARTMENT = "COALESCE(o.department_id, q.department_id, x.department_id)"


async def decidable(person: Person, day: date) -> tuple[str, dict[str, Any]]:
    """SQL: requests that lie in the reach of the person, or of somebody the person stands in for today."""
    quality = [person]
    for row in await deputies_on(day):
        if row.deputy_id == person.id and (absent := await person_by_id(row.employee_id)) is not None:
            quality.append(absent)
    clauses: list[str] = []
    params: dict[str, Any] = {}
    for place, one in enumerate(quality):
        for entity, action in ACTION_OF.items():
            if one.may(action):
                scope, more = reach_sql(
                    reach(one, action), OWNER, DEPARTMENT, "r.branch", prefix=f"q{place}_{entity}"
                )
                clauses.append(f"(r.entity = '{entity}' AND COALESCE(s.role_code, '') = '' AND {scope})")
                params |= more
    params["qualities"] = [one.id for one in quality]
    clauses.append(
        "s.role_code IN (SELECT g.role_code FROM employee_role g WHERE g.employee_id IN :qualities "
        "AND g.deleted_at IS NULL)"
    )
    return "(" + " OR ".join(clauses) + ")", params


async def requests_page(person: Person, filters: Filter, paging: Paging) -> Cut[RequestRow]:
    """One page of requests; never anybody's own among those to decide."""
    where, params = await _where(person, filters)
    page, order, more = paging.sql("r.id")
    sql = LIST_SQL.format(sort=paging.sort.expression, where=where, page=page, order=order)
    cut = paging.cut(await fetch_all(sql, branch=home().code, **params, **more))
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


async def _where(person: Person, filters: Filter) -> tuple[str, dict[str, Any]]:
    clauses: list[str] = []
    params: dict[str, Any] = {"me": person.id}
    if filters.which == "asked":
        clauses.append("r.requested_by = :me")
    elif filters.which == "decided":
        scope, more = await decidable(person, today())
        clauses.append(f"r.status IN ('approved', 'rejected') AND (s.decided_by = :me OR {scope})")
        params |= more
    else:
        scope, more = await decidable(person, today())
        clauses.append(
            f"r.status = 'waiting' AND {scope} AND r.requested_by <> :me AND ({OWNER} IS NULL OR {OWNER} <> :me)"
        )
        params |= more
    if filters.entity:
        clauses.append("r.entity = :entity")
        params["entity"] = filters.entity
    return " AND ".join(clauses), params


def _row(row: Mapping[str, Any]) -> RequestRow:
    return RequestRow(
        as_kind(row["id"], UUID),
        row["entity"],
        as_kind(row["entity_id"], UUID),
        row["number"] or "",
        row["about"],
        row["requested_by"] or "",
        from_micros(int(row["recorded_at"])),
        Money(int(row["amount_minor"]), row["currency"]),
        json.loads(row["reasons"]),
        row["status"],
        row["decided_by"] or "",
        row["acted_for"] or "",
        row["comment"] or "",
    )


async def waiting_request(entity: str, entity_id: UUID) -> ApprovalRequest | None:
    """The request about a document that nobody has decided yet."""
    condition = "entity = :entity AND entity_id = :id AND status = 'waiting' AND branch = :branch AND deleted_at IS NULL"
    return await find(ApprovalRequest, condition, entity=entity, id=entity_id, branch=home().code)


async def request_by_id(request_id: UUID) -> ApprovalRequest:
    """The request; NotFound when there is none. Whether somebody may see or decide it is asked of its document."""
    found = await find(
        ApprovalRequest,
        "id = :id AND branch = :branch AND deleted_at IS NULL",
        id=request_id,
        branch=home().code,
    )
    if found is None:
        raise NotFound()
    return found


@dataclass(frozen=True)
class DecidedStep:
    """A step of a request: the rule that asks for it ("" for the first), and what was decided, if anything was."""

    status: str
    rule: str
    role_code: str
    decided_by: str
    acted_for: str
    decided_at: datetime | None
    comment: str


@dataclass(frozen=True)
class Decided:
    """A request about a document with its steps in order."""

    id: UUID
    status: str
    requested_by: str
    requested_at: datetime
    reasons: Sequence[Mapping[str, Any]]
    steps: list[DecidedStep]


REQUESTS_SQL = """
SELECT r.id, r.status, r.recorded_at, r.reasons, e.name AS requested_by, d.name AS decided_by, f.name AS acted_for,
  s.status AS step_status, s.reason, s.role_code, s.decided_at, s.comment
FROM approval_request r
LEFT JOIN approval_step s ON s.request_id = r.id AND s.deleted_at IS NULL
LEFT JOIN employee e ON e.id = r.requested_by
LEFT JOIN employee d ON d.id = s.decided_by
LEFT JOIN employee f ON f.id = s.acted_for
WHERE r.entity = :entity AND r.entity_id = :id AND r.deleted_at IS NULL
ORDER BY r.recorded_at DESC, r.id DESC, s.position LIMIT 60"""


async def requests_of(entity: str, entity_id: UUID) -> list[Decided]:
    """The requests about a document with their decisions, newest first. One query."""
    found: dict[UUID, Decided] = {}
    for row in await fetch_all(REQUESTS_SQL, entity=entity, id=entity_id):
        row_id = as_kind(row["id"], UUID)
        one = found.setdefault(
            row_id,
            Decided(
                row_id,
                row["status"],
                row["requested_by"] or "",
                from_micros(int(row["recorded_at"])),
                json.loads(row["reasons"]),
                [],
            ),
        )
        if row["step_status"] is not None:
            one.steps.append(_decided_step(row))
    return list(found.values())


def _decided_step(row: Mapping[str, Any]) -> DecidedStep:
    return DecidedStep(
        row["step_status"],
        row["reason"],
        row["role_code"],
        row["decided_by"] or "",
        row["acted_for"] or "",
        from_micros(int(row["decided_at"])) if row["decided_at"] is not None else None,
        row["comment"] or "",
    )
