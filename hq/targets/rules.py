"""How a year target is laid out over its months. Pure."""

from collections.abc import Mapping, Sequence

from shared.digits import whole_number
from shared.errors import Invalid
from shared.i18n import N_
from shared.money import Money, split
from shared.periods import Year

EVEN = (1,) * 12

AIMABLE = ("company", "branch", "department", "employee")
"""Kinds of units that targets are set for."""


def period_codes(year: int) -> list[str]:
    """The twelve months of a year as period lines name them."""
    return [str(month) for month in Year.of(year).months()]


def year_of(text: str) -> int | None:
    """The year that a text names; None for what is no year of targets (2000 to 2199)."""
    year = whole_number(text, 2199)
    return year if year is not None and year >= 2000 else None


def even_lines(year: int, amount: int, weights: Sequence[int] = EVEN) -> dict[str, int]:
    """The year's amount over its months by weight, adding up exactly."""
    return dict(zip(period_codes(year), split(amount, weights), strict=True))


def check_lines(year: int, amount: int, lines: Mapping[str, int], currency: str = "") -> None:
    """Invalid unless the lines are the months of the year, none is negative, and they add up to the year; `currency` of
    those that are money."""
    if sorted(lines) != period_codes(year):
        raise Invalid(N_("A target needs a line for each month of its year."), code="target.lines")
    wrong = {f"m{int(code[5:])}": N_("Enter 0 or more.") for code, part in lines.items() if part < 0}
    if wrong:
        raise Invalid(fields=wrong, code="target.negative")
    total = sum(lines.values())
    if total != amount:
        raise Invalid(
            N_("The months add up to %(total)s, the year is %(amount)s. Change one of them."),
            code="target.sum",
            total=Money(total, currency) if currency else total,
            amount=Money(amount, currency) if currency else amount,
        )
