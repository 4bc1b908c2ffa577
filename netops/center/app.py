"""Composes the center's site."""

import asyncio
from pathlib import Path

from starlette.applications import Starlette

from netops.center.models import CENTER_APP
from netops.center.nodes import actions
from netops.center.nodes.routes import ROUTES
from netops.center.people import person_of
from netops.center.settings import CenterSettings
from netops.center.setup import APPS
from shared.i18n import N_
from shared.web.app import site_app
from shared.web.site import MenuItem, Site

__all__ = ["APPS", "center_app"]

MENU = [MenuItem(N_("Fleet"), "/", "node.view", "server", "f", on_phone=True)]
CLEAN_EVERY_SECONDS = 600


def center_app(settings: CenterSettings) -> Starlette:
    """The site of the center; its database must have been migrated."""
    return site_app(
        site=Site(
            code="center",
            name=N_("Network center"),
            scope="",
            menu=MENU,
            timezone=settings.timezone.key,
            node="center",
        ),
        settings=settings,
        routes=ROUTES,
        load_person=person_of,
        database_url=settings.url_of_database,
        database_apps=[CENTER_APP],
        package=Path(__file__).resolve().parent,
        tasks=[forget_old_rows],
    )


async def forget_old_rows(app: Starlette) -> None:
    """Every ten minutes: samples and log lines beyond their time."""
    while True:
        await actions.forget_old_rows(app.state.settings)
        await asyncio.sleep(CLEAN_EVERY_SECONDS)
