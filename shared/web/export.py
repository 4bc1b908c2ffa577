"""Lists as files: CSV for everything, XLSX with numbers as numbers, both written row by row.

The first lines say what the file is: title, scope, filters, as of, made by. A text that a spreadsheet would run
as a formula is neutralised. Memory does not grow with the rows: `rows` is an async iterator, CSV is sent while it
is read, XLSX is built in a temporary file in constant-memory mode.
"""

import csv
import io
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from shared import clock, i18n
from shared.i18n import gettext
from shared.money import Money, exponent, format_plain
from shared.web import filters
from shared.web.load import refuse_under_load
from shared.web.parts import Column, Count, Link, Status, Variance, Watermark, status_word
from shared.web.reader import reader_zone, reading
from shared.web.templating import with_query

ROW_LIMIT = 5_000
CHUNK_ROWS = 200
SPOOL_BYTES = 4_000_000
CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Rows = AsyncIterator[Mapping[str, Any]]
Plain = str | int | float | date | None


@dataclass(frozen=True)
class Heading:
    """What the first lines of a file say. `as_of` is the watermark in words; `filters` one sentence."""

    title: str
    scope: str
    filters: str
    as_of: str
    made_by: str

    def lines(self) -> list[str]:
        return [
            self.title,
            gettext("Scope: %(text)s", text=self.scope),
            gettext("Filters: %(text)s", text=self.filters or gettext("none")),
            gettext("As of: %(text)s", text=self.as_of),
            gettext("Made by: %(name)s, %(time)s", name=self.made_by, time=filters.instant(clock.now())),
        ]


def neutral(text: str) -> str:
    """The text with an apostrophe in front where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(FORMULA_MARKS) else text


def plain(value: Any, column: Column) -> Plain:
    """What stands in the file: numbers as numbers (money in major units), dates as dates, the rest as words."""
    match value:
        case None:
            return None
        case Money():
            return _number(Fraction(value.minor, 10 ** exponent(value.currency)))
        case Variance():
            return plain(value.value, column)
        case Status() | Watermark():
            return status_word(value.key if isinstance(value, Status) else value.state)
        case Link():
            return value.text
        case bool():
            return gettext("yes") if value else gettext("no")
        case datetime():
            return value.astimezone(reader_zone()).strftime("%Y-%m-%d %H:%M:%S")
        case date() | str():
            return status_word(value) if column.kind == "status" and isinstance(value, str) else value
    if isinstance(value, (int, Fraction)):
        return _scaled(value, column)
    return str(value)


def _scaled(value: int | Fraction, column: Column) -> int | float:
    """Percent of basis points, units of thousandths, else the number itself."""
    if column.kind in ("percent", "points"):
        return _number(value * 100 if isinstance(value, Fraction) else Fraction(value, 100))
    if column.kind == "quantity":
        return _number(Fraction(value, 1_000))
    return _number(Fraction(value))


def _number(value: Fraction) -> int | float:
    """The cell of a spreadsheet is a double: an int where the value is whole, else the nearest float."""
    return value.numerator if value.denominator == 1 else float(value)


def head_of(column: Column) -> str:
    """The column's title with its unit; percentages say so."""
    is_share = column.kind == "percent" and not column.label.endswith("%")
    unit = column.unit or ("%" if is_share else "")
    return f"{column.label} ({unit})" if unit else column.label


async def csv_chunks(heading: Heading, columns: Sequence[Column], rows: Rows) -> AsyncIterator[bytes]:
    """The file in pieces of a few hundred rows; begins with a byte order mark, so that Excel reads UTF-8."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write("\ufeff")
    for line in heading.lines():
        writer.writerow([neutral(line)])
    writer.writerow([])
    writer.writerow([neutral(head_of(column)) for column in columns])
    count = 0
    async for row in rows:
        writer.writerow([csv_cell(row[column.key], column) for column in columns])
        count += 1
        if count % CHUNK_ROWS == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def csv_cell(value: Any, column: Column) -> str:
    """Money as an exact decimal, everything else as `plain`; None is empty."""
    if isinstance(value, Money):
        return format_plain(value.minor, value.currency)
    found = plain(value, column)
    if found is None:
        return ""
    return neutral(found) if isinstance(found, str) else str(found)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


class Workbook:
    """One sheet, written row by row in constant memory; formulas and links in texts stay texts. `close` finishes the file."""

    def __init__(self, file: Any, heading: Heading, columns: Sequence[Column]) -> None:
        import xlsxwriter

        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self.book = xlsxwriter.Workbook(file, options)
        self.sheet = self.book.add_worksheet()
        self.columns = columns
        bold = self.book.add_format({"bold": True})
        self.day_format = self.book.add_format({"num_format": "yyyy-mm-dd"})
        self.decimal_format = self.book.add_format({"num_format": "#,##0.00"})
        self.sheet.set_column(0, len(columns), 16)
        self.line = self.count = 0
        for text in heading.lines():
            self.sheet.write_string(self.line, 0, text, bold if self.line == 0 else None)
            self.line += 1
        self.line += 1
        for at, column in enumerate(columns):
            self.sheet.write_string(self.line, at, head_of(column), bold)
        self.sheet.freeze_panes(self.line + 1, 1)

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write the next rows."""
        for row in rows:
            self.line += 1
            self.count += 1
            for at, column in enumerate(self.columns):
                value = plain(row[column.key], column)
                _write_cell(self.sheet, self.line, at, value, column, self.day_format, self.decimal_format)

    def close(self) -> None:
        """Put the file together."""
        self.book.close()


async def write_xlsx(file: Any, heading: Heading, columns: Sequence[Column], rows: Rows) -> int:
    """Write a workbook into a binary file; the number of rows."""
    book = Workbook(file, heading, columns)
    async for row in rows:
        book.add([row])
    book.close()
    return book.count


def _write_cell(
    sheet: Any, line: int, at: int, value: Plain, column: Column, day_format: Any, decimal_format: Any
) -> None:
    if value is None:
        return
    if isinstance(value, str):
        sheet.write_string(line, at, value)
    elif isinstance(value, date):
        sheet.write_datetime(line, at, datetime(value.year, value.month, value.day), day_format)  # noqa: DTZ001
    else:
        is_money = column.kind.startswith("money")
        sheet.write_number(line, at, value, decimal_format if is_money or isinstance(value, float) else None)


async def export(
    request: Request, *, kind: str, name: str, heading: Heading, columns: Sequence[Column], rows: Rows
) -> Response:
    """The file as an answer: kind "csv" or "xlsx", `name` without its ending. Unavailable while the machine is under load."""
    refuse_under_load(request)
    columns, rows = with_currency(columns, rows)
    headers = {"cache-control": "no-store", "content-disposition": disposition(name, kind)}
    if kind == "csv":
        chunks = within_reader(request, csv_chunks(heading, columns, rows))
        return StreamingResponse(chunks, media_type=CSV_TYPE, headers=headers)
    spool = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115
    await write_xlsx(spool, heading, columns, rows)
    spool.seek(0)
    return StreamingResponse(_pieces(spool), media_type=XLSX_TYPE, headers=headers)


async def within_reader(request: Request, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks, each made in the reader's language: the answer is sent after the handler has ended."""
    while True:
        with i18n.use_locale(request.state.locale), reading(request):
            try:
                chunk = await anext(chunks)
            except StopAsyncIteration:
                return
        yield chunk


CURRENCY = "currency"


def with_currency(columns: Sequence[Column], rows: Rows) -> tuple[Sequence[Column], Rows]:
    """The same with the currency of each row behind its amounts, where these are in currencies of their own: a page writes the
    currency with every amount, a file holds bare numbers."""
    own = [column.key for column in columns if column.kind == "money" and not column.unit]
    if not own or any(column.key == CURRENCY for column in columns):
        return columns, rows
    at = max(at for at, column in enumerate(columns) if column.key in own) + 1
    return [*columns[:at], Column(CURRENCY, gettext("Currency")), *columns[at:]], _named(own, rows)


async def _named(own: Sequence[str], rows: Rows) -> Rows:
    async for row in rows:
        amounts = [value for key in own if isinstance(value := row[key], Money)]
        yield {**row, CURRENCY: " / ".join(dict.fromkeys(amount.currency for amount in amounts))}


def _pieces(file: Any) -> Iterator[bytes]:
    with file:
        while piece := file.read(65_536):
            yield piece


def disposition(name: str, kind: str) -> str:
    """The content-disposition of a download, for names in any script."""
    return f"attachment; filename=\"export.{kind}\"; filename*=UTF-8''{quote(name)}.{kind}"


def is_for_job(count: Count) -> bool:
    """Whether the list is so long that the file is made by a job."""
    return count.number > ROW_LIMIT or not count.is_exact


def export_links() -> list[Link]:
    """The links below a list: this filter as CSV and XLSX."""
    return [
        Link("CSV", with_query(format="csv", after=None, before=None)),
        Link("XLSX", with_query(format="xlsx", after=None, before=None)),
    ]


async def in_order(rows: Sequence[Mapping[str, Any]]) -> Rows:
    """Rows that are at hand anyway, as the iterator that the writers take."""
    for row in rows:
        yield row
