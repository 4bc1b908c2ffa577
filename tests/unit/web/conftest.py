"""The small site of tests/support/web_site.py, running."""

from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from starlette.applications import Starlette

from tests.support.databases import Templates, apart, command, postgres_url
from tests.support.web_site import Visitor, tea_app, visitor_of


@pytest.fixture
def app(tmp_path: Path) -> Starlette:
    return tea_app(tmp_path)


@pytest.fixture
def visitor(app: Starlette) -> Iterator[Visitor]:
    with visitor_of(app) as found:
        yield found


@pytest.fixture
def empty_postgres(templates: Templates) -> Iterator[Callable[[], str]]:
    """Makes a PostgreSQL database of its own when called; gone afterwards, skipped where no server answers."""
    names: list[str] = []

    def make() -> str:
        templates.require_postgres()
        name = f"tl_web_{token_hex(6)}"
        apart(command(f'CREATE DATABASE "{name}"'))
        names.append(name)
        return postgres_url(name)

    yield make
    for name in names:
        apart(command(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
