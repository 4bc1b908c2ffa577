"""The sample company with other ids, other amounts and other dates: what must change with it, and what must not."""

import csv
import random
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

IDS = {
    "customerNumber", "salesRepEmployeeNumber", "employeeNumber", "reportsTo", "orderNumber", "checkNumber",
    "productCode",
}  # fmt: skip
AMOUNTS = {"priceEach", "amount", "creditLimit", "buyPrice", "MSRP"}
DATES = {"orderDate", "requiredDate", "shippedDate", "paymentDate"}


@dataclass(frozen=True)
class Change:
    """How a copy differs: numbers are moved, amounts multiplied, dates shifted by days. Office codes stay."""

    offset: int
    factor: int
    days: int

    @classmethod
    def drawn(cls, seed: int) -> "Change":
        dice = random.Random(seed)
        return cls(dice.randrange(10_000, 900_000), dice.randrange(2, 40), dice.randrange(-1_000, 6_000))

    def renumbered(self, text: str) -> str:
        """Numbers keep their order, so that equally old orders stay in it."""
        return str(int(text) + self.offset) if text.isdigit() else f"{text}-{self.offset}" if text else ""

    def scaled(self, text: str) -> str:
        whole, _, part = text.partition(".")
        minor = (int(whole) * 100 + int(part.ljust(2, "0"))) * self.factor
        return f"{minor // 100}.{minor % 100:02d}"

    def shifted(self, day: date) -> date:
        return day + timedelta(days=self.days)

    def cell(self, column: str, text: str) -> str:
        if column in IDS:
            return self.renumbered(text)
        if column in AMOUNTS:
            return self.scaled(text)
        if column in DATES and text:
            return self.shifted(date.fromisoformat(text)).isoformat()
        return text


def transformed(source: Path, target: Path, change: Change) -> None:
    """Write a changed copy of every file, rows of each file in another order."""
    dice = random.Random(change.offset)
    for path in source.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        header, body = rows[0], rows[1:]
        changed = [[change.cell(name, text) for name, text in zip(header, row, strict=True)] for row in body]
        dice.shuffle(changed)
        with (target / path.name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *changed])
