"""The small site of tests/support/web_site.py, running."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from tests.support.web_site import Visitor, tea_app, visitor_of


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    return tea_app(tmp_path)


@pytest.fixture
def visitor(app: Starlette) -> Iterator[Visitor]:
    with visitor_of(app) as found:
        yield found
