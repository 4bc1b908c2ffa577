"""Headquarters' own log in memory, cut into answers as a branch gets them: for tests of the inbox without a site."""

from hashlib import blake2b

from shared.records import COMPANY, NewsItem, Record
from shared.replication.change import encode_line
from shared.replication.feed import FeedHead
from tests.support.hq_world import NOON, TODAY
from tests.support.wire import canonical

EPOCH = "d" * 32


class HqLog:
    """Write rows of headquarters; `answer` is what a branch at a position is told."""

    def __init__(self, epoch: str = EPOCH) -> None:
        self.epoch = epoch
        self.lines: list[bytes] = []

    def write(self, *records: Record, op: str = "u") -> "HqLog":
        """One transaction per call."""
        for record in records:
            table = type(record)._meta.db_table
            self.add(table, str(record.id), None if op == "d" else canonical(record), op)
        return self

    def add(self, table: str, pk: str, row: str | None, op: str = "u") -> None:
        """Any line, also one that no record could make."""
        seq = len(self.lines) + 1
        self.lines.append(encode_line(seq, seq, table, op, 1, 0, pk, row))

    def chain(self, seq: int) -> str:
        """Stands for the chain hash; only headquarters ever compares it."""
        return blake2b(b"\n".join(self.lines[:seq]), digest_size=16).hexdigest()

    def answer(
        self,
        base: int = 0,
        last: int | None = None,
        *,
        is_reset: bool | None = None,
        is_partial: bool = False,
    ) -> tuple[FeedHead, list[bytes]]:
        """The answer with base+1 .. last (all); one that begins at 0 is a reset unless told otherwise."""
        end = len(self.lines) if last is None else last
        lines = self.lines[base:end]
        reset = base == 0 if is_reset is None else is_reset
        head = FeedHead(
            self.epoch, base, end, self.chain(end), len(lines), len(self.lines), 0, is_reset=reset, is_partial=is_partial
        )  # fmt: skip
        return head, lines


def news(title: str, **more: object) -> NewsItem:
    """A piece of headquarters' news."""
    return NewsItem(branch=COMPANY, title=title, published_at=NOON, happened_on=TODAY, **more)
