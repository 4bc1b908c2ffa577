"""The life of a quote. Pure; its arithmetic is that of orders."""

from datetime import date

from branch_node.transitions import moves
from shared.errors import Conflict
from shared.i18n import N_

QUOTATION = moves(
    {
        "draft": N_("Quote %(number)s is a draft. Edit it or send it to the customer."),
        "sent": N_(
            "Quote %(number)s was sent. Record the customer's answer, or begin the next round to change it."
        ),
        "accepted": N_("Quote %(number)s was accepted. Go on with its order."),
        "rejected": N_("Quote %(number)s was refused by the customer. Begin the next round to offer again."),
        "expired": N_("Quote %(number)s has expired. Begin the next round to offer again."),
        "superseded": N_("Quote %(number)s was replaced by a later round. Open that one."),
    },
    ("edit", "draft", "draft", "quotation.edit", "changed_by changed_at"),
    ("send", "draft", "sent", "quotation.edit", "sent_at changed_by"),
    ("accept", "sent", "accepted", "quotation.edit", "decided_at changed_by"),
    ("reject", "sent", "rejected", "quotation.edit", "decided_at changed_by"),
    ("expire", "sent", "expired", "quotation.edit", "decided_at"),
    ("revise", "sent rejected expired", "superseded", "quotation.edit", "decided_at changed_by"),
)


def require_valid(number: str, valid_until_on: date | None, today: date) -> None:
    """Conflict (quotation.expired) when the offer no longer holds; the last day is included."""
    if valid_until_on is not None and valid_until_on < today:
        raise Conflict(
            N_("Quote %(number)s was valid until %(day)s. Begin the next round to offer again."),
            code="quotation.expired",
            number=number,
            day=valid_until_on,
        )
