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
class Multiple:
    """One branch as thirteen months on the scale of all, in a box of 130 x 40: the months before the last as one path and the last
    one as another; `zero` is where their columns stand. `is_silent`: of a branch without contact or data."""

    name: str
    url: str
    before: str
    last: str
    zero: float
    label: str
    is_silent: bool


@dataclass(frozen=True)
class SideCell:
    """One measure of one branch: the value and how it stands to what it is compared with."""

    value: Money | int | None
    variance: Variance | None


@dataclass(frozen=True)
class SideRow:
    """One measure with a cell for each of the chosen branches; `kind` is money, count or share."""

    label: str
    kind: str
    cells: Sequence[SideCell]


@dataclass(frozen=True)
class SideHead:
    """A chosen branch."""

    code: str
    name: str
    mark: Watermark


@dataclass(frozen=True)
class SideBySide:
    """Two or three branches, every measure."""

    branches: Sequence[SideHead]
    rows: Sequence[SideRow]


@dataclass(frozen=True)
class ComparePage:
    """/compare: one measure, one sentence, bars of one scale; chosen branches side by side; thirteen months of each."""

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
    keep: Mapping[str, str]
    picked: Sequence[str]
    side: SideBySide | None
    multiples: Sequence[Multiple]
    branch_query: str
