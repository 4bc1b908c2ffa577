"""People of headquarters sign in with a second factor, and through the company's identity provider."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pyotp
import pytest

from hq.models import HqPerson
from hq.people.actions import lock_person
from shared import clock
from shared.clock import SystemClock
from shared.web.me import oidc
from tests.support.hq_site import Headquarters, headquarters, running
from tests.support.oidc_provider import CLIENT, SECRET, OidcProvider
from tests.support.site_client import Client
from tests.support.web_site import PASSWORD, Served, Visitor, in_app


def test_a_second_factor_is_asked_for_and_gives_the_persons_own_branches(
    site: Headquarters, client: Client
) -> None:
    mei = site.visitor(client, "mei")
    mei.open("/me/second-factor")
    secret = mei.page.partition('name="secret" value="')[2].partition('"')[0]
    mei.send("/me/second-factor", secret=secret, code=pyotp.TOTP(secret).at(clock.now()))
    again = mei.other_browser()
    again.sign_in("mei")
    assert again.client.get("/", follow_redirects=False).status_code == 303
    assert again.sign_in("mei", code="000000").status_code == 422
    again.sign_in("mei", PASSWORD, code=pyotp.TOTP(secret).at(clock.now() + timedelta(seconds=30)))
    assert again.open("/receivables").status_code == 200
    assert "Paris" in again.text()
    assert "Shanghai" not in again.text()


@pytest.fixture
def provider() -> Iterator[tuple[OidcProvider, str]]:
    found = OidcProvider()
    oidc._known.clear()
    with Served(found.app) as served:
        yield found, served.url


def through_the_provider(visitor: Visitor) -> int:
    """To the provider and back; the status of the answer."""
    answer = visitor.client.get("/sign-in/company?next=/receivables", follow_redirects=False)
    there = httpx.get(answer.headers["location"])
    return int(visitor.open(there.headers["location"].removeprefix("http://testserver")).status_code)


def test_the_company_s_sign_in_leads_to_the_persons_own_branches_until_locked_out(
    tmp_path: Path, provider: tuple[OidcProvider, str]
) -> None:
    found, url = provider
    found.claims = {"sub": "u-mei", "preferred_username": "mei"}
    site = headquarters(tmp_path, oidc_issuer=url, oidc_client_id=CLIENT, oidc_client_secret=SECRET)
    with running(site) as client, clock.use(SystemClock()):  # the provider's tokens live by the real one
        visitor = Visitor(client)
        assert through_the_provider(visitor) == 200
        visitor.open("/receivables")
        assert "/sign-in" not in str(visitor.client.get("/receivables").url)

        async def lock() -> None:
            await lock_person((await HqPerson.get(name="Mei")).id)

        in_app(site.app, lock)
        assert visitor.client.get("/receivables", follow_redirects=False).status_code == 303
        visitor.client.cookies.clear()
        assert through_the_provider(visitor) >= 400


def test_somebody_whom_headquarters_does_not_know_is_not_let_in(
    tmp_path: Path, provider: tuple[OidcProvider, str]
) -> None:
    found, url = provider
    found.claims = {"sub": "u-9", "preferred_username": "stranger"}
    site = headquarters(tmp_path, oidc_issuer=url, oidc_client_id=CLIENT, oidc_client_secret=SECRET)
    with running(site) as client, clock.use(SystemClock()):  # the provider's tokens live by the real one
        visitor = Visitor(client)
        assert through_the_provider(visitor) >= 400
        assert visitor.client.get("/", follow_redirects=False).status_code == 303
