"""Who asks, and may they: the identity of a request and the permission check of its route."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shared import clock
from shared.database import find_with
from shared.errors import Refused
from shared.i18n import DEFAULT_LOCALE, LOCALES, N_
from shared.permissions import Person, require
from shared.web.models import Account, ApiToken
from shared.web.routing import Access, Permission
from shared.web.session import cookie_name, find_session, token_hash

LoadPerson = Callable[[Account], Awaitable[Person | None]]

THEMES = ("auto", "light", "dark")
TOKEN_SEEN_STEP = timedelta(minutes=5)


class NotSignedIn(Refused):
    """Nobody is signed in, or the bearer token is not good."""

    status = 401
    code = "not_signed_in"


def nobody(request: Request) -> None:
    """The state of a request before anybody is known; language and theme from cookie and browser."""
    request.state.account = None
    request.state.person = None
    request.state.session = None
    request.state.locale = guess_locale(request)
    theme = request.cookies.get(cookie_name(request, "theme"), "auto")
    request.state.theme = theme if theme in THEMES else "auto"


A_MACHINE: Mapping[str, Any] = {
    "account": None, "person": None, "session": None, "locale": DEFAULT_LOCALE, "theme": "auto",
}  # fmt: skip
"""The state of a signed request: it carries no cookie and its answer is read by no person."""


async def identify(request: Request, *, bearer: bool = False) -> None:
    """Fill request.state.account, person, session, locale and theme.

    With `bearer` an Authorization header decides alone: a bad token raises NotSignedIn, it never falls back to
    the cookie. An account without a person (not employed any more) counts as nobody.
    """
    nobody(request)
    header = request.headers.get("authorization", "")
    if bearer and header:
        account, scopes = await account_of_token(header)
        await take(request, account, scopes)
        if request.state.person is None:
            raise NotSignedIn(N_("The account of this token is no longer in use."))
        return
    session = await find_session(request)
    if session is not None:
        request.state.session = session
        await take(request, session.account, [])


async def take(request: Request, account: Account, scopes: list[str]) -> None:
    """Make `account` the one who asks; rights are narrowed to `scopes` when there are any."""
    load_person: LoadPerson = request.app.state.load_person
    person = await load_person(account)
    if person is None:
        return
    grants = person.grants
    if scopes:
        grants = {action: reach for action, reach in grants.items() if action in scopes}
    request.state.account = account
    request.state.locale = account.locale
    request.state.theme = account.theme
    request.state.person = replace(
        person,
        grants=grants,
        locale=account.locale,
        theme=account.theme,
        timezone=account.timezone or person.timezone,
    )


async def account_of_token(header: str) -> tuple[Account, list[str]]:
    """The account and scopes of an `Authorization: Bearer` header. NotSignedIn when it is not good."""
    kind, _, token = header.partition(" ")
    row = None
    if kind.lower() == "bearer" and token:
        row = await find_with(ApiToken, "account", "t.token_hash = :hash", hash=token_hash(token.strip()))
    now = clock.now()
    if (
        row is None
        or row.revoked_at is not None
        or (row.expires_at is not None and row.expires_at <= now)
        or row.account.disabled_at is not None
    ):
        raise NotSignedIn(
            N_("This token is unknown, expired or revoked. Make a new one on your account page."),
            code="token.bad",
        )
    if row.used_at is None or now - row.used_at > TOKEN_SEEN_STEP:
        await ApiToken.filter(id=row.id).update(used_at=now)
    return row.account, list(row.scopes)


def check_permission(request: Request, permission: Permission) -> None:
    """Raise NotSignedIn or NotAllowed unless the one who asks may call a route with this permission."""
    if permission is Access.PUBLIC:
        return
    person: Person | None = request.state.person
    if person is None:
        raise NotSignedIn(N_("Sign in to see this page."))
    if isinstance(permission, str):
        require(person, permission)


def guess_locale(request: Request) -> str:
    """The language chosen earlier, else the first that the browser asks for and we have."""
    chosen = request.cookies.get(cookie_name(request, "locale"))
    if chosen in LOCALES:
        return str(chosen)
    for part in request.headers.get("accept-language", "").lower().split(","):
        word = part.split(";")[0].strip()
        if word.startswith("zh"):
            return "zh_CN"
        if word.startswith("en"):
            return "en"
    return DEFAULT_LOCALE


def to_sign_in(request: Request) -> Response:
    """Send the browser to the sign-in page, and back here afterwards where that makes sense."""
    back = request.url.path
    if request.url.query:
        back += f"?{request.url.query}"
    if request.method not in ("GET", "HEAD"):
        back = "/"
    url = "/sign-in" if back == "/" else f"/sign-in?next={quote(back, safe='/')}"
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"HX-Redirect": url})
    return RedirectResponse(url, status_code=303)


def local_path(target: str | None) -> str:
    """`target` if it is a path on this site, else "/": a sign-in link cannot lead elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or "\\" in target:
        return "/"
    return "/" if any(ord(char) < 32 for char in target) else target
