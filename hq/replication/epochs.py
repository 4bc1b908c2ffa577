"""What a branch needs of headquarters to rejoin after a restore: earlier positions, and its own rows as held here.

Rare; runs over the site's own connection, beside the applier. The new epoch itself: hq.replication.standby.begin_epoch.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import zstandard

from hq.replication.apply_sql import SELECT_CURSOR, cursor_of, new_cursor
from hq.replication.cursor import Cursor
from hq.replication.models import BranchMark, QuarantinedChange, Tombstone
from hq.replication.outcome import Contact
from shared.database import engine, execute, fetch_all, fetch_one, transaction
from shared.database.access import connection
from shared.records import SCHEMA_VERSION
from shared.replication.change import encode_line
from shared.replication.columns import Table, replicated_tables
from shared.replication.messages import Mark, MarksReply, RowsAsked, RowsHead

MAX_ROWS = 2_000
GONE, ASIDE = "tombstone", "quarantined_change"
FIRST_ID = "00000000-0000-0000-0000-000000000000"


@asynccontextmanager
async def admitted(contact: Contact) -> AsyncIterator[Cursor]:
    """The branch's cursor, locked, with the request in its replay memory; written back at the end of the block."""
    lock = " FOR UPDATE" if engine() == "postgres" else ""
    query = f"{SELECT_CURSOR} = :branch{lock}"
    async with transaction():
        found = await fetch_one(query, branch=contact.branch)
        if found is None:
            sql, values = new_cursor(contact.branch, engine())
            await connection().execute_query(sql, list(values))
            found = await fetch_one(query, branch=contact.branch)
            assert found is not None
        cursor = cursor_of(found.values())
        contact.admit(cursor)
        yield cursor
        await execute(
            "UPDATE branch_cursor SET replay = :replay WHERE branch = :branch",
            replay=cursor.replay,
            branch=cursor.branch,
        )


async def marks(contact: Contact) -> MarksReply:
    """Where headquarters stands with the branch and where it stood before."""
    async with admitted(contact) as cursor:
        kept = await BranchMark.filter(branch=contact.branch).order_by("-seq")
        return MarksReply(cursor.reply(), [Mark(mark.epoch, mark.seq, mark.chain) for mark in kept])


async def rows(contact: Contact, asked: RowsAsked) -> bytes:
    """A page of what is held of the branch's rows that changed after a position: rows, deletions, changes set aside."""
    sources = [*replicated_tables(), GONE, ASIDE]
    limit = max(1, min(asked.limit, MAX_ROWS))
    first = sources.index(asked.table) if asked.table in sources else 0
    after = asked.after_id if asked.table in sources else ""
    async with admitted(contact) as cursor:
        lines: list[bytes] = []
        head = RowsHead(cursor.epoch, cursor.seq, cursor.chain, 0)
        for source in sources[first:]:
            found, last = await _page(source, asked, after, limit - len(lines))
            lines += found
            if len(lines) >= limit:
                head = msgspec.structs.replace(head, table=source, after_id=last)
                break
            after = ""
    head = msgspec.structs.replace(head, rows=len(lines))
    body = b"\n".join([msgspec.json.encode(head), *lines])
    return zstandard.ZstdCompressor(level=3, write_content_size=True).compress(body)


async def _page(source: str, asked: RowsAsked, after: str, limit: int) -> tuple[list[bytes], str]:
    """Up to `limit` lines of one source after an id, and the id of the last."""
    if source == GONE:
        gone = await Tombstone.filter(
            branch=asked.branch, ver__gt=asked.after_seq, id__gt=int(after or 0)
        ).order_by("id").limit(limit)  # fmt: skip
        return [_line(row.ver, row.tbl, row.row_id, None) for row in gone], str(gone[-1].id) if gone else ""
    if source == ASIDE:
        aside = await QuarantinedChange.filter(
            branch=asked.branch, seq__gt=asked.after_seq, settled_at=None, id__gt=int(after or 0)
        ).order_by("id").limit(limit)  # fmt: skip
        lines = [_line(row.seq, row.tbl, row.row_id, row.row_after or None) for row in aside]
        return lines, str(aside[-1].id) if aside else ""
    return _lines(source, await _rows_of(replicated_tables()[source], asked, after, limit))


async def _rows_of(table: Table, asked: RowsAsked, after: str, limit: int) -> Sequence[dict[str, Any]]:
    dialect = engine()
    bound = ":after" if dialect == "sqlite" else ":after::text::uuid"
    return await fetch_all(
        f"SELECT CAST(r.id AS VARCHAR(36)) AS id, r.ver AS ver, {table.held_sql('r', dialect)} AS row "
        f'FROM "{table.name}" r WHERE r.branch = :branch AND r.ver > :ver AND r.id > {bound} ORDER BY r.id LIMIT {limit}',
        branch=asked.branch,
        ver=asked.after_seq,
        after=after or FIRST_ID,
    )


def _lines(table: str, found: Sequence[dict[str, Any]]) -> tuple[list[bytes], str]:
    return [_line(row["ver"], table, row["id"], row["row"]) for row in found], found[-1][
        "id"
    ] if found else ""


def _line(seq: int, table: str, pk: str, row: str | None) -> bytes:
    return encode_line(seq, 0, table, "d" if row is None else "u", SCHEMA_VERSION, 0, pk, row)
