"""POST /sync/v1/snapshot, /sync/v1/promote, /sync/v1/accounts: a branch is rebuilt, or its standby takes it over."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from hq.live import applied
from hq.replication import accounts, handover, snapshot, standby
from hq.replication.receiver import receiver_of, refuse
from shared.errors import Refused
from shared.i18n import N_
from shared.replication.handover import HandedAsked, HandedReply, Handover
from shared.replication.messages import UNREADABLE, EpochBegin
from shared.replication.sealing import AccountsAsked
from shared.replication.snapshot import Promotion, SnapshotAsked

log = structlog.get_logger(__name__)
LANE = "rebuild"


async def pages(request: Request) -> Response:
    """A page of the branch's own rows."""

    async def work(asked: SnapshotAsked, is_standby: bool) -> Response:
        body = await snapshot.page(asked, "standby" if is_standby else "rebuild")
        return Response(body, media_type="application/zstd")

    return await served(request, SnapshotAsked, work)


async def promote(request: Request) -> Response:
    """The standby takes over: from this commit on the node before it is refused."""

    async def work(said: Promotion, is_standby: bool) -> Response:
        if not is_standby:
            raise Refused(N_("Only a standby can be promoted."), code="standby.none")
        return as_json(await standby.promote(said.branch, said.if_silent_seconds))

    return await served(request, Promotion, work)


async def carry(request: Request) -> Response:
    """Sealed accounts from a branch to its standby."""

    async def work(said: AccountsAsked, is_standby: bool) -> Response:
        return as_json(await (accounts.of_standby if is_standby else accounts.of_branch)(said))

    return await served(request, AccountsAsked, work)


async def begin(request: Request) -> Response:
    """The branch begins a new epoch where headquarters stands."""

    async def work(said: EpochBegin, _is_standby: bool) -> Response:
        cursor = await standby.begin_epoch(said)
        applied(said.branch)
        return as_json(receiver_of(request).told(cursor))

    return await served(request, EpochBegin, work)


async def hand_over(request: Request) -> Response:
    """A fenced node hands over what headquarters had not seen."""
    try:
        async with receiver_of(request).admitted(request, LANE) as body:
            node = await handover.fenced_node(request.headers, request.method, request.url.path, body)
            if node is None:
                raise Refused(N_("Only a node that was fenced hands its rows over."), code="handover.not_fenced")  # fmt: skip
            said = msgspec.json.decode(body, type=Handover)
            if said.branch != node.branch:
                raise Refused(N_("A node asks only for its own branch."), code="bad_request")
            await handover.keep(node, said)
            return as_json(HandedReply())
    except UNREADABLE:
        return refuse(Refused(N_("The request cannot be read."), code="bad_request"))
    except Refused as error:
        log.warning("handover_refused", code=error.code)
        return refuse(error)


async def handed(request: Request) -> Response:
    """The branch's present node reads what a fenced one handed over."""

    async def work(asked: HandedAsked, is_standby: bool) -> Response:
        if is_standby:
            raise Refused(N_("A standby takes nothing over yet."), code="bad_request")
        return as_json(await handover.waiting(asked))

    return await served(request, HandedAsked, work)


def as_json(value: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")


async def served(
    request: Request, shape: type[Any], work: Callable[[Any, bool], Awaitable[Response]]
) -> Response:
    """Prove who asks, read the body, answer; a refusal is told as everywhere on the wire."""
    try:
        async with receiver_of(request).admitted(request, LANE) as body:
            proved = await standby.prove_reader(request.headers, request.method, request.url.path, body)
            try:
                said = msgspec.json.decode(body, type=shape)
            except UNREADABLE as error:
                raise Refused(N_("The request cannot be read."), code="bad_request") from error
            if said.branch != proved[0]:
                raise Refused(N_("A node asks only for its own branch."), code="bad_request")
            return await work(said, proved[1])
    except Refused as error:
        log.warning("snapshot_refused", code=error.code, path=request.url.path)
        return refuse(error)
