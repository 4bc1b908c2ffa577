"""The Shanghai site with documents and money in it, made once for the tests of a module."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.branch_site import BranchSite, branch_site, signed_in
from tests.support.databases import ENGINES, Templates, apart
from tests.support.sales_rows import SalesRows, write_sales
from tests.support.web_site import Visitor


@dataclass(frozen=True)
class Office:
    """The site and its documents."""

    site: BranchSite
    rows: SalesRows


@pytest.fixture(scope="module", params=ENGINES)
def office(
    request: pytest.FixtureRequest, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("office")
    with branch_site(templates, request.param, folder) as made:
        yield Office(made, apart(write_sales(made)))


@pytest.fixture(scope="module")
def people(office: Office) -> Iterator[dict[str, Visitor]]:
    with signed_in(office.site) as visitors:
        yield visitors
