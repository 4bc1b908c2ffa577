"""Who an agent's request comes from: the five headers against the key on file, in memory; its next key during a renewal."""

from __future__ import annotations

from starlette.requests import Request

from netops.center.models import Node
from netops.center.nodes.state import Fleet, NodeState
from shared.i18n import N_
from shared.nodes.identity import (
    BODY_HEADER,
    BOOT_HEADER,
    NODE_HEADER,
    NUMBER_HEADER,
    SIGNATURE_HEADER,
    BadSignature,
    SignedRequest,
    claimed_node,
    verify_request,
)

_FIVE = {
    name: name.lower().encode()
    for name in (NODE_HEADER, BOOT_HEADER, NUMBER_HEADER, BODY_HEADER, SIGNATURE_HEADER)
}


async def prove(request: Request, body: bytes) -> tuple[NodeState, SignedRequest]:
    """The node behind a request. Raises a refusal of shared.nodes.identity. It does not say that the request is new:
    `accept_once` does."""
    fleet: Fleet = request.app.state.fleet
    headers = signed_headers(request)
    node = fleet.get(claimed_node(headers))
    if node is None:
        raise BadSignature(
            N_("This node is not enrolled here, or was revoked. Enrol it again with a new token.")
        )
    query = request.scope["query_string"].decode("latin-1")
    target = f"{request.scope['path']}?{query}" if query else request.scope["path"]
    try:
        return node, verify_request(node.public_key, headers, request.method, target, body)
    except BadSignature:
        if not node.next_public_key:
            raise
    signed = verify_request(node.next_public_key, headers, request.method, target, body)
    await take_next_key(node)
    return node, signed


def signed_headers(request: Request) -> dict[str, str]:
    """The five headers that prove a request, where it has them; of one that is there twice the first."""
    sent = dict(reversed(request.scope["headers"]))
    return {name: sent[key].decode("latin-1") for name, key in _FIVE.items() if key in sent}


async def take_next_key(node: NodeState) -> None:
    """The first request under a next key makes it the key: from then on the old one is refused. May be done twice."""
    await Node.filter(name=node.name, next_public_key=node.next_public_key).update(
        public_key=node.next_public_key, next_public_key=""
    )
    node.public_key, node.next_public_key = node.next_public_key, ""


def accept_once(node: NodeState, signed: SignedRequest) -> None:
    """Note the request's number in memory; the writer puts it on disk with what the request brought. Raises Replayed.

    A crash between the two lets the same request in once more: all it brings is known by its natural keys, so nothing
    is stored twice.
    """
    node.replay = node.replay.accept(signed)
