"""The SQL of applying a table's rows, built once per engine from the replicated columns."""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hq.figures.journal import DELTA_COLUMNS, document_sql
from hq.figures.rollup import COUNTED_TABLES
from hq.replication.cursor import Cursor, mark_slot
from shared import clock
from shared.database.fields import to_micros
from shared.entries_sql import entry_rows_sql
from shared.replication.change import Change
from shared.replication.columns import Table, replicated_tables

CURSOR_COLUMNS = (
    "branch, epoch, seq, chain, digests, head_seq, unproven, replay, status, runs, safe_epoch, safe_seq"
)


def _insert(table: str, columns: str, dialect: str, conflict: str = "ON CONFLICT DO NOTHING") -> str:
    count = columns.count(",") + 1
    places = ", ".join("?" if dialect == "sqlite" else f"${number}" for number in range(1, count + 1))
    return f"INSERT INTO {table} ({columns}) VALUES ({places}) {conflict}"


def cursor_of(row: Any) -> Cursor:
    """The cursor of a row read as CURSOR_COLUMNS."""
    branch, epoch, seq, chain, digests, head_seq, unproven, *rest = tuple(row)
    return Cursor(branch, epoch, seq, chain, json.loads(digests), head_seq, json.loads(unproven), *rest)


def new_cursor(branch: str, dialect: str) -> tuple[str, tuple[Any, ...]]:
    """The statement that gives a branch its cursor, unless it has one."""
    fresh = Cursor(branch)
    return _insert("branch_cursor", CURSOR_COLUMNS + ", wire_bytes, row_count", dialect), (
        branch, "", 0, fresh.chain, "{}", 0, "{}", "", fresh.status, "", "", 0, 0, 0,
    )  # fmt: skip


def new_mark(before: int, cursor: Cursor, dialect: str) -> tuple[str, tuple[Any, ...]]:
    """The statement that remembers where the cursor stands, which came from `before`."""
    again = "ON CONFLICT (branch, slot) DO UPDATE SET epoch = excluded.epoch, seq = excluded.seq, chain = excluded.chain"
    return _insert("branch_mark", "branch, slot, epoch, seq, chain", dialect, again), (
        cursor.branch, mark_slot(before, cursor.seq), cursor.epoch, cursor.seq, cursor.chain,
    )  # fmt: skip


def set_aside(cursor: Cursor, change: Change, reason: str, error: str, dialect: str) -> tuple[str, tuple[Any, ...]]:  # fmt: skip
    """The statement that keeps a change whole which cannot be applied."""
    columns = "branch, epoch, seq, tbl, row_id, op, schema_version, row_after, reason, error, received_at, tries, outcome, settled_by, note"
    row = change.row.decode(errors="replace").replace("\x00", "\ufffd")
    return _insert("quarantined_change", columns, dialect, ""), (
        cursor.branch, cursor.epoch, change.seq, change.table, change.pk, change.op, change.schema,
        row, reason, error, to_micros(clock.now()), 0, "", "", "",
    )  # fmt: skip


@dataclass(frozen=True)
class TableSql:
    """Statements for one table: stage, old image, guarded upsert, deletion, what it adds to the figures."""

    table: Table
    counted: bool
    columns: str
    take_old: str
    drop_stale: str
    foreign: str
    strange: str
    upsert: str
    take_gone: str
    delete_gone: str
    old_canonical: str
    delta_new: str
    delta_both: str


def _table_sql(table: Table, dialect: str) -> TableSql:
    name, stage, old = f'"{table.name}"', f"stage_{table.name}", f"old_{table.name}"
    columns = ", ".join(f'"{column}"' for column in (*table.names, "ver"))
    sets = ", ".join(f'"{c}" = excluded."{c}"' for c in (*table.names, "ver") if c != "id")
    counted = table.name in COUNTED_TABLES
    into = f"INSERT INTO delta ({DELTA_COLUMNS}) "
    return TableSql(
        table=table,
        counted=counted,
        columns=columns,
        take_old=f"INSERT INTO {old} ({columns}) SELECT {columns} FROM {name} WHERE id IN (SELECT id FROM {stage})",
        drop_stale=f"DELETE FROM {stage} WHERE id IN (SELECT s.id FROM {stage} s JOIN {old} o ON o.id = s.id WHERE o.ver >= s.ver)",
        foreign=f"SELECT CAST(o.id AS {'TEXT' if dialect == 'sqlite' else 'VARCHAR'}) AS id FROM {old} o JOIN {stage} s ON s.id = o.id WHERE o.branch <> s.branch",
        strange=f"SELECT 1 FROM {stage} WHERE branch IS {'NOT ?' if dialect == 'sqlite' else 'DISTINCT FROM $1'} LIMIT 1",
        upsert=(
            f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {stage} WHERE true ON CONFLICT (id) DO UPDATE SET {sets} "
            f"WHERE {name}.ver < excluded.ver AND {name}.branch = excluded.branch"
        ),
        take_gone=f"INSERT INTO {old} ({columns}) SELECT {columns} FROM {name} WHERE id IN (SELECT id FROM gone)",
        delete_gone=f"DELETE FROM {name} WHERE id IN (SELECT id FROM gone)",
        old_canonical=f"SELECT {table.canonical_sql('o', dialect)} AS row FROM {old} o",
        delta_new=into + entry_rows_sql(table.name, dialect, ((stage, 1),), document_sql) if counted else "",
        delta_both=into + entry_rows_sql(table.name, dialect, ((stage, 1), (old, -1)), document_sql)
        if counted
        else "",
    )


@lru_cache(maxsize=2)
def table_sql(dialect: str) -> dict[str, TableSql]:
    """Statements of every replicated table by name."""
    return {name: _table_sql(table, dialect) for name, table in replicated_tables().items()}
