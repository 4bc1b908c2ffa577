"""Who may read a branch's rows back, and how a standby takes the branch over: fencing at the receiver."""

from collections.abc import Mapping
from datetime import timedelta

import structlog

from hq.replication.batch import BadBatch, Fork
from hq.replication.cursor import Cursor
from hq.replication.feed_models import CarriedAccounts, FeedReader, StandbyNode
from hq.replication.handover import fence
from hq.replication.incidents import close_incident
from hq.replication.models import BranchCursor, BranchEpoch, BranchNode, ScrubRun
from shared import clock
from shared.database import transaction
from shared.errors import Refused
from shared.i18n import N_
from shared.nodes.identity import BadSignature, ReplayState, SignedRequest, claimed_node, verify_request
from shared.replication.change import CHAIN_START
from shared.replication.messages import CursorReply, EpochBegin
from shared.replication.snapshot import STANDBY

log = structlog.get_logger(__name__)


async def prove_reader(headers: Mapping[str, str], method: str, path: str, body: bytes) -> tuple[str, bool]:
    """The branch whose node or standby (True) sent the request, now in its replay memory.

    Raises a refusal of shared.nodes.identity for everybody else, and for a request that was accepted before.
    """
    claimed = claimed_node(headers)
    branch, is_standby = claimed.removesuffix(STANDBY), claimed.endswith(STANDBY)
    node = (
        await StandbyNode.get_or_none(branch=branch)
        if is_standby
        else await BranchNode.get_or_none(branch=branch)
    )
    if node is None or node.status not in ("active", "following", "promoted"):
        raise BadSignature(N_("This node is not enrolled here, or was revoked. Enrol it again with a new token."))  # fmt: skip
    signed = verify_request(node.public_key, headers, method, path, body)
    await _remember(branch, is_standby, signed)
    return branch, is_standby


async def _remember(branch: str, is_standby: bool, signed: SignedRequest) -> None:
    model = StandbyNode if is_standby else FeedReader
    async with transaction():
        keeper = await model.filter(branch=branch).select_for_update().first()
        if keeper is None:
            keeper = await FeedReader.create(branch=branch)
        keeper.replay = ReplayState.from_text(keeper.replay).accept(signed).to_text()
        await keeper.save()


async def enrol_standby(branch: str, public_key: str) -> StandbyNode:
    """The node that follows the branch from now on; an earlier standby is refused."""
    async with transaction():
        await StandbyNode.filter(branch=branch).delete()
        await CarriedAccounts.filter(branch=branch).delete()
        return await StandbyNode.create(branch=branch, public_key=public_key)


async def promote(branch: str, if_silent_seconds: float = 0.0) -> CursorReply:
    """The standby becomes the branch's node and the one before is refused from this commit on; the cursor as it stands.
    May be repeated. Raises Refused when there is no standby, or when nobody ordered it and the node before was heard of
    within `if_silent_seconds`."""
    async with transaction():
        standby = await StandbyNode.filter(branch=branch).select_for_update().first()
        if standby is None:
            raise Refused(N_("Branch %(branch)s has no standby."), code="standby.none", branch=branch)
        if standby.status != "promoted":
            await _refuse_while_heard(branch, if_silent_seconds)
            node = await BranchNode.filter(branch=branch).select_for_update().first()
            if node is not None:
                await fence(branch, node.public_key, await cursor_of(branch))
            node = node or BranchNode(branch=branch, name=branch)
            node.public_key, node.status, node.enrolled_at, node.revoked_at = (
                standby.public_key,
                "active",
                clock.now(),
                None,
            )
            await node.save()
            standby.status, standby.promoted_at = "promoted", clock.now()
            await standby.save()
            await BranchCursor.filter(branch=branch).update(
                runs=""
            )  # those of the node before are no elder of this one
            log.warning("standby_promoted", branch=branch)
        return await cursor_of(branch)


async def _refuse_while_heard(branch: str, seconds: float) -> None:
    """Headquarters' voice among the three: a promotion that nobody ordered waits while the branch's node is heard."""
    cursor = await BranchCursor.get_or_none(branch=branch)
    if not seconds or cursor is None or cursor.contact_at is None:
        return
    if clock.now() - cursor.contact_at < timedelta(seconds=seconds):
        raise Refused(
            N_("Headquarters hears the node of branch %(branch)s: it is not gone."),
            code="standby.primary_alive",
            branch=branch,
        )


async def cursor_of(branch: str) -> CursorReply:
    """Where headquarters stands with the branch."""
    found = await BranchCursor.get_or_none(branch=branch)
    return CursorReply(found.epoch, found.seq, found.chain) if found else Cursor(branch).reply()


async def begin_epoch(said: EpochBegin) -> CursorReply:
    """Move the cursor to the beginning of the branch's new epoch. May be repeated.

    A rebuilt branch has proved that its rows are those held here: what the node before claimed of its own counts no more.
    Raises Fork when headquarters does not stand where the branch believes, BadBatch when positions would fall.
    """
    async with transaction():
        cursor = await BranchCursor.filter(branch=said.branch).select_for_update().first()
        cursor = cursor or await BranchCursor.create(branch=said.branch)
        if cursor.epoch == said.epoch:
            return await cursor_of(said.branch)
        if (cursor.epoch, cursor.seq, cursor.chain) != (
            said.origin_epoch,
            said.origin_seq,
            said.origin_chain,
        ):
            raise Fork(await cursor_of(said.branch))
        if said.base < cursor.seq:
            raise BadBatch(N_("A new epoch cannot begin before the cursor."))
        await BranchEpoch.create(
            branch=said.branch, epoch=said.epoch, base=said.base, origin_epoch=cursor.epoch, origin_seq=cursor.seq,
            reason=said.reason,
        )  # fmt: skip
        cursor.epoch, cursor.seq, cursor.chain = said.epoch, said.base, CHAIN_START.hex()
        cursor.head_seq = said.base
        if said.reason == "rebuilt":
            await forget_claims(cursor)
        await cursor.save(update_fields=["epoch", "seq", "chain", "head_seq", "unproven", "scrub"])
        log.warning("epoch_begun", branch=said.branch, base=said.base, reason=said.reason)
        return await cursor_of(said.branch)


async def forget_claims(cursor: BranchCursor) -> None:
    """No table differs any more, nothing is asked about, and the rows are those of the log; the caller saves the cursor."""
    cursor.unproven, cursor.scrub = {}, ""
    await ScrubRun.filter(branch=cursor.branch, status="asking").update(
        status="replaced", ended_at=clock.now()
    )
    await close_incident(cursor.branch, "broken")
