"""The small site of tests/support/web_site.py, running."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette

from tests.support import shelf
from tests.support.databases import apart, command, postgres_url, require_postgres
from tests.support.web_site import Visitor, tea_app, visitor_of


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    return tea_app(tmp_path)


@pytest.fixture
def visitor(app: Starlette) -> Iterator[Visitor]:
    with visitor_of(app) as found:
        yield found


@pytest.fixture
def empty_postgres() -> Callable[[], str]:
    """Makes a PostgreSQL database of its own when called; goes with the run, skipped where no server answers."""

    def make() -> str:
        require_postgres()
        name = shelf.database_name("web")
        apart(command(f'CREATE DATABASE "{name}"'))
        return postgres_url(name)

    return make
