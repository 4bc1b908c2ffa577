"""Rules of follow-ups: kinds, outcomes and the life of a planned contact. Pure."""

from collections.abc import Mapping
from datetime import date

from branch_node.transitions import moves
from shared.errors import Invalid
from shared.i18n import N_

KINDS: Mapping[str, str] = {
    "visit": N_("visit"),
    "call": N_("call"),
    "meeting": N_("meeting"),
    "mail": N_("e-mail"),
    "message": N_("message"),
}
ICONS: Mapping[str, str] = {
    "visit": "building-store",
    "call": "phone",
    "meeting": "users",
    "mail": "mail",
    "message": "message",
}
OUTCOMES: Mapping[str, str] = {
    "": N_("not noted"),
    "interested": N_("interested"),
    "quote_wanted": N_("wants a quote"),
    "order_near": N_("order is near"),
    "no_need": N_("no need now"),
    "not_reached": N_("not reached"),
    "complaint": N_("complaint"),
}

MOVES = moves(
    {
        "planned": N_('"%(number)s" is still to be done.'),
        "done": N_('"%(number)s" is done already.'),
        "cancelled": N_('"%(number)s" was cancelled. Plan a new one.'),
    },
    ("do", "planned", "done", "followup.edit", ""),
    ("cancel", "planned", "cancelled", "followup.edit", ""),
)


def check_days(happened_on: date | None, next_on: date | None, today: date) -> None:
    """A contact made lies not in the future, the next one not before today."""
    fields: dict[str, str] = {}
    if happened_on is not None and happened_on > today:
        fields["happened_on"] = N_("This day is still to come. Plan the contact instead.")
    if next_on is not None and next_on < today:
        fields["next_on"] = N_("The next contact lies in the past. Choose today or later.")
    if fields:
        raise Invalid(fields=fields)


def days_overdue(due_on: date, today: date) -> int:
    """Days past the date of the next contact; 0 on the day itself and before."""
    return max(0, (today - due_on).days)
