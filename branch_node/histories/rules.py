"""Which records have a history page, and which of their fields are told, in which words. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.i18n import N_

# How a value is told: text as it stands, a state, money of the row's currency, basis points, a person, a customer, yes or no, a
# code, sellers with their shares.
STATUS, MONEY, SHARE, PERSON, CUSTOMER, TICK, CODE, SPLIT = (
    "status",
    "money",
    "share",
    "person",
    "customer",
    "tick",
    "code",
    "split",
)


@dataclass(frozen=True)
class Told:
    """A column that the history tells, or the split of an order between sellers: its label and how the value is written."""

    label: str
    kind: str = "text"


@dataclass(frozen=True)
class Kind:
    """A kind of record: its word, table, address, and what is told. The first column of `title` that has a value
    names one."""

    word: str
    table: str
    url: str
    title: str
    told: Mapping[str, Told]


_STATE = Told(N_("State"), STATUS)
_OWNER = Told(N_("Owner"), PERSON)
_NOTES = Told(N_("Notes"))
_CUSTOMER = Told(N_("Customer"), CUSTOMER)
_DAY = Told(N_("Day"))

KINDS: Mapping[str, Kind] = {
    "orders": Kind(
        N_("order"), "sales_order", "/orders", "number",
        {
            "status": _STATE, "customer_id": _CUSTOMER, "owner_id": _OWNER, "split": Told(N_("Seller split"), SPLIT),
            "total_minor": Told(N_("Total"), MONEY), "discount_minor": Told(N_("Discount"), MONEY),
            "effective_discount_bp": Told(N_("Effective discount"), SHARE),
            "payment_terms_days": Told(N_("Payment terms")), "ship_to": Told(N_("Ship to")),
            "required_on": Told(N_("Wanted by")), "approved_on": Told(N_("Approved on")),
            "approved_by": Told(N_("Approved by"), PERSON), "shipped_on": Told(N_("Shipped on")),
            "cancelled_on": Told(N_("Cancelled on")), "cancel_reason": Told(N_("Reason")),
            "is_disputed": Told(N_("Disputed"), TICK), "on_hold": Told(N_("On hold"), TICK), "notes": _NOTES,
        },
    ),
    "quotes": Kind(
        N_("quote"), "quotation", "/quotes", "number",
        {
            "status": _STATE, "customer_id": _CUSTOMER, "owner_id": _OWNER, "round": Told(N_("Round")),
            "total_minor": Told(N_("Total"), MONEY), "discount_minor": Told(N_("Discount"), MONEY),
            "effective_discount_bp": Told(N_("Effective discount"), SHARE), "valid_until_on": Told(N_("Valid until")),
            "terms": Told(N_("Terms")),
        },
    ),
    "receipts": Kind(
        N_("receipt"), "receipt", "/receipts", "number",
        {
            "status": _STATE, "customer_id": _CUSTOMER, "amount_minor": Told(N_("Amount"), MONEY),
            "allocated_minor": Told(N_("Allocated"), MONEY), "happened_on": _DAY, "reference": Told(N_("Reference")),
            "reversed_on": Told(N_("Reversed on")), "reverse_reason": Told(N_("Reason")), "notes": _NOTES,
        },
    ),
    "expenses": Kind(
        N_("expense"), "expense", "/expenses", "number",
        {
            "status": _STATE, "owner_id": _OWNER, "amount_minor": Told(N_("Amount"), MONEY), "happened_on": _DAY,
            "description": Told(N_("What for")),
        },
    ),
    "opportunities": Kind(
        N_("opportunity"), "opportunity", "/opportunities", "title",
        {
            "title": Told(N_("What it is about")), "stage": Told(N_("Stage"), CODE), "customer_id": _CUSTOMER,
            "owner_id": _OWNER, "amount_minor": Told(N_("Amount"), MONEY),
            "probability_percent": Told(N_("Probability")), "expected_on": Told(N_("Expected close")),
            "closed_on": Told(N_("Decided on")), "competitor": Told(N_("Competitor")),
            "lost_reason": Told(N_("Lost because of"), CODE), "notes": _NOTES,
        },
    ),
    "followups": Kind(
        N_("follow-up"), "activity", "/followups", "subject",
        {
            "status": _STATE, "subject": Told(N_("Subject")), "owner_id": _OWNER, "planned_on": Told(N_("Planned for")),
            "happened_on": _DAY, "next_on": Told(N_("Next contact")), "notes": Told(N_("What was said")),
        },
    ),
    "feedback": Kind(
        N_("feedback"), "feedback", "/feedback", "subject",
        {
            "status": _STATE, "subject": Told(N_("Subject")), "assigned_to": Told(N_("Handled by"), PERSON),
            "text": Told(N_("What was said")), "answer": Told(N_("Answer")),
        },
    ),
    "tasks": Kind(
        N_("task"), "task", "/tasks", "title",
        {
            "status": _STATE, "title": Told(N_("Task")), "details": Told(N_("Details")),
            "employee_id": Told(N_("For"), PERSON), "due_on": Told(N_("Due on")), "comment": Told(N_("Comments")),
        },
    ),
    "staff": Kind(
        N_("employee"), "employee", "/staff", "name",
        {
            "name": Told(N_("Full name")), "number": Told(N_("Number")), "email": Told(N_("E-mail")),
            "phone": Told(N_("Telephone")), "position": Told(N_("Position")), "manager_id": Told(N_("Manager"), PERSON),
            "active": Told(N_("Works here"), TICK), "left_on": Told(N_("Last day")),
            "discount_limit_bp": Told(N_("Discount limit"), SHARE),
        },
    ),
}  # fmt: skip
