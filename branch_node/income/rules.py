"""Income, expense and operating profit of a month by the branch's declared rule. Pure; base currency, minor units."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared import figures


@dataclass(frozen=True)
class Sums:
    """What a unit's entries of a period add up to."""

    ordered: int = 0
    cancelled: int = 0
    shipped: int = 0
    receipts: int = 0
    expense: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(
            self.ordered + other.ordered,
            self.cancelled + other.cancelled,
            self.shipped + other.shipped,
            self.receipts + other.receipts,
            self.expense + other.expense,
        )


@dataclass(frozen=True)
class Result:
    """Income, expense and operating profit = income - expense."""

    income_minor: int
    expense_minor: int

    @property
    def profit_minor(self) -> int:
        return figures.operating_profit(self.income_minor, self.expense_minor)


def result(rule: str, sums: Sums) -> Result:
    """The three figures by the rule (approval, shipment, receipt). KeyError for an unknown rule."""
    income = figures.income(
        rule,
        ordered=sums.ordered,
        cancelled=sums.cancelled,
        shipped=sums.shipped,
        receipts=sums.receipts,
    )
    return Result(income, sums.expense)


MEASURES = ("ordered", "cancelled", "shipped", "receipts", "expense")


def by_unit(rows: Sequence[Mapping[str, Any]], unit: str) -> dict[Any, Sums]:
    """Sums per value of column `unit` from rows of {unit, "measure", "base"}; None is 'no department'."""
    found: dict[Any, Sums] = {}
    for row in rows:
        key = row[unit]
        found[key] = found.get(key, Sums()) + Sums(**{str(row["measure"]): int(row["base"])})
    return found


@dataclass(frozen=True)
class UnitRow:
    """One department (None: entries without one) and its result."""

    department_id: UUID | None
    name: str
    result: Result
