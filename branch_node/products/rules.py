"""Which price holds on a day. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class DatedPrice:
    """A price in a currency from a day on, up to and including `until_on` (None: open)."""

    currency: str
    price_minor: int
    from_on: date
    until_on: date | None = None

    def holds(self, day: date) -> bool:
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)


def list_price(
    own_currency: str, own_price_minor: int, prices: Sequence[DatedPrice], currency: str, day: date
) -> int | None:
    """The list price of a product in a currency on a day: the latest dated price that holds, else the product's
    own price if it is in that currency, else None: a price in another currency is never converted silently."""
    found = [price for price in prices if price.currency == currency and price.holds(day)]
    if found:
        return max(found, key=lambda price: price.from_on).price_minor
    return own_price_minor if currency == own_currency else None
