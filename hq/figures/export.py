"""A figure as a list that shared.web.export writes as CSV or XLSX: heading, columns, rows with their freshness."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from typing import Any

from hq.figures.aims import BLOCK_LABELS, TARGET_MEASURES
from hq.figures.queries import FIGURES
from hq.figures.shape import Column, ColumnKind, Figure, Line, Value
from hq.figures.words import completeness, scope_name
from shared.i18n import gettext as _
from shared.money import Money
from shared.web import export, parts

KINDS: Mapping[ColumnKind, parts.Kind] = {
    "money": "money_plain",
    "count": "number",
    "share": "percent",
    "text": "text",
    "day": "day",
    "instant": "instant",
}
FORMATS = ("json", "csv", "xlsx")


def heading(figure: Figure, made_by: str) -> export.Heading:
    """What the first lines of the file say."""
    question = figure.question
    days = [day.isoformat() for day in (question.first, question.last) if day]
    filters = [" – ".join(dict.fromkeys(days))] if days else []
    if question.as_of:
        filters.append(_("as of %(day)s", day=question.as_of.isoformat()))
    filters.append(_("amounts in %(currency)s", currency=question.currency))
    if question.left_out:
        filters.append(_("left out: %(branches)s", branches=_(", ").join(sorted(question.left_out))))
    title = _(FIGURES[figure.name].title)
    if figure.name == "targets":
        title = f"{title}{_(': ')}{_(TARGET_MEASURES[question.measure].label)}"
    return export.Heading(title, scope_name(figure), ", ".join(filters), completeness(figure), made_by)


def columns(figure: Figure) -> list[parts.Column]:
    """The figure's columns between name and branch in front and freshness behind."""
    return [
        parts.Column("name", _("Name")),
        parts.Column("branch", _("Branch")),
        *(parts.Column(column.key, label_of(column), KINDS[column.kind]) for column in figure.columns),
        parts.Column("currency", _("Currency")),
        parts.Column("freshness", _("Freshness"), "status"),
        parts.Column("complete_to", _("Complete to"), "instant"),
    ]


def label_of(column: Column) -> str:
    """The head of a column; targets say which span they belong to."""
    block = column.key.partition("_")[0]
    has_block = block in BLOCK_LABELS and column.key != block
    return f"{_(BLOCK_LABELS[block])}{_(': ')}{_(column.label)}" if has_block else _(column.label)


async def rows(figure: Figure) -> AsyncIterator[dict[str, Any]]:
    """Every line and then the total."""
    marks = {mark.branch: mark for mark in figure.watermarks}
    for line in (*figure.rows, figure.total):
        is_total = line is figure.total
        mark = None if is_total else marks.get(line.branch)
        found: dict[str, Any] = {
            column.key: cell(line.values.get(column.key), column, line) for column in figure.columns
        }
        found["name"] = _("Total") if is_total else line.name
        found["branch"] = marks[line.branch].name if line.branch in marks else line.branch
        found["currency"] = line.currency
        found["freshness"] = mark.state if mark else None
        found["complete_to"] = mark.complete_to if mark else None
        yield found


def cell(value: Value, column: Column, line: Line) -> Any:
    """A value as the list takes it: money with its currency."""
    if column.kind == "money" and isinstance(value, int):
        return Money(value, line.currency)
    return value


def file_name(figure: Figure) -> str:
    """A name that says what is inside, without its ending."""
    question = figure.question
    day = question.as_of or question.last or question.house.today()
    return f"{figure.name}-{str(question.unit).replace(':', '-')}-{day.isoformat()}"


async def as_bytes(figure: Figure, kind: str, made_by: str) -> bytes:
    """The whole file in memory: for the command line."""
    head, heads = heading(figure, made_by), columns(figure)
    if kind == "csv":
        return b"".join([chunk async for chunk in export.csv_chunks(head, heads, rows(figure))])
    with tempfile.TemporaryFile() as file:
        await export.write_xlsx(file, head, heads, rows(figure))
        file.seek(0)
        return file.read()
