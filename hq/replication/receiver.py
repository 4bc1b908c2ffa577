"""Headquarters' HTTP end of replication: enrol, hello, batch. Proves the sender, bounds the load, answers in JSON.

The acknowledgement is the answer, and it leaves after the commit that wrote facts, rollups, digest and cursor.
"""

import random
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from hq.replication import enrolment
from hq.replication.batch import Fork, Gap, unpack
from hq.replication.handover import NodeFenced, fenced_node
from hq.replication.incidents import close_incident, hold, open_incident
from hq.replication.models import BranchNode
from hq.replication.outcome import Applied, Contact, Held, Outdated, check_schema
from shared.errors import Refused, TooMany
from shared.i18n import N_
from shared.nodes.identity import BadSignature, SignedRequest, claimed_node, verify_request
from shared.replication.messages import (
    MAX_BODY_BYTES,
    PROTOCOL_VERSION,
    CursorReply,
    EnrolReply,
    EnrolRequest,
    Hello,
    Refusal,
)

log = structlog.get_logger(__name__)
MAX_WAITING = 256


class Applier(Protocol):
    """What the receiver needs of an engine: each call returns after its commit."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def apply(self, batch: Any, contact: Contact) -> Applied: ...

    async def cursor(self, contact: Contact) -> Applied: ...


class Receiver:
    """The state behind the three routes. `on_applied(branch)` is called after each commit that brought something new
    or changed what is known about a branch's freshness."""

    def __init__(self, applier: Applier, on_applied: Callable[[str], None] = lambda branch: None) -> None:
        self.applier = applier
        self.on_applied = on_applied
        self.waiting = 0

    @asynccontextmanager
    async def admitted(self) -> Any:
        """A place among the requests being worked on; TooMany with a scattered Retry-After when there is none."""
        if self.waiting >= MAX_WAITING:
            raise TooMany(N_("Headquarters is busy; the changes will be sent again."), retry_after=1 + random.randrange(4))  # fmt: skip
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1


def receiver_of(request: Request) -> Receiver:
    receiver: Receiver = request.app.state.receiver
    return receiver


def answer(value: msgspec.Struct, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        msgspec.json.encode(value), status_code=status, media_type="application/json", headers=headers
    )


def refuse(error: Refused) -> Response:
    cursor = error.cursor if isinstance(error, (Gap, Fork, NodeFenced)) else None
    retry = error.status in (429, 503) or isinstance(error, Gap)
    after = getattr(error, "retry_after", None)
    headers = {"Retry-After": str(after or 1)} if after or error.status in (429, 503) else None
    return answer(Refusal(error.code, str(error), retry, cursor), error.status, headers)


async def prove(request: Request, body: bytes) -> SignedRequest:
    """The sender, by the key on file. Raises a refusal of shared.nodes.identity, NodeFenced for the node before."""
    headers = request.headers
    node = await BranchNode.get_or_none(branch=claimed_node(headers))
    if node is None or node.status != "active":
        raise BadSignature(N_("This node is not enrolled here, or was revoked. Enrol it again with a new token."))  # fmt: skip
    try:
        return verify_request(node.public_key, headers, request.method, request.url.path, body)
    except BadSignature:
        fenced = await fenced_node(headers, request.method, request.url.path, body)
        if fenced is None:
            raise
        raise NodeFenced(CursorReply(fenced.epoch, fenced.seq, fenced.chain)) from None


async def hello(request: Request) -> Response:
    """POST /sync/v1/hello: where headquarters stands with this branch."""
    receiver = receiver_of(request)
    try:
        async with receiver.admitted():
            body = await request.body()
            signed = await prove(request, body)
            try:
                said = msgspec.json.decode(body, type=Hello)
            except msgspec.MsgspecError as error:
                raise Refused(N_("The greeting cannot be read."), code="bad_request") from error
            if said.protocol > PROTOCOL_VERSION or said.branch != signed.node:
                raise Refused(N_("Upgrade headquarters first, or send for your own branch."), code="bad_request")  # fmt: skip
            check_schema(said.schema)
            outcome = await receiver.applier.cursor(Contact(said.branch, said.epoch, said.head, signed))
    except Refused as error:
        if isinstance(error, Outdated):
            await open_incident(said.branch, "outdated", str(said.schema))
        log.warning("hello_refused", code=error.code, node=request.headers.get("x-trunkline-node"))
        return refuse(error)
    receiver.on_applied(said.branch)
    await close_incident(said.branch, "outdated")
    if outcome.refusal is not None:
        await open_incident(said.branch, "cloned", signed.boot)
        return refuse(outcome.refusal)
    if outcome.status != "cloned":
        await close_incident(said.branch, "cloned")
    return answer(outcome.cursor)


async def batch(request: Request) -> Response:
    """POST /sync/v1/batch: apply what is new; the answer is the acknowledgement."""
    receiver = receiver_of(request)
    try:
        async with receiver.admitted():
            if int(request.headers.get("content-length") or 0) > MAX_BODY_BYTES:
                raise TooLarge(N_("The batch is larger than headquarters accepts."))
            body = await request.body()
            signed = await prove(request, body)
            received = unpack(body)
            if received.head.branch != signed.node:
                raise Refused(N_("A node sends only for its own branch."), code="bad_batch")
            check_schema(received.head.schema)
            contact = Contact(signed.node, received.head.epoch, received.head.head, signed)
            outcome = await receiver.applier.apply(received, contact)
    except Held as error:
        await hold(signed.node)
        return refuse(error)
    except Refused as error:
        log.warning("batch_refused", code=error.code, node=request.headers.get("x-trunkline-node"))
        return refuse(error)
    receiver.on_applied(signed.node)
    if outcome.status in ("held", "released"):
        await close_incident(signed.node, "held")
    if outcome.rows:
        log.info("batch_applied", branch=signed.node, rows=outcome.rows, seq=outcome.cursor.seq)
    return answer(outcome.cursor)


class TooLarge(Refused):
    """Larger than the limit; refused before it is read."""

    status = 413
    code = "too_large"


async def enrol(request: Request) -> Response:
    """POST /sync/v1/enrol: a node shows its one-time token and leaves its public key."""
    try:
        asked = msgspec.json.decode(await request.body(), type=EnrolRequest)
        node = await enrolment.enrol(asked.token, asked.branch, asked.public_key)
    except msgspec.MsgspecError:
        return refuse(Refused(N_("The request cannot be read."), code="bad_request"))
    except Refused as error:
        log.warning("enrolment_refused", code=error.code)
        return refuse(error)
    log.info("branch_enrolled", branch=node.branch)
    return answer(EnrolReply(node.branch, node.name))
