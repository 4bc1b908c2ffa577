"""Writes canonical rows into the branch's tables, on both engines; who calls owns the transaction.

Rows that headquarters or a snapshot hands over go in as they are, with the position that wrote them in `ver`.
"""

from collections.abc import Collection, Sequence
from uuid import UUID

from shared.database import engine, execute, fetch_value
from shared.database.access import connection
from shared.replication.columns import Table, row_reader

WRITTEN_AT_ONCE = 500


async def write_rows(table: Table, rows: Sequence[tuple[int, bytes]], owner: str) -> None:
    """Insert or replace rows (position, canonical JSON) that belong to `owner`.

    Raises ValueError when a row cannot be read or belongs to somebody else, also the one it would replace.
    """
    decode, values = row_reader(table)
    for start in range(0, len(rows), WRITTEN_AT_ONCE):
        part = rows[start : start + WRITTEN_AT_ONCE]
        read = [[*values(decode(row)), seq] for seq, row in part]
        await _refuse_foreign(table, read, owner)
        if engine() == "sqlite":
            await connection().execute_many(_upsert(table, "sqlite"), read)
        else:
            payload = b"[" + b",".join(b'{"ver":%d,%s' % (seq, row[1:]) for seq, row in part) + b"]"
            await connection().execute_query(_upsert(table, "postgres"), [payload.decode()])


async def delete_rows(table: Table, ids: Collection[str], owner: str) -> None:
    """Delete rows of `owner` by id; ids that are not there are left alone. Raises ValueError for what is no id."""
    found = [UUID(row_id) for row_id in ids]
    for start in range(0, len(found), WRITTEN_AT_ONCE):
        part = found[start : start + WRITTEN_AT_ONCE]
        await execute(
            f'DELETE FROM "{table.name}" WHERE id IN :ids AND branch = :owner', ids=part, owner=owner
        )


async def _refuse_foreign(table: Table, rows: Sequence[Sequence[object]], owner: str) -> None:
    branch, row_id = table.names.index("branch"), table.names.index("id")
    if any(row[branch] != owner for row in rows):
        raise ValueError(f"a row of {table.name} does not belong to {owner}")
    ids = [UUID(str(row[row_id])) for row in rows]
    sql = f'SELECT 1 AS one FROM "{table.name}" WHERE id IN :ids AND branch <> :owner LIMIT 1'
    if await fetch_value(sql, ids=ids, owner=owner):
        raise ValueError(f"a row of {table.name} would replace one that does not belong to {owner}")


def _upsert(table: Table, dialect: str) -> str:
    names = (*table.names, "ver")
    columns = ", ".join(f'"{name}"' for name in names)
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name != "id")
    if dialect == "sqlite":
        source = f"VALUES ({', '.join('?' * len(names))})"
    else:
        source = f'SELECT {table.read_sql(dialect)}, "ver" FROM json_populate_recordset(NULL::"{table.name}", $1::json)'
    return f'INSERT INTO "{table.name}" ({columns}) {source} ON CONFLICT (id) DO UPDATE SET {sets}'
