"""Names, parameters and the text form of the branch's figures. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.errors import Invalid
from shared.i18n import N_

NAMES = (
    "newest-customers", "signed-customers", "follow-up", "sales", "targets", "receivables", "ageing", "profit",
    "staff-activity", "news",
)  # fmt: skip


@dataclass(frozen=True)
class Parameters:
    """What a figure is asked for: first and last day (both included), the day as of which, the currency."""

    from_on: date | None = None
    to_on: date | None = None
    as_of: date | None = None
    currency: str = ""

    def span(self, today: date) -> tuple[date, date]:
        """First and last day; the month so far where nothing was said."""
        last = self.to_on or self.as_of or today
        return self.from_on or last.replace(day=1), min(last, self.as_of or last)

    def to_json(self) -> dict[str, str]:
        found = {"from": self.from_on, "to": self.to_on, "as_of": self.as_of}
        shown = {name: value.isoformat() for name, value in found.items() if value is not None}
        return {**shown, **({"currency": self.currency} if self.currency else {})}


def parameters_of(words: Mapping[str, str]) -> Parameters:
    """Parameters from their texts; empty ones are not given. Raises Invalid naming each field that cannot be read."""
    wrong: dict[str, str] = {}

    def day(name: str) -> date | None:
        text = words.get(name) or ""
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            wrong[name] = N_("Write the day as 2026-11-22.")
            return None

    found = Parameters(day("from"), day("to"), day("as_of"), (words.get("currency") or "").upper())
    if found.from_on and found.to_on and found.from_on > found.to_on:
        wrong["to"] = N_("The last day lies before the first.")
    if wrong:
        raise Invalid(fields=wrong)
    return found


def table_text(found: Mapping[str, Any]) -> str:
    """A figure as an aligned table for a terminal: rows, then the total."""
    rows = [*found["rows"], *([{"": "total", **found["total"]}] if found["total"] else [])]
    if not rows:
        return "no rows"
    heads = list(dict.fromkeys(key for row in rows for key in row))
    cells = [
        heads,
        *([str(row.get(head, "") if row.get(head) is not None else "-") for head in heads] for row in rows),
    ]
    widths = [max(len(line[at]) for line in cells) for at in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in cells
    )
