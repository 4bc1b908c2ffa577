"""The figure targets: actual against target of month, quarter, year to date and year, for every unit that has one.

A year target is the sum of its period lines (months or quarters); what a span's target is follows from the lines
that lie in it, and is unknown when they do not cover it exactly.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hq.figures import cells, memo
from hq.figures.aims import BLOCKS, Aim, TargetMeasure, aims, measure_named, spans_of
from hq.figures.answers import answered
from hq.figures.assemble import added_up, require_one_currency
from hq.figures.cells import Sums, Want
from hq.figures.freshness import Branch, Directory, directory
from hq.figures.people import names_of, place_of, unit_of
from hq.figures.rates import conversion
from hq.figures.rules import SAME, Conversion, Rate, spread_columns
from hq.figures.sales import by_key
from hq.figures.shape import BASE, Column, ColumnKind, Figure, Line, MissingRate, Question, Unit, Value
from hq.figures.units import require_by, scope_of
from hq.figures.workings import Workings
from shared import figures
from shared.i18n import N_
from shared.periods import Year

Goals = Mapping[str, int | None]
"""The target of each span, None: unknown."""


def columns_of(measure: TargetMeasure) -> list[Column]:
    """target, actual, gap and completion of each span."""
    kind: ColumnKind = "money" if measure.is_money else "count"
    found = []
    for block in BLOCKS:
        found += [
            Column(f"{block}_target", N_("Target"), kind),
            Column(f"{block}_actual", N_("Actual"), kind, measure.better),
            Column(f"{block}_gap", N_("Gap"), kind, measure.better),
            Column(f"{block}_completion", N_("Completion"), "share", measure.better),
        ]
    return [
        *found,
        Column("time_passed", N_("Time passed"), "share"),
        Column(
            "children_target",
            N_("Sum below"),
            kind,
            title=N_("What the targets of the units below add up to."),
        ),
        Column(
            "unassigned_target", N_("Not assigned"), kind, title=N_("The year's target less the sum below.")
        ),
    ]


def wants(measure: TargetMeasure, as_of: date) -> list[Want]:
    """The parts of the measure in each span, named block_part."""
    return [
        want
        for block, span in spans_of(as_of).items()
        for want in measure.wants(span.first, span.last, f"{block}_")
    ]


@dataclass(frozen=True)
class Sheet:
    """Everything that turns sums and targets into lines for one measure and day."""

    measure: TargetMeasure
    as_of: date
    rates: Conversion

    def rate(self, currency: str) -> Rate | None:
        """The rate of an amount; counts need none."""
        return self.rates.rate(currency) if self.measure.is_money else SAME

    def actuals(self, rows: Sequence[Sums], rule: str, rate: Rate) -> list[dict[str, int]]:
        """The actual of each span for rows of one branch, converted so that they add up to the branch."""
        keys = [f"{block}_{part}" for block in BLOCKS for part in self.measure.parts]
        numbers = [{key: int(row.get(key) or 0) for key in keys} for row in rows]
        converted = spread_columns(numbers, keys, rate)
        return [
            {
                block: self.measure.actual(
                    {part: row[f"{block}_{part}"] for part in self.measure.parts}, rule
                )
                for block in BLOCKS
            }
            for row in converted
        ]

    def goals(self, aim: Aim | None) -> Goals:
        """The target of each span, converted; unknown without a target or a rate."""
        rate = self.rate(aim.currency) if aim is not None else None
        if aim is None or rate is None:
            return dict.fromkeys(BLOCKS)
        return {block: None if amount is None else rate.of(amount) for block, amount in aim.amounts.items()}

    def values(self, actuals: Mapping[str, int] | None, goals: Goals) -> dict[str, Value]:
        """All columns of a row."""
        found: dict[str, Value] = {}
        for block in BLOCKS:
            actual, goal = (actuals[block] if actuals is not None else None), goals[block]
            has_both = actual is not None and goal is not None
            found[f"{block}_target"] = goal
            found[f"{block}_actual"] = actual
            found[f"{block}_gap"] = (actual or 0) - (goal or 0) if has_both else None
            found[f"{block}_completion"] = figures.completion_bp(actual or 0, goal) if has_both else None
        year = Year.containing(self.as_of)
        found["time_passed"] = figures.time_passed_bp(year.first, year.after, self.as_of)
        return found

    def missing(self, *currencies: str) -> set[MissingRate]:
        """The rates that these currencies lack."""
        return {self.rates.missing(currency) for currency in currencies if self.rate(currency) is None}


def summed(goals: Sequence[Goals]) -> Goals:
    """Targets added up; unknown where none is known."""
    found: dict[str, int | None] = {}
    for block in BLOCKS:
        known = [goal for goal in (row[block] for row in goals) if goal is not None]
        found[block] = sum(known) if known else None
    return found


def shared_out(children: Goals, own: Goals) -> dict[str, Value]:
    """What the units below add up to, and what of the year's target is not assigned to any of them."""
    child, whole = children["year"], own["year"]
    return {"children_target": child, "unassigned_target": None if whole is None else whole - (child or 0)}


async def targets(question: Question, branches: Directory | None = None) -> Figure:
    """Actual against target around a day (default: today). Rows: branches; of a branch its employees or departments.

    The company's own target counts for the total; without one the sum of the branches' targets does.
    """
    measure = measure_named(question.measure)
    branches = branches or await directory(question)
    if question.unit.kind in ("company", "region"):
        as_of = question.as_of or question.last or question.house.today()
        figure = await answered(
            "targets",
            question,
            branches,
            lambda known: company_targets(question, branches, measure, as_of, known),
        )
        return figure.asked_as(as_of=as_of)
    return await branch_targets(question, branches, measure)


async def company_targets(
    question: Question, branches: Directory, measure: TargetMeasure, as_of: date, known: Workings
) -> Figure:
    """One row for each branch; those made of the same as before are not made again."""
    scope = scope_of(question, branches.codes)
    sums = await memo.by_branch(
        branches, lambda _today: wants(measure, as_of), branches.date_groups(as_of), scope
    )
    held = await aims(as_of, measure.name, branches.own_seq, known_at=question.known_at)
    own = held.get(("company", "")) if scope is None else None
    if question.currency == BASE and measure.is_money:
        require_one_currency(branches)
    sheet = await sheet_of(question, measure, as_of, branches.currencies, held.values())
    missing = sheet.missing(own.currency) if own is not None else set()
    made = known.step("target", sheet)
    lines: list[Line] = []
    actuals: dict[str, Mapping[str, int]] = {}
    goals: dict[str, Goals] = {}
    for branch in branches.branches:
        code = branch.code
        aim, row = held.get(("branch", code)), sums.get(code)
        if aim is not None:
            missing |= sheet.missing(aim.currency)
        made_of = (branch.standing, row, aim)
        goals[code], line, actuals[code] = made.of(code, made_of, branch_target, branch, row, aim, sheet)
        if line.is_left_out:
            missing |= sheet.missing(branch.currency)
        lines.append(line)
    done, summed_goals = known.running("actuals").take(actuals), known.running("goals").take(goals)
    children = {block: summed_goals.known(block) for block in BLOCKS}
    aimed = sheet.goals(own) if own is not None else children
    totals = None if branches.knows_nothing(sums) else {block: done.sum(block) for block in BLOCKS}
    values = {**sheet.values(totals, aimed), **shared_out(children, aimed)}
    total = Line(str(question.unit), "", "", sheet.rates.to_currency, values)
    columns = columns_of(measure)
    return Figure(
        "targets", question, columns, lines, total, branches.marks, sorted(missing), len(lines),
        added=added_up(lines, columns, known),
    )  # fmt: skip


def branch_target(
    branch: Branch, sums: Sums | None, aim: Aim | None, sheet: Sheet
) -> tuple[Goals, Line, Mapping[str, int]]:
    """The target of a branch, its row and its actuals, empty when they are unknown."""
    goals = sheet.goals(aim)
    line, actuals = branch_line(branch, sums, goals, sheet)
    return goals, line, actuals or {}


async def sheet_of(
    question: Question, measure: TargetMeasure, as_of: date, currencies: Collection[str], held: Iterable[Aim]
) -> Sheet:
    """The rates that branches and targets need; base converts into the branches' own currency."""
    to_currency = question.currency
    if to_currency == BASE:
        to_currency = next(iter(currencies), question.house.currency)
    rates = await conversion(
        {*currencies, *(aim.currency for aim in held)}, to_currency, as_of, question.known_at
    )
    return Sheet(measure, as_of, rates)


def branch_line(
    branch: Branch, sums: Sums | None, goals: Goals, sheet: Sheet
) -> tuple[Line, dict[str, int] | None]:
    """The row of a branch and its actuals, None when they are unknown or have no rate."""
    state, rate = branch.mark.state, sheet.rate(branch.currency)
    actuals: dict[str, int] | None = None
    if not branch.is_unknown(sums) and (rate is not None or not sums):
        actuals = sheet.actuals([sums or {}], branch.income_rule, rate or SAME)[0]
    is_left_out = bool(sums) and rate is None
    values = sheet.values(actuals, goals)
    currency = sheet.rates.to_currency
    return Line(
        f"branch:{branch.code}", branch.name, branch.code, currency, values, state, is_left_out
    ), actuals


async def branch_targets(question: Question, branches: Directory, measure: TargetMeasure) -> Figure:
    """One row for each person or department of a branch that has a target or did something."""
    place = await place_of(question.unit, branches)
    branch, unit = place.branch, place.unit
    as_of = question.as_of or question.last or branch.today
    by = require_by(question.by or "employee", ("employee", "department"))
    personal = await cells.by_person(wants(measure, as_of), as_of, branch.code, question.known_at)
    keyed = by_key(within(personal, unit), by)
    held = await aims(as_of, measure.name, branches.own_seq, branch.code, question.known_at)
    sheet = await sheet_of(question, measure, as_of, [branch.currency], held.values())
    aimed = {key for kind, key in held if kind == by and (unit.kind == "branch" or key == unit.key)}
    keys = sorted({key for key, row in keyed.items() if any(row.values())} | aimed)
    names = await names_of(by, keys)
    rate = sheet.rate(branch.currency)
    actuals = sheet.actuals([keyed.get(key, {}) for key in keys], branch.income_rule, rate or SAME)
    goals = [sheet.goals(held.get((by, key))) for key in keys]
    currency, state = sheet.rates.to_currency, branch.mark.state
    is_known = rate is not None and not branch.is_before_first
    lines = [
        Line(unit_of(by, key, branch.code), names[key], branch.code, currency, sheet.values(did if is_known else None, goal), state)
        for key, did, goal in zip(keys, actuals, goals, strict=True)
    ]  # fmt: skip
    own = held.get(("branch", branch.code) if unit.kind == "branch" else (unit.kind, unit.key))
    children = summed(goals)
    aim = sheet.goals(own) if own is not None else children
    done = {block: sum(row[block] for row in actuals) for block in BLOCKS}
    values = {**sheet.values(done if is_known else None, aim), **shared_out(children, aim)}
    total = Line(str(question.unit), place.name, branch.code, currency, values, state)
    shown = [held[by, key].currency for key in aimed] + ([own.currency] if own else [])
    missing = sorted(sheet.missing(branch.currency, *shown))
    columns = columns_of(measure)
    return Figure(
        "targets", question, columns, lines, total, [branch.mark], missing, len(lines), branch.currency
    ).asked_as(as_of=as_of)


def within(personal: Mapping[tuple[str, str], Sums], unit: Unit) -> dict[tuple[str, str], Sums]:
    """The sums per (department, employee) that belong to a unit of the branch."""
    if unit.kind == "department":
        return {key: row for key, row in personal.items() if key[0] == unit.key}
    if unit.kind in ("employee", "unassigned"):
        wanted = unit.key if unit.kind == "employee" else ""
        return {key: row for key, row in personal.items() if key[1] == wanted}
    return dict(personal)
