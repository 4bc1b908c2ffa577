"""The SQL of applying a table's rows, built once per engine from the replicated columns."""

from dataclasses import dataclass
from functools import lru_cache

from hq.figures.rollup import COUNTED_TABLES, entries_sql
from shared.replication.columns import Table, replicated_tables

DELTA_COLUMNS = "measure, period, branch, dim, currency, department, employee, amount, base, n"


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
        delta_new=into + entries_sql(table.name, dialect, ((stage, 1),)) if counted else "",
        delta_both=into + entries_sql(table.name, dialect, ((stage, 1), (old, -1))) if counted else "",
    )


@lru_cache(maxsize=2)
def table_sql(dialect: str) -> dict[str, TableSql]:
    """Statements of every replicated table by name."""
    return {name: _table_sql(table, dialect) for name, table in replicated_tables().items()}
