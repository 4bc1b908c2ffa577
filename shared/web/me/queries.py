"""Reads for the account page."""

from shared import clock
from shared.i18n import N_
from shared.web.me.pages import SessionRow, TokenRow
from shared.web.models import Account, ApiToken, Session

LIMIT = 50
SYSTEMS = (
    ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip
BROWSERS = (
    ("MicroMessenger", "WeChat"), ("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)  # fmt: skip


async def sessions_of(account: Account, present: Session | None) -> list[SessionRow]:
    """The account's browsers, last seen first."""
    rows = await Session.filter(account_id=account.id).order_by("-seen_at", "id").limit(LIMIT)
    return [
        SessionRow(
            id=row.id,
            device=device_of(row.user_agent),
            address=row.address,
            created_at=row.created_at,
            seen_at=row.seen_at,
            is_this=present is not None and row.id == present.id,
        )
        for row in rows
    ]


def device_of(user_agent: str) -> str:
    """'Chrome, Windows'; a msgid when neither is known."""
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    return ", ".join(part for part in (browser, system) if part) or N_("unknown device")


async def tokens_of(account: Account) -> list[TokenRow]:
    """The account's API tokens, newest first."""
    now = clock.now()
    rows = await ApiToken.filter(account_id=account.id).order_by("-created_at", "id").limit(LIMIT)
    return [
        TokenRow(
            id=row.id,
            name=row.name,
            scopes=row.scopes,
            state="disabled"
            if row.revoked_at
            else "expired"
            if row.expires_at and row.expires_at <= now
            else "active",
            created_at=row.created_at,
            expires_at=row.expires_at,
            used_at=row.used_at,
        )
        for row in rows
    ]
