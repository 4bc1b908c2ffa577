"""A small site over shared.web, and a visitor who clicks through it like a browser without scripts."""

import asyncio
import re
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from shared.database import open_database
from shared.database.migrate import migrate
from shared.i18n import N_
from shared.permissions import Person, Scope
from shared.web import accounts
from shared.web.app import site_app
from shared.web.models import WEB_APP, Account
from shared.web.passwords import Passwords
from shared.web.responses import json_answer
from shared.web.routing import Route
from shared.web.settings import WebSettings
from shared.web.site import MenuItem, Site
from tests.support import shelf
from tests.support.site_client import Client, client_of

PASSWORD = "tea with lemon"
LIN_ID, ADA_ID = UUID(int=1), UUID(int=2)
GRANTS = {
    LIN_ID: {"customer.view": Scope.OWN, "customer.edit": Scope.OWN},
    ADA_ID: {"settings.edit": Scope.BRANCH, "token.edit": Scope.BRANCH, "customer.view": Scope.BRANCH},
}
SITE = Site(
    code="tea",
    name=N_("Sales"),
    scope="上海",
    menu=(
        MenuItem(N_("Customers"), "/customers", "customer.view", "users", "c", on_phone=True),
        MenuItem(N_("Settings"), "/settings", "settings.edit", "settings", "s"),
    ),
    version="0.1.0",
    node="tea-1",
)


def cheap_settings(folder: Path, **values: Any) -> WebSettings:
    """Settings with password hashes that cost nothing."""
    shelf.share_templates(folder)
    given = {"data_dir": folder, "argon2_memory_kib": 64, "argon2_rounds": 1, **values}
    return WebSettings(**given)


async def load_person(account: Account) -> Person | None:
    """Rights by the person's id; nobody for an account without one."""
    if account.person_id not in GRANTS:
        return None
    return Person(
        id=account.person_id, name=account.display_name, branch="SH", grants=GRANTS[account.person_id]
    )


async def customers(request: Request) -> Response:
    return json_answer({"name": request.state.person.name, "actions": sorted(request.state.person.grants)})


def tea_app(
    folder: Path, routes: Sequence[Route] = (), *, database_url: str = "", **values: Any
) -> Starlette:
    """The site over a migrated database (a SQLite file in `folder`) with Lin (sales) and Ada (administrator)."""
    url = database_url or f"sqlite:///{folder}/tea.db"
    settings = cheap_settings(folder, **values)
    apart(prepare(url, settings))
    return site_app(
        site=SITE,
        settings=settings,
        routes=[Route("GET", "/customers", customers, "customer.view"), *routes],
        load_person=load_person,
        database_url=url,
        database_apps=[],
        package=Path(__file__).parent / "web_templates",
    )


async def prepare(url: str, settings: WebSettings) -> None:
    """Tables and two accounts."""
    await migrate(url, [WEB_APP])
    passwords = Passwords(settings)
    async with open_database(url, [WEB_APP]):
        for name, person_id, shown in (("lin", LIN_ID, "林娜"), ("ada", ADA_ID, "Ada")):
            await accounts.create_account(
                passwords,
                username=name,
                display_name=shown,
                password=PASSWORD,
                person_id=person_id,
                locale="en",
            )


def apart(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end on a loop of its own; usable while another loop runs."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def ids_used_twice(page: str) -> set[str]:
    """Ids that more than one element of a page carries."""
    ids = re.findall(r'<[^>]*?\sid="([^"]+)"', page)
    return {one for one in ids if ids.count(one) > 1}


class Visitor:
    """Somebody in front of a browser: follows redirects, sends forms with the token of the page."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.page = ""
        self._kept = ("", "")

    def other_browser(self) -> "Visitor":
        """The same site, another browser: cookies of its own."""
        return Visitor(self.client.another())

    def open(self, url: str, **headers: str) -> Any:
        answer = self.client.get(url, headers={"accept": "text/html", **headers})
        self.page = answer.text
        return answer

    def token(self) -> str:
        """The CSRF token of the page before us."""
        found = re.search(r'name="csrf" value="(\w+)"', self.page)
        return found[1] if found else ""

    def lasting_token(self) -> str:
        """A CSRF token of the account page, opened once for a session: what belongs to a cookie stays good."""
        session = next(
            (value for name, value in self.client.cookies.items() if name.startswith("session")), ""
        )
        if self._kept[0] != session:
            self.open("/me")
            self._kept = (session, self.token())
        return self._kept[1]

    def send(self, url: str, *, follow: bool = True, **fields: Any) -> Any:
        answer = self.client.post(
            url,
            data={"csrf": self.token(), **fields},
            headers={"accept": "text/html", "origin": "http://testserver"},
            follow_redirects=follow,
        )
        self.page = answer.text or self.page
        return answer

    def sign_in(self, name: str, password: str = PASSWORD, **fields: str) -> Any:
        self.open("/sign-in")
        return self.send("/sign-in", username=name, password=password, **fields)

    def text(self) -> str:
        """The page without its tags."""
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", self.page)))


@contextmanager
def visitor_of(app: Starlette, *, in_thread: bool = False) -> Iterator[Visitor]:
    """A visitor of a running site; `in_thread`: which goes on while the test does something else."""
    with client_of(app, in_thread=in_thread) as client:
        yield Visitor(client)


def in_app(app: Starlette, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine inside the database of a running site, on a connection of its own; its answer."""
    found: list[Any] = []

    async def run() -> None:
        async with open_database(app.state.database.url, app.state.database.apps):
            found.append(await work())

    apart(run())
    return found[0]


class Served:
    """A site on a port of its own, in a thread: for browsers and for streams that never end."""

    def __init__(self, app: Starlette) -> None:
        config = uvicorn.Config(
            app, host="127.0.0.1", port=0, log_config=None, access_log=False, timeout_graceful_shutdown=5
        )
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> "Served":
        self.thread.start()
        deadline = time.monotonic() + 20
        while not self.server.started:
            if time.monotonic() > deadline or not self.thread.is_alive():
                raise RuntimeError("the site did not start")
            time.sleep(0.01)
        return self

    @property
    def url(self) -> str:
        port = self.server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    def stop(self) -> float:
        """Ask it to end, as SIGTERM does; the seconds it took."""
        began = time.monotonic()
        self.server.should_exit = True
        self.thread.join(timeout=20)
        if self.thread.is_alive():
            raise RuntimeError("the site did not stop")
        return time.monotonic() - began

    def __exit__(self, *_exc: object) -> None:
        if self.thread.is_alive():
            self.stop()
