"""Mends single rows that are not what their branch holds: the rows, and the figures that they are part of.

Runs under the branch's cursor, between two of its batches. What a damaged row had added to the figures cannot be told from
the row: somebody changed it behind the figures' back, or it never went into them. So the cells that old and new image
touch are compared with the sums over the facts, and what is missing is folded in; never more.

A mended row has the version of the position at which it was asked for. Its own cannot be trusted: one that is too low would keep
the row from a branch that comes back from an old copy, and it would be lost there.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hq.figures.journal import DELTA_COLUMNS, DOCUMENT_COLUMNS
from hq.figures.rebuild import touch_sql
from hq.figures.rollup import COUNTED_TABLES, KEYS, NOT_PERSONAL, fold_sql
from hq.replication import apply_postgres, apply_sqlite, rows_postgres
from hq.replication.apply_postgres import PostgresApplier, lock_cursor
from hq.replication.apply_sql import TableSql, table_sql, typed_rows
from hq.replication.apply_sqlite import SqliteApplier, read_cursor
from hq.replication.batch import Gap, TableChanges
from hq.replication.cursor import Cursor
from hq.replication.rows_sqlite import DATA_ERRORS, keep_delta, put
from hq.replication.scratch_postgres import empty_stage
from shared import clock
from shared.canonical import to_micros
from shared.entries_sql import entry_sql
from shared.figures import ENTRIES

FIGURES = f"{KEYS.removeprefix('tier, ')}, amount, base, n"


@dataclass(frozen=True)
class Order:
    """What is to be written: rows by id in canonical form, ids to delete; only while the cursor stands at (epoch, seq)."""

    branch: str
    epoch: str
    seq: int
    table: str
    rows: Mapping[str, bytes] = field(default_factory=dict)
    gone: Sequence[str] = ()

    def changes(self) -> TableChanges:
        return TableChanges(
            {row_id.encode(): (self.seq, row) for row_id, row in self.rows.items()},
            {row_id.encode(): self.seq for row_id in self.gone},
        )

    def single(self) -> "list[Order]":
        """The same, one row at a time."""
        place = (self.branch, self.epoch, self.seq, self.table)
        rows = [Order(*place, rows={row_id: row}) for row_id, row in self.rows.items()]
        return rows + [Order(*place, gone=[row_id]) for row_id in self.gone]

    def check(self, cursor: Cursor) -> None:
        """Raises Gap when the cursor moved."""
        if (cursor.epoch, cursor.seq) != (self.epoch, self.seq):
            raise Gap(cursor.reply())


async def mend(applier: SqliteApplier | PostgresApplier, order: Order) -> dict[str, str]:
    """Carry out an order in one transaction; the rows that could not be written, with the reason. Raises Gap and
    EnvironmentFailure; may be repeated."""
    if isinstance(applier, SqliteApplier):
        return await applier.run(lambda connection: _mend_sqlite(connection, order))
    return await applier.run(lambda connection: _mend_postgres(connection, order))


async def settle_table(applier: SqliteApplier | PostgresApplier, order: Order, digest: str) -> None:
    """Keep the digest of a table, recomputed from the rows at the order's position and equal to the branch's own, and fold in
    what its figures lack: a change that came over a damaged row took the damage out of them, not the row. Raises Gap when
    the cursor moved meanwhile."""

    def settle(cursor: Cursor) -> None:
        order.check(cursor)
        cursor.digests[order.table] = digest
        cursor.unproven.pop(order.table, None)

    def on_sqlite(connection: sqlite3.Connection) -> None:
        cursor = read_cursor(connection, order.branch)
        settle(cursor)
        apply_sqlite.write_cursors(connection, [(cursor, 0, 0)])
        if order.table in COUNTED_TABLES:
            connection.execute("DELETE FROM delta")
            _fold_sqlite(connection, order, everything=True)
            _note_sqlite(connection, order.branch)

    async def on_postgres(connection: Any) -> None:
        cursor = await lock_cursor(connection, order.branch)
        settle(cursor)
        await apply_postgres.write_cursors(connection, [(cursor, 0, 0)])
        if order.table in COUNTED_TABLES:
            await connection.execute("DELETE FROM delta")
            await _fold_postgres(connection, order, everything=True)
            await _note_postgres(connection, order.branch)

    if isinstance(applier, SqliteApplier):
        await applier.run(on_sqlite)
    else:
        await applier.run(on_postgres)


def _note_sqlite(connection: sqlite3.Connection, branch: str) -> None:
    """The cursor notes that its figures have changed without moving."""
    connection.execute(touch_sql("sqlite", "?") + " WHERE branch = ?", (to_micros(clock.now()), branch))


async def _note_postgres(connection: Any, branch: str) -> None:
    query = touch_sql("postgres", "$1::bigint") + " WHERE branch = $2"
    await connection.execute(query, to_micros(clock.now()), branch)


def missing_sql(table: str, dialect: str, branch: str, everything: bool = False) -> str:
    """What the figures of a branch lack: sums over the facts less the cells, on the days and measures in `delta`, or of
    `everything` that the table adds to.

    `branch` is the place of its code. Measures that several tables add to are summed over all of them."""
    measures = {entry.measure for entry in ENTRIES if entry.table == table}
    touched = (
        ""
        if everything
        else " AND CAST({day} AS {{text}}) IN (SELECT period FROM delta WHERE measure = '{measure}')"
    )
    parts = [
        entry_sql(entry, f'(SELECT * FROM "{entry.table}" WHERE branch = {branch}) AS facts', 1)
        + touched.format(day=entry.day, measure=entry.measure)
        for entry in ENTRIES
        if entry.measure in measures
    ]
    quoted = ", ".join(f"'{name}'" for name in NOT_PERSONAL)
    minus = FIGURES.replace("amount, base, n", "-amount, -base, -n")
    within = (
        f"c.measure IN ({', '.join(repr(name) for name in sorted(measures))})"
        if everything
        else "EXISTS (SELECT 1 FROM delta d WHERE d.measure = c.measure AND d.period = c.period)"
    )
    kept = (
        f"SELECT {minus} FROM figure_cell c WHERE c.branch = {branch} "
        f"AND c.tier = CASE WHEN c.measure IN ({quoted}) THEN 'bd' ELSE 'pd' END AND {within}"
    )
    union = " UNION ALL ".join([*parts, kept])
    return union.replace("{text}", "TEXT" if dialect == "sqlite" else "VARCHAR")


def unnamed_sql(table: str) -> str:
    """What is lacking, as entries of the journal that no single row explains."""
    columns = DELTA_COLUMNS.replace(DOCUMENT_COLUMNS, "")
    return f"INSERT INTO delta ({DELTA_COLUMNS}) SELECT {columns} '{table}', '', '', '', '', '' FROM lacking"


def _mend_sqlite(connection: sqlite3.Connection, order: Order) -> dict[str, str]:
    order.check(read_cursor(connection, order.branch))
    _note_sqlite(connection, order.branch)
    return _tried_sqlite(connection, order.single()) if _tried_sqlite(connection, [order]) else {}


def _tried_sqlite(connection: sqlite3.Connection, parts: Sequence[Order]) -> dict[str, str]:
    """Each part whole or not at all; the rows that could not be written, with the reason."""
    blocked: dict[str, str] = {}
    for part in parts:
        connection.execute("SAVEPOINT mend")
        try:
            _write_sqlite(connection, part)
        except DATA_ERRORS as error:
            connection.execute("ROLLBACK TO mend")
            blocked.update(dict.fromkeys([*part.rows, *part.gone], repr(error)))
        connection.execute("RELEASE mend")
    return blocked


def _write_sqlite(connection: sqlite3.Connection, order: Order) -> None:
    sql = table_sql("sqlite")[order.table]
    changes = order.changes()
    rows, wider = typed_rows(sql, changes, order.branch)
    for relation in ("stage", "old"):
        connection.execute(f"DELETE FROM {relation}_{order.table}")
    put(connection, sql.stage, rows)
    connection.execute(sql.take_old)
    if connection.execute(sql.foreign).fetchone() is not None:
        raise ValueError("a row with this id belongs to another branch")
    connection.execute(sql.mend)
    connection.executemany(sql.widen, [(row, row_id) for row_id, row in wider])
    connection.execute("DELETE FROM gone")
    connection.executemany(
        "INSERT INTO gone (id, ver) VALUES (?, ?)", [(pk.decode(), seq) for pk, seq in changes.gone.items()]
    )
    connection.execute(sql.take_gone)
    connection.execute(sql.delete_gone)
    if order.table in COUNTED_TABLES:
        _count_sqlite(connection, sql, order)


def _count_sqlite(connection: sqlite3.Connection, sql: TableSql, order: Order) -> None:
    connection.execute("DELETE FROM delta")
    connection.execute(sql.delta_staged)
    _fold_sqlite(connection, order)


def _fold_sqlite(connection: sqlite3.Connection, order: Order, everything: bool = False) -> None:
    """What is lacking goes into the cells and, as `delta` or unnamed, into the journal."""
    lacking = missing_sql(order.table, "sqlite", ":branch", everything)
    connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS lacking ({FIGURES})")
    connection.execute("DELETE FROM lacking")
    connection.execute(f"INSERT INTO lacking ({FIGURES}) {lacking}", {"branch": order.branch})
    if connection.execute(fold_sql("lacking")).rowcount > 0:
        if everything:
            connection.execute(unnamed_sql(order.table))
        keep_delta(connection, [order.branch])
    connection.execute("DELETE FROM delta")


async def _mend_postgres(connection: Any, order: Order) -> dict[str, str]:
    order.check(await lock_cursor(connection, order.branch))
    await _note_postgres(connection, order.branch)
    if not await _tried_postgres(connection, [order]):
        return {}
    return await _tried_postgres(connection, order.single())


async def _tried_postgres(connection: Any, parts: Sequence[Order]) -> dict[str, str]:
    """Each part whole or not at all; the rows that could not be written, with the reason."""
    blocked: dict[str, str] = {}
    for part in parts:
        try:
            async with connection.transaction():
                await _write_postgres(connection, part)
        except rows_postgres.DATA_ERRORS as error:
            blocked.update(dict.fromkeys([*part.rows, *part.gone], repr(error)))
    return blocked


async def _write_postgres(connection: Any, order: Order) -> None:
    sql = table_sql("postgres")[order.table]
    changes = order.changes()
    rows, wider = typed_rows(sql, changes, order.branch)
    await empty_stage(connection, order.table)
    if rows:
        await rows_postgres.put(connection, f"stage_{order.table}", sql, rows)
    await connection.execute(sql.take_old)
    if await connection.fetch(sql.foreign):
        raise ValueError("a row with this id belongs to another branch")
    await connection.execute(sql.mend)
    for row_id, row in wider:
        await connection.fetch(sql.widen, row, row_id)
    await connection.execute("DELETE FROM gone")
    await connection.fetch(
        "INSERT INTO gone (id, ver) SELECT * FROM unnest($1::uuid[], $2::bigint[])",
        [pk.decode() for pk in changes.gone],
        list(changes.gone.values()),
    )
    await connection.execute(sql.take_gone)
    await connection.execute(sql.delete_gone)
    if order.table in COUNTED_TABLES:
        await _count_postgres(connection, sql, order)


async def _count_postgres(connection: Any, sql: TableSql, order: Order) -> None:
    await connection.execute("DELETE FROM delta")
    await connection.execute(sql.delta_staged)
    await _fold_postgres(connection, order)


async def _fold_postgres(connection: Any, order: Order, everything: bool = False) -> None:
    """What is lacking goes into the cells and, as `delta` or unnamed, into the journal."""
    lacking = missing_sql(order.table, "postgres", "$1", everything)
    await connection.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS lacking AS SELECT {FIGURES} FROM figure_cell WITH NO DATA"
    )
    await connection.execute("DELETE FROM lacking")
    await connection.fetch(f"INSERT INTO lacking ({FIGURES}) {lacking}", order.branch)
    done = await connection.execute(fold_sql("lacking"))
    if not done.endswith(" 0"):
        if everything:
            await connection.execute(unnamed_sql(order.table))
        await rows_postgres.keep_delta(connection, await rows_postgres.homes_of(connection, [order.branch]))
    await connection.execute("DELETE FROM delta")
