"""A center that answers, on each engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from shared.database import Database
from tests.support.center_site import running_center, settings_of


@pytest.fixture
async def center(center_database: Database, tmp_path: Path) -> AsyncIterator[Starlette]:
    async with running_center(settings_of(tmp_path, database_url=center_database.url)) as app:
        yield app
