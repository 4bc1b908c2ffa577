"""Headquarters that receives, for the tests of this room."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.databases import ENGINES, Templates, fresh_database
from tests.support.wire import Headquarters


@pytest.fixture(params=ENGINES)
async def hq(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> AsyncIterator[Headquarters]:
    """Empty headquarters on each engine, its rollups installed."""
    async with (
        fresh_database(templates, request.param, "hq", tmp_path) as database,
        Headquarters(database) as opened,
    ):
        yield opened
