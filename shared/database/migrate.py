"""Guarded migrations: Tortoise's own migration engine, run so that it cannot lose a row or an index.

Altering a field on SQLite rebuilds the table; with foreign keys on, dropping the old one cascades, and its
secondary indexes vanish. So: 1 copy the file first, 2 run with foreign keys off, 3 compare the row counts
of every table, 4 `foreign_key_check`, 5 re-create the indexes a fresh schema would have. If any of it fails
the copy is put back and the caller is told; the next run does so after one that was killed. On PostgreSQL, and in an empty
database, a run is one transaction.
"""

import shutil
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.writer import MigrationWriter
from tortoise.transactions import in_transaction

from shared import clock
from shared.database.context import (
    Database,
    DatabaseApp,
    drop_descriptions,
    tortoise_config,
    unfinished_migration,
)
from shared.errors import Conflict
from shared.i18n import N_

NOTES = "tortoise_migrations"
"""The table in which Tortoise notes what was applied."""

TABLES_WITH_ROWS = """
SELECT name FROM sqlite_master AS t WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND NOT EXISTS (SELECT 1 FROM sqlite_master AS v
  WHERE v.sql LIKE 'CREATE VIRTUAL TABLE%' AND (v.name = t.name OR substr(t.name, 1, length(v.name) + 1) = v.name || '_'))
"""
"""Without indexes of full text and the tables behind them, which are made anew and whose rows are pieces of it."""


@dataclass(frozen=True)
class MigrationResult:
    """What a run did: names of the migrations applied, and the copy kept of the file before (SQLite)."""

    applied: tuple[str, ...]
    kept_copy: Path | None


async def migrate(url: str, apps: Sequence[DatabaseApp]) -> MigrationResult:
    """Bring the database at `url` to the newest schema; does nothing when it is there already. May be killed and run again.

    Raises Conflict when rows or references would have been lost (the SQLite file is put back first).
    """
    config = tortoise_config(url, apps, foreign_keys=False)
    context = TortoiseContext()
    with context:
        await context.init(config=config, init_connections=False)
        drop_descriptions(context)
        client = context.db()
        path = Path(client.filename) if client.capabilities.dialect == "sqlite" else None  # type: ignore[attr-defined]
        if path is not None:
            _put_back_unfinished(path)
        executor = MigrationExecutor(client, config["apps"])
        targets = [MigrationTarget(app_label=app.label, name="__latest__") for app in apps]
        try:
            steps = await executor.plan(targets)
            names = tuple(f"{step.migration.app_label}.{step.migration.name}" for step in steps)
            if not names:
                return MigrationResult((), None)
            if await _is_empty(client):
                await _create_newest(client, executor, steps)
                return MigrationResult(names, None)
            if path is None:
                async with in_transaction(client.connection_name) as whole:
                    await MigrationExecutor(whole, config["apps"]).migrate(targets, direction="forward")
                return MigrationResult(names, None)
            before, kept = _row_counts(path), _keep_copy(path)
            await MigrationExecutor(client, config["apps"]).migrate(targets, direction="forward")
        except BaseException:
            await context.connections.close_all(discard=True)
            if path is not None:
                _put_back_unfinished(path)
            raise
        finally:
            await context.connections.close_all(discard=True)
    _guard(path, before)
    return MigrationResult(names, kept)


async def _is_empty(client: Any) -> bool:
    """Whether a database has no table yet, but the one that notes migrations."""
    tables = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        if client.capabilities.dialect == "sqlite"
        else "SELECT tablename AS name FROM pg_tables WHERE schemaname = current_schema()"
    )
    return {row["name"] for row in await client.execute_query_dict(tables)} <= {NOTES}


async def _create_newest(client: Any, executor: MigrationExecutor, steps: Sequence[Any]) -> None:
    """An empty database gets the newest schema at once, and all migrations are noted as applied, in one transaction.

    Replaying them takes seconds per site, since Tortoise rebuilds its state at every operation; a test holds the two
    ways to the same tables, columns and indexes.
    """
    sql = client.schema_generator(client).get_create_schema_sql(safe=False)
    await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))
    notes = ", ".join(
        f"('{step.migration.app_label}', '{step.migration.name}', '{clock.now()}')" for step in steps
    )
    await client.execute_script(
        f'BEGIN;\n{sql.rstrip().rstrip(";")};\nINSERT INTO "{NOTES}" ("app", "name", "applied_at") VALUES {notes};\nCOMMIT;'
    )


def _copy_of(path: Path) -> Path:
    return path.with_suffix(path.suffix + ".before-migration")


def _keep_copy(path: Path) -> Path:
    """A consistent copy beside the file, made with SQLite's backup; from here on the migration is unfinished."""
    target = _copy_of(path)
    source = sqlite3.connect(path)
    copy = sqlite3.connect(target)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    unfinished_migration(path).touch()
    return target


def _put_back_unfinished(path: Path) -> None:
    """Put the copy back when a migration is unfinished."""
    if not unfinished_migration(path).exists():
        return
    for suffix in ("-wal", "-shm"):
        Path(str(path) + suffix).unlink(missing_ok=True)
    shutil.copyfile(_copy_of(path), path)
    unfinished_migration(path).unlink()


def _row_counts(path: Path) -> dict[str, int]:
    found = sqlite3.connect(path)
    try:
        names = [str(row[0]) for row in found.execute(TABLES_WITH_ROWS)]
        return {name: int(found.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in names}
    finally:
        found.close()


def _guard(path: Path, before: dict[str, int]) -> None:
    """Steps 3 and 4: every table that is still there has its rows, and every reference its target."""
    after = _row_counts(path)
    lost = sorted(
        name for name, count in before.items() if name in after and after[name] < count and name != NOTES
    )
    check = sqlite3.connect(path)
    try:
        broken = check.execute("PRAGMA foreign_key_check").fetchall()
    finally:
        check.close()
    if lost or broken:
        _put_back_unfinished(path)
        raise Conflict(
            N_(
                "The migration would have lost rows of %(tables)s. The database was put back; nothing changed."
            ),
            tables=", ".join(lost) or "references",
        )
    unfinished_migration(path).unlink()


async def missing_indexes(database: Database) -> list[str]:
    """CREATE INDEX statements for indexes of the models that the SQLite file lacks; run by `repair_indexes`."""
    with database.use():
        client = database.context.db()
        generator = client.schema_generator(client)
        have = {
            str(row["name"])
            for row in await client.execute_query_dict(
                "SELECT name FROM sqlite_master WHERE type = 'index'"
                if client.capabilities.dialect == "sqlite"
                else "SELECT indexname AS name FROM pg_indexes WHERE schemaname = current_schema()"
            )
        }
        sql = generator.get_create_schema_sql(safe=True)
    wanted = [line.strip() for line in sql.split(";") if line.strip().startswith("CREATE INDEX")]
    return [line for line in wanted if line.split('"')[1] not in have]


async def repair_indexes(database: Database) -> int:
    """Step 5: create what a rebuild dropped; the number created."""
    missing = await missing_indexes(database)
    with database.use():
        client = database.context.db()
        for statement in missing:
            await client.execute_script(statement)
    return len(missing)


async def make_migrations(apps: Sequence[DatabaseApp]) -> list[str]:
    """Write a migration for every app whose models changed; the paths written. A developer's command.

    A rename comes out as remove and add: write RenameField by hand before running it on real data.
    """
    return [str(writer.write()) for writer in await _unwritten(apps)]


async def missing_migrations(apps: Sequence[DatabaseApp]) -> list[str]:
    """Labels of the apps whose models say more than their migrations; nothing is written."""
    return [writer.app_label for writer in await _unwritten(apps)]


async def _unwritten(apps: Sequence[DatabaseApp]) -> list[MigrationWriter]:
    config = tortoise_config("sqlite:////dev/null", apps)
    context = TortoiseContext()
    with context:
        await context.init(config=config, init_connections=False)
        drop_descriptions(context)
        assert context.apps is not None
        return await MigrationAutodetector(context.apps, config["apps"]).changes()
