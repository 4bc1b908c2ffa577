"""Stages and reasons as branches write them, and the words for them. Pure."""

from collections.abc import Mapping

from shared.i18n import N_

OPEN_STAGES: Mapping[str, str] = {
    "qualify": N_("qualify"),
    "needs": N_("needs"),
    "proposal": N_("proposal"),
    "negotiation": N_("negotiation"),
}
STAGES: Mapping[str, str] = {**OPEN_STAGES, "won": N_("won"), "lost": N_("lost")}
LOST_REASONS: Mapping[str, str] = {
    "price": N_("price"),
    "competitor": N_("competitor chosen"),
    "delivery": N_("delivery time"),
    "no_budget": N_("no budget"),
    "cancelled": N_("project cancelled"),
    "no_answer": N_("no answer"),
    "other": N_("other"),
}
