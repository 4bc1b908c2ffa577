"""Reads for the pages of targets: the months of a unit, the revisions of a target, the lines that hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from hq.figures import cells, facts, memo
from hq.figures.aims import TargetMeasure, aims
from hq.figures.cells import Want
from hq.figures.freshness import Directory
from hq.figures.people import Place, place_of
from hq.figures.rates import conversion
from hq.figures.rules import SAME
from hq.figures.sales import by_key
from hq.figures.shape import BASE, Question, Unit
from hq.figures.units import scope_of
from hq.targets.forecast import Volume
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.periods import Period, Year

MONTHS_SECONDS = 10.0


@dataclass(frozen=True)
class MonthRow:
    """One month of a unit: target, actual, the same month of last year; None where unknown or still ahead."""

    period: str
    target: int | None
    actual: int | None
    previous: int | None


async def months(
    question: Question,
    branches: Directory,
    measure: TargetMeasure,
    as_of: date,
    currency: str,
    lines: dict[str, int],
) -> list[MonthRow]:
    """The twelve months of the year of `as_of`, in `currency`; `lines` are the target's, in the same currency."""
    year = Year.containing(as_of)
    done = await month_sums(question, branches, measure, year, currency, as_of)
    before = await month_sums(question, branches, measure, year.previous(), currency, as_of)
    found = []
    for month, last in zip(year.months(), year.previous().months(), strict=True):
        actual = done.get(str(month), 0) if month.first <= as_of else None
        found.append(MonthRow(str(month), lines.get(str(month)), actual, before.get(str(last), 0)))
    return found


async def month_sums(
    question: Question, branches: Directory, measure: TargetMeasure, year: Year, currency: str, on: date
) -> dict[str, int]:
    """The measure by month: from the rollup for the company, from the rows below it."""
    wants = measure.wants(year.first, year.last)
    found: dict[str, int] = {}
    if question.unit.kind in ("company", "region"):
        codes = branches.codes
        rates = await conversion(branches.currencies, currency, on, question.known_at)
        rules = {branch.income_rule for branch in branches.branches}
        rule = next(iter(rules), "approval")
        scope = scope_of(question, codes)
        known_at = question.known_at
        key = ("months", year, measure.name, scope, known_at)
        rows = await memo.kept(
            key, MONTHS_SECONDS, lambda: cells.by_month(wants, on, scope, known_at=known_at)
        )
        for (period, base), row in rows.items():
            rate = rates.rate(base) if measure.is_money else SAME
            if rate is not None:
                amounts = {part: rate.of(int(row[part])) for part in measure.parts}
                found[period] = found.get(period, 0) + measure.actual(amounts, rule)
        return found
    place = await place_of(question.unit, branches)
    rates = await conversion([place.branch.currency], currency, on, question.known_at)
    rate = rates.rate(place.branch.currency) if measure.is_money else SAME
    if rate is None:
        return {}
    keyed = await facts.sums(wants, "month", facts.Among(place.branch.code, place.unit, question.known_at))
    for period, row in keyed.items():
        amounts = {part: rate.of(int(row[part])) for part in measure.parts}
        found[period] = measure.actual(amounts, place.branch.income_rule)
    return found


async def volumes(
    question: Question, branches: Directory, span: Period, currency: str, as_of: date
) -> Volume:
    """Orders, their value and what was cancelled in a span, in `currency`; branches without a rate are left out."""
    wants = [
        Want("orders", "ordered", span.first, span.last, "n"),
        Want("ordered", "ordered", span.first, span.last),
        Want("cancelled", "cancelled", span.first, span.last),
    ]
    if question.unit.kind in ("company", "region"):
        scope = scope_of(question, branches.codes)
        sums = await memo.by_branch(branches, lambda _today: wants, branches.date_groups(as_of), scope)
    else:
        place = await place_of(question.unit, branches)
        keyed = await facts.sums(wants, "all", facts.Among(place.branch.code, place.unit, question.known_at))
        sums = {place.branch.code: next(iter(keyed.values()))} if keyed else {}
    rates = await conversion(branches.currencies, currency, as_of, question.known_at)
    orders = ordered = cancelled = 0
    for code, row in sums.items():
        branch = branches.get(code)
        rate = rates.rate(branch.currency) if branch is not None else None
        if rate is not None:
            orders += int(row["orders"] or 0)
            ordered += rate.of(int(row["ordered"] or 0))
            cancelled += rate.of(int(row["cancelled"] or 0))
    return Volume(orders, ordered, cancelled)


@dataclass(frozen=True)
class Held:
    """A unit below with its target of a year and what it did the year before; None where there is none."""

    code: str
    kind: str
    branch: str
    id: str
    name: str
    amount: int | None
    revision: int
    previous: int | None
    currency: str


async def children_of(
    unit: Unit, place: Place | None, branches: Directory, measure: TargetMeasure, year: int, currency: str
) -> list[Held]:
    """The units directly below: branches of the company; departments and people without one of a branch; people of a
    department. Their targets in `currency` (None when kept in another without a rate)."""
    last_year = Year.of(year - 1)
    wants = measure.wants(last_year.first, last_year.last)
    held = await aims(
        date(year, 12, 31), measure.name, branches.own_seq, place.branch.code if place else None
    )
    aimed = {aim.currency for aim in held.values()}
    rates = await conversion({*branches.currencies, *aimed}, currency, date(year, 12, 31))
    if place is None:
        before = await memo.by_branch(
            branches, lambda _today: wants, branches.date_groups(last_year.last), None
        )
        units = [("branch", branch.code, "", branch.name, branch) for branch in branches.branches]
    else:
        keyed = await cells.by_person(wants, last_year.last, place.branch.code)
        before = {**by_key(keyed, "department"), **by_key(keyed, "employee")}
        units = [
            (kind, place.branch.code, key, name, place.branch) for kind, key, name in await members(place)
        ]
    found = []
    for kind, code, key, name, branch in units:
        aim = held.get((kind, key or code))
        rate = rates.rate(branch.currency) if measure.is_money else SAME
        row = before.get(key or code)
        did = None
        if row is not None and rate is not None:
            did = measure.actual(
                {part: rate.of(int(row.get(part) or 0)) for part in measure.parts}, branch.income_rule
            )
        amount = aim.amounts["year"] if aim is not None and aim.currency in ("", currency) else None
        found.append(
            Held(
                f"{kind}:{key or code}",
                kind,
                code,
                key,
                name,
                amount,
                aim.number if aim else 0,
                did,
                currency,
            )
        )
    return found


async def members(place: Place) -> list[tuple[str, str, str]]:
    """(kind, id, name) of what lies directly below: departments and people without one, or a department's people."""
    code, unit = place.branch.code, place.unit
    people = await fetch_all(
        "SELECT id, name, department_id FROM employee WHERE branch = :code AND active AND deleted_at IS NULL ORDER BY name, id",
        code=code,
    )
    if unit.kind == "department":
        return [
            ("employee", str(row["id"]), str(row["name"]))
            for row in people
            if str(row["department_id"]) == unit.key
        ]
    departments = await fetch_all(
        "SELECT id, name FROM department WHERE branch = :code AND active AND deleted_at IS NULL ORDER BY name, id",
        code=code,
    )
    found = [("department", str(row["id"]), str(row["name"])) for row in departments]
    return found + [
        ("employee", str(row["id"]), str(row["name"])) for row in people if not row["department_id"]
    ]


async def lines_below(
    branches: Directory, as_of: date, measure: TargetMeasure, currency: str
) -> dict[str, int]:
    """The months of the branches' targets added up, in `currency`; a target without a rate is left out."""
    rows = await fetch_all(
        "SELECT t.unit_branch, t.currency, l.period, l.amount FROM target t JOIN target_line l ON l.target_id = t.id "
        "WHERE t.year = :year AND t.measure = :measure AND t.unit_kind = 'branch' AND t.superseded_at IS NULL "
        "AND t.deleted_at IS NULL AND l.deleted_at IS NULL",
        year=as_of.year,
        measure=measure.name,
    )
    codes = branches.codes
    mine = [row for row in rows if str(row["unit_branch"]) in codes]
    rates = await conversion({str(row["currency"]) for row in mine}, currency, as_of)
    found: dict[str, int] = {}
    for row in mine:
        rate = rates.rate(str(row["currency"])) if measure.is_money else SAME
        if rate is not None:
            period = str(row["period"])
            found[period] = found.get(period, 0) + rate.of(int(row["amount"]))
    return found


@dataclass(frozen=True)
class Revision:
    """One revision of a target."""

    id: str
    number: int
    amount: int
    currency: str
    reason: str
    issued_at: datetime | None
    superseded_at: datetime | None
    lines: dict[str, int]


async def revisions(unit: Unit, branch: str, year: int, measure: str) -> list[Revision]:
    """Every revision of a unit's target, newest first; the first holds."""
    unit_branch = unit.key if unit.kind == "branch" else branch if unit.kind != "company" else ""
    where = (
        " AND t.unit_id = :unit_id" if unit.kind in ("department", "employee") else " AND t.unit_id IS NULL"
    )
    rows = await fetch_all(
        "SELECT t.id, t.number, t.amount, t.currency, t.reason, t.issued_at, t.superseded_at, l.period, "
        "l.amount AS part FROM target t LEFT JOIN target_line l ON l.target_id = t.id AND l.deleted_at IS NULL "
        "WHERE t.year = :year AND t.measure = :measure AND t.unit_kind = :kind AND t.unit_branch = :branch "
        f"AND t.deleted_at IS NULL{where} ORDER BY t.number DESC, l.period",
        year=year,
        measure=measure,
        kind=unit.kind,
        branch=unit_branch,
        unit_id=unit.key,
    )
    found: dict[str, Revision] = {}
    for row in rows:
        key = str(row["id"])
        if key not in found:
            found[key] = Revision(
                key, int(row["number"]), int(row["amount"]), str(row["currency"]), str(row["reason"]),
                instant_of(row["issued_at"]), instant_of(row["superseded_at"]), {},
            )  # fmt: skip
        if row["period"]:
            found[key].lines[str(row["period"])] = int(row["part"])
    return list(found.values())


def instant_of(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(int(micros))


def currency_of(question: Question, held: Sequence[Revision], branch_currency: str) -> str:
    """The currency in which a target is entered: that of the present one, else the unit's own."""
    if held and held[0].currency:
        return held[0].currency
    return branch_currency or (question.house.currency if question.currency == BASE else question.currency)
