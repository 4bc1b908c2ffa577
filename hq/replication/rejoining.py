"""The requests of a branch that was restored or rebuilt: marks and rows. Proved and bounded like the others."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from hq.replication import epochs
from hq.replication.outcome import Contact
from hq.replication.receiver import answer, prove, receiver_of, refuse
from shared.errors import Refused
from shared.i18n import N_
from shared.nodes.identity import SignedRequest
from shared.replication.messages import UNREADABLE, Hello, RowsAsked

log = structlog.get_logger(__name__)


async def marks(request: Request) -> Response:
    """POST /sync/v1/marks: the cursor and earlier positions."""

    async def work(said: Hello, signed: SignedRequest) -> Response:
        return answer(await epochs.marks(Contact(said.branch, said.epoch, said.head, signed)))

    return await _served(request, Hello, work)


async def rows(request: Request) -> Response:
    """POST /sync/v1/rows: a page of the branch's own rows as they are held here."""

    async def work(asked: RowsAsked, signed: SignedRequest) -> Response:
        page = await epochs.rows(Contact(asked.branch, "", 0, signed), asked)
        return Response(page, media_type="application/zstd")

    return await _served(request, RowsAsked, work)


async def _served(
    request: Request, shape: type[Any], work: Callable[[Any, SignedRequest], Awaitable[Response]]
) -> Response:
    """Prove the sender, read the body, answer; a refusal is told as everywhere on the wire."""
    try:
        async with receiver_of(request).admitted(request) as body:
            signed = await prove(request, body)
            try:
                said = msgspec.json.decode(body, type=shape)
            except UNREADABLE as error:
                raise Refused(N_("The request cannot be read."), code="bad_request") from error
            if said.branch != signed.node:
                raise Refused(N_("A node sends only for its own branch."), code="bad_batch")
            return await work(said, signed)
    except Refused as error:
        log.warning("rejoin_refused", code=error.code, path=request.url.path)
        return refuse(error)
