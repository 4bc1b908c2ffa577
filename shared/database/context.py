"""Opens the database of a site: a Tortoise context for its apps, PostgreSQL or SQLite by URL."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext, set_global_context

from shared.errors import Conflict, Invalid
from shared.i18n import N_


@dataclass(frozen=True)
class DatabaseApp:
    """A Tortoise app: its label, the modules that hold its models, the package of its migrations."""

    label: str
    modules: tuple[str, ...]
    migrations: str


def sqlite_path(url: str) -> Path:
    """The file of `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    return Path(unquote(urlsplit(url).path)[1:])


def connection_config(url: str, *, foreign_keys: bool = True) -> dict[str, Any]:
    """Tortoise's connection entry for `sqlite:///path/file.db` or `postgres://user:pw@host:port/db?pool=8`.

    A server on the same machine is asked through its socket with `postgres://user@/db?host=/var/run/postgresql`: a statement costs
    the site a quarter less processor time than through the loopback address.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        path = sqlite_path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        credentials: dict[str, Any] = {"file_path": str(path)}
        if not foreign_keys:
            credentials["foreign_keys"] = "OFF"
        return {"engine": "shared.database.sqlite", "credentials": credentials}
    if parts.scheme in ("postgres", "postgresql"):
        options = dict(parse_qsl(parts.query))
        return {
            "engine": "shared.database.asyncpg_engine",
            "credentials": {
                "host": options.get("host") or parts.hostname or "127.0.0.1",
                "port": parts.port or 5432,
                "user": unquote(parts.username or "postgres"),
                "password": unquote(parts.password) if parts.password else None,
                "database": parts.path.lstrip("/"),
                "minsize": 1,
                "maxsize": int(options.get("pool", "8")),
                "server_settings": {"timezone": "UTC", "application_name": "trunkline"},
            },
        }
    raise Invalid(
        N_("DATABASE_URL must begin with sqlite:/// or postgres://, not %(scheme)s."),
        scheme=parts.scheme or "nothing",
    )


def session_parameters(url: str) -> dict[str, Any]:
    """What `asyncpg.connect` takes for a connection of its own to the PostgreSQL of `url`."""
    credentials = connection_config(url)["credentials"]
    names = ("host", "port", "user", "password", "database", "server_settings")
    return {name: credentials[name] for name in names}


def tortoise_config(url: str, apps: Sequence[DatabaseApp], *, foreign_keys: bool = True) -> dict[str, Any]:
    """The whole Tortoise configuration of a site; all apps share one connection, named after its engine.

    Tortoise keeps prepared SQL per connection name for the whole process, so two engines must not share one.
    """
    name = "sqlite" if url.startswith("sqlite:") else "postgres"
    return {
        "connections": {name: connection_config(url, foreign_keys=foreign_keys)},
        "apps": {
            app.label: {
                "models": list(app.modules),
                "default_connection": name,
                "migrations": app.migrations,
            }
            for app in apps
        },
        "use_tz": True,
        "timezone": "UTC",
    }


def drop_descriptions(context: TortoiseContext) -> None:
    """Forget the docstrings that Tortoise would write as table comments: one ';' in them breaks SQLite's DDL."""
    assert context.apps is not None
    for models in context.apps.values():
        for model in models.values():
            model._meta.table_description = ""
            for field in model._meta.fields_map.values():
                field.description = None


class Database:
    """An open database of one site; several may live in one process (tests), each entered per request."""

    def __init__(self, context: TortoiseContext, url: str, apps: Sequence[DatabaseApp]) -> None:
        self.context = context
        self.url = url
        self.apps = tuple(apps)

    @property
    def client(self) -> BaseDBAsyncClient:
        """The connection outside any transaction."""
        with self.use():
            return self.context.db()

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database, None for PostgreSQL."""
        return sqlite_path(self.url) if self.url.startswith("sqlite:") else None

    def use(self) -> AbstractContextManager[object]:
        """Make this database the current one for the task: each request and job runs inside, `with database.use():`."""
        entered = object.__new__(
            TortoiseContext
        )  # a copy of its own: a context that is entered twice at once forgets the first
        entered.__dict__.update(self.context.__dict__)
        return entered

    async def close(self) -> None:
        """Close every connection; a second call does nothing."""
        with self.use():
            await self.context.connections.close_all()


def unfinished_migration(path: Path) -> Path:
    """A file that is there as long as a migration has neither ended nor been taken back."""
    return path.with_suffix(path.suffix + ".migrating")


async def connect(url: str, apps: Sequence[DatabaseApp], *, globally: bool = False) -> Database:
    """Open without migrating. With `globally` the context serves every task of the process (one site).

    Conflict while a migration of the file is unfinished: what was written now would go when it is put back.
    """
    if url.startswith("sqlite:") and unfinished_migration(sqlite_path(url)).exists():
        raise Conflict(
            N_(
                "A migration of the database was cut short. Run the command `migrate` first: it puts back the copy made before it."
            )
        )
    context = TortoiseContext()
    config = tortoise_config(url, apps)
    with context:
        await context.init(config=config)
        drop_descriptions(context)
        if globally:
            set_global_context(context)
        client = context.db()
        if client.capabilities.dialect == "sqlite":
            found = await client.execute_query_dict(
                "SELECT 1 AS one FROM sqlite_master WHERE name = 'change_head'"
            )
            client.marks_transactions = bool(found)  # type: ignore[attr-defined]
    return Database(context, url, apps)


@asynccontextmanager
async def open_database(url: str, apps: Sequence[DatabaseApp]) -> AsyncIterator[Database]:
    """Open for the length of the block and make it current; closed at the end."""
    database = await connect(url, apps)
    try:
        with database.use():
            yield database
    finally:
        await database.close()
