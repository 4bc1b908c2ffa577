"""What the template of news receives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from hq.asking import Span
from hq.frame.page import FreshnessLine
from shared.web.forms import Form
from shared.web.parts import Field


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
