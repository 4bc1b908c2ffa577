"""Generated triggers that write every change of a replicated row into the change log, in its transaction.

Who calls: `install` after migrating a branch (its own code) or headquarters (COMPANY). Only rows whose
`branch` is the owner's are captured, so rows that arrived from elsewhere are never echoed.

The log: `change(seq, txid, tbl, pk, op, schema, row_after, row_before, at)` where op is i, u or d; `row_after` and
`row_before` are canonical JSON (null where there is none); `at` milliseconds UTC, for people only.
SQLite: seq is AUTOINCREMENT, so pruning never re-issues a number. PostgreSQL: triggers fill `change_pending`
and one deferred trigger per transaction numbers its rows from a counter row at commit; a sequence would leave
gaps and number rows in another order than they become visible.
"""

import hashlib

from shared.database.access import connection
from shared.records import COMPANY, REPLICATED, SCHEMA_VERSION
from shared.replication.columns import Table, table_of

SQLITE_LOG = """
CREATE TABLE IF NOT EXISTS change (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, txid INTEGER NOT NULL, tbl TEXT NOT NULL, pk TEXT NOT NULL,
  op TEXT NOT NULL, schema INTEGER NOT NULL, row_after TEXT, row_before TEXT, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS change_head (txid INTEGER NOT NULL);
INSERT INTO change_head SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM change_head);
CREATE TABLE IF NOT EXISTS change_capture (name TEXT PRIMARY KEY, sql_hash TEXT NOT NULL);
DROP INDEX IF EXISTS change_pk;
CREATE INDEX IF NOT EXISTS change_row ON change (pk);
"""
"""An index on SQLite ends with the number of the row, which is `seq`: a second copy of it is not written with each change."""

POSTGRES_LOG = """
CREATE TABLE IF NOT EXISTS change (
  seq BIGINT PRIMARY KEY, txid BIGINT NOT NULL, tbl TEXT NOT NULL, pk TEXT NOT NULL,
  op TEXT NOT NULL, schema INTEGER NOT NULL, row_after TEXT, row_before TEXT, at BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS change_head (seq BIGINT NOT NULL);
INSERT INTO change_head SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM change_head);
CREATE TABLE IF NOT EXISTS change_capture (name TEXT PRIMARY KEY, sql_hash TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS change_pk ON change (pk, seq);
CREATE UNLOGGED TABLE IF NOT EXISTS change_pending (
  ord BIGSERIAL, txid BIGINT NOT NULL, tbl TEXT NOT NULL, pk TEXT NOT NULL,
  op TEXT NOT NULL, schema INTEGER NOT NULL, row_after TEXT, row_before TEXT, at BIGINT NOT NULL);
CREATE INDEX IF NOT EXISTS change_pending_txid ON change_pending (txid, ord);
DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'change_pending_pkey') THEN
    ALTER TABLE change_pending DROP CONSTRAINT change_pending_pkey;
  END IF;
END $$;
CREATE UNLOGGED TABLE IF NOT EXISTS change_open (txid BIGINT PRIMARY KEY);
CREATE OR REPLACE FUNCTION change_number() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE mine BIGINT := NEW.txid; added BIGINT; last BIGINT;
BEGIN
  SELECT count(*) INTO added FROM change_pending WHERE txid = mine;
  IF added > 0 THEN
    UPDATE change_head SET seq = seq + added RETURNING seq INTO last;
    INSERT INTO change (seq, txid, tbl, pk, op, schema, row_after, row_before, at)
      SELECT last - added + row_number() OVER (ORDER BY ord), txid, tbl, pk, op, schema, row_after, row_before, at
      FROM change_pending WHERE txid = mine ORDER BY ord;
    DELETE FROM change_pending WHERE txid = mine;
    PERFORM pg_notify('trunkline_change', last::text);
  END IF;
  DELETE FROM change_open WHERE txid = mine;
  PERFORM set_config('trunkline.capturing', '', true);
  RETURN NULL;
END $$;
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_trigger WHERE tgname = 'change_number_at_commit') THEN
    CREATE CONSTRAINT TRIGGER change_number_at_commit AFTER INSERT ON change_open
      DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION change_number();
  END IF;
END $$;
"""

_SQLITE_NOW = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
_POSTGRES_NOW = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"
_IS_FIRST = "AND current_setting('trunkline.capturing', true) IS DISTINCT FROM txid_current()::text"
_OPEN = (
    "INSERT INTO change_open VALUES (txid_current()) ON CONFLICT DO NOTHING; "
    "PERFORM set_config('trunkline.capturing', txid_current()::text, true);"
)
"""Once per transaction the deferred trigger is set off. The setting is taken back with the savepoint or transaction it was made in,
and by the trigger itself, which a person may have run early (SET CONSTRAINTS ALL IMMEDIATE)."""
_EVENTS = (("insert", "i"), ("update", "u"), ("delete", "d"))


def sqlite_triggers(table: Table, owner: str) -> dict[str, str]:
    """The three row triggers of a table, by name."""
    made: dict[str, str] = {}
    for event, op in _EVENTS:
        source = "OLD" if event == "delete" else "NEW"
        row = "NULL" if event == "delete" else table.canonical_sql("NEW", "sqlite")
        old = "NULL" if event == "insert" else table.canonical_sql("OLD", "sqlite")
        name = f"capture_{table.name}_{event}"
        made[name] = (
            f"CREATE TRIGGER {name} AFTER {event.upper()} ON \"{table.name}\" WHEN {source}.branch = '{owner}' BEGIN "
            f"INSERT INTO change (txid, tbl, pk, op, schema, row_after, row_before, at) "
            f"SELECT txid, '{table.name}', {source}.id, '{op}', {SCHEMA_VERSION}, {row}, {old}, {_SQLITE_NOW} "
            f"FROM change_head; END"
        )
    return made


def postgres_triggers(table: Table, owner: str) -> dict[str, str]:
    """The three statement triggers of a table with their functions, by name; transition tables keep bulk cheap.

    The canonical row is a composite type of the table's first columns as JSON, which costs half of what a sub-select does. The type
    is named after its columns: another shape is another type, and what a session still runs keeps the one it knows."""
    made: dict[str, str] = {}
    shape = ", ".join(f'"{column.name}" {column.postgres_type}' for column in table.first)
    kind = f"row_{hashlib.sha256(shape.encode()).hexdigest()[:8]}_{table.name}"
    make_type = (
        f"DO $$ BEGIN IF to_regtype('{kind}') IS NULL THEN CREATE TYPE {kind} AS ({shape}); END IF; END $$; "
    )
    for event, op in _EVENTS:
        name = f"capture_{table.name}_{event}"
        source = "o" if event == "delete" else "n"
        row = "NULL" if event == "delete" else _composite(table, "n", kind)
        old = "NULL" if event == "insert" else _composite(table, "o", kind)
        rows = {
            "insert": "new_rows n",
            "update": "new_rows n JOIN old_rows o ON o.id = n.id",
            "delete": "old_rows o",
        }[event]
        tables = {
            "insert": "NEW TABLE AS new_rows",
            "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
            "delete": "OLD TABLE AS old_rows",
        }[event]
        made[name] = (
            f"{make_type}CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"INSERT INTO change_pending (txid, tbl, pk, op, schema, row_after, row_before, at) "
            f"SELECT txid_current(), '{table.name}', {source}.id::text, '{op}', {SCHEMA_VERSION}, {row}, {old}, {_POSTGRES_NOW} "
            f"FROM {rows} WHERE {source}.branch = '{owner}'; "
            f"IF FOUND {_IS_FIRST} THEN {_OPEN} END IF; "
            f"RETURN NULL; END $$; "
            f'CREATE TRIGGER {name} AFTER {event.upper()} ON "{table.name}" REFERENCING {tables} '
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )
    return made


def _composite(table: Table, row: str, kind: str) -> str:
    picked = ", ".join(f'{row}."{column.name}"' for column in table.first)
    return table.with_added(f"row_to_json(ROW({picked})::{kind})::text", row, "postgres")


def triggers(dialect: str, owner: str) -> dict[str, str]:
    """All capture triggers of a site by name: every table at a branch, the tables it owns at headquarters."""
    make = sqlite_triggers if dialect == "sqlite" else postgres_triggers
    tables = [table_of(model) for model in REPLICATED if owner != COMPANY or model.owned_by_company]
    return {name: sql for table in tables for name, sql in make(table, owner).items()}


def _check_owner(owner: str) -> None:
    if not owner.replace("-", "").replace("_", "").isalnum():
        raise ValueError(f"a branch code holds letters, digits, - and _ only: {owner!r}")


async def install(owner: str) -> int:
    """Create the log and bring the triggers up to date for rows owned by `owner`; how many were (re)created.

    Run after every migration, inside the site's database context; running it again does nothing.
    """
    _check_owner(owner)
    client = connection()
    dialect = client.capabilities.dialect
    await client.execute_script(SQLITE_LOG if dialect == "sqlite" else POSTGRES_LOG)
    installed = {
        str(row["name"]): str(row["sql_hash"])
        for row in await client.execute_query_dict("SELECT name, sql_hash FROM change_capture")
    }
    present = await _present_triggers(dialect)
    renewed = 0
    for name, sql in triggers(dialect, owner).items():
        digest = hashlib.sha256(sql.encode()).hexdigest()
        if installed.get(name) == digest and name in present:
            continue
        await _replace(name, sql, digest, dialect)
        renewed += 1
    if dialect == "sqlite":
        client.marks_transactions = True  # type: ignore[attr-defined]
    return renewed


async def _present_triggers(dialect: str) -> set[str]:
    sql = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if dialect == "sqlite"
        else "SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal"
    )
    return {str(row["name"]) for row in await connection().execute_query_dict(sql)}


async def _replace(name: str, sql: str, digest: str, dialect: str) -> None:
    client = connection()
    table = name.removeprefix("capture_").rsplit("_", 1)[0]
    on = f' ON "{table}"' if dialect == "postgres" else ""
    await client.execute_script(
        f"DROP TRIGGER IF EXISTS {name}{on}; {sql}; "
        f"DELETE FROM change_capture WHERE name = '{name}'; "
        f"INSERT INTO change_capture VALUES ('{name}', '{digest}');"
    )
