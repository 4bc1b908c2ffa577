"""Targets from a sheet: CSV or XLSX, one row per unit and year. Reads, names every fault, changes nothing."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hq.figures.aims import TARGET_MEASURES
from hq.figures.freshness import Branch, Directory
from hq.figures.shape import Question
from hq.targets.rules import even_lines, period_codes, year_of
from shared.database import fetch_all
from shared.digits import whole_number
from shared.errors import Invalid
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.money import CURRENCIES, parse_amount

ROWS_MOST = 5_000
BYTES_MOST = 5_000_000
COLUMNS = ("branch", "department", "employee", "measure", "year", "currency", "amount", "reason")
CHINESE = {
    "网点": "branch", "部门": "department", "员工": "employee", "工号": "employee", "指标": "measure", "年度": "year", "年": "year",
    "币种": "currency", "目标": "amount", "金额": "amount", "原因": "reason",
}  # fmt: skip


@dataclass(frozen=True)
class SheetRow:
    """A target that a row asks for; months add up to `amount`."""

    line: int
    kind: str
    branch: str
    unit_id: str
    measure: str
    year: int
    currency: str
    amount: int
    lines: Mapping[str, int]
    reason: str


def read_sheet(name: str, content: bytes) -> list[dict[str, str]]:
    """The rows as texts by column name. Invalid for a file that is neither, is too large, or has no known columns."""
    if len(content) > BYTES_MOST:
        raise Invalid(N_("The sheet is larger than 5 MB. Split it."), code="sheet.large")
    lines = xlsx_lines(content) if name.lower().endswith(".xlsx") else csv_lines(content)
    if not lines:
        raise Invalid(N_("The sheet is empty."), code="sheet.empty")
    heads = [column_of(cell) for cell in lines[0]]
    if "measure" not in heads or "year" not in heads or not {"amount", "m1"} & set(heads):
        raise Invalid(
            N_("The first row must name the columns measure, year, and amount or 1 to 12."),
            code="sheet.heads",
        )
    if len(lines) > ROWS_MOST + 1:
        raise Invalid(N_("The sheet has more than 5,000 rows. Split it."), code="sheet.rows")
    return [dict(zip(heads, [*cells, *[""] * len(heads)], strict=False)) for cells in lines[1:]]


def column_of(cell: str) -> str:
    """The column a head names, in English or Chinese; 1 to 12 are months."""
    text = cell.strip().lower()
    month = text.removesuffix("月").lstrip("m")
    if number := whole_number(month, 12):
        return f"m{number}"
    return CHINESE.get(text, text)


def csv_lines(content: bytes) -> list[list[str]]:
    """The rows of a CSV file in UTF-8 or GB 18030."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise Invalid(N_("The file cannot be read. Save it as CSV in UTF-8, or as XLSX."), code="sheet.coding") from None  # fmt: skip
    return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text)) if any(row)]


def xlsx_lines(content: bytes) -> list[list[str]]:
    """The rows of the first sheet of a workbook."""
    from openpyxl import load_workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > 20 * BYTES_MOST:
                raise Invalid(N_("The sheet is larger than 5 MB. Split it."), code="sheet.large")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError):
        raise Invalid(
            N_("The file cannot be read. Save it as CSV in UTF-8, or as XLSX."), code="sheet.coding"
        ) from None
    found = []
    for row in book.worksheets[0].iter_rows(values_only=True, max_row=ROWS_MOST + 2):
        cells = ["" if cell is None else str(cell).strip() for cell in row]
        if any(cells):
            found.append(
                [cell.removesuffix(".0") if cell.replace(".", "").isdecimal() else cell for cell in cells]
            )
    return found


@dataclass
class Faults:
    """What is wrong with the rows, in sentences."""

    texts: list[str] = field(default_factory=list)

    def add(self, line: int, text: str) -> None:
        self.texts.append(_("Row %(row)s: %(text)s", row=line, text=text))


async def rows_of_sheet(
    table: Sequence[Mapping[str, str]], branches: Directory, question: Question
) -> list[SheetRow]:
    """The targets that the rows ask for. Invalid, naming every fault by row, unless all can be read."""
    faults = Faults()
    units = await units_within(branches)
    found = []
    for line, cells in enumerate(table, 2):
        try:
            found.append(one_row(line, cells, branches, units, question))
        except Invalid as wrong:
            faults.add(line, _(wrong.message, **wrong.params))
    if faults.texts:
        raise Invalid(fields={str(number): text for number, text in enumerate(faults.texts)})
    return found


async def units_within(branches: Directory) -> dict[tuple[str, str, str], str]:
    """Ids of departments by name and of employees by number and name: (branch, kind, text) -> id."""
    codes = sorted(branches.codes)
    found: dict[tuple[str, str, str], str] = {}
    for row in await fetch_all("SELECT id, branch, name FROM department WHERE branch IN :codes AND deleted_at IS NULL", codes=codes):  # fmt: skip
        found[str(row["branch"]), "department", str(row["name"]).lower()] = str(row["id"])
    for row in await fetch_all("SELECT id, branch, number, name FROM employee WHERE branch IN :codes AND deleted_at IS NULL", codes=codes):  # fmt: skip
        found.setdefault((str(row["branch"]), "employee", str(row["name"]).lower()), str(row["id"]))
        found[str(row["branch"]), "employee", str(row["number"]).lower()] = str(row["id"])
    return found


def one_row(
    line: int,
    cells: Mapping[str, str],
    branches: Directory,
    units: Mapping[tuple[str, str, str], str],
    question: Question,
) -> SheetRow:
    """The target of one row. Invalid with a sentence for what cannot be read."""
    kind, branch, unit_id = unit_of_row(cells, branches, units, question)
    measure = measure_of(cells.get("measure", ""))
    year = year_of(cells.get("year", ""))
    if year is None:
        raise Invalid(N_('"%(text)s" is not a year.'), text=cells.get("year", ""))
    currency = ""
    if TARGET_MEASURES[measure].is_money:
        own = branch.currency if branch is not None else question.house.currency
        currency = cells.get("currency", "").upper() or own
        if currency not in CURRENCIES:
            raise Invalid(
                N_('"%(text)s" is not a currency. Write a code such as CNY, or base.'), text=currency
            )
    amount, lines = amounts_of_row(cells, year, currency or "JPY")
    return SheetRow(
        line, kind, branch.code if branch is not None else "", unit_id, measure, year, currency, amount, lines,
        cells.get("reason", "")[:300],
    )  # fmt: skip


def unit_of_row(
    cells: Mapping[str, str],
    branches: Directory,
    units: Mapping[tuple[str, str, str], str],
    question: Question,
) -> tuple[str, Branch | None, str]:
    """(kind, branch, id) of the unit that a row names; no branch is the company."""
    text = cells.get("branch", "").strip()
    if not text:
        if question.branches is not None:
            raise Invalid(N_("Name a branch; the company's own target is not yours to set."))
        return "company", None, ""
    wanted = text.lower()
    branch = next((one for one in branches.branches if wanted in (one.code.lower(), one.name.lower())), None)
    if branch is None:
        raise Invalid(N_('There is no branch "%(text)s" here.'), text=text)
    for kind in ("employee", "department"):
        name = cells.get(kind, "").strip()
        if name:
            unit_id = units.get((branch.code, kind, name.lower()))
            if unit_id is None:
                raise Invalid(N_('%(branch)s has no "%(text)s".'), branch=branch.name, text=name)
            return kind, branch, unit_id
    return "branch", branch, ""


def measure_of(text: str) -> str:
    """The measure by its name or its label in the reader's language."""
    wanted = text.strip().lower()
    for name, measure in TARGET_MEASURES.items():
        if wanted in (name, measure.label.lower(), _(measure.label).lower()):
            return name
    raise Invalid(N_('There are no targets on "%(name)s"; choose one of %(choices)s.'), name=text, choices=", ".join(TARGET_MEASURES))  # fmt: skip


def amounts_of_row(cells: Mapping[str, str], year: int, currency: str) -> tuple[int, dict[str, int]]:
    """The year's amount and its months; without months the year is spread evenly."""
    texts = {code: cells.get(f"m{int(code[5:])}", "") for code in period_codes(year)}
    whole = cells.get("amount", "")
    if not any(texts.values()):
        amount = parse_amount(whole, currency).minor
        if amount < 0:
            raise Invalid(N_("Enter 0 or more."))
        return amount, even_lines(year, amount)
    lines = {code: parse_amount(text or "0", currency).minor for code, text in texts.items()}
    if any(part < 0 for part in lines.values()):
        raise Invalid(N_("Enter 0 or more."))
    total = sum(lines.values())
    if whole and parse_amount(whole, currency).minor != total:
        raise Invalid(N_("The months do not add up to the year's amount."))
    return total, lines
