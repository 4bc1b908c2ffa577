"""The SQL of applying a table's rows, built once per engine from the replicated columns."""

import json
import re
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from hq.figures.journal import DELTA_COLUMNS, document_sql, keep_sql
from hq.figures.rollup import COUNTED_TABLES, fold_sql
from hq.replication.batch import TableChanges
from hq.replication.cursor import Cursor, mark_slot
from shared import clock
from shared.canonical import to_micros
from shared.entries_sql import entry_rows_sql
from shared.figures import entries_of
from shared.records.versions import is_readable
from shared.replication.change import Change
from shared.replication.columns import Table, replicated_tables, row_reader

CURSOR_COLUMNS = (
    "branch, epoch, seq, chain, digests, head_seq, unproven, replay, status, runs, safe_epoch, safe_seq, "
    "scrub"
)
SELECT_CURSOR = (
    f"SELECT {CURSOR_COLUMNS}, COALESCE((SELECT n.public_key FROM branch_node n WHERE n.branch = branch_cursor.branch "
    "AND n.status = 'active'), '') AS node_key, EXISTS (SELECT 1 FROM sync_incident i WHERE i.branch = branch_cursor.branch "
    "AND i.closed_at IS NULL AND i.kind IN ('outdated', 'cloned')) AS has_incident FROM branch_cursor WHERE branch "
)
"""Behind it stands which: `= place`, `IN (places)`."""


def _insert(table: str, columns: str, dialect: str, conflict: str = "ON CONFLICT DO NOTHING") -> str:
    count = columns.count(",") + 1
    places = ", ".join("?" if dialect == "sqlite" else f"${number}" for number in range(1, count + 1))
    return f"INSERT INTO {table} ({columns}) VALUES ({places}) {conflict}"


def cursor_of(row: Any) -> Cursor:
    """The cursor of a row read by SELECT_CURSOR."""
    branch, epoch, seq, chain, digests, head_seq, unproven, *rest = tuple(row)
    return Cursor(branch, epoch, seq, chain, json.loads(digests), head_seq, json.loads(unproven), *rest)


def new_cursor(branch: str, dialect: str) -> tuple[str, tuple[Any, ...]]:
    """The statement that gives a branch its cursor, unless it has one."""
    fresh = Cursor(branch)
    return _insert("branch_cursor", CURSOR_COLUMNS + ", wire_bytes, row_count", dialect), (
        branch, "", 0, fresh.chain, "{}", 0, "{}", "", fresh.status, "", "", 0, "", 0, 0,
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


def waiting_aside(dialect: str) -> str:
    """The changes of a branch that are set aside, in the order of its log: id, seq, table, op, schema, row id, row."""
    place = "?" if dialect == "sqlite" else "$1"
    return (
        "SELECT id, seq, tbl, op, schema_version, row_id, row_after FROM quarantined_change "
        f"WHERE branch = {place} AND settled_at IS NULL ORDER BY seq, id"
    )


def recent_poison(dialect: str) -> str:
    """How many changes of a branch and epoch after a position are set aside for what they hold."""
    branch, epoch, seq = ("?", "?", "?") if dialect == "sqlite" else ("$1", "$2", "$3")
    return (
        f"SELECT COUNT(*) FROM quarantined_change WHERE branch = {branch} AND epoch = {epoch} AND seq > {seq} "
        "AND reason = 'poison' AND settled_at IS NULL"
    )


def is_newer(table: str, dialect: str) -> str:
    """Whether a row, or its tombstone, has a version of at least some position: branch, table, id, position."""
    if dialect == "sqlite":
        return (
            "SELECT 1 FROM tombstone WHERE branch = ?1 AND tbl = ?2 AND row_id = ?3 AND ver >= ?4 "
            f'UNION ALL SELECT 1 FROM "{table}" WHERE id = ?3 AND ver >= ?4'
        )
    return (
        "SELECT 1 FROM tombstone WHERE branch = $1 AND tbl = $2 AND row_id = $3 AND ver >= $4 "
        f'UNION ALL SELECT 1 FROM "{table}" WHERE id::text = $3 AND ver >= $4'
    )


def settled(change_id: int, outcome: str, dialect: str) -> tuple[str, tuple[Any, ...]]:
    """The statement that settles a change that was set aside."""
    places = ("?", "?", "?") if dialect == "sqlite" else ("$1", "$2", "$3")
    sql = "UPDATE quarantined_change SET settled_at = {}, outcome = {}, tries = tries + 1 WHERE id = {}"
    return sql.format(*places), (to_micros(clock.now()), outcome, change_id)


def failed_again(change_id: int, error: str, dialect: str) -> tuple[str, tuple[Any, ...]]:
    """The statement that notes another try in vain."""
    places = ("?", "?", "?") if dialect == "sqlite" else ("$1", "$2", "$3")
    sql = "UPDATE quarantined_change SET tried_at = {}, error = {}, tries = tries + 1 WHERE id = {}"
    return sql.format(*places), (to_micros(clock.now()), error, change_id)


def as_change(row: Any) -> tuple[int, Change]:
    """A row of `waiting_aside`: its id and the change."""
    change_id, seq, table, op, schema, pk, after = tuple(row)
    return change_id, Change(seq, 0, table, op, schema, 0, pk, (after or "").encode())


def parked_for(change: Change, known: Container[str]) -> str:
    """Why this release cannot read a change at all, which then waits for the upgrade; empty when it can."""
    if not is_readable(change.schema):
        return "newer_schema"
    return "" if change.table in known else "unknown_table"


@dataclass(frozen=True)
class TableSql:
    """Statements for one table. New rows go straight in; where some are known already: stage, old image, guarded upsert; a
    row whose version here is not older is stale and left out. `mend` writes whatever the version. `id_at` and `branch_at` are places
    among the columns. Rows travel by `insert` and `stage` on SQLite (`rows_sqlite.put`), by COPY on PostgreSQL (`rows_postgres.put`), where
    what new ones add takes no way through `delta` (`count_new` in place of `delta_new`)."""

    table: Table
    counted: bool
    columns: str
    id_at: int
    branch_at: int
    known: str
    insert: str
    stage: str
    take_old: str
    drop_stale: str
    forget_stale: str
    foreign: str
    upsert: str
    mend: str
    take_gone: str
    delete_gone: str
    foreign_gone: str
    old_canonical: str
    widen: str
    delta_new: str
    count_new: str
    delta_staged: str


def homes_sql(branches: str, dates: str) -> str:
    """`delta` with the date at each branch (`today`), from the places of both (PostgreSQL)."""
    return f"delta JOIN unnest({branches}::varchar[], {dates}::varchar[]) AS home(place, today) ON place = branch"


def _count_new(table: Table) -> str:
    """What new rows add goes into cells and journal, in one statement of PostgreSQL, past `delta`: their ids, the moment
    (microseconds UTC), branches and the date at each.

    A row that adds twice to a measure, as one that was taken back, is added up first; the others need not be. IS TRUE and IS FALSE keep
    the server from a join that it would take for a short one: it plans once, and knows nothing of how many rows will come."""
    entries = entry_rows_sql(table.name, "postgres", (("put", 1),), document_sql)
    put = f'SELECT {_used(table, entries)} FROM "{table.name}" WHERE id = ANY($1::uuid[])'
    dated = homes_sql("$3", "$4")
    again = "((row_id, measure) IN (SELECT row_id, measure FROM twice))"
    measures = [entry.measure for entry in entries_of(table.name)]
    steps = [f"put AS MATERIALIZED ({put})", f"delta ({DELTA_COLUMNS}) AS MATERIALIZED ({entries})", f"folded AS ({fold_sql('delta')})"]  # fmt: skip
    once = ""
    if len(measures) > len(set(measures)):
        twice = "SELECT row_id, measure FROM delta GROUP BY row_id, measure HAVING COUNT(*) > 1"
        kept = keep_sql("$2::bigint", "MIN(today)", f"{again} IS TRUE", relation=dated)
        steps += [f"twice AS MATERIALIZED ({twice})", f"added_up AS ({kept})"]
        once = f"{again} IS FALSE"
    return f"WITH {', '.join(steps)} {keep_sql('$2::bigint', 'today', once, relation=dated, repeated=False)}"


def _table_sql(table: Table, dialect: str) -> TableSql:
    name, stage, old = f'"{table.name}"', f"stage_{table.name}", f"old_{table.name}"
    columns = ", ".join(f'"{column}"' for column in (*table.names, "ver"))
    sets = ", ".join(f'"{c}" = excluded."{c}"' for c in (*table.names, "ver") if c != "id") + ", ext = NULL"
    counted = table.name in COUNTED_TABLES
    into = f"INSERT INTO delta ({DELTA_COLUMNS}) "
    is_sqlite = dialect == "sqlite"
    received = f"({', '.join('?' * (len(table.names) + 1))})"
    new = f"(SELECT * FROM {name} WHERE rowid > :newest)"
    return TableSql(
        table=table,
        counted=counted,
        columns=columns,
        id_at=table.names.index("id"),
        branch_at=table.names.index("branch"),
        known=(
            f"SELECT id FROM {name} WHERE id IN (SELECT value FROM json_each(?))"
            if is_sqlite
            else f"SELECT id::text AS id FROM {name} WHERE id = ANY($1::text[]::uuid[])"
        ),
        insert=f"INSERT INTO {name} ({columns}) VALUES {received}" if is_sqlite else "",
        stage=f"INSERT INTO {stage} ({columns}) VALUES {received}" if is_sqlite else "",
        take_old=f"INSERT INTO {old} ({columns}, ext) SELECT {columns}, ext FROM {name} WHERE id IN (SELECT id FROM {stage})",
        drop_stale=(
            f"DELETE FROM {stage} WHERE id IN (SELECT s.id FROM {stage} s JOIN {old} o ON o.id = s.id WHERE o.ver >= s.ver) "
            f"RETURNING CAST(id AS {'TEXT' if is_sqlite else 'VARCHAR'}) AS id"
        ),
        forget_stale=f"DELETE FROM {old} WHERE id NOT IN (SELECT id FROM {stage})",
        foreign=f"SELECT CAST(o.id AS {'TEXT' if is_sqlite else 'VARCHAR'}) AS id FROM {old} o JOIN {stage} s ON s.id = o.id WHERE o.branch <> s.branch",
        upsert=(
            f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {stage} WHERE true ON CONFLICT (id) DO UPDATE SET {sets} "
            f"WHERE {name}.ver < excluded.ver AND {name}.branch = excluded.branch"
        ),
        mend=f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {stage} WHERE true ON CONFLICT (id) DO UPDATE SET {sets}",
        take_gone=f"INSERT INTO {old} ({columns}, ext) SELECT {columns}, ext FROM {name} WHERE id IN (SELECT id FROM gone)",
        delete_gone=f"DELETE FROM {name} WHERE id IN (SELECT id FROM gone)",
        foreign_gone=f"SELECT 1 FROM {old} o JOIN gone g ON g.id = o.id WHERE o.branch <> g.branch",
        old_canonical=f"SELECT o.branch, {table.held_sql('o', dialect)} AS row FROM {old} o",
        widen=f"UPDATE {name} SET ext = {'?' if is_sqlite else '$1'} WHERE id = {'?' if is_sqlite else '$2::text::uuid'}",
        delta_new=into + entry_rows_sql(table.name, dialect, ((new, 1),), document_sql)
        if counted and is_sqlite
        else "",
        count_new=_count_new(table) if counted and not is_sqlite else "",
        delta_staged=into + entry_rows_sql(table.name, dialect, ((stage, 1), (old, -1)), document_sql)
        if counted
        else "",
    )


def _used(table: Table, query: str) -> str:
    """The columns that the figures look at."""
    words = set(re.findall(r"\w+", query))
    return ", ".join(f'"{name}"' for name in table.names if name in words)


@lru_cache(maxsize=2)
def table_sql(dialect: str) -> dict[str, TableSql]:
    """Statements of every replicated table by name."""
    return {name: _table_sql(table, dialect) for name, table in replicated_tables().items()}


Wider = list[tuple[str, str]]
"""Rows with columns that this release does not know: id and the whole row as it came."""


def typed_rows(sql: TableSql, changes: TableChanges, branch: str) -> tuple[list[tuple[Any, ...]], Wider]:
    """Per changed row its values in column order and its position; and the rows that are wider than this release, which are
    kept whole in `ext`. Raises ValueError for a row that lacks a column or that belongs to another branch."""
    decode, values = row_reader(sql.table, strict=True)
    wider: Wider = []
    try:
        rows = [(*values(decode(row)), seq) for seq, row in changes.rows.values()]
    except ValueError:
        decode, values = row_reader(sql.table)
        rows = [(*values(decode(row)), seq) for seq, row in changes.rows.values()]
        known = set(sql.table.names)
        wider = [
            (pk.decode(), row.decode())
            for pk, (_seq, row) in changes.rows.items()
            if json.loads(row).keys() - known
        ]
    if any(row[sql.branch_at] != branch for row in rows):
        raise ValueError("a row belongs to another branch")
    if [row[sql.id_at] for row in rows] != [pk.decode() for pk in changes.rows]:
        raise ValueError("a row has another id than its change")
    return rows, wider
