"""A branch's accounts for its standby: sealed here, carried by headquarters, opened by the promotion (shared.replication.sealing).

Passwords (as hashes), second factors, API tokens (as hashes) and saved views; no sessions. Roles are rows and replicated anyway.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import structlog

from branch_node.home import home
from branch_node.replication.snapshot_models import AccountSealing, SealedAccounts
from shared import clock
from shared.database import transaction
from shared.errors import Conflict
from shared.i18n import N_
from shared.nodes.identity import NodeKey
from shared.replication.sealing import (
    ACCOUNTS_PATH,
    AccountsAsked,
    AccountsReply,
    Bundle,
    Invitation,
    Offer,
    SealingKey,
    SealRefused,
    make_offer,
    open_bundle,
    read_bundle,
    read_offer,
    seal,
)
from shared.web.models import Account, ApiToken, SavedView, Session

log = structlog.get_logger(__name__)
Ask = Callable[[str, bytes], Awaitable[bytes]]
INVITED_FOR = timedelta(hours=24)
PAIRING, PAIRING_BEFORE = 1, 2
"""Rows of a standby: the pairing that it answered last, and the one before until the last has brought accounts of its own."""
SEALED_AGAIN = timedelta(hours=1)
"""Also unchanged accounts are sealed anew so often, so that a standby sees when somebody holds them back."""


class SealedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account as it is sealed."""

    id: UUID
    username: str
    password_hash: str
    person_id: UUID | None
    display_name: str
    locale: str
    theme: str
    timezone: str
    letter_keys: bool
    created_at: datetime
    disabled_at: datetime | None
    password_changed_at: datetime | None
    totp_secret: str
    oidc_subject: str


class SealedToken(msgspec.Struct, frozen=True, kw_only=True):
    """An API token as it is sealed."""

    id: UUID
    token_hash: str
    name: str
    account_id: UUID
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class SealedView(msgspec.Struct, frozen=True, kw_only=True):
    """A saved view as it is sealed."""

    id: UUID
    account_id: UUID
    list_url: str
    name: str
    query: str
    created_at: datetime


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """All that a bundle holds."""

    accounts: list[SealedAccount]
    tokens: list[SealedToken]
    views: list[SealedView]


# --- the branch ------------------------------------------------------------------------------------------------------


async def invite(folder: Path) -> str:
    """A new invitation for a standby, good for 24 hours and once; an earlier one, and the standby before, are given up."""
    invitation = Invitation.make(NodeKey.load_or_create(folder / "node.key").public_text)
    async with transaction():
        before = await AccountSealing.get_or_none(id=1)
        await AccountSealing.filter(id=1).delete()
        await AccountSealing.create(
            id=1,
            secret=invitation.secret,
            invited_at=clock.now(),
            number=before.number if before else 0,
        )
    return invitation.text


async def stop_sealing() -> None:
    """Seal to nobody any more: the standby is gone, or no longer trusted."""
    await AccountSealing.filter(id=1).update(secret="", offer="", digest="")


async def keep_sealed(ask: Ask, folder: Path) -> None:
    """One round: find the offer of an invited standby; give headquarters what changed. Raises what `ask` raises."""
    sealing = await AccountSealing.get_or_none(id=1)
    if sealing is None or not (sealing.secret or sealing.offer):
        return
    node = NodeKey.load_or_create(folder / "node.key")
    if not sealing.offer and not await _find_offer(ask, sealing, node):
        return
    plain = msgspec.json.encode(await collect())
    digest = hashlib.blake2b(plain, digest_size=16).hexdigest()
    if digest == sealing.digest and sealing.sealed_at and clock.now() - sealing.sealed_at < SEALED_AGAIN:
        return
    now = clock.now()
    sealing.number = max(sealing.number + 1, int(now.timestamp() * 1000))  # grows also over a restored copy
    sealing.sealed_at = now
    await sealing.save(update_fields=["number", "sealed_at"])
    offer = msgspec.json.decode(sealing.offer, type=Offer)
    text = seal(plain, node, offer, sealing.number, int(now.timestamp() * 1000))
    reply = await _talk(ask, AccountsAsked(home().code, bundle=text))
    if reply.standby_key != offer.standby_key:
        log.warning("accounts_not_sealed", reason="another standby was enrolled: invite it")
        await stop_sealing()
        return
    await AccountSealing.filter(id=1, offer=sealing.offer).update(digest=digest)


async def _find_offer(ask: Ask, sealing: AccountSealing, node: NodeKey) -> bool:
    """Whether the invited standby answered; its offer is kept and the invitation used up."""
    if sealing.invited_at is None or clock.now() - sealing.invited_at > INVITED_FOR:
        await stop_sealing()
        return False
    reply = await _talk(ask, AccountsAsked(home().code))
    if not reply.offer:
        return False
    try:
        read_offer(reply.offer, Invitation(sealing.secret, node.public_text), home().code)
    except SealRefused as refused:
        _say_once("offer_refused", refused, reply.offer)
        return False
    sealing.offer = reply.offer
    log.info("standby_paired")
    return bool(await AccountSealing.filter(id=1, secret=sealing.secret).update(offer=reply.offer, secret=""))


async def _talk(ask: Ask, said: AccountsAsked) -> AccountsReply:
    return msgspec.json.decode(await ask(ACCOUNTS_PATH, msgspec.json.encode(said)), type=AccountsReply)


_said_of: dict[str, str] = {}


def _say_once(event: str, refused: SealRefused, about: str) -> None:
    """A warning about an offer or bundle: it is found again every few seconds, and it is one."""
    if _said_of.get(event) != about:
        _said_of[event] = about
        log.warning(event, reason=refused.code)


async def collect() -> Sealed:
    """What is sealed, in the order of ids."""

    async def rows(model: Any, shape: Any) -> list[Any]:
        found = await model.all().order_by("id").values(*shape.__struct_fields__)
        return [shape(**row) for row in found]

    async with transaction():
        return Sealed(
            accounts=await rows(Account, SealedAccount),
            tokens=await rows(ApiToken, SealedToken),
            views=await rows(SavedView, SealedView),
        )


# --- the standby -----------------------------------------------------------------------------------------------------


async def pair(invitation_text: str, folder: Path) -> None:
    """Answer an invitation. Raises SealRefused when it is none, Conflict after the promotion. Whether it is good only the branch
    knows: until its accounts have come those of the pairing before are kept."""
    invitation = Invitation.from_text(invitation_text)
    if await SealedAccounts.filter(opened_at__not_isnull=True).exists():
        raise Conflict(N_("This node was promoted and has its accounts."), code="standby.promoted")
    node, sealing = (
        NodeKey.load_or_create(folder / "node.key"),
        SealingKey.load_or_create(folder / "seal.key"),
    )
    offer = make_offer(invitation, node, sealing, home().code)
    async with transaction():
        await _set_aside()
        await SealedAccounts.create(id=PAIRING, branch_key=invitation.branch_key, offer=offer)


async def _set_aside() -> None:
    """The pairing so far makes room for another; its accounts stay."""
    before = await SealedAccounts.get_or_none(id=PAIRING)
    if before is None:
        return
    if before.bundle:
        await SealedAccounts.filter(id=PAIRING_BEFORE).delete()
        await SealedAccounts.create(
            id=PAIRING_BEFORE, branch_key=before.branch_key, offer=before.offer,
            number=before.number, bundle=before.bundle, sealed_at=before.sealed_at,
        )  # fmt: skip
    await before.delete()


async def kept_accounts() -> SealedAccounts | None:
    """The accounts that a promotion opens, or has opened; None: none came."""
    return await SealedAccounts.filter(bundle__not="").order_by("id").first()


async def newest_number(ask: Ask) -> int:
    """The number of the newest bundle that headquarters carries to this node; 0 when there is none. Raises what `ask` raises."""
    kept = await SealedAccounts.get_or_none(id=PAIRING)
    if kept is None:
        return 0
    reply = await _talk(ask, AccountsAsked(home().code, offer=kept.offer))
    return msgspec.json.decode(reply.bundle, type=Bundle).number if reply.bundle else kept.number


async def is_answered(ask: Ask, after: int) -> bool:
    """Whether the branch has sealed its accounts since bundle number `after`: then the invitation was its own, still good, and
    is used up. Raises what `ask` raises."""
    await fetch_sealed(ask)
    kept = await SealedAccounts.get_or_none(id=PAIRING)
    return kept is not None and kept.number > after


async def fetch_sealed(ask: Ask) -> bool:
    """Ask for newer accounts and keep them, sealed; whether some came. Raises what `ask` raises. What is not from the branch,
    or older than what is here, is left and logged."""
    kept = await SealedAccounts.get_or_none(id=PAIRING)
    if kept is None:
        return False
    reply = await _talk(ask, AccountsAsked(home().code, offer=kept.offer, have=kept.number))
    if not reply.bundle:
        return False
    own = msgspec.json.decode(kept.offer, type=Offer)
    try:
        bundle = read_bundle(
            reply.bundle, branch=home().code, branch_key=kept.branch_key, standby_key=own.standby_key, after=kept.number
        )  # fmt: skip
    except SealRefused as refused:
        _say_once("sealed_accounts_refused", refused, reply.bundle)
        return False
    kept.number, kept.bundle = bundle.number, reply.bundle
    kept.sealed_at = datetime.fromtimestamp(bundle.sealed_at / 1000, UTC)
    async with transaction():
        await kept.save(update_fields=["number", "bundle", "sealed_at"])
        await SealedAccounts.filter(id=PAIRING_BEFORE).delete()
    return True


async def open_accounts(folder: Path) -> int:
    """The branch's accounts take the place of those here; how many there are. Once: a repeated promotion changes nothing and
    finds 0, as one without sealed accounts. Raises SealRefused when they cannot be opened.

    Codes of a second factor up to this moment are refused, because some may have been used at the branch already.
    """
    kept = await kept_accounts()
    if kept is None or kept.opened_at is not None:
        return 0
    from shared.web.me.actions import STEP_SECONDS  # what follows needs no pages

    own = msgspec.json.decode(kept.offer, type=Offer)
    bundle = read_bundle(
        kept.bundle, branch=home().code, branch_key=kept.branch_key, standby_key=own.standby_key, after=0
    )
    plain = open_bundle(bundle, SealingKey.load_or_create(folder / "seal.key"))
    sealed = msgspec.json.decode(plain, type=Sealed)
    step = int(clock.now().timestamp()) // STEP_SECONDS
    async with transaction():
        for model in (Session, ApiToken, SavedView, Account):
            await model.all().delete()
        await Account.bulk_create(
            [Account(**msgspec.structs.asdict(one), totp_last_step=step) for one in sealed.accounts]
        )
        await ApiToken.bulk_create([ApiToken(**msgspec.structs.asdict(one)) for one in sealed.tokens])
        await SavedView.bulk_create([SavedView(**msgspec.structs.asdict(one)) for one in sealed.views])
        kept.opened_at = clock.now()
        await kept.save(update_fields=["opened_at"])
    log.info("accounts_opened", accounts=len(sealed.accounts), number=kept.number)
    return len(sealed.accounts)
