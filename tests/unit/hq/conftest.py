"""Headquarters' databases for the tests of this folder."""

from collections.abc import AsyncIterator

import pytest

from shared import clock
from shared.clock import FixedClock
from shared.database import Database
from tests.support import hq_world


@pytest.fixture
async def hq(hq_database: Database) -> AsyncIterator[Database]:
    """An empty headquarters with its rollup; the clock stands at noon in Shanghai on 20 November 2026."""
    with clock.use(FixedClock(hq_world.NOON)):
        await hq_world.clear()
        yield hq_database
