"""Kinds of messages, and how a message's values are kept so that everybody reads it in his own language. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.i18n import N_
from shared.money import Money


@dataclass(frozen=True)
class Kind:
    """A kind of message: its name on the page, and whether it goes by mail unless somebody chose otherwise."""

    label: str
    by_mail: bool = False


KINDS: Mapping[str, Kind] = {
    "approval": Kind(N_("Something waits for your approval"), by_mail=True),
    "decided": Kind(N_("Your document was approved or refused")),
    "due_soon": Kind(N_("A customer's payment falls due soon")),
    "promise": Kind(N_("A customer broke a promise to pay"), by_mail=True),
    "step_late": Kind(N_("A step of an order is late")),
    "work": Kind(N_("Work was given to you"), by_mail=True),
    "answer": Kind(N_("What you gave or entered was answered or finished")),
    "directive": Kind(N_("A directive arrived from headquarters"), by_mail=True),
}


def packed(params: Mapping[str, object]) -> dict[str, Any]:
    """Values of a message as plain JSON: money and days keep what they are."""
    found: dict[str, Any] = {}
    for name, value in params.items():
        if isinstance(value, Money):
            found[name] = {"minor": value.minor, "currency": value.currency}
        elif isinstance(value, date):
            found[name] = {"day": value.isoformat()}
        else:
            found[name] = value if isinstance(value, int) else str(value)
    return found


def unpacked(params: Mapping[str, Any]) -> dict[str, object]:
    """The values that `packed` kept."""
    found: dict[str, object] = {}
    for name, value in params.items():
        if isinstance(value, Mapping) and "minor" in value:
            found[name] = Money(int(value["minor"]), str(value["currency"]))
        elif isinstance(value, Mapping) and "day" in value:
            found[name] = date.fromisoformat(value["day"])
        else:
            found[name] = value
    return found
