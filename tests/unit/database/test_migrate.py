"""Migrations: a fresh database equals a migrated one, and a migration cannot lose rows or indexes."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tortoise.backends.base.schema_generator import BaseSchemaGenerator
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_generator.state_apps import StateApps

import shared.database.migrate
from shared.database import DatabaseApp, execute, fetch_all, open_database
from shared.database.context import drop_descriptions, tortoise_config
from shared.database.makemigrations import site_apps
from shared.database.migrate import (
    MigrationResult,
    migrate,
    missing_indexes,
    missing_migrations,
    repair_indexes,
)
from shared.errors import Conflict
from tests.support import shelf
from tests.support.databases import (
    ENGINES,
    branch_apps,
    center_apps,
    command,
    hq_apps,
    postgres_url,
)


@pytest.fixture(autouse=True)
def without_queries(monkeypatch: pytest.MonkeyPatch) -> None:
    """No migration asks a model for rows, and to prepare each model's queries anew at every operation takes half of the time."""
    monkeypatch.setattr(StateApps, "_build_initial_querysets", lambda _apps: None)


async def replay(url: str, apps: list[DatabaseApp], until: str = "__latest__") -> None:
    """The long way: every migration, one operation after the other; of headquarters' own up to `until`."""
    config = tortoise_config(url, apps, foreign_keys=False)
    context = TortoiseContext()
    with context:
        await context.init(config=config, init_connections=False)
        drop_descriptions(context)
        targets = [
            MigrationTarget(app_label=app.label, name=until if app.label == "hq" else "__latest__")
            for app in apps
        ]
        await MigrationExecutor(context.db(), config["apps"]).migrate(targets, direction="forward")
        await context.connections.close_all(discard=True)


async def new_url(engine: str, tmp_path: Path) -> str:
    """A database of the engine in which nothing is."""
    if engine == "sqlite":
        return f"sqlite:///{tmp_path}/new.db"
    name = shelf.database_name("new")
    await command(f'CREATE DATABASE "{name}"')
    return postgres_url(name)


class Killed(BaseException):
    """As of SIGKILL, in so far as nothing catches it."""


async def shape(url: str, apps: list[DatabaseApp], engine: str) -> set[tuple[Any, ...]]:
    """Columns and indexes as the database itself describes them."""
    async with open_database(url, apps):
        if engine == "postgres":
            columns = await fetch_all(
                "SELECT table_name, column_name, data_type, is_nullable, character_maximum_length FROM information_schema.columns "
                "WHERE table_schema = current_schema()"
            )
            indexes = await fetch_all(
                "SELECT tablename, indexname FROM pg_indexes WHERE schemaname = current_schema()"
            )
            return {tuple(row.values()) for row in [*columns, *indexes]}
        tables = await fetch_all(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        found: set[tuple[Any, ...]] = set()
        for table in tables:
            for row in await fetch_all(
                f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table['name']}')"
            ):
                found.add((table["name"], *row.values()))
        names = await fetch_all(
            "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        )
        return found | {tuple(row.values()) for row in names}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("apps", [branch_apps, center_apps, hq_apps])
async def test_a_fresh_database_equals_one_that_replayed_every_migration(
    engine: str, apps: Any, tmp_path: Path
) -> None:
    shapes = []
    for way, make in (("fresh", migrate), ("replayed", replay)):
        if engine == "sqlite":
            url = f"sqlite:///{tmp_path}/{way}.db"
            await make(url, apps())
            shapes.append(await shape(url, apps(), engine))
            continue
        name = shelf.database_name(way)
        await command(f'CREATE DATABASE "{name}"')
        await make(postgres_url(name), apps())
        shapes.append(await shape(postgres_url(name), apps(), engine))
    assert shapes[0] == shapes[1]


CURSOR = """INSERT INTO branch_cursor (branch, epoch, seq, chain, digests, head_seq, unproven, status, wire_bytes, row_count, replay,
runs, safe_epoch, safe_seq) VALUES ('SH', 'e', 5, '0', '{}', 5, '{}', 'normal', 0, 0, '', '', '', 0)"""


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_headquarters_with_rows_is_brought_from_its_first_schema_to_the_newest(
    engine: str, tmp_path: Path
) -> None:
    url = await new_url(engine, tmp_path)
    await replay(url, hq_apps(), "0001_initial")
    async with open_database(url, hq_apps()):
        await execute(CURSOR)
    assert "hq.0002_scrub" in (await migrate(url, hq_apps())).applied
    async with open_database(url, hq_apps()):
        assert await fetch_all("SELECT branch, seq FROM branch_cursor") == [{"branch": "SH", "seq": 5}]


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_first_schema_that_was_cut_short_is_made_at_the_next_run(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = await new_url(engine, tmp_path)
    make = BaseSchemaGenerator.get_create_schema_sql
    with monkeypatch.context() as patched:
        patched.setattr(
            BaseSchemaGenerator,
            "get_create_schema_sql",
            lambda *given, **named: f"{make(*given, **named)}; SELECT cut;",
        )
        with pytest.raises(OperationalError):
            await migrate(url, center_apps())
    assert (await migrate(url, center_apps())).applied
    assert await migrate(url, center_apps()) == MigrationResult((), None)


@pytest.mark.parametrize("engine", ENGINES)
async def test_an_upgrade_that_was_cut_short_is_taken_back_and_made_at_the_next_run(
    engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a migration and the note of it, after two others."""
    url = await new_url(engine, tmp_path)
    await replay(url, hq_apps(), "0001_initial")
    async with open_database(url, hq_apps()):
        await execute(CURSOR)
    before = await shape(url, hq_apps(), engine)
    note = MigrationRecorder.record_applied

    async def cut(recorder: MigrationRecorder, app: str, name: str) -> None:
        if name.startswith("0004"):
            raise Killed
        await note(recorder, app, name)

    with monkeypatch.context() as patched:
        patched.setattr(MigrationRecorder, "record_applied", cut)
        with pytest.raises(Killed):
            await migrate(url, hq_apps())
    assert await shape(url, hq_apps(), engine) == before
    assert "hq.0002_scrub" in (await migrate(url, hq_apps())).applied
    async with open_database(url, hq_apps()):
        assert await fetch_all("SELECT branch, seq FROM branch_cursor") == [{"branch": "SH", "seq": 5}]


async def test_the_copy_of_a_killed_upgrade_is_put_back_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/killed.db"
    await replay(url, hq_apps(), "0001_initial")
    async with open_database(url, hq_apps()):
        await execute(CURSOR)
    with monkeypatch.context() as patched:  # SIGKILL leaves no time to put anything back
        patched.setattr(shared.database.migrate, "_put_back_unfinished", lambda _path: None)
        patched.setattr(MigrationRecorder, "record_applied", killed)
        with pytest.raises(Killed):
            await migrate(url, hq_apps())
    with pytest.raises(
        Conflict, match="migrate"
    ):  # what was written now would go with the copy that is put back
        async with open_database(url, hq_apps()):
            pass
    assert "hq.0002_scrub" in (await migrate(url, hq_apps())).applied
    async with open_database(url, hq_apps()):
        assert await fetch_all("SELECT branch, seq FROM branch_cursor") == [{"branch": "SH", "seq": 5}]
    assert [path.name for path in tmp_path.iterdir() if "migrating" in path.name] == []


async def killed(*_given: object) -> None:
    raise Killed


async def test_no_model_says_more_than_its_migrations() -> None:
    assert await missing_migrations(site_apps()) == []


async def test_migrating_again_applies_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/again.db"
    assert (await migrate(url, branch_apps())).applied
    assert (await migrate(url, branch_apps())).applied == ()


async def test_an_index_that_a_rebuild_dropped_comes_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/indexes.db"
    await migrate(url, branch_apps())
    with sqlite3.connect(tmp_path / "indexes.db") as direct:
        name = direct.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'customer' AND sql IS NOT NULL"
        ).fetchone()[0]
        direct.execute(f'DROP INDEX "{name}"')
    async with open_database(url, branch_apps()) as database:
        assert len(await missing_indexes(database)) == 1
        assert await repair_indexes(database) == 1
        assert await missing_indexes(database) == []
