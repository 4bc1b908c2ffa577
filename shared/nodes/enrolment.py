"""How a node becomes known to the center, and how it changes its key: messages, proofs and the one-time token.

Enrolment takes two requests. First the center shows who it is: it signs the node's fresh nonce with its identity key, and
the node compares that key with the pin in the token before it says anything secret. Then the node sends the token's secret
and its own public key, signed over both nonces, and the center answers signed again. A token is good once, for 15 minutes,
for one node, branch and role; the center keeps only its hash. Proofs cover these lines, joined by line feeds::

    trunkline-center-1   <node's nonce> <center's nonce>                                 signed by the center
    trunkline-enrol-1    <center's nonce> <node's nonce> <node> <branch> <role> <public key> <hash of the secret>   by the node
    trunkline-enrolled-1 <node's nonce> <node> <command keys, joined by blanks>          by the center
    trunkline-key-1      <node> <new public key>                                         by the new key
"""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from shared.errors import Refused
from shared.nodes.identity import NodeKey, check_signature, fingerprint

TOKEN_LIFE = timedelta(minutes=15)
NONCE_LIFE = timedelta(minutes=2)
_TOKEN_SCHEME = "tle1"


class EnrolmentRefused(Refused):
    """The node is not enrolled. The message says what to do; the code says why."""

    status = 403
    code = "enrolment.refused"


class WrongPin(EnrolmentRefused):
    """Whoever answers at that address is not the center that made the token: nothing secret was sent."""

    code = "enrolment.pin"


@dataclass(frozen=True, slots=True)
class Token:
    """What an administrator hands to the node: the secret, and the fingerprint of the center's identity key."""

    secret: str
    pin: str

    def to_text(self) -> str:
        return f"{_TOKEN_SCHEME}.{self.secret}.{self.pin}"

    @classmethod
    def from_text(cls, text: str) -> Token:
        """Raises EnrolmentRefused when the text is not a whole token."""
        scheme, _, rest = text.strip().partition(".")
        secret, _, pin = rest.partition(".")
        if scheme != _TOKEN_SCHEME or len(secret) < 32 or len(pin) != 16:
            raise EnrolmentRefused(
                "This is not a whole enrolment token. Copy it again, or have a new one made.",
                code="enrolment.token",
            )
        return cls(secret, pin)

    @classmethod
    def make(cls, center_public: str) -> Token:
        return cls(secrets.token_urlsafe(32), pin_of(center_public))


def pin_of(public_text: str) -> str:
    """The 16 hex digits by which a center's identity key is recognised."""
    return fingerprint(public_text).replace(" ", "")


def secret_hash(secret: str) -> str:
    """What the center keeps of a token."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Greeting(msgspec.Struct, kw_only=True):
    """The node's first word: a fresh nonce."""

    nonce: str


class CenterProof(msgspec.Struct, kw_only=True):
    """The center's answer to a greeting."""

    public_key: str
    nonce: str
    signature: str


class EnrolmentRequest(msgspec.Struct, kw_only=True):
    """The node's second word."""

    secret: str
    node: str
    branch: str
    role: str
    public_key: str
    node_nonce: str
    center_nonce: str
    signature: str


class Enrolled(msgspec.Struct, kw_only=True):
    """The center's last word: whose commands to believe."""

    node: str
    command_keys: list[str]
    signature: str


class NewKey(msgspec.Struct, kw_only=True):
    """A node's next key, sent under the present one; the signature shows that the node holds it."""

    public_key: str
    signature: str


def _lines(*parts: str) -> bytes:
    return "\n".join(parts).encode()


def prove_center(key: NodeKey, node_nonce: str, center_nonce: str) -> CenterProof:
    signature = key.sign(_lines("trunkline-center-1", node_nonce, center_nonce))
    return CenterProof(public_key=key.public_text, nonce=center_nonce, signature=signature)


def check_center(proof: CenterProof, pin: str, node_nonce: str) -> None:
    """Raises WrongPin unless the center of the pin made this proof for this nonce."""
    message = _lines("trunkline-center-1", node_nonce, proof.nonce)
    try:
        is_it = pin_of(proof.public_key) == pin
    except ValueError:
        is_it = False
    if not is_it or not check_signature(proof.public_key, message, proof.signature):
        raise WrongPin(
            "The center at this address is not the one that made the token. Check the address; do not try again elsewhere."
        )


def ask_enrolment(
    key: NodeKey, token: Token, proof: CenterProof, node_nonce: str, *, node: str, branch: str, role: str
) -> EnrolmentRequest:
    request = EnrolmentRequest(
        secret=token.secret, node=node, branch=branch, role=role, public_key=key.public_text,
        node_nonce=node_nonce, center_nonce=proof.nonce, signature="",
    )  # fmt: skip
    request.signature = key.sign(_enrolment_message(request))
    return request


def check_enrolment(request: EnrolmentRequest) -> bool:
    """Whether the sender holds the private key of the public key it shows."""
    return check_signature(request.public_key, _enrolment_message(request), request.signature)


def _enrolment_message(request: EnrolmentRequest) -> bytes:
    return _lines(
        "trunkline-enrol-1", request.center_nonce, request.node_nonce, request.node, request.branch,
        request.role, request.public_key, secret_hash(request.secret),
    )  # fmt: skip


def enrolled(key: NodeKey, node_nonce: str, node: str, command_keys: list[str]) -> Enrolled:
    message = _lines("trunkline-enrolled-1", node_nonce, node, " ".join(command_keys))
    return Enrolled(node=node, command_keys=command_keys, signature=key.sign(message))


def check_enrolled(answer: Enrolled, center_public: str, node_nonce: str) -> None:
    """Raises WrongPin unless the same center made this answer."""
    message = _lines("trunkline-enrolled-1", node_nonce, answer.node, " ".join(answer.command_keys))
    if not check_signature(center_public, message, answer.signature):
        raise WrongPin("The answer of the center is not signed by it. Nothing was changed here.")


def new_key_of(key: NodeKey, node: str) -> NewKey:
    return NewKey(
        public_key=key.public_text, signature=key.sign(_lines("trunkline-key-1", node, key.public_text))
    )


def check_new_key(message: NewKey, node: str) -> bool:
    """Whether the node holds the key that it wants to use."""
    return check_signature(
        message.public_key, _lines("trunkline-key-1", node, message.public_key), message.signature
    )


def draft_of(key_file: Path) -> Path:
    """Where a node's next key waits until the center knows it."""
    return key_file.with_name(key_file.name + ".next")


def take_draft(key_file: Path) -> None:
    """The next key takes the present one's place."""
    os.replace(draft_of(key_file), key_file)
