"""A Shanghai branch with its people, at noon of Friday 20 November 2026."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from branch_node.home import Home, at_home
from shared.clock import FixedClock
from shared.database import Database
from tests.support.cast import LIN, MANAGER, NOON, SHANGHAI, Member, acting, hire

SH = Home("SH")


@contextmanager
def in_the_name_of(member: Member, at=NOON) -> Iterator[FixedClock]:
    """Inside the block the branch is Shanghai, rows are written by `member`, and the clock stands."""
    with at_home(SH), acting(member, at) as fixed:
        yield fixed


@pytest.fixture
async def branch(database: Database) -> AsyncIterator[Database]:
    """The staffed branch on each engine."""
    with in_the_name_of(MANAGER):
        await hire(*SHANGHAI)
        yield database


@pytest.fixture
async def small_branch(sqlite_database: Database) -> AsyncIterator[Database]:
    """The same on SQLite only."""
    with in_the_name_of(LIN):
        await hire(*SHANGHAI)
        yield sqlite_database


FRIDAY = date(2026, 11, 20)
