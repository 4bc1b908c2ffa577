"""What the template of news receives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hq.asking import Span
from hq.frame.page import FreshnessLine
from shared.web.forms import Form
from shared.web.parts import Crumb, Field


@dataclass(frozen=True)
class NewsRow:
    """One item: from headquarters (no branch) or a branch's note."""

    id: str
    title: str
    text: str
    link: str
    source: str
    branch: str
    kind: str
    competitor: str
    on: date | None

    @property
    def is_own(self) -> bool:
        return self.kind == "news"


@dataclass(frozen=True)
class FeedRow:
    """A source with what came of its last look."""

    id: str
    name: str
    url: str
    shares: bool
    checked_at: datetime | None
    error: str


@dataclass(frozen=True)
class ItemRow:
    """An item of a feed that is not shared."""

    id: str
    title: str
    link: str
    source: str
    summary: str
    published_at: datetime


@dataclass(frozen=True)
class FeedsPage:
    """/news/feeds: the sources, and what they brought that nobody has shared."""

    crumbs: Sequence[Crumb]
    feeds: Sequence[FeedRow]
    items: Sequence[ItemRow]
    form: Form[Any]
    fields: Sequence[Field]
    labels: Mapping[str, str]


@dataclass(frozen=True)
class NewsPage:
    """/news"""

    scope: str
    span: Span
    freshness: FreshnessLine
    rows: Sequence[NewsRow]
    next_url: str
    previous_url: str
    kinds: Mapping[str, str]
    may_edit: bool
    form: Form[Any]
    fields: Sequence[Field]
    labels: Mapping[str, str]
