"""Posts only from our own pages: SameSite cookie, Origin check and a token derived from the cookie.

The token is an HMAC of the session cookie (before sign-in: of a visit cookie), so nothing is stored and a
new session makes all old tokens worthless. Each page carries it under another mask: pages are compressed, and a
text that is the same in every answer could be guessed from their length (BREACH).
"""

import hmac
import secrets
from hashlib import sha256
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from shared.errors import NotAllowed
from shared.i18n import N_
from shared.web.session import (
    SESSION_COOKIE,
    VISIT_COOKIE,
    cookie_name,
    new_token,
    set_cookie,
)

FIELD = "csrf"
HEADER = "x-csrf-token"
LENGTH = 20
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "QUERY"})


def token_of(secret: str) -> bytes:
    """What belongs to a cookie."""
    return hmac.new(secret.encode(), b"trunkline csrf", sha256).digest()[:LENGTH]


def masked(token: bytes) -> str:
    """The token for one page: a random mask and the token under it."""
    mask = secrets.token_bytes(LENGTH)
    return (mask + bytes(one ^ other for one, other in zip(mask, token, strict=True))).hex()


def unmasked(text: str) -> bytes:
    """The token in what a page sent; empty when it is none."""
    try:
        content = bytes.fromhex(text)
    except ValueError:
        return b""
    if len(content) != 2 * LENGTH:
        return b""
    return bytes(one ^ other for one, other in zip(content[:LENGTH], content[LENGTH:], strict=True))


def page_token(request: Request) -> str:
    """The token to put into this page's forms, the same in all of them; makes a visit cookie when there is none yet."""
    cookie = request.cookies.get(cookie_name(request, SESSION_COOKIE)) if request.state.account else None
    cookie = cookie or request.cookies.get(cookie_name(request, VISIT_COOKIE))
    if not cookie:
        cookie = getattr(request.state, "new_visit", None) or new_token()
        request.state.new_visit = cookie
    made: tuple[str, str] = getattr(request.state, "page_token", ("", ""))
    if made[0] != cookie:
        made = request.state.page_token = (cookie, masked(token_of(cookie)))
    return made[1]


def keep_visit(request: Request, response: Response) -> None:
    """Send the visit cookie that `page_token` made, if it made one."""
    if visit := getattr(request.state, "new_visit", None):
        set_cookie(request, response, VISIT_COOKIE, visit)


async def check_csrf(request: Request) -> None:
    """Raise NotAllowed unless an unsafe request comes from our own page. Reads the form when no header is set."""
    if request.method in SAFE_METHODS:
        return
    if not is_own_origin(request):
        raise NotAllowed(
            N_("This form was sent from another site. Open the page here and send it again."),
            code="csrf.origin",
        )
    sent = request.headers.get(HEADER)
    if sent is None and is_form(request):
        field = (await request.form()).get(FIELD)
        sent = field if isinstance(field, str) else None
    cookies = [request.cookies.get(cookie_name(request, name)) for name in (SESSION_COOKIE, VISIT_COOKIE)]
    token = unmasked(sent or "")
    if not any(cookie and hmac.compare_digest(token_of(cookie), token) for cookie in cookies):
        raise NotAllowed(
            N_(
                "This page is too old to be sent: you signed in or out meanwhile. Reload it and send it again."
            ),
            code="csrf.token",
        )


def is_own_origin(request: Request) -> bool:
    """By Sec-Fetch-Site, else by Origin; a client that sends neither is left to the token."""
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None and fetch_site not in ("same-origin", "none"):
        return False
    origin = request.headers.get("origin")
    if origin is None:
        return True
    public_url: str = request.app.state.settings.public_url
    allowed = {f"{request.url.scheme}://{request.headers.get('host', '')}".lower()}
    if public_url:
        parts = urlsplit(public_url)
        allowed.add(f"{parts.scheme}://{parts.netloc}".lower())
    return origin.lower() in allowed


def is_form(request: Request) -> bool:
    """Whether the body is what an html form sends. Never at the JSON API, which reads its body itself: programs name their JSON
    as they like, and what a form consumed could not be read again."""
    if getattr(request.state, "is_api", False):
        return False
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    return kind in ("application/x-www-form-urlencoded", "multipart/form-data")
