"""The demo company in numbers: what headquarters plans for each branch and what its seeded business aims at.

Called by the seed command of a branch and of headquarters, which never meet: both read the plan here, so that one
branch is behind its year and one ahead. Pure; the same answers for the same arguments on every machine.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import blake2b
from random import Random
from types import MappingProxyType
from typing import Literal
from uuid import UUID, uuid5

from shared.money import exponent, round_half_even
from shared.periods import Month

DEMO_PASSWORD = "trunkline-demo"
"""The password of every account that a seed command makes: for the demo only, and said so wherever it is printed."""

Language = Literal["zh", "en", "fr", "ja"]


@dataclass(frozen=True)
class DemoBranch:
    """A branch of the demo company.

    `month_sales` is the planned sales of January 2025 in whole units of `currency`; `growth_bp` what it grows by in
    a year; `season` the percent of an average month, January first; `performance_bp` what the branch really sells
    of its plan. The last numbers are the plan of an average month and how the books look.
    """

    code: str
    name: str
    name_en: str
    city: str
    region: str
    country: str
    timezone: str
    currency: str
    language: Language
    foreign_currency: str
    month_sales: int
    growth_bp: int
    season: tuple[int, ...]
    performance_bp: int
    tax_bp: int
    sellers: int
    orders_per_month: int
    new_customers_per_month: int
    follow_ups_per_month: int


_SEASON_CN = (92, 58, 104, 98, 96, 102, 94, 96, 112, 104, 122, 122)
_SEASON_FR = (96, 98, 108, 104, 98, 110, 92, 58, 110, 108, 110, 108)
_SEASON_US = (88, 92, 104, 98, 100, 106, 90, 94, 106, 108, 104, 110)
_SEASON_JP = (88, 96, 138, 84, 86, 98, 96, 82, 112, 98, 102, 120)

DEMO_BRANCHES: Mapping[str, DemoBranch] = MappingProxyType(
    {
        branch.code: branch
        for branch in (
            DemoBranch(
                "HQ", "总部直营", "Head office", "北京", "north", "CN", "Asia/Shanghai", "CNY", "zh", "USD",
                4_600_000, 900, _SEASON_CN, 10_150, 1_300, 8, 42, 10, 230,
            ),
            DemoBranch(
                "SH", "上海分公司", "Shanghai", "上海", "east", "CN", "Asia/Shanghai", "CNY", "zh", "USD",
                3_900_000, 1_200, _SEASON_CN, 11_350, 1_300, 8, 44, 11, 220,
            ),
            DemoBranch(
                "PAR", "巴黎分公司", "Paris", "Paris", "europe", "FR", "Europe/Paris", "EUR", "fr", "USD",
                330_000, 800, _SEASON_FR, 7_400, 2_000, 7, 36, 9, 200,
            ),
            DemoBranch(
                "NYC", "纽约分公司", "New York", "New York", "america", "US", "America/New_York", "USD", "en", "EUR",
                540_000, 1_000, _SEASON_US, 9_850, 888, 8, 42, 11, 220,
            ),
            DemoBranch(
                "TYO", "东京分公司", "Tokyo", "東京", "east-asia", "JP", "Asia/Tokyo", "JPY", "ja", "USD",
                62_000_000, 600, _SEASON_JP, 9_300, 1_000, 7, 38, 8, 200,
            ),
            DemoBranch(
                "GZ", "广州分公司", "Guangzhou", "广州", "south", "CN", "Asia/Shanghai", "CNY", "zh", "USD",
                2_900_000, 1_100, _SEASON_CN, 9_700, 1_300, 7, 40, 9, 200,
            ),
        )
    }
)  # fmt: skip

DEMO_CODES: tuple[str, ...] = ("HQ", "SH", "PAR", "NYC", "TYO")
"""The branches that `make demo` starts, for which headquarters sets targets."""

_LIKE_CURRENCY = {"CNY": "GZ", "EUR": "PAR", "USD": "NYC", "JPY": "TYO"}


def demo_branch(code: str, timezone: str, currency: str) -> DemoBranch:
    """The numbers of a branch; a code that the demo company lacks gets those of a branch with its currency.

    The zone and currency of the settings win over those of the table.
    """
    known = DEMO_BRANCHES.get(code)
    if known is not None and known.currency == currency:
        return replace(known, timezone=timezone)
    like = DEMO_BRANCHES[_LIKE_CURRENCY.get(currency, "NYC")]
    decimals_apart = exponent(currency) - exponent(like.currency)
    foreign = "EUR" if currency == "USD" else "USD"
    return replace(
        like,
        code=code,
        name=code,
        name_en=code,
        timezone=timezone,
        currency=currency,
        foreign_currency=foreign,
        month_sales=like.month_sales * 100 if decimals_apart < 0 else like.month_sales,
    )


def planned_sales(branch: DemoBranch, month: Month) -> int:
    """What the branch should sell in `month`, minor units of its currency: linear growth times the season."""
    passed = (month.first.year - 2025) * 12 + month.first.month - 1
    level = branch.month_sales * 10 ** exponent(branch.currency)
    grown = round_half_even(level * (120_000 + branch.growth_bp * passed), 120_000)
    return round_half_even(grown * branch.season[month.first.month - 1], 100)


TARGET_MEASURES: tuple[str, ...] = ("sales", "income", "receipts", "customers_new", "activities")


def planned(branch: DemoBranch, measure: str, month: Month) -> int:
    """The plan of one measure for one month: minor units, or a count for customers and follow-ups.

    Money comes in one to two months after the sale. KeyError for a measure without a plan.
    """
    if measure in ("sales", "income"):
        return planned_sales(branch, month)
    if measure == "receipts":
        earlier = planned_sales(branch, month.previous(1)) + planned_sales(branch, month.previous(2))
        return round_half_even(earlier * 97, 200)
    average = {"customers_new": branch.new_customers_per_month, "activities": branch.follow_ups_per_month}[
        measure
    ]
    return round_half_even(average * (100 + branch.season[month.first.month - 1]), 200)


_CNY_E9: Mapping[str, int] = {
    "CNY": 1_000_000_000,
    "EUR": 7_820_000_000,
    "USD": 7_150_000_000,
    "JPY": 48_100_000,
    "GBP": 9_060_000_000,
    "HKD": 918_000_000,
}
DEMO_CURRENCIES: Sequence[str] = ("CNY", "EUR", "USD", "JPY")


def _wobble_bp(currency: str, month: Month) -> int:
    """A few per cent up or down, smooth over neighbouring months, the same on every machine."""
    total = 0
    for back in range(3):
        key = f"{currency} {month.previous(back)}".encode()
        total += int.from_bytes(blake2b(key, digest_size=2).digest(), "big") % 401 - 200
    return total // 2


def rate_e9(currency: str, to_currency: str, month: Month) -> int:
    """The rate that holds from the first day of `month`: 10^9 times one unit of `currency` in `to_currency`.

    KeyError for a currency that the demo company does not deal in.
    """
    if currency == to_currency:
        return 1_000_000_000
    numerator, denominator = _CNY_E9[currency], _CNY_E9[to_currency]
    if currency != "CNY":
        numerator = numerator * (10_000 + _wobble_bp(currency, month))
        denominator = denominator * 10_000
    if to_currency != "CNY":
        numerator = numerator * 10_000
        denominator = denominator * (10_000 + _wobble_bp(to_currency, month))
    return round_half_even(numerator * 1_000_000_000, denominator)


def seeded_id(milliseconds: int, dice: Random) -> UUID:
    """A UUIDv7 of that moment whose random bits come from `dice`: the same dice make the same ids."""
    bits = dice.getrandbits(74)
    high, low = bits >> 62, bits & ((1 << 62) - 1)
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


@dataclass(frozen=True)
class CompanyRate:
    """One dated rate of the demo company; `id` is the same wherever it is made."""

    id: UUID
    currency: str
    to_currency: str
    happened_on: date
    rate_e9: int


_IDS = UUID("8d3c1f60-7e0b-5c4e-9b6a-51f0a4f6c2d7")


def company_rates(first: date, until: date) -> list[CompanyRate]:
    """The rates between all currencies of the company from a month before `first` to the month of `until`."""
    found: list[CompanyRate] = []
    month = Month.containing(first).previous(1)
    while month.first <= until:
        for currency in DEMO_CURRENCIES:
            for other in DEMO_CURRENCIES:
                if currency != other:
                    rate_id = uuid5(_IDS, f"rate/{currency}/{other}/{month}")
                    rate = rate_e9(currency, other, month)
                    found.append(CompanyRate(rate_id, currency, other, month.first, rate))
        month = month.next()
    return found


@dataclass(frozen=True)
class CompanyTarget:
    """A year target of a branch as headquarters issued it; the year is the sum of its months.

    `currency` is empty for counts. `is_superseded`: a later revision holds.
    """

    id: UUID
    year: int
    measure: str
    branch: str
    currency: str
    number: int
    lines: tuple[tuple[UUID, str, int], ...]
    reason: str = ""
    is_superseded: bool = False

    @property
    def amount(self) -> int:
        return sum(amount for _, _, amount in self.lines)


REVISED_BRANCH, REVISED_FROM_MONTH, REVISED_BP = "NYC", 7, 10_600
"""In July the year of one branch was raised for the months that were left."""


def company_targets(codes: Sequence[str], first: date, until: date) -> list[CompanyTarget]:
    """Year targets of branches for the years that the books touch, months before `first` left out.

    The company has none of its own: without one, what its branches aim at together is its target, at today's rates.
    """
    found: list[CompanyTarget] = []
    for year in range(first.year, until.year + 1):
        months = [Month.of(year, number) for number in range(1, 13) if Month.of(year, number).after > first]
        for measure in TARGET_MEASURES:
            for code in codes:
                plan = {month: planned(DEMO_BRANCHES[code], measure, month) for month in months}
                currency = DEMO_BRANCHES[code].currency if measure in _MONEY else ""
                is_revised = code == REVISED_BRANCH and until >= date(year, REVISED_FROM_MONTH, 5)
                found.append(_target(year, measure, code, currency, 1, plan, is_superseded=is_revised))
                if is_revised:
                    reason = "上半年完成良好，上调下半年计划 / Good first half, second half raised"
                    found.append(_target(year, measure, code, currency, 2, _raised(plan), reason=reason))
    return found


_MONEY = frozenset({"sales", "income", "receipts"})


def _raised(plan: Mapping[Month, int]) -> dict[Month, int]:
    return {
        month: round_half_even(amount * REVISED_BP, 10_000)
        if month.first.month >= REVISED_FROM_MONTH
        else amount
        for month, amount in plan.items()
    }


def _target(
    year: int, measure: str, branch: str, currency: str, number: int, plan: Mapping[Month, int], *,
    reason: str = "", is_superseded: bool = False,
) -> CompanyTarget:  # fmt: skip
    key = f"target/{year}/{measure}/{branch}/{number}"
    lines = tuple((uuid5(_IDS, f"{key}/{month}"), str(month), amount) for month, amount in plan.items())
    return CompanyTarget(
        uuid5(_IDS, key), year, measure, branch, currency, number, lines, reason, is_superseded
    )
