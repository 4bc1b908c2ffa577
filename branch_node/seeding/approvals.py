"""Requests for approval and their answers, as approvals.actions writes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from branch_node.seeding.company import Member
from branch_node.seeding.scene import Scene
from branch_node.seeding.write import Row
from shared.canonical import canonical_json
from shared.records import ApprovalRequest, ApprovalStep

ACTIONS = {"order": "order.approve", "quotation": "order.approve", "expense": "expense.approve"}


@dataclass(frozen=True)
class Asked:
    """A request that waits, with its one step."""

    request: Row
    step: Row

    def decide(self, status: str, approver: Member, at: int, comment: str = "") -> None:
        """The answer: approved or rejected."""
        self.request.update(status=status, decided_at=at, changed_at=at, changed_by=approver.id, revision=2)
        self.step.update(
            status=status, decided_by=approver.id, decided_at=at, comment=comment, changed_at=at,
            changed_by=approver.id, revision=2,
        )  # fmt: skip

    def give(self, reasons: Sequence[Mapping[str, Any]]) -> None:
        """Why it needs more than a look."""
        self.request["reasons"] = canonical_json(list(reasons))


def ask(
    scene: Scene, entity: str, document: Row, author: Member, at: int, day: date, *, amount_minor: int,
    document_hash: str, reasons: Sequence[Mapping[str, Any]] = (),
) -> Asked:  # fmt: skip
    """Put a document before its approvers."""
    request = scene.rows.add(
        ApprovalRequest, at, author.id, entity=entity, entity_id=document["id"], requested_by=author.id,
        department_id=author.department_id, reasons=canonical_json(list(reasons)), document_hash=document_hash,
        amount_minor=amount_minor, currency=document["currency"], happened_on=day,
    )  # fmt: skip
    step = scene.rows.add(ApprovalStep, at, author.id, request_id=request["id"], needs_action=ACTIONS[entity])
    return Asked(request, step)
