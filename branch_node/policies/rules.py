"""What a branch decides about selling: when a document needs a further decision, kinds of steps and of expenses. Pure."""

from collections.abc import Mapping

from shared.i18n import N_

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
