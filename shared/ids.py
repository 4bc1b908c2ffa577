"""Keys of records: UUID version 7, made where the row is born, before any database sees it."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

_RANDOM_BITS = 74
_RANDOM_MASK = (1 << _RANDOM_BITS) - 1

_lock = threading.Lock()
_last_millisecond = 0
_last_random = 0


def new_id() -> UUID:
    """A new UUIDv7, greater than every id this process made before, also when the clock is set back.

    Within one millisecond (or behind a clock that went back) the random part is counted up by a random step,
    so ids stay unguessable and ordered. Takes the machine's clock, not shared.clock: the time inside an id is
    only there to keep index pages together and is never read as a fact.
    """
    global _last_millisecond, _last_random
    with _lock:
        millisecond = time.time_ns() // 1_000_000
        if millisecond > _last_millisecond:
            # the top bit starts at 0: half of the range is left for counting up
            _last_millisecond, _last_random = millisecond, _random(_RANDOM_BITS - 1)
        else:
            _last_random += 1 + _random(32)
            if _last_random > _RANDOM_MASK:
                _last_millisecond, _last_random = _last_millisecond + 1, _random(_RANDOM_BITS - 1)
        return _compose(_last_millisecond, _last_random)


def _compose(millisecond: int, random_bits: int) -> UUID:
    high, low = random_bits >> 62, random_bits & ((1 << 62) - 1)
    return UUID(int=millisecond << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)


def _random(bits: int) -> int:
    return int.from_bytes(os.urandom(10), "big") & ((1 << bits) - 1)


def _start_afresh() -> None:
    """After a fork parent and child must not count on from the same number."""
    global _lock, _last_random
    _lock = threading.Lock()
    _last_random = _random(_RANDOM_BITS - 1)


os.register_at_fork(after_in_child=_start_afresh)
