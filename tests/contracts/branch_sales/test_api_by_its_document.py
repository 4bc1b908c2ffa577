"""The whole JSON API of a branch against its own OpenAPI document: schemathesis makes up requests, and no answer is a
server error, a status, type or shape that the document does not name.

`make api-check` makes up many more (TRUNKLINE_API_EXAMPLES); the run in the suite is short.
"""

import os
from collections.abc import Callable, Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from branch_node.home import at_home
from branch_node.setup import APPS
from shared import clock
from shared.database import open_database
from shared.web.models import Account, ApiToken
from shared.web.session import token_hash
from tests.support.branch_site import BranchSite, branch_site
from tests.support.databases import ENGINES, Templates, apart
from tests.support.sales_rows import write_sales
from tests.support.web_site import Served

EXAMPLES = int(os.environ.get("TRUNKLINE_API_EXAMPLES", "1"))
Fill = Callable[[str], str]
NOTHING = "00000000-0000-0000-0000-000000000000"
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
NAMES = ("ma", "wang", "he")


async def give_tokens(site: BranchSite) -> None:
    """A token for each of those who together may do everything."""
    async with open_database(site.settings.url_of_database, APPS):
        with at_home(site.settings.home):
            for name in NAMES:
                account = await Account.get(username=name)
                await ApiToken.create(
                    token_hash=token_hash(f"{name}-token"),
                    name="api",
                    account=account,
                    scopes=[],
                    created_at=clock.now(),
                )


@pytest.fixture(scope="module", params=ENGINES if EXAMPLES > 1 else ENGINES[:1])
def site(
    request: pytest.FixtureRequest, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Fill]]:
    with branch_site(templates, request.param, tmp_path_factory.mktemp("api")) as made:
        rows = apart(write_sales(made))
        apart(give_tokens(made))

        def fill(path: str) -> str:
            sold = rows.fill(path)
            return made.rows.fill(path) if NOTHING in sold else sold

        with Served(made.app) as served:
            yield served.url, fill


@pytest.mark.filterwarnings("ignore")
def test_no_made_up_request_gets_an_answer_that_the_document_does_not_know(
    site: tuple[str, Fill],
) -> None:
    url, fill = site
    schema = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json")
    faults: list[str] = []
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        asked += 1

        @given(case=operation.as_strategy())
        @settings(
            max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        def ask(case: schemathesis.Case) -> None:
            for name in NAMES:
                fill_ids(case, fill)
                case.call_and_validate(
                    checks=list(CHECKS), headers={"authorization": f"Bearer {name}-token"}, timeout=20
                )

        try:
            ask()
        except Exception as wrong:
            faults.append(f"{operation.method.upper()} {operation.path}: {str(wrong)[:600]}")
    assert asked > 90
    assert faults == []


def fill_ids(case: schemathesis.Case, fill: Fill) -> None:
    """Real ids in the path, so that requests come further than 'there is nothing here'."""
    if "id" in (case.path_parameters or {}):
        filled = fill(case.path)
        for name, piece in zip(case.path.split("/"), filled.split("/"), strict=True):
            if name == "{id}":
                case.path_parameters["id"] = piece
