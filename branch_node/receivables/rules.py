"""What one instalment still owes and what may be taken from it. Pure; figures over many are in shared/figures.py.

Amounts are minor units: `amount` in the order's currency, `base` in the branch's base currency.
"""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from shared import money
from shared.errors import Conflict, Invalid
from shared.i18n import N_
from shared.money import Money


@dataclass(frozen=True)
class Standing:
    """An instalment and its running sums; 0 <= remaining <= amount, the same for the base amounts."""

    id: UUID
    label: str
    currency: str
    amount_minor: int
    base_minor: int
    received_minor: int = 0
    received_base_minor: int = 0
    credited_minor: int = 0
    credited_base_minor: int = 0
    written_off_minor: int = 0
    written_off_base_minor: int = 0
    is_cancelled: bool = False

    @property
    def remaining_minor(self) -> int:
        """due - received - credited - written off."""
        return self.amount_minor - self.received_minor - self.credited_minor - self.written_off_minor

    @property
    def remaining_base_minor(self) -> int:
        """The same in the base currency."""
        return (
            self.base_minor
            - self.received_base_minor
            - self.credited_base_minor
            - self.written_off_base_minor
        )


def base_share(standing: Standing, amount_minor: int) -> int:
    """The base amount of a payment or adjustment, at the instalment's own rate.

    What settles the instalment takes the whole base rest; anything less takes its share, never more than the
    rest, so that base amounts of the entries add up to the instalment's exactly.
    """
    if amount_minor == standing.remaining_minor:
        return standing.remaining_base_minor
    share = money.round_half_even(amount_minor * standing.base_minor, standing.amount_minor)
    return min(share, standing.remaining_base_minor)


def require_room(standing: Standing, amount_minor: int, currency: str) -> None:
    """Raises unless `amount_minor` can be taken from the instalment now.

    Invalid for an amount that is not positive or of another currency, Conflict (amount.too_much, naming the
    instalment and what is left; receivable.cancelled) otherwise.
    """
    if amount_minor <= 0:
        raise Invalid(N_("An amount must be more than 0."), code="amount.not_positive")
    if currency != standing.currency:
        raise Invalid(
            N_("%(label)s is in %(theirs)s, the receipt in %(ours)s. Choose instalments in %(ours)s."),
            code="amount.currency",
            label=standing.label,
            theirs=standing.currency,
            ours=currency,
        )
    if standing.is_cancelled:
        raise Conflict(
            N_("The order of %(label)s was cancelled; nothing is due there. Choose another instalment."),
            code="receivable.cancelled",
            label=standing.label,
        )
    if amount_minor > standing.remaining_minor:
        raise too_much(standing, amount_minor)


def too_much(standing: Standing, amount_minor: int) -> Conflict:
    """The refusal of an amount above what remains."""
    over = Money(amount_minor - standing.remaining_minor, standing.currency)
    return Conflict(
        N_("%(label)s has %(left)s left; this is %(over)s too much. Lower the amount."),
        code="amount.too_much",
        label=standing.label,
        left=Money(standing.remaining_minor, standing.currency),
        over=over,
    )


def state_of(standing: Standing, due_on: date, as_of: date) -> str:
    """cancelled, settled, overdue or open: what the status part shows."""
    if standing.is_cancelled:
        return "cancelled"
    if standing.remaining_minor == 0:
        return "settled"
    return "overdue" if due_on < as_of else "open"


def days_late(due_on: date, as_of: date) -> int:
    """Days past the due date, 0 when not yet due."""
    return max((as_of - due_on).days, 0)


def overdue_bp(overdue_minor: int, remaining_minor: int) -> int | None:
    """The overdue share of what remains in basis points, rounded half-even; None when nothing remains."""
    return money.round_half_even(overdue_minor * 10_000, remaining_minor) if remaining_minor else None
