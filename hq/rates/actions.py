"""Entering rates: one by hand, or a file of them."""

import csv
import io
from datetime import date
from decimal import Decimal, InvalidOperation

from shared.database import transaction
from shared.errors import Invalid
from shared.i18n import N_
from shared.money import CURRENCIES
from shared.records import COMPANY, ExchangeRate


async def enter_rate(currency: str, to_currency: str, on: date, rate_e9: int) -> ExchangeRate:
    """The rate from `on` on; a rate of the same pair and day is corrected. Invalid for a pair that is none."""
    check_pair(currency, to_currency)
    if rate_e9 <= 0:
        raise Invalid(N_("A rate is more than 0."), fields={"rate": N_("A rate is more than 0.")})
    async with transaction():
        found = await ExchangeRate.filter(
            currency=currency, to_currency=to_currency, happened_on=on, deleted_at=None
        ).first()
        if found is None:
            return await ExchangeRate.create(
                branch=COMPANY, currency=currency, to_currency=to_currency, happened_on=on, rate_e9=rate_e9
            )
        if found.rate_e9 != rate_e9:
            found.rate_e9 = rate_e9
            await found.save()
        return found


def check_pair(currency: str, to_currency: str) -> None:
    """Invalid unless both are currencies and differ."""
    for name, code in (("currency", currency), ("to_currency", to_currency)):
        if code not in CURRENCIES:
            message = N_("Enter a currency code such as CNY or USD.")
            raise Invalid(message, fields={name: message}, code="currency.unknown")
    if currency == to_currency:
        message = N_("Choose two different currencies.")
        raise Invalid(message, fields={"to_currency": message}, code="currency.same")


async def import_file(text: str, to_currency: str) -> dict[str, int]:
    """Rates from a CSV text with the columns day, currency, rate and perhaps to_currency; all of them or none.

    The numbers of rows read, created, changed and left as they were. Invalid names the first line that cannot be taken.
    """
    reader = csv.DictReader(io.StringIO(text))
    if not {"day", "currency", "rate"} <= set(reader.fieldnames or ()):
        raise Invalid(N_("The file needs the columns day, currency and rate."), code="rates.columns")
    account = {"read": 0, "created": 0, "changed": 0, "same": 0}
    async with transaction():
        for line, row in enumerate(reader, 2):
            currency, target, on, rate_e9 = parsed(row, line, to_currency)
            account["read"] += 1
            held = await ExchangeRate.filter(
                currency=currency, to_currency=target, happened_on=on, deleted_at=None
            ).first()
            account["created" if held is None else "same" if held.rate_e9 == rate_e9 else "changed"] += 1
            await enter_rate(currency, target, on, rate_e9)
    return account


def parsed(row: dict[str, str], line: int, to_currency: str) -> tuple[str, str, date, int]:
    """One line of the file; Invalid with its number when it cannot be read."""
    try:
        on = date.fromisoformat(row["day"].strip())
        rate = Decimal(row["rate"].strip()).scaleb(9)
        currency = row["currency"].strip().upper()
        target = (row.get("to_currency") or "").strip().upper() or to_currency
        if rate <= 0 or rate != rate.to_integral_value():
            raise ValueError(rate)
        check_pair(currency, target)
    except (ValueError, InvalidOperation, AttributeError, Invalid):
        raise Invalid(
            N_("Line %(line)s cannot be read. Write day, currency and rate like 2026-11-22,USD,7.1234."),
            code="rates.line",
            line=line,
        ) from None
    return currency, target, on, int(rate)
