"""/definitions: what every number means and when it counts."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import house_of
from shared.figures import INCOME_RULES
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.web.responses import page

TEXTS: tuple[tuple[str, str, str], ...] = (
    ("sales", N_("Sales"), N_("Value of approved orders by approval date, less orders cancelled later, on the date of cancelling. They belong to the branch of the order, also when the seller has moved.")),
    ("receivables", N_("Receivables"), N_("Due: instalments of approved orders. Received: the part of receipts allocated to instalments. Remaining: due less received, credited and written off. Unallocated receipts are the customers' credit and stand beside it, at the rates of the receipts.")),
    ("ageing", N_("Ageing"), N_("What remains, by days past the due date of each instalment in the branch's calendar. The buckets add up to what remains. Seen as of an earlier day, later payments do not count.")),
    ("profit", N_("Operating profit"), N_("Income less approved expenses of the same days. Income counts by the rule of each branch.")),
    ("targets", N_("Target completion"), N_("Actual in per cent of the target of the same measure, unit and days. Without a target, or with a target of 0, there is no completion.")),
    ("forecast", N_("Forecast"), N_("What was done so far, and for the rest of the year the average of its complete months. The interval follows from how much these months vary: four of five years end inside it. Nothing is forecast before three months are complete.")),
    ("known_at", N_("Known at"), N_("What headquarters knew at a moment: everything that arrived later is left out, also changes and reversals. Moments more than a week ago are answered for the end of their day.")),
    ("staff", N_("Staff activity"), N_("Plan items, contacts, customers, orders and receipts of the branch's own day.")),
    ("followup", N_("Follow-up"), N_("Overdue: the next contact was due before today. Silent: the last contact is more than the company's limit of days ago. Never contacted customers are counted apart.")),
    ("freshness", N_("Freshness"), N_("Current: nothing of the branch was missing a moment ago. Delayed: the line works, but changes are still on their way. Unreachable: not heard of for longer than the limit; the last known values stand, dated. Unproven: something is missing or does not add up. A total is complete only when every branch in it is current.")),
    ("currency", N_("Reporting currency"), N_("Branches keep their books in their own currency. Totals convert with the latest dated rate on or before the last day. A missing rate makes the total incomplete and is named.")),
)  # fmt: skip


@dataclass(frozen=True)
class Definition:
    """One term and what it means."""

    key: str
    title: str
    text: str


@dataclass(frozen=True)
class DefinitionsPage:
    """/definitions"""

    terms: Sequence[Definition]
    rules: Sequence[str]
    silent_days: int


async def show(request: Request) -> Response:
    """The list of terms."""
    house = house_of(request.app.state.settings)
    terms = [Definition(key, _(title), _(text)) for key, title, text in TEXTS]
    view = DefinitionsPage(terms, [_(rule) for rule in INCOME_RULES.values()], house.silent_days)
    return page(request, "definitions/show.html", view)
