"""Writing, issuing, reminding of and withdrawing directives; documents attached in pieces. Every act is in the audit trail."""

import base64
import hashlib
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from hq.audit.actions import note
from hq.directives.queries import people_of, units_in
from hq.directives.rules import MAX_FILE_BYTES, MAX_FILES, Unit, require_status
from shared import clock, ids
from shared.database import fetch_value, transaction
from shared.errors import Invalid
from shared.i18n import N_
from shared.records import COMPANY, Directive, DirectiveFile, DirectiveRecipient
from shared.records.company import FILE_PIECE_BYTES


async def write_directive(
    *, title: str, kind: str, body: str, deadline_on: date | None, units: Sequence[Unit], author: str
) -> Directive:
    """A draft; nothing of it leaves before it is issued."""
    return await Directive.create(
        branch=COMPANY, number="", title=title, kind=kind, body=body, deadline_on=deadline_on, issued_by_name=author,
        units=[unit.plain() for unit in units],
    )  # fmt: skip


async def change_directive(
    directive: Directive, *, title: str, kind: str, body: str, deadline_on: date | None
) -> None:
    """New words for a draft. Conflict once it is issued."""
    require_status(directive.status, "draft")
    directive.title, directive.kind, directive.body = title, kind, body
    directive.deadline_on = deadline_on
    await directive.save()


async def set_units(directive: Directive, units: Sequence[Unit]) -> None:
    """Whom a draft is for. Conflict once it is issued."""
    require_status(directive.status, "draft")
    directive.units = [unit.plain() for unit in units]
    await directive.save()


async def attach(directive: Directive, name: str, media_type: str, content: bytes) -> UUID:
    """Attach a document to a draft. Invalid when it is empty or too large, or there are too many."""
    require_status(directive.status, "draft")
    if not content or len(content) > MAX_FILE_BYTES:
        message = N_("Attach a file of at most 5 MB that is not empty.")
        raise Invalid(message, fields={"document": message}, code="file.size")
    count = await DirectiveFile.filter(directive_id=directive.id, position=0, deleted_at=None).count()
    if count >= MAX_FILES:
        message = N_("There are ten documents already. Remove one first.")
        raise Invalid(message, fields={"document": message}, code="file.count")
    file_id, digest = ids.new_id(), hashlib.sha256(content).hexdigest()
    pieces = [content[start : start + FILE_PIECE_BYTES] for start in range(0, len(content), FILE_PIECE_BYTES)]
    async with transaction():
        for position, piece in enumerate(pieces):
            await DirectiveFile.create(
                branch=COMPANY, directive_id=directive.id, file_id=file_id, name=name[-200:] or "document",
                media_type=media_type[:100], size_bytes=len(content), sha256=digest, position=position,
                pieces=len(pieces), content=base64.b64encode(piece).decode(),
            )  # fmt: skip
    return file_id


async def detach(directive: Directive, file_id: UUID) -> None:
    """Take a document off a draft; may be called twice."""
    require_status(directive.status, "draft")
    await DirectiveFile.filter(directive_id=directive.id, file_id=file_id).delete()


async def issue(directive: Directive, codes: frozenset[str] | None, author: str) -> int:
    """Send it down: 1 whom it is for is written down, name by name  2 its branches  3 its number and time; how many
    recipients. Conflict once issued, Invalid when nobody would receive it. One transaction."""
    async with transaction():
        await directive.refresh_from_db()
        require_status(directive.status, "draft")
        people = await people_of(units_in(directive), codes)
        if not people:
            message = N_("Nobody would receive this. Choose branches, departments or people who work there.")
            raise Invalid(message, fields={"branches": message}, code="directive.nobody")
        await DirectiveRecipient.bulk_create(
            [
                DirectiveRecipient(
                    id=ids.new_id(), branch=COMPANY, directive_id=directive.id, unit_branch=person.branch,
                    employee_id=UUID(person.id), employee_name=person.name,
                )
                for person in people
            ],
            batch_size=500,
        )  # fmt: skip
        audience = sorted({person.branch for person in people})
        for piece in await DirectiveFile.filter(directive_id=directive.id):
            piece.audience = audience
            await piece.save()
        now = clock.now()
        issued = await fetch_value("SELECT COUNT(*) AS n FROM directive WHERE status <> 'draft'")
        directive.number = f"D{now.year}-{int(issued) + 1:04d}"
        directive.audience, directive.issued_at, directive.issued_by_name = audience, now, author
        directive.status = "issued"
        await directive.save()
        await note(
            "directive.issued",
            "directive",
            directive.id,
            {"number": directive.number, "recipients": len(people)},
        )
    return len(people)


async def remind(directive: Directive) -> None:
    """Ask everybody who has not acknowledged again. Conflict unless it is issued."""
    require_status(directive.status, "issued")
    async with transaction():
        directive.reminded_at = clock.now()
        await directive.save()
        await note("directive.reminded", "directive", directive.id, {"number": directive.number})


async def withdraw(directive: Directive) -> None:
    """Take it back everywhere; what was read or done stays recorded. Conflict unless it is issued."""
    require_status(directive.status, "issued")
    async with transaction():
        directive.withdrawn_at = clock.now()
        directive.status = "withdrawn"
        await directive.save()
        await note("directive.withdrawn", "directive", directive.id, {"number": directive.number})


async def drop_draft(directive: Directive) -> None:
    """Throw a draft away. Conflict once it is issued."""
    require_status(directive.status, "draft")
    async with transaction():
        await DirectiveFile.filter(directive_id=directive.id).delete()
        await directive.delete()
