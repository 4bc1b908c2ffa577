"""Rules of the branch's figures: what may be asked, the columns, money as decimal strings. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from shared.digits import whole_number
from shared.errors import Invalid
from shared.figures import AGEING_BUCKETS, AGEING_LABELS
from shared.i18n import N_
from shared.money import CURRENCIES, convert, format_plain
from shared.periods import Month, Period, Quarter, Year, day_in

Kind = Literal["money", "count", "share", "text", "day"]

NAMES = (
    "newest-customers", "signed-customers", "follow-up", "sales", "targets", "receivables", "ageing", "profit",
    "staff-activity", "news",
)  # fmt: skip

# The right each figure needs; the same at headquarters.
RIGHTS: Mapping[str, str] = {
    "newest-customers": "customer.view",
    "signed-customers": "customer.view",
    "follow-up": "customer.view",
    "sales": "figures.view",
    "targets": "target.view",
    "receivables": "receivable.view",
    "ageing": "receivable.view",
    "profit": "figures.view",
    "staff-activity": "plan.view",
    "news": "news.view",
}
SILENT_DAYS = 30
MOST_ROWS = 5_000


@dataclass(frozen=True)
class Column:
    """A column: key, label (msgid) and kind."""

    key: str
    label: str
    kind: Kind = "money"


BUCKET_KEYS: Mapping[str, str] = {
    "not_due": "not_due",
    "1-30": "days_1_30",
    "31-60": "days_31_60",
    "61-90": "days_61_90",
    "91+": "days_over_90",
}

COLUMNS: Mapping[str, Sequence[Column]] = {
    "newest-customers": (
        Column("acquired_on", N_("Acquired"), "day"),
        Column("owner", N_("Owner"), "text"),
        Column("status", N_("State"), "text"),
        Column("group", N_("Group"), "text"),
        Column("region", N_("Region"), "text"),
    ),
    "signed-customers": (
        Column("signed_on", N_("Signed"), "day"),
        Column("owner", N_("Owner"), "text"),
        Column("amount", N_("First orders")),
        Column("region", N_("Region"), "text"),
    ),
    "follow-up": (
        Column("followups", N_("Follow-ups"), "count"),
        Column("touched", N_("Touched"), "count"),
        Column("due_today", N_("Due today"), "count"),
        Column("overdue", N_("Overdue"), "count"),
        Column("silent", N_("Silent"), "count"),
        Column("never", N_("Never contacted"), "count"),
    ),
    "sales": (
        Column("orders", N_("Orders"), "count"),
        Column("ordered", N_("Ordered")),
        Column("cancelled_orders", N_("Cancelled orders"), "count"),
        Column("cancelled", N_("Cancelled")),
        Column("sales", N_("Sales")),
    ),
    "receivables": (
        Column("due", N_("Due")),
        Column("receipts", N_("Receipts")),
        Column("received", N_("Received")),
        Column("credited", N_("Credited")),
        Column("written_off", N_("Written off")),
        Column("unallocated", N_("Unallocated")),
        Column("remaining", N_("Remaining")),
        Column("balance", N_("Balance")),
    ),
    "ageing": (
        Column("remaining", N_("Remaining")),
        *(Column(BUCKET_KEYS[bucket], AGEING_LABELS[bucket]) for bucket in AGEING_BUCKETS),
        Column("overdue", N_("Overdue")),
        Column("overdue_share", N_("Overdue share"), "share"),
    ),
    "profit": (
        Column("income", N_("Income")),
        Column("expense", N_("Expense")),
        Column("profit", N_("Operating profit")),
    ),
    "staff-activity": (
        Column("plans", N_("Plans in"), "count"),
        Column("planned", N_("Planned"), "count"),
        Column("done", N_("Done"), "count"),
        Column("carried_over", N_("Carried over"), "count"),
        Column("cancelled_items", N_("Cancelled items"), "count"),
        Column("open_items", N_("Open"), "count"),
        Column("followups", N_("Follow-ups"), "count"),
        Column("customers_new", N_("New customers"), "count"),
        Column("orders", N_("Orders"), "count"),
        Column("ordered", N_("Ordered")),
        Column("receipts", N_("Receipts")),
    ),
    "news": (
        Column("happened_on", N_("Date"), "day"),
        Column("kind", N_("Kind"), "text"),
        Column("source", N_("Source"), "text"),
        Column("link", N_("Link"), "text"),
    ),
}

BLOCKS = ("month", "quarter", "ytd", "year")
# Whether the measure is money; the measures that headquarters sets targets on.
TARGET_MEASURES: Mapping[str, bool] = {
    "sales": True,
    "receipts": True,
    "income": True,
    "profit": True,
    "expense": True,
    "customers_new": False,
    "customers_signed": False,
    "activities": False,
    "visits": False,
}


def target_columns(measure: str) -> list[Column]:
    """Target, actual, gap and completion of each span."""
    kind: Kind = "money" if TARGET_MEASURES[measure] else "count"
    found: list[Column] = []
    for block in BLOCKS:
        found += [
            Column(f"{block}_target", N_("Target"), kind),
            Column(f"{block}_actual", N_("Actual"), kind),
            Column(f"{block}_gap", N_("Gap"), kind),
            Column(f"{block}_completion", N_("Completion"), "share"),
        ]
    return [*found, Column("time_passed", N_("Time passed"), "share")]


def spans_of(as_of: date) -> dict[str, Period]:
    """The four spans around a day; year to date ends with the day's month, as its target does."""
    month, year = Month.containing(as_of), Year.containing(as_of)
    return {
        "month": month,
        "quarter": Quarter.containing(as_of),
        "ytd": Period(year.first, month.after),
        "year": year,
    }


@dataclass(frozen=True)
class Parameters:
    """What is asked. None means the figure's own default: this month, or today."""

    first: date | None = None
    last: date | None = None
    as_of: date | None = None
    currency: str = ""
    measure: str = "sales"
    rows: int | None = None

    def span(self, today: date) -> tuple[date, date]:
        """First and last day: the month of what is given, this month when nothing is."""
        month = Month.containing(self.last or self.first or today)
        first = self.first or month.first
        return first, self.last or month.last


def parameters_of(asked: Mapping[str, str]) -> Parameters:
    """From ?from=, ?to=, ?as_of=, ?currency=, ?measure= and, for ageing, ?rows=: only so many who owe most.

    Invalid, field by field, for what cannot be read.
    """
    fields: dict[str, str] = {}

    def day(name: str) -> date | None:
        text = asked.get(name, "").strip()
        if not text:
            return None
        try:
            return day_in(text)
        except ValueError:
            fields[name] = N_("Write the day like 2026-11-22.")
            return None

    first, last, as_of = day("from"), day("to"), day("as_of")
    currency = asked.get("currency", "").strip().upper()
    if currency and currency != "BASE" and currency not in CURRENCIES:
        fields["currency"] = N_("Enter a currency code such as CNY or USD.")
    measure = asked.get("measure", "").strip() or "sales"
    if measure not in TARGET_MEASURES:
        fields["measure"] = N_("There are no targets on this measure.")
    if first and last and first > last:
        fields["to"] = N_("The last day lies before the first. Choose a later one.")
    rows = asked.get("rows", "").strip()
    if rows and not (whole_number(rows, MOST_ROWS)):
        fields["rows"] = N_("Enter a number of rows from 1 to 5,000.")
    if fields:
        raise Invalid(fields=fields)
    return Parameters(
        first, last, as_of, "" if currency == "BASE" else currency, measure, int(rows) if rows else None
    )


@dataclass(frozen=True)
class Line:
    """A row: its unit, name and values by column. None is 'no data', never 0; money in minor base units."""

    unit: str
    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """The answer before it is written. `rate_e9` None: there is no rate into the currency asked for."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Line]
    total: Line
    first: date | None
    last: date | None
    as_of: date | None
    base: str
    currency: str
    rate_e9: int | None
    rate_on: date
    branch: str
    position: int
    complete_to: str

    @property
    def complete(self) -> bool:
        return self.rate_e9 is not None


def written(figure: Figure) -> dict[str, Any]:
    """The figure as the contract writes it: money as decimal strings, shares as per cent, days in ISO 8601."""
    columns = {column.key: column for column in figure.columns}
    missing = []
    if not figure.complete:
        missing = [
            {"currency": figure.base, "to_currency": figure.currency, "on": figure.rate_on.isoformat()}
        ]
    return {
        "figure": figure.name,
        "parameters": {
            "unit": f"branch:{figure.branch}",
            "from": figure.first.isoformat() if figure.first else None,
            "to": figure.last.isoformat() if figure.last else None,
            "as_of": figure.as_of.isoformat() if figure.as_of else None,
            "currency": figure.currency,
        },
        "columns": [{"key": one.key, "label": one.label, "kind": one.kind} for one in figure.columns],
        "rows": [line_written(line, columns, figure) for line in figure.rows],
        "total": {
            **line_written(figure.total, columns, figure),
            "row_count": len(figure.rows),
            "missing_rates": missing,
        },
        "watermarks": [
            {
                "branch": figure.branch,
                "state": "current",
                "complete_to": figure.complete_to,
                "position": figure.position,
            }
        ],
        "complete": figure.complete,
    }


def line_written(line: Line, columns: Mapping[str, Column], figure: Figure) -> dict[str, Any]:
    """One row of the contract."""
    found: dict[str, Any] = {
        "unit": line.unit,
        "name": line.name,
        "branch": figure.branch,
        "currency": figure.currency,
    }
    for key, value in line.values.items():
        found[key] = value_written(value, columns.get(key), figure)
    return found


def value_written(value: Any, column: Column | None, figure: Figure) -> Any:
    """One value; money without a rate is null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if column is not None and column.kind == "money":
        minor = in_currency(value, figure)
        return None if minor is None else format_plain(minor, figure.currency)
    if column is not None and column.kind == "share":
        return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
    return value


def in_currency(minor: int, figure: Figure) -> int | None:
    """Base minor units in the currency asked for; None without a rate."""
    if figure.currency == figure.base:
        return minor
    if figure.rate_e9 is None:
        return None
    return convert(minor, figure.base, figure.currency, figure.rate_e9)


def table_text(found: Mapping[str, Any]) -> str:
    """The contract's JSON as a plain table for a terminal: name and every column, total last."""
    keys = [column["key"] for column in found["columns"]]

    def cells(row: Mapping[str, Any], name: str) -> list[str]:
        return [name, *("-" if row.get(key) is None else str(row[key]) for key in keys)]

    lines = [["name", *keys], *(cells(row, row["name"] or row["unit"]) for row in found["rows"])]
    lines.append(cells(found["total"], "total"))
    widths = [max(len(line[place]) for line in lines) for place in range(len(keys) + 1)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
