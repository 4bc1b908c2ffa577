"""Headquarters' HTTP end of replication: enrol, hello, batch. Proves the sender, bounds the load, answers in JSON.

The acknowledgement is the answer, and it leaves after the commit that wrote facts, rollups, digest and cursor.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from hq.figures import crowd
from hq.replication import enrolment
from hq.replication.admission import READING, READING_BYTES, Admission
from hq.replication.batch import Fork, Gap
from hq.replication.desk import Desk
from hq.replication.handover import NodeFenced, fenced_node
from hq.replication.incidents import close_incident, hold, open_incident
from hq.replication.models import BranchNode
from hq.replication.outcome import Applied, Cloned, Contact, Held, Outdated, StaleKey, check_schema
from shared.errors import Refused
from shared.i18n import N_
from shared.nodes.identity import (
    BadSignature,
    IdentityRefused,
    Replayed,
    SignedRequest,
    claimed_node,
    verify_request,
)
from shared.replication.messages import (
    HEARTBEAT_SECONDS,
    MAX_BODY_BYTES,
    PROTOCOL_VERSION,
    UNREADABLE,
    CursorReply,
    EnrolReply,
    EnrolRequest,
    Hello,
    Refusal,
)
from shared.web.precedence import PAGES_FIRST_SECONDS, Door

log = structlog.get_logger(__name__)
BODY_SECONDS = 30.0
Taking = Callable[[SignedRequest, str], Awaitable[Applied]]
"""Takes the request of a proven sender; the second argument is the key that proved it."""


class Receiver:
    """The state behind the routes. `on_applied(branch)` is called after each commit that brought something new or changed
    what is known about a branch's freshness; every `heartbeat_seconds` a branch says that it has nothing to send."""

    def __init__(
        self,
        desk: Desk,
        on_applied: Callable[[str], None] = lambda branch: None,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
    ) -> None:
        self.desk = desk
        self.on_applied = on_applied
        self.heartbeat_seconds = heartbeat_seconds
        self.places = Admission(working=READING, most_bytes=READING_BYTES)
        self.turns = Admission()
        self._keys: dict[str, str] = {}
        self._learning = asyncio.Lock()
        self._door = Door(lambda: PAGES_FIRST_SECONDS if crowd.is_here() else 0.0)
        self._has_learned = False

    @asynccontextmanager
    async def admitted(self, request: Request, lane: str = "") -> AsyncIterator[bytes]:
        """The body of a request whose turn has come. A node has its places in each lane, so that what it asks for does not stand
        in the way of what it sends. Raises TooMany, TooLarge before anything is read, TooSlow."""
        host = request.client.host if request.client else ""
        node = f"{claimed_node(request.headers)} {host} {lane}"
        async with self.places.turn(node, announced(request)):
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    body = await request.body()
            except TimeoutError as error:
                raise TooSlow(N_("The request did not arrive in time.")) from error
            async with self.turns.turn(node, len(body)):
                await self._door.through()
                yield body

    async def taken(self, request: Request, body: bytes, take: Taking) -> Applied:
        """What `take` makes of a request whose sender is proved. Raises as `prove`.

        The key that a node used last is remembered; whether it is still the one on file is seen where the request is
        applied, in the same transaction (StaleKey), and then the file is asked."""
        key = await self._key_of(claimed_node(request.headers))
        if key is not None:
            try:
                return await take(
                    verify_request(key, request.headers, request.method, request.url.path, body), key
                )
            except (IdentityRefused, StaleKey) as error:
                if isinstance(error, Replayed):
                    raise
                self._keys.pop(claimed_node(request.headers), None)
        signed, key = await _proved(request, body)
        self._keys[signed.node] = key
        return await take(signed, key)

    def told(self, cursor: CursorReply) -> CursorReply:
        """The cursor with the credit of this site."""
        return msgspec.structs.replace(cursor, heartbeat_seconds=self.heartbeat_seconds)

    async def _key_of(self, node: str) -> str | None:
        """The key to try first. All are read with the first request, so that a thousand nodes that come back at once ask the
        file once; a node that is not among them is asked for alone."""
        if not self._has_learned:
            async with self._learning:
                if not self._has_learned:
                    nodes = await BranchNode.filter(status="active").values_list("branch", "public_key")
                    self._keys = dict(nodes) | self._keys
                    self._has_learned = True
        return self._keys.get(node)


class TooLarge(Refused):
    """Larger than the limit; refused before it is read."""

    status = 413
    code = "too_large"


class TooSlow(Refused):
    """The body dripped in; the place is given to somebody else."""

    status = 408
    code = "too_slow"


def announced(request: Request) -> int:
    """The size of the body that a request announces; the largest there may be when it announces none. Raises TooLarge."""
    said = request.headers.get("content-length", "")
    size = int(said) if said.isdecimal() else MAX_BODY_BYTES
    if size > MAX_BODY_BYTES:
        raise TooLarge(N_("The batch is larger than headquarters accepts."))
    return size


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
    signed, _key = await _proved(request, body)
    return signed


async def _proved(request: Request, body: bytes) -> tuple[SignedRequest, str]:
    headers = request.headers
    node = await BranchNode.get_or_none(branch=claimed_node(headers))
    if node is None or node.status != "active":
        raise BadSignature(N_("This node is not enrolled here, or was revoked. Enrol it again with a new token."))  # fmt: skip
    try:
        return verify_request(
            node.public_key, headers, request.method, request.url.path, body
        ), node.public_key
    except BadSignature:
        fenced = await fenced_node(headers, request.method, request.url.path, body)
        if fenced is None:
            raise
        raise NodeFenced(CursorReply(fenced.epoch, fenced.seq, fenced.chain)) from None


async def hello(request: Request) -> Response:
    """POST /sync/v1/hello: where headquarters stands with this branch."""
    receiver = receiver_of(request)
    boot = ""

    async def take(signed: SignedRequest, key: str) -> Applied:
        nonlocal boot
        boot = signed.boot
        if said.protocol > PROTOCOL_VERSION or said.branch != signed.node:
            raise Refused(N_("Upgrade headquarters first, or send for your own branch."), code="bad_request")
        check_schema(said.schema)
        return await receiver.desk.cursor(Contact(said.branch, said.epoch, said.head, signed, key))

    try:
        async with receiver.admitted(request) as body:
            try:
                said = msgspec.json.decode(body, type=Hello)
            except UNREADABLE as error:
                await prove(request, body)
                raise Refused(N_("The greeting cannot be read."), code="bad_request") from error
            outcome = await receiver.taken(request, body, take)
    except Refused as error:
        if isinstance(error, Outdated):
            await open_incident(said.branch, "outdated", str(said.schema))
        log.warning("hello_refused", code=error.code, node=request.headers.get("x-trunkline-node"))
        return refuse(error)
    receiver.on_applied(said.branch)
    if outcome.has_incident:
        await close_incident(said.branch, "outdated")
    if outcome.refusal is not None:
        await open_incident(said.branch, "cloned", boot)
        return refuse(outcome.refusal)
    if outcome.has_incident and outcome.status != "cloned":
        await close_incident(said.branch, "cloned")
    return answer(receiver.told(outcome.cursor))


async def batch(request: Request) -> Response:
    """POST /sync/v1/batch: apply what is new; the answer is the acknowledgement."""
    receiver = receiver_of(request)
    node = request.headers.get("x-trunkline-node", "")
    boot = ""

    async def take(signed: SignedRequest, key: str) -> Applied:
        nonlocal boot
        boot = signed.boot
        return await receiver.desk.batch(body, signed, key)

    try:
        async with receiver.admitted(request) as body:
            outcome = await receiver.taken(request, body, take)
    except Held as error:
        await hold(node)
        return refuse(error)
    except Cloned as error:
        await open_incident(node, "cloned", boot)
        return refuse(error)
    except Refused as error:
        log.warning("batch_refused", code=error.code, node=node)
        return refuse(error)
    receiver.on_applied(node)
    if outcome.status in ("held", "released"):
        await close_incident(node, "held")
    if outcome.has_incident and outcome.status != "cloned":
        await close_incident(node, "cloned")
    if outcome.rows:
        log.info("batch_applied", branch=node, rows=outcome.rows, seq=outcome.cursor.seq)
    return answer(receiver.told(outcome.cursor))


async def enrol(request: Request) -> Response:
    """POST /sync/v1/enrol: a node shows its one-time token and leaves its public key."""
    try:
        asked = msgspec.json.decode(await request.body(), type=EnrolRequest)
        node = await enrolment.enrol(asked.token, asked.branch, asked.public_key)
    except UNREADABLE:
        return refuse(Refused(N_("The request cannot be read."), code="bad_request"))
    except Refused as error:
        log.warning("enrolment_refused", code=error.code)
        return refuse(error)
    log.info("branch_enrolled", branch=node.branch)
    return answer(EnrolReply(node.branch, node.name))
