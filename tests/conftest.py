"""Fixtures for all tests."""

from tests.support.databases import center_database, database, hq_database, sqlite_database, templates

__all__ = ["center_database", "database", "hq_database", "sqlite_database", "templates"]
