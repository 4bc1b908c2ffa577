"""The center's site, made once for the tests of a module, and a node that it knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.center_people import CenterSite, center_people, center_site
from tests.support.databases import ENGINES, Templates
from tests.support.web_site import Visitor


@pytest.fixture(scope="module", params=ENGINES)
def center(
    request: pytest.FixtureRequest, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CenterSite]:
    with center_site(templates, request.param, tmp_path_factory.mktemp("center")) as made:
        yield made


@pytest.fixture(scope="module")
def people(center: CenterSite) -> Iterator[dict[str, Visitor]]:
    with center_people(center) as visitors:
        yield visitors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path
