"""Servers that some tests need: where they are, and what happens when none answers."""

import os
from typing import NoReturn

import pytest

REDIS_URL = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379")


def missing(what: str) -> NoReturn:
    """Skips with the reason, or fails where everything is required (TRUNKLINE_TEST_REQUIRE_ALL=1)."""
    if os.environ.get("TRUNKLINE_TEST_REQUIRE_ALL") == "1":
        pytest.fail(what)
    pytest.skip(what)
