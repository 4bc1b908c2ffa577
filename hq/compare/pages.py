"""What the template of the comparison receives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hq.asking import Span
from hq.frame.page import FreshnessLine
from shared.money import Money
from shared.web.parts import Bar, Tab, Variance, Watermark


@dataclass(frozen=True)
class ComparedRow:
    """One branch: name, freshness, value, bar, difference, share of the total."""

    id: str
    name: str
    url: str
    mark: Watermark | None
    value: Money | int | None
    bar: Bar
    difference: Variance | None
    relative: Variance | None
    share_bp: int | None
    is_muted: bool
    is_total: bool = False


@dataclass(frozen=True)
class ComparePage:
    """/compare: one measure, one sentence, bars of one scale."""

    scope: str
    span: Span
    measures: Sequence[Tab]
    against: Sequence[Tab]
    regions: Sequence[Tab]
    freshness: FreshnessLine
    sentence: str
    rows: Sequence[ComparedRow]
    total: ComparedRow
    is_money: bool
    unit: str
    scale: int
    difference_scale: int
    label: str
    exports: Mapping[str, str]
    next_url: str
    previous_url: str
