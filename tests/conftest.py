"""Fixtures for all tests."""

from hypothesis import settings

from tests.support.databases import center_database, database, hq_database, sqlite_database, templates

__all__ = ["center_database", "database", "hq_database", "sqlite_database", "templates"]

# No example is wrong because a machine is busy.
settings.register_profile("trunkline", deadline=None)
settings.load_profile("trunkline")
