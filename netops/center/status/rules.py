"""The word of the status page. Pure."""

from __future__ import annotations

DISTURBED_FROM = 0.2
FEWEST_MANY = 3


def word_of(node_count: int, troubled_count: int) -> str:
    """ok, busy (some nodes are in trouble) or overloaded (three or more that are a fifth of all); unknown before any was seen."""
    if not node_count:
        return "unknown"
    if not troubled_count:
        return "ok"
    is_many = troubled_count >= max(FEWEST_MANY, DISTURBED_FROM * node_count)
    return "overloaded" if is_many else "busy"
