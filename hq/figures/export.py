"""A figure as CSV (UTF-8 with BOM) and XLSX: first what it is, for whom, as of when and how complete, then the table.

No cell can be read as a formula: texts that begin like one are led by an apostrophe in CSV and stay texts in XLSX.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import xlsxwriter

from hq.figures.aims import BLOCK_LABELS
from hq.figures.contract import plain
from hq.figures.queries import FIGURES
from hq.figures.shape import Column, Figure, Line, Value
from hq.figures.words import STATE_WORDS, completeness, scope_name
from shared import clock
from shared.i18n import gettext as _
from shared.money import exponent
from shared.web.filters import instant

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EXACT_DIGITS = 15
"""A spreadsheet's number is exact up to so many digits; longer ones are written as text."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def head_lines(figure: Figure, made_by: str) -> list[tuple[str, str]]:
    """Title, scope, days, completeness and who made it."""
    question = figure.question
    days = [day.isoformat() for day in (question.first, question.last) if day]
    lines = [
        (_("Figure"), _(FIGURES[figure.name].title)),
        (_("Scope"), scope_name(figure)),
    ]
    if days:
        lines.append((_("Days"), " – ".join(dict.fromkeys(days))))
    if question.as_of:
        lines.append((_("As of"), question.as_of.isoformat()))
    lines.append((_("Completeness"), completeness(figure)))
    lines.append((_("Made"), f"{instant(clock.now())} {made_by}".strip()))
    return lines


def table_head(figure: Figure) -> list[str]:
    """Column heads; money columns name no currency, each row does."""
    return [
        _("Name"),
        _("Branch"),
        *(_(column.label) for column in named(figure)),
        _("Currency"),
        _("Freshness"),
        _("Complete to"),
    ]


def named(figure: Figure) -> list[Column]:
    """The columns, with the span in front where several have the same label."""
    if figure.name != "targets":
        return list(figure.columns)
    found = []
    for column in figure.columns:
        block = column.key.partition("_")[0]
        label = f"{_(BLOCK_LABELS[block])}: {_(column.label)}" if block in BLOCK_LABELS else column.label
        found.append(Column(column.key, label, column.kind, column.better))
    return found


def as_csv(figure: Figure, made_by: str = "") -> bytes:
    """The file as bytes."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerows([harmless(cell) for cell in line] for line in head_lines(figure, made_by))
    writer.writerow([])
    writer.writerow(table_head(figure))
    for line in [*figure.rows, figure.total]:
        writer.writerow([harmless(cell) for cell in row_of(figure, line)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def harmless(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula, led by an apostrophe; numbers stay."""
    if isinstance(cell, str) and cell.startswith(FORMULA) and not is_number(cell):
        return "'" + cell
    return cell


def is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdigit()


def row_of(figure: Figure, line: Line) -> list[Any]:
    """One row as plain values."""
    marks = {mark.branch: mark for mark in figure.watermarks}
    mark = marks.get(line.branch) if line is not figure.total else None
    name = line.name if line is not figure.total else _("Total")
    branch = marks[line.branch].name if line.branch in marks else line.branch
    cells = [shown(line.values.get(column.key), column, line.currency) for column in figure.columns]
    complete_to = mark.complete_to.isoformat(timespec="seconds") if mark and mark.complete_to else ""
    return [name, branch, *cells, line.currency, _(STATE_WORDS[mark.state]) if mark else "", complete_to]


def shown(value: Value, column: Column, currency: str) -> Any:
    """A value as text or number; unknown is empty."""
    found = plain(value, column, currency)
    return "" if found is None else found


def as_xlsx(figure: Figure, made_by: str = "") -> bytes:
    """The workbook as bytes: numbers as numbers with their decimals."""
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(out, options)
    sheet = book.add_worksheet(_(FIGURES[figure.name].title)[:31])
    bold = book.add_format({"bold": True})
    formats: dict[str, Any] = {}

    def style(pattern: str, is_bold: bool) -> Any:
        key = f"{pattern}{is_bold}"
        if key not in formats:
            formats[key] = book.add_format({"num_format": pattern, "bold": is_bold})
        return formats[key]

    row = 0
    for label, text in head_lines(figure, made_by):
        sheet.write_string(row, 0, label, bold)
        sheet.write_string(row, 1, text)
        row += 1
    row += 1
    for place, head in enumerate(table_head(figure)):
        sheet.write_string(row, place, head, bold)
    sheet.freeze_panes(row + 1, 1)
    for line in [*figure.rows, figure.total]:
        row += 1
        write_line(sheet, row, figure, line, style)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 2 + len(figure.columns), 15)
    book.close()
    return out.getvalue()


def write_line(sheet: Any, row: int, figure: Figure, line: Line, style: Any) -> None:
    """One row of the sheet."""
    is_total = line is figure.total
    for place, cell in enumerate(row_of(figure, line)):
        column = figure.columns[place - 2] if 2 <= place < 2 + len(figure.columns) else None
        if (
            cell == ""
            or column is None
            or column.kind in ("text", "instant", "day")
            or isinstance(cell, (date, datetime))
        ) or len(str(cell)) > EXACT_DIGITS:
            sheet.write_string(row, place, str(cell), style("@", is_total))
        else:
            sheet.write_number(row, place, float(cell), style(pattern_of(column, line.currency), is_total))


def pattern_of(column: Column, currency: str) -> str:
    """The number format of a column."""
    if column.kind == "money":
        decimals = exponent(currency) if currency else 2
        return "#,##0" + ("." + "0" * decimals if decimals else "")
    return "0.00" if column.kind == "share" else "#,##0"


def file_name(figure: Figure, extension: str) -> str:
    """A name that says what is inside."""
    question = figure.question
    day = question.as_of or question.last or question.house.today()
    unit = str(question.unit).replace(":", "-")
    return f"{figure.name}-{unit}-{day.isoformat()}.{extension}"


WRITERS: dict[str, tuple[str, Any]] = {"csv": (CSV_TYPE, as_csv), "xlsx": (XLSX_TYPE, as_xlsx)}
FORMATS: Sequence[str] = ("json", "csv", "xlsx")
