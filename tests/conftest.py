"""Fixtures for all tests."""

import pytest
from hypothesis import settings

from tests.support import nursery
from tests.support.databases import (
    center_database,
    database,
    hq_database,
    remove_what_was_shared,
    sqlite_database,
    templates,
)

__all__ = ["center_database", "database", "hq_database", "sqlite_database", "templates"]

# No example is wrong because a machine is busy.
settings.register_profile("trunkline", deadline=None)
settings.load_profile("trunkline")


def pytest_unconfigure(config: pytest.Config) -> None:
    """What each process kept for its tests ends; the one that began the run takes away what they shared."""
    nursery.end_all()
    if not hasattr(config, "workerinput"):
        remove_what_was_shared()
