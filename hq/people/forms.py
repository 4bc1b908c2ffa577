"""Forms of people: who somebody is, and with which name and password they sign in."""

from pydantic import Field

from shared.web.forms import FormModel, ShortText, Tick


class PersonForm(FormModel):
    """Name, roles and branches. With `all_branches` the list of branches does not count."""

    name: ShortText
    email: str = Field("", max_length=200)
    roles: list[str] = []
    all_branches: Tick = False
    branches: list[str] = []


class NewPersonForm(PersonForm):
    """A person together with the account."""

    username: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=200)


class PasswordForm(FormModel):
    """A new password."""

    password: str = Field(min_length=1, max_length=200)
