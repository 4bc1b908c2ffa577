"""Geometry of the small charts that are drawn in the page as SVG: numbers in, attribute numbers out.

The macros in parts/graphics.html write the elements; nothing here knows html, so no style attribute and no
script is ever needed for a bar.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from shared.web.parts import Bullet, Cell, Share

WIDTH = 200


@dataclass(frozen=True)
class BulletShape:
    """Widths and places in a 200-wide box; None: nothing to draw."""

    actual: float | None
    plan: float | None
    previous: float | None


def bullet(values: Bullet) -> BulletShape:
    """Bars from 0; the scale is the given one or the largest of the three with a little room."""
    known = [value for value in (values.actual, values.plan, values.previous) if value is not None]
    scale = values.scale or round(max([*known, 1]) * 1.1) or 1

    def place(value: int | None) -> float | None:
        return None if value is None else round(min(max(value, 0) / scale, 1) * WIDTH, 1)

    return BulletShape(place(values.actual), place(values.plan), place(values.previous))


@dataclass(frozen=True)
class SparkShape:
    """Polylines (gaps stay gaps) and the last known point, in a 100 x 24 box; `zero` is the zero line or None."""

    lines: Sequence[str]
    last: tuple[float, float] | None
    zero: float | None


def spark(values: Sequence[int | None]) -> SparkShape:
    """The shape of a series. Empty lines when nothing is known."""
    known = [value for value in values if value is not None]
    if not known:
        return SparkShape((), None, None)
    low, high = min(*known, 0), max(*known, 0)
    span = (high - low) or 1
    step = 96 / max(len(values) - 1, 1)
    lines: list[str] = []
    run: list[str] = []
    last: tuple[float, float] | None = None
    for position, value in enumerate(values):
        if value is None:
            lines.append(" ".join(run))
            run = []
            continue
        last = (round(2 + position * step, 1), round(21 - (value - low) / span * 18, 1))
        run.append(f"{last[0]},{last[1]}")
    lines.append(" ".join(run))
    zero = round(21 + low / span * 18, 1) if low < 0 else None
    return SparkShape([line for line in lines if line], last, zero)


@dataclass(frozen=True)
class Segment:
    """A piece of a stacked bar: x and width in percent of the bar, rounded so that the pieces join."""

    share: Share
    x: float
    width: float


def stacked(shares: Sequence[Share]) -> list[Segment]:
    """The pieces in order; shares of 0 are left out, negative ones count as 0."""
    total = sum(max(share.value, 0) for share in shares) or 1
    pieces = []
    start = 0
    for share in shares:
        if share.value <= 0:
            continue
        left, right = round(start / total * 100, 2), round((start + share.value) / total * 100, 2)
        pieces.append(Segment(share, left, round(right - left, 2)))
        start += share.value
    return pieces


def position(value: int | None, scale: int, width: int = WIDTH) -> float:
    """Where a value lies on a scale from 0, kept inside."""
    return 0.0 if value is None else round(min(max(value / (scale or 1), 0), 1) * width, 1)


def signed_position(value: int, scale: int, width: int = WIDTH) -> tuple[float, float]:
    """x and width of a bar that grows from the middle: variances."""
    half = width / 2
    length = round(min(abs(value) / (scale or 1), 1) * half, 1)
    return (round(half - length, 1) if value < 0 else half, length)


@dataclass(frozen=True)
class StripShape:
    """All cells of one state as one path in boxes of 4 x 12; `tone` is the state, "track" where nothing is known."""

    tone: str
    path: str


# From the left end of a cell: a low block, a triangle, a tall one, a cross, two lines, a dot.
_STRIP_SHAPES = {
    "ok": "m.5 7h3v3h-3z",
    "busy": "m.3 10l1.7-6 1.7 6z",
    "overloaded": "m.3 10l1.7-9 1.7 9z",
    "failed": "m.5 1h3v9h-3z",
    "silent": "m.5 4l3 6m0-6l-3 6",
    "maintenance": "m.5 6h3m-3 3h3",
    "track": "m1.5 8h1v1h-1z",
}


def strip(cells: Sequence[Cell]) -> list[StripShape]:
    """A path per state; a row of sixty cells stays small enough to be sent fifty times in a page."""
    return _strip_of(tuple(cell.state for cell in cells))


@lru_cache(maxsize=2_000)
def _strip_of(states: tuple[str, ...]) -> list[StripShape]:
    paths: dict[str, list[str]] = {}
    for place, given in enumerate(states):
        state = given if given in _STRIP_SHAPES else "track"
        paths.setdefault(state, []).append(f"M{place * 4} 0{_STRIP_SHAPES[state]}")
    return [
        StripShape("overloaded" if state == "failed" else state, "".join(parts))
        for state, parts in paths.items()
    ]
