"""What the appliers of both engines share: who contacts us, what came of it, which failures mean 'try again'."""

from dataclasses import dataclass
from datetime import datetime

from hq.replication.cursor import Cursor
from hq.replication.runs import Runs, greeted, is_refused, pushed
from shared import clock
from shared.canonical import to_micros
from shared.database.room import is_disk_full
from shared.errors import Refused
from shared.i18n import N_
from shared.nodes.identity import ReplayState, SignedRequest
from shared.periods import local_date
from shared.records.versions import OLDEST_ACCEPTED, is_accepted
from shared.replication.messages import BatchHead, CursorReply


def received_on(now: datetime, timezone: str | None) -> str:
    """The date of a moment as the journal keeps it: in the branch's zone, UTC while it is unknown."""
    return local_date(now, timezone or "UTC").isoformat()


class EnvironmentFailure(Refused):
    """The database could not do it now (disk full, lock, connection): nothing was changed, try again later. `error` is what it
    said."""

    status = 503
    code = "environment"

    def __init__(self, error: BaseException | None = None) -> None:
        if is_disk_full(error):
            super().__init__(
                N_(
                    "The disk of headquarters is full. The changes wait at the branch and will be sent again."
                ),
                code="disk_full",
            )
        else:
            super().__init__(
                N_("Headquarters could not store the changes just now; they will be sent again.")
            )


class Cloned(Refused):
    """Two runs of one node are alive; this one is the younger. It keeps everything and asks again later."""

    status = 409
    code = "cloned"
    retry_after = 60

    def __init__(self) -> None:
        super().__init__(N_("An older run of this node is alive as well. Stop one of the two machines."))


class Held(Refused):
    """Too much of what the branch sends cannot be taken over: nothing of the batch was, a person must look."""

    status = 503
    code = "held"
    retry_after = 60

    def __init__(self) -> None:
        super().__init__(N_("Too many changes of this branch cannot be taken over. They wait at the branch until headquarters has looked."))  # fmt: skip


class Outdated(Refused):
    """The sender's release writes an older schema than headquarters still reads. It keeps everything until it is upgraded."""

    status = 426
    code = "outdated"
    retry_after = 60

    def __init__(self, schema: int) -> None:
        super().__init__(
            N_("This node's release writes schema %(schema)s; headquarters takes %(oldest)s and newer. Upgrade the node: its changes wait there and will be sent."),
            schema=schema,
            oldest=OLDEST_ACCEPTED,
        )  # fmt: skip


def check_schema(schema: int) -> None:
    """Raises Outdated for a release two or more versions behind."""
    if not is_accepted(schema):
        raise Outdated(schema)


class StaleKey(Refused):
    """The request was proved by a key that is not the one on file any more: ask the file who sends."""

    status = 401
    code = "identity.signature"

    def __init__(self) -> None:
        super().__init__(
            N_("This node is not enrolled here, or was revoked. Enrol it again with a new token.")
        )


@dataclass(frozen=True)
class Contact:
    """A request of a branch that proved who it is, by `key` where the key was remembered rather than read. `request` is None in
    tests and tools that sign nothing."""

    branch: str
    epoch: str
    head: int
    request: SignedRequest | None = None
    key: str = ""

    def admit(self, cursor: Cursor) -> None:
        """Take the request into the cursor's replay memory. Raises Replayed when it was accepted before, StaleKey when the
        branch has another key by now, or none."""
        if self.key and self.key != cursor.node_key:
            raise StaleKey
        if self.request is not None:
            state = ReplayState.from_text(cursor.replay) if cursor.replay else ReplayState()
            cursor.replay = state.accept(self.request).to_text()

    def greet(self, cursor: Cursor) -> "Cloned | None":
        """Take the run into the cursor's memory; the refusal when it is the younger of two live copies."""
        if self.request is None:
            return None
        runs = greeted(Runs.from_text(cursor.runs), self.request.boot, to_micros(clock.now()))
        cursor.remember(runs)
        return Cloned() if is_refused(runs, self.request.boot) else None

    def keep_place(self, cursor: Cursor) -> None:
        """Note that the run is alive. Raises Cloned for the younger of two live copies."""
        if self.request is None or not cursor.runs:
            return
        runs = pushed(Runs.from_text(cursor.runs), self.request.boot, to_micros(clock.now()))
        if is_refused(runs, self.request.boot):
            raise Cloned
        cursor.remember(runs)

    def compare_digests(self, cursor: Cursor, head: BatchHead) -> None:
        """Note in the cursor which tables do not equal the branch's own digest at this position."""
        for table, digest in head.digests.items():
            if cursor.digests.get(table, "") == digest:
                cursor.unproven.pop(table, None)
            else:
                cursor.unproven[table] = digest


@dataclass(frozen=True)
class Applied:
    """After the commit: where the cursor stands, how many changes were new, whether nothing is missing; a refusal that
    was written down all the same; whether an incident is open that a good greeting closes."""

    cursor: CursorReply
    rows: int
    is_complete: bool
    refusal: Refused | None = None
    status: str = "normal"
    has_incident: bool = False
