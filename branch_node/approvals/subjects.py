"""What a request is about, seen alike for orders, quotes and expenses: authors, hash, reasons, and its way into effect.

A document is locked before its request, everywhere: document, request, customer.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from branch_node import fiscal, rates
from branch_node.approvals.queries import ACTION_OF, approvers_for, credit_of, role_holders, rules_for
from branch_node.approvals.rules import (
    Approver,
    CreditStanding,
    StepRule,
    further_steps,
    needed_limit,
    reasons,
    require_no_hold,
)
from branch_node.expenses.rules import EXPENSE, expense_hash
from branch_node.home import home, today
from branch_node.lists import as_kind
from branch_node.orders.posting import put_into_effect
from branch_node.orders.rules import HASHED, HASHED_LINE, ORDER, document_hash
from shared import clock
from shared.canonical import canonical_json
from shared.database import fetch_all, find, find_all
from shared.errors import NotFound
from shared.money import Money
from shared.records import (
    ApprovalStep,
    Customer,
    Expense,
    Order,
    OrderLine,
    Quotation,
    QuotationLine,
)

Document = Order | Quotation | Expense
MODELS: Mapping[str, type[Document]] = {"order": Order, "quotation": Quotation, "expense": Expense}


@dataclass(frozen=True)
class Subject:
    """A document as an approver meets it. `lines` are those of orders and quotes, `credit` that of orders;
    `sellers` have a share of the order and count as authors."""

    entity: str
    row: Document
    number: str
    authors: frozenset[UUID]
    document_hash: str
    reasons: Sequence[Mapping[str, Any]]
    amount: Money
    customer: Customer | None = None
    credit: CreditStanding | None = None
    lines: Sequence[Any] = ()
    author_limit_bp: int = 0
    sellers: frozenset[UUID] = frozenset()

    @property
    def action(self) -> str:
        """The right that decides."""
        return ACTION_OF[self.entity]

    @property
    def seen(self) -> str:
        """Names what an approver saw: the document and the reasons. A decision that names another is refused."""
        return hashlib.sha256((self.document_hash + canonical_json(list(self.reasons))).encode()).hexdigest()[
            :20
        ]


LINES_IN_ORDER = "AND deleted_at IS NULL ORDER BY position, id"


def hash_of(row: Order | Quotation, lines: Sequence[OrderLine | QuotationLine]) -> str:
    """The hash of an order or quote with its lines in order."""
    return document_hash(
        {name: getattr(row, name) for name in HASHED if hasattr(row, name)},
        [{name: getattr(line, name) for name in HASHED_LINE} for line in lines],
    )


async def document_of(entity: str, entity_id: UUID, *, lock: bool) -> Document:
    """The document; locked until the transaction ends when asked. NotFound when there is none."""
    condition = "id = :id AND branch = :branch AND deleted_at IS NULL"
    row: Document | None = await find(MODELS[entity], condition, id=entity_id, branch=home().code, lock=lock)
    if row is None:
        raise NotFound()
    return row


async def subject_of(
    entity: str, entity_id: UUID, requested_by: UUID | None, *, lock: bool = False
) -> Subject:
    """The subject of a request as it is now, or as it would be if `requested_by` submitted it now.

    With `lock`, document and customer stay locked, so that two orders cannot use the same credit twice.
    """
    return await subject_from(
        entity, await document_of(entity, entity_id, lock=lock), requested_by, lock=lock
    )


async def subject_from(
    entity: str, row: Document, requested_by: UUID | None, *, lock: bool = False
) -> Subject:
    """The same from a row at hand."""
    if isinstance(row, Expense):
        return _expense_subject(row, requested_by)
    limit, sellers = await _author_and_sellers(requested_by, row.id)
    lines: Sequence[Any]
    if isinstance(row, Order):
        lines = await find_all(OrderLine, f"order_id = :id {LINES_IN_ORDER}", id=row.id)
    else:
        lines = await find_all(QuotationLine, f"quotation_id = :id {LINES_IN_ORDER}", id=row.id)
    customer = await find(Customer, "id = :id", id=row.customer_id, lock=lock)
    credit = None
    if isinstance(row, Order) and customer is not None:
        credit = await credit_of(customer, row.total_minor, row.currency, row.id)
    authors = {requested_by, row.owner_id, row.recorded_by, *(line.recorded_by for line in lines), *sellers}
    return Subject(
        entity,
        row,
        row.number,
        frozenset(one for one in authors if one is not None),
        hash_of(row, lines),
        reasons(effective_bp=row.effective_discount_bp, author_limit_bp=limit, credit=credit),
        Money(row.total_minor, row.currency),
        customer,
        credit,
        lines,
        limit,
        sellers,
    )


async def _author_and_sellers(author: UUID | None, document_id: UUID) -> tuple[int, frozenset[UUID]]:
    """The author's discount limit in basis points, and who has a share of the document. One query."""
    rows = await fetch_all(
        "SELECT e.discount_limit_bp AS limit_bp, s.employee_id AS seller FROM (SELECT 1 AS one) AS x "
        "LEFT JOIN employee e ON e.id = :author "
        "LEFT JOIN order_share s ON s.order_id = :document AND s.deleted_at IS NULL",
        author=author,
        document=document_id,
    )
    return int(rows[0]["limit_bp"] or 0), frozenset(
        as_kind(row["seller"], UUID) for row in rows if row["seller"]
    )


def _expense_subject(row: Expense, requested_by: UUID | None) -> Subject:
    authors = {requested_by, row.owner_id, row.recorded_by}
    return Subject(
        "expense",
        row,
        row.number,
        frozenset(one for one in authors if one is not None),
        expense_hash(row.category, row.happened_on, row.amount_minor, row.currency, row.description),
        (),
        Money(row.amount_minor, row.currency),
    )


async def asked_of(subject: Subject, step: ApprovalStep | None) -> tuple[list[Approver], int]:
    """Who may decide a step, and the discount limit it takes: the right over the document, or the role a rule names."""
    if step is not None and step.role_code:
        return await role_holders(step.role_code), 0
    approvers = await approvers_for(subject.action, subject.row.owner_id, subject.row.department_id)
    return approvers, needed_limit(subject.reasons)


async def rules_met(subject: Subject) -> list[StepRule]:
    """The rules that ask for further decisions about this document as it is."""
    rules = await rules_for(subject.entity)
    if not rules:
        return []
    rate = await rates.rate_to_base(subject.amount.currency, today())
    base = rates.to_base(subject.amount.minor, subject.amount.currency, rate)
    effective = getattr(subject.row, "effective_discount_bp", 0)
    return further_steps(rules, subject.reasons, base, effective)


async def approve(subject: Subject, approved_by: UUID) -> None:
    """Put a locked document into effect. Conflict for a customer on credit hold, a closed period, a missing rate.

    A quote has no effect of its own: the request that was approved lets it be sent.
    """
    row = subject.row
    if isinstance(row, Order):
        require_no_hold(subject.credit, subject.customer.name if subject.customer else "")
        await put_into_effect(row, approved_by, subject.document_hash, is_split=bool(subject.sellers))
    elif isinstance(row, Expense):
        await fiscal.require_open(row.happened_on)
        row.status = EXPENSE.target("approve", row.status, row.number)
        row.approved_at, row.approved_by, row.approved_on = clock.now(), approved_by, today()
        row.rate_e9 = await rates.rate_to_base(row.currency, row.happened_on)
        row.base_minor = rates.to_base(row.amount_minor, row.currency, row.rate_e9)
        await row.save()


async def reject(subject: Subject, reason: str) -> None:
    """Send a locked document back to its author with a reason."""
    row = subject.row
    if isinstance(row, Order):
        row.status = ORDER.target("reject", row.status, row.number)
        await row.save()
    elif isinstance(row, Expense):
        row.status = EXPENSE.target("reject", row.status, row.number)
        row.reject_reason = reason[:300]
        await row.save()
