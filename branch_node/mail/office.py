"""The mail server of this task's branch, bound by the site beside `home()`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared.mail import PostOffice

_office: ContextVar[PostOffice | None] = ContextVar("post_office", default=None)


def office() -> PostOffice | None:
    """Where mails are handed over; None: nobody set a mail server up, and mails wait."""
    return _office.get()


@contextmanager
def at_office(here: PostOffice | None) -> Iterator[None]:
    """Make `here` the mail server inside the block."""
    mark = _office.set(here)
    try:
        yield
    finally:
        _office.reset(mark)
