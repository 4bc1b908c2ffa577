"""The talk about rows that differ: headquarters asks, the branch answers, between two batches. See PROTOCOL.md, 'Scrub'.

`POST /sync/v1/scrub`, signed like every request. The branch dials, so it begins with an answer to nothing; each reply is
the next question, until one that asks nothing. All answers are about the position that both stand at.
"""

import msgspec
import zstandard

SCRUB_PATH = "/sync/v1/scrub"
MAX_ANSWER_BYTES = 64 * 1024 * 1024
BUCKETS_AT_ONCE = 64
ROWS_AT_ONCE = 1_000


class Question(msgspec.Struct, frozen=True):
    """What headquarters wants to know of `table`; an empty `table`: nothing more.

    `level`: buckets (the digest of each, ids cut to `digits`), hashes (of every row in `buckets`, by id) or rows (those of
    `ids`). `after` and `is_last` are headquarters' own notes, which the branch sends back.
    """

    table: str = ""
    level: str = ""
    digits: int = 0
    buckets: list[str] = []
    ids: list[str] = []
    after: str = ""
    is_last: bool = True


class Answer(msgspec.Struct, frozen=True):
    """The branch's rows at (`epoch`, `seq`), as asked; `question` as it was put (empty: the talk begins).

    `digests` by bucket as `Digest.text()`; `hashes` by id, hex; `rows` by id, canonical JSON; ids that are not there are
    left out.
    """

    branch: str
    epoch: str
    seq: int
    question: Question = Question()
    digests: dict[str, str] = {}
    hashes: dict[str, str] = {}
    rows: dict[str, str] = {}


class BadAnswer(ValueError):
    """The body is not an answer."""


def pack_answer(answer: Answer) -> bytes:
    """The body of a request."""
    return zstandard.ZstdCompressor(level=3, write_content_size=True).compress(msgspec.json.encode(answer))


def unpack_answer(body: bytes) -> Answer:
    """The answer in a body. Raises BadAnswer when it is torn, too large or something else."""
    try:
        if not 0 <= zstandard.frame_content_size(body) <= MAX_ANSWER_BYTES:
            raise BadAnswer("the answer does not say its size, or is too large")
        return msgspec.json.decode(zstandard.ZstdDecompressor().decompress(body), type=Answer)
    except (zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise BadAnswer("the answer cannot be read") from error
