"""Composes the branch site: its database, frame, routes, jobs and the task that pushes changes to headquarters."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request

from branch_node.audit import note
from branch_node.home import at_home
from branch_node.jobs import register_jobs
from branch_node.live import watch_work
from branch_node.mail.office import at_office
from branch_node.menu import MENU
from branch_node.models import BRANCH_APP
from branch_node.notifications.queries import unread_of
from branch_node.palette import SOURCES
from branch_node.replication.gauges import measure_replication, site_of
from branch_node.replication.inbox import Inbox
from branch_node.replication.models import ReplicationState
from branch_node.replication.sender import Identity, Sender
from branch_node.routes import all_routes
from branch_node.settings import BranchSettings
from branch_node.setup import APPS
from branch_node.staff.queries import person_of
from shared import i18n
from shared.database import Database, fetch_value, find, open_database
from shared.database.sqlite import Client
from shared.i18n import N_
from shared.jobs import run_inside, run_worker
from shared.jobs.registry import Job
from shared.lean import give_back
from shared.permissions import Person
from shared.records import RECORDS_APP
from shared.web.app import Resource, Task, site_app
from shared.web.filters import as_of
from shared.web.routing import Route
from shared.web.site import Notice, Site

PACKAGE = Path(__file__).resolve().parent

PAGES_KILOBYTES = 2_000
"""Of its file each connection keeps in memory: 14 MB less than at headquarters, for about a millisecond a page of 100,000 customers."""

UseSite = Callable[[], AbstractContextManager[None]]


def branch_app(settings: BranchSettings, *, with_jobs: bool = True) -> Starlette:
    """The branch site. The database must have been migrated; `with_jobs` False leaves jobs to worker processes."""
    register_jobs()
    routes = all_routes()
    resources: list[Resource] = [bind_home(settings)]
    if with_jobs and settings.jobs_in_site:
        resources.append(jobs_inside(settings))
    tasks: list[Task] = [watch_work, *([push_changes, fetch_from_hq] if settings.hq_url else [])]
    app = site_app(
        site=frame(settings, routes),
        settings=settings,
        routes=routes,
        load_person=person_of,
        database_url=settings.url_of_database,
        database_apps=[RECORDS_APP, BRANCH_APP],
        package=PACKAGE,
        resources=resources,
        tasks=tasks,
        static_roots=[PACKAGE / "static"],
    )
    app.state.measures = (measure_replication,) if settings.hq_url else ()
    return app


def frame(settings: BranchSettings, routes: Sequence[Route]) -> Site:
    """What the frame of every page shows; the menu has the entries whose page exists."""
    pages = {route.url for route in routes if route.method == "GET"}
    return Site(
        code=site_of(settings.branch_code),
        name=N_("Branch site"),
        scope=settings.branch_name or settings.branch_code,
        menu=[item for item in MENU if item.url in pages],
        timezone=settings.timezone.key,
        base_currency=settings.base_currency,
        version=product_version(),
        node=settings.branch_code,
        notices=notices,
        unread=unread_of,
        unread_url="/notifications",
        palette=SOURCES,
        audited=account_noted,
    )


async def account_noted(person: Person, action: str, username: str) -> None:
    """What somebody did with the own account, in the branch's audit trail."""
    await note(person, action, "employee", person.id, username=username)


def product_version() -> str:
    """The version of the installed distribution; empty when run from a checkout that is not installed."""
    try:
        return version("trunkline")
    except PackageNotFoundError:
        return ""


async def notices(request: Request) -> Sequence[Notice]:
    """One grey line while headquarters cannot be reached, or takes nothing: work goes on here."""
    state = await find(ReplicationState, "id = 1")
    if state is not None and state.trouble == "fenced":
        return [Notice(i18n.gettext("Another node has taken over this branch. Nothing can be written here."))]
    if state is None or state.unreachable_since is None:
        return []
    last = await fetch_value("SELECT max(seq) AS last FROM change") or 0
    waiting = max(0, int(last) - state.acked_seq)
    since = as_of(state.unreachable_since)
    text = i18n.ngettext(
        "HQ unreachable since %(time)s. Work goes on here; %(n)s change will be sent.",
        "HQ unreachable since %(time)s. Work goes on here; %(n)s changes will be sent.",
        waiting,
        time=since,
    )
    if state.trouble:
        text = i18n.ngettext(
            "HQ has taken nothing from this node since %(time)s. Work goes on here; %(n)s change waits.",
            "HQ has taken nothing from this node since %(time)s. Work goes on here; %(n)s changes wait.",
            waiting,
            time=since,
        )
    person = getattr(request.state, "person", None)
    if person is None or not person.may("sync.view"):
        return [Notice(text)]
    return [Notice(text, url="/sync", link=i18n.gettext("What waits"))]


def bind_home(settings: BranchSettings) -> Resource:
    """From here on whoever makes the site's database current is at home in this branch too."""

    @asynccontextmanager
    async def bound(app: Starlette) -> AsyncIterator[None]:
        database: Database = app.state.database
        if isinstance(database.client, Client):
            await database.client.keep_pages(PAGES_KILOBYTES)

        @contextmanager
        def use_site() -> Iterator[None]:
            with database.use(), at_home(settings.home), at_office(settings.post_office):
                yield

        app.state.use_database = use_site
        yield

    return bound


def jobs_inside(settings: BranchSettings) -> Resource:
    """The branch's jobs as tasks of this process."""

    def run(app: Starlette) -> AbstractAsyncContextManager[object]:
        return run_jobs(settings, app.state.use_database)

    return run


def run_jobs(settings: BranchSettings, use_site: UseSite) -> AbstractAsyncContextManager[object]:
    """Run the jobs for the length of the block, each inside the site's database and home."""
    return run_inside(
        "branch_node",
        settings,
        instance=f"branch_node-{settings.branch_code}",
        timezone=settings.timezone.key,
        around=around_job(use_site),
    )


def around_job(use_site: UseSite) -> Callable[[Job], AbstractAsyncContextManager[None]]:
    """What a job runs inside."""

    @asynccontextmanager
    async def around(_job: Job) -> AsyncIterator[None]:
        with use_site():
            yield
        give_back()

    return around


async def run_jobs_alone(settings: BranchSettings) -> None:
    """The worker process: jobs only, until SIGTERM."""
    register_jobs()
    i18n.install_from(PACKAGE, PACKAGE.parent / "shared")
    async with open_database(settings.url_of_database, APPS) as database:

        @contextmanager
        def use_site() -> Iterator[None]:
            with database.use(), at_home(settings.home), at_office(settings.post_office):
                yield

        await run_worker(
            "branch_node",
            settings,
            instance=f"branch_node-{settings.branch_code}",
            timezone=settings.timezone.key,
            around=around_job(use_site),
        )


async def push_changes(app: Starlette) -> None:
    """Send the change log to headquarters for as long as the site runs."""
    settings: BranchSettings = app.state.settings
    identity = Identity(settings.branch_code, settings.data_dir)
    with at_home(settings.home):
        sender = Sender(identity, settings.hq_url, app.state.database)
        pause = settings.standby_look_seconds
        beside = [
            asyncio.create_task(sender.take_handed_for_ever(pause), name="take handed"),
            asyncio.create_task(sender.keep_accounts_sealed(pause), name="seal accounts"),
        ]
        try:
            await sender.run()
        finally:
            for task in beside:
                task.cancel()


async def fetch_from_hq(app: Starlette) -> None:
    """Fetch what headquarters owns for as long as the site runs."""
    settings: BranchSettings = app.state.settings
    identity = Identity(settings.branch_code, settings.data_dir)
    await Inbox(identity, settings.hq_url, app.state.database, settings.home).run()
