"""Keys of another site in front of a branch: a session, a form's token and a program's token of headquarters or of another branch."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.branch_site import branch_site, signed_in
from tests.support.databases import Templates
from tests.support.hq_site import headquarters, running
from tests.support.web_site import Visitor

People = dict[str, Visitor]
TOKEN = r'<code class="ops-secret">([^<]+)</code>'


@dataclass(frozen=True)
class Keys:
    """What an administrator who is signed in at another site has in hand."""

    cookies: dict[str, str]
    csrf: str
    token: str


def keys_of(visitor: Visitor) -> Keys:
    visitor.open("/me")
    visitor.send("/me/tokens", name="a program", days="30")
    found = re.search(TOKEN, visitor.page)
    assert found
    return Keys(dict(visitor.client.cookies.items()), visitor.token(), found[1])


def keys_of_site(kind: str, templates: Templates, folder: Path) -> Keys:
    if kind == "headquarters":
        with running(site := headquarters(folder)) as client:
            return keys_of(site.visitor(client, "tang"))
    with branch_site(templates, "sqlite", folder) as other, signed_in(other) as visitors:
        return keys_of(visitors["he"])


@pytest.fixture(params=["another branch", "headquarters"], scope="module")
def place(
    request: pytest.FixtureRequest, templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Keys, People]]:
    """The keys, and people at the branch they are tried at: one site after the other."""
    keys = keys_of_site(request.param, templates, tmp_path_factory.mktemp("elsewhere"))
    with (
        branch_site(templates, "sqlite", tmp_path_factory.mktemp("here")) as made,
        signed_in(made) as visitors,
    ):
        yield keys, visitors


def test_a_session_of_another_site_is_nobodys(place: tuple[Keys, People]) -> None:
    keys, people = place
    stranger = people["nobody"].other_browser()
    for name, value in keys.cookies.items():
        stranger.client.cookies.set(name, value)
    assert stranger.open("/customers").url.path == "/sign-in"
    assert stranger.open("/api/v1/customers").status_code == 401


def test_a_programs_token_of_another_site_is_refused_in_words(place: tuple[Keys, People]) -> None:
    keys, people = place
    answer = people["nobody"].other_browser().open("/api/v1/customers", authorization=f"Bearer {keys.token}")
    assert answer.status_code == 401
    assert answer.json()["error"]["message"]


def test_a_form_with_the_token_of_another_site_changes_nothing(place: tuple[Keys, People]) -> None:
    keys, people = place
    lin = people["lin"]
    answer = lin.send("/customers", csrf=keys.csrf, name="Bought elsewhere")
    assert answer.status_code == 403
    assert "<h1" in answer.text
    assert "Bought elsewhere" not in lin.open("/customers?q=Bought").text.split("<table")[-1]
