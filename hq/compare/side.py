"""Up to three branches side by side: every measure of the board, each beside plan or last year."""

from collections.abc import Sequence

from hq.compare.pages import SideBySide, SideCell, SideHead, SideRow
from hq.figures.scoreboard import COLUMNS, Board
from hq.figures.shape import Column, Line
from hq.tables import mark_of
from shared.i18n import gettext as _
from shared.money import Money
from shared.web.parts import Variance

MOST = 3
KEYS = (
    "sales", "completion", "income", "expense", "profit", "receipts", "remaining", "overdue_share", "customers_new",
    "customers_signed", "followups", "visits",
)  # fmt: skip


def side_by_side(board: Board, codes: Sequence[str], against: str) -> SideBySide | None:
    """The first three of `codes` that are on the board, in the order chosen; None for none."""
    wanted = list(dict.fromkeys(code for part in codes for code in part.split(",")))
    lines = {line.branch: line for line in board.figure.rows}
    chosen = [lines[code] for code in wanted if code in lines][:MOST]
    if not chosen:
        return None
    marks = {mark.branch: mark for mark in board.figure.watermarks}
    heads = [SideHead(line.branch, line.name, mark_of(marks[line.branch])) for line in chosen]
    columns = [column for key in KEYS for column in COLUMNS if column.key == key]
    return SideBySide(
        heads,
        [
            SideRow(_(column.label), column.kind, [cell_of(line, column, against) for line in chosen])
            for column in columns
        ],
    )


def cell_of(line: Line, column: Column, against: str) -> SideCell:
    """One measure of one branch; an amount without a rate is unknown here."""
    value, is_money = line.number(column.key), column.kind == "money"
    if value is None or (is_money and line.is_left_out):
        return SideCell(None, None)
    shown = Money(value, line.currency) if is_money else value
    plan = "target" if column.key == "sales" else f"goal_{column.key}"
    reference = line.number(f"py_{column.key}" if against == "py" else plan)
    if not reference or reference < 0:
        return SideCell(shown, None)
    return SideCell(shown, Variance((value - reference) * 10_000 // reference, "percent", column.better))
