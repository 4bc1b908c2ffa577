"""The proof of the change log: chain hash and digests, computed anew, against those of each confirmed position.

Headquarters holds the same chain of its own and compares at each contact: who forges log and checkpoints here is found
there."""

import json
from dataclasses import dataclass
from datetime import datetime

from branch_node.replication.epochs import NotInLog, rolled_forward
from branch_node.replication.models import ReplicationCheckpoint, ReplicationEpoch, ReplicationState
from branch_node.replication.pruning import PresentLog
from branch_node.replication.source import Position


@dataclass(frozen=True)
class Proof:
    """What the check found. `is_whole` None: nothing was confirmed yet, so there is nothing to compare with.

    `confirmed` positions agree from `first` to `last`; where they do not, `broken_at` is the confirmed position before
    which something was changed."""

    is_whole: bool | None
    first: int
    last: int
    confirmed: int
    confirmed_at: datetime | None
    broken_at: int = 0


async def prove() -> Proof:
    """Compute the chain over the kept log and compare it at every position that headquarters confirmed.

    Each change's hash is made of the one before it: a change that was altered, removed or slipped in makes every later
    hash another. Reads the whole log once; may be called at any time.
    """
    state = await ReplicationState.get_or_none(id=1)
    era = await ReplicationEpoch.get_or_none(epoch=state.epoch) if state is not None else None
    if state is None or era is None:
        return Proof(None, 0, 0, 0, None)
    position = Position.from_parts(era.base, era.chain, era.digests)
    marks = await ReplicationCheckpoint.filter(epoch=era.epoch, seq__gt=era.base).order_by("seq")
    last = era.base
    for mark in marks:
        try:
            position = await rolled_forward(PresentLog(), position, mark.seq)
        except NotInLog:
            return Proof(False, era.base, last, len(marks), state.acked_at, mark.seq)
        if position.chain.hex() != mark.chain or json.loads(position.to_json()) != json.loads(mark.digests):
            return Proof(False, era.base, last, len(marks), state.acked_at, mark.seq)
        last = mark.seq
    return Proof(True if marks else None, era.base, last, len(marks), state.acked_at)
