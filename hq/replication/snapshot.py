"""Gives a branch its own rows back, page by page, each with the cursor it was read at; and notes how far it is.

Read in one transaction per page (a consistent view on PostgreSQL too), beside the applier.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from hq.replication.feed_models import SnapshotRun
from hq.replication.models import BranchCursor, Tombstone
from shared import clock
from shared.database import engine, execute, fetch_all, transaction
from shared.records import SCHEMA_VERSION
from shared.replication.change import Digest, encode_line
from shared.replication.columns import Table, replicated_tables
from shared.replication.snapshot import SnapshotAsked, SnapshotHead, pack_page

PAGE_ROWS = 1_000
GONE = "tombstone"
FIRST_ID = "00000000-0000-0000-0000-000000000000"


async def page(asked: SnapshotAsked, kind: str) -> bytes:
    """The body of the answer. `kind`: rebuild | standby, for the account of the run."""
    async with transaction():
        if engine() == "postgres":
            await execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor = await BranchCursor.get_or_none(branch=asked.branch) or BranchCursor(branch=asked.branch)
        head = SnapshotHead(cursor.epoch, cursor.seq, cursor.chain, 0, "")
        if cursor.seq > asked.after_seq:
            head, lines = await _read(asked, head)
        else:
            lines = []
        if not head.table:
            head = msgspec.structs.replace(head, digests=present(cursor.digests))
        if not asked.table and not asked.after_seq:
            head = msgspec.structs.replace(head, total=total_of(cursor.digests))
    body = pack_page(head, lines)
    await note_page(asked, head, len(lines), len(body), kind)
    return body


def present(digests: Mapping[str, str]) -> dict[str, str]:
    """The digests of the tables that hold rows."""
    return {table: digest for table, digest in digests.items() if Digest.parse(digest).count}


def total_of(digests: Mapping[str, str]) -> int:
    """How many rows headquarters holds of the branch."""
    return sum(Digest.parse(digest).count for digest in digests.values())


async def _read(asked: SnapshotAsked, head: SnapshotHead) -> tuple[SnapshotHead, list[bytes]]:
    """Up to a page of lines behind the place asked for, and the head with the place of the next."""
    sources = [*replicated_tables(), GONE]
    first = sources.index(asked.table) if asked.table in sources else 0
    after = asked.after_id if asked.table in sources else ""
    lines: list[bytes] = []
    for source in sources[first:]:
        found = await _rows_of(source, asked, after, PAGE_ROWS - len(lines))
        lines += [line_of(source, row) for row in found]
        if len(lines) >= PAGE_ROWS:
            return msgspec.structs.replace(head, table=source, after_id=str(found[-1]["id"])), lines
        after = ""
    return head, lines


async def _rows_of(source: str, asked: SnapshotAsked, after: str, limit: int) -> Sequence[Mapping[str, Any]]:
    if source == GONE:
        gone = Tombstone.filter(branch=asked.branch, ver__gt=asked.after_seq, id__gt=int(after or 0))
        return await gone.order_by("id").limit(limit).values("id", "ver", "tbl", "row_id")
    table: Table = replicated_tables()[source]
    bound = ":after" if engine() == "sqlite" else ":after::text::uuid"
    return await fetch_all(
        f"SELECT CAST(r.id AS VARCHAR(36)) AS id, r.ver AS ver, {table.held_sql('r', engine())} AS row "
        f'FROM "{table.name}" r WHERE r.branch = :branch AND r.ver > :ver AND r.id > {bound} ORDER BY r.id LIMIT {limit}',
        branch=asked.branch,
        ver=asked.after_seq,
        after=after or FIRST_ID,
    )


def line_of(source: str, row: Mapping[str, Any]) -> bytes:
    """A row, or that it is gone, as a line of the wire."""
    if source == GONE:
        return encode_line(row["ver"], 0, row["tbl"], "d", SCHEMA_VERSION, 0, row["row_id"], None)
    return encode_line(row["ver"], 0, source, "u", SCHEMA_VERSION, 0, row["id"], row["row"])


async def note_page(asked: SnapshotAsked, head: SnapshotHead, rows: int, size: int, kind: str) -> None:
    """Move the account of the present run on. A first page of everything begins another; a pass that found nothing
    new is only a sign of life."""
    async with transaction():
        run = await SnapshotRun.filter(branch=asked.branch, kind=kind).order_by("-id").first()
        if run is None or not (asked.table or asked.after_seq):
            run = await SnapshotRun.create(branch=asked.branch, kind=kind, total=head.total)
        run.rows += rows
        run.wire_bytes += size
        run.seen_at = clock.now()
        run.seq = head.seq if not head.table else run.seq
        run.is_whole = run.is_whole or not head.table
        await run.save()
