"""What the template of the audit trail receives."""

from dataclasses import dataclass

from shared.web.parts import Filters, TableView


@dataclass(frozen=True)
class AuditPage:
    """/audit"""

    filters: Filters
    table: TableView
