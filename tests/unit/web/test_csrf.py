"""Posts only from our own pages."""

import pytest

from tests.support.web_site import PASSWORD, Visitor


def post(
    visitor: Visitor, url: str = "/me/sessions/end-all", token: str | None = None, **headers: str
) -> int:
    data = {} if token is None else {"csrf": token}
    answer = visitor.client.post(url, data=data, headers=headers, follow_redirects=False)
    visitor.page = answer.text
    return int(answer.status_code)


@pytest.fixture
def lin(visitor: Visitor) -> Visitor:
    visitor.sign_in("lin")
    visitor.open("/me")
    return visitor


def test_a_post_needs_the_token_of_the_page(lin: Visitor) -> None:
    assert post(lin, token=lin.token()) == 303
    assert post(lin) == 403
    assert post(lin, token="0" * 40) == 403
    assert "too old to be sent" in lin.text()


def test_the_token_of_somebody_else_does_not_fit(lin: Visitor) -> None:
    other = lin.other_browser()
    other.sign_in("ada")
    other.open("/me")
    assert post(lin, token=other.token()) == 403


def test_every_page_masks_the_token_anew(lin: Visitor) -> None:
    first = lin.token()
    lin.open("/me")
    assert first != lin.token()
    assert post(lin, token=first) == 303


@pytest.mark.parametrize("token", ["", "zz", "00", "0" * 80, "é" * 80])
def test_what_is_no_token_is_refused(lin: Visitor, token: str) -> None:
    assert post(lin, token=token) == 403


def test_the_header_of_htmx_carries_it_too(lin: Visitor) -> None:
    assert post(lin, **{"x-csrf-token": lin.token()}) == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://testserver"},
    ],
)
def test_another_site_cannot_post_even_with_the_token(lin: Visitor, headers: dict[str, str]) -> None:
    assert post(lin, token=lin.token(), **headers) == 403
    assert "from another site" in lin.text()


@pytest.mark.parametrize("headers", [{"origin": "http://testserver"}, {"sec-fetch-site": "same-origin"}, {}])
def test_our_own_pages_can(lin: Visitor, headers: dict[str, str]) -> None:
    assert post(lin, token=lin.token(), **headers) == 303


def test_the_sign_in_form_is_protected_before_anybody_is_signed_in(visitor: Visitor) -> None:
    form = {"username": "lin", "password": PASSWORD}
    assert visitor.client.post("/sign-in", data=form).status_code == 403
    visitor.open("/sign-in")
    answer = visitor.client.post("/sign-in", data={**form, "csrf": visitor.token()}, follow_redirects=False)
    assert answer.status_code == 303


def test_tokens_die_with_the_session(lin: Visitor) -> None:
    token = lin.token()
    lin.send("/sign-out")
    lin.sign_in("lin")
    assert post(lin, token=token) == 403


def test_a_json_post_without_a_token_is_refused_too(lin: Visitor) -> None:
    answer = lin.client.post("/views", json={"name": "x"})
    assert answer.status_code == 403


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites_posts(visitor: Visitor) -> None:
    visitor.open("/sign-in")
    answer = visitor.send("/sign-in", follow=False, username="lin", password=PASSWORD)
    cookie = next(line for line in answer.headers.get_list("set-cookie") if line.startswith("session_tea="))
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
