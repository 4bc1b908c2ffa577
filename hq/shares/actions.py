"""Shares a view, revokes a link, and finds what a link shows."""

from datetime import timedelta
from uuid import UUID

from hq.audit.actions import note
from hq.people.queries import person_now
from hq.shares.models import Share
from hq.shares.rules import is_alive
from shared import clock
from shared.database import execute, transaction
from shared.errors import NotAllowed, NotFound
from shared.i18n import N_
from shared.permissions import Person, require
from shared.web.session import new_token, token_hash

PUBLISH = "share.publish"
QUIET = timedelta(hours=1)
"""So often at most is an opening by somebody who did not sign in entered in the audit trail."""


async def share(
    person: Person, address: str, title: str, days: int, *, is_public: bool, may_publish: bool
) -> tuple[Share, str]:
    """A link to a view and its token, which is not kept. NotAllowed for a public one without the right, or where the
    company has none (`may_publish`)."""
    if is_public:
        require_publishing(person, may_publish)
    token = new_token()
    async with transaction():
        row = await Share.create(
            token_hash=token_hash(token),
            address=address,
            title=title[:120],
            person_id=person.id,
            person_name=person.name,
            branches=None if person.branches is None else sorted(person.branches),
            is_public=is_public,
            expires_at=clock.now() + timedelta(days=days),
        )
        details = {"address": address[:300], "days": days, "public": is_public}
        await note("share.created", "hq_share", row.id, details)
    return row, token


def require_publishing(person: Person, may_publish: bool) -> None:
    """NotAllowed unless both the person and the company share with people who do not sign in."""
    require(person, PUBLISH)
    if not may_publish:
        raise NotAllowed(N_("This company shares nothing with people who do not sign in."))


async def revoke(person: Person, share_id: UUID) -> Share:
    """End a link at once. One's own, or anybody's for who administers users; NotFound otherwise. May be called twice."""
    row = await Share.get_or_none(id=share_id)
    if row is None or (row.person_id != person.id and not person.may("role.edit")):
        raise NotFound()
    async with transaction():
        ended = await execute(
            "UPDATE hq_share SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL",
            id=share_id,
            now=clock.now(),
        )
        if ended:
            await note("share.revoked", "hq_share", row.id, {"title": row.title})
    return row


async def opened(token: str) -> tuple[Share, Person]:
    """The link of a token and its sharer as of now. NotFound, in one sentence for every reason, when it shows nothing."""
    row = await Share.get_or_none(token_hash=token_hash(token))
    sharer = await person_now(row.person_id) if row is not None else None
    if row is None or sharer is None or not is_alive(row.expires_at, row.revoked_at, clock.now()):
        raise NotFound(
            N_("This link is unknown, expired or revoked. Ask who sent it for a new one."), code="share.dead"
        )
    return row, sharer


async def count_opening(row: Share, reader: Person | None) -> None:
    """Note that somebody looked: every reader of ours, strangers once an hour."""
    now = clock.now()
    async with transaction():
        await execute(
            "UPDATE hq_share SET opened_count = opened_count + 1, opened_at = :now WHERE id = :id",
            id=row.id,
            now=now,
        )
        if reader is not None or row.opened_at is None or now - row.opened_at > QUIET:
            await note(
                "share.opened", "hq_share", row.id, {"title": row.title, "signed_in": reader is not None}
            )
