"""Fixtures for all tests."""

from tests.support.databases import database, hq_database, sqlite_database, templates

__all__ = ["database", "hq_database", "sqlite_database", "templates"]
