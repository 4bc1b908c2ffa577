"""Enrolment: headquarters issues a one-time token for a branch, the branch's node answers with its public key."""

import hashlib
import secrets
from datetime import datetime, timedelta

from hq.replication.models import BranchCursor, BranchNode, EnrolmentToken
from hq.replication.standby import enrol_standby
from shared import clock
from shared.database import execute, transaction
from shared.errors import Conflict, Refused
from shared.i18n import N_
from shared.nodes.identity import read_public_text

TOKEN_MINUTES = 15


class TokenRefused(Refused):
    """The token is unknown, used, expired or for another branch."""

    status = 403
    code = "enrolment.refused"


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def issue_token(branch: str, name: str = "", minutes: int = TOKEN_MINUTES, role: str = "branch") -> str:
    """A new one-time token for `branch`, valid for `minutes`; shown once, only its hash is kept.

    `role`: branch, or standby for a node that follows the branch's own.
    """
    token = secrets.token_hex(20)
    now = clock.now()
    await EnrolmentToken.create(
        token_hash=_hash(token),
        branch=branch,
        role=role,
        name=name or branch,
        created_at=now,
        expires_at=now + timedelta(minutes=minutes),
    )
    return token


async def enrol(token: str, branch: str, public_key: str) -> BranchNode:
    """Register the node that shows the token. Raises TokenRefused, or Conflict when the branch has another key.

    The token is claimed by one conditional update, so two nodes that show it cannot both succeed. A branch that is
    enrolled with the same key again (its answer was lost) gets the same answer.
    """
    try:
        read_public_text(public_key)
    except ValueError as error:
        raise TokenRefused(N_("The public key cannot be read.")) from error
    async with transaction():
        found = await EnrolmentToken.get_or_none(token_hash=_hash(token))
        if found is None or found.branch != branch:
            raise TokenRefused(N_("This token is not for branch %(branch)s. Issue a new one at headquarters."), branch=branch)  # fmt: skip
        now = clock.now()
        if found.expires_at < now:
            raise TokenRefused(N_("This token has expired. Issue a new one at headquarters."))
        if found.role == "standby":
            await _claim(found, now)
            await enrol_standby(branch, public_key)
            return BranchNode(branch=branch, name=found.name, public_key=public_key, status="standby")
        present = await BranchNode.get_or_none(branch=branch)
        if present is not None and present.status == "active":
            if present.public_key == public_key:
                return present
            raise Conflict(N_("Branch %(branch)s already has a node. Revoke it at headquarters first."), branch=branch)  # fmt: skip
        await _claim(found, now)
        if present is not None:
            await present.delete()
        await BranchCursor.filter(branch=branch).update(runs="")
        return await BranchNode.create(branch=branch, name=found.name, public_key=public_key)


async def _claim(found: EnrolmentToken, now: datetime) -> None:
    """Use the token up. Raises TokenRefused when somebody was faster."""
    sql = "UPDATE enrolment_token SET used_at = :now WHERE token_hash = :hash AND used_at IS NULL"
    if not await execute(sql, now=now, hash=found.token_hash):
        raise TokenRefused(N_("This token was used already. Issue a new one at headquarters."))


async def rebuild_token(branch: str, minutes: int = TOKEN_MINUTES) -> str:
    """A token for the machine on which the branch is rebuilt; the node there is now is refused from this commit on."""
    async with transaction():
        await revoke(branch)
        return await issue_token(branch, minutes=minutes)


async def revoke(branch: str) -> None:
    """Refuse the branch's node from now on; its data stays. Revoking twice does nothing."""
    await BranchNode.filter(branch=branch, status="active").update(status="revoked", revoked_at=clock.now())
