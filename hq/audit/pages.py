"""What the template of the audit trail receives."""

from dataclasses import dataclass

from shared.web.parts import Filters, ProofLine, TableView


@dataclass(frozen=True)
class AuditPage:
    """/audit. `proof` says how far the chain of headquarters' own entries was verified; None for who does not see them."""

    filters: Filters
    table: TableView
    proof: ProofLine | None
