"""Reads CSV and XLSX files row by row, whatever they look like: byte order marks, encodings, quotes, broken rows.

Faults of a whole file (missing, empty, unreadable, a quotation mark never closed) raise BadFile; faults of one row
come with the row. Nothing here keeps more than a row in memory.
"""

import codecs
import csv
import re
import unicodedata
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import IO, Any, Protocol

from branch_node.imports.mapping import Formats, SourceFile
from shared.errors import Text
from shared.i18n import N_

CSV_ENDINGS = (".csv", ".tsv", ".txt")
LARGEST_UNZIPPED_BYTES = 400_000_000
LARGEST_SHARED_TEXT_BYTES = 60_000_000
MOST_COLUMNS = 1_000
LONGEST_LINE = 1_000_000
DELIMITERS = ",;\t|"
_BLANKS = "\ufeff\u200b\u200c\u200d\u2060"
_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)
_SHEET_ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"}
)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class BadFile(Exception):
    """A file that cannot be read; `line` is 0 for the whole file."""

    def __init__(self, message: Text, line: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


def _bad(line: int, msgid: str, **params: object) -> BadFile:
    return BadFile(Text(msgid, **params), line)


@dataclass(frozen=True)
class SourceRow:
    """A row: the line on which it begins, as many cells as the header has, and what is wrong with it."""

    line: int
    cells: Sequence[str]
    fault: Text | None = None


class Source(Protocol):
    """An opened file. `is_typed` marks workbooks, whose dates and numbers need no format."""

    header: list[str]
    is_typed: bool

    def rows(self) -> Iterator[SourceRow]:
        """The rows below the header; rows without any value are left out. BadFile when it breaks off."""
        ...

    def close(self) -> None: ...


def open_source(folder: Path, given: SourceFile, formats: Formats) -> Source:
    """Open a file of the folder and read its header. BadFile says what is wrong and what to do."""
    path = folder / given.path
    if not path.resolve().is_relative_to(folder.resolve()):
        raise _bad(0, N_("The path leads out of the folder. Put the file into the folder."))
    if not path.is_file():
        raise _bad(0, N_("There is no such file in the folder. Add it, or correct its path in the mapping."))
    if path.stat().st_size == 0:
        raise _bad(0, N_("The file is empty (0 bytes). Export it again."))
    ending = path.suffix.lower()
    if ending == ".xlsx":
        return WorkbookSource(path, given, given.decimal or formats.decimal or ".")
    if ending in CSV_ENDINGS:
        return TextSource(path, given, formats)
    raise _bad(
        0, N_("Files ending in %(ending)s cannot be read. Save it as .csv or .xlsx."), ending=ending or "-"
    )


def header_of(cells: Sequence[str], line: int) -> list[str]:
    """Column names with single blanks; trailing nameless columns are dropped."""
    names = [" ".join(unicodedata.normalize("NFKC", clean(cell)).split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise _bad(
            line, N_("There are no column names on this line. Set header_row to the line they are on.")
        )
    if len(names) > MOST_COLUMNS:
        raise _bad(
            line, N_("There are more than %(count)s columns. Remove those not needed."), count=MOST_COLUMNS
        )
    return names


def clean(cell: str) -> str:
    """A cell without blanks and invisible marks around it; ="00123" of Excel exports is 00123."""
    text = cell.strip().strip(_BLANKS).strip()
    if text.startswith('="') and (match := _AS_TEXT.fullmatch(text)):
        return match[1].strip()
    return text


def _row(line: int, cells: list[str], width: int, *, fills: bool) -> SourceRow:
    """A row with exactly `width` cells; what does not fit is its fault."""
    given = len(cells)
    if given > width and any(cells[width:]):
        message = N_(
            "The row has %(given)s cells, the header %(width)s. Put values with a delimiter into quotation marks."
        )
        return SourceRow(line, cells[:width], Text(message, given=given, width=width))
    if given < width:
        padded = cells + [""] * (width - given)
        message = N_(
            "The row has %(given)s of %(width)s cells. Complete it, or set short_rows = 'fill' for this file."
        )
        return SourceRow(line, padded, None if fills else Text(message, given=given, width=width))
    if any("\x00" in cell for cell in cells):
        return SourceRow(
            line,
            [cell.replace("\x00", "") for cell in cells[:width]],
            Text(N_("The row contains a NUL character. Remove it.")),
        )
    return SourceRow(line, cells[:width])


# --- CSV ----------------------------------------------------------------------------------------------------------


class TextSource:
    """A delimited text file."""

    is_typed = False

    def __init__(self, path: Path, given: SourceFile, formats: Formats) -> None:
        self.fills = given.short_rows == "fill"
        self.encoding = find_encoding(path, given.encoding or formats.encoding)
        self.file: IO[str] = path.open(encoding=self.encoding, newline="")
        try:
            self._open(given, given.delimiter or formats.delimiter)
        except BaseException:
            self.file.close()
            raise

    def _open(self, given: SourceFile, delimiter: str | None) -> None:
        self.skipped = given.header_row - 1
        lines = self._lines()
        for _ in range(self.skipped):
            next(lines, "")
        first = next(lines, "")
        self.reader = csv.reader(
            chain([first], lines), delimiter=delimiter or find_delimiter(first), strict=True
        )
        self.ended = 0
        for _line, cells, fault in self._records():
            if fault is not None:
                raise BadFile(fault, given.header_row)
            self.header = header_of(cells, given.header_row)
            return
        raise _bad(
            given.header_row,
            N_("There are no column names on this line. Set header_row to the line they are on."),
        )

    def rows(self) -> Iterator[SourceRow]:
        width = len(self.header)
        for line, cells, fault in self._records():
            cleaned = [clean(cell) for cell in cells]
            if fault is not None:
                yield SourceRow(line, (cleaned + [""] * width)[:width], fault)
            elif any(cleaned):
                yield _row(line, cleaned, width, fills=self.fills)

    def _lines(self) -> Iterator[str]:
        number = 0
        while line := self.file.readline(LONGEST_LINE + 1):
            number += 1
            if len(line) > LONGEST_LINE:
                raise _bad(number, N_("This line is longer than %(count)s characters."), count=LONGEST_LINE)
            yield line

    def _records(self) -> Iterator[tuple[int, list[str], Text | None]]:
        """(line, cells, fault): a row with misplaced quotation marks is a fault of that row; one that is never
        closed swallows the rest of the file and ends the reading."""
        while True:
            begins = self.ended + 1
            try:
                cells = next(self.reader)
            except StopIteration:
                return
            except csv.Error as wrong:
                line = self.skipped + begins
                if "unexpected end" in str(wrong):
                    raise _bad(
                        line, N_("A quotation mark opens on this line and is never closed. Close it.")
                    ) from None
                if "field larger" in str(wrong):
                    raise _bad(
                        line,
                        N_(
                            "A cell beginning on this line is too long; perhaps a quotation mark is not closed."
                        ),
                    ) from None
                self.ended = self.reader.line_num
                yield (
                    line,
                    [],
                    Text(N_("Quotation marks are misplaced in this row. Double those inside a value.")),
                )
                continue
            self.ended = self.reader.line_num
            yield self.skipped + begins, cells, None

    def close(self) -> None:
        self.file.close()


def find_encoding(path: Path, wanted: Sequence[str]) -> str:
    """The encoding of the byte order mark, else the first of `wanted` in which the whole file can be read."""
    with path.open("rb") as file:
        start = file.read(4)
    for mark, name in _MARKS:
        if start.startswith(mark):
            _first_bad_line(path, name, strict=True)
            return name
    lines = {name: _first_bad_line(path, name) for name in wanted}
    for name, line in lines.items():
        if line == 0:
            return name
    name, line = next(iter(lines.items()))
    raise _bad(
        line,
        N_(
            "This line is not %(encoding)s. Declare the right encoding for the file, such as encoding = ['gb18030']."
        ),
        encoding=name,
    )


def _first_bad_line(path: Path, encoding: str, *, strict: bool = False) -> int:
    """The line at which the file cannot be decoded, 0 when it can; with `strict` BadFile is raised instead."""
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1
    with path.open("rb") as file:
        while True:
            block = file.read(1 << 20)
            try:
                line += decoder.decode(block, final=not block).count("\n")
            except UnicodeError as wrong:
                line += block[: getattr(wrong, "start", 0)].count(b"\n")
                if strict:
                    raise _bad(
                        line, N_("This line is not %(encoding)s, as the file says it is."), encoding=encoding
                    ) from None
                return line
            if not block:
                return 0


def find_delimiter(line: str) -> str:
    """The delimiter that stands most often outside quotation marks in a header line."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(DELIMITERS, key=lambda mark: (bare.count(mark), -DELIMITERS.index(mark)))


# --- XLSX ---------------------------------------------------------------------------------------------------------


class WorkbookSource:
    """A sheet of a workbook, read as a stream; formulas give their stored results."""

    is_typed = True

    def __init__(self, path: Path, given: SourceFile, decimal: str) -> None:
        self.decimal = decimal
        check_workbook(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.book, self.sheet = _open_book(path, given.sheet)
        self.rows_read = self.sheet.iter_rows(values_only=True)
        self.line = 0
        self.header = []
        for _ in range(given.header_row):
            cells, _fault = self._next() or ([], None)
        self.header = header_of(cells, given.header_row)

    def rows(self) -> Iterator[SourceRow]:
        width = len(self.header)
        while (found := self._next()) is not None:
            cells, fault = found
            if not any(cells):
                continue
            row = _row(self.line, cells, width, fills=True)
            yield SourceRow(row.line, row.cells, fault or row.fault)

    def _next(self) -> tuple[list[str], Text | None] | None:
        """The cells of the next row as text and the fault of one of them; None at the end."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                values = next(self.rows_read)
            except StopIteration:
                return None
            except Exception as wrong:  # whatever a damaged part makes the XML reader raise
                raise _bad(
                    self.line + 1,
                    N_("The workbook is damaged here (%(reason)s). Save it again."),
                    reason=type(wrong).__name__,
                ) from None
        self.line += 1
        fault = None
        cells = []
        for value in values:
            text = _cell_text(value, self.decimal)
            if text in _SHEET_ERRORS:
                fault = Text(N_("A cell holds the error %(error)s. Correct it in the workbook."), error=text)
            cells.append(text)
        return cells, fault

    def close(self) -> None:
        self.book.close()


def check_workbook(path: Path) -> None:
    """BadFile for what is no workbook, and for one that would unpack to more than memory and disk should give."""
    try:
        with zipfile.ZipFile(path) as packed:
            entries = packed.infolist()
            names = {entry.filename for entry in entries}
    except (zipfile.BadZipFile, OSError):
        raise _bad(0, N_("This is not an .xlsx workbook. Open it and save it as .xlsx or .csv.")) from None
    if "xl/workbook.xml" not in names:
        raise _bad(0, N_("This is not an .xlsx workbook. Open it and save it as .xlsx or .csv."))
    unpacked = sum(entry.file_size for entry in entries)
    shared_text = sum(entry.file_size for entry in entries if entry.filename.endswith("sharedStrings.xml"))
    if unpacked > LARGEST_UNZIPPED_BYTES or shared_text > LARGEST_SHARED_TEXT_BYTES:
        raise _bad(
            0,
            N_("The workbook unpacks to %(size)s MB, more than can be read. Save its sheets as .csv."),
            size=unpacked // 1_000_000,
        )


def _open_book(path: Path, sheet: str | None) -> tuple[Any, Any]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True, keep_links=False)
    except Exception as wrong:  # openpyxl raises whatever the damaged part made it raise
        raise _bad(
            0,
            N_("The workbook is damaged (%(reason)s). Open it and save it again."),
            reason=type(wrong).__name__,
        ) from None
    names = [one.title for one in book.worksheets]
    if sheet is not None and sheet not in names:
        book.close()
        raise _bad(
            0,
            N_("There is no sheet %(name)s. The workbook has %(known)s."),
            name=sheet,
            known=", ".join(names),
        )
    found = book[sheet] if sheet is not None else book.worksheets[0]
    found.reset_dimensions()
    return book, found


def _cell_text(value: object, decimal: str) -> str:
    """A cell of a workbook as text: dates as YYYY-MM-DD, numbers with the 15 digits that Excel shows."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format(Decimal(format(value, ".15g")), "f").replace(".", decimal)
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    return str(value)
