"""What headquarters proposes to write into one row of a branch: travels as a file of a directive, is carried out by a person
there, and comes back as an ordinary change."""

import msgspec

MEND_FILE = "mend.json"
MEND_TYPE = "application/vnd.trunkline.mend+json"
FIXED = frozenset({"id", "branch", "revision", "recorded_at", "recorded_by", "changed_at", "changed_by"})
"""Columns that no mend may write."""


class Mend(msgspec.Struct, frozen=True):
    """New values of some columns of the row `row_id` of `table`, as they stand in canonical JSON. `reason` is for people."""

    table: str
    row_id: str
    values: dict[str, str | int | bool | None]
    reason: str = ""


def read_mend(content: bytes) -> Mend | None:
    """The mend in a file; None when it is none, or writes a column that no mend may."""
    try:
        found = msgspec.json.decode(content, type=Mend)
    except msgspec.MsgspecError:
        return None
    return found if found.values and not FIXED & found.values.keys() else None
