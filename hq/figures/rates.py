"""Exchange rates as figures use them: the latest on or before a day, from headquarters' dated table."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from hq.figures.rules import Conversion, Rate, rate_of
from hq.figures.shape import BASE
from shared.database import fetch_all

LATEST = """SELECT r.currency, r.to_currency, r.rate_e9, r.happened_on, r.id FROM exchange_rate r
WHERE r.deleted_at IS NULL AND r.happened_on <= :on AND r.rate_e9 > 0
AND ((r.to_currency = :to AND r.currency IN :currencies) OR (r.currency = :to AND r.to_currency IN :currencies))
AND r.happened_on = (SELECT MAX(n.happened_on) FROM exchange_rate n WHERE n.currency = r.currency
AND n.to_currency = r.to_currency AND n.happened_on <= :on AND n.deleted_at IS NULL)
ORDER BY r.happened_on, CASE WHEN r.to_currency = :to THEN 1 ELSE 0 END, r.id"""


async def conversion(
    currencies: Collection[str], to_currency: str, on: date, known_at: datetime | None = None
) -> Conversion:
    """Rates from each of `currencies` into `to_currency`; without a statement when there is nothing to convert.

    A rate entered the other way round is used when it is the newer one; one entered after `known_at` not at all.
    `to_currency` base converts nothing.
    """
    if to_currency == BASE:
        return Conversion("", on, {})
    wanted = sorted({currency for currency in currencies if currency and currency != to_currency})
    rates: dict[str, Rate] = {}
    if wanted:
        params: dict[str, Any] = {"on": on, "to": to_currency, "currencies": wanted}
        sql = LATEST
        if known_at is not None:
            params["known_at"] = known_at
            sql = sql.replace("r.deleted_at IS NULL", "r.deleted_at IS NULL AND r.recorded_at <= :known_at")
            sql = sql.replace("n.deleted_at IS NULL", "n.deleted_at IS NULL AND n.recorded_at <= :known_at")
        for row in await fetch_all(sql, **params):
            is_inverse = row["to_currency"] != to_currency
            currency = row["to_currency"] if is_inverse else row["currency"]
            rates[currency] = rate_of(currency, to_currency, int(row["rate_e9"]), is_inverse=is_inverse)
    return Conversion(to_currency, on, rates)
