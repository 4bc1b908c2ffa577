"""Who a node is, and how a request proves it: one Ed25519 key per node for replication and for netops.

What is signed
--------------
A request carries five headers; the signature covers these lines, UTF-8, joined by one line feed, no trailing one::

    trunkline-request-1
    <node>            X-Trunkline-Node, the branch code or node name
    <METHOD>          upper case
    <path>            the target exactly as sent: path and, if any, "?" and query
    <boot>            X-Trunkline-Boot, one run of one process of the node (see BootSource)
    <number>          X-Trunkline-Number, decimal, starts at 1 and grows by one with every request of that run
    <digest>          X-Trunkline-Body, SHA-256 of the body as sent (after compression), lower-case hex

X-Trunkline-Signature is the Ed25519 signature of those bytes, base64url without padding. No field may hold a control
character, so no field can pretend to be two. Other headers, the host and the answer are not covered: TLS does that.

A receiver (1) reads ``claimed_node``, (2) fetches that node's public key, (3) calls ``verify_request``, (4) asks its
replay memory (``ReplayState.accept``, kept in the same transaction as the effect, or ``ReplayGuard`` in memory).
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.clock import now
from shared.errors import Refused

NODE_HEADER = "X-Trunkline-Node"
BOOT_HEADER = "X-Trunkline-Boot"
NUMBER_HEADER = "X-Trunkline-Number"
BODY_HEADER = "X-Trunkline-Body"
SIGNATURE_HEADER = "X-Trunkline-Signature"

_SCHEME = "trunkline-request-1"
_PRIVATE = b"ed25519-private"
NODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_BOOT = re.compile(r"[0-9]{13,19}-[0-9a-f]{8}")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_PATH = re.compile(r"/[\x21-\x7e]{0,4095}")
_METHOD = re.compile(r"[A-Z]{3,8}")


class IdentityRefused(Refused):
    """A request could not prove who sent it. The sender may not simply repeat it: it must sign a new one."""

    status = 401
    code = "identity.refused"


class MissingSignature(IdentityRefused):
    """One of the five headers is missing or malformed."""

    code = "identity.missing"


class BadSignature(IdentityRefused):
    """The signature does not fit the key on file and the request as it arrived."""

    code = "identity.signature"


class BodyChanged(IdentityRefused):
    """The body is not the one that was signed."""

    code = "identity.body"


class Replayed(IdentityRefused):
    """This request, or one that makes it too old to judge, was already accepted."""

    code = "identity.replayed"
    status = 409


def public_text_of(raw: bytes) -> str:
    """The 32 bytes of a public key as text: "ed25519:" and base64url without padding."""
    return "ed25519:" + base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def read_public_text(text: str) -> Ed25519PublicKey:
    """The key written by ``public_text_of``. Raises ValueError when the text is not one."""
    scheme, _, value = text.strip().partition(":")
    if scheme != "ed25519":
        raise ValueError("a public key starts with 'ed25519:'")
    try:
        raw = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("a public key is base64url") from error
    if len(raw) != 32:
        raise ValueError("an Ed25519 public key has 32 bytes")
    return Ed25519PublicKey.from_public_bytes(raw)


def fingerprint(public_text: str) -> str:
    """A short name of a public key for people: 16 hex digits in groups of four."""
    digest = hashlib.sha256(read_public_text(public_text).public_bytes_raw()).hexdigest()
    return " ".join(digest[start : start + 4] for start in range(0, 16, 4))


class NodeKey:
    """The private key of a node. It never leaves the node; only ``public_text`` does."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public_text = public_text_of(private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"NodeKey({self.public_text})"

    @classmethod
    def generate(cls) -> NodeKey:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, raw: bytes) -> NodeKey:
        return cls(Ed25519PrivateKey.from_private_bytes(raw))

    @classmethod
    def load_or_create(cls, path: str | Path) -> NodeKey:
        """The key in the file at path; made there with mode 0600 when there is none.

        Two processes may call it at once: the file is linked into place complete, and the second takes the first's key.
        Raises PermissionError when others may read the file, ValueError when its content is not a key. A damaged key
        is never replaced in silence, because the node would then be somebody else.
        """
        raw = secret_in_file(path, _PRIVATE, lambda: Ed25519PrivateKey.generate().private_bytes_raw())
        return cls.from_bytes(raw)

    def sign(self, message: bytes) -> str:
        """Signature of message, base64url without padding."""
        return base64.urlsafe_b64encode(self._private.sign(message)).decode("ascii").rstrip("=")


def secret_in_file(path: str | Path, scheme: bytes, make: Callable[[], bytes]) -> bytes:
    """The 32 secret bytes in the file at path; made there with mode 0600 when there is none. Raises as NodeKey.load_or_create."""
    path = Path(path)
    try:
        return _read_secret(path, scheme)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(scheme + b":" + base64.urlsafe_b64encode(make()).rstrip(b"=") + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
    finally:
        os.unlink(draft)
    _sync_folder(path.parent)
    return _read_secret(path, scheme)


def _read_secret(path: Path, expected: bytes) -> bytes:
    with path.open("rb") as stream:
        mode = os.fstat(stream.fileno()).st_mode & 0o777
        if mode & 0o077:
            raise PermissionError(f"the key file {path} is readable by others (mode {mode:o}): chmod 600 it")
        text = stream.read(4096)
    scheme, _, value = text.strip().partition(b":")
    try:
        raw = base64.b64decode(value + b"=" * (-len(value) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raw = b""
    if scheme != expected or len(raw) != 32:
        raise ValueError(f"{path} does not hold a node key")
    return raw


@lru_cache(maxsize=4_096)
def _known_key(public_text: str) -> Ed25519PublicKey:
    """A key ready to verify: reading one costs a tenth of a verification."""
    return read_public_text(public_text)


def check_signature(public_text: str, message: bytes, signature: str) -> bool:
    """Whether signature (as ``NodeKey.sign`` writes it) is that key's over message. Malformed text is False."""
    try:
        raw = base64.b64decode(signature + "=" * (-len(signature) % 4), altchars=b"-_", validate=True)
        _known_key(public_text).verify(raw, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request whose signature was good: which node, which run of its process, the how-many-th request of that run."""

    node: str
    boot: str
    number: int


def body_digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def sign_request(
    key: NodeKey, *, node: str, method: str, path: str, body: bytes, boot_id: str, number: int
) -> dict[str, str]:
    """The five headers of a request. ValueError when a field could not be verified at the other end."""
    digest = body_digest(body)
    message = _signed_bytes(node, method.upper(), path, boot_id, str(number), digest)
    return {
        NODE_HEADER: node,
        BOOT_HEADER: boot_id,
        NUMBER_HEADER: str(number),
        BODY_HEADER: digest,
        SIGNATURE_HEADER: key.sign(message),
    }


def claimed_node(headers: Mapping[str, str]) -> str:
    """The node a request says it comes from: only good for looking up the key. Raises MissingSignature."""
    return _header(headers, NODE_HEADER)


def verify_request(
    public_text: str, headers: Mapping[str, str], method: str, path: str, body: bytes
) -> SignedRequest:
    """Prove a request against the public key on file for its node. May be called twice: it remembers nothing.

    path is the raw target with its query. Raises MissingSignature, BodyChanged, BadSignature. A good signature does
    not say that the request is new: ask ``ReplayState`` or ``ReplayGuard`` next.
    """
    node, boot, number = (_header(headers, name) for name in (NODE_HEADER, BOOT_HEADER, NUMBER_HEADER))
    digest, signature = _header(headers, BODY_HEADER), _header(headers, SIGNATURE_HEADER)
    try:
        message = _signed_bytes(node, method.upper(), path, boot, number, digest)
    except ValueError as error:
        raise MissingSignature("The request is not signed as this server expects.") from error
    if not check_signature(public_text, message, signature):
        raise BadSignature("The signature of the request does not fit the key on file for this node.")
    if not secrets.compare_digest(digest, body_digest(body)):
        raise BodyChanged("The body of the request is not the one that was signed.")
    return SignedRequest(node=node, boot=boot, number=int(number))


class BootSource:
    """Names the runs of a node's processes so that a later run has the greater name, whatever the clock does.

    A boot is "<milliseconds>-<8 random hex digits>": the wall clock in milliseconds, but always more than the last
    one in the file. So a lost file is healed by the clock and a clock set back is healed by the file.
    """

    def __init__(self, path: str | Path, wall_ms: Callable[[], int] | None = None) -> None:
        self._path = Path(path)
        self._wall_ms = wall_ms or (lambda: int(now().timestamp() * 1000))

    def next_boot(self) -> str:
        """A new boot, written down with fsync before it is returned. Two processes at once get two boots."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)
            text = stream.read(64).strip()
            last = int(text) if text.isdigit() else 0
            number = max(last + 1, self._wall_ms())
            stream.seek(0)
            stream.write(b"%019d\n" % number)
            stream.flush()
            os.fsync(stream.fileno())
        return f"{number:013d}-{secrets.token_hex(4)}"


class RequestSigner:
    """Signs the requests of one process: one boot, numbers growing from 1. One per process, not shared by threads."""

    def __init__(self, key: NodeKey, node: str, boot: str) -> None:
        self.key, self.node, self.boot = key, node, boot
        self._number = 0

    def headers(self, method: str, path: str, body: bytes = b"") -> dict[str, str]:
        """The headers of the next request. A repeated request must be signed again: numbers are used once."""
        self._number += 1
        run = {"node": self.node, "boot_id": self.boot}
        return sign_request(self.key, method=method, path=path, body=body, number=self._number, **run)


_WINDOW = 64
_KEPT_BOOTS = 16


class SeenBoot(msgspec.Struct, frozen=True, array_like=True):
    """What was accepted of one run: the greatest number, and of the 64 up to it which ones (bit 0 = the greatest)."""

    boot: str
    greatest: int
    seen: int


class ReplayState(msgspec.Struct, frozen=True):
    """All that must be remembered about one node so that no request of it is accepted twice. A value: store its text.

    Requests of one run may overtake each other by up to 64 numbers (an agent polls for commands while it reports), and
    several processes of a node may be at work (the 16 newest runs are kept). ``floor`` is the youngest run forgotten:
    that and everything older is refused, so forgetting never opens a door.
    """

    floor: int = 0
    boots: tuple[SeenBoot, ...] = ()

    @classmethod
    def from_text(cls, text: str) -> ReplayState:
        """State from ``to_text``; the empty text is a node never heard of."""
        return msgspec.json.decode(text, type=cls) if text else cls()

    def to_text(self) -> str:
        return msgspec.json.encode(self).decode()

    def accept(self, request: SignedRequest) -> ReplayState:
        """The state after this request. Raises Replayed when it was accepted before or is too old to judge."""
        for index, known in enumerate(self.boots):
            if known.boot == request.boot:
                renewed = _mark(known, request.number)
                return ReplayState(self.floor, (*self.boots[:index], renewed, *self.boots[index + 1 :]))
        if _boot_order(request.boot) <= self.floor:
            raise Replayed("This request belongs to a run of the node that ended long ago.")
        boots = sorted(
            (*self.boots, SeenBoot(request.boot, request.number, 1)), key=lambda seen: _boot_order(seen.boot)
        )
        forgotten, kept = boots[:-_KEPT_BOOTS], boots[-_KEPT_BOOTS:]
        floor = max((_boot_order(seen.boot) for seen in forgotten), default=self.floor)
        return ReplayState(max(self.floor, floor), tuple(kept))


class ReplayGuard:
    """Replay memory of many nodes in one process. ``save(node, text)`` is called before each acceptance returns.

    Give it what was saved (``load(node) -> text or ""``) and it holds across restarts. Without both it forgets at a
    restart, which lets an eavesdropper repeat old requests once: only for tests. If save raises, nothing is accepted.
    """

    def __init__(
        self,
        load: Callable[[str], str] | None = None,
        save: Callable[[str, str], None] | None = None,
    ) -> None:
        self._load, self._save = load, save
        self._states: dict[str, ReplayState] = {}

    def accept(self, request: SignedRequest) -> None:
        """Raises Replayed when the request was accepted before."""
        state = self._states.get(request.node)
        if state is None:
            state = ReplayState.from_text(self._load(request.node) if self._load else "")
        after = state.accept(request)
        if self._save:
            self._save(request.node, after.to_text())
        self._states[request.node] = after


def _mark(known: SeenBoot, number: int) -> SeenBoot:
    if number > known.greatest:
        shifted = (known.seen << min(number - known.greatest, _WINDOW)) & ((1 << _WINDOW) - 1)
        return SeenBoot(known.boot, number, shifted | 1)
    age = known.greatest - number
    if age >= _WINDOW or known.seen >> age & 1:
        raise Replayed("This request was already accepted once.")
    return SeenBoot(known.boot, known.greatest, known.seen | 1 << age)


def _boot_order(boot: str) -> int:
    return int(boot.partition("-")[0])


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name) or headers.get(name.lower())
    if not value:
        raise MissingSignature("The request is not signed: header %(name)s is missing.", name=name)
    return value


def _signed_bytes(node: str, method: str, path: str, boot: str, number: str, digest: str) -> bytes:
    fields = ((node, NODE_NAME), (method, _METHOD), (path, _PATH), (boot, _BOOT), (number, _NUMBER))
    for value, shape in fields:
        if not shape.fullmatch(value):
            raise ValueError(f"cannot be signed: {value[:80]!r}")
    return "\n".join((_SCHEME, node, method, path, boot, number, digest)).encode()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
