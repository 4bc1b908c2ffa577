"""A value of a canonical row as people read it, for pages that show versions of a row column by column."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from shared.canonical import from_micros
from shared.i18n import N_, gettext
from shared.money import Money
from shared.vocabulary import column_word
from shared.web.filters import instant, money
from shared.web.words import STATUSES, status_word

ID_SHOWN = 8
IN_BASE = ("base_minor", "credit_limit_minor")
"""Endings of columns whose amounts are in the branch's base currency; those of other amounts are in the row's own."""
RATE_PARTS = 10**9

PLAIN: Mapping[str, str] = {
    "amount_minor": N_("amount"),
    "cost_minor": N_("cost"),
    "limit_minor": N_("limit"),
    "price_minor": N_("price"),
    "subtotal_minor": N_("subtotal"),
    "total_minor": N_("total"),
    "rate_e9": N_("rate"),
}
"""Columns whose word names how they are kept, and what they are called where their value is written for people."""


def currency_of(name: str, row: Mapping[str, Any], base_currency: str) -> str:
    """The currency in which column `name` of this row is kept; empty for what is no amount, or where it is not known."""
    if not name.endswith("_minor"):
        return ""
    return base_currency if name.endswith(IN_BASE) else row.get("currency") or ""


def column_label(name: str, row: Mapping[str, Any], base_currency: str = "") -> str:
    """What the column is called beside a value written by `value_text`."""
    is_plain = name == "rate_e9" or bool(currency_of(name, row, base_currency))
    return gettext(PLAIN[name]) if is_plain and name in PLAIN else column_word(name)


def value_text(
    name: str, value: Any, row: Mapping[str, Any] | None = None, base_currency: str = ""
) -> str | None:
    """The value of column `name` of `row`: amounts with their currency where it is known, states, yes and no in words, instants as
    such, ids by their beginning; None for null and for what holds nothing."""
    if value is None or value == {} or value == []:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        if name.endswith("_at"):
            return str(instant(from_micros(value)))
        if currency := currency_of(name, row or {}, base_currency):
            return str(money(Money(value, currency)))
        if row is not None and name == "rate_e9":
            return f"{Decimal(value) / RATE_PARTS:f}"
    if row is not None and isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    if row is not None and name == "status" and value in STATUSES:
        return status_word(value)
    return value[:ID_SHOWN] if name == "id" or name.endswith(("_id", "_by")) else value
