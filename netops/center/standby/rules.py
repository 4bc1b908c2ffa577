"""Promotion of a standby: two of three, or an operator; and fencing by epoch, so that two writers are never both believed. Pure.

Three parties: the primary, its standby, and headquarters as witness, which also receives what is written. The standby may
take over when it and the witness have both not heard of the primary for `GONE_AFTER`, or when an operator orders it. Only the
witness grants, by raising the epoch from exactly the one that the standby knows; what carries another epoch, or comes from
anybody but the epoch's holder, is refused from that moment on. So safety needs no clock: at worst nobody is believed.
headquarters' side of it in this product is hq/replication/standby.py, ordered by the verb standby.promote.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

GONE_AFTER = timedelta(seconds=60)

Role = Literal["primary", "standby", "read_only"]


@dataclass(frozen=True)
class Witness:
    """What the receiver of data knows: the epoch, who holds it, and when it last heard of each node (seconds)."""

    epoch: int
    holder: str
    heard: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Party:
    """A node of the branch. `saw_primary` is when a standby last heard of its primary (seconds)."""

    name: str
    role: Role
    epoch: int
    saw_primary: float = 0.0


@dataclass(frozen=True)
class Answer:
    """The witness's answer: what it knows now, whether it took the data or granted, and why not."""

    witness: Witness
    is_granted: bool
    why: str = ""


def receive(witness: Witness, sender: str, epoch: int, at: float) -> Answer:
    """Data of a node: taken only from the holder of the epoch, under that epoch. A refused node was heard all the same only
    when it is the holder: a fenced primary that keeps calling must not look alive."""
    if sender != witness.holder:
        return Answer(witness, False, "another node holds the epoch")
    if epoch != witness.epoch:
        return Answer(witness, False, "the epoch is over")
    return Answer(replace(witness, heard={**witness.heard, sender: at}), True)


def is_gone(last_heard: float | None, at: float) -> bool:
    """Whether somebody not heard of since then counts as gone. Never heard of counts, too."""
    return last_heard is None or at - last_heard >= GONE_AFTER.total_seconds()


def votes_for_promotion(witness: Witness, standby: Party, at: float) -> int:
    """How many of the three say that the primary is gone; the primary itself never says so."""
    return int(is_gone(standby.saw_primary, at)) + int(is_gone(witness.heard.get(witness.holder), at))


def ask_promotion(witness: Witness, standby: Party, at: float, *, by_operator: bool = False) -> Answer:
    """The standby asks the witness for the next epoch. Asked again by the holder it is granted again, unchanged."""
    if standby.name == witness.holder:
        return Answer(witness, True)
    if standby.epoch != witness.epoch:
        return Answer(witness, False, "the standby does not know the present epoch")
    if not by_operator and votes_for_promotion(witness, standby, at) < 2:
        return Answer(witness, False, "fewer than two of three say that the primary is gone")
    return Answer(Witness(witness.epoch + 1, standby.name, {standby.name: at}), True)


def promoted(standby: Party, answer: Answer) -> Party:
    """The standby after the answer; only a grant makes it the primary."""
    return replace(standby, role="primary", epoch=answer.witness.epoch) if answer.is_granted else standby


def refused(party: Party) -> Party:
    """A node whose data was refused writes no more: it is read-only until somebody decides over what it had not sent."""
    return replace(party, role="read_only")


@dataclass(frozen=True)
class Advice:
    """What speaks for promoting a standby now, for the person who decides: seconds since each side heard of the primary."""

    primary: str
    center_silent_seconds: float | None
    standby_silent_seconds: float | None

    @property
    def votes(self) -> int:
        limit = GONE_AFTER.total_seconds()
        known = (self.center_silent_seconds, self.standby_silent_seconds)
        return sum(seconds is not None and seconds >= limit for seconds in known)
