"""What is said on the wire: the answers of headquarters and the head of a batch, as msgspec structs.

A batch is one zstd frame: the first line is the JSON of `BatchHead`, every further line one change (see `change`).
The request is signed as shared.nodes.identity describes, over the compressed bytes.
"""

import msgspec

HELLO_PATH = "/sync/v1/hello"
BATCH_PATH = "/sync/v1/batch"
ENROL_PATH = "/sync/v1/enrol"
MARKS_PATH = "/sync/v1/marks"
ROWS_PATH = "/sync/v1/rows"
EPOCH_PATH = "/sync/v1/epoch"
PROTOCOL_VERSION = 1
MAX_BATCH_ROWS = 4_000
HEARTBEAT_SECONDS = 15.0
MAX_BODY_BYTES = 8 * 1024 * 1024
MAX_UNPACKED_BYTES = 64 * 1024 * 1024
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError)
"""What decoding raises for bytes that came altered: no JSON, another shape, or no UTF-8 within a text."""


class Hello(msgspec.Struct, frozen=True):
    """A branch presents itself. `head` is the last position of its log, `waiting` how many changes lie before it."""

    branch: str
    epoch: str
    head: int
    schema: int
    software: str = ""
    protocol: int = PROTOCOL_VERSION


class CursorReply(msgspec.Struct, frozen=True):
    """Where headquarters stands: resume after `seq`. `rows` and `bytes` are the credit for the next batch.

    `chain` is the chain hash at `seq` in hex; an empty `epoch` means that nothing of this branch is known yet. `safe_seq`
    is the position of this epoch that headquarters' last verified backup holds: what lies after it must not be pruned.
    `scrub`: headquarters' rows are not what the branch claims; it waits to be told which differ (see `scrub`).
    """

    epoch: str
    seq: int
    chain: str
    rows: int = MAX_BATCH_ROWS
    bytes: int = MAX_BODY_BYTES
    heartbeat_seconds: float = HEARTBEAT_SECONDS
    safe_seq: int = 0
    scrub: bool = False


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """A position that headquarters once stood at: epoch, seq and the chain hash there in hex."""

    epoch: str
    seq: int
    chain: str


class MarksReply(msgspec.Struct, frozen=True):
    """What headquarters remembers of a branch's past, to find the last position both have in common.

    `cursor` is where it stands now, `marks` earlier positions, thinned out towards the past. The request is a `Hello`.
    """

    cursor: CursorReply
    marks: list[Mark] = []


class RowsAsked(msgspec.Struct, frozen=True):
    """Asks for what headquarters holds of the branch's own rows that changed after `after_seq`, deletions included.

    Pages: `table` and `after_id` as in the answer before, empty at first.
    """

    branch: str
    after_seq: int
    table: str = ""
    after_id: str = ""
    limit: int = MAX_BATCH_ROWS


class RowsHead(msgspec.Struct, frozen=True):
    """First line of the answer to `RowsAsked`, one zstd frame: the cursor it was read at, how many lines follow, and
    where the next page begins (`table` empty after the last page).

    The lines are those of a batch with the row's `ver` as their position; op is u, or d for a row that was deleted.
    """

    epoch: str
    seq: int
    chain: str
    rows: int
    table: str = ""
    after_id: str = ""


class EpochBegin(msgspec.Struct, frozen=True):
    """A branch that was restored, rebuilt or moved begins a new epoch of its log: `epoch`, whose first change is `base` + 1.

    (`origin_epoch`, `origin_seq`, `origin_chain`) is the cursor that headquarters must stand at, `base` >= `origin_seq`,
    so that positions never fall. The chain of the new epoch starts at `base` with zero. Repeating it does nothing.
    `reason`: restored | rebuilt.
    """

    branch: str
    epoch: str
    base: int
    origin_epoch: str
    origin_seq: int
    origin_chain: str
    reason: str = "restored"


class BatchHead(msgspec.Struct, frozen=True):
    """The first line of a batch: changes base+1 .. last of an epoch.

    `chain_before` and `chain` are the chain hashes at `base` and `last`; `head` the end of the branch's log when the batch
    was made; `digests` the running digest at `last` of each table the batch touches. `rows` may be 0: a heartbeat.
    `layout` says how the lines are laid out (see `layout`).
    """

    branch: str
    epoch: str
    base: int
    last: int
    chain_before: str
    chain: str
    rows: int
    head: int
    schema: int
    digests: dict[str, str] = {}
    layout: int = 0
    protocol: int = PROTOCOL_VERSION


class Refusal(msgspec.Struct, frozen=True):
    """Why a request was refused: a stable `code` (gap, fork, replayed, too_large, bad_batch, ...), words for the
    log, whether the same may be tried again later, and for gap and fork where headquarters stands."""

    code: str
    message: str
    retry: bool
    cursor: CursorReply | None = None


class EnrolRequest(msgspec.Struct, frozen=True):
    """A node asks to be the node of a branch: the one-time token and its public key."""

    token: str
    branch: str
    public_key: str
    software: str = ""


class EnrolReply(msgspec.Struct, frozen=True):
    """The branch the token was made for and where to send."""

    branch: str
    name: str = ""
