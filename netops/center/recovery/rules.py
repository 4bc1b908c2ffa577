"""Figures of recoveries. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence


def percentile(values: Sequence[int], share: float) -> int | None:
    """The value that `share` of all values do not exceed (nearest rank); None without values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]
