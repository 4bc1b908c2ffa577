"""Composes the center's site."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette

from netops.center.alerts.defaults import make_defaults
from netops.center.alerts.engine import Engine
from netops.center.audit.actions import record
from netops.center.commands.actions import Commands
from netops.center.commands.keys import CenterKeys
from netops.center.ingest.writer import Writer
from netops.center.keeper import TASKS
from netops.center.menu import MENU
from netops.center.models import CENTER_APP, Node
from netops.center.nodes.palette import palette
from netops.center.nodes.state import Fleet, load_heard
from netops.center.people import person_of
from netops.center.routes import ROUTES
from netops.center.settings import CenterSettings
from netops.center.setup import APPS
from netops.center.telemetry.store import open_telemetry
from shared.i18n import N_
from shared.permissions import Person
from shared.web.app import site_app
from shared.web.site import Site

__all__ = ["APPS", "center_app"]

HERE = Path(__file__).resolve().parent


def center_app(settings: CenterSettings) -> Starlette:
    """The site of the center; its database must have been migrated."""
    app = site_app(
        site=Site(
            code="center",
            name=N_("Network center"),
            scope="",
            menu=MENU,
            timezone=settings.timezone.key,
            node="center",
            audited=account_noted,
            palette=(palette,),
        ),
        settings=settings,
        routes=ROUTES,
        load_person=person_of,
        database_url=settings.url_of_database,
        database_apps=[CENTER_APP],
        package=HERE,
        resources=[telemetry],
        tasks=TASKS,
        static_roots=[HERE / "static"],
    )
    app.state.commands = Commands(CenterKeys(settings.data_dir), acts_at_once=settings.acts_at_once)
    return app


async def account_noted(person: Person, action: str, username: str) -> None:
    """What somebody did with the own account, in the chained audit."""
    await record(person.name, action, username)


@asynccontextmanager
async def telemetry(app: Starlette) -> AsyncIterator[None]:
    """The store of samples and lines, its writer, the state table filled from both databases, and the alert engine."""
    fleet = Fleet()
    with app.state.use_database():
        fleet.fill(await Node.filter(status="active"))
    async with open_telemetry(app.state.settings.url_of_telemetry) as store:
        with store.reading():
            await load_heard(fleet)
        app.state.fleet, app.state.telemetry, app.state.writer = fleet, store, Writer(store)
        app.state.engine = Engine(fleet, app.state.settings)
        with app.state.use_database():
            await make_defaults()
            await app.state.engine.load_rules()
        yield
