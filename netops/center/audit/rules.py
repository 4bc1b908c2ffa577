"""The chain of the audit: what is hashed, and where a chain breaks. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.canonical import canonical_json, to_micros
from shared.nodes.command import audit_hash


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the chain as it stands in the table."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str
    facts: Mapping[str, Any]
    hash: str


def entry_bytes(link: Link) -> bytes:
    """What the hash of an entry covers: everything but the hash."""
    content = {
        "seq": link.seq,
        "at": to_micros(link.at),
        "actor": link.actor,
        "action": link.action,
        "subject": link.subject,
        "reason": link.reason,
        "facts": dict(link.facts),
    }
    return canonical_json(content).encode()


def broken_at(links: Sequence[Link], before: str) -> int | None:
    """The first number whose hash or predecessor does not fit, reading upwards from the hash `before`; None: all fit."""
    expected_seq = links[0].seq if links else 0
    for link in links:
        if link.seq != expected_seq or link.hash != audit_hash(before, entry_bytes(link)):
            return link.seq
        before, expected_seq = link.hash, expected_seq + 1
    return None
