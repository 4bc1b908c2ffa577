"""The life of a task. Pure."""

from branch_node.transitions import moves
from shared.i18n import N_

OPEN_STATES = frozenset({"open", "accepted"})
"""States in which a task is still to be done."""

MOVES = moves(
    {
        "open": N_('"%(number)s" waits to be accepted.'),
        "accepted": N_('"%(number)s" is being worked on.'),
        "done": N_('"%(number)s" is done already.'),
        "cancelled": N_('"%(number)s" was withdrawn.'),
    },
    ("accept", "open", "accepted", "task.edit", ""),
    ("finish", "open accepted", "done", "task.edit", "done_at"),
    ("withdraw", "open accepted", "cancelled", "task.assign", ""),
    ("reopen", "done", "accepted", "task.edit", ""),
)
