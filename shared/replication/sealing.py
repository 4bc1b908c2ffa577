"""A branch's accounts on their way to its standby, sealed so that headquarters carries what it cannot read or change.

Three texts. An invitation is made on the branch's machine and carried by a person to the standby's: a secret and the branch's
public key, so that neither side believes headquarters about the other's key. With it the standby makes an offer: its sealing key
(X25519), signed by the key it enrolled with, with a MAC by the secret. From then on the branch makes bundles: sealed to that key
by a key of its own for each bundle (X25519, HKDF-SHA256, ChaCha20-Poly1305), numbered, signed by the branch's node key.

`POST /sync/v1/accounts` carries them; see PROTOCOL.md, 'Accounts of a standby'.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.errors import Refused
from shared.i18n import N_
from shared.nodes.identity import NodeKey, check_signature, read_public_text, secret_in_file

ACCOUNTS_PATH = "/sync/v1/accounts"
MAX_BUNDLE_BYTES = 4 * 1024 * 1024
_INVITATION = "tla1"
_ONCE = bytes(12)
"""The nonce: a key seals one bundle and no other."""


class SealRefused(Refused):
    """An invitation, offer or bundle that is not what it says; the code says why."""

    status = 409
    code = "seal.refused"


class Invitation(msgspec.Struct, frozen=True):
    """What a person carries from the branch's machine to the standby's."""

    secret: str
    branch_key: str

    @classmethod
    def make(cls, branch_key: str) -> Invitation:
        return cls(secrets.token_urlsafe(32), branch_key)

    @property
    def text(self) -> str:
        return f"{_INVITATION}.{self.secret}.{self.branch_key.removeprefix('ed25519:')}"

    @classmethod
    def from_text(cls, text: str) -> Invitation:
        """Raises SealRefused when it is not a whole one."""
        scheme, _, rest = text.strip().partition(".")
        secret, _, key = rest.partition(".")
        try:
            read_public_text(f"ed25519:{key}")
        except ValueError:
            key = ""
        if scheme != _INVITATION or len(secret) < 43 or not key:
            raise SealRefused(N_("This is not a whole invitation. Copy it again, or make another one."), code="seal.invitation")  # fmt: skip
        return cls(secret, f"ed25519:{key}")


class Offer(msgspec.Struct, frozen=True):
    """The standby's sealing key and who it is."""

    branch: str
    standby_key: str
    seal_key: str
    mac: str
    signature: str


class Bundle(msgspec.Struct, frozen=True):
    """Sealed accounts. `number` grows from bundle to bundle; `sealed_at` is in milliseconds UTC by the branch's clock."""

    branch: str
    number: int
    sealed_at: int
    branch_key: str
    standby_key: str
    seal_key: str
    once_key: str
    box: bytes
    signature: str


class AccountsAsked(msgspec.Struct, frozen=True):
    """Of the branch: `bundle` is its newest, empty when it only asks for the offer. Of the standby: its `offer`, and the
    number of the newest bundle that it has."""

    branch: str
    offer: str = ""
    have: int = 0
    bundle: str = ""


class AccountsReply(msgspec.Struct, frozen=True):
    """To the branch: the key of the standby enrolled now ("": there is none) and its offer. To the standby: a newer bundle."""

    standby_key: str = ""
    offer: str = ""
    bundle: str = ""


class SealingKey:
    """The standby's X25519 key, in a file that nobody else may read; it never leaves the machine."""

    def __init__(self, raw: bytes) -> None:
        self._private = X25519PrivateKey.from_private_bytes(raw)
        self.public_text = _text_of(self._private.public_key().public_bytes_raw())

    @classmethod
    def load_or_create(cls, path: Path) -> SealingKey:
        """Raises as NodeKey.load_or_create."""
        return cls(secret_in_file(path, b"x25519-private", lambda: X25519PrivateKey.generate().private_bytes_raw()))  # fmt: skip

    def shared_with(self, public_text: str) -> bytes:
        """The common secret. ValueError for what is no public key."""
        return self._private.exchange(_public_of(public_text))


def make_offer(invitation: Invitation, node: NodeKey, sealing: SealingKey, branch: str) -> str:
    """The text of the standby's offer."""
    mac = _mac(invitation, branch, node.public_text, sealing.public_text)
    said = Offer(branch, node.public_text, sealing.public_text, mac, "")
    return _encode(msgspec.structs.replace(said, signature=node.sign(_offer_lines(said))))


def read_offer(text: str, invitation: Invitation, branch: str) -> Offer:
    """The offer of the standby to which the invitation was carried. Raises SealRefused for every other."""
    try:
        said = msgspec.json.decode(text, type=Offer)
        _public_of(said.seal_key)
        known = _mac(invitation, branch, said.standby_key, said.seal_key)
    except (msgspec.MsgspecError, ValueError):
        raise SealRefused(N_("The offer cannot be read."), code="seal.offer") from None
    is_own = said.branch == branch and hmac.compare_digest(known.encode(), said.mac.encode())
    if not is_own or not check_signature(said.standby_key, _offer_lines(said), said.signature):
        raise SealRefused(N_("The offer is not from the machine that was invited."), code="seal.offer")
    return said


def seal(plain: bytes, node: NodeKey, offer: Offer, number: int, sealed_at: int) -> str:
    """The text of a bundle that only the standby of the offer can open. ValueError above MAX_BUNDLE_BYTES."""
    once = X25519PrivateKey.generate()
    bundle = Bundle(
        offer.branch, number, sealed_at, node.public_text, offer.standby_key, offer.seal_key,
        _text_of(once.public_key().public_bytes_raw()), b"", "",
    )  # fmt: skip
    head = _bundle_lines(bundle)
    key = _key_for(once.exchange(_public_of(offer.seal_key)), head)
    box = ChaCha20Poly1305(key).encrypt(_ONCE, plain, head)
    signature = node.sign(head + b"\n" + hashlib.sha256(box).hexdigest().encode())
    text = _encode(msgspec.structs.replace(bundle, box=box, signature=signature))
    if len(text) > MAX_BUNDLE_BYTES:
        raise ValueError("the accounts are too many for one bundle")
    return text


def read_bundle(text: str, *, branch: str, branch_key: str, standby_key: str, after: int) -> Bundle:
    """The bundle, proved to come from the branch's node and to be newer than number `after`; not opened. Raises SealRefused."""
    try:
        bundle = msgspec.json.decode(text, type=Bundle)
    except msgspec.MsgspecError:
        raise SealRefused(N_("The sealed accounts cannot be read."), code="seal.bundle") from None
    signed = _bundle_lines(bundle) + b"\n" + hashlib.sha256(bundle.box).hexdigest().encode()
    is_ours = (bundle.branch, bundle.branch_key, bundle.standby_key) == (branch, branch_key, standby_key)
    if not is_ours or not check_signature(branch_key, signed, bundle.signature):
        raise SealRefused(N_("The sealed accounts are not from the branch's machine."), code="seal.bundle")
    if bundle.number <= after:
        raise SealRefused(N_("These sealed accounts are older than those that are here."), code="seal.older")
    return bundle


def open_bundle(bundle: Bundle, sealing: SealingKey) -> bytes:
    """What was sealed. Raises SealRefused when it was sealed to another key or altered."""
    head = _bundle_lines(bundle)
    try:
        return ChaCha20Poly1305(_key_for(sealing.shared_with(bundle.once_key), head)).decrypt(
            _ONCE, bundle.box, head
        )
    except (InvalidTag, ValueError):
        raise SealRefused(N_("The sealed accounts cannot be opened with this machine's key."), code="seal.key") from None  # fmt: skip


def _key_for(common: bytes, head: bytes) -> bytes:
    """The key of one bundle; everything its head says is bound into it."""
    return HKDF(SHA256(), 32, salt=None, info=b"trunkline-accounts-1\n" + hashlib.sha256(head).digest()).derive(common)  # fmt: skip


def _mac(invitation: Invitation, branch: str, standby_key: str, seal_key: str) -> str:
    lines = "\n".join(("trunkline-offer-1", branch, invitation.branch_key, standby_key, seal_key))
    return hmac.new(invitation.secret.encode(), lines.encode(), hashlib.sha256).hexdigest()


def _offer_lines(said: Offer) -> bytes:
    return "\n".join(("trunkline-offer-1", said.branch, said.standby_key, said.seal_key, said.mac)).encode()


def _bundle_lines(bundle: Bundle) -> bytes:
    about = (bundle.branch, str(bundle.number), str(bundle.sealed_at))
    keys = (bundle.branch_key, bundle.standby_key, bundle.seal_key, bundle.once_key)
    return "\n".join(("trunkline-accounts-1", *about, *keys)).encode()


def _encode(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def _text_of(raw: bytes) -> str:
    return "x25519:" + base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _public_of(text: str) -> X25519PublicKey:
    """ValueError when the text is no public key."""
    scheme, _, value = text.partition(":")
    if scheme != "x25519":
        raise ValueError("a sealing key starts with 'x25519:'")
    raw = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
    return X25519PublicKey.from_public_bytes(raw)
