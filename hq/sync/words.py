"""Names for people of what replication speaks of: reasons and outcomes."""

from collections.abc import Mapping

from shared.i18n import N_, gettext

REASONS: Mapping[str, str] = {
    "poison": N_("cannot be stored"),
    "unknown_table": N_("unknown table"),
    "newer_schema": N_("newer release"),
}
OUTCOMES: Mapping[str, str] = {
    "applied": N_("taken over"),
    "superseded": N_("overtaken by a later change"),
    "dismissed": N_("dismissed"),
}


def reason_word(code: str) -> str:
    """Why a change was set aside."""
    return gettext(REASONS[code]) if code in REASONS else code


def outcome_word(code: str) -> str:
    """How a change was settled."""
    return gettext(OUTCOMES[code]) if code in OUTCOMES else code
