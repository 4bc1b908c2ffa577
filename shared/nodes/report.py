"""What an agent tells the center, and what the center answers. The agent dials; the center never does.

`POST /agent/v1/report` carries a `Report` and is answered by an `Ack` after the center has committed it;
`GET /agent/v1/commands?after=SEQ&wait=SECONDS&forms=tree` waits for commands (`CommandOutbox`); `forms` says which signatures
beside the plain one the agent can check (TREE_FORM). Both are signed as shared/nodes/identity.py says. Bodies are JSON; over 1 KiB they are deflated (`Content-Encoding: deflate`).

Every item has a natural key, so an item sent twice is stored once:
samples (node, at_us) · log lines (node, service, source, host_boot, inode, generation, offset) · recoveries, incidents and command results by id.
Items with `history` true were waiting in the agent's spool: they fill the record and never raise an alert.
Unknown fields are ignored at both ends, so a node one version behind or ahead is understood.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Literal

import msgspec

PROTOCOL = 1
REPORT_PATH = "/agent/v1/report"
COMMANDS_PATH = "/agent/v1/commands"
KEY_PATH = "/agent/v1/key"
ENROL_HELLO_PATH = "/agent/v1/enrol/hello"
ENROL_PATH = "/agent/v1/enrol"
TREE_FORM = "tree"
"""In `forms` of a poll: the agent checks commands that were signed together (shared/nodes/command.py). Agents of a build that
does not say so are answered with commands signed one by one."""
LARGEST_REPORT_BYTES = 4 * 1024 * 1024
_DEFLATE_FROM_BYTES = 1024

State = Literal[
    "stopped", "waiting", "starting", "running", "unready", "stopping", "backoff", "crash_loop", "given_up"
]
Condition = Literal["ok", "busy", "overloaded", "failed"]
Mode = Literal["normal", "maintenance", "draining"]
Cause = Literal["exit", "hang", "resource", "dependency", "command", "lost", "primary_gone"]
Action = Literal["throttle", "drain", "restart", "restart_with_dependants", "standby", "reboot", "crash_loop"]
Outcome = Literal["in_progress", "recovered", "failed_again", "crash_loop", "given_up"]


class Hello(msgspec.Struct, kw_only=True, omit_defaults=True):
    """First part of a report after the agent started or the center asked for it (`Ack.say_hello`)."""

    node: str
    role: str
    version: str
    protocol: int = PROTOCOL
    boot: str
    """Run of the agent, as in the request header."""
    host_boot: str
    """Run of the host's kernel: log identities and budgets are kept per host run."""
    started_at: datetime
    platform: str
    cpu_count: int
    memory_bytes: int
    services: list[str]
    metrics: dict[str, str]
    """Every metric the agent may send, with its unit: bytes, ratio, seconds, count, count_per_second, bytes_per_second."""
    command_seq: int
    """Greatest command sequence number this node has judged."""
    audit_head: str
    """Hash of the node's latest audit entry (see shared/nodes/command.py)."""
    allowed: list[str] = []
    """The node's own allow-list: what the center may offer for it."""
    actions: list[str] = []
    """Names of the node file's own actions."""
    command_keys: list[str] = []
    """Ids of the command keys that this node believes now."""
    standby_of: str = ""
    """The node whose place this one can take; empty: it is no standby."""
    followers: list[str] = []
    """A standby's services that follow that node: they end with the promotion."""


class ServiceState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One service as the agent sees it now."""

    name: str
    state: State
    instance: str = ""
    """Name of the running instance; commands target it. Empty when nothing runs."""
    pid: int = 0
    since: datetime | None = None
    ready_at: datetime | None = None
    is_ready: bool = False
    is_wanted: bool = True
    starts_in_window: int = 0
    """Starts within the budget's ten minutes."""
    next_start_at: datetime | None = None
    last_exit: str = ""
    """'exit 3', 'signal SIGKILL', 'unknown' or empty."""
    reason: str = ""
    rung: str = "none"
    """Rung of the recovery ladder: none, throttle, drain, restart."""
    is_fenced: bool = False
    """Another node has taken its place: it runs and is read-only."""


class StateReport(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The whole present state of a node. Sent first after an absence, before any history."""

    at: datetime
    mode: Mode = "normal"
    condition: Condition = "ok"
    services: list[ServiceState] = []
    open_incidents: list[str] = []
    loop_lag_seconds: float = 0.0
    spool_items: int = 0
    spool_bytes: int = 0
    dropped_items: int = 0
    """Items the bounded spool had to drop since the agent's first start."""
    primary_silent_seconds: float | None = None
    """At a standby that asks its primary: for how long that has not answered; 0 while it answers."""
    is_promoted: bool = False
    """A standby that serves its branch now."""
    promoted_at: datetime | None = None
    """Since when, by the node's clock."""


class SampleBatch(msgspec.Struct, kw_only=True, tag="samples", omit_defaults=True):
    """Rows of measurements with one list of names; a value that could not be read is null."""

    key: int
    names: list[str]
    rows: list[SampleRow]
    history: bool = False


class SampleRow(msgspec.Struct, array_like=True):
    """Values in the order of the batch's names, at one instant in UTC microseconds."""

    at_us: int
    values: list[float | None]


class LogLine(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One line of a log, already redacted. `offset` is where it starts in the file."""

    offset: int
    at: datetime
    """The line's own time when it carries one, else when it was read."""
    level: str = "info"
    event: str = ""
    text: str = ""
    """The line as JSON or plain text, at most 8 KiB."""
    suppressed: int = 0
    """Lines left out before this one because the source exceeded its rate."""


class LogBatch(msgspec.Struct, kw_only=True, tag="logs", omit_defaults=True):
    """Lines of one file of one service, in order."""

    key: int
    service: str
    source: str
    """Name of the file within its service."""
    host_boot: str
    inode: int
    generation: int
    """Counts the files this source has had: grows when a file is turned over or cut, since inodes are used again."""
    lines: list[LogLine]
    history: bool = False


class RecoveryRecord(msgspec.Struct, kw_only=True, tag="recovery", omit_defaults=True):
    """One failure and what was done about it. Sent again, with the same id, whenever a time is added."""

    key: int = 0
    id: str
    service: str
    cause: Cause
    action: Action
    outcome: Outcome
    instance_before: str = ""
    instance_after: str = ""
    exit: str = ""
    detail: str = ""
    detected_at: datetime
    acted_at: datetime | None = None
    ready_at: datetime | None = None
    stable_at: datetime | None = None
    detect_seconds: float | None = None
    """From the first sign (the exit, the first missed probe) to the decision."""
    act_seconds: float | None = None
    """From the decision to the new process."""
    ready_seconds: float | None = None
    """From the first sign to ready."""
    history: bool = False


class Incident(msgspec.Struct, kw_only=True, tag="incident", omit_defaults=True):
    """A trouble that waits for a person. One per cause: a crash loop of any length is one incident."""

    key: int = 0
    id: str
    service: str
    kind: Literal["crash_loop", "unhealthy", "resource", "given_up"]
    opened_at: datetime
    closed_at: datetime | None = None
    exit: str = ""
    detail: str = ""
    last_lines: list[str] = []
    tries: int = 0
    history: bool = False


class CommandResult(msgspec.Struct, kw_only=True, tag="command", omit_defaults=True):
    """What became of a command. Reported until acknowledged."""

    key: int = 0
    id: str
    seq: int
    state: Literal["refused", "accepted", "done", "failed", "unknown"]
    at: datetime
    code: str = ""
    """Stable word of a refusal or failure, e.g. 'command.expired'."""
    detail: str = ""
    result: dict[str, str | int | float | bool | list[str] | None] = {}
    audit: str = ""
    """Hash of the node's audit entry for this step."""
    audit_before: str = ""
    """Hash of the entry before it; "" for the first."""
    history: bool = False


class AuditSlice(msgspec.Struct, kw_only=True, tag="audit", omit_defaults=True):
    """The node's own audit after an entry that the center has (`Ack.audit_after`), oldest first."""

    key: int = 0
    after: str
    is_known: bool
    """Whether the node has that entry. If not, its audit was lost or changed, and the slice begins at its start."""
    entries: list[AuditStep] = []
    history: bool = False


class AuditStep(msgspec.Struct, array_like=True):
    """One entry of an audit: its hash and the text that was hashed."""

    hash: str
    text: str


Item = SampleBatch | LogBatch | RecoveryRecord | Incident | CommandResult | AuditSlice


class Report(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One request body: who and what now, then items."""

    at: datetime
    hello: Hello | None = None
    state: StateReport | None = None
    items: list[Item] = []


class Ack(msgspec.Struct, kw_only=True):
    """The answer, sent after commit. Items whose key is in `taken` may be forgotten by the agent.

    Credit: before the next report the agent waits `wait_seconds` and then sends at most `credit_items` items of history
    and `credit_bytes` bytes in all. Live items go first and do not count against `credit_items`.
    """

    at: datetime
    """The center's clock, by which commands expire."""
    taken: list[int] = []
    credit_items: int = 200
    credit_bytes: int = 512 * 1024
    wait_seconds: float = 10.0
    is_watched: bool = False
    """Somebody looks at this node: sample every second."""
    say_hello: bool = False
    audit_after: str | None = None
    """Not null: send an AuditSlice of what follows this hash ("" = everything)."""
    maintenance_until: datetime | None = None
    """The node is in a maintenance window until then, by the center's clock; null: it is not."""


class CommandOutbox(msgspec.Struct, kw_only=True):
    """Answer to the long poll: signed commands in the order of their sequence numbers; empty after the wait."""

    at: datetime
    commands: list[SignedCommand] = []
    is_watched: bool = False


class SignedCommand(msgspec.Struct, kw_only=True):
    """A command as signed: `payload` is canonical JSON of shared.nodes.command.Command, kept as text, byte for byte."""

    payload: str
    key_id: str
    signature: str


class TooLarge(ValueError):
    """The body is larger than may be read; nothing of it was decoded."""


def encode_body(message: msgspec.Struct) -> tuple[bytes, dict[str, str]]:
    """Body and headers of a message. The signature covers the body as returned."""
    body = msgspec.json.encode(message)
    headers = {"Content-Type": "application/json"}
    if len(body) >= _DEFLATE_FROM_BYTES:
        body = zlib.compress(body, 6)
        headers["Content-Encoding"] = "deflate"
    return body, headers


def decode_report(body: bytes, content_encoding: str = "", limit: int = LARGEST_REPORT_BYTES) -> Report:
    """A report from its body. Raises TooLarge (before unpacking more than limit) or msgspec.DecodeError.

    Lists of names are shared by the reports that bring the same one: do not change them.
    """
    sent = _REPORT.decode(_unpack(body, content_encoding, limit))
    items: list[Item] = [_with_names(item) if isinstance(item, _SentBatch) else item for item in sent.items]
    return Report(at=sent.at, hello=sent.hello, state=sent.state, items=items)


class _SentBatch(msgspec.Struct, kw_only=True, tag="samples"):
    """A SampleBatch whose names were not read yet: an agent sends the same sixty with every report."""

    key: int
    names: msgspec.Raw
    rows: list[SampleRow]
    history: bool = False


_SentItem = _SentBatch | LogBatch | RecoveryRecord | Incident | CommandResult | AuditSlice


class _SentReport(msgspec.Struct, kw_only=True):
    at: datetime
    hello: Hello | None = None
    state: StateReport | None = None
    items: list[_SentItem] = []


_REPORT = msgspec.json.Decoder(_SentReport)
_NAMES = msgspec.json.Decoder(list[str])
_SHARED_NAMES_BYTES = 16_384


def _with_names(sent: _SentBatch) -> SampleBatch:
    raw = bytes(sent.names)
    names = _shared_names(raw) if len(raw) <= _SHARED_NAMES_BYTES else _NAMES.decode(raw)
    return SampleBatch(key=sent.key, names=names, rows=sent.rows, history=sent.history)


class SharedNames(list[str]):
    """A list of names that is shared by all reports that bring it, with the place of each. It must not be changed."""

    @cached_property
    def places(self) -> Mapping[str, int]:
        return {name: place for place, name in enumerate(self)}

    @cached_property
    def fitting(self) -> dict[str, Sequence[int]]:
        """What `places_fitting` has found."""
        return {}


@lru_cache(maxsize=1_024)
def _shared_names(raw: bytes) -> SharedNames:
    return SharedNames(_NAMES.decode(raw))


def decode_ack(body: bytes, content_encoding: str = "") -> Ack:
    return msgspec.json.decode(_unpack(body, content_encoding, LARGEST_REPORT_BYTES), type=Ack)


def decode_outbox(body: bytes, content_encoding: str = "") -> CommandOutbox:
    return msgspec.json.decode(_unpack(body, content_encoding, LARGEST_REPORT_BYTES), type=CommandOutbox)


def _unpack(body: bytes, content_encoding: str, limit: int) -> bytes:
    if content_encoding in ("", "identity"):
        plain = body
    elif content_encoding == "deflate":
        unpacking = zlib.decompressobj()
        try:
            plain = unpacking.decompress(body, limit + 1)
        except zlib.error as error:
            raise msgspec.DecodeError(f"the body is not deflated: {error}") from error
        if not unpacking.eof and len(plain) <= limit:
            raise msgspec.DecodeError("the deflated body is cut short")
    else:
        raise msgspec.DecodeError(f"unknown content encoding {content_encoding!r}")
    if len(plain) > limit:
        raise TooLarge(f"the body has more than {limit} bytes")
    return plain
