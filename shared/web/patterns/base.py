"""What a sample is, and the words, names and numbers that samples share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from shared.money import Money

AT = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
LONG_ZH = "内蒙古自治区呼和浩特市新城区海拉尔东路华北机电设备进出口贸易集团有限责任公司第一分公司"
LONG_EN = "Donaudampfschifffahrtsgesellschaft Consolidated International Holdings (Shanghai) Limited"


@dataclass(frozen=True)
class Sample:
    """One call of a macro with `v`, made anew for each language ("zh_CN", "en")."""

    part: str
    state: str
    call: str
    make: Callable[[str], Any]


def pick(locale: str, chinese: str, english: str) -> str:
    """A sample text in the language."""
    return chinese if locale == "zh_CN" else english


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")


FORMATS: Sequence[tuple[str, Any]] = (
    ("money", Money(123_450, "CNY")),
    ("money", Money(-123_450, "CNY")),
    ("money", Money(123_450, "USD")),
    ("money", None),
    ("money_plain", Money(-123_450, "CNY")),
    ("money_big", yuan(1_234_567)),
    ("money_card", yuan(12_346_000)),
    ("money_card", yuan(123_000_000)),
    ("money_card(signed=true)", yuan(-240_000)),
    ("percent", 8_730),
    ("percent(signed=true)", 390),
    ("percent(signed=true)", 0),
    ("points", -210),
    ("number", 1_234),
    ("quantity", 1_500),
    ("day", date(2026, 11, 22)),
    ("day_words", date(2026, 11, 22)),
    ("month", date(2026, 11, 1)),
    ("time", AT),
    ("time('Asia/Urumqi')", AT),
    ("instant", AT),
    ("duration", 192),
    ("duration", 15_900),
    ("bytes", 1_500_000_000),
)
