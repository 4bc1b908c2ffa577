"""What a fenced node had written and headquarters had not seen, on its way to the node that took the branch over.

`POST /sync/v1/handover`, signed by the fenced node, keeps rows at headquarters; `POST /sync/v1/handed`, signed by the
branch's present node, reads them until it says that it has them. See PROTOCOL.md, 'Handed over'.
"""

import msgspec

HANDOVER_PATH = "/sync/v1/handover"
HANDED_PATH = "/sync/v1/handed"
FENCED = "node.fenced"
ROWS_AT_ONCE = 200


class Row(msgspec.Struct, frozen=True):
    """A row as headquarters last saw it and as it is now, canonical JSON; empty where it is not there. `number` is given by
    headquarters."""

    table: str
    id: str
    before: str
    after: str
    number: int = 0


class Handover(msgspec.Struct, frozen=True):
    """Rows of the fenced node; may be repeated. `is_all`: nothing more will come."""

    branch: str
    rows: list[Row] = []
    is_all: bool = False


class HandedAsked(msgspec.Struct, frozen=True):
    """The present node has taken the rows up to number `taken`, and asks for the next."""

    branch: str
    taken: int = 0


class HandedReply(msgspec.Struct, frozen=True):
    """The next rows, oldest first; none: nothing waits."""

    rows: list[Row] = []
