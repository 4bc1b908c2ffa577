"""What a receipt pays: proposals and the check `allocated + unallocated = amount`. Pure; amounts in minor units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID

from branch_node.transitions import moves
from shared.errors import Invalid, Text
from shared.i18n import N_
from shared.money import Money

Mode = Literal["oldest", "exact", "by_hand", "none"]
MODES: Mapping[str, str] = {
    "oldest": N_("oldest first"),
    "exact": N_("one order with this amount"),
    "by_hand": N_("by hand"),
    "none": N_("leave unallocated"),
}
METHODS: Mapping[str, str] = {
    "bank": N_("bank transfer"),
    "cash": N_("cash"),
    "cheque": N_("cheque"),
    "card": N_("card"),
    "draft": N_("bank draft"),
    "other": N_("other"),
}
SAME_WITHIN_DAYS = 7

RECEIPT = moves(
    {
        "posted": N_("Receipt %(number)s is posted. Allocate what is left of it, or reverse it."),
        "reversed": N_("Receipt %(number)s was reversed. Record a new one."),
    },
    ("allocate", "posted", "posted", "allocation.edit", "recorded_by recorded_at"),
    ("reverse", "posted", "reversed", "receipt.reverse", "reversed_by reversed_on reverse_reason"),
)


@dataclass(frozen=True)
class OpenItem:
    """An instalment that something remains of, in the receipt's currency."""

    receivable_id: UUID
    order_id: UUID
    label: str
    due_on: date
    remaining_minor: int
    position: int = 1


def oldest_first(items: Sequence[OpenItem]) -> list[OpenItem]:
    """By due date, then by instalment; ids decide between equals, so that the order is always the same."""
    return sorted(items, key=lambda item: (item.due_on, item.position, str(item.receivable_id)))


def propose_oldest(amount_minor: int, items: Sequence[OpenItem]) -> dict[UUID, int]:
    """The amount over the instalments, oldest due first, each filled before the next begins."""
    rest = amount_minor
    found: dict[UUID, int] = {}
    for item in oldest_first(items):
        part = min(rest, item.remaining_minor)
        if part <= 0:
            break
        found[item.receivable_id] = part
        rest -= part
    return found


def propose_exact(amount_minor: int, items: Sequence[OpenItem]) -> dict[UUID, int]:
    """The one instalment, or the one order with all its open instalments, that remains at exactly this amount.

    Empty when there is none, and when there are several: which one was meant is for a person to say.
    """
    single = [item for item in items if item.remaining_minor == amount_minor]
    orders: dict[UUID, list[OpenItem]] = {}
    for item in items:
        orders.setdefault(item.order_id, []).append(item)
    whole = [
        group
        for group in orders.values()
        if len(group) > 1 and sum(item.remaining_minor for item in group) == amount_minor
    ]
    matches = [[item] for item in single] + whole
    if len(matches) != 1:
        return {}
    return {item.receivable_id: item.remaining_minor for item in matches[0]}


def propose(mode: Mode, amount_minor: int, items: Sequence[OpenItem]) -> dict[UUID, int]:
    """Amounts by instalment for a mode; none for `by_hand` and `none`."""
    if amount_minor <= 0:
        return {}
    if mode == "oldest":
        return propose_oldest(amount_minor, items)
    return propose_exact(amount_minor, items) if mode == "exact" else {}


def receipt_share(
    part_minor: int, amount_minor: int, base_minor: int, allocated_minor: int, allocated_base_minor: int
) -> int:
    """The base amount of a part of a receipt at the receipt's own rate.

    What uses the receipt up takes the whole base rest, anything less its share, cut to whole minor units: base parts
    never add up to more than the receipt's base amount.
    """
    rest = base_minor - allocated_base_minor
    if part_minor == amount_minor - allocated_minor:
        return rest
    return min(part_minor * base_minor // amount_minor, rest)


@dataclass(frozen=True)
class Check:
    """The live line of the receipt page. allocated + unallocated = amount always; `unallocated` may be negative,
    and then the receipt is not accepted. `faults` are messages by instalment, "" for the whole."""

    amount_minor: int
    allocated_minor: int
    faults: Mapping[UUID | None, Text] = field(default_factory=dict)

    @property
    def unallocated_minor(self) -> int:
        return self.amount_minor - self.allocated_minor

    @property
    def is_right(self) -> bool:
        return not self.faults


def check(amount_minor: int, currency: str, wanted: Mapping[UUID, int], items: Sequence[OpenItem]) -> Check:
    """What is wrong with wanted amounts: not positive, unknown instalment, above its rest, above the receipt."""
    by_id = {item.receivable_id: item for item in items}
    faults: dict[UUID | None, Text] = {}
    for receivable_id, part in wanted.items():
        item = by_id.get(receivable_id)
        if item is None:
            faults[receivable_id] = Text(N_("Nothing is open there any more. Leave it out."))
        elif part <= 0:
            faults[receivable_id] = Text(N_("An amount must be more than 0."))
        elif part > item.remaining_minor:
            faults[receivable_id] = Text(
                N_("%(label)s has %(left)s left; this is %(over)s too much. Lower the amount."),
                label=item.label,
                left=Money(item.remaining_minor, currency),
                over=Money(part - item.remaining_minor, currency),
            )
    allocated = sum(wanted.values())
    if allocated > amount_minor:
        faults[None] = Text(
            N_("Allocated %(over)s more than the receipt. Lower one line or leave it unallocated."),
            over=Money(allocated - amount_minor, currency),
        )
    return Check(amount_minor, allocated, faults)


def require_right(found: Check) -> None:
    """Invalid (amount.too_much) with all faults when the check fails."""
    if found.is_right:
        return
    message = found.faults.get(None) or next(iter(found.faults.values()))
    raise Invalid(
        message,
        code="amount.too_much",
        fields={f"part_{key}" if key else "amount": text for key, text in found.faults.items()},
    )
