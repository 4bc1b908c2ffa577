"""Brings headquarters' database into the state the site needs; run by `migrate`, and by tests that start a site."""

from hq.audit import chain
from hq.figures import indexes, rollup
from hq.figures.freshness import fill_first_reports
from hq.models import HQ_APP
from hq.settings import HqSettings
from shared.database import DatabaseApp, open_database
from shared.database.migrate import migrate, repair_indexes
from shared.records import COMPANY, RECORDS_APP
from shared.replication import capture
from shared.web.models import WEB_APP

APPS: list[DatabaseApp] = [RECORDS_APP, WEB_APP, HQ_APP]


async def prepare(settings: HqSettings) -> list[str]:
    """1 migrate  2 re-create lost indexes  3 the rollup and headquarters' own indexes  4 change capture of the rows
    that headquarters owns  5 audit entries written before there was a chain are chained, once  6 when a branch first
    reported is filled in where that was not kept.

    The names of the migrations applied. May be run any number of times.
    """
    result = await migrate(settings.url_of_database, APPS)
    async with open_database(settings.url_of_database, APPS) as database:
        await repair_indexes(database)
        await rollup.install()
        await indexes.install()
        await capture.install(COMPANY)
        await chain.adopt()
        await fill_first_reports()
    return list(result.applied)
