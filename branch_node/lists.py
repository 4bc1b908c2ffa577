"""The lists of a branch: shared/web/keyset.py under the name that every query here uses."""

from shared.web.keyset import (
    COUNT_CAP,
    PAGE_SIZES,
    Cursor,
    Cut,
    Paging,
    Sort,
    as_kind,
    like,
    neighbours,
    paging,
)

__all__ = [
    "COUNT_CAP",
    "PAGE_SIZES",
    "Cursor",
    "Cut",
    "Paging",
    "Sort",
    "as_kind",
    "like",
    "neighbours",
    "paging",
]
