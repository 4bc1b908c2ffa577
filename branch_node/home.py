"""Which branch this is: its code, time zone, base currency and country, current for each request, job and command.

`home()` is what actions put into `Record.branch`; `today()` is the business date. Several branches may live in
one process (tests), so it is bound per task with `at_home`, by the site for requests and jobs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date

from shared import clock
from shared.periods import local_date


@dataclass(frozen=True)
class Home:
    """A branch. `country` reads telephone numbers that lack a country code."""

    code: str
    timezone: str = "Asia/Shanghai"
    currency: str = "CNY"
    country: str = "CN"

    @property
    def today(self) -> date:
        """The branch's own date now."""
        return local_date(clock.now(), self.timezone)


_home: ContextVar[Home] = ContextVar("branch_home")


def home() -> Home:
    """The branch of this task; LookupError outside of one."""
    return _home.get()


def today() -> date:
    """The branch's business date."""
    return home().today


@contextmanager
def at_home(here: Home) -> Iterator[Home]:
    """Make `here` the branch of this task inside the block."""
    mark = _home.set(here)
    try:
        yield here
    finally:
        _home.reset(mark)
