"""Migrated databases of both engines for tests, copied from a template so that each test has its own.

`fresh_database(engine, kind)` opens one for the length of the block; the fixture `database` gives a branch's
(code SH, its `home()`) on each engine. A kind names the apps of a site and the owner of the rows that are captured.
"""

import asyncio
import importlib.util
import os
import shutil
import socket
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from secrets import token_hex
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from branch_node.customers.fragments import index_fragments
from branch_node.home import Home, at_home
from hq.figures import rollup
from shared.database import Database, DatabaseApp, open_database
from shared.database.migrate import migrate
from shared.records import COMPANY, RECORDS_APP
from shared.replication import capture
from tests.support import shelf
from tests.support.clean_slate import REMEMBER, CleanSlates
from tests.support.services import missing

T = TypeVar("T")

BRANCH = "SH"
POSTGRES_URL = os.environ.get("TEST_DATABASE_URL", "postgres://root@127.0.0.1:5432/test")
ENGINES = (
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgres", id="postgres", marks=pytest.mark.postgres),
)


def branch_apps() -> list[DatabaseApp]:
    """The apps of a branch: replicated records, accounts, the branch's own tables."""
    from branch_node.models import BRANCH_APP
    from shared.web.models import WEB_APP

    return migrated([RECORDS_APP, WEB_APP, BRANCH_APP])


def hq_apps() -> list[DatabaseApp]:
    """The apps of headquarters."""
    from hq.models import HQ_APP
    from shared.web.models import WEB_APP

    return migrated([RECORDS_APP, WEB_APP, HQ_APP])


def center_apps() -> list[DatabaseApp]:
    """The apps of the network center."""
    from netops.center.models import CENTER_APP
    from shared.web.models import WEB_APP

    return migrated([WEB_APP, CENTER_APP])


def migrated(apps: list[DatabaseApp]) -> list[DatabaseApp]:
    """The apps that have migrations."""
    return [app for app in apps if importlib.util.find_spec(app.migrations) is not None]


KINDS = {"branch": (branch_apps, BRANCH), "hq": (hq_apps, COMPANY), "center": (center_apps, "")}


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a loop of its own in another thread; usable while a loop runs here."""
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(asyncio.run(work))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


class Templates:
    """A migrated template for each engine and kind, made once in a run; and the databases that this process lends to its tests."""

    def __init__(self) -> None:
        self.slates = CleanSlates()

    def sqlite(self, kind: str) -> Path:
        """The file of a migrated, closed SQLite database."""
        return shelf.once(f"template-{kind}.db", lambda path: apart(prepare(f"sqlite:///{path}", kind)))

    def postgres(self, kind: str) -> str:
        """The name of a migrated PostgreSQL database that nobody is connected to."""

        def make() -> str:
            name = shelf.database_name(f"template_{kind}")
            apart(command(f'CREATE DATABASE "{name}"'))
            apart(prepare(postgres_url(name), kind))
            apart(remember(plain_url(name)))
            return name

        return shelf.once_text(f"template-{kind}.name", make)

    async def borrow(self, kind: str) -> str:
        """The name of an empty PostgreSQL database of this kind, this test's own until it is given back."""
        require_postgres()
        return await self.slates.borrow(kind, self.postgres(kind), POSTGRES_URL, plain_url)

    async def copied(self, kind: str, source: str) -> str:
        """The name of a copy of a borrowed database that nobody is connected to; to be given back as well."""
        return await self.slates.copied(kind, source, POSTGRES_URL)

    async def give_back(self, name: str) -> None:
        """A borrowed database is emptied for the next test."""
        await self.slates.give_back(name, plain_url(name))

    async def drop_spare(self) -> None:
        """Give the server its disk back but for one database of each kind; `remove_what_was_shared` does it once, at the end."""
        await self.slates.drop_spare(POSTGRES_URL)


@cache
def postgres_answers() -> bool:
    """Whether the tests' server is there; asked once."""
    return answers(POSTGRES_URL)


def require_postgres() -> None:
    """Skip with a printed reason where no server answers; fail where the run must have them all. Done before every test and
    parameter marked `postgres`."""
    if not postgres_answers():
        missing(f"no PostgreSQL answers at {place(POSTGRES_URL)}")


def remove_what_was_shared() -> None:
    """The shelf of this run, and its databases."""
    shelf.clear()
    if answers(POSTGRES_URL):
        apart(drop_all_of_the_run())


def place(url: str) -> str:
    """host:port of a url, without its password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 5432}"


def answers(url: str) -> bool:
    """Whether something listens there."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 5432), timeout=2).close()
    except OSError:
        return False
    return True


def postgres_url(name: str) -> str:
    """The server's url with another database."""
    return urlunsplit(urlsplit(POSTGRES_URL)._replace(path=f"/{name}", query="pool=4"))


def plain_url(name: str) -> str:
    """The same for a plain connection."""
    return urlunsplit(urlsplit(POSTGRES_URL)._replace(path=f"/{name}"))


async def drop_all_of_the_run() -> None:
    """Every database that a process of this run made."""
    link = await asyncpg.connect(POSTGRES_URL)
    try:
        for row in await link.fetch(
            "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", shelf.PREFIX
        ):
            await link.execute(f'DROP DATABASE IF EXISTS "{row["datname"]}" WITH (FORCE)')
    finally:
        await link.close()


async def command(sql: str) -> None:
    """One statement on the server's own test database, outside any transaction."""
    link = await asyncpg.connect(POSTGRES_URL)
    try:
        await link.execute(sql)
    finally:
        await link.close()


async def prepare(url: str, kind: str) -> None:
    """Migrate and, where there are replicated records, install the change capture and headquarters' rollups."""
    apps, owner = KINDS[kind]
    await migrate(url, apps())
    if not owner:
        return
    async with open_database(url, apps()):
        await capture.install(owner)
        if kind == "hq":
            await rollup.install()
        if kind == "branch":
            await index_fragments()


async def remember(url: str) -> None:
    """Keep the rows of a template beside it, so that its copies can be emptied."""
    link = await asyncpg.connect(url)
    try:
        await link.execute(REMEMBER)
    finally:
        await link.close()


@pytest.fixture(scope="session")
def templates() -> Templates:
    return Templates()


@asynccontextmanager
async def fresh_database(
    templates: Templates, engine: str, kind: str, folder: Path
) -> AsyncIterator[Database]:
    """A database of its own, migrated, empty, current for the block, gone afterwards."""
    apps, _ = KINDS[kind]
    name = f"tl_test_{token_hex(6)}"
    if engine == "sqlite":
        path = folder / f"{name}.db"
        shutil.copyfile(templates.sqlite(kind), path)
        url = f"sqlite:///{path}"
    else:
        name = await templates.borrow(kind)
        url = postgres_url(name)
    try:
        async with open_database(url, apps()) as opened:
            with at_home(Home(BRANCH)):
                yield opened
    finally:
        if engine == "postgres":
            await templates.give_back(name)


@pytest.fixture(params=ENGINES)
async def database(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> AsyncIterator[Database]:
    """A migrated, empty database of the Shanghai branch, on each engine."""
    async with fresh_database(templates, request.param, "branch", tmp_path) as opened:
        yield opened


@pytest.fixture
async def sqlite_database(templates: Templates, tmp_path: Path) -> AsyncIterator[Database]:
    """The same on SQLite only, for what does not depend on the engine."""
    async with fresh_database(templates, "sqlite", "branch", tmp_path) as opened:
        yield opened


@pytest.fixture(params=ENGINES[1:])
async def postgres_database(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> AsyncIterator[Database]:
    """The same on PostgreSQL only, for what it alone does."""
    async with fresh_database(templates, request.param, "branch", tmp_path) as opened:
        yield opened


@pytest.fixture(params=ENGINES)
async def hq_database(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> AsyncIterator[Database]:
    """A migrated, empty database of headquarters, on each engine."""
    async with fresh_database(templates, request.param, "hq", tmp_path) as opened:
        yield opened


@pytest.fixture(params=ENGINES)
async def center_database(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> AsyncIterator[Database]:
    """A migrated, empty database of the network center, on each engine."""
    async with fresh_database(templates, request.param, "center", tmp_path) as opened:
        yield opened
