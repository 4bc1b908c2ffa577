"""Requests of several branches in one transaction: what each means at its branch's cursor and what is left to write. Pure.

The appliers of both engines go the same way: 1 the cursors are read together, 2 each visit meets its own, 3 the rows of all
are written together, 4 the cursors move. What is refused leaves nothing behind and holds nobody up.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hq.replication.apply_sql import TableSql, Wider, typed_rows
from hq.replication.batch import Batch, TableChanges, collapse
from hq.replication.cursor import Cursor, lines_to_apply
from hq.replication.outcome import Applied, Contact
from shared.errors import Refused
from shared.records.versions import is_readable
from shared.replication.change import Digest

Written = tuple[Cursor, int, int]
"""A cursor to be written back, with the changes and the bytes on the wire that a request brought."""


@dataclass
class Part:
    """Rows of one branch by table, on their way into the tables: `typed` are their values in column order, `hashed` what all of
    a table's rows add to its digest, where that was worked out ahead."""

    cursor: Cursor
    tables: Mapping[str, TableChanges]
    typed: dict[str, tuple[list[tuple[Any, ...]], Wider]] = field(default_factory=dict)
    hashed: dict[str, Digest] = field(default_factory=dict)

    def read(self, statements: Mapping[str, TableSql]) -> None:
        """Read every row. Raises ValueError for one that cannot be."""
        for name, changes in self.tables.items():
            if name not in self.typed:
                self.typed[name] = typed_rows(statements[name], changes, self.cursor.branch)

    def count(self, table: str, stale: Collection[bytes], removed: Iterable[bytes]) -> None:
        """Bring the digest of a table up to date: its new rows but the stale ones came in, old images went."""
        digest = Digest.parse(self.cursor.digests.get(table, ""))
        if table in self.hashed and not stale:
            digest.merge(self.hashed[table])
        else:
            rows = self.tables[table].rows
            digest.add_all(row for pk, (_seq, row) in rows.items() if pk not in stale)
        digest.remove_all(removed)
        self.cursor.digests[table] = digest.text()


def read_ahead(batch: Batch, statements: Mapping[str, TableSql]) -> Part | None:
    """The rows of a batch read and hashed as if all of them were new, while the transaction before it is still written; None where
    they cannot be, and whoever applies them finds out why."""
    try:
        part = Part(Cursor(batch.head.branch), collapse(batch.lines, batch.head.base))
        part.read(statements)
    except (Refused, ValueError, KeyError):
        return None
    for name, changes in part.tables.items():
        digest = part.hashed[name] = Digest()
        digest.add_all([row for _seq, row in changes.rows.values()])
    return part


@dataclass(eq=False)
class Visit:
    """A request of a branch: a batch, or the greeting, which brings none. `ahead`: its rows, where they were read ahead; `error`: why
    it is refused."""

    contact: Contact
    batch: Batch | None = None
    ahead: Part | None = None
    cursor: Cursor = field(default_factory=lambda: Cursor(""))
    lines: Sequence[bytes] = ()
    part: Part | None = None
    was: str = ""
    refusal: Refused | None = None
    error: Refused | None = None

    @property
    def size(self) -> int:
        """How many changes it brings at most."""
        return self.batch.head.rows if self.batch is not None else 0

    @property
    def wire_bytes(self) -> int:
        return self.batch.wire_bytes if self.batch is not None else 0

    def meet(self, cursor: Cursor) -> bool:
        """Take the request in at its branch's cursor; False when it is refused (`error`)."""
        self.cursor, self.was, self.lines, self.part, self.error = cursor, cursor.status, (), None, None
        try:
            self.contact.admit(cursor)
            if self.batch is None:
                self._greet()
            else:
                self.contact.keep_place(cursor)
                self.was = cursor.status
                self.lines = lines_to_apply(cursor, self.batch)
                self.part = self._brought(cursor) if self.lines else None
        except Refused as error:
            self.error = error
        return self.error is None

    def _brought(self, cursor: Cursor) -> Part:
        """The rows of `lines`. Raises BadBatch."""
        if self.ahead is not None and self.batch is not None and len(self.lines) == len(self.batch.lines):
            return replace(self.ahead, cursor=cursor)
        return Part(cursor, collapse(self.lines, cursor.seq))

    def _greet(self) -> None:
        self.refusal = self.contact.greet(self.cursor)
        if not self.cursor.epoch or self.contact.epoch == self.cursor.epoch:
            self.cursor.head_seq = max(self.contact.head, self.cursor.seq)
        self.was = self.cursor.status

    def is_plain(self, statements: Mapping[str, TableSql]) -> bool:
        """Whether every change is one that this release reads, so that its rows can go with those of others."""
        assert self.batch is not None and self.part is not None
        if not is_readable(self.batch.head.schema) or any(
            name not in statements for name in self.part.tables
        ):
            return False
        try:
            self.part.read(statements)
        except ValueError:
            return False
        return True

    def move(self) -> int | None:
        """The cursor after what was written; where it stood before, None when it did not move."""
        if self.batch is None:
            return None
        head, cursor, before = self.batch.head, self.cursor, None
        if self.lines:
            before = cursor.seq
            cursor.status = "normal" if self.was in ("held", "released") else self.was
            cursor.epoch, cursor.seq, cursor.chain = head.epoch, head.last, head.chain
            self.contact.compare_digests(cursor, head)
        cursor.head_seq = max(head.head, cursor.seq)
        return before

    def applied(self) -> Applied:
        """What came of it, after the commit."""
        cursor = self.cursor
        is_complete = cursor.seq >= cursor.head_seq
        return Applied(
            cursor.reply(), len(self.lines), is_complete, self.refusal, self.was, cursor.has_incident
        )
