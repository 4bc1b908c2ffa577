"""Signing in and out, sessions, the second factor."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyotp
import pytest
from starlette.applications import Starlette

from shared import clock
from shared.clock import FixedClock
from tests.support.databases import ENGINES
from tests.support.web_site import PASSWORD, Visitor, in_app, tea_app, visitor_of


@pytest.fixture(params=ENGINES)
def app(tmp_path: Path, request: pytest.FixtureRequest, empty_postgres: Callable[[], str]) -> Starlette:
    """The site on each engine."""
    return tea_app(tmp_path, database_url=empty_postgres() if request.param == "postgres" else "")


NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def test_the_right_password_opens_the_page_asked_for(visitor: Visitor) -> None:
    assert str(visitor.open("/customers?q=a").url).endswith("/sign-in?next=/customers%3Fq%3Da")
    visitor.send("/sign-in", username=" Lin ", password=PASSWORD, next="/customers?q=a")
    assert "林娜" in visitor.page


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/x", "x"]
)
def test_a_sign_in_link_cannot_lead_elsewhere(visitor: Visitor, target: str) -> None:
    visitor.open("/sign-in")
    answer = visitor.send("/sign-in", follow=False, username="lin", password=PASSWORD, next=target)
    assert answer.headers["location"] == "/"


def test_wrong_password_and_unknown_name_answer_the_same(visitor: Visitor) -> None:
    pages = []
    for name in ("lin", "nobody-at-all"):
        answer = visitor.sign_in(name, "wrong password")
        assert answer.status_code == 422
        pages.append(re.search(r"User name and password[^<]+", visitor.page)[0])  # type: ignore[index]
    assert pages[0] == pages[1]


def test_what_was_typed_is_kept_but_never_the_password(visitor: Visitor) -> None:
    visitor.sign_in("lin", "wrong password")
    assert 'value="lin"' in visitor.page
    assert "wrong password" not in visitor.page
    assert "<title>Error: Sign in" in visitor.page


def test_an_unknown_name_costs_a_hash_too(
    app: Starlette, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []
    passwords = app.state.passwords
    original = passwords._verify
    monkeypatch.setattr(passwords, "_verify", lambda *args: checked.append(1) or original(*args))
    visitor.sign_in("nobody-at-all")
    visitor.sign_in("lin", "wrong password")
    assert len(checked) == 2


def test_too_many_failures_lock_the_name_for_a_while(tmp_path: Path) -> None:
    with clock.use(FixedClock(NOON)) as now, visitor_of(tea_app(tmp_path, login_limit=3)) as visitor:
        answers = [visitor.sign_in("lin", "wrong password").status_code for _ in range(5)]
        assert answers == [422, 422, 422, 429, 429]
        locked = visitor.sign_in("lin")
        assert locked.status_code == 429
        assert int(locked.headers["retry-after"]) == 900
        assert visitor.sign_in("ada").status_code == 404
        now.advance(minutes=16)
        visitor.client.cookies.clear()
        visitor.sign_in("lin")
        assert "林娜" in visitor.page


def test_one_address_cannot_try_many_names(tmp_path: Path) -> None:
    with visitor_of(tea_app(tmp_path, login_limit=1)) as visitor:
        answers = [visitor.sign_in(f"name{number}", "wrong").status_code for number in range(7)]
    assert answers == [422] * 5 + [429] * 2


def test_signing_out_ends_the_session_on_the_server(visitor: Visitor) -> None:
    visitor.sign_in("lin")
    stolen = dict(visitor.client.cookies)
    visitor.open("/me")
    visitor.send("/sign-out")
    visitor.client.cookies.clear()
    visitor.client.cookies.update(stolen)
    assert str(visitor.open("/me").url).endswith("/sign-in?next=/me")


def test_a_session_ends_when_idle_and_at_its_last_day(tmp_path: Path) -> None:
    with clock.use(FixedClock(NOON)) as now, visitor_of(tea_app(tmp_path, session_max_days=1)) as visitor:
        visitor.sign_in("lin")
        for _ in range(3):
            now.advance(hours=7)
            assert visitor.open("/me").url.path == "/me"
        now.advance(hours=3, minutes=1)
        assert visitor.open("/me").url.path == "/sign-in"
        visitor.sign_in("lin")
        now.advance(hours=12, minutes=1)
        assert visitor.open("/me").url.path == "/sign-in"


def test_a_new_password_signs_out_the_other_browsers(app: Starlette) -> None:
    with visitor_of(app) as here:
        there = here.other_browser()
        here.sign_in("lin")
        there.sign_in("lin")
        here.open("/me")
        here.send("/me/password", present=PASSWORD, password="cold green tea", again="cold green tea")
        assert "Password changed" in here.text()
        assert here.open("/me").url.path == "/me"
        assert there.open("/me").url.path == "/sign-in"
        there.sign_in("lin", "cold green tea")
        assert there.open("/me").url.path == "/me"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"present": "wrong", "password": "cold green tea", "again": "cold green tea"},
            "not your present password",
        ),
        ({"present": PASSWORD, "password": "cold green tea", "again": "hot tea"}, "The two passwords differ"),
        ({"present": PASSWORD, "password": "short", "again": "short"}, "at least 8 characters"),
        ({"present": PASSWORD, "password": "lin12345", "again": "lin12345"}, "harder to guess"),
        ({"present": PASSWORD, "password": "", "again": ""}, "it cannot be left empty"),
    ],
)
def test_a_password_that_will_not_do_is_refused_with_a_reason(
    visitor: Visitor, fields: dict[str, str], message: str
) -> None:
    visitor.sign_in("lin")
    visitor.open("/me")
    answer = visitor.send("/me/password", **fields)
    assert answer.status_code == 422
    assert message in visitor.text()


def test_sign_out_everywhere_else_keeps_this_browser(app: Starlette) -> None:
    with visitor_of(app) as here:
        there = here.other_browser()
        here.sign_in("lin")
        there.sign_in("lin")
        here.open("/me")
        here.send("/me/sessions/end-all")
        assert "Signed out elsewhere: 1" in here.text()
        assert there.open("/me").url.path == "/sign-in"


def test_a_disabled_account_is_out_at_once(app: Starlette) -> None:
    from shared.web import accounts

    async def disable() -> None:
        await accounts.disable_account(await accounts.account_named("lin"))

    with visitor_of(app) as visitor:
        visitor.sign_in("lin")
        in_app(app, disable)
        assert visitor.open("/me").url.path == "/sign-in"
        assert visitor.sign_in("lin").status_code == 422


class TestSecondFactor:
    def set_up(self, visitor: Visitor) -> pyotp.TOTP:
        visitor.open("/me/second-factor")
        secret = re.search(r'name="secret" value="(\w+)"', visitor.page)[1]  # type: ignore[index]
        maker = pyotp.TOTP(secret)
        visitor.send("/me/second-factor", secret=secret, code=maker.at(clock.now()))
        return maker

    def test_from_then_on_the_code_is_needed_and_works_once(self, app: Starlette) -> None:
        with clock.use(FixedClock(NOON)) as now, visitor_of(app) as visitor:
            visitor.sign_in("lin")
            maker = self.set_up(visitor)
            assert "Second factor switched on" in visitor.text()
            visitor.client.cookies.clear()
            assert visitor.sign_in("lin").status_code == 422
            assert visitor.sign_in("lin", code=maker.at(now.now())).status_code == 422
            now.advance(seconds=30)
            code = maker.at(now.now())
            visitor.sign_in("lin", code=f"{code[:3]} {code[3:]}")
            assert visitor.open("/me").url.path == "/me"
            visitor.client.cookies.clear()
            assert visitor.sign_in("lin", code=code).status_code == 422

    def test_a_wrong_code_does_not_switch_it_on(self, visitor: Visitor) -> None:
        visitor.sign_in("lin")
        visitor.open("/me/second-factor")
        assert visitor.send("/me/second-factor", secret="A" * 32, code="000000").status_code == 422
        assert "This code does not fit" in visitor.text()
        visitor.open("/me")
        assert "Set up" in visitor.text()

    def test_switching_it_off_takes_the_password(self, visitor: Visitor) -> None:
        visitor.sign_in("lin")
        self.set_up(visitor)
        assert visitor.send("/me/second-factor/off", current="wrong").status_code == 422
        visitor.send("/me/second-factor/off", current=PASSWORD)
        assert "Second factor switched off" in visitor.text()

    def test_the_picture_has_no_style_of_its_own(self, visitor: Visitor) -> None:
        visitor.sign_in("lin")
        visitor.open("/me/second-factor")
        assert "<svg" in visitor.page and "style=" not in visitor.page
