"""How much agents may send and how soon, from what the center has on its hands. Pure."""

from __future__ import annotations

from dataclasses import dataclass

NODES_PER_SECOND = 100
"""Reports a second that one process answers at ease; with more nodes than this times their interval, they report less often."""
FULL_QUEUE = 400
LONGEST_WAIT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Credit:
    """What an agent may do next: wait, then send at most so many items of history and so many bytes."""

    wait_seconds: float
    items: int
    size_bytes: int


def credit(*, report_seconds: float, node_count: int, waiting_count: int, spool_items: int) -> Credit:
    """An agent without a backlog reports at its interval. One with a backlog may come back sooner while the queue is short,
    with more at a time; with a long queue everybody waits longer and brings less."""
    wait = max(report_seconds, node_count / NODES_PER_SECOND)
    fullness = min(1.0, waiting_count / FULL_QUEUE)
    if fullness > 0.25:
        return Credit(min(LONGEST_WAIT_SECONDS, wait * (1 + 4 * fullness)), 20, 128 * 1024)
    if spool_items > 500:
        return Credit(max(1.0, node_count / NODES_PER_SECOND), 400, 1024 * 1024)
    return Credit(wait, 200, 512 * 1024)


def is_full(waiting_count: int) -> bool:
    """Whether a report must be refused for now: what is refused is sent again, what is taken is never lost."""
    return waiting_count >= FULL_QUEUE
