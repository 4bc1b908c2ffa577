"""Orders and quotes in pure functions: their life, their arithmetic, instalments, execution steps, what was approved.

Amounts are minor units of the document's currency, quantities thousandths, discounts and shares basis points.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from branch_node.transitions import moves
from shared import money
from shared.errors import Invalid, Text
from shared.i18n import N_
from shared.money import Money

FULL = 10_000
"""All of something in basis points."""

ORDER = moves(
    {
        "draft": N_("Order %(number)s is a draft. Edit it, submit it for approval or cancel it."),
        "submitted": N_("Order %(number)s waits for approval. Approve, refuse or withdraw it first."),
        "approved": N_("Order %(number)s is approved. Carry it out, or edit it, which cancels the approval."),
        "rejected": N_("Order %(number)s was refused. Edit it and submit it again, or cancel it."),
        "executing": N_("Order %(number)s is being carried out. Finish its steps, then complete it."),
        "completed": N_("Order %(number)s is completed. Enter a new order for anything further."),
        "cancelled": N_("Order %(number)s is cancelled. Enter a new order instead."),
    },
    ("edit", "draft rejected approved", "draft", "order.edit", "changed_by changed_at"),
    ("submit", "draft rejected", "submitted", "order.submit", "submitted_by submitted_at"),
    ("withdraw", "submitted", "draft", "order.submit", "changed_by changed_at"),
    ("approve", "submitted", "approved", "order.approve", "approved_by approved_at approved_on"),
    ("reject", "submitted", "rejected", "order.approve", "changed_by changed_at"),
    ("start", "approved executing", "executing", "order.edit", "changed_by changed_at"),
    ("ship", "approved executing", "executing", "order.ship", "shipped_on changed_by changed_at"),
    ("complete", "approved executing", "completed", "order.edit", "completed_on changed_by changed_at"),
    (
        "cancel",
        "draft submitted rejected approved executing",
        "cancelled",
        "order.cancel",
        "cancelled_on changed_by",
    ),
)
IN_EFFECT = frozenset({"approved", "executing", "completed"})
"""States in which an order has receivables and steps."""


# --- arithmetic -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """What counts of a line: how much, the price before and after the line's own discount, per unit."""

    quantity_milli: int
    list_price_minor: int
    price_minor: int

    @property
    def amount_minor(self) -> int:
        """What the line costs, before header discount and tax."""
        return line_amount(self.price_minor, self.quantity_milli)

    @property
    def list_amount_minor(self) -> int:
        """What it would cost at list price."""
        return line_amount(self.list_price_minor, self.quantity_milli)


@dataclass(frozen=True)
class Totals:
    """subtotal - discount + tax = total, exactly; `list_minor` is the whole document at list prices."""

    list_minor: int
    subtotal_minor: int
    discount_minor: int
    tax_minor: int
    total_minor: int
    effective_discount_bp: int

    @property
    def net_minor(self) -> int:
        """What the customer pays before tax."""
        return self.subtotal_minor - self.discount_minor


def line_amount(price_minor: int, quantity_milli: int) -> int:
    """Price per unit times quantity, rounded once."""
    return money.round_half_even(price_minor * quantity_milli, 1000)


def net_price(list_price_minor: int, discount_bp: int) -> int:
    """A list price less a discount."""
    return money.round_half_even(list_price_minor * (FULL - discount_bp), FULL)


def discount_of(list_price_minor: int, price_minor: int) -> int | None:
    """The discount in basis points that gives exactly this price; None when no whole number of them does."""
    if list_price_minor <= 0:
        return 0 if price_minor == list_price_minor else None
    found = money.round_half_even((list_price_minor - price_minor) * FULL, list_price_minor)
    return found if net_price(list_price_minor, found) == price_minor else None


def effective_discount(list_minor: int, net_minor: int) -> int:
    """How far the whole document, header discount included, lies below list prices, in basis points.

    Rounded up, so that `effective_discount(...) > limit` is true exactly when the discount exceeds the limit by
    any fraction. 0 at or above list, and for a document without list value.
    """
    if list_minor <= 0 or net_minor >= list_minor:
        return 0
    return -(-(list_minor - net_minor) * FULL // list_minor)


def totals(
    lines: Sequence[Line], *, discount_bp: int = 0, discount_minor: int | None = None, tax_bp: int = 0
) -> Totals:
    """The sums of a document. A header discount given as an amount stands; otherwise it is the share of the lines.

    Tax is on lines less header discount. Invalid when the discount is larger than the lines.
    """
    subtotal = sum(line.amount_minor for line in lines)
    if discount_minor is None:
        discount_minor = money.round_half_even(subtotal * discount_bp, FULL)
    if not 0 <= discount_minor <= max(subtotal, 0):
        raise Invalid(
            N_("The header discount is larger than the lines. Lower it to at most their sum."),
            fields={
                "discount_bp": N_(
                    "The header discount is larger than the lines. Lower it to at most their sum."
                )
            },
            code="discount.too_much",
        )
    at_list = sum(line.list_amount_minor for line in lines)
    net = subtotal - discount_minor
    tax = money.round_half_even(net * tax_bp, FULL)
    return Totals(at_list, subtotal, discount_minor, tax, net + tax, effective_discount(at_list, net))


def net_shares(amounts: Sequence[int], discount_minor: int) -> list[int]:
    """Each line's amount after its part of the header discount, by largest remainder; adds up to lines - discount."""
    if not any(amounts):
        return list(amounts)
    return [amount - part for amount, part in zip(amounts, money.split(discount_minor, amounts), strict=True)]


# --- instalments ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Instalment:
    """What is payable on a day. `base_minor` is the same in the branch's base currency."""

    position: int
    due_on: date
    amount_minor: int
    base_minor: int = 0


def check_plan(plan: Sequence[Mapping[str, Any]], total_minor: int, currency: str) -> None:
    """Invalid, naming the difference, unless the plan covers exactly the total.

    A plan is a list of {"share_bp" or "amount_minor", "days"}: all shares adding up to 10,000 or all amounts
    adding up to the total; an empty one means everything after the payment terms.
    """
    if not plan:
        return
    shares = [int(part["share_bp"]) for part in plan if "share_bp" in part]
    amounts = [int(part["amount_minor"]) for part in plan if "amount_minor" in part]
    if (shares and amounts) or len(shares) + len(amounts) != len(plan):
        raise _plan_wrong(N_("Give each instalment a share or give each an amount, not both."))
    if any(value <= 0 for value in (*shares, *amounts)):
        raise _plan_wrong(N_("Each instalment must be more than 0. Remove the empty one."))
    if any(not 0 <= int(part.get("days", 0)) <= 3_650 for part in plan):
        raise _plan_wrong(N_("An instalment is due 0 to 3,650 days after approval."))
    if shares and sum(shares) != FULL:
        raise _plan_wrong(
            N_("The instalments make %(sum)s%% of the order. Change them so that they make 100%%."),
            sum=_percent(sum(shares)),
        )
    if amounts and sum(amounts) != total_minor:
        raise _plan_wrong(
            N_("The instalments make %(sum)s, the order %(total)s. Change one of them by %(difference)s."),
            sum=Money(sum(amounts), currency),
            total=Money(total_minor, currency),
            difference=Money(abs(total_minor - sum(amounts)), currency),
        )


def _plan_wrong(message: str, **params: object) -> Invalid:
    return Invalid(
        message, fields={"instalments": Text(message, **params)}, code="instalments.wrong", **params
    )


def _percent(bp: int) -> str:
    whole, rest = divmod(bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".")


def instalments(
    total_minor: int,
    base_minor: int,
    plan: Sequence[Mapping[str, Any]],
    approved_on: date,
    terms_days: int,
) -> list[Instalment]:
    """The instalments of an order approved on a day: they add up to total and base exactly, by largest remainder.

    Due days are counted from approval and never shifted. Parts that come to 0 are left out; a total of 0 has
    none. The plan must have passed `check_plan`.
    """
    plan = plan or [{"share_bp": FULL, "days": terms_days}]
    if total_minor <= 0:
        return []
    if "share_bp" in plan[0]:
        amounts = money.split(total_minor, [int(part["share_bp"]) for part in plan])
    else:
        amounts = [int(part["amount_minor"]) for part in plan]
    bases = money.split(base_minor, amounts)
    rows = [
        (approved_on + timedelta(days=int(part.get("days", 0))), amount, base)
        for part, amount, base in zip(plan, amounts, bases, strict=True)
        if amount
    ]
    return [Instalment(number, *row) for number, row in enumerate(sorted(rows, key=lambda row: row[0]), 1)]


# --- what was approved ------------------------------------------------------------------------------------------

HASHED = (
    "customer_id", "currency", "discount_bp", "discount_minor", "tax_bp", "tax_minor", "subtotal_minor",
    "total_minor", "payment_terms_days", "instalment_plan",
)  # fmt: skip
HASHED_LINE = (
    "product_id", "product_code", "text", "quantity_milli", "list_price_minor", "price_minor", "amount_minor",
)  # fmt: skip


def content_hash(content: Any) -> str:
    """SHA-256 of plain JSON values in one text form: sorted keys, no blanks."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def document_hash(document: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 of everything an approver agrees to: customer, lines in order, discounts, tax, total, instalments.

    Columns that are absent count as absent, so the same function serves orders, quotes and expenses.
    """

    def plain(value: Any) -> Any:
        return str(value) if isinstance(value, (UUID, date)) else value

    content = {
        "document": {name: plain(document[name]) for name in HASHED if name in document},
        "lines": [{name: plain(line[name]) for name in HASHED_LINE} for line in lines],
    }
    return content_hash(content)


# --- execution steps --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepFact:
    """What decides the state of a step: its kind's effect (collect, ship, manual ...) and whether it is closed."""

    effect: str
    status: str
    due_on: date | None = None

    @property
    def is_closed(self) -> bool:
        return self.status in ("done", "skipped")


def step_states(steps: Sequence[StepFact]) -> list[str]:
    """The states of an order's steps in order: a step is ready when all before it are closed.

    Collecting money does not hold up the goods: a collect step is ready from the start and is not waited for.
    """
    found: list[str] = []
    is_clear = True
    for step in steps:
        if step.is_closed:
            found.append(step.status)
        elif step.effect == "collect":
            found.append("ready")
        else:
            found.append("ready" if is_clear else "pending")
            is_clear = False
    return found


def is_late(step: StepFact, today: date) -> bool:
    """Whether an open step's day has passed."""
    return not step.is_closed and step.due_on is not None and step.due_on < today
