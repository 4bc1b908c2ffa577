"""Keeps lines of headquarters' log in the branch's tables, or stages them; inside the inbox's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import structlog
from tortoise.exceptions import IntegrityError

from branch_node.directives.actions import note_delivery
from branch_node.replication.inbox_models import InboxAside, InboxRow
from branch_node.replication.rows import delete_rows, write_rows
from shared.database import engine, execute, execute_many, fetch_all, transaction
from shared.records import COMPANY, REPLICATED
from shared.replication.change import Change, decode_line
from shared.replication.columns import Table, replicated_tables

log = structlog.get_logger(__name__)
PAGE = 1_000


def data_errors() -> tuple[type[Exception], ...]:
    """What a line raises that does not fit its table. The driver of PostgreSQL is loaded when something failed."""
    from asyncpg import DataError

    return ValueError, TypeError, OverflowError, IntegrityError, DataError


@dataclass
class TableLines:
    """The last state of each row in some lines: rows by id with position, ids that are gone."""

    rows: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    gone: dict[str, int] = field(default_factory=dict)


@lru_cache(maxsize=1)
def company_tables() -> dict[str, Table]:
    """The tables that headquarters writes rows of, by name."""
    names = [model._meta.db_table for model in REPLICATED if model.owned_by_company]
    return {name: replicated_tables()[name] for name in names}


def collapse(lines: Sequence[bytes], known: Mapping[str, Table] | None = None) -> dict[str, TableLines]:
    """The last state per table and row. Lines of tables that are not `known` (headquarters') are left out: after an
    upgrade everything is read anew. Raises BadLine."""
    tables: dict[str, TableLines] = {}
    known = company_tables() if known is None else known
    for number, line in enumerate(lines, 1):
        change: Change = decode_line(line, number)
        if change.table not in known:
            log.info("inbox_unknown_table", table=change.table, seq=change.seq)
            continue
        table = tables.setdefault(change.table, TableLines())
        table.rows.pop(change.pk, None)
        table.gone.pop(change.pk, None)
        if change.op == "d":
            table.gone[change.pk] = change.seq
        else:
            table.rows[change.pk] = (change.seq, change.row)
    return tables


async def apply_changes(tables: Mapping[str, TableLines]) -> None:
    """Write the rows and what follows from them. A row that cannot be taken is set aside, the others go on."""
    for name, changes in tables.items():
        table = company_tables()[name]
        await take(table, changes.rows)
        await delete_rows(table, changes.gone, COMPANY)
    if "directive_recipient" in tables:
        await note_delivery()


async def take(table: Table, rows: Mapping[str, tuple[int, bytes]]) -> None:
    """All rows at once; when the data of one is refused, one by one."""
    try:
        async with transaction():
            await write_rows(table, list(rows.values()), COMPANY)
    except data_errors() as error:
        log.warning("inbox_has_bad_rows", table=table.name, error=repr(error))
        for row_id, (seq, row) in rows.items():
            await take_one(table, row_id, seq, row)


async def take_one(table: Table, row_id: str, seq: int, row: bytes) -> None:
    """One row under a savepoint of its own; set aside when it cannot be taken."""
    try:
        async with transaction():
            await write_rows(table, [(seq, row)], COMPANY)
    except data_errors() as error:
        await InboxAside.create(
            kind="refused", tbl=table.name, row_id=row_id, seq=seq, row=plain(row), reason=repr(error)
        )


# --- what is not whole yet ---------------------------------------------------------------------------------------

STAGE_SQL = (
    "INSERT INTO inbox_row (tbl, row_id, seq, row) VALUES (:tbl, :row_id, :seq, :row) "
    "ON CONFLICT (tbl, row_id) DO UPDATE SET seq = excluded.seq, row = excluded.row"
)


async def forget_staged() -> None:
    """Drop what was staged."""
    await execute("DELETE FROM inbox_row")


async def stage(tables: Mapping[str, TableLines]) -> None:
    """Keep the last state of each row."""
    for name, changes in tables.items():
        kept = [
            *((row_id, seq, plain(row)) for row_id, (seq, row) in changes.rows.items()),
            *((row_id, seq, "") for row_id, seq in changes.gone.items()),
        ]
        await execute_many(
            STAGE_SQL, [dict(zip(("tbl", "row_id", "seq", "row"), (name, *row), strict=True)) for row in kept]
        )


def plain(row: bytes) -> str:
    """A row as text that both engines store."""
    return row.decode(errors="replace").replace("\x00", "\ufffd")


async def apply_staged() -> None:
    """What is staged becomes what people see, page by page; then the stage is empty."""
    last = 0
    while found := await InboxRow.filter(id__gt=last).order_by("id").limit(PAGE):
        last = found[-1].id
        for name in dict.fromkeys(row.tbl for row in found):
            rows = {row.row_id: (row.seq, row.row.encode()) for row in found if row.tbl == name and row.row}
            await take(company_tables()[name], rows)
            gone = [row.row_id for row in found if row.tbl == name and not row.row]
            await delete_rows(company_tables()[name], gone, COMPANY)
    await note_delivery()
    await forget_staged()


async def drop_unknown(*, keep_lost: bool) -> None:
    """Delete rows of headquarters that a whole new history does not hold. With `keep_lost` they are set aside: a
    headquarters that was put back from a copy may want them again."""
    for table in company_tables().values():
        unknown = (
            f'FROM "{table.name}" t WHERE t.branch = :owner AND NOT EXISTS (SELECT 1 FROM inbox_row s '
            f"WHERE s.tbl = '{table.name}' AND s.row_id = CAST(t.id AS VARCHAR(36)) AND s.row <> '')"
        )
        if keep_lost:
            await set_aside_lost(table, unknown)
        await execute(f'DELETE FROM "{table.name}" WHERE id IN (SELECT t.id {unknown})', owner=COMPANY)


async def set_aside_lost(table: Table, which: str) -> None:
    """Keep the rows that are about to go."""
    canonical = table.canonical_sql("t", engine())
    rows = await fetch_all(
        f"SELECT CAST(t.id AS VARCHAR(36)) AS id, t.ver, {canonical} AS row {which}", owner=COMPANY
    )
    lost = [
        InboxAside(kind="lost", tbl=table.name, row_id=row["id"], seq=row["ver"], row=row["row"])
        for row in rows
    ]
    await InboxAside.bulk_create(lost, batch_size=500)
