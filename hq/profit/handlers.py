"""/profit: what came in, what was spent, what is left."""

from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import question_of
from hq.cards import maker_of
from hq.figures.aims import aims
from hq.figures.freshness import Directory, directory
from hq.figures.profit import EXPENSE, INCOME, PROFIT, profit
from hq.figures.rates import conversion
from hq.figures.scoreboard import block_of, goals_of, same_end
from hq.figures.shape import Better, Figure, Line
from hq.figures.words import scope_name
from hq.frame.page import adds_up, crumbs_of, drill_url, freshness_line, month_span, switches
from hq.profit.pages import BridgeRow, ProfitPage
from hq.profit.queries import BridgeStep, bridge
from hq.tables import Look, table_of
from shared.figures import INCOME_RULES
from shared.i18n import gettext as _
from shared.money import Money, exponent
from shared.periods import add_months
from shared.web import parts
from shared.web.filters import money_card, money_unit
from shared.web.parts import Bullet, Column, Variance
from shared.web.responses import page


async def show(request: Request) -> Response:
    """Income, expense, operating profit."""
    question = question_of(request, "figures.view", limit=1_000, offset=0)
    known = await directory(question)
    figure = await profit(question, known)
    currencies = {branch.code: branch.currency for branch in known.branches}
    rules = {branch.code: branch.income_rule for branch in known.branches}
    steps = await bridge(figure, currencies)
    is_company = question.unit.kind in ("company", "region")
    currency = figure.total.currency
    view = ProfitPage(
        scope=scope_name(figure),
        crumbs=crumbs_of(request, figure, _("Profit")),
        span=month_span(figure),
        switches=switches(
            figure, ("category", "department", "month") if figure.question.unit.kind != "customer" else ()
        ),
        freshness=freshness_line(figure),
        check=adds_up(figure),
        rule=rule_words(figure, rules),
        cards=cards(figure, await before(figure, known), await plans(figure, known)),
        bridge=[bridge_row(step, currency) for step in steps],
        bridge_unit=money_unit(currency),
        table=table_of(
            figure, look_of(request, figure, rules.get(figure.total.branch, "")), is_ranked=is_company
        ),
    )
    return page(request, "profit/show.html", view)


def rule_words(figure: Figure, rules: dict[str, str]) -> str:
    """By which rule income counts, or that branches differ."""
    codes = {figure.total.branch} if figure.total.branch else {mark.branch for mark in figure.watermarks}
    used = sorted({rules[code] for code in codes if code in rules})
    if len(used) == 1:
        return _("Rule: %(rule)s.", rule=_(INCOME_RULES[used[0]]))
    return _("Branches count income by different rules; each row names its own.")


def bridge_row(step: BridgeStep, currency: str) -> BridgeRow:
    """A step with its size in whole units for the chart."""
    units = step.amount // 10 ** exponent(currency)
    return BridgeRow(step.label, Money(step.amount, currency), units, step.is_total)


MEASURES: Mapping[str, tuple[str, Better]] = {
    "income": (INCOME, "higher"),
    "expense": (EXPENSE, "lower"),
    "profit": (PROFIT, "higher"),
}


async def before(figure: Figure, known: Directory) -> Figure:
    """The same figure for the same days of last year, at this year's rates of its own days."""
    first, last = figure.question.first, figure.question.last
    assert first is not None
    assert last is not None
    return await profit(
        replace(figure.question, first=add_months(first, -12), last=same_end(first, last)), known
    )


async def plans(figure: Figure, known: Directory) -> dict[str, int | None]:
    """The budget of the days: what is aimed at by the unit's own targets on income, expense and profit."""
    unit, question = figure.question.unit, figure.question
    last = question.last
    assert last is not None
    if unit.kind not in ("company", "branch") or (unit.kind == "company" and question.branches is not None):
        return {}
    found: dict[str, int | None] = {}
    for name in MEASURES:
        held = await aims(last, name, known.own_seq, known_at=question.known_at)
        aim = held.get((unit.kind, unit.key))
        rates = await conversion(
            {*known.currencies, aim.currency if aim else ""}, figure.total.currency, last
        )
        found[name] = goals_of(aim, rates, block_of(question))[0]
    return found


def cards(figure: Figure, last_year: Figure, goals: Mapping[str, int | None]) -> list[parts.Figure]:
    """Income, expense, profit beside the budget and last year."""
    maker, currency = maker_of(figure), figure.total.currency
    made = []
    for name, (label, better) in MEASURES.items():
        actual, goal, previous = figure.total.number(name), goals.get(name), last_year.total.number(name)
        reference = goal if goal is not None else previous
        card = maker.card(name, _(label))
        if actual is not None and reference is not None:
            words = _("vs plan") if goal is not None else _("vs last year")
            card = replace(
                card, variance=Variance(Money(actual - reference, currency), "money_card", better, words)
            )
        notes = [_("budget %(amount)s", amount=money_card(Money(goal, currency)))] if goal is not None else []
        if previous is not None:
            notes.append(_("last year %(amount)s", amount=money_card(Money(previous, currency))))
        if actual is not None:
            card = replace(card, bullet=Bullet(actual, goal, previous, label=_(label)))
        made.append(replace(card, note=_(", ").join(notes)))
    return made


def look_of(request: Request, figure: Figure, branch_rule: str) -> Look:
    """Branches with their rule; below a branch income and categories."""
    question = figure.question
    is_company = question.unit.kind in ("company", "region")
    short = {"approval": _("on approval"), "shipment": _("on shipment"), "receipt": _("on receipt")}

    def income_url(rule: str, unit: str) -> str:
        """What income is made of: orders, receipts, or (by shipment) nothing that has a page yet."""
        if rule == "receipt":
            return drill_url("/receivables/receipts", question, unit)
        return drill_url("/sales", question, unit) if rule == "approval" else ""

    def drill(line: Line, key: str) -> str:
        if key == "income":
            is_row = line.unit == "income"
            rule = branch_rule if is_row else str(line.values.get("rule") or "")
            found = income_url(rule, str(question.unit) if is_row else line.unit)
            if found or is_row:
                return found
        return drill_url("/profit", question, line.unit)

    return Look(
        key="profit",
        caption=_("Profit by branch") if is_company else _("Income and expense"),
        keys=("income", "expense", "profit"),
        big=is_company,
        drill=drill,
        open_row=(lambda line: drill_url("/profit", question, line.unit))
        if is_company
        else (lambda line: ""),
        phone=("profit",),
        first_label=_("Branch") if is_company else _("Name"),
        extra=(Column("rule", _("Income counts")),) if is_company else (),
        extra_cells=(lambda line: {"rule": short.get(str(line.values.get("rule")), "")})
        if is_company
        else (lambda line: {}),
        sort=request.query_params.get("sort", "-profit") if is_company else "",
        can_sort=is_company,
    )
