"""The rows of a table as html. Every list runs this some hundred times a page, so it is written in Python."""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape

from shared.i18n import gettext
from shared.web.filters import FILTERS
from shared.web.marks import NONE, Marks, bullet_bar, sparkline, state_strip
from shared.web.parts import Column, Kind, Link, Row, TableView
from shared.web.reader import may_open

SHOWN: Mapping[Kind, Callable[[Any], str]] = {
    kind: FILTERS[kind]
    for kind in (
        "money", "money_plain", "money_big", "percent", "points", "number", "quantity", "day", "instant", "as_of",
        "duration", "bytes",
    )
}  # fmt: skip
DASHED = frozenset({"text", "icon", "link", "percent", "points"})
"""Kinds that write a missing value as a dash; the others have a word for it."""


def table_rows(view: TableView, marks: Marks) -> Markup:
    """All rows of the table, each a tr."""
    writer = Writer(view, marks)
    return Markup("".join(f"{opening_of(view, row)}{writer.cells(row)}</tr>\n" for row in view.rows))


def row_cells(view: TableView, row: Row, marks: Marks) -> Markup:
    """The cells of one row."""
    return Markup(Writer(view, marks).cells(row))


def opening_of(view: TableView, row: Row) -> str:
    name = f' id="{escape(view.key)}-{escape(row.id)}"' if row.id else ""
    look = ' class="ops-muted-row"' if row.is_muted else ' class="ops-total"' if row.is_total else ""
    return f"<tr{name}{look}>"


class Writer:
    """Writes the cells of the rows of one table; what is the same in each row is made once."""

    def __init__(self, view: TableView, marks: Marks) -> None:
        self.view = view
        self.drawn: Mapping[Kind, Callable[[Column, Any], str]] = {
            "status": lambda column, cell: marks.status(cell),
            "watermark": lambda column, cell: marks.watermark(cell),
            "variance": lambda column, cell: marks.variance(cell),
            "bullet": lambda column, cell: bullet_bar(cell),
            "spark": lambda column, cell: sparkline(cell, column.label),
            "strip": lambda column, cell: state_strip(cell, column.label),
        }
        self.columns = [
            (
                column,
                f"<td {column.cell_attributes}>" if place else f'<th scope="row" {column.first_attributes}>',
            )
            for place, column in enumerate(view.columns)
        ]
        self.unfold = unfolding() if view.unfolds else ""
        self.select = escape(gettext("Select"))

    def cells(self, row: Row) -> str:
        """In the order of the columns; before them the box that selects the row, behind them what unfolds it on a phone."""
        parts = [self.tick(row)] if self.view.bulk else []
        for place, (column, opening) in enumerate(self.columns):
            parts += (
                opening,
                self.content(column, row, is_first=not place),
                "</td>\n" if place else "</th>\n",
            )
        parts.append(self.unfold)
        return "".join(parts)

    def tick(self, row: Row) -> str:
        box = (
            f'<input type="checkbox" name="ids" value="{escape(row.id)}" aria-label="{self.select}" class="form-check-input">'
            if row.id and not row.is_total
            else ""
        )
        return f'<td class="ops-tick">{box}</td>\n'

    def content(self, column: Column, row: Row, *, is_first: bool) -> str:
        """The cell, inside its link where it has one that opens for the reader; a total has no dash where nothing is added up."""
        cell = row.cells[column.key]
        if column.key in row.links and may_open(row.links[column.key]):
            return f'<a href="{escape(row.links[column.key])}">{self.text(column, cell)}</a>'
        if cell is None and row.is_total and not column.is_number:
            return ""
        if is_first and row.url and may_open(row.url):
            return f'<a class="ops-row-link" href="{escape(row.url)}">{self.text(column, cell)}</a>'
        return self.text(column, cell)

    def text(self, column: Column, cell: Any) -> str:
        """What the cell says, escaped."""
        kind = column.kind
        if cell is None and (column.is_dashed or kind in DASHED or kind in self.drawn):
            return NONE
        if kind in ("text", "icon"):
            return escape(cell)
        if kind == "link":
            return linked(cell)
        if shown := SHOWN.get(kind):
            return escape(shown(cell))
        return self.drawn[kind](column, cell)


def linked(cell: Link) -> str:
    note = f" <small>{escape(cell.note)}</small>" if cell.note else ""
    text = (
        f'<a href="{escape(cell.url)}">{escape(cell.text)}</a>' if may_open(cell.url) else escape(cell.text)
    )
    return f"{text}{note}"


def unfolding() -> str:
    """The box that shows the rest of a row on a phone."""
    word = escape(gettext("more"))
    return (
        f'<td class="ops-phone-only"><label class="ops-unfold"><input type="checkbox">{word}</label></td>\n'
    )
