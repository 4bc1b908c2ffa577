"""Thirteen months of every branch on a measure: the small charts below the comparison."""

from collections.abc import Callable, Mapping, Sequence

from hq.compare.pages import Multiple
from hq.figures import cells, memo
from hq.figures.aims import TARGET_MEASURES, TargetMeasure
from hq.figures.freshness import Branch
from hq.figures.rules import SAME
from hq.figures.scoreboard import Board
from hq.figures.shape import Column, Line
from shared.i18n import gettext as _
from shared.periods import Month

MONTHS = 13
SECONDS = 60.0
HEIGHT = 38
MEASURES: Mapping[str, TargetMeasure] = {
    **TARGET_MEASURES,
    "followups": TARGET_MEASURES["activities"],
    "orders": TargetMeasure("orders", "", False, ("ordered",)),
}


async def multiples(
    board: Board,
    column: Column,
    codes: Sequence[str],
    drill: Callable[[str], str],
) -> list[Multiple]:
    """The months up to the board's last one of each branch in `codes`, on one scale; none for what has no months (what
    is owed is a state, not a flow). One statement, kept for a minute."""
    measure, last_day = MEASURES.get(column.key), board.question.last
    if measure is None or last_day is None or not codes:
        return []
    last = Month.containing(last_day)
    months = [last.previous(number) for number in range(MONTHS - 1, -1, -1)]
    span = (months[0].first, last.last)
    scope = frozenset(codes)
    known_at = board.question.known_at
    rows = await memo.kept(
        ("multiples", span, measure.name, scope, known_at),
        SECONDS,
        lambda: cells.by_branch_month(measure.wants(*span), last_day, scope, known_at),
    )
    lines = {line.branch: line for line in board.figure.rows}
    names = [str(month) for month in months]
    series = {
        branch.code: values_of(branch, [rows.get((branch.code, name)) for name in names], measure, board)
        for branch in board.branches.branches
        if branch.code in scope
    }
    known = [value for values in series.values() for value in values or ()]
    high, low = max([1, *known]), min([0, *known])
    return [
        drawn(lines[code], series[code], high, low, drill(lines[code].unit))
        for code in codes
        if series.get(code) is not None
    ]  # fmt: skip


def values_of(
    branch: Branch, rows: Sequence[Mapping[str, int] | None], measure: TargetMeasure, board: Board
) -> list[int] | None:
    """The months of one branch in the board's currency; None without a rate, or when nothing has ever come."""
    rate = board.rates.rate(branch.currency) if measure.is_money else SAME
    if rate is None or branch.mark.state == "never":
        return None
    empty = dict.fromkeys(measure.parts, 0)
    return [
        measure.actual(
            {part: rate.of(int(row[part] or 0)) for part in measure.parts} if row else empty,
            branch.income_rule,
        )
        for row in rows
    ]


def drawn(line: Line, values: Sequence[int] | None, high: int, low: int, url: str) -> Multiple:
    """The columns of one branch; negative ones hang below the zero line."""
    zero = round(1 + high / (high - low) * HEIGHT, 1)
    columns = []
    for place, value in enumerate(values or ()):
        size = round(abs(value) / (high - low) * HEIGHT, 1)
        columns.append(f"M{place * 10} {zero}h8v{-size if value > 0 else size}h-8z")
    label = _("%(branch)s, last %(n)s months", branch=line.name, n=MONTHS)
    is_silent = line.state in ("unreachable", "never")
    return Multiple(line.name, url, "".join(columns[:-1]), "".join(columns[-1:]), zero, label, is_silent)
