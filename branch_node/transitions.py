"""Tables of transitions: which move a document may make from which state, by which right. Pure.

Each feature's rules.py declares its moves and one sentence per state that says what can be done from there;
actions call `Moves.target` before they write, and write by a conditional update on the state they saw.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import Conflict
from shared.i18n import N_


@dataclass(frozen=True)
class Move:
    """One move: from any of `sources` to `target`, by a person with the right `action`.

    `stamps` are the columns that keep who and when (or on which business date).
    """

    name: str
    sources: frozenset[str]
    target: str
    action: str
    stamps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Moves:
    """The life of one kind of document. `hints` has a sentence (msgid with %(number)s) for each state."""

    moves: Mapping[str, Move]
    hints: Mapping[str, str]

    def target(self, name: str, status: str, number: str) -> str:
        """The state after the move. Conflict, saying what can be done instead, when it is not allowed now."""
        move = self.moves[name]
        if status in move.sources:
            return move.target
        raise Conflict(
            self.hints.get(status, N_("%(number)s changed meanwhile. Reload the page.")),
            code=f"move.{name}",
            number=number,
        )

    def allowed(self, status: str) -> frozenset[str]:
        """The names of the moves that start at `status`."""
        return frozenset(name for name, move in self.moves.items() if status in move.sources)


def moves(hints: Mapping[str, str], *rows: tuple[str, str, str, str, str]) -> Moves:
    """Rows of (move, sources with blanks between, target, action, stamps with blanks between) as a table.

    ValueError when a state has no sentence or a move is given twice.
    """
    found: dict[str, Move] = {}
    for name, sources, target, action, stamps in rows:
        missing = {*sources.split(), target} - set(hints)
        if missing or name in found:
            raise ValueError(
                f"{name}: {'no sentence for ' + str(sorted(missing)) if missing else 'given twice'}"
            )
        found[name] = Move(name, frozenset(sources.split()), target, action, tuple(stamps.split()))
    return Moves(found, dict(hints))
