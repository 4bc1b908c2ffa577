"""Where a year is heading, and why a month is off its plan: run-rate forecast with its interval, additive bridges. Pure.

Whole numbers only: minor units for money, counts as they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isqrt

from hq.targets.rules import EVEN, even_lines, period_codes
from shared.money import round_half_even
from shared.periods import Month, Year

FEWEST_MONTHS = 3
"""Complete months that a forecast needs."""
Z_SQUARED = 1_642
"""1.2816 squared, in thousandths: four years out of five end inside the interval when months vary as they did."""
NAMED_PARTS = 6


@dataclass(frozen=True)
class Forecast:
    """What the year will come to at the pace so far, what each month ahead adds, and between what it will lie."""

    total: int
    low: int
    high: int
    month: int


def run_rate(actual: Mapping[str, int], as_of: date) -> Forecast | None:
    """The forecast at the end of `as_of` from the months of its year; None before three months are complete, and where nothing
    has happened yet.

    Done so far, plus for the rest of the running month and each month ahead the average of the complete months. The
    interval grows with their standard deviation and the square root of the months ahead.
    """
    now = Month.containing(as_of)
    is_over = now.last == as_of
    complete = [
        actual.get(str(month), 0)
        for month in Year.containing(as_of).months()
        if month.first < now.first or (is_over and month.first == now.first)
    ]
    running = 0 if is_over else actual.get(str(now), 0)
    if len(complete) < FEWEST_MONTHS or not any((running, *complete)):
        return None
    count, done = len(complete), sum(complete)
    pieces = days_ahead(as_of)
    total = done + running + round_half_even(done * pieces, count * now.day_count)
    spread_squared = sum((count * value - done) ** 2 for value in complete) // (count * count * (count - 1))
    half = isqrt(spread_squared * Z_SQUARED * pieces // (1_000 * now.day_count))
    return Forecast(total, total - half, total + half, round_half_even(done, count))


def days_ahead(as_of: date) -> int:
    """What is left of the year at the end of `as_of`: each month ahead as many days as the running one has, so that the
    rest of that one counts in proportion; 0 on the last day."""
    now = Month.containing(as_of)
    return (12 - now.first.month) * now.day_count + (now.last - as_of).days


def needed_a_month(gap: int, as_of: date) -> int | None:
    """What each month left has to bring to close `gap`, rounded up; None once a month or less is left."""
    ahead, a_month = days_ahead(as_of), Month.containing(as_of).day_count
    return -(-gap * a_month // ahead) if ahead > a_month else None


@dataclass(frozen=True)
class Part:
    """A step of a bridge: a unit ("" for none) and what it adds."""

    label: str
    amount: int
    unit: str = ""


def by_unit(plan: int, actual: int, gaps: Sequence[tuple[str, str, int]]) -> list[Part]:
    """From plan to actual by the units below: (name, unit, gap) of each; the largest stand alone, the smaller ones
    together under "" (others), and what no unit's own target explains under "-" (not assigned). Adds up exactly."""
    ranked = sorted(gaps, key=lambda gap: (-abs(gap[2]), gap[1]))
    named = [Part(name, gap, unit) for name, unit, gap in ranked[:NAMED_PARTS] if gap]
    others = sum(gap for _name, _unit, gap in ranked[NAMED_PARTS:])
    rest = actual - plan - sum(gap for _name, _unit, gap in gaps)
    found = list(named)
    if others:
        found.append(Part("", others))
    if rest:
        found.append(Part("-", rest))
    return found


@dataclass(frozen=True)
class Volume:
    """What a month's sales are made of: orders, their value, and what was cancelled."""

    orders: int
    ordered: int
    cancelled: int

    @property
    def sales(self) -> int:
        return self.ordered - self.cancelled


def by_cause(before: Volume, now: Volume) -> list[Part] | None:
    """From last year's sales to this year's: more or fewer orders, larger or smaller ones, more or fewer cancelled.

    Adds up exactly; None when last year had no orders to compare with."""
    if before.orders == 0:
        return None
    by_number = round_half_even((now.orders - before.orders) * before.ordered, before.orders)
    by_size = now.ordered - before.ordered - by_number
    return [
        Part("orders", by_number),
        Part("size", by_size),
        Part("cancelled", before.cancelled - now.cancelled),
    ]


def shared_lines(amount: int, parent: Mapping[str, int], year: int) -> dict[str, int]:
    """A year's amount over the months in the proportions of the target above; evenly where that has none."""
    weights = [max(parent.get(code, 0), 0) for code in period_codes(year)]
    return even_lines(year, amount, weights if sum(weights) else EVEN)
