"""The network center over a database of its own, with two administrators and one who may only look.

Ada and Grace may order everything; Tom may restart services in Shanghai; Eve may look and order nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from shutil import copyfile
from typing import Any

from starlette.applications import Starlette

from netops.center.app import center_app
from netops.center.commands.actions import grant
from netops.center.commands.rules import Right
from netops.center.settings import CenterSettings
from shared.database import open_database
from shared.web.accounts import create_account
from shared.web.models import Account
from shared.web.passwords import Passwords
from tests.support.center_site import settings_of
from tests.support.databases import Templates, apart, center_apps, postgres_url
from tests.support.web_site import PASSWORD, Visitor, visitor_of

PEOPLE = {
    "ada": ("Ada", [Right("*", "*", "*")]),
    "grace": ("Grace", [Right("*", "*", "*")]),
    "tom": ("Tom", [Right("service.restart", "SH", "*")]),
    "eve": ("Eve", []),
}


@dataclass(frozen=True)
class CenterSite:
    """A composed center; `url` is its database."""

    app: Starlette
    settings: CenterSettings
    url: str


async def write_people(settings: CenterSettings) -> None:
    async with open_database(settings.url_of_database, center_apps()):
        for username, (name, rights) in PEOPLE.items():
            await create_account(
                Passwords(settings), username=username, display_name=name, password=PASSWORD, person_id=None,
                locale="en",
            )  # fmt: skip
            account = await Account.get(username=username)
            for right in rights:
                await grant(account.id, right, "a test")


@contextmanager
def center_site(templates: Templates, engine: str, folder: Path, **values: Any) -> Iterator[CenterSite]:
    """The site, not yet running; its database is gone afterwards."""
    name = f"tl_site_{token_hex(6)}"
    if engine == "sqlite":
        copyfile(templates.sqlite("center"), folder / f"{name}.db")
        url = f"sqlite:///{folder / name}.db"
    else:
        name = apart(templates.borrow("center"))
        url = postgres_url(name)
    settings = settings_of(folder, database_url=url, **values)
    try:
        apart(write_people(settings))
        yield CenterSite(center_app(settings), settings, url)
    finally:
        if engine == "postgres":
            apart(templates.give_back(name))


@contextmanager
def center_people(site: CenterSite) -> Iterator[dict[str, Visitor]]:
    """Each of PEOPLE in front of a browser of their own; "nobody" is not signed in."""
    with visitor_of(site.app) as first:
        visitors = {"nobody": first}
        for name in PEOPLE:
            visitors[name] = first.other_browser()
            visitors[name].sign_in(name, PASSWORD)
            visitors[name].open("/me")
        yield visitors
