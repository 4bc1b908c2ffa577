"""The schema versions of the replicated records: which columns each of them added, and what an older row means without them.

A column is added with a value that says nothing (empty, null, 0, false). While a row holds that value the column is left out of
its canonical form, so that the row has the same bytes before and after the upgrade of either end. How to add one:
shared/replication/ADDING_A_COLUMN.md.
"""

from collections.abc import Mapping

Missing = str | int | bool | None
"""What a row means that does not name a column."""

ADDED: Mapping[int, Mapping[str, Mapping[str, Missing]]] = {
    2: {"sales_order": {"customer_reference": ""}},
}
"""Version -> table -> column and what its absence means. Never shortened: logs keep lines of old versions."""

VERSIONS = (1, *ADDED)
SCHEMA_VERSION = VERSIONS[-1]
"""Carried by every change, so that the receiver knows what it reads."""

OLDEST_ACCEPTED = VERSIONS[-2]
"""A branch whose release writes an older schema than this must be upgraded before headquarters takes its changes."""

FORM = 1_000
"""Versions of one thousand are read by each other. What cannot be read column by column begins the next thousand."""


def is_accepted(version: int) -> bool:
    """Whether headquarters takes changes from a release of this schema version: its own, the one before, any newer."""
    return version >= OLDEST_ACCEPTED


def is_readable(version: int) -> bool:
    """Whether a change of this version can be read here; else it is parked until the upgrade."""
    return version // FORM <= SCHEMA_VERSION // FORM


def added_columns(table: str, history: Mapping[int, Mapping[str, Mapping[str, Missing]]] = ADDED) -> dict[str, Missing]:  # fmt: skip
    """The columns that came to a table after version 1 and what their absence means, in the order of the canonical form:
    by version, then by name."""
    return {
        column: missing
        for version in sorted(history)
        for column, missing in sorted(history[version].get(table, {}).items())
    }
