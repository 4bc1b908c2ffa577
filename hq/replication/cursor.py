"""What a batch means at a cursor: apply it, its suffix, nothing, or refuse it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from hq.replication.batch import Batch, Fork, Gap
from hq.replication.runs import Runs
from shared.replication.messages import CursorReply


@dataclass
class Cursor:
    """Where headquarters stands with one branch; written back in the transaction that applied the rows. Read only: `node_key`,
    the key on file of the branch's node, empty where there is none; `has_incident`, whether one is open that a greeting closes."""

    branch: str
    epoch: str = ""
    seq: int = 0
    chain: str = "0" * 32
    digests: dict[str, str] = field(default_factory=dict)
    head_seq: int = 0
    unproven: dict[str, str] = field(default_factory=dict)
    replay: str = ""
    status: str = "normal"
    runs: str = ""
    safe_epoch: str = ""
    safe_seq: int = 0
    scrub: str | None = ""
    node_key: str = ""
    has_incident: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the branch is missing here and all of it is proved."""
        return self.seq >= self.head_seq and not self.unproven

    def claim(self, table: str) -> str:
        """The digest of a table that the branch claims at the cursor; empty for no rows."""
        return self.unproven.get(table) or self.digests.get(table, "")

    def forget_proved(self) -> None:
        """Tables that equal the branch's own digest again are no longer unproven."""
        self.unproven = {name: told for name, told in self.unproven.items() if self.digests.get(name) != told}

    def remember(self, runs: Runs) -> None:
        """The runs of the branch's node, and whether two of them are alive."""
        self.runs = runs.to_text()
        if runs.is_cloned:
            self.status = "cloned"
        elif self.status == "cloned":
            self.status = "normal"

    def reply(self) -> CursorReply:
        """The cursor as told to the branch."""
        safe = min(self.safe_seq, self.seq) if self.safe_epoch == self.epoch else 0
        return CursorReply(self.epoch, self.seq, self.chain, safe_seq=safe, scrub=bool(self.scrub))


def mark_slot(before: int, after: int) -> int:
    """The slot of the mark at `after`, when the cursor moved there from `before` (less than `after`).

    Level k is the highest binary digit that changed; of each level the 16 latest marks are kept. So marks lie close
    together near the cursor, twice as far apart with each level before it, and a branch has some hundreds at most.
    """
    level = (before ^ after).bit_length() - 1
    return level * 16 + (after >> (level + 1)) % 16


def lines_to_apply(cursor: Cursor, batch: Batch) -> Sequence[bytes]:
    """The lines of `batch` that come after the cursor; empty for a duplicate or a heartbeat.

    Raises Fork when the histories differ, Gap when changes are missing in between.
    """
    head = batch.head
    if not cursor.epoch:
        if head.base != 0:
            raise Gap(cursor.reply())
        return batch.lines
    if head.epoch != cursor.epoch:
        raise Fork(cursor.reply())
    if head.base > cursor.seq:
        raise Gap(cursor.reply())
    if head.last <= cursor.seq:
        if head.last == cursor.seq and head.chain != cursor.chain:
            raise Fork(cursor.reply())
        return ()
    chain, rest = batch.after(cursor.seq)
    if chain.hex() != cursor.chain:
        raise Fork(cursor.reply())
    return rest


SYSTEMIC_LEAST = 10
SYSTEMIC_PERCENT = 5
SYSTEMIC_WINDOW = 1_000


def is_systemic(bad: int, seen: int) -> bool:
    """Whether so much of what a branch sends cannot be taken over that the cause is not the single row: more than 10
    changes and more than 5 % of the last `seen`."""
    return bad > max(SYSTEMIC_LEAST, seen * SYSTEMIC_PERCENT // 100)
