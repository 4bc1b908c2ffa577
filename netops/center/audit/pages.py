"""What the template of the audit receives."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.web.parts import AuditRow, TableView


@dataclass(frozen=True)
class AuditPage:
    """Who did what, newest first, each entry with its chain; and how far every node's own audit is proved."""

    rows: Sequence[AuditRow]
    subject: str
    broken_at: int | None
    nodes: TableView
    equal_unlisted: int
    """Nodes beyond those of the table: none of them is in trouble unless the whole table is."""
    older_url: str
