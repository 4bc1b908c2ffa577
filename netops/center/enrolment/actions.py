"""Tokens, enrolment, renewal of keys, revocation: each in one transaction with its audit entry."""

import hashlib
import hmac
from datetime import datetime

from netops.center.audit.actions import record
from netops.center.commands.keys import CenterKeys
from netops.center.models import EnrolmentToken, Node
from netops.center.nodes.actions import revoke as revoke_node
from netops.center.nodes.state import Fleet, NodeState
from shared import clock
from shared.canonical import to_micros
from shared.database import transaction
from shared.errors import Conflict, Invalid, NotFound
from shared.i18n import N_
from shared.nodes.enrolment import (
    NONCE_LIFE,
    TOKEN_LIFE,
    Enrolled,
    EnrolmentRefused,
    EnrolmentRequest,
    NewKey,
    Token,
    check_enrolment,
    check_new_key,
    enrolled,
    secret_hash,
)
from shared.nodes.identity import NODE_NAME

MOST_TRIES = 5


async def make_token(
    keys: CenterKeys, by: str, *, node: str, branch: str, role: str, replaces: bool = False
) -> str:
    """The text of a new token; it is given once and kept only as a hash. Invalid, Conflict."""
    if not NODE_NAME.fullmatch(node):
        wrong = N_("A node's name has letters, digits, dots and dashes, such as SH or gz-db1.")
        raise Invalid(wrong, fields={"node": wrong})
    now, token = clock.now(), Token.make(keys.identity.public_text)
    async with transaction():
        known = await Node.exists(name=node)
        if known and not replaces:
            raise Conflict(N_("Node %(name)s is known. Tick 'replaces' if it lost its key."), name=node)
        if replaces and not known:
            raise NotFound(N_("There is no node %(name)s to replace."), name=node)
        await EnrolmentToken.create(
            token_hash=secret_hash(token.secret), node=node, branch=branch, role=role, replaces=replaces,
            issued_by=by[:80], issued_at=now, expires_at=now + TOKEN_LIFE,
        )  # fmt: skip
        await record(by, "token.make", node, branch=branch, role=role, replaces=replaces)
    return token.to_text()


def fresh_nonce(keys: CenterKeys, node_nonce: str) -> str:
    """The center's nonce for a greeting: the time, bound to the node's nonce. Nothing has to be remembered."""
    at = str(to_micros(clock.now()))
    return f"{at}.{_nonce_mac(keys, at, node_nonce)}"


def _nonce_mac(keys: CenterKeys, at: str, node_nonce: str) -> str:
    secret = hashlib.sha256(keys.identity.sign(b"trunkline-nonce-1").encode()).digest()
    return hmac.new(secret, f"{at}.{node_nonce}".encode(), "sha256").hexdigest()[:32]


def is_fresh(keys: CenterKeys, nonce: str, node_nonce: str, now: datetime) -> bool:
    """Whether we gave this nonce to that greeting within the last two minutes."""
    at, _, mac = nonce.partition(".")
    if not at.isdecimal() or not hmac.compare_digest(mac, _nonce_mac(keys, at, node_nonce)):
        return False
    age = to_micros(now) - int(at)
    return 0 <= age <= NONCE_LIFE.total_seconds() * 1_000_000


async def enrol_by_token(keys: CenterKeys, request: EnrolmentRequest, fleet: Fleet) -> Enrolled:
    """Make the node known. EnrolmentRefused with a code: proof, nonce, token, used, expired, binding.

    The token is used up in the same transaction; five wrong tries with it use it up, too.
    """
    now = clock.now()
    if not check_enrolment(request):
        raise EnrolmentRefused(
            N_("The node does not hold the key that it shows. Enrol it again."), code="enrolment.proof"
        )
    if not is_fresh(keys, request.center_nonce, request.node_nonce, now):
        raise EnrolmentRefused(N_("This enrolment took too long. Try it again."), code="enrolment.nonce")
    refusal = None
    async with transaction():
        token = (
            await EnrolmentToken.filter(token_hash=secret_hash(request.secret)).select_for_update().first()
        )
        refusal = token_problem(token, request, now)
        if token is not None and refusal is not None:
            token.tries += 1
            await token.save()
        elif token is not None:
            token.used_at = now
            await token.save()
            await _write_node(token, request)
    if refusal is not None:
        raise refusal
    fleet.put(await Node.get(name=request.node))
    return enrolled(keys.identity, request.node_nonce, request.node, keys.believed())


def token_problem(
    token: EnrolmentToken | None, request: EnrolmentRequest, now: datetime
) -> EnrolmentRefused | None:
    """Why a token is not good for a request; None when it is. Pure."""
    if token is None or token.tries >= MOST_TRIES:
        return EnrolmentRefused(
            N_("This token is not known here. Have a new one made."), code="enrolment.unknown"
        )
    if token.used_at is not None:
        return EnrolmentRefused(N_("This token was used before. Have a new one made."), code="enrolment.used")
    if now >= token.expires_at:
        return EnrolmentRefused(
            N_("This token was good for 15 minutes and is over. Have a new one made."),
            code="enrolment.expired",
        )
    if (token.node, token.branch, token.role) != (request.node, request.branch, request.role):
        return EnrolmentRefused(
            N_("This token was made for another node, branch or role. Have one made for %(node)s."),
            node=request.node,
            code="enrolment.binding",
        )
    return None


async def _write_node(token: EnrolmentToken, request: EnrolmentRequest) -> None:
    known = await Node.filter(name=request.node).select_for_update().first()
    if known is not None and not token.replaces:
        raise EnrolmentRefused(N_("A node of this name is enrolled already."), code="enrolment.known")
    node = known or Node(name=request.node)
    node.public_key, node.next_public_key, node.status = request.public_key, "", "active"
    node.branch, node.role, node.revoked_at = token.branch, token.role, None
    await node.save(force_create=known is None)
    await record(token.issued_by, "node.enrol", node.name, key=request.public_key, branch=node.branch)


async def take_new_key(node: NodeState, message: NewKey) -> None:
    """The node's next key; both hold until the first request under the new one. The same key again changes nothing."""
    if not check_new_key(message, node.name):
        raise EnrolmentRefused(
            N_("The node does not hold the key that it shows. Enrol it again."), code="enrolment.proof"
        )
    if message.public_key in (node.public_key, node.next_public_key):
        return
    async with transaction():
        await Node.filter(name=node.name).update(next_public_key=message.public_key)
        await record(node.name, "node.key", node.name, next=message.public_key)
    node.next_public_key = message.public_key


async def revoke(by: str, name: str, reason: str, fleet: Fleet) -> None:
    """Shut a node out at once: its next request is refused. NotFound, Conflict."""
    node = await Node.get_or_none(name=name)
    if node is None:
        raise NotFound()
    if node.status == "revoked":
        raise Conflict(N_("Node %(name)s is revoked already."), name=name)
    await revoke_node(node, by, reason, fleet)
