"""The Shanghai site, made once for the tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.branch_site import BranchSite, branch_site, signed_in
from tests.support.databases import ENGINES, Templates
from tests.support.web_site import Visitor


@pytest.fixture(scope="module", params=ENGINES)
def site(
    request: pytest.FixtureRequest, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BranchSite]:
    folder: Path = tmp_path_factory.mktemp("branch")
    with branch_site(templates, request.param, folder) as made:
        yield made


@pytest.fixture(scope="module")
def people(site: BranchSite) -> Iterator[dict[str, Visitor]]:
    with signed_in(site) as visitors:
        yield visitors
