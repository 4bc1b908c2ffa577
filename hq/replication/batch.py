"""A received batch: unpacked within bounds, its chain recomputed, its changes collapsed to the last per row."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import zstandard

from shared.errors import Refused
from shared.i18n import N_
from shared.replication.change import BadLine, Change, decode_line, extend_chain
from shared.replication.layout import BadLayout, read_layout
from shared.replication.messages import MAX_BATCH_ROWS, MAX_UNPACKED_BYTES, UNREADABLE, BatchHead, CursorReply


class BadBatch(Refused):
    """The body is not a batch: the sender must not send the same bytes again."""

    status = 422
    code = "bad_batch"


class Gap(Refused):
    """Changes are missing between headquarters' cursor and the batch: resume from the cursor."""

    status = 409
    code = "gap"

    def __init__(self, cursor: CursorReply) -> None:
        super().__init__(N_("The batch does not begin where headquarters stands."))
        self.cursor = cursor


class Fork(Refused):
    """The branch's log and headquarters' disagree about the past: a restored or cloned branch."""

    status = 409
    code = "fork"

    def __init__(self, cursor: CursorReply) -> None:
        super().__init__(N_("The branch's history is not the one that headquarters knows."))
        self.cursor = cursor


@dataclass
class TableChanges:
    """The last state of each row that a batch touches in one table: rows by id with position, ids deleted."""

    rows: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)
    gone: dict[bytes, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Batch:
    """A batch whose chain hash was recomputed from its lines and is the one it claims."""

    head: BatchHead
    lines: Sequence[bytes]
    wire_bytes: int

    def after(self, seq: int) -> tuple[bytes, Sequence[bytes]]:
        """The chain hash at `seq` and the lines after it, for a batch that overlaps the cursor."""
        known = seq - self.head.base
        return extend_chain(bytes.fromhex(self.head.chain_before), self.lines[:known]), self.lines[known:]


def unpack(body: bytes) -> Batch:
    """The batch in a request body. Raises BadBatch when it is short, oversized, torn or not what it claims."""
    try:
        size = zstandard.frame_content_size(body)
        if size < 0 or size > MAX_UNPACKED_BYTES:
            raise BadBatch(N_("The batch does not say its size, or is too large."))
        unpacking = zstandard.ZstdDecompressor().decompressobj()
        text = unpacking.decompress(body)
        if len(text) != size or unpacking.unused_data:
            raise BadBatch(N_("The batch is torn, or something follows it."))
    except zstandard.ZstdError as error:
        raise BadBatch(N_("The batch cannot be unpacked.")) from error
    first, _, rest = text.partition(b"\n")
    try:
        head = msgspec.json.decode(first, type=BatchHead)
    except UNREADABLE as error:
        raise BadBatch(N_("The head of the batch cannot be read.")) from error
    if not 0 <= head.rows <= MAX_BATCH_ROWS:
        raise BadBatch(N_("The batch is larger than headquarters accepts."))
    try:
        lines = read_layout(rest, head.layout, head.rows, MAX_UNPACKED_BYTES)
    except BadLayout as error:
        raise BadBatch(N_("A change in the batch cannot be read.")) from error
    if len(lines) != head.rows or head.last - head.base != head.rows or head.base < 0:
        raise BadBatch(N_("The batch does not hold the changes it claims."))
    try:
        chain = extend_chain(bytes.fromhex(head.chain_before), lines)
    except ValueError as error:
        raise BadBatch(N_("The head of the batch cannot be read.")) from error
    if chain.hex() != head.chain:
        raise BadBatch(N_("The batch was altered: its chain hash does not fit its changes."))
    return Batch(head, lines, len(body))


def collapse(lines: Sequence[bytes], after: int) -> dict[str, TableChanges]:
    """The last state per row and table, tables in the order in which they first occur.

    The lines must carry the positions after+1, after+2, ... Raises BadBatch. Only what is needed is read of each
    line: this runs once per replicated row.
    """
    tables: dict[bytes, TableChanges] = {}
    expected = after
    try:
        for line in lines:
            seq, _txid, name, op, _schema, _at, pk, row = line.split(b"\t", 7)
            expected += 1
            if int(seq) != expected:
                raise BadBatch(N_("The positions in the batch do not follow each other."))
            table = tables.get(name)
            if table is None:
                table = tables[name] = TableChanges()
            if op == b"d":
                table.rows.pop(pk, None)
                table.gone[pk] = expected
            else:
                if table.gone:
                    table.gone.pop(pk, None)
                table.rows[pk] = (expected, row)
        return {name.decode(): table for name, table in tables.items()}
    except ValueError as error:
        raise BadBatch(N_("A change in the batch cannot be read.")) from error


def read_changes(lines: Sequence[bytes]) -> list[Change]:
    """The changes of `lines` one by one, for rows that must be looked at singly. Raises BadBatch."""
    try:
        return [decode_line(line, number) for number, line in enumerate(lines, 1)]
    except BadLine as error:
        raise BadBatch(N_("A change in the batch cannot be read.")) from error


def gathered(changes: Sequence[Change]) -> dict[str, TableChanges]:
    """The last state per row and table of changes in their order, as `collapse` gives it for lines."""
    tables: dict[str, TableChanges] = {}
    for change in changes:
        table, pk = tables.setdefault(change.table, TableChanges()), change.pk.encode()
        if change.op == "d":
            table.rows.pop(pk, None)
            table.gone[pk] = change.seq
        else:
            table.gone.pop(pk, None)
            table.rows[pk] = (change.seq, change.row)
    return tables
