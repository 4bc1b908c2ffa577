"""Changes and batches made by hand, for tests of the receiving side without a branch."""

import datetime
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from branch_node.replication.source import LogRow, Position, pack
from hq.replication.batch import Batch, unpack
from hq.replication.engine import applier_for
from hq.replication.outcome import Applied, Contact
from shared import ids
from shared.canonical import canonical_json, to_micros
from shared.database import Database
from shared.records import REPLICATED, SCHEMA_VERSION, Record
from shared.replication.change import encode_line
from shared.replication.columns import table_of

EPOCH = "e" * 32


def plain(value: Any) -> Any:
    """A column's value as it stands in canonical JSON."""
    if isinstance(value, datetime.datetime):
        return to_micros(value)
    if isinstance(value, (datetime.date, UUID)):
        return value.isoformat() if isinstance(value, datetime.date) else str(value)
    if isinstance(value, (dict, list)):
        return canonical_json(value)
    return value


def canonical(record: Record) -> str:
    """The canonical JSON of an unsaved record."""
    meta = type(record)._meta
    attributes = {column: name for name, column in meta.fields_db_projection.items()}
    table = table_of(type(record))
    row = {column.name: plain(getattr(record, attributes[column.name])) for column in table.columns}
    there = [column for column in table.columns if not column.is_added or row[column.name] != column.missing]
    return "{" + ",".join(canonical_json({column.name: row[column.name]})[1:-1] for column in there) + "}"


class Branch:
    """A branch's log in memory: write records, get batches of what was written since the last one."""

    def __init__(self, code: str = "SH", epoch: str = EPOCH, schema: int = SCHEMA_VERSION) -> None:
        self.code = code
        self.epoch = epoch
        self.schema = schema
        self.position = Position()
        self.rows: list[LogRow] = []
        self.live: dict[UUID, str] = {}

    def write(self, *records: Record, op: str = "") -> None:
        """Insert or update each record (op 'd' deletes it)."""
        for record in records:
            before = self.live.get(record.id)
            after = None if op == "d" else canonical(record)
            self.add(
                type(record)._meta.db_table, str(record.id), op or ("u" if before else "i"), after, before
            )
            if after is None:
                self.live.pop(record.id, None)
            else:
                self.live[record.id] = after

    def add(self, table: str, pk: str, op: str, after: str | None, before: str | None = None) -> None:
        """Any change, also one that no record could make."""
        seq = len(self.rows) + 1
        self.rows.append(
            (seq, seq, table, before, encode_line(seq, seq, table, op, self.schema, 0, pk, after))
        )

    def batch(
        self, after: int | None = None, until: int | None = None, start: Position | None = None
    ) -> bytes:
        """The body with changes after .. until; moves on only when neither is given."""
        first = self.position if after is None else (start or self.position_at(after))
        rows = self.rows[first.seq : until]
        body, end = pack(self.code, self.epoch, first, rows, len(self.rows), self.schema)
        if after is None and until is None:
            self.position = end
        return body

    def position_at(self, seq: int) -> Position:
        """Chain and digests at a position."""
        position = Position()
        position.advance(self.rows[:seq])
        return position

    def contact(self) -> Contact:
        return Contact(self.code, self.epoch, len(self.rows))


class Headquarters:
    """The applier of a headquarters database, without HTTP."""

    def __init__(self, database: Database) -> None:
        self.applier = applier_for(database)

    async def __aenter__(self) -> "Headquarters":
        await self.applier.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.applier.stop()

    async def receive(self, branch: Branch, body: bytes | None = None) -> Applied:
        """Unpack and apply a body, by default what the branch has new."""
        batch: Batch = unpack(branch.batch() if body is None else body)
        return await self.applier.apply(batch, branch.contact())


def tables(records: Sequence[type[Record]] = REPLICATED) -> list[str]:
    """Names of replicated tables."""
    return [record._meta.db_table for record in records]


def some_id() -> UUID:
    """A fresh id."""
    return ids.new_id()
