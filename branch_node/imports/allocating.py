"""Which receipt pays which instalment, for many customers at once. Pure; the rule for one receipt is receipts.rules'."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from branch_node.receipts.rules import OpenItem, propose_oldest, receipt_share
from branch_node.receivables.rules import Standing, base_share


@dataclass
class Incoming:
    """A receipt with its running sums, minor units of its currency and of the base currency."""

    id: UUID
    customer_id: UUID
    currency: str
    happened_on: date
    amount_minor: int
    base_minor: int
    allocated_minor: int
    allocated_base_minor: int

    @property
    def rest_minor(self) -> int:
        """What is left to allocate."""
        return self.amount_minor - self.allocated_minor


@dataclass
class Open:
    """An instalment with its running sums, minor units of its currency and of the base currency."""

    id: UUID
    customer_id: UUID
    order_id: UUID
    currency: str
    happened_on: date
    due_on: date
    position: int
    amount_minor: int
    base_minor: int
    received_minor: int
    received_base_minor: int
    credited_minor: int
    credited_base_minor: int
    written_off_minor: int
    written_off_base_minor: int

    @property
    def standing(self) -> Standing:
        return Standing(
            self.id, "", self.currency, self.amount_minor, self.base_minor, self.received_minor,
            self.received_base_minor, self.credited_minor, self.credited_base_minor, self.written_off_minor,
            self.written_off_base_minor,
        )  # fmt: skip

    @property
    def item(self) -> OpenItem:
        return OpenItem(self.id, self.order_id, "", self.due_on, self.standing.remaining_minor, self.position)


@dataclass(frozen=True)
class Part:
    """An allocation to be made."""

    receipt_id: UUID
    receivable_id: UUID
    happened_on: date
    amount_minor: int
    base_minor: int
    receipt_base_minor: int


def allocate(
    receipts: Sequence[Incoming], instalments: Sequence[Open], orders: Mapping[UUID | None, UUID]
) -> list[Part]:
    """Allocations of receipts in the order of their days, each to the oldest instalments of its customer and currency.

    A receipt that `orders` names pays that order only. An allocation counts from the later of both days. The running
    sums of both sides are brought up to date on the way; nothing is allocated beyond either side's rest.
    """
    by_side: dict[tuple[UUID, str], list[Open]] = {}
    for one in instalments:
        by_side.setdefault((one.customer_id, one.currency), []).append(one)
    parts: list[Part] = []
    for receipt in sorted(receipts, key=lambda one: (one.happened_on, str(one.id))):
        side = by_side.get((receipt.customer_id, receipt.currency), [])
        order = orders.get(receipt.id)
        fitting = {
            one.id: one for one in side if one.standing.remaining_minor > 0 and order in (None, one.order_id)
        }
        wanted = propose_oldest(receipt.rest_minor, [one.item for one in fitting.values()])
        parts += [_take(receipt, fitting[key], amount) for key, amount in wanted.items()]
    return parts


def _take(receipt: Incoming, instalment: Open, amount_minor: int) -> Part:
    base = base_share(instalment.standing, amount_minor)
    instalment.received_minor += amount_minor
    instalment.received_base_minor += base
    at_receipt = receipt_share(
        amount_minor, receipt.amount_minor, receipt.base_minor, receipt.allocated_minor, receipt.allocated_base_minor
    )  # fmt: skip
    receipt.allocated_minor += amount_minor
    receipt.allocated_base_minor += at_receipt
    day = max(receipt.happened_on, instalment.happened_on)
    return Part(receipt.id, instalment.id, day, amount_minor, base, at_receipt)
