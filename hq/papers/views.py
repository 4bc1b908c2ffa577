"""A view made again: the same handler, for a given address, person and language, outside of the request of a reader.

PDF, shared links and mailed packs all show a view through `view_of`, so that scope and right are the view's own.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import compile_path

from hq.papers.charts import drawn
from hq.papers.stripping import without_acts
from shared.errors import NotFound
from shared.i18n import use_locale
from shared.ids import new_id
from shared.permissions import Person, require
from shared.web.reader import reading
from shared.web.routing import Route

VIEWS: frozenset[str] = frozenset(
    {
        "/", "/compare", "/receivables", "/receivables/receipts", "/receivables/debtors", "/receivables/{id}",
        "/targets", "/profit", "/staff", "/staff/{id}", "/sales", "/feedback", "/customers", "/customers/{id}",
        "/pipeline", "/news", "/warnings", "/directives", "/directives/{id}", "/branches", "/branches/{code}",
        "/late", "/day-close", "/day-close/{code}", "/day-close/{code}/{ledger}", "/definitions", "/rates",
    }
)  # fmt: skip
"""The pages that show and do not ask: they may be taken along."""
MAIN = re.compile(r'<main id="main"[^>]*>(.*)</main>', re.S)
TITLE = re.compile(r"<h1>(.*?)(?:<span|</h1>)", re.S)

_site: ContextVar[Starlette | None] = ContextVar("site_of_papers", default=None)


@dataclass(frozen=True)
class View:
    """The body of a view as it stood, without anything to press; the right it needed."""

    body: str
    title: str
    permission: str


@contextmanager
def showing(site: Starlette) -> Iterator[None]:
    """Make `site` the one whose views a job shows inside the block."""
    mark = _site.set(site)
    try:
        yield
    finally:
        _site.reset(mark)


def present_site() -> Starlette:
    """The site bound by `showing`; LookupError without one."""
    site = _site.get()
    if site is None:
        raise LookupError("no site is bound to this task")
    return site


def match(views: Sequence[Route], path: str) -> tuple[Route, dict[str, str]]:
    """The view at a path with what its address names. NotFound when none may be taken along there."""
    for route in sorted(views, key=lambda one: "{" in one.url):
        found = compile_path(route.url)[0].match(path)
        if found:
            return route, found.groupdict()
    raise NotFound()


async def view_of(
    site: Starlette, address: str, person: Person, locale: str, *, for_screen: bool = False
) -> View:
    """What `person` sees at `address` (path and query), in `locale`. NotFound and NotAllowed as the view itself."""
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not address.startswith("/"):
        raise NotFound()
    route, names = match(site.state.views, parts.path)
    assert isinstance(route.permission, str)
    require(person, route.permission)
    request = asking(site, parts.path, shown_only(parts.query), names, person, locale)
    with use_locale(locale), reading(request):
        answer = await route.handler(request)
    text = bytes(answer.body).decode()
    found = MAIN.search(text)
    if answer.status_code != 200 or found is None:
        raise NotFound()
    title = TITLE.search(found[1])
    return View(
        without_acts(drawn(found[1]), for_screen=for_screen),
        unescape(title[1]).strip() if title else "",
        route.permission,
    )


def shown_only(query: str) -> str:
    """The query without what asks for a file instead of the page."""
    return urlencode([(name, value) for name, value in parse_qsl(query) if name != "format"])


def asking(
    site: Starlette, path: str, query: str, names: Mapping[str, str], person: Person, locale: str
) -> Request:
    """A request for a page that nobody sent, with no cookie and no session."""
    state = {
        "route": path,
        "request_id": new_id().hex[-12:],
        "started_ns": time.perf_counter_ns(),
        "person": person,
        "account": None,
        "session": None,
        "locale": locale,
        "theme": "light",
        "new_visit": "paper",
    }
    return Request(
        {
            "type": "http", "method": "GET", "scheme": "http", "server": ("headquarters", 80), "client": None,
            "path": path, "raw_path": path.encode(), "root_path": "", "query_string": query.encode(),
            "headers": [], "path_params": dict(names), "app": site, "state": state,
        }
    )  # fmt: skip
