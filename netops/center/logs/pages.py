"""What the templates of logs receive."""

from collections.abc import Sequence
from dataclasses import dataclass

from netops.center.telemetry.lines import StoredLine
from shared.web.parts import Empty, Filters, Link, View


@dataclass(frozen=True)
class LinesPart:
    """Lines in the order in which they are shown."""

    lines: Sequence[StoredLine]


@dataclass(frozen=True)
class LogsPage:
    """/logs: the question, the newest lines that answer it, and where the older ones are."""

    filters: Filters
    lines: Sequence[StoredLine]
    sentence: str
    older_url: str
    exports: Sequence[Link]
    empty: Empty
    tail_url: str
    is_tail: bool
    tail_switch: Link
    views: Sequence[View]
