"""Server-side sessions: a random token in a cookie, its SHA-256 in the database.

Log out everywhere is a DELETE. Everything here runs inside the request's database.
"""

import hashlib
import secrets
from datetime import datetime, timedelta
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from shared import clock
from shared.database import find_with
from shared.web.models import Account, Session
from shared.web.settings import WebSettings

SEEN_STEP = timedelta(minutes=1)
VISIT_COOKIE = "visit"
SESSION_COOKIE = "session"


def token_hash(token: str) -> str:
    """What the database keeps of a session or API token."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token() -> str:
    """256 random bits, safe in urls and headers."""
    return secrets.token_urlsafe(32)


def is_secure(request: Request) -> bool:
    """Whether the browser came by https: by the site's public address, else by the connection."""
    public_url: str = request.app.state.settings.public_url
    return public_url.startswith("https://") if public_url else request.scope.get("scheme") == "https"


def cookie_name(request: Request, name: str) -> str:
    """Cookies carry the __Host- prefix where https allows it: no subdomain can plant them."""
    return f"__Host-{name}" if is_secure(request) else f"{name}_{request.app.state.site.code}"


def set_cookie(
    request: Request, response: Response, name: str, value: str, max_age: int | None = None
) -> None:
    """Put a cookie that scripts cannot read and that other sites' posts do not carry."""
    response.set_cookie(
        cookie_name(request, name),
        value,
        max_age=max_age,
        path="/",
        httponly=True,
        secure=is_secure(request),
        samesite="lax",
    )


def drop_cookie(request: Request, response: Response, name: str) -> None:
    """Take a cookie away."""
    response.delete_cookie(
        cookie_name(request, name), path="/", httponly=True, secure=is_secure(request), samesite="lax"
    )


async def start_session(request: Request, response: Response, account: Account) -> Session:
    """Sign `account` in on this browser: a new row and a new cookie. The earlier session of the browser ends."""
    settings: WebSettings = request.app.state.settings
    now = clock.now()
    old = request.cookies.get(cookie_name(request, SESSION_COOKIE))
    if old:
        await Session.filter(token_hash=token_hash(old)).delete()
    token = new_token()
    session = await Session.create(
        token_hash=token_hash(token),
        account=account,
        created_at=now,
        seen_at=now,
        expires_at=now + timedelta(days=settings.session_max_days),
        address=client_address(request),
        user_agent=request.headers.get("user-agent", "")[:200],
    )
    set_cookie(request, response, SESSION_COOKIE, token, settings.session_max_days * 86_400)
    return session


async def find_session(request: Request) -> Session | None:
    """The live session of the request's cookie with its account, None for anybody else.

    Notes the visit at most once a minute, so that reading pages does not write. What an open page asks for by itself
    (`?part=`) is no visit: whoever has left it open is idle all the same.
    """
    token = request.cookies.get(cookie_name(request, SESSION_COOKIE))
    if not token:
        return None
    settings: WebSettings = request.app.state.settings
    session = await find_with(Session, "account", "t.token_hash = :hash", hash=token_hash(token))
    now = clock.now()
    if session is None or not is_live(session, settings, now) or session.account.disabled_at is not None:
        return None
    if now - session.seen_at > SEEN_STEP and "part" not in request.query_params:
        await Session.filter(id=session.id).update(seen_at=now)
    return session


def is_live(session: Session, settings: WebSettings, now: datetime) -> bool:
    """Neither too old nor idle for too long."""
    idle = timedelta(hours=settings.session_idle_hours)
    return bool(now < session.expires_at and now - session.seen_at < idle)


async def end_session(request: Request, response: Response) -> None:
    """Sign this browser out; a second call does nothing."""
    token = request.cookies.get(cookie_name(request, SESSION_COOKIE))
    if token:
        await Session.filter(token_hash=token_hash(token)).delete()
    drop_cookie(request, response, SESSION_COOKIE)


async def end_all_sessions(account_id: UUID, except_id: UUID | None = None) -> int:
    """Sign an account out everywhere, optionally not here; the number of sessions ended."""
    query = Session.filter(account_id=account_id)
    if except_id is not None:
        query = query.exclude(id=except_id)
    return await query.delete()


async def forget_old_sessions(settings: WebSettings) -> int:
    """Delete sessions that no longer live; run once an hour by the site."""
    now = clock.now()
    idle_since = now - timedelta(hours=settings.session_idle_hours)
    return (
        await Session.filter(expires_at__lte=now).delete()
        + await Session.filter(seen_at__lte=idle_since).delete()
    )


def client_address(request: Request) -> str:
    """The address to count sign-ins by: the connection's, or what the trusted proxies say."""
    hops: int = request.app.state.settings.trusted_proxies
    forwarded = [
        part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()
    ]
    if hops and len(forwarded) >= hops:
        return forwarded[-hops][:64]
    return request.client.host[:64] if request.client else ""
