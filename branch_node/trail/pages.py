"""What the template of the audit trail receives."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.web.parts import Filters, ProofLine, Tab, TableView


@dataclass(frozen=True)
class TrailPage:
    """trail/list.html: acts or changes; `proof` says how far the chain was verified."""

    tabs: Sequence[Tab]
    filters: Filters
    table: TableView
    scope: str
    proof: ProofLine
