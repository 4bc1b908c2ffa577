"""Brings the center's database into the state the site needs; run by `migrate`, and by tests."""

from netops.center.models import CENTER_APP
from netops.center.settings import CenterSettings
from shared.database import DatabaseApp, open_database
from shared.database.migrate import migrate, repair_indexes
from shared.web.models import WEB_APP

APPS: list[DatabaseApp] = [WEB_APP, CENTER_APP]


async def prepare(settings: CenterSettings) -> list[str]:
    """Migrate and re-create lost indexes; the names of the migrations applied. May be run any number of times."""
    result = await migrate(settings.url_of_database, APPS)
    async with open_database(settings.url_of_database, APPS) as database:
        await repair_indexes(database)
    return list(result.applied)
