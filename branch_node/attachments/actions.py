"""Keeps and takes away files of a record, inside the caller's checks of who may."""

from hashlib import sha256
from uuid import UUID

from branch_node.attachments.models import Attachment
from branch_node.attachments.rules import FILES_AT_MOST, media_type_of, plain_name
from branch_node.audit import note
from shared import clock
from shared.database import actor, transaction
from shared.errors import Conflict, NotFound
from shared.i18n import N_
from shared.permissions import Person


async def attach(person: Person, entity: str, entity_id: UUID, name: str, content: bytes) -> Attachment:
    """Keep a file; the same content again is the file that is there. Invalid for what is no receipt or too large."""
    media_type = media_type_of(content)
    digest = sha256(content).hexdigest()
    async with transaction():
        kept = Attachment.filter(entity=entity, entity_id=entity_id, deleted_at=None)
        if (found := await kept.filter(content_hash=digest).first()) is not None:
            return found
        if await kept.count() >= FILES_AT_MOST:
            raise Conflict(
                N_("Twenty files are kept here at most. Take one away first."), code="file.too_many"
            )
        row = await Attachment.create(
            entity=entity,
            entity_id=entity_id,
            name=plain_name(name),
            media_type=media_type,
            size_bytes=len(content),
            content_hash=digest,
            content=content,
            added_by=actor(),
        )
        await note(person, "file.added", entity, entity_id, name=row.name, sha256=digest)
    return row


async def files_of(entity: str, entity_id: UUID) -> list[Attachment]:
    """The files of a record without their content, oldest first."""
    rows = Attachment.filter(entity=entity, entity_id=entity_id, deleted_at=None).order_by("added_at", "id")
    return await rows.only("id", "name", "media_type", "size_bytes", "added_at")


async def file_of(entity: str, entity_id: UUID, file_id: UUID) -> Attachment:
    """One file of a record with its content; NotFound otherwise."""
    found = await Attachment.get_or_none(id=file_id, entity=entity, entity_id=entity_id, deleted_at=None)
    if found is None:
        raise NotFound()
    return found


async def detach(person: Person, entity: str, entity_id: UUID, file_id: UUID) -> None:
    """Take a file away; its row stays for the audit."""
    async with transaction():
        row = await file_of(entity, entity_id, file_id)
        await Attachment.filter(id=row.id).update(deleted_at=clock.now())
        await note(person, "file.removed", entity, entity_id, name=row.name, sha256=row.content_hash)
