"""The life of a feedback, its kinds and levels. Pure."""

from collections.abc import Mapping

from branch_node.transitions import moves
from shared.i18n import N_

KINDS: Mapping[str, str] = {
    "complaint": N_("complaint"),
    "suggestion": N_("suggestion"),
    "question": N_("question"),
    "praise": N_("praise"),
    "comment": N_("comment"),
}
LEVELS: Mapping[str, str] = {
    "high": N_("high"),
    "normal": N_("normal"),
    "low": N_("low"),
}
STATUS_SHAPES: Mapping[str, str] = {
    "open": "open",
    "assigned": "waiting",
    "answered": "sent",
    "closed": "closed",
}
STATUSES: Mapping[str, str] = {
    "open": N_("open"),
    "assigned": N_("assigned"),
    "answered": N_("answered"),
    "closed": N_("closed"),
}

MOVES = moves(
    {
        "open": N_('"%(number)s" is open. Assign or answer it first.'),
        "assigned": N_('"%(number)s" is assigned. Answer it first.'),
        "answered": N_('"%(number)s" was answered. Close it, or assign it again.'),
        "closed": N_('"%(number)s" is closed. Reopen it first.'),
    },
    ("assign", "open assigned answered", "assigned", "feedback.handle", ""),
    ("answer", "open assigned answered", "answered", "feedback.edit", "answered_at"),
    ("close", "answered", "closed", "feedback.handle", "closed_at"),
    ("reopen", "closed", "open", "feedback.handle", ""),
)
