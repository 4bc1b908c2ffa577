"""Composes a site: routes, middleware, error pages, health, static files, database and background tasks.

Each site's app.py calls `site_app` once; nothing else builds a Starlette application.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Route as StarletteRoute

from shared import i18n, log
from shared.database import Database, DatabaseApp, open_database, refresh_statistics
from shared.errors import Refused
from shared.load_state import FILE_NAME, LoadFile
from shared.permissions import LABELS
from shared.web import assets, health
from shared.web.access import LoadPerson
from shared.web.compression import Compression
from shared.web.endpoint import Endpoint
from shared.web.envelope import Envelope
from shared.web.error_pages import on_http, on_refused
from shared.web.lists import ROUTES as LIST_ROUTES
from shared.web.live import Hub
from shared.web.load import is_taking_work
from shared.web.me.routes import ROUTES as ACCOUNT_ROUTES
from shared.web.models import WEB_APP
from shared.web.once import forget_old_keys
from shared.web.openapi import openapi_route
from shared.web.pages import ROUTES as FRAME_ROUTES
from shared.web.passwords import Passwords
from shared.web.routing import PUBLIC, Route, check_routes
from shared.web.session import forget_old_sessions
from shared.web.settings import WebSettings
from shared.web.signed import SignedEndpoints, signed_endpoints
from shared.web.site import Site
from shared.web.static_files import StaticFiles
from shared.web.switch import Switch
from shared.web.templating import make_environment

CANCEL_AGAIN_SECONDS = 1.0
HERE = Path(__file__).resolve().parent
SHARED = HERE.parent

Resource = Callable[[Starlette], AbstractAsyncContextManager[object]]
Task = Callable[[Starlette], Awaitable[None]]

HEALTH_ROUTES = [
    Route("GET", "/healthz", health.healthz, PUBLIC),
    Route("GET", "/readyz", health.readyz, PUBLIC),
    Route("GET", "/metrics", health.metrics, PUBLIC),
]

events = log.get_logger()


def site_app(
    *,
    site: Site,
    settings: WebSettings,
    routes: Sequence[Route],
    load_person: LoadPerson,
    database_url: str,
    database_apps: Sequence[DatabaseApp],
    package: Path,
    resources: Sequence[Resource] = (),
    tasks: Sequence[Task] = (),
    checks: Mapping[str, health.Check] | None = None,
    static_roots: Sequence[Path] = (),
    crowded: SignedEndpoints | None = None,
) -> Starlette:
    """The application of a site.

    `package` is the folder of its templates and zh_CN.po files. `resources` are async context managers, entered
    after the database is open and left in reverse order; `tasks` run inside the database until shutdown;
    `checks` are added to /readyz; `crowded` is what nodes ask for by the thousand (`Envelope`). Raises AssetsMissing, RouteError or CatalogueError instead of serving a broken site.
    """
    assets.require_assets()
    own = [*routes, *ACCOUNT_ROUTES, *FRAME_ROUTES, *LIST_ROUTES]
    own.append(openapi_route(site, own))
    check_routes([*own, *HEALTH_ROUTES], LABELS)
    i18n.install_from(package, SHARED)
    static = StaticFiles([*static_roots, HERE / "static"])
    health_routes = starlette_routes(HEALTH_ROUTES, settings, for_machines=True)
    static_route = StarletteRoute("/static/{digest}/{path:path}", static)
    pages = Switch([*health_routes, *starlette_routes(own, settings)])
    app = Starlette(
        routes=[pages, static_route],
        middleware=middleware_of(site, settings, own, crowded),
        exception_handlers={HTTPException: on_http, Refused: on_refused},
        lifespan=lifespan_of(database_url, [*database_apps, WEB_APP], resources, tasks),
    )
    load = LoadFile(settings.data_dir / FILE_NAME)
    taking_work = partial(is_taking_work, load)
    keep(
        app,
        load=load,
        pages=pages,
        site=site,
        settings=settings,
        load_person=load_person,
        templates=make_environment([package, HERE], static, settings.data_dir / "templates"),
        static=static,
        passwords=Passwords(settings),
        hub=Hub(site.code),
        checks={
            "database": within_database(app, health.database_answers),
            "load": taking_work,
            **(checks or {}),
        },
    )
    return app


def middleware_of(
    site: Site, settings: WebSettings, routes: Sequence[Route], crowded: SignedEndpoints | None
) -> list[Middleware]:
    """What every request passes, the outermost first."""
    signed = signed_endpoints(routes, settings.body_limit_bytes)
    https = settings.public_url.startswith("https://")
    return [
        Middleware(Envelope, site=site.code, https=https, signed=signed, crowded=crowded),
        Middleware(Compression, minimum_size=600, compresslevel=2),
    ]


def keep(app: Starlette, **values: object) -> None:
    """What handlers reach as request.app.state."""
    for name, value in values.items():
        setattr(app.state, name, value)


def starlette_routes(
    routes: Sequence[Route], settings: WebSettings, *, for_machines: bool = False
) -> list[StarletteRoute]:
    """Starlette's routes; fixed paths come before ones with parameters, else in the given order."""
    ordered = sorted(routes, key=lambda route: "{" in route.url)
    return [
        StarletteRoute(
            route.url,
            Endpoint(route, settings.body_limit_bytes, for_machines=for_machines),
            methods=[route.method],
            name=f"{route.method} {route.url}",
        )
        for route in ordered
    ]


def within_database(app: Starlette, check: health.Check) -> health.Check:
    """The check, run with the site's database current."""

    async def run() -> str | None:
        with app.state.use_database():
            return await check()

    return run


def lifespan_of(
    database_url: str,
    database_apps: Sequence[DatabaseApp],
    resources: Sequence[Resource],
    tasks: Sequence[Task],
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """1. open the database  2. enter the resources  3. start the tasks; undone in reverse, streams closed first."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            database: Database = await stack.enter_async_context(open_database(database_url, database_apps))
            app.state.database = database
            app.state.use_database = database.use
            for resource in resources:
                await stack.enter_async_context(resource(app))
            running = [asyncio.create_task(in_database(app, task)) for task in (*tasks, tidy)]
            stack.push_async_callback(stop_tasks, running)
            app.state.hub.start()
            stack.push_async_callback(app.state.hub.stop)
            events.info("site started", site=app.state.site.code)
            yield
            events.info("site stopping", site=app.state.site.code)

    return lifespan


async def in_database(app: Starlette, task: Task) -> None:
    """Run one background task; its end by an exception is logged, the site goes on."""
    with app.state.use_database():
        try:
            await task(app)
        except Exception:
            events.exception("background task failed", task=getattr(task, "__name__", repr(task)))


async def stop_tasks(running: Sequence[asyncio.Task[None]]) -> None:
    """Cancel the tasks until they have ended: a cancellation can be lost in what a task waits for, a library's own
    `asyncio.wait_for` among it, and a site that waited for such a task would never end."""
    waiting = set(running)
    while waiting:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=CANCEL_AGAIN_SECONDS)


async def tidy(app: Starlette) -> None:
    """At the start and once an hour: the database's statistics; then delete dead sessions and old idempotency keys."""
    while True:
        await refresh_statistics()
        await asyncio.sleep(3_600)
        await forget_old_sessions(app.state.settings)
        await forget_old_keys()
