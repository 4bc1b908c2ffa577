"""How branches are compared: differences, their order, the sentence. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from hq.figures.shape import Line
from shared.figures import Better, is_favourable


@dataclass(frozen=True)
class Compared:
    """One branch on one measure: actual, what it is compared with, the difference and its share; None is unknown."""

    line: Line
    actual: int | None
    reference: int | None

    @property
    def difference(self) -> int | None:
        if self.actual is None or self.reference is None:
            return None
        return self.actual - self.reference

    @property
    def share_bp(self) -> int | None:
        """The difference in basis points of the reference; None for a reference of 0 or less."""
        if self.difference is None or not self.reference or self.reference < 0:
            return None
        return self.difference * 10_000 // self.reference

    @property
    def is_silent(self) -> bool:
        return self.line.state in ("unreachable", "never")


def ranked(rows: Sequence[Compared], better: Better) -> list[Compared]:
    """The head office first, then the worst difference first; silent branches last and unranked."""

    def place(row: Compared) -> tuple[int, int, str]:
        if row.line.branch == "HQ":
            return (0, 0, "")
        if row.is_silent:
            return (2, 0, row.line.branch)
        worth = row.difference if row.difference is not None else -(row.actual or 0)
        return (1, -worth if better == "lower" else worth, row.line.branch)

    return sorted(rows, key=place)


def worst(rows: Sequence[Compared], better: Better) -> Compared | None:
    """The ranked branch with the most unfavourable difference; None when none is unfavourable."""
    bad = [
        row
        for row in rows
        if not row.is_silent and row.difference is not None and is_favourable(better, row.difference) is False
    ]
    return max(bad, key=lambda row: abs(row.difference or 0), default=None)


def favourable_count(rows: Sequence[Compared], better: Better) -> tuple[int, int]:
    """How many of the branches with a comparison are on the good side, and how many there are."""
    known = [row for row in rows if row.difference is not None and not row.is_silent]
    good = [row for row in known if is_favourable(better, row.difference or 0) is not False]
    return len(good), len(known)
