"""The life of an opportunity: stages, what is likely in each, why one is lost, its place on the board. Pure."""

from collections.abc import Mapping
from datetime import date

from branch_node.transitions import moves
from shared import vocabulary
from shared.i18n import N_

# Stage -> (label, probability in percent that is assumed until somebody says otherwise).
PERCENT = {"qualify": 10, "needs": 25, "proposal": 50, "negotiation": 75, "won": 100, "lost": 0}
STAGES: Mapping[str, tuple[str, int]] = {
    stage: (label, PERCENT[stage]) for stage, label in vocabulary.STAGES.items()
}
OPEN_STAGES = tuple(vocabulary.OPEN_STAGES)

_OPEN = " ".join(OPEN_STAGES)
MOVES = moves(
    {
        **dict.fromkeys(OPEN_STAGES, N_('"%(number)s" is still open.')),
        "won": N_('"%(number)s" is won. Reopen it first.'),
        "lost": N_('"%(number)s" is lost. Reopen it first.'),
    },
    *((stage, _OPEN, stage, "opportunity.edit", "") for stage in OPEN_STAGES),
    ("won", _OPEN, "won", "opportunity.edit", "closed_on"),
    ("lost", _OPEN, "lost", "opportunity.edit", "closed_on"),
    ("reopen", "won lost", "negotiation", "opportunity.edit", ""),
)


def probability_in(stage: str, before: str, percent: int) -> int:
    """The probability after a move. What somebody set by hand stays between open stages; the end decides itself."""
    assumed = STAGES[stage][1]
    if stage not in OPEN_STAGES or before not in OPEN_STAGES:
        return assumed
    return percent if percent != STAGES[before][1] else assumed


def weighted_minor(amount_minor: int, percent: int) -> int:
    """What an opportunity is expected to bring, half a minor unit rounded up."""
    return (amount_minor * percent + 50) // 100


def is_overdue(stage: str, expected_on: date | None, today: date) -> bool:
    """Still open although it should have closed by now."""
    return stage in OPEN_STAGES and expected_on is not None and expected_on < today
