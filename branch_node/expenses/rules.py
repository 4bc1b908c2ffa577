"""The life of an expense. Pure."""

from datetime import date

from branch_node.orders.rules import content_hash
from branch_node.transitions import moves
from shared.i18n import N_

EXPENSE = moves(
    {
        "draft": N_("Expense %(number)s is a draft. Edit it or submit it for approval."),
        "submitted": N_("Expense %(number)s waits for approval. Approve, refuse or withdraw it first."),
        "approved": N_(
            "Expense %(number)s is approved. Record its payment; enter a new one for anything further."
        ),
        "rejected": N_("Expense %(number)s was refused. Edit it and submit it again."),
        "paid": N_("Expense %(number)s is paid. Enter a new one for anything further."),
    },
    ("edit", "draft rejected", "draft", "expense.edit", "changed_by changed_at"),
    ("submit", "draft rejected", "submitted", "expense.edit", "submitted_at changed_by"),
    ("withdraw", "submitted", "draft", "expense.edit", "changed_by changed_at"),
    ("approve", "submitted", "approved", "expense.approve", "approved_by approved_at approved_on"),
    ("reject", "submitted", "rejected", "expense.approve", "reject_reason changed_by changed_at"),
    ("pay", "approved", "paid", "expense.pay", "paid_on changed_by changed_at"),
)
COUNTED = frozenset({"approved", "paid"})
"""States in which an expense counts in the figures."""


def expense_hash(category: str, happened_on: date, amount_minor: int, currency: str, description: str) -> str:
    """SHA-256 of what an approver of an expense agrees to."""
    return content_hash([category, happened_on.isoformat(), amount_minor, currency, description])
