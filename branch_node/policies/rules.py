"""What a branch decides about selling: when a document needs a further decision, kinds of steps and of expenses. Pure."""

from collections.abc import Mapping

from shared.errors import Invalid
from shared.i18n import N_
from shared.money import parse_amount
from shared.web.forms import parse_decimal, require_least

ENTITIES: Mapping[str, str] = {"order": N_("Orders"), "quotation": N_("Quotes"), "expense": N_("Expenses")}
WHENS: Mapping[str, str] = {
    "amount": N_("the amount is above"),
    "discount": N_("the effective discount is above"),
    "credit": N_("the customer goes over the sales limit"),
}
EFFECTS: Mapping[str, str] = {
    "manual": N_("done by hand"),
    "collect": N_("done when the instalment is paid"),
    "ship": N_("done when the shipment is recorded"),
    "dunning": N_("done when a reminder was sent"),
}


def threshold_in(when: str, text: str, currency: str) -> int:
    """Minor units of the base currency, or basis points; 0 for credit, which has none. Invalid for what cannot be read."""
    if when == "credit":
        return 0
    if when == "amount":
        minor = parse_amount(text, currency).minor
        require_least(minor, 1)
        return minor
    try:
        found = parse_decimal(text, 2)
    except ValueError:
        found = -1
    if not 0 <= found <= 10_000:
        raise Invalid(N_("Enter a percentage between 0 and 100, such as 12.5."))
    return found
