"""Composes headquarters: its database, frame, routes, the receiving end of replication, live pages."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import Receive, Scope, Send

from hq.audit.actions import note
from hq.customers.handlers import palette
from hq.figures import crowd
from hq.gauges import business_metrics
from hq.jobs import register_jobs
from hq.live import applied, telling, watch_cursors
from hq.menu import MENU
from hq.models import HQ_APP
from hq.papers.tools import tools
from hq.papers.views import showing
from hq.people.queries import person_of
from hq.replication import feed_route, receiver, rejoining, scrub_route, snapshot_route
from hq.replication.apart import Apart, desk_of
from hq.replication.feed import Feed
from hq.routes import all_routes, views
from hq.settings import HqSettings
from hq.setup import APPS
from shared.database import open_database
from shared.errors import Refused
from shared.i18n import N_
from shared.jobs import jobs_of, run_inside, run_worker
from shared.jobs.registry import Job
from shared.permissions import Person
from shared.records import RECORDS_APP
from shared.replication.feed import FEED_PATH
from shared.replication.handover import HANDED_PATH, HANDOVER_PATH
from shared.replication.messages import (
    BATCH_PATH,
    ENROL_PATH,
    EPOCH_PATH,
    HELLO_PATH,
    MARKS_PATH,
    MAX_BODY_BYTES,
    ROWS_PATH,
)
from shared.replication.scrub import SCRUB_PATH
from shared.replication.sealing import ACCOUNTS_PATH
from shared.replication.snapshot import PROMOTE_PATH, SNAPSHOT_PATH
from shared.web.accepting import count_outside
from shared.web.app import Resource, site_app
from shared.web.endpoint import limited
from shared.web.error_pages import refusal_answer
from shared.web.site import Site
from shared.web.switch import Switch

__all__ = ["APPS", "hq_app"]

SWITCH_SECONDS = 0.001
PACKAGE = Path(__file__).resolve().parent
SYNC = {
    BATCH_PATH: receiver.batch,
    HELLO_PATH: receiver.hello,
    ENROL_PATH: receiver.enrol,
    MARKS_PATH: rejoining.marks,
    ROWS_PATH: rejoining.rows,
    EPOCH_PATH: snapshot_route.begin,
    FEED_PATH: feed_route.ask,
    SNAPSHOT_PATH: snapshot_route.pages,
    PROMOTE_PATH: snapshot_route.promote,
    SCRUB_PATH: scrub_route.talk,
    HANDOVER_PATH: snapshot_route.hand_over,
    HANDED_PATH: snapshot_route.handed,
    ACCOUNTS_PATH: snapshot_route.carry,
}


def hq_app(settings: HqSettings, apart: Apart | None = None) -> Starlette:
    """The site of headquarters. The database must have been migrated (hq.setup.prepare). `apart` is the process that takes what
    branches send; without one the site does."""
    register_jobs()
    resources: list[Resource] = [telling, receiving(apart), feeding]
    if settings.jobs_in_site and jobs_of("hq"):
        resources.append(jobs_inside(settings))
    ends = {path: SyncEndpoint(handler) for path, handler in SYNC.items()}
    app = site_app(
        site=frame(settings),
        settings=settings,
        routes=all_routes(),
        load_person=person_of,
        database_url=settings.url_of_database,
        database_apps=[RECORDS_APP, HQ_APP],
        package=PACKAGE,
        resources=resources,
        tasks=[watch_cursors, watch_feed],
        crowded={("POST", path): end for path, end in ends.items()},
    )
    app.state.views = views()
    app.state.private_metrics = business_metrics
    nodes = [StarletteRoute(path, end, methods=["POST"]) for path, end in ends.items()]
    app.router.routes.insert(0, Switch(nodes))
    return app


def frame(settings: HqSettings) -> Site:
    """What the frame of every page shows; the menu has the entries whose page exists."""
    pages = {route.url for route in all_routes() if route.method == "GET"}
    return Site(
        code="hq",
        name=N_("Headquarters"),
        scope=settings.company_name,
        menu=[item for item in MENU if item.url in pages],
        timezone=settings.timezone.key,
        base_currency=settings.reporting_currency,
        version=product_version(),
        node="HQ",
        palette=(palette,),
        tools=tools,
        audited=account_noted,
    )


async def account_noted(person: Person, action: str, username: str) -> None:
    """What somebody did with the own account, in the audit trail of headquarters."""
    await note(action, "hq_person", person.id, {"name": person.name, "username": username})


def product_version() -> str:
    """The version of the installed distribution; empty when run from a checkout that is not installed."""
    try:
        return version("trunkline")
    except PackageNotFoundError:
        return ""


def receiving(apart: Apart | None) -> Resource:
    """The desk for what branches send and the receiver before it, for as long as the site runs. While a thread works, pages wait for
    the interpreter at most a millisecond at a time, not five."""

    @asynccontextmanager
    async def open_receiver(app: Starlette) -> AsyncIterator[None]:
        sys.setswitchinterval(SWITCH_SECONDS)
        async with desk_of(app.state.database, apart) as desk:
            app.state.receiver = receiver.Receiver(desk, applied, app.state.settings.heartbeat_seconds)
            turns = app.state.receiver.turns
            with crowd.noticed(lambda: turns.waiting + count_outside(), lambda: turns.working):
                yield

    return open_receiver


@asynccontextmanager
async def feeding(app: Starlette) -> AsyncIterator[None]:
    """What answers the branches that ask for headquarters' rows."""
    app.state.feed = Feed()
    yield


async def watch_feed(app: Starlette) -> None:
    """Wake the branches that wait, for as long as the site runs."""
    feed: Feed = app.state.feed
    await feed.watch()


def jobs_inside(settings: HqSettings) -> Resource:
    """The jobs of headquarters as tasks of this process."""

    def run(app: Starlette) -> AbstractAsyncContextManager[object]:
        return run_inside(
            "hq",
            settings,
            instance="hq",
            timezone=settings.timezone.key,
            around=around_job(app),
        )

    return run


def around_job(
    app: Starlette, use_site: Callable[[], AbstractContextManager[None]] | None = None
) -> Callable[[Job], AbstractAsyncContextManager[None]]:
    """What a job runs inside: the database, and the site whose views it may show."""

    @asynccontextmanager
    async def around(_job: Job) -> AsyncIterator[None]:
        with (use_site or app.state.use_database)(), showing(app):
            yield

    return around


async def run_jobs_alone(settings: HqSettings) -> None:
    """The worker process: jobs only, until SIGTERM."""
    site = hq_app(settings)  # not served: jobs show its views
    async with open_database(settings.url_of_database, APPS) as database:
        await run_worker(
            "hq",
            settings,
            instance="hq",
            timezone=settings.timezone.key,
            around=around_job(site, database.use),
        )


class SyncEndpoint:
    """A request of a branch's node: no session and no form, it proves itself by its signature."""

    def __init__(self, handler: Callable[[Request], Awaitable[Response]]) -> None:
        self.handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {}).update(route=scope["path"], is_signed=True, is_routine=True)
        request = Request(scope, limited(scope, receive, MAX_BODY_BYTES))
        with request.app.state.use_database():
            try:
                response = await self.handler(request)
            except (Refused, HTTPException) as error:
                response = await refusal_answer(request, error)
            await response(scope, receive, send)
