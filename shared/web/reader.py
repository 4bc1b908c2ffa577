"""The reader of the present request: time zone and base currency for filters and template functions."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from zoneinfo import ZoneInfo

from starlette.requests import Request

from shared.permissions import Person
from shared.web.routing import Access, Permission

DEFAULT_ZONE = "Asia/Shanghai"

_request: ContextVar[Request | None] = ContextVar("web_request", default=None)
_currency: ContextVar[str] = ContextVar("base_currency", default="CNY")
_zone: ContextVar[str] = ContextVar("reader_zone", default=DEFAULT_ZONE)


@contextmanager
def reading(request: Request) -> Iterator[None]:
    """Bind the request for the length of the block; its person's time zone becomes the reader's."""
    person = request.state.person
    site = request.app.state.site
    mark = _request.set(request)
    try:
        with reading_in(person.timezone if person is not None else site.timezone, site.base_currency):
            yield
    finally:
        _request.reset(mark)


@contextmanager
def reading_in(zone: str, currency: str = "CNY") -> Iterator[None]:
    """Bind only time zone and base currency: for jobs that write a message or a file for somebody."""
    marks = _zone.set(zone), _currency.set(currency)
    try:
        yield
    finally:
        _zone.reset(marks[0])
        _currency.reset(marks[1])


def current_request() -> Request:
    """The request being answered; LookupError outside of one."""
    request = _request.get()
    if request is None:
        raise LookupError("no request is being answered here")
    return request


def may_open(url: str) -> bool:
    """Whether the reader may read the page at this address of the site: a link is shown to nobody whom it would refuse. True
    for addresses of others, and where nobody reads (a file, a message)."""
    request = _request.get()
    if request is None or not url.startswith("/"):
        return True
    path = url.partition("#")[0].partition("?")[0]
    return is_open(request.app.state.pages.permission_of(path), request.state.person)


def is_open(permission: Permission | None, person: Person | None) -> bool:
    """Whether a page that needs this permission (None: no page) opens for this person."""
    if permission is None or permission is Access.PUBLIC:
        return True
    return person is not None and (not isinstance(permission, str) or person.may(permission))


def reader_zone() -> ZoneInfo:
    """The time zone in which instants are shown."""
    return ZoneInfo(_zone.get())


def base_currency() -> str:
    """The currency that is written with its symbol and meant by an amount without a code."""
    return _currency.get()
