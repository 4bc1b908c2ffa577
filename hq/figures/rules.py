"""Pure decisions about figures: how fresh a branch is, and how amounts become another currency without losing a cent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from hq.figures.shape import MissingRate, State, Thresholds
from shared.money import exponent, round_half_even


def freshness_state(
    *,
    contact_at: datetime | None,
    complete_at: datetime | None,
    has_data: bool,
    is_unproven: bool,
    now: datetime,
    thresholds: Thresholds,
) -> State:
    """The word for a branch's data.

    never: nothing has come yet. unreachable: no contact for longer than the threshold, whatever it had sent.
    unproven: something of it is missing or does not add up. current: nothing was missing at most
    `thresholds.current` ago. delayed: the link is alive, but older than that.
    """
    if contact_at is None or not has_data:
        return "never"
    if now - contact_at > thresholds.unreachable:
        return "unreachable"
    if is_unproven:
        return "unproven"
    if complete_at is None:
        return "delayed"
    return "current" if now - complete_at <= thresholds.current else "delayed"


@dataclass(frozen=True)
class Rate:
    """One currency in another: a fraction of minor units."""

    numerator: int
    denominator: int

    def of(self, minor: int) -> int:
        """The amount converted, rounded half to even."""
        if self.numerator == self.denominator:
            return minor
        return round_half_even(minor * self.numerator, self.denominator)


SAME = Rate(1, 1)


def rate_of(currency: str, to_currency: str, rate_e9: int, *, is_inverse: bool = False) -> Rate:
    """The fraction of a stored rate (major units times 10^9); `is_inverse` when the stored one leads the other way.

    ValueError for a rate that is not positive.
    """
    if rate_e9 <= 0:
        raise ValueError(f"no rate from {currency} to {to_currency}")
    here, there = 10 ** exponent(currency), 10 ** exponent(to_currency)
    if is_inverse:
        return Rate(there * 10**9, here * rate_e9)
    return Rate(there * rate_e9, here * 10**9)


@dataclass(frozen=True)
class Conversion:
    """Rates into one currency on one day. A currency without a rate is in `missing`, never taken as 1."""

    to_currency: str
    on: date
    rates: Mapping[str, Rate]

    def rate(self, currency: str) -> Rate | None:
        """The rate for a branch's currency, None when it is missing."""
        if currency == self.to_currency or not self.to_currency:
            return SAME
        return self.rates.get(currency)

    def missing(self, currency: str) -> MissingRate:
        return MissingRate(currency, self.to_currency, self.on)


def spread(values: Sequence[int], rate: Rate, total: int | None = None) -> list[int]:
    """The values converted so that they add up to the converted sum, or to `total` when given.

    Each value is the step of the rounded running sum; what `total` asks beyond that goes to the largest value.
    """
    found: list[int] = []
    running = before = 0
    for value in values:
        running += value
        after = rate.of(running)
        found.append(after - before)
        before = after
    if total is not None and values and total != before:
        largest = max(range(len(values)), key=lambda place: abs(values[place]))
        found[largest] += total - before
    return found


def spread_columns(
    rows: Sequence[Mapping[str, int]], keys: Sequence[str], rate: Rate
) -> list[dict[str, int]]:
    """Every row with its `keys` converted, each column adding up to its converted sum."""
    converted = {key: spread([row[key] for row in rows], rate) for key in keys}
    return [{key: converted[key][place] for key in keys} for place in range(len(rows))]


def add_up(rows: Sequence[Mapping[str, int]], keys: Sequence[str]) -> dict[str, int]:
    """Column sums."""
    return {key: sum(row[key] for row in rows) for key in keys}


Derive = Callable[[Mapping[str, int]], Mapping[str, int | None]]
"""What follows from the primitive amounts of a row, after conversion, so that rows and totals keep their identities."""
