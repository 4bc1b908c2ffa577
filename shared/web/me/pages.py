"""What the account templates receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.i18n import gettext
from shared.web import accounts
from shared.web.forms import Form
from shared.web.models import Account
from shared.web.parts import Option
from shared.web.settings import WebSettings


@dataclass(frozen=True)
class SignInPage:
    """The sign-in form; `asks_code` once an account with a second factor has been named. `company` is what the button
    to the identity provider says, "" without one."""

    form: Form[Any]
    asks_code: bool = False
    company: str = ""


def company_sign_in(settings: WebSettings) -> str:
    """What the button to the identity provider says; "" where none is configured."""
    if not settings.oidc_issuer:
        return ""
    if not settings.oidc_name:
        return gettext("Sign in through the company")
    return gettext("Sign in with %(name)s", name=settings.oidc_name)


def company_link(settings: WebSettings, account: Account) -> str:
    """How the account stands to the identity provider (linked, open, off); "" where none is configured or linked."""
    link = accounts.company_link(account)
    return link if settings.oidc_issuer or link == "linked" else ""


@dataclass(frozen=True)
class SessionRow:
    """A signed-in browser."""

    id: UUID
    device: str
    address: str
    created_at: datetime
    seen_at: datetime
    is_this: bool


@dataclass(frozen=True)
class TokenRow:
    """An API token."""

    id: UUID
    name: str
    scopes: Sequence[str]
    state: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


@dataclass(frozen=True)
class MePage:
    """The account page. `token` is a new API token, shown this once; `company_link` how it stands to the identity
    provider."""

    preferences: Form[Any]
    password: Form[Any]
    second_factor: Form[Any]
    company: Form[Any]
    token_form: Form[Any]
    zones: Sequence[Option]
    sessions: Sequence[SessionRow]
    tokens: Sequence[TokenRow]
    rights: Sequence[Option]
    has_second_factor: bool
    company_link: str
    has_password: bool
    can_make_tokens: bool
    token: str = ""


@dataclass(frozen=True)
class SecondFactorPage:
    """Setting up the second factor: the secret as text, as link and as picture (svg)."""

    form: Form[Any]
    secret: str
    link: str
    picture: str
