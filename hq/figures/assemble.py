"""From sums in base currency to the lines of a figure: converted, derived, added up, with every branch named.

Primitive amounts are converted, everything else follows from them afterwards, so that 'sales = ordered - cancelled' and
'the rows add up to the total' hold in every currency to the last cent.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from hq.figures.cells import Sums
from hq.figures.freshness import Branch, Directory
from hq.figures.people import Place
from hq.figures.rates import conversion
from hq.figures.rules import Conversion, Rate, spread
from hq.figures.shape import Column, Figure, Line, Question, Value
from hq.figures.workings import Workings
from shared.errors import Invalid
from shared.i18n import N_

Derive = Callable[[Mapping[str, int]], Mapping[str, Value]]
Finish = Callable[[Branch, dict[str, Value]], None]
"""Adds to the values of a branch what does not follow from its own sums: its day, its rule, its target."""


def unchanged(_branch: Branch, _values: dict[str, Value]) -> None:
    """Adds nothing."""


@dataclass(frozen=True)
class Plan:
    """How the columns of a figure come about.

    `money` are the primitive amounts (base currency), `counts` the primitive numbers; `derive` adds what follows
    from both. Amounts in `chain` are converted together, so that they add up to their converted sum.
    """

    columns: Sequence[Column]
    money: tuple[str, ...]
    counts: tuple[str, ...] = ()
    derive: Derive = lambda values: {}
    chain: tuple[str, ...] = ()

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """All primitives."""
        return (*self.money, *self.counts)

    @cached_property
    def column_keys(self) -> tuple[str, ...]:
        return tuple(column.key for column in self.columns)

    def numbers(self, sums: Sums) -> dict[str, int]:
        """The primitives of a row; 0 where no row has added anything."""
        return {key: sums.get(key) or 0 for key in self.keys}

    def converted(self, sums: Sums, rate: Rate) -> dict[str, int]:
        """The primitives in another currency."""
        found = self.numbers(sums)
        if rate.numerator == rate.denominator:
            return found
        chained = spread([found[key] for key in self.chain], rate)
        for key, amount in zip(self.chain, chained, strict=True):
            found[key] = amount
        for key in self.money:
            if key not in self.chain:
                found[key] = rate.of(found[key])
        return found

    def full(self, primitives: Mapping[str, int]) -> dict[str, Value]:
        """All columns of a row."""
        values = {**primitives, **self.derive(primitives)}
        return {key: values[key] for key in self.column_keys}

    def unknown(self) -> dict[str, Value]:
        """A row of which nothing is known."""
        return dict.fromkeys(self.column_keys)


async def company_figure(
    name: str,
    question: Question,
    branches: Directory,
    sums: Mapping[str, Sums],
    plan: Plan,
    on: date,
    finish: Finish = unchanged,
    rates: Conversion | None = None,
    workings: Workings | None = None,
    aimed: object = None,
) -> Figure:
    """A line for every branch in scope and the company's total. `on` is the day whose rates convert, unless `rates`
    are given.

    A branch that never sent anything has unknown values, and so has the total while there is no other; one without a rate
    keeps its own currency and is left out of the total, which names the missing rate. `finish` may add values to those of
    a branch, from the branch and from what is `aimed` at. With `workings`, lines that are made of the same as before are not made again.
    """
    if rates is None:
        rates = await conversion(branches.currencies, question.currency, on, question.known_at)
    if not rates.to_currency:
        require_one_currency(branches)
    workings = workings or Workings()
    made = workings.step("line", (rates, aimed))
    lines: list[Line] = []
    parts: dict[str, Mapping[str, int]] = {}
    for branch in branches.branches:
        row = sums.get(branch.code, NOTHING)
        line, parts[branch.code] = made.of(
            branch.code, (branch.standing, row), branch_line, branch, row, plan, rates, finish
        )
        lines.append(line)
    missing = {
        rates.missing(branch.currency)
        for branch, line in zip(branches.branches, lines, strict=True)
        if line.is_left_out
    }
    primitives = workings.running("primitives").take(parts)
    currency = rates.to_currency or next(iter(branches.currencies), question.house.currency)
    summed = {key: primitives.sum(key) for key in plan.keys}
    values = plan.unknown() if branches.knows_nothing(sums) else plan.full(summed)
    total = Line(str(question.unit), "", "", currency, values)
    return Figure(
        name,
        question,
        plan.columns,
        lines,
        total,
        branches.marks,
        sorted(missing),
        len(lines),
        added=added_up(lines, plan.columns, workings),
    )


def added_up(lines: Sequence[Line], columns: Sequence[Column], workings: Workings) -> dict[str, int]:
    """The rows of each money column added up, without those that no total counts (`Figure.sums`)."""
    counted = {line.branch: line.values for line in lines if not line.is_left_out}
    sums = workings.running("values").take(counted)
    return {column.key: sums.sum(column.key) for column in columns if column.kind == "money"}


NOTHING: Sums = {}


def branch_line(
    branch: Branch, sums: Sums, plan: Plan, rates: Conversion, finish: Finish
) -> tuple[Line, dict[str, int]]:
    """The line of a branch and what it adds to the total."""
    unit, state = f"branch:{branch.code}", branch.mark.state
    rate = rates.rate(branch.currency)
    currency = branch.currency if rate is None else rates.to_currency or branch.currency
    is_left_out = False
    if branch.is_unknown(sums):
        primitives, values = {}, plan.unknown()
        currency = currency or rates.to_currency
    elif rate is None:
        primitives = plan.numbers(sums)
        is_left_out = any(primitives[key] for key in plan.money)
        values = plan.full(primitives)
        primitives = {key: primitives[key] for key in plan.counts}
    else:
        primitives = plan.converted(sums, rate)
        values = plan.full(primitives)
    finish(branch, values)
    return Line(unit, branch.name, branch.code, currency, values, state, is_left_out), primitives


def require_one_currency(branches: Directory) -> None:
    """Invalid unless all branches keep their books in the same currency."""
    found = sorted(branches.currencies)
    if len(found) > 1:
        raise Invalid(
            N_("These branches keep their books in %(currencies)s. Choose the currency to convert into."),
            code="currency.mixed",
            currencies=", ".join(found),
        )


@dataclass(frozen=True)
class Part:
    """A row below a branch before conversion: unit, name and sums."""

    unit: str
    name: str
    sums: Sums
    extra: Mapping[str, Value] | None = None


async def branch_figure(
    name: str,
    question: Question,
    place: Place,
    parts: Sequence[Part],
    plan: Plan,
    on: date,
    *,
    total: Sums | None = None,
    count: int | None = None,
) -> Figure:
    """Lines within one branch or a unit of it. Without `total` the parts are all there is and add up to the total exactly; with it
    they are a page of a longer list."""
    branch = place.branch
    rates = await conversion([branch.currency], question.currency, on, question.known_at)
    rate = rates.rate(branch.currency)
    missing = [] if rate is not None else [rates.missing(branch.currency)]
    currency = branch.currency if rate is None else rates.to_currency or branch.currency
    rate = rate or Rate(1, 1)
    keys = (*plan.money, *plan.counts)
    whole = plan.numbers(total) if total is not None else {
        key: sum(int(part.sums.get(key) or 0) for part in parts) for key in keys
    }  # fmt: skip
    totals = plan.converted(whole, rate)
    rows = spread_parts(parts, plan, rate, whole, totals, is_all=total is None)
    state = branch.mark.state
    lines = [
        Line(part.unit, part.name, branch.code, currency, {**plan.full(row), **(part.extra or {})}, state)
        for part, row in zip(parts, rows, strict=True)
    ]
    values = plan.unknown() if branch.is_before_first else plan.full(totals)
    line = Line(str(question.unit), place.name, branch.code, currency, values, state)
    return Figure(
        name,
        question,
        plan.columns,
        lines,
        line,
        [branch.mark],
        missing,
        len(parts) if count is None else count,
        branch.currency,
    )


def spread_parts(
    parts: Sequence[Part], plan: Plan, rate: Rate, whole: Sums, totals: Sums, *, is_all: bool
) -> list[dict[str, int]]:
    """The primitives of the rows, converted; rows that are all there is add up to the totals in every column."""
    rows = [plan.numbers(part.sums) for part in parts]
    adds_up = is_all or all(sum(row[key] for row in rows) == whole[key] for key in plan.money)
    for key in plan.money:
        amounts = spread([row[key] for row in rows], rate, totals[key] if adds_up else None)
        for row, amount in zip(rows, amounts, strict=True):
            row[key] = amount
    return rows
