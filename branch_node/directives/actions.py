"""What recipients do with directives. The directive itself belongs to headquarters; the branch writes receipts only.

A receipt's id is made of directive and employee, so that it is written once however many look at the same moment.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID, uuid5

from branch_node.directives.rules import STEPS, is_past, steps_between
from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.lists import as_kind
from branch_node.notifications.actions import tell
from shared import clock
from shared.database import execute, fetch_all, transaction
from shared.errors import Conflict, NotFound
from shared.i18n import N_
from shared.permissions import Person
from shared.records import Directive, DirectiveReceipt, DirectiveRecipient

NAMESPACE = UUID("2f0d3c4e-94a1-5a0e-8d0a-51f1c2d0b7aa")
BATCH = 1_000
ARRIVED = N_("From headquarters: %(title)s.")
ARRIVED_UNTIL = N_("From headquarters, to be done by %(day)s: %(title)s.")


def receipt_id(directive_id: UUID, employee_id: UUID) -> UUID:
    """The id of the one receipt of an employee."""
    return uuid5(NAMESPACE, f"{directive_id}/{employee_id}")


async def note_delivery() -> int:
    """Write `delivered` for everybody here whose directive has arrived, and tell them; how many. May run any number of
    times: a message has the directive as its occasion."""
    rows = await fetch_all(
        "SELECT DISTINCT r.directive_id, r.employee_id, d.title, d.deadline_on, d.withdrawn_at FROM directive_recipient r JOIN directive d ON d.id = r.directive_id "
        "LEFT JOIN directive_receipt x ON x.directive_id = r.directive_id AND x.employee_id = r.employee_id "
        "AND x.branch = :branch AND x.deleted_at IS NULL "
        "WHERE r.unit_branch = :branch AND r.deleted_at IS NULL AND d.deleted_at IS NULL AND d.issued_at IS NOT NULL "
        f"AND x.id IS NULL LIMIT {BATCH}",
        branch=home().code,
    )
    if not rows:
        return 0
    async with transaction():
        for row in rows:
            await _deliver(as_kind(row["directive_id"], UUID), as_kind(row["employee_id"], UUID))
            if row["withdrawn_at"] is None:
                await _tell(row)
    return len(rows)


async def _tell(row: Mapping[str, Any]) -> None:
    """Tell the recipient that a directive has arrived."""
    until = as_kind(row["deadline_on"], date)
    await tell(
        [as_kind(row["employee_id"], UUID)], "directive", ARRIVED_UNTIL if until else ARRIVED,
        f"/directives/{as_kind(row['directive_id'], UUID)}", f"directive:{row['directive_id']}", title=row["title"],
        day=until or today(),
    )  # fmt: skip


async def _deliver(directive_id: UUID, employee_id: UUID) -> UUID:
    """The receipt, written if it is not there; inside the caller's transaction."""
    made = receipt_id(directive_id, employee_id)
    await execute(
        "INSERT INTO directive_receipt (id, branch, ver, revision, recorded_at, directive_id, employee_id, status, "
        "delivered_at, note) VALUES (:id, :branch, 0, 1, :now, :directive, :employee, 'delivered', :now, '') "
        "ON CONFLICT (id) DO NOTHING",
        id=made,
        branch=home().code,
        now=clock.now(),
        directive=directive_id,
        employee=employee_id,
    )
    return made


async def take_step(person: Person, directive: Directive, step: str, note: str = "") -> DirectiveReceipt:
    """The recipient has read, acknowledged or done it; steps passed over count as taken now. Only forward: a second
    call, or an earlier step, changes nothing but a note that was empty.

    NotFound for somebody it is not addressed to; Conflict when headquarters has withdrawn it or it came too late.
    """
    if step not in STEPS:
        raise ValueError(f"no such step: {step}")
    if not await DirectiveRecipient.filter(
        directive_id=directive.id, employee_id=person.id, unit_branch=home().code, deleted_at=None
    ).exists():
        raise NotFound()
    if directive.withdrawn_at is not None and step != "read":
        raise Conflict(
            N_("HQ has withdrawn %(number)s. Nothing needs to be done."),
            code="directive.withdrawn",
            number=directive.number,
        )
    if is_past(directive.not_after, clock.now()) and step != "read":
        raise Conflict(
            N_("%(number)s was to be acted on by %(time)s. It is too late now; nothing needs to be done."),
            code="directive.past",
            number=directive.number,
            time=directive.not_after,
        )
    async with transaction():
        row = await locked(DirectiveReceipt, await _deliver(directive.id, person.id))
        taken = steps_between(row.status, step)
        if not taken and (not note or row.note):
            return row
        for one in taken:
            setattr(row, f"{one}_at", clock.now())
        row.status = taken[-1] if taken else row.status
        row.note = note or row.note
        await row.save()
    return row
