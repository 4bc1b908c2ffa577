"""What headquarters' refusals, and its silence, mean to the node that sends."""

from collections.abc import Mapping

import httpx
import msgspec

from shared.replication.handover import FENCED
from shared.replication.messages import CursorReply, Refusal

FENCED_PAUSE_SECONDS = 30.0


class Unreachable(Exception):
    """Headquarters did not answer, or asked to wait: try again after `after` seconds at the earliest. `trouble`: what a
    person must be told of it (`ReplicationState.trouble`)."""

    trouble = ""

    def __init__(self, reason: str, after: float = 0.0) -> None:
        super().__init__(reason)
        self.after = after


class Busy(Unreachable):
    """Headquarters answers, but has no turn for this node now (429)."""


class Cloned(Unreachable):
    """Headquarters hears an older run of this node as well and refuses this one."""

    trouble = "cloned"


class Outdated(Unreachable):
    """Headquarters reads no longer what this release writes: this node must be upgraded."""

    trouble = "outdated"


class ShutOut(Unreachable):
    """Headquarters does not know this node's key, or not any more: it was revoked, or another machine has its place."""

    trouble = "refused"


class HeldBack(Unreachable):
    """Headquarters takes nothing of this branch until a person lets it through: too many of its changes were bad."""

    trouble = "held"


class Fenced(Unreachable):
    """A standby has taken the branch over; headquarters listened to this node up to `cursor`."""

    def __init__(self, reason: str, cursor: CursorReply | None) -> None:
        super().__init__(reason, FENCED_PAUSE_SECONDS)
        self.cursor = cursor


REFUSED: Mapping[str, type[Unreachable]] = {
    "cloned": Cloned,
    "outdated": Outdated,
    "held": HeldBack,
    "identity.signature": ShutOut,
}
"""By the code of headquarters' refusal."""


class AskAgain(Exception):
    """What we believed about headquarters' cursor was wrong: say hello again."""


class Forked(Exception):
    """Headquarters' cursor does not lie in our log: this branch must rejoin."""


def refusal_of(answer: httpx.Response) -> Exception:
    """What an answer other than 200 means: Unreachable (Busy, Cloned, Outdated, HeldBack, ShutOut, Fenced), or AskAgain."""
    try:
        refusal = msgspec.json.decode(answer.content, type=Refusal)
    except msgspec.MsgspecError:
        refusal = Refusal(f"http_{answer.status_code}", answer.text[:200], True)
    if refusal.code in ("gap", "fork"):
        return AskAgain(refusal.code)
    reason = f"{refusal.code}: {refusal.message}"
    if refusal.code == FENCED:
        return Fenced(reason, refusal.cursor)
    if answer.status_code == 429:
        return Busy(reason, _retry_after(answer))
    return REFUSED.get(refusal.code, Unreachable)(reason, _retry_after(answer))


def _retry_after(answer: httpx.Response) -> float:
    """The seconds to wait at least; a second for what is no number of seconds."""
    said = answer.headers.get("retry-after", "0")
    return min(float(said), 300.0) if said.isdecimal() else 1.0
