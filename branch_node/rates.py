"""The rate at which a posting in a foreign currency enters the books: headquarters' dated rates, never a guess."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from branch_node.home import home
from shared import money
from shared.database import fetch_all
from shared.errors import Conflict
from shared.i18n import N_

ONE = 10**9

RATES_SQL = """
SELECT currency, to_currency, rate_e9, happened_on FROM exchange_rate
WHERE happened_on <= :day AND deleted_at IS NULL AND rate_e9 > 0
  AND (currency IN :pair OR to_currency IN :pair)
ORDER BY happened_on
"""


def rate_between(rows: Sequence[Mapping[str, Any]], currency: str, base: str) -> int | None:
    """One unit of `currency` in `base`, times 10^9, from the latest of dated rows (oldest first); None without one.

    The direct rate, else the inverse of the opposite one, else over a third currency that both have a rate to.
    """
    latest = {(row["currency"], row["to_currency"]): int(row["rate_e9"]) for row in rows}

    def direct(one: str, other: str) -> int | None:
        if one == other:
            return ONE
        if (one, other) in latest:
            return latest[one, other]
        if (other, one) in latest:
            return money.round_half_even(ONE * ONE, latest[other, one])
        return None

    if (found := direct(currency, base)) is not None:
        return found
    for third in sorted({name for pair in latest for name in pair}):
        first, second = direct(currency, third), direct(third, base)
        if first is not None and second is not None:
            return money.round_half_even(first * second, ONE)
    return None


async def rate_to_base(currency: str, day: date) -> int:
    """One unit of `currency` in the branch's base currency on a day, times 10^9.

    Conflict (rate.missing), naming the currency and day, when headquarters has given none: it is never taken as 1.
    """
    base = home().currency
    if currency == base:
        return ONE
    found = rate_between(await fetch_all(RATES_SQL, day=day, pair=[currency, base]), currency, base)
    if not found:
        raise Conflict(
            N_("There is no rate from %(currency)s to %(base)s on %(day)s. Ask HQ to enter it."),
            code="rate.missing",
            currency=currency,
            base=base,
            day=day,
        )
    return found


def to_base(minor: int, currency: str, rate_e9: int) -> int:
    """Minor units of the branch's base currency."""
    return minor if currency == home().currency else money.convert(minor, currency, home().currency, rate_e9)
