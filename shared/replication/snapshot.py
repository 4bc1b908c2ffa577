"""A branch's own rows back from headquarters, page by page: for a branch that is rebuilt and for a standby that follows.

`POST /sync/v1/snapshot`, signed by the branch's node or its standby. A pass goes over all tables in order; a pass
during which headquarters' cursor stood still is a consistent copy at that cursor. See PROTOCOL.md, 'Rebuilt'.
"""

from collections.abc import Sequence
from hashlib import blake2b

import msgspec
import zstandard

SNAPSHOT_PATH = "/sync/v1/snapshot"
PROMOTE_PATH = "/sync/v1/promote"
STANDBY = ".standby"
MAX_PAGE_BYTES = 64 * 1024 * 1024


class SnapshotAsked(msgspec.Struct, frozen=True):
    """The next page of what headquarters holds of the branch's rows with `ver` > `after_seq`, deletions included, behind
    (`table`, `after_id`); both are empty for the first page of a pass."""

    branch: str
    after_seq: int = 0
    table: str = ""
    after_id: str = ""


class SnapshotHead(msgspec.Struct, frozen=True):
    """The first line of a page: the cursor it was read at, how many lines follow and their hash (BLAKE2b-128, hex).

    `total` is about how many rows the pass has (0: not counted). The next page is behind (`table`, `after_id`); an empty
    `table` ends the pass, and `digests` are then headquarters' digest of each table at the cursor.
    """

    epoch: str
    seq: int
    chain: str
    rows: int
    hash: str
    total: int = 0
    table: str = ""
    after_id: str = ""
    digests: dict[str, str] = {}


class Promotion(msgspec.Struct, frozen=True):
    """The node takes the branch over: from the answer on no other is believed. Repeating it does nothing.

    With `if_silent_seconds` nobody ordered it: it is refused (`standby.primary_alive`) while headquarters heard the
    branch's node within that time."""

    branch: str
    if_silent_seconds: float = 0.0


class BadPage(ValueError):
    """The page is torn or altered: ask for it again."""


def hash_of(lines: Sequence[bytes]) -> str:
    """The hash of the lines of a page."""
    return blake2b(b"\n".join(lines), digest_size=16).hexdigest()


def pack_page(head: SnapshotHead, lines: Sequence[bytes]) -> bytes:
    """The body of an answer; fills in count and hash."""
    full = msgspec.structs.replace(head, rows=len(lines), hash=hash_of(lines))
    body = b"\n".join([msgspec.json.encode(full), *lines])
    return zstandard.ZstdCompressor(level=3, write_content_size=True).compress(body)


def unpack_page(body: bytes) -> tuple[SnapshotHead, list[bytes]]:
    """Head and lines of a page. Raises BadPage."""
    try:
        size = zstandard.frame_content_size(body)
        if not 0 <= size <= MAX_PAGE_BYTES:
            raise BadPage("the page does not say its size, or is too large")
        first, _, rest = zstandard.ZstdDecompressor().decompress(body).partition(b"\n")
        head = msgspec.json.decode(first, type=SnapshotHead)
    except (zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise BadPage("the page cannot be read") from error
    lines = rest.split(b"\n") if rest else []
    if len(lines) != head.rows or hash_of(lines) != head.hash:
        raise BadPage("the page was altered on its way")
    return head, lines
