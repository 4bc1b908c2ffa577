"""When a statement holds. Pure."""

from collections.abc import Mapping


def line_state(is_equal: bool, newest_version: int, stated_position: int) -> str:
    """green: count, sums and hash are equal; changed: they are not, but a row of the day came after the statement, so that the
    branch will state the day anew; red: headquarters does not hold what the branch stated."""
    if is_equal:
        return "green"
    return "changed" if newest_version > stated_position else "red"


WORST_FIRST = ("red", "changed", "not_yet", "green")


def worst(states: Mapping[str, str]) -> str:
    """The worst of the states of a branch's ledgers."""
    return min(states.values(), key=WORST_FIRST.index, default="not_yet")
