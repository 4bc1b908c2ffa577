"""Brokers for the job tests: the embedded Valkey, and the Redis at TEST_REDIS_URL."""

import socket
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from shared.settings import CommonSettings
from tests.support.services import REDIS_URL, missing


def _redis_or_missing() -> str:
    parts = urlsplit(REDIS_URL)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), 1).close()
    except OSError:
        missing(f"no Redis answers at {REDIS_URL} (TEST_REDIS_URL)")
    return REDIS_URL


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A folder with a path short enough for a unix socket; pytest's own are too long on some machines."""
    with tempfile.TemporaryDirectory(prefix="tl") as folder:
        yield Path(folder)


@pytest.fixture(params=["embedded", pytest.param("redis", marks=pytest.mark.redis)])
def site_settings(request: pytest.FixtureRequest, short_path: Path) -> CommonSettings:
    """Settings of a site with each kind of broker."""
    url = _redis_or_missing() if request.param == "redis" else ""
    return CommonSettings(data_dir=short_path, redis_url=url)


@pytest.fixture
def instance() -> str:
    """A name that keeps this test's keys apart at a shared broker."""
    return f"test-{uuid.uuid4().hex[:8]}"
