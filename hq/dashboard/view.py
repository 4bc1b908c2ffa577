"""The overview as parts: cards, alerts and the table, made from one board; the page and its live stream share them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hq.cards import CardMaker, maker_of
from hq.dashboard.queries import Alert, Waiting, stale_branches, worst_gap
from hq.figures.scoreboard import COLUMNS, Board
from hq.figures.shape import Line, Question
from hq.frame.page import carried, drill_url, drill_urls, page_url
from hq.tables import Look, table_of, unit_urls, url_with
from shared import clock
from shared import figures as definitions
from shared.i18n import N_, ngettext
from shared.i18n import gettext as _
from shared.money import Money
from shared.periods import Year
from shared.web.filters import as_of, duration, money_card, percent
from shared.web.parts import Bullet, Column, Figure, TableView, Variance

ALERTS_MOST = 6
PAGE_ROWS = 50


def cards(board: Board, series: Mapping[str, Sequence[int]], compare: str) -> list[Figure]:
    """The twelve figures of the company, each beside what it is compared with; each leads to its page."""
    maker, seen = maker_of(board.figure), Compared(board, compare)
    dates = {"from": board.question.first, "to": board.question.last}

    def behind(path: str, **more: Any) -> str:
        return page_url(path, board.question, **more)

    def money(key: str, label: str, path: str, topic: str) -> Figure:
        made = maker.card(key, label, behind(path, **dates))
        return replace(seen.beside(made), spark=series.get(key, ()), definition_url=f"/definitions#{topic}")

    def number(key: str, label: str, url: str) -> Figure:
        return seen.beside(maker.number(key, label, url))

    remaining = replace(maker.card("remaining", _("Remaining"), behind("/receivables", as_of=board.owed_as_of)), definition_url="/definitions#receivables")  # fmt: skip
    overdue = maker.card(
        "overdue", _("Overdue"), behind("/receivables", as_of=board.owed_as_of, sort="-overdue_share")
    )
    share = maker.total.number("overdue_share")
    people = replace(maker.number("plans", _("Plans in today"), behind("/staff")), unit=_("of %(n)s", n=maker.total.number("staff") or 0))  # fmt: skip
    return [
        replace(money("sales", _("Sales"), "/sales", "sales"), bullet=bullet_of(maker.total)),
        year_card(maker, board),
        money("income", _("Income"), "/profit", "profit"),
        money("profit", _("Operating profit"), "/profit", "profit"),
        money("expense", _("Expense"), "/profit", "profit"),
        replace(seen.beside(maker.card("receipts", _("Receipts"), behind("/receivables/receipts", **dates))), spark=series.get("receipts", ())),
        seen.beside(remaining),
        replace(overdue, note=_("%(share)s of what remains", share=percent(share)) if share is not None else ""),
        number("customers_new", _("New customers"), behind("/customers", **dates)),
        number("customers_signed", _("Signed customers"), behind("/customers", tab="signed", **dates)),
        seen.beside(people),
        number("followups_today", _("Follow-ups today"), behind("/staff")),
    ]  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """The total of a board beside its plan or last year, and what has no plan beside what it was before."""

    board: Board
    compare: str

    def beside(self, card: Figure) -> Figure:
        """The card with its variance: in per cent of the reference, as an amount where that is not above zero; none
        where there is nothing to compare with."""
        total = self.board.figure.total
        actual, (reference, words) = total.number(card.key), self.reference(card.key)
        if actual is None or reference is None:
            return card
        better, difference = BETTER[card.key], actual - reference
        if reference > 0:
            return replace(
                card, variance=Variance(difference * 10_000 // reference, "percent", better, words)
            )
        if card.kind != "money_card":
            return replace(card, variance=Variance(difference, "number", better, words))
        amount = Money(difference, total.currency)
        return replace(card, variance=Variance(amount, "money_card", better, words))

    def reference(self, key: str) -> tuple[int | None, str]:
        """What a figure is compared with, and in words: its plan when asked for and set, else what it was before."""
        total, before = self.board.figure.total, BEFORE.get(key)
        if before is not None:
            return total.number(before[0]), _(before[1])
        goal = total.number("target" if key == "sales" else f"goal_{key}")
        if self.compare != "py" and goal is not None:
            return goal, _("vs plan")
        return total.number(f"py_{key}"), _("vs last year")


BETTER = {column.key: column.better for column in COLUMNS}
BEFORE = {
    "remaining": ("remaining_before", N_("since the month began")),
    "plans": ("plans_before", N_("vs a week ago")),
    "followups_today": ("followups_before", N_("vs a week ago")),
}


def year_card(maker: CardMaker, board: Board) -> Figure:
    """How much of the year plan is done, beside how much of the year has passed."""
    total, today = maker.total, board.question.house.today()
    year = Year.containing(board.question.last or today)
    passed = definitions.time_passed_bp(year.first, year.after, today)
    url = page_url("/targets", board.question, as_of=board.question.last)
    made = replace(maker.number("year_completion", _("Year plan"), url), kind="percent")
    if made.value is None:
        return replace(made, note=_("No target is set for this year."))
    bullet = Bullet(total.number("year_sales"), total.number("year_target"), label=_("Year plan"))
    ahead = Variance((total.number("year_completion") or 0) - passed, "points", "higher", _("vs time passed"))
    note = _("time passed %(share)s", share=percent(passed))
    return replace(made, bullet=bullet, variance=ahead, note=note)


def bullet_of(line: Line, scale: int = 0) -> Bullet:
    """Sales against target, last year behind."""
    actual, goal = line.number("sales"), line.number("target")
    label = _("Sales %(actual)s, target %(goal)s", actual=shown(actual, line), goal=shown(goal, line))
    return Bullet(actual, goal, line.number("py_sales"), scale, label)


def shown(amount: int | None, line: Line) -> str:
    return "—" if amount is None else money_card(Money(amount, line.currency))


def needs(board: Board, waiting: Waiting, red: int) -> list[Alert]:
    """All that needs somebody, as the overview shows it: each leads to its rows."""
    return [*warned(waiting, board.question), *red_lines(red), *alerts(board)]


def warned(waiting: Waiting, question: Question) -> list[Alert]:
    """One line for the early warnings that nobody has acknowledged, one each for customers above their limit and plans
    that are not in; none without any."""
    found = []
    if waiting.count:
        text = ngettext(
            "%(n)s early warning is not acknowledged",
            "%(n)s early warnings are not acknowledged",
            waiting.count,
        )
        found.append(Alert(text, page_url("/warnings", question)))
    if "limit" in waiting.sums:
        number, branches = waiting.sums["limit"]
        text = ngettext("%(n)s customer above the sales limit or on hold (branches: %(branches)s)", "%(n)s customers above the sales limit or on hold (branches: %(branches)s)", number, branches=branches)  # fmt: skip
        found.append(Alert(text, page_url("/receivables/debtors", question, list="limit")))
    if "plans" in waiting.sums:
        number, branches = waiting.sums["plans"]
        text = ngettext("%(n)s person without a plan for today (branches: %(branches)s)", "%(n)s people without a plan for today (branches: %(branches)s)", number, branches=branches)  # fmt: skip
        found.append(Alert(text, page_url("/staff", question)))
    return found


def red_lines(count: int) -> list[Alert]:
    """One line for statements of a day's close that headquarters' rows do not equal; none without any."""
    if not count:
        return []
    text = ngettext("%(n)s line of a day close differs", "%(n)s lines of a day close differ", count)
    return [Alert(text, "/day-close", "bad")]


def alerts(board: Board) -> list[Alert]:
    """What needs somebody: silent or unproven branches, missing rates, the worst gap, too much overdue."""
    found: list[Alert] = []
    for branch in stale_branches(board.branches.branches):
        text, mark = "", branch.mark
        if mark.state == "unreachable" and mark.contact_at is not None:
            silent = duration(clock.now() - mark.contact_at)
            text = _("%(branch)s: no contact for %(time)s, shown at %(at)s", branch=branch.name, time=silent, at=as_of(mark.complete_to))  # fmt: skip
        elif mark.state == "unproven":
            text = _("%(branch)s: figures unproven", branch=branch.name)
        elif mark.state == "never":
            text = _("%(branch)s: nothing received yet", branch=branch.name)
        if text:
            found.append(Alert(text, f"/branches/{branch.code}", "bad" if mark.state != "never" else "warn"))
    for rate in board.figure.missing_rates:
        text = _("No rate from %(currency)s to %(to_currency)s; these branches are not in the total", currency=rate.currency, to_currency=rate.to_currency)  # fmt: skip
        found.append(Alert(text, "/rates", "bad"))
    if (worst := worst_gap(board)) is not None:
        amount = money_card(Money(worst[2], board.figure.total.currency), signed=True)
        text = _("%(branch)s: %(amount)s to plan, the largest gap", branch=worst[0], amount=amount)
        found.append(Alert(text, drill_url("/targets", board.question, worst[1])))
    limit = board.question.house.overdue_limit_bp
    late = sum(share is not None and share > limit for share in board.column("overdue_share"))
    if late:
        text = ngettext(
            "%(n)s branch has more than %(share)s of its receivables overdue",
            "%(n)s branches have more than %(share)s of their receivables overdue",
            late,
            share=percent(limit),
        )
        found.append(
            Alert(
                text, page_url("/receivables", board.question, as_of=board.owed_as_of, sort="-overdue_share")
            )
        )
    return found[:ALERTS_MOST]


KEYS = ("sales", "completion", "gap", "profit", "remaining", "overdue_share")


def scale_of(board: Board) -> int:
    """The right end of all bars: above the largest amount, on two digits, so that it seldom changes."""
    amounts = board.column("sales") + board.column("target")
    largest = max([1, *(amount for amount in amounts if amount is not None)]) * 21 // 20
    step = int("1" + "0" * max(len(str(largest)) - 2, 0))
    return -(-largest // step) * step


def table(board: Board, sort: str, caption: str, only: Sequence[Line] | None = None) -> TableView:
    """HQ and branches, or `only` some of them; the bars of one column share their scale."""
    question, scale = board.question, scale_of(board)
    figure = board.figure if only is None else replace(board.figure, rows=only)

    targets = unit_urls("/targets", as_of=question.last, **carried(question))
    urls = {
        "sales": drill_urls("/sales", question),
        "profit": drill_urls("/profit", question),
        "completion": targets,
        "gap": targets,
    }
    owing = unit_urls("/receivables", as_of=board.owed_as_of, **carried(question))
    days = {"from": question.first, "to": question.last}

    def drill(line: Line, key: str) -> str:
        return urls.get(key, owing)(line.unit) + ("#why-part" if key in ("completion", "gap") else "")

    view = table_of(
        figure,
        Look(
            key="branches",
            caption=caption,
            keys=KEYS,
            drill=drill,
            open_row=lambda line: url_with(f"/branches/{line.branch}", **days, **carried(question)),
            phone=("completion", "gap"),
            extra=(Column("bar", _("Actual and plan"), "bullet"),),
            extra_cells=lambda line: {
                "bar": bullet_of(line, scale) if line.number("sales") is not None else None
            },
            sort=sort,
            page_rows=PAGE_ROWS if only is None else len(only),
        ),
    )
    return dressed(view)


def dressed(view: TableView) -> TableView:
    """Gaps as variances; the files of the overview are those of the single figures."""
    columns = [replace(column, kind="variance") if column.key == "gap" else column for column in view.columns]
    return replace(
        view,
        columns=columns,
        rows=[replace(row, cells=dressed_cells(row.cells)) for row in view.rows],
        total=replace(view.total, cells=dressed_cells(view.total.cells)) if view.total else None,
        exports=(),
    )


def dressed_cells(cells: Mapping[str, object]) -> dict[str, object]:
    """The cells of one row with the gap as a part."""
    gap = cells.get("gap")
    return {**cells, "gap": Variance(gap, "money_big", "higher") if isinstance(gap, Money) else None}
