"""What the account templates receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.web.forms import Form
from shared.web.parts import Option


@dataclass(frozen=True)
class SignInPage:
    """The sign-in form; `asks_code` once an account with a second factor has been named."""

    form: Form[Any]
    asks_code: bool = False


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
    """The account page. `token` is a new API token, shown this once."""

    preferences: Form[Any]
    password: Form[Any]
    second_factor: Form[Any]
    token_form: Form[Any]
    zones: Sequence[Option]
    sessions: Sequence[SessionRow]
    tokens: Sequence[TokenRow]
    rights: Sequence[Option]
    has_second_factor: bool
    can_make_tokens: bool
    token: str = ""


@dataclass(frozen=True)
class SecondFactorPage:
    """Setting up the second factor: the secret as text, as link and as picture (svg)."""

    form: Form[Any]
    secret: str
    link: str
    picture: str
