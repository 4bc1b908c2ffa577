"""What the template of the news receives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from branch_node.news.queries import NewsRow
from shared.web.forms import Form
from shared.web.parts import Empty, Filters, Tab


@dataclass(frozen=True)
class ListPage:
    """news/list.html: news by day. `form` is the line to type a note into, `kinds` the words of where news come from."""

    tabs: Sequence[Tab]
    filters: Filters
    rows: Sequence[NewsRow]
    kinds: Mapping[str, str]
    next_url: str
    previous_url: str
    empty: Empty
    can_enter: bool
    form: Form[Any]
