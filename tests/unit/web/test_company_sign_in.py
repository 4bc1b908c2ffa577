"""Sign-in through the company's identity provider, against a small real one: bound by name once, then by subject."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc import jwk

from shared.errors import Conflict
from shared.web.accounts import unlink_company_sign_in
from shared.web.me import oidc
from shared.web.models import Account
from tests.support.oidc_provider import CLIENT, SECRET, OidcProvider
from tests.support.web_site import PASSWORD, Served, Visitor, in_app, tea_app, visitor_of


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[OidcProvider, str]]:
    provider = OidcProvider()
    with Served(provider.app) as running:
        yield provider, running.url


@pytest.fixture
def provider(served: tuple[OidcProvider, str]) -> OidcProvider:
    """The provider as it is at first, whatever an earlier test made of it."""
    found = served[0]
    found.claims = {"sub": "u-1", "preferred_username": "lin"}
    found.changed, found.signs_with = {}, None
    oidc._known.clear()
    return found


@pytest.fixture
def company(tmp_path: Path, served: tuple[OidcProvider, str], provider: OidcProvider) -> Iterator[Visitor]:
    """A visitor of the site that trusts the provider."""
    app = tea_app(
        tmp_path,
        oidc_issuer=served[1],
        oidc_client_id=CLIENT,
        oidc_client_secret=SECRET,
        oidc_name="Tea Works",
    )
    with visitor_of(app) as visitor:
        yield visitor


def away(visitor: Visitor, back: str = "/customers") -> str:
    """To the provider and, signed in there, the address it sends the browser back to."""
    visitor.open("/sign-in")
    assert "Sign in with Tea Works" in visitor.page
    answer = visitor.client.get(f"/sign-in/company?next={back}", follow_redirects=False)
    assert answer.status_code == 303
    there = httpx.get(answer.headers["location"])
    assert there.status_code == 302
    return there.headers["location"].removeprefix("http://testserver")


def test_whoever_the_provider_knows_by_name_is_signed_in_and_bound_to_the_subject(
    company: Visitor, provider: OidcProvider
) -> None:
    answer = company.open(away(company))
    assert str(answer.url).endswith("/customers")
    assert "林娜" in company.page
    provider.claims = {"sub": "u-1", "preferred_username": "somebody-renamed"}
    again = company.other_browser()
    assert "林娜" in again.open(away(again)).text
    provider.claims = {"sub": "u-2", "preferred_username": "lin"}
    thief = company.other_browser()
    refused = thief.open(away(thief))
    assert refused.status_code == 422
    assert 'no account for "lin"' in thief.text()


def test_an_unlinked_account_stays_shut_to_the_provider_until_that_is_allowed_again(
    company: Visitor, provider: OidcProvider
) -> None:
    company.open(away(company))
    company.open("/me")
    assert "The company's sign-in opens this account" in company.text()
    other = company.other_browser()
    other.open(away(other))
    wrong = company.send("/me/company/unlink", company_current="nonsense")
    assert wrong.status_code == 422
    assert 'href="#f-company_current"' in wrong.text
    company.open("/me")
    company.send("/me/company/unlink", company_current=PASSWORD)
    assert "Nobody comes into this account through the company" in company.page
    assert "/sign-in" in str(other.open("/customers").url)
    for claims in ({"sub": "u-1", "preferred_username": "lin"}, {"sub": "u-7", "preferred_username": "lin"}):
        provider.claims = claims
        assert other.open(away(other)).status_code == 422
    other.sign_in("lin")
    assert "林娜" in other.open("/customers").text
    company.open("/me")
    company.send("/me/company/allow")
    fresh = company.other_browser()
    assert "林娜" in fresh.open(away(fresh)).text


def test_the_last_way_in_is_never_taken(company: Visitor) -> None:
    company.open(away(company))
    in_app(company.client.app, lambda: Account.filter(username="lin").update(password_hash=""))
    company.open("/me")
    assert "/me/company/unlink" not in company.page
    assert company.send("/me/company/unlink", company_current=PASSWORD).status_code == 422

    async def unlinked() -> None:
        await unlink_company_sign_in(await Account.get(username="lin"))

    with pytest.raises(Conflict) as refused:
        in_app(company.client.app, unlinked)
    assert refused.value.code == "account.last_way"
    assert "林娜" in company.open("/customers").text


def test_a_code_brought_by_another_browser_or_twice_opens_nothing(company: Visitor) -> None:
    back = away(company)
    stranger = company.other_browser()
    assert stranger.open(back).status_code == 422
    assert "not begun here" in stranger.text()
    assert company.open(back).status_code == 200
    assert company.other_browser().open(back).status_code == 422


@pytest.mark.parametrize(
    "changed", [{"aud": "another-client"}, {"iss": "https://evil.example"}, {"nonce": "old"}, {"exp": 1}]
)
def test_a_token_that_is_not_for_us_now_is_refused(
    company: Visitor, provider: OidcProvider, changed: dict[str, Any]
) -> None:
    provider.changed = changed
    assert company.open(away(company)).status_code == 422
    assert "cannot be trusted" in company.text()
    assert "/sign-in" in str(company.open("/customers").url)


def test_a_token_signed_with_a_foreign_key_is_refused_and_a_new_key_is_learnt(
    company: Visitor, provider: OidcProvider
) -> None:
    company.open(away(company))
    provider.key = jwk.RSAKey.generate_key(2048, {"kid": "1"}, private=True)
    other = company.other_browser()
    assert "林娜" in other.open(away(other)).text
    honest = provider.key
    forger = company.other_browser()
    back = away(forger)
    provider.signs_with = jwk.RSAKey.generate_key(2048, {"kid": "1"}, private=True)
    assert forger.open(back).status_code == 422
    assert "cannot be trusted" in forger.text()
    assert provider.key is honest


def test_a_mail_address_counts_only_when_it_is_verified(
    tmp_path: Path, served: tuple[OidcProvider, str], provider: OidcProvider
) -> None:
    app = tea_app(
        tmp_path, oidc_issuer=served[1], oidc_client_id=CLIENT, oidc_client_secret=SECRET, oidc_name="Tea Works",
        oidc_claim="email",
    )  # fmt: skip
    with visitor_of(app) as visitor:
        in_app(app, lambda: Account.filter(username="lin").update(username="lin@tea.example"))
        provider.claims = {"sub": "u-9", "email": "lin@tea.example"}
        assert visitor.open(away(visitor)).status_code == 422
        provider.claims["email_verified"] = True
        assert "林娜" in visitor.open(away(visitor)).text


def test_a_silent_provider_leaves_the_password_door_open(tmp_path: Path) -> None:
    app = tea_app(tmp_path, oidc_issuer="http://127.0.0.1:9", oidc_client_id=CLIENT)
    with visitor_of(app) as visitor:
        answer = visitor.open("/sign-in/company")
        assert answer.status_code == 503
        assert "does not answer" in visitor.text()
        visitor.sign_in("lin")
        assert "林娜" in visitor.open("/customers").text


def test_without_a_provider_there_is_no_such_door(visitor: Visitor) -> None:
    assert visitor.open("/sign-in/company").status_code == 404
    assert "/sign-in/company" not in visitor.open("/sign-in").text


def test_only_https_or_this_machine_is_believed() -> None:
    assert oidc.is_safe("https://id.example/x")
    assert oidc.is_safe("http://127.0.0.1:8/x")
    assert not oidc.is_safe("http://id.example/x")
    assert oidc.attempt_of("a|b|c|/d|e") == oidc.Attempt("a", "b", "c", "/d|e")
    assert oidc.attempt_of("a|b") is None
