"""Commands from the center to an agent: the signed envelope, the verbs, and the rules by which a node believes one.

The payload is canonical JSON (keys sorted, no spaces, UTF-8, no unknown field) of `Command`; the signature is Ed25519
over the bytes "trunkline-command-1\\n" + payload, by a command key that is neither a TLS nor a session key.

An order at many nodes is signed once: over "trunkline-commands-1\\n", the number of commands, a line feed and the root of a hash tree
whose leaves are the payloads (SHA-256; leaves are hashed behind a zero byte, pairs behind a one, an odd last one goes up as it
is). The signature of each is then `place.number.path.signature`: with the path of 32-byte hashes, base64url, a node
proves its own command alone, and learns nothing of the others.

Exactly-once effects are impossible across a crash. So a verb that can name the instance it is meant for must
(`restart instance X` does nothing when X no longer runs), everything else happens at most once: `accepted` is on disk
before the act, and an `accepted` without an end becomes `unknown`, never a second run.
All of this is pure; the agent's commands.py and the center's outbox call it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple

import msgspec

from shared.errors import Refused
from shared.nodes.identity import NodeKey, check_signature, fingerprint
from shared.nodes.report import CommandResult, SignedCommand

LARGEST_PAYLOAD_BYTES = 16 * 1024
LONGEST_LIFE = timedelta(days=7)
CLOCK_TOLERANCE = timedelta(minutes=2)
"""How far ahead of the receiver's idea of the center's time a command may have been issued."""
TREE_FROM = 4
"""From so many commands on an order is signed as one tree."""
_CONTEXT = b"trunkline-command-1\n"
_TREE_CONTEXT = b"trunkline-commands-1\n"
_LARGEST_TREE = 1_000_000
_JSON = msgspec.json.Encoder(order="sorted")

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Sentence = Annotated[str, msgspec.Meta(min_length=3, max_length=500)]


class CommandRefused(Refused):
    """The node does not carry out this command. The code says why; the center shows it beside the command."""

    status = 403
    code = "command.refused"


class CommandTooLarge(CommandRefused):
    """Over 16 KiB: refused before anything is decoded."""

    code = "command.too_large"


class CommandMalformed(CommandRefused):
    """Not a canonical command, or arguments that the verb does not know."""

    code = "command.malformed"


class CommandKeyUnknown(CommandRefused):
    """Signed by a key that this node was not given at enrolment or rotation."""

    code = "command.key"


class CommandForged(CommandRefused):
    """The signature does not fit: forged or altered on the way."""

    code = "command.signature"


class CommandForOther(CommandRefused):
    """Made for another node."""

    code = "command.node"


class CommandExpired(CommandRefused):
    """Its time is over, or not yet come."""

    code = "command.expired"


class CommandReplayed(CommandRefused):
    """Its sequence number was judged before."""

    code = "command.replayed"


class CommandNotAllowed(CommandRefused):
    """The node's own allow-list does not have it, or a second person has not approved it."""

    code = "command.not_allowed"


class Arguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of a verb; the base has none."""


class ServiceArguments(Arguments, frozen=True):
    service: Name


class StopArguments(Arguments, frozen=True):
    service: Name
    grace_seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] | None = None


class RestartArguments(Arguments, frozen=True):
    service: Name
    with_dependants: bool = False


class LimitArguments(Arguments, frozen=True):
    service: Name
    cpu_percent: Annotated[int, msgspec.Meta(ge=1, le=10_000)] | None = None
    """100 is one core; null lifts the limit."""
    memory_bytes: Annotated[int, msgspec.Meta(ge=16 * 1024 * 1024)] | None = None


class QueueArguments(Arguments, frozen=True):
    service: Name
    queue: Name


class KillArguments(Arguments, frozen=True):
    pid: Annotated[int, msgspec.Meta(ge=2)]
    created_us: int
    """Creation time of the process in microseconds since 1970, so that a pid used again is not hit."""
    signal: Literal["TERM", "KILL"] = "TERM"


class LogLevelArguments(Arguments, frozen=True):
    service: Name
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]


class LogTailArguments(Arguments, frozen=True):
    service: Name
    lines: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class ActionArguments(Arguments, frozen=True):
    """Runs one of the node's own named actions; the command line is in the node file, never in the command."""

    action: Name


STANDBY_ACTION = "standby"
"""The action of `standby.promote` that means the node file's [standby] table."""


UNANSWERED = "standby.unanswered"
"""Code of a pairing that failed because the branch did not answer the invitation."""
SERVES_ITSELF = "standby.serves_itself"
"""Code of what was ordered at a promoted standby and is for one that follows."""
INVITE_ACTION = "standby_invite"
"""The node file's own action that prints an invitation for the branch's standby."""


class InvitationArguments(Arguments, frozen=True):
    """An invitation of the branch's machine, which this standby answers: shared/replication/PROTOCOL.md."""

    invitation: Annotated[
        str, msgspec.Meta(max_length=200, pattern=r"^tla1\.[A-Za-z0-9_-]{43,}\.[A-Za-z0-9_-]{43}$")
    ]


class KeyArguments(Arguments, frozen=True):
    """A command key to believe from now on."""

    public_key: Annotated[str, msgspec.Meta(pattern=r"^ed25519:[A-Za-z0-9_-]{43}$")]


class KeyIdArguments(Arguments, frozen=True):
    """A command key to believe no longer. The key that signs this command cannot be the one."""

    key_id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}$")]


@dataclass(frozen=True, slots=True)
class Verb:
    """What a verb takes, whether it must name the instance it is meant for, and whether two persons must want it."""

    arguments: type[Arguments]
    needs_instance: bool = False
    needs_approval: bool = False


VERBS: Mapping[str, Verb] = {
    "service.start": Verb(ServiceArguments),
    "service.stop": Verb(StopArguments, needs_instance=True),
    "service.restart": Verb(RestartArguments, needs_instance=True),
    "service.drain": Verb(ServiceArguments, needs_instance=True),
    "service.undrain": Verb(ServiceArguments, needs_instance=True),
    "limits.set": Verb(LimitArguments, needs_instance=True),
    "queue.pause": Verb(QueueArguments),
    "queue.resume": Verb(QueueArguments),
    "process.kill": Verb(KillArguments),
    "log.level": Verb(LogLevelArguments),
    "log.tail": Verb(LogTailArguments),
    "diagnostics.snapshot": Verb(Arguments),
    "configuration.reload": Verb(Arguments),
    "backup.now": Verb(ActionArguments),
    "disk.free_up": Verb(ActionArguments),
    "standby.promote": Verb(ActionArguments, needs_approval=True),
    "standby.invite": Verb(Arguments, needs_approval=True),
    "standby.pair": Verb(InvitationArguments),
    "node.reboot": Verb(Arguments, needs_approval=True),
    "keys.trust": Verb(KeyArguments),
    "keys.forget": Verb(KeyIdArguments),
    "keys.renew": Verb(Arguments),
}
"""Every verb there is. There is no verb that runs what the sender writes."""


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody wants a node to do."""

    id: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    node: Name
    seq: Annotated[int, msgspec.Meta(ge=1)]
    verb: Name
    args: dict[str, str | int | float | bool | None]
    instance: str
    """The instance it is meant for; empty when the verb has none."""
    issued_at: datetime
    expires_at: datetime
    requested_by: Sentence
    approved_by: str
    reason: Sentence

    def arguments(self) -> Arguments:
        """The arguments as the verb's own type. Raises CommandMalformed."""
        try:
            return msgspec.convert(self.args, VERBS[self.verb].arguments)
        except KeyError:
            raise CommandMalformed("The node does not know the verb %(verb)s.", verb=self.verb) from None
        except msgspec.ValidationError as error:
            raise CommandMalformed(
                "The arguments of %(verb)s are wrong: %(error)s", verb=self.verb, error=str(error)
            ) from error


class Address(NamedTuple):
    """What each command of one order has of its own; named and ordered as the canonical form has them."""

    id: str
    node: str
    seq: int


@dataclass(frozen=True, slots=True)
class NodePolicy:
    """What this node lets the center do, from its own node file.

    `allowed` has verbs ("service.restart", "service.*", "*") or verb and service ("service.stop web").
    """

    node: str
    keys: Mapping[str, str]
    """Command keys by id (`key_id_of`) to public text; two during a rotation."""
    allowed: frozenset[str]


@lru_cache(maxsize=64)
def key_id_of(public_text: str) -> str:
    """Name of a command key: the first 16 hex digits of its hash."""
    return fingerprint(public_text).replace(" ", "")


def canonical(command: Command) -> bytes:
    """The one byte string of a command."""
    return _JSON.encode(command)


def sign_command(key: NodeKey, command: Command) -> SignedCommand:
    """The envelope of a command. Raises CommandMalformed for an unknown verb or wrong arguments, before signing."""
    payload = _payload_of(command)
    return SignedCommand(
        payload=payload.decode(), key_id=key_id_of(key.public_text), signature=key.sign(_CONTEXT + payload)
    )


def sign_order(key: NodeKey, order: Command, addresses: Sequence[Address]) -> list[SignedCommand]:
    """The envelopes of one order at many nodes: `order` at each of `addresses`, whatever its own. By one signature when they are
    TREE_FROM or more. Raises as sign_command."""
    order.arguments()
    payloads = _payloads_at(order, addresses)
    key_id = key_id_of(key.public_text)
    if len(payloads) < TREE_FROM:
        return [
            SignedCommand(payload=one.decode(), key_id=key_id, signature=key.sign(_CONTEXT + one))
            for one in payloads
        ]
    levels, count = _levels([_leaf(payload) for payload in payloads]), len(payloads)
    signature = key.sign(_tree_bytes(count, levels[-1][0]))
    return [
        SignedCommand(payload=payload.decode(), key_id=key_id, signature=f"{place}.{count}.{_text_of(path)}.{signature}")
        for place, (payload, path) in enumerate(zip(payloads, _paths(levels), strict=True))
    ]  # fmt: skip


def sign_alone(key: NodeKey, envelope: SignedCommand) -> SignedCommand:
    """The same command by a signature of its own, for a node that cannot check a path; as it is when it has one already."""
    if "." not in envelope.signature:
        return envelope
    signature = key.sign(_CONTEXT + envelope.payload.encode())
    return SignedCommand(payload=envelope.payload, key_id=key_id_of(key.public_text), signature=signature)


def _payload_of(command: Command) -> bytes:
    command.arguments()
    return _fitting(canonical(command))


def _payloads_at(order: Command, addresses: Sequence[Address]) -> list[bytes]:
    """The byte strings to sign, each as `canonical` makes it; what they share is encoded once."""
    before_id, before_node, before_seq, end = _around(order)
    text = _JSON.encode
    return [
        _fitting(b"%s%s%s%s%s%d%s" % (before_id, text(id), before_node, text(node), before_seq, seq, end))
        for id, node, seq in addresses
    ]


def _around(order: Command) -> list[bytes]:
    """The canonical bytes of a command, without its address: what stands before, between and behind id, node and number."""
    pieces, opening = [b""], b"{"
    for name in sorted(order.__struct_fields__):
        pieces[-1] += b"%s%s:" % (opening, _JSON.encode(name))
        if name in Address._fields:
            pieces.append(b"")
        else:
            pieces[-1] += _JSON.encode(getattr(order, name))
        opening = b","
    return [*pieces[:-1], pieces[-1] + b"}"]


def _fitting(payload: bytes) -> bytes:
    if len(payload) > LARGEST_PAYLOAD_BYTES:
        raise CommandTooLarge("The command is too long.")
    return payload


def _leaf(payload: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + payload).digest()


def _pair(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _tree_bytes(count: int, root: bytes) -> bytes:
    return b"%s%d\n%s" % (_TREE_CONTEXT, count, root)


def _levels(leaves: list[bytes]) -> list[list[bytes]]:
    """The tree from its leaves to its root."""
    levels = [leaves]
    while len(below := levels[-1]) > 1:
        paired = [_pair(below[at], below[at + 1]) for at in range(0, len(below) - 1, 2)]
        levels.append(paired + below[2 * len(paired) :])
    return levels


def _paths(levels: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Of each leaf the hashes beside its way to the root. Neighbours share all but the first: made from the root downwards."""
    paths = [b""]
    for level in reversed(levels[:-1]):
        last = len(level) - 1
        paths = [
            (level[place ^ 1] if place ^ 1 <= last else b"") + paths[place // 2] for place in range(last + 1)
        ]
    return paths


def _text_of(path: bytes) -> str:
    return base64.urlsafe_b64encode(path).decode().rstrip("=")


def _is_signed(public_text: str, payload: bytes, signature: str) -> bool:
    """Whether the key signed this payload, alone or in a tree."""
    if "." not in signature:
        return check_signature(public_text, _CONTEXT + payload, signature)
    try:
        place_text, count_text, path, own = signature.split(".")
        place, count = int(place_text), int(count_text)
        hashes = base64.b64decode(path + "=" * (-len(path) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return False
    if not 0 <= place < count <= _LARGEST_TREE:
        return False
    root, left, rest = _leaf(payload), hashes, count
    while rest > 1:
        if place ^ 1 < rest:
            beside, left = left[:32], left[32:]
            if len(beside) != 32:
                return False
            root = _pair(beside, root) if place & 1 else _pair(root, beside)
        place, rest = place // 2, (rest + 1) // 2
    return not left and check_signature(public_text, _tree_bytes(count, root), own)


def read_genuine(envelope: SignedCommand, policy: NodePolicy) -> Command:
    """Steps 1 to 4: size, key, signature, shape, node. What passes was certainly made by a holder of a command key
    for this node, so from here on a refusal is recorded under its id and uses up its sequence number.

    Raises CommandTooLarge, CommandKeyUnknown, CommandForged, CommandMalformed, CommandForOther.
    """
    payload = envelope.payload.encode()
    if len(payload) > LARGEST_PAYLOAD_BYTES:
        raise CommandTooLarge("The command is too long.")
    public_text = policy.keys.get(envelope.key_id)
    if public_text is None:
        raise CommandKeyUnknown("The command is signed with a key this node does not know.")
    if not _is_signed(public_text, payload, envelope.signature):
        raise CommandForged("The signature of the command is not good.")
    try:
        command = msgspec.json.decode(payload, type=Command)
    except msgspec.DecodeError as error:
        raise CommandMalformed("The command cannot be read: %(error)s", error=str(error)) from error
    if canonical(command) != payload:
        raise CommandMalformed("The command is not in canonical form.")
    if command.node != policy.node:
        raise CommandForOther("The command is for node %(node)s.", node=command.node)
    return command


def check_command(command: Command, policy: NodePolicy, *, now: datetime, last_seq: int) -> Arguments:
    """Steps 5 to 9: sequence, time, verb, allow-list, arguments, approval, target. `now` is the node's best idea of the
    center's time; `last_seq` the greatest sequence number judged, from the node's journal.

    Raises CommandReplayed, CommandExpired, CommandNotAllowed, CommandMalformed.
    """
    if command.seq <= last_seq:
        raise CommandReplayed("Command %(seq)s was judged before.", seq=command.seq)
    _check_time(command, now)
    verb = VERBS.get(command.verb)
    if verb is None:
        raise CommandMalformed("The node does not know the verb %(verb)s.", verb=command.verb)
    arguments = command.arguments()
    if not _is_allowed(policy.allowed, command.verb, getattr(arguments, "service", "")):
        raise CommandNotAllowed("The node file does not allow %(verb)s here.", verb=command.verb)
    if verb.needs_approval and command.approved_by.strip() in ("", command.requested_by.strip()):
        raise CommandNotAllowed("%(verb)s needs the approval of a second person.", verb=command.verb)
    if verb.needs_instance and not command.instance:
        raise CommandMalformed("%(verb)s must name the instance it is meant for.", verb=command.verb)
    return arguments


def _check_time(command: Command, now: datetime) -> None:
    if command.issued_at.tzinfo is None or command.expires_at.tzinfo is None:
        raise CommandMalformed("The times of the command have no offset.")
    if not command.issued_at < command.expires_at <= command.issued_at + LONGEST_LIFE:
        raise CommandMalformed("The command must expire within seven days of its issue.")
    if now >= command.expires_at:
        raise CommandExpired("The command expired at %(at)s.", at=command.expires_at)
    if now < command.issued_at - CLOCK_TOLERANCE:
        raise CommandExpired("The command is dated %(at)s, in the future.", at=command.issued_at)


def _is_allowed(allowed: frozenset[str], verb: str, service: str) -> bool:
    group = verb.partition(".")[0] + ".*"
    rules = {"*", group, verb}
    if service:
        rules |= {f"{verb} {service}", f"{group} {service}"}
    return not rules.isdisjoint(allowed)


def audit_entry(step: CommandResult) -> bytes:
    """What a node's audit says of one step of a command; both ends make the same bytes of it."""
    return msgspec.json.encode([step.id, step.seq, step.state, step.at, step.code])


def audit_hash(previous: str, entry: bytes) -> str:
    """Hash of an audit entry chained to the one before ("" for the first). Both ends compute it and compare."""
    return hashlib.sha256(previous.encode() + b"\n" + entry).hexdigest()
