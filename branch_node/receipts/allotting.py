"""The live part of the receipt page: what a receipt would pay, from what was typed so far. Writes nothing."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from branch_node.home import home, today
from branch_node.receipts.pages import Allotment, ItemNote
from branch_node.receipts.queries import open_items
from branch_node.receipts.rules import Mode, OpenItem, check, propose
from shared.errors import Invalid, Text
from shared.i18n import N_, gettext, render
from shared.money import CURRENCIES, Money, format_amount, parse_amount
from shared.records import Customer
from shared.web.error_pages import shown

PART = "part_"


def typed_parts(typed: Mapping[str, Any], currency: str) -> tuple[dict[UUID, int], dict[UUID, str]]:
    """Amounts typed beside instalments, in minor units, and the messages of those that cannot be read."""
    parts: dict[UUID, int] = {}
    faults: dict[UUID, str] = {}
    for name, value in typed.items():
        if not name.startswith(PART) or not str(value).strip():
            continue
        try:
            key = UUID(name.removeprefix(PART))
        except ValueError:
            continue
        try:
            minor = parse_amount(str(value), currency).minor
        except Invalid as refused:
            faults[key] = render(refused.message, refused.params, shown)
        else:
            if minor:
                parts[key] = minor
    return parts, faults


def amount_of(typed: Mapping[str, Any], currency: str) -> tuple[Money | None, str]:
    """The amount typed so far and, when it cannot be read, why."""
    text = str(typed.get("amount", "")).strip()
    if not text:
        return None, ""
    try:
        amount = parse_amount(text, currency)
    except Invalid as refused:
        return None, render(refused.message, refused.params, shown)
    if amount.minor <= 0:
        return None, gettext(N_("An amount must be more than 0."))
    return amount, ""


def currency_of(typed: Mapping[str, Any], customer: Customer | None) -> str:
    """The currency that was chosen; the customer's, else the branch's, where none was or it is none."""
    chosen = str(typed.get("currency", ""))
    if chosen in CURRENCIES:
        return chosen
    return customer.currency if customer else home().currency


def mode_of(text: Any) -> Mode:
    """The way of allocating that was chosen; oldest first when none was."""
    known: dict[str, Mode] = {"exact": "exact", "by_hand": "by_hand", "none": "none"}
    return known.get(str(text), "oldest")


async def allotment_of(
    customer: Customer | None, typed: Mapping[str, Any], *, left: Money | None = None
) -> Allotment:
    """What would be paid. `left`: what a recorded receipt has left, instead of a typed amount."""
    currency = left.currency if left else currency_of(typed, customer)
    mode = mode_of(typed.get("mode"))
    amount, amount_fault = (left, "") if left else amount_of(typed, currency)
    items = await open_items(customer.id, currency) if customer else []
    faults: dict[UUID, str] = {}
    if mode == "by_hand":
        wanted, faults = typed_parts(typed, currency)
    else:
        wanted = propose(mode, amount.minor if amount else 0, items)
    found = check(amount.minor if amount else sum(wanted.values()), currency, wanted, items)
    faults |= {
        key: _shown(text) for key, text in found.faults.items() if key is not None and key not in faults
    }
    note = ""
    if mode == "exact" and amount and not wanted:
        note = gettext(
            N_("No single order remains at exactly this amount: choose by hand, or it stays unallocated.")
        )
    return Allotment(
        currency,
        [_note(item, wanted, typed, faults, currency) for item in items],
        amount,
        amount_fault,
        Money(found.allocated_minor, currency),
        Money(found.unallocated_minor if amount else 0, currency),
        _shown(found.faults.get(None)),
        note,
        mode == "by_hand",
        customer is not None,
    )


def _note(
    item: OpenItem,
    wanted: Mapping[UUID, int],
    typed: Mapping[str, Any],
    faults: Mapping[UUID, str],
    currency: str,
) -> ItemNote:
    part = wanted.get(item.receivable_id, 0)
    text = str(typed.get(f"{PART}{item.receivable_id}", "")) if typed.get("mode") == "by_hand" else ""
    if not text and part and typed.get("mode") != "by_hand":
        text = format_amount(part, currency)
    return ItemNote(
        item.receivable_id,
        item.label,
        f"/receivables/{item.receivable_id}",
        item.due_on,
        Money(item.remaining_minor, currency),
        Money(part, currency),
        Money(item.remaining_minor - part, currency),
        text,
        faults.get(item.receivable_id, ""),
        item.due_on < today(),
    )


def _shown(text: Text | None) -> str:
    return render(text, {}, shown) if text is not None else ""
