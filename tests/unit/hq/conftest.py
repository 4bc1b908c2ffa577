"""Headquarters' databases for the tests of this folder."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared import clock
from shared.clock import FixedClock
from shared.database import Database
from tests.support import hq_world
from tests.support.hq_site import Headquarters, headquarters, running
from tests.support.site_client import Client
from tests.support.web_site import Visitor


@pytest.fixture
async def hq(hq_database: Database) -> AsyncIterator[Database]:
    """An empty headquarters with its rollup; the clock stands at noon in Shanghai on 20 November 2026."""
    with clock.use(FixedClock(hq_world.NOON)):
        await hq_world.clear()
        yield hq_database


@pytest.fixture
def site(tmp_path: Path) -> Headquarters:
    """Headquarters over a written company, not started."""
    return headquarters(tmp_path)


@pytest.fixture
def client(site: Headquarters) -> Iterator[Client]:
    """The running site."""
    with running(site) as found:
        yield found


@pytest.fixture
def chen(site: Headquarters, client: Client) -> Visitor:
    """The executive, signed in."""
    return site.visitor(client, "chen")


@pytest.fixture(scope="module")
def standing_site(tmp_path_factory: pytest.TempPathFactory) -> Headquarters:
    """Headquarters over a written company for all tests of a module that change nothing."""
    return headquarters(tmp_path_factory.mktemp("standing"))


@pytest.fixture(scope="module")
def standing_client(standing_site: Headquarters) -> Iterator[Client]:
    """The running site of `standing_site`."""
    with running(standing_site) as found:
        yield found


@pytest.fixture
def mei(site: Headquarters, client: Client) -> Visitor:
    """The executive of Paris and Tokyo, signed in."""
    return site.visitor(client, "mei")
