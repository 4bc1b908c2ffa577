"""What the template of feedback receives."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.web.parts import Filters, Tab, TableView, Watermark


@dataclass(frozen=True)
class FeedbackPage:
    """feedback/list.html: how much waits where, then the list; each row says how far its branch's data reaches."""

    mark: Watermark
    tabs: Sequence[Tab]
    waiting: TableView
    filters: Filters
    table: TableView
