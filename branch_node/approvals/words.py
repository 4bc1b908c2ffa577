"""Reasons and decisions in words, for the pages of approvals and of the documents themselves."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from branch_node.approvals.pages import ReasonNote, RequestNote
from branch_node.approvals.queries import requests_of
from branch_node.approvals.rules import above_texts
from branch_node.home import home
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.money import Money
from shared.web import filters as show

ENTITIES: Mapping[str, str] = {"order": N_("Order"), "quotation": N_("Quote"), "expense": N_("Expense")}
ALWAYS = N_("Every order takes effect only after approval.")
ALWAYS_EXPENSE = N_("Every expense counts only after approval.")


def reason_notes(reasons: Sequence[Mapping[str, Any]], entity: str = "order") -> list[ReasonNote]:
    """Why a document needs somebody; at least the one sentence that holds for all of its kind."""
    found = [_note(reason) for reason in reasons]
    if found:
        return found
    return [ReasonNote(_(ALWAYS_EXPENSE) if entity == "expense" else _(ALWAYS))]


def _note(reason: Mapping[str, Any]) -> ReasonNote:
    if reason["code"] == "discount":
        discount, limit = above_texts(int(reason["effective_bp"]), int(reason["limit_bp"]))
        return ReasonNote(
            _(
                "The effective discount of %(discount)s is above the author's limit of %(limit)s.",
                discount=discount,
                limit=limit,
            )
        )
    if reason["code"] == "hold":
        return ReasonNote(
            _("The customer is on credit hold: approval is stopped until it is lifted."), is_blocking=True
        )
    return ReasonNote(
        _(
            "With this order the customer owes %(exposure)s, above the sales limit of %(limit)s.",
            exposure=_amount(reason["exposure_minor"]),
            limit=_amount(reason["limit_minor"]),
        ),
        credit_detail(
            int(reason["open_minor"]), int(reason["undelivered_minor"]), int(reason["order_minor"])
        ),
    )


def credit_detail(open_minor: int, undelivered_minor: int, order_minor: int) -> str:
    """What a credit exposure is made of."""
    return _(
        "Open %(open)s, of which not yet delivered %(undelivered)s; this order %(order)s.",
        open=_amount(open_minor),
        undelivered=_amount(undelivered_minor),
        order=_amount(order_minor),
    )


def _amount(minor: Any) -> str:
    return show.money(Money(int(minor), home().currency))


async def request_notes(entity: str, entity_id: UUID) -> list[RequestNote]:
    """The requests about a document with their decisions, newest first. One query."""
    return [
        RequestNote(
            str(row.id),
            row.status,
            row.requested_by,
            row.requested_at,
            reason_notes(row.reasons, entity),
            row.steps,
            row.status == "waiting",
        )
        for row in await requests_of(entity, entity_id)
    ]
