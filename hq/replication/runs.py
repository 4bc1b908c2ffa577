"""Tells a restarted node from a cloned one. Pure.

Each run of a node's process has a boot that is greater than every earlier one. A restart shows a newer boot and the
older is never heard again; two live copies of a machine are heard in turn. The younger copy is then refused for as long
as the older one speaks, and forgotten when it is not heard any more.
"""

import msgspec

LATE_ALLOWED = 2
SILENT_MICROS = 180 * 1_000_000


class Runs(msgspec.Struct, frozen=True):
    """What is remembered of a branch's runs: the boot that holds the place and when it last spoke (microseconds), the
    younger one heard since and when, how often the older spoke after the younger had, whether the younger is refused."""

    holder: str = ""
    spoke_at: int = 0
    younger: str = ""
    late: int = 0
    is_cloned: bool = False
    younger_at: int = 0

    def to_text(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_text(cls, text: str) -> "Runs":
        return msgspec.json.decode(text, type=cls) if text else cls()


def order_of(boot: str) -> int:
    """Boots begin with a growing number."""
    return int(boot.partition("-")[0])


def greeted(runs: Runs, boot: str, now: int) -> Runs:
    """After a run with this boot said hello at `now` (microseconds)."""
    newest = runs.younger or runs.holder
    if not newest or (now - runs.spoke_at > SILENT_MICROS and order_of(boot) >= order_of(newest)):
        return Runs(boot, now)
    if order_of(boot) < order_of(newest):
        return _elder_spoke(runs, boot, now)
    if boot == runs.holder:
        return Runs(boot, now)
    late = runs.late if boot == runs.younger else 0
    return Runs(runs.holder, runs.spoke_at, boot, late, runs.is_cloned, now)


def is_refused(runs: Runs, boot: str) -> bool:
    """Whether this run is the younger of two live copies."""
    return runs.is_cloned and boot != runs.holder


def pushed(runs: Runs, boot: str, now: int) -> Runs:
    """After a batch of that run. An elder that goes on pushing has no cause to say hello again; a younger one whose elder
    fell silent takes its place."""
    newest = runs.younger or runs.holder
    if newest and order_of(boot) < order_of(newest):
        return _elder_spoke(runs, boot, now)
    if boot == runs.holder or now - runs.spoke_at > SILENT_MICROS:
        return Runs(boot, now)
    if boot == runs.younger:
        return msgspec.structs.replace(runs, younger_at=now)
    return runs


def _elder_spoke(runs: Runs, boot: str, now: int) -> Runs:
    """After a run spoke that is older than the newest heard: once or twice is expected at a restart, when a request was on its way
    meanwhile. A younger one that has not been heard for as long as an elder may be silent is gone."""
    newest, heard_at = (runs.younger, runs.younger_at) if runs.younger else (runs.holder, runs.spoke_at)
    if now - heard_at > SILENT_MICROS:
        return Runs(boot, now)
    late = runs.late + 1
    return Runs(boot, now, newest, late, runs.is_cloned or late > LATE_ALLOWED, heard_at)
