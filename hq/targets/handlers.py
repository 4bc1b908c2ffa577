"""/targets: the plan, the gap, the months. Setting a target is in `editing`."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import question_of
from hq.cards import maker_of
from hq.figures.aims import BLOCK_LABELS, BLOCKS, TARGET_MEASURES, TargetMeasure, measure_named
from hq.figures.freshness import Directory, directory
from hq.figures.rates import conversion
from hq.figures.shape import Figure, Line, Question
from hq.figures.targets import targets
from hq.figures.words import scope_name
from hq.frame.page import carried, crumbs_of, freshness_line, switches
from hq.tables import Look, table_of, url_with
from hq.targets.forecast import Forecast, by_cause, by_unit, days_ahead, needed_a_month, run_rate
from hq.targets.pages import BridgeStep, ChartMonth, TargetsPage
from hq.targets.queries import MonthRow, Revision, lines_below, months, revisions, volumes
from hq.targets.rules import AIMABLE
from shared.i18n import gettext as _
from shared.i18n import sentences
from shared.money import Money, exponent
from shared.periods import Month
from shared.web import parts
from shared.web.filters import money_card, money_unit, number, percent
from shared.web.parts import Action, Bullet, Tab, Variance
from shared.web.responses import page
from shared.web.templating import with_query


async def show(request: Request) -> Response:
    """Year plan, gap, why."""
    question = question_of(request, "target.view", limit=1_000, offset=0)
    measure = measure_named(question.measure)
    branches = await directory(question)
    figure = await targets(question, branches)
    as_of = figure.question.as_of or question.house.today()
    currency = figure.total.currency
    held = (
        await revisions(question.unit, figure.total.branch, as_of.year, measure.name)
        if question.unit.kind in AIMABLE
        else []
    )
    lines = await lines_in(held, currency, as_of, measure)
    if not held and question.unit.kind in ("company", "region"):
        lines = await lines_below(branches, as_of, measure, currency)
    rows = await months(question, branches, measure, as_of, currency, lines)
    is_company = question.unit.kind in ("company", "region")
    heading = run_rate({row.period: row.actual for row in rows if row.actual is not None}, as_of)
    causes = await causes_of(question, branches, measure, as_of, currency)
    view = TargetsPage(
        scope=scope_name(figure),
        crumbs=crumbs_of(request, figure, _("Targets")),
        actions=actions_of(request, question, as_of, bool(held)),
        as_of=as_of,
        keep=kept(question),
        measures=[
            Tab(_(other.label), with_query(measure=other.name), other.name == measure.name)
            for other in TARGET_MEASURES.values()
        ],
        switches=switches(
            figure, ("employee", "department") if figure.question.unit.kind != "customer" else ()
        ),
        freshness=freshness_line(figure),
        cards=[card(figure, block, measure) for block in BLOCKS],
        shared_out=shared_out(figure, measure),
        is_shared_out=not figure.total.number("unassigned_target"),
        months=[chart_month(row, currency, measure, heading) for row in rows],
        forecast=forecast_words(heading, figure, measure),
        why=why_of(figure, measure, question),
        causes=causes,
        unit=money_unit(currency) if measure.is_money else "",
        is_money=measure.is_money,
        table=table_of(figure, look_of(request, figure, measure), is_ranked=is_company),
    )
    return page(request, "targets/show.html", view)


async def lines_in(
    held: list[Revision], currency: str, as_of: date, measure: TargetMeasure
) -> dict[str, int]:
    """The months of the target that holds, in the currency of the page."""
    if not held:
        return {}
    if not measure.is_money:
        return held[0].lines
    rates = await conversion([held[0].currency], currency, as_of)
    rate = rates.rate(held[0].currency)
    return {} if rate is None else {period: rate.of(part) for period, part in held[0].lines.items()}


def kept(question: Question) -> dict[str, str]:
    """What a change of the day keeps."""
    found = {"measure": question.measure, "by": question.by, **carried(question)}
    if question.unit.kind != "company":
        found["unit"] = str(question.unit)
    return {name: value for name, value in found.items() if value}


def actions_of(request: Request, question: Question, as_of: date, has_target: bool) -> list[Action]:
    """Set or revise, for those who may, where a target can be."""
    if not request.state.person.may("target.edit") or question.unit.kind not in AIMABLE:
        return []
    if question.unit.kind == "company" and question.branches is not None:
        return []
    url = url_with("/targets/edit", unit=str(question.unit), measure=question.measure, year=as_of.year)
    found = [
        Action(
            _("Revise target") if has_target else _("Set target"), url, "pencil", is_primary=not has_target
        )
    ]
    if question.unit.kind != "employee":
        share = url_with(
            "/targets/cascade", unit=str(question.unit), measure=question.measure, year=as_of.year
        )
        found.append(Action(_("Share out"), share, "users"))
    if question.unit.kind == "company":
        found.append(Action(_("From a sheet"), "/targets/import", "upload"))
    return found


def card(figure: Figure, block: str, measure: TargetMeasure) -> parts.Figure:
    """Actual of a span against its target."""
    total, maker = figure.total, maker_of(figure)
    actual, goal = total.number(f"{block}_actual"), total.number(f"{block}_target")
    completion = total.number(f"{block}_completion")
    value: Money | int | None = actual
    if measure.is_money and actual is not None:
        value = Money(actual, total.currency)
    note = _("no target")
    if goal is not None:
        shown = money_card(Money(goal, total.currency)) if measure.is_money else number(goal)
        note = _(
            "target %(goal)s, %(share)s done",
            goal=shown,
            share=percent(completion) if completion is not None else "—",
        )
    gap = total.number(f"{block}_gap")
    variance = None
    if gap is not None:
        shown_gap = Money(gap, total.currency) if measure.is_money else gap
        variance = Variance(shown_gap, "money_card" if measure.is_money else "number", measure.better)
    return parts.Figure(
        _(BLOCK_LABELS[block]),
        value,
        kind="money_card" if measure.is_money else "number",
        state=maker.state(value),
        note=note
        if block != "year"
        else _("; ").join((note, _("time passed %(share)s", share=percent(total.number("time_passed"))))),
        bullet=Bullet(actual, goal, label=_(BLOCK_LABELS[block])) if actual is not None else None,
        variance=variance,
        watermark=maker.mark,
        key=block,
    )


def shared_out(figure: Figure, measure: TargetMeasure) -> str:
    """What the units below add up to against the unit's own target: a line also when nothing is left over."""
    whole, child = figure.total.number("year_target"), figure.total.number("children_target")
    rest = figure.total.number("unassigned_target")
    if whole is None:
        return _("No target is set for this year.")

    def shown(amount: int | None) -> str:
        if amount is None:
            return "—"
        return money_card(Money(amount, figure.total.currency)) if measure.is_money else number(amount)

    return _(
        "Year target %(whole)s, sum below %(child)s, not assigned %(rest)s.",
        whole=shown(whole),
        child=shown(child),
        rest=shown(rest),
    )


def shown_amount(amount: int, figure: Figure, measure: TargetMeasure) -> str:
    """An amount of the measure as a card writes it."""
    return money_card(Money(amount, figure.total.currency)) if measure.is_money else number(amount)


def forecast_words(heading: Forecast | None, figure: Figure, measure: TargetMeasure) -> str:
    """Where the year is heading at the pace so far; '' while too few months are complete."""
    if heading is None:
        return ""
    text = _(
        "Forecast for the year at the pace so far: %(total)s (%(low)s to %(high)s in four of five years).",
        total=shown_amount(heading.total, figure, measure),
        low=shown_amount(max(heading.low, 0), figure, measure),
        high=shown_amount(heading.high, figure, measure),
    )
    goal, actual = figure.total.number("year_target"), figure.total.number("year_actual")
    as_of = figure.question.as_of
    if goal is None or actual is None or as_of is None or goal <= actual:
        return text
    return sentences(text, pace_words(goal - actual, as_of, figure, measure))


def pace_words(gap: int, as_of: date, figure: Figure, measure: TargetMeasure) -> str:
    """What is needed from now on to meet the target; "" once its year is over."""
    if not days_ahead(as_of):
        return ""
    need = needed_a_month(gap, as_of)
    if need is None:
        return _(
            "To meet the target: %(amount)s by the end of the year.",
            amount=shown_amount(gap, figure, measure),
        )
    return _(
        "To meet the target: %(amount)s a month from now on.", amount=shown_amount(need, figure, measure)
    )


def step_of(label: str, amount: int, currency: str, measure: TargetMeasure, url: str = "", *, is_total: bool = False) -> BridgeStep:  # fmt: skip
    """A step of a bridge as the page and the chart read it."""
    value: Money | int = Money(amount, currency) if measure.is_money else amount
    units = amount // 10 ** exponent(currency) if measure.is_money else amount
    return BridgeStep(label, value, units, url, is_total)


def why_of(figure: Figure, measure: TargetMeasure, question: Question) -> list[BridgeStep]:
    """From the month's plan to its actual by the units below; each leads to what it sold. Empty without a plan."""
    total = figure.total
    plan, actual = total.number("month_target"), total.number("month_actual")
    if plan is None or actual is None or figure.question.as_of is None:
        return []
    month = Month.containing(figure.question.as_of)
    gaps = [
        (line.name, line.unit, line.number("month_gap") or 0)
        for line in figure.rows
        if line.number("month_gap") is not None and not line.is_left_out
    ]
    words = {"": _("Others"), "-": _("Without a target of their own")}
    steps = [step_of(_("Plan"), plan, total.currency, measure, is_total=True)]
    for part in by_unit(plan, actual, gaps):
        url = (
            url_with("/sales", unit=part.unit, period=str(month), **carried(figure.question))
            if part.unit
            else ""
        )
        steps.append(step_of(words.get(part.label, part.label), part.amount, total.currency, measure, url))
    return [*steps, step_of(_("Actual"), actual, total.currency, measure, is_total=True)]


async def causes_of(
    question: Question, branches: Directory, measure: TargetMeasure, as_of: date, currency: str
) -> list[BridgeStep]:
    """From last year's month to this year's by number of orders, their size and cancellations; for sales only."""
    if measure.name != "sales":
        return []
    month = Month.containing(as_of)
    now = await volumes(question, branches, month, currency, as_of)
    before = await volumes(question, branches, month.same_of_last_year(), currency, as_of)
    parts_found = by_cause(before, now)
    if parts_found is None:
        return []
    words = {"orders": _("Number of orders"), "size": _("Size of orders"), "cancelled": _("Cancelled orders")}
    steps = [step_of(_("Last year"), before.sales, currency, measure, is_total=True)]
    steps += [step_of(words[part.label], part.amount, currency, measure) for part in parts_found]
    return [*steps, step_of(_("This year"), now.sales, currency, measure, is_total=True)]


def chart_month(row: MonthRow, currency: str, measure: TargetMeasure, heading: Forecast | None) -> ChartMonth:
    """Last year, target, actual, and the pace so far for months ahead."""

    def cell(amount: int | None) -> tuple[Money | int | None, int | None]:
        if amount is None:
            return None, None
        if not measure.is_money:
            return amount, amount
        return Money(amount, currency), amount // 10 ** exponent(currency)

    ahead = heading.month if heading is not None and row.actual is None else None
    return ChartMonth(row.period, [cell(row.previous), cell(row.target), cell(row.actual), cell(ahead)])


def look_of(request: Request, figure: Figure, measure: TargetMeasure) -> Look:
    """Units below: month and year against target."""
    question = figure.question
    is_company = question.unit.kind in ("company", "region")

    def open_unit(line: Line, _key: str = "") -> str:
        if line.unit.startswith("unassigned"):
            return ""
        as_of = request.query_params.get("as_of")
        return url_with(
            "/targets", unit=line.unit, measure=question.measure, as_of=as_of, **carried(question)
        )

    def cells(line: Line) -> Mapping[str, Any]:
        actual = line.number("year_actual")
        bullet = Bullet(actual, line.number("year_target"), label=_("Year")) if actual is not None else None
        return {"bar": bullet}

    return Look(
        key="targets",
        caption=_("Targets by branch") if is_company else _("Targets by person"),
        keys=("month_actual", "month_completion", "year_target", "year_actual", "year_gap", "year_completion"),
        big=is_company,
        drill=open_unit,
        open_row=open_unit,
        phone=("year_completion",),
        dashed=("year_target", "year_gap"),
        first_label=_("Branch") if is_company else _("Name"),
        extra=(parts.Column("bar", _("Year"), "bullet"),),
        extra_cells=cells,
        sort=request.query_params.get("sort", "year_gap") if is_company else "",
        can_sort=is_company,
    )  # fmt: skip
