"""What the templates of messages receive."""

from collections.abc import Sequence
from dataclasses import dataclass

from branch_node.notifications.queries import NoticeRow
from shared.web.parts import Empty, Option, Tab


@dataclass(frozen=True)
class ListPage:
    """notifications/list.html: messages by day, the unread ones first to the eye, and which kinds go by mail."""

    tabs: Sequence[Tab]
    rows: Sequence[NoticeRow]
    next_url: str
    previous_url: str
    empty: Empty
    unread: int
    kinds: Sequence[Option]
    by_mail: frozenset[str]
    address: str
    has_office: bool
