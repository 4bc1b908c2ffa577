"""The bridge from income to profit: expense by category over all branches in scope."""

from collections.abc import Sequence
from dataclasses import dataclass

from hq.figures import cells
from hq.figures.profit import INCOME, PROFIT, category_labels
from hq.figures.rates import conversion
from hq.figures.rules import spread
from hq.figures.shape import Figure
from hq.figures.units import scope_of
from shared.i18n import gettext


@dataclass(frozen=True)
class BridgeStep:
    """One step: income, a category of expense (negative), profit. Minor units of the figure's currency."""

    label: str
    amount: int
    is_total: bool = False


async def bridge(figure: Figure, branch_currencies: dict[str, str]) -> list[BridgeStep]:
    """Income, each category of expense, profit; they add up exactly.

    Below the company the rows of the figure are the categories already.
    """
    income, profit = figure.total.number("income") or 0, figure.total.number("profit") or 0
    if figure.question.unit.kind in ("company", "region"):
        costs = await company_costs(figure, branch_currencies)
    else:
        costs = [
            (line.name, line.number("expense") or 0)
            for line in figure.rows
            if line.unit.startswith("category:")
        ]
    steps = [BridgeStep(label, -amount) for label, amount in costs if amount]
    return [BridgeStep(gettext(INCOME), income, True), *steps, BridgeStep(gettext(PROFIT), profit, True)]


async def company_costs(figure: Figure, branch_currencies: dict[str, str]) -> Sequence[tuple[str, int]]:
    """Expense by category over all branches, each branch's categories adding up to its converted expense."""
    question = figure.question
    assert question.first is not None
    assert question.last is not None
    codes = frozenset(mark.branch for mark in figure.watermarks)
    found = await cells.by_dim(
        "expense",
        question.first,
        question.last,
        question.house.today(),
        scope_of(question, codes),
        question.known_at,
    )
    rates = await conversion(
        set(branch_currencies.values()), question.currency, question.last, question.known_at
    )
    own_costs: dict[str, list[tuple[str, int]]] = {}
    for (code, dim), row in sorted(found.items()):
        own_costs.setdefault(code, []).append((dim, int(row["base"])))
    totals: dict[str, int] = {}
    for line in figure.rows:
        rate = rates.rate(branch_currencies.get(line.branch, ""))
        if line.is_left_out or rate is None:
            continue
        own = own_costs.get(line.branch, [])
        parts = spread([amount for _, amount in own], rate, line.number("expense") or 0)
        for (dim, _), amount in zip(own, parts, strict=True):
            totals[dim] = totals.get(dim, 0) + amount
    labels = await category_labels()
    return sorted(
        ((labels.get(dim, dim), amount) for dim, amount in totals.items()), key=lambda step: -step[1]
    )
