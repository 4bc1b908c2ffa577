"""What people type on the account pages."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import StringConstraints

from shared.web.forms import FormModel, ShortText, Tick, WholeNumber

Secret = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=False)]


class SignInForm(FormModel):
    """User name, password and, where set up, the code of the second factor."""

    username: ShortText
    password: Secret
    code: str = ""
    next: str = "/"


class PreferencesForm(FormModel):
    """How pages look for this person."""

    locale: Literal["zh_CN", "en"]
    theme: Literal["auto", "light", "dark"]
    timezone: str = ""
    letter_keys: Tick = False


class PasswordForm(FormModel):
    """The present password and twice the new one."""

    present: Secret
    password: Secret
    again: Secret


class SessionForm(FormModel):
    """Which session to end."""

    id: UUID


class SecondFactorForm(FormModel):
    """The secret shown on the page and the code the app makes of it."""

    secret: Annotated[str, StringConstraints(pattern=r"^[A-Z2-7]{32}$")]
    code: ShortText


class UnlinkForm(FormModel):
    """The present password, before the link to the identity provider is taken off."""

    company_current: Secret


class StopSecondFactorForm(FormModel):
    """The present password, to switch the second factor off."""

    current: Secret


class TokenForm(FormModel):
    """A new API token: name, what it may do, how long."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    scopes: list[str] = []
    days: WholeNumber = 365


class RevokeForm(FormModel):
    """Which token to revoke."""

    id: UUID
