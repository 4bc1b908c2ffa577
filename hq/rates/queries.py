"""Reads of the dated rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from hq.figures.lists import as_date
from shared.database import fetch_all


def rate_text(rate_e9: int) -> str:
    """7123400000 -> 7.1234"""
    return rate_in_column(rate_e9).rstrip("0").rstrip(".")


def rate_in_column(rate_e9: int) -> str:
    """7123400000 -> 7.123400000: the points of rates below each other are in line."""
    whole, part = divmod(rate_e9, 10**9)
    return f"{whole}.{part:09d}"


@dataclass(frozen=True)
class RateRow:
    """One rate: one major unit of `currency` in `to_currency`, from `on` until the next one."""

    id: str
    currency: str
    to_currency: str
    on: date
    rate_e9: int

    def plain(self) -> dict[str, str]:
        """As JSON."""
        return {
            "currency": self.currency,
            "to_currency": self.to_currency,
            "day": self.on.isoformat(),
            "rate": rate_text(self.rate_e9),
        }


async def rates(currency: str = "", limit: int = 1_000) -> list[RateRow]:
    """The rates, newest first."""
    where = " AND currency = :currency" if currency else ""
    rows = await fetch_all(
        "SELECT id, currency, to_currency, happened_on, rate_e9 FROM exchange_rate WHERE deleted_at IS NULL"
        f"{where} ORDER BY happened_on DESC, currency, to_currency, id LIMIT :row_limit",
        currency=currency,
        row_limit=limit,
    )
    found = []
    for row in rows:
        on = as_date(row["happened_on"])
        assert on is not None
        found.append(
            RateRow(str(row["id"]), str(row["currency"]), str(row["to_currency"]), on, int(row["rate_e9"]))
        )
    return found


async def branch_currencies() -> Sequence[str]:
    """The base currencies of all branches."""
    rows = await fetch_all("SELECT DISTINCT currency FROM branch WHERE deleted_at IS NULL ORDER BY currency")
    return [str(row["currency"]) for row in rows if row["currency"]]
