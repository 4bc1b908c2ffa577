"""POST /sync/v1/feed: a branch asks for what headquarters owns; see shared/replication/feed.py."""

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from hq.replication.feed import Feed, feed_epoch
from hq.replication.feed_models import FeedReader
from hq.replication.receiver import prove, receiver_of, refuse
from shared import clock
from shared.database import transaction
from shared.errors import Refused
from shared.i18n import N_
from shared.nodes.identity import ReplayState, SignedRequest
from shared.replication.feed import FeedHead, FeedRequest, pack
from shared.replication.messages import UNREADABLE

log = structlog.get_logger(__name__)


async def ask(request: Request) -> Response:
    """The changes after the branch's position; the answer waits while there are none."""
    request.state.waits = True
    feed: Feed = request.app.state.feed
    try:
        async with receiver_of(request).admitted(
            request, "feed"
        ) as body:  # given back before the answer waits
            asked = await admitted_question(request, body)
    except Refused as error:
        log.warning("feed_refused", code=error.code, node=request.headers.get("x-trunkline-node"))
        return refuse(error)
    head, lines = await feed.answer(asked)
    answer = pack(head, lines)
    if lines or head.is_reset:
        await note_sent(asked.branch, head, len(answer))
        log.info("feed_sent", branch=asked.branch, rows=head.rows, last=head.last, reset=head.is_reset)
    return Response(answer, media_type="application/zstd")


async def admitted_question(request: Request, body: bytes) -> FeedRequest:
    """What a proven branch asks, taken into its memory. Raises what refuses it."""
    signed = await prove(request, body)
    try:
        asked = msgspec.json.decode(body, type=FeedRequest)
    except UNREADABLE as error:
        raise Refused(N_("The request cannot be read."), code="bad_request") from error
    if asked.branch != signed.node:
        raise Refused(N_("A node asks only for its own branch."), code="bad_request")
    await admit(asked, signed, await feed_epoch())
    return asked


async def admit(asked: FeedRequest, signed: SignedRequest, epoch: str) -> None:
    """Take the request into the branch's replay memory and its position as acknowledged, in one transaction.

    Raises Replayed when it was accepted before.
    """
    async with transaction():
        reader = await FeedReader.filter(branch=asked.branch).select_for_update().first()
        if reader is None:
            reader = await FeedReader.create(branch=asked.branch)
        reader.replay = ReplayState.from_text(reader.replay).accept(signed).to_text()
        reader.asked_at = clock.now()
        acknowledged = asked.seq if asked.epoch == epoch else 0
        if acknowledged != reader.seq:
            reader.seq, reader.moved_at = acknowledged, reader.asked_at
        await reader.save()


async def note_sent(branch: str, head: FeedHead, size: int) -> None:
    """Count what went over the line."""
    async with transaction():
        reader = await FeedReader.filter(branch=branch).select_for_update().get()
        reader.wire_bytes += size
        reader.row_count += head.rows
        if head.is_reset and reader.moved_at is not None:
            reader.reset_at = clock.now()
        await reader.save()
