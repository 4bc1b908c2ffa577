"""The stream down: what a branch asks headquarters for and what it gets, as msgspec structs and one zstd frame.

Asked by `POST /sync/v1/feed`, signed like every request. The answer's first line is the JSON of `FeedHead`, every
further line one change as in `change`, but only those that are for this branch; see PROTOCOL.md.
"""

from collections.abc import Sequence

import msgspec
import zstandard

FEED_PATH = "/sync/v1/feed"
MAX_WAIT_SECONDS = 25.0
MAX_FEED_BYTES = 64 * 1024 * 1024


class FeedRequest(msgspec.Struct, frozen=True):
    """What the branch holds of headquarters' log: everything up to `seq` of `epoch`, where the chain hash is `chain`
    (hex). An empty `epoch`: nothing. With nothing new the answer comes after `wait_seconds`."""

    branch: str
    epoch: str = ""
    seq: int = 0
    chain: str = ""
    wait_seconds: float = 0.0


class FeedHead(msgspec.Struct, frozen=True):
    """The first line of an answer: the changes for this branch among base+1 .. last of headquarters' log.

    `chain` is the chain hash over all changes up to `last`, also those that are not for this branch: the branch keeps
    it and shows it next time. `is_reset`: what the branch holds is not in this log (the first contact, or headquarters
    was put back from a copy), so that the answer begins at 0. `is_partial`: the transaction of `last` goes on in the
    next answer. `head` is the end of the log, `at` headquarters' clock in microseconds UTC.
    """

    epoch: str
    base: int
    last: int
    chain: str
    rows: int
    head: int
    at: int
    is_reset: bool = False
    is_partial: bool = False


class BadFeed(ValueError):
    """The answer is not one: ask again."""


def pack(head: FeedHead, lines: Sequence[bytes]) -> bytes:
    """The body of an answer."""
    body = b"\n".join([msgspec.json.encode(head), *lines])
    return zstandard.ZstdCompressor(level=3, write_content_size=True).compress(body)


def unpack(body: bytes) -> tuple[FeedHead, list[bytes]]:
    """Head and lines of an answer. Raises BadFeed when it is torn, too large or not what it claims."""
    try:
        size = zstandard.frame_content_size(body)
        if not 0 <= size <= MAX_FEED_BYTES:
            raise BadFeed("the answer does not say its size, or is too large")
        text = zstandard.ZstdDecompressor().decompress(body)
        first, _, rest = text.partition(b"\n")
        head = msgspec.json.decode(first, type=FeedHead)
    except (zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise BadFeed("the answer cannot be read") from error
    lines = rest.split(b"\n") if rest else []
    if len(lines) != head.rows or not head.base <= head.last <= head.head:
        raise BadFeed("the answer does not hold what it claims")
    return head, lines
