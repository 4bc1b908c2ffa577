"""Keys of records: UUID version 7, made where the row is born, before any database sees it."""

from __future__ import annotations

import os
import threading
import time
from uuid import UUID

_RANDOM_BITS = 74
_RANDOM_MASK = (1 << _RANDOM_BITS) - 1
_STEP_MASK = (1 << 32) - 1
_DRAW_BYTES = 10

_lock = threading.Lock()
_last_millisecond = 0
_last_random = 0


def new_id() -> UUID:
    """A new UUIDv7, greater than every id this process made before, also when the clock is set back.

    Within one millisecond (or behind a clock that went back) the random part is counted up by a random step,
    so ids stay unguessable and ordered. Takes the machine's clock, not shared.clock: the time inside an id is
    only there to keep index pages together and is never read as a fact.
    """
    return new_ids(1)[0]


def new_ids(count: int) -> list[UUID]:
    """So many new ids at once, each greater than the one before; see `new_id`."""
    return [UUID(int=number) for number in _numbers(count)]


def new_id_texts(count: int) -> list[str]:
    """`new_ids` as `str` writes them, for half the work: the objects are not made."""
    texts = [f"{number:032x}" for number in _numbers(count)]
    return [f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}" for text in texts]


def _numbers(count: int) -> list[int]:
    """The next ids of this process, as numbers."""
    drawn = os.urandom(_DRAW_BYTES * count)
    with _lock:
        return [
            _next(int.from_bytes(drawn[at : at + _DRAW_BYTES], "big"))
            for at in range(0, len(drawn), _DRAW_BYTES)
        ]


def _next(drawn: int) -> int:
    """The next id of this process; under the lock."""
    global _last_millisecond, _last_random
    millisecond = time.time_ns() // 1_000_000
    if millisecond > _last_millisecond:
        # the top bit starts at 0: half of the range is left for counting up
        _last_millisecond, _last_random = millisecond, drawn & (_RANDOM_MASK >> 1)
    else:
        _last_random += 1 + (drawn & _STEP_MASK)
        if _last_random > _RANDOM_MASK:
            _last_millisecond, _last_random = _last_millisecond + 1, drawn & (_RANDOM_MASK >> 1)
    return _compose(_last_millisecond, _last_random)


def _compose(millisecond: int, random_bits: int) -> int:
    high, low = random_bits >> 62, random_bits & ((1 << 62) - 1)
    return millisecond << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low


def _start_afresh() -> None:
    """After a fork parent and child must not count on from the same number."""
    global _lock, _last_random
    _lock = threading.Lock()
    _last_random = int.from_bytes(os.urandom(_DRAW_BYTES), "big") & (_RANDOM_MASK >> 1)


os.register_at_fork(after_in_child=_start_afresh)
