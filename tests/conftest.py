"""Fixtures for all tests."""

import gc
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support import memory_disk

memory_disk.use()  # before the shelf asks for a folder

from tests.support import models_once, nursery, own_postgres  # noqa: E402
from tests.support.clean_slate import end_caretaker  # noqa: E402
from tests.support.databases import (  # noqa: E402
    center_database,
    database,
    hq_database,
    postgres_database,
    remove_what_was_shared,
    require_postgres,
    sqlite_database,
    templates,
)
from tests.support.processes import STARTED  # noqa: E402

__all__ = ["center_database", "database", "hq_database", "postgres_database", "sqlite_database", "templates"]

# Looking for garbage as seldom as a site does (shared/web/serving.py): on the pages of headquarters a sixth of the processor went into it.
gc.set_threshold(50_000, 20, 20)

models_once.install()

TESTS = Path(__file__).parent

# No example is wrong because a machine is busy.
settings.register_profile("trunkline", deadline=None)
settings.load_profile("trunkline")


WAITED_FOR = 0.75
"""Part of a run within which the files that wait are begun."""

WAITING = ("scenarios", "faults/test_standby_takes_over.py", "faults/test_yesterdays_release.py")
"""Folders and files that are the first to begin of those that wait: the longest."""

COMPUTING = ("imports", "contracts", "unit")
"""Folders whose tests keep a core busy, those with the longest files first; the others mostly wait for processes, lines and browsers."""


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    # A run that is told to end cleans up after itself, as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if config.getoption("numprocesses", None):
        own_postgres.start()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose tests wait are spread evenly among those that compute, so that no core stands still; the last come before the end,
    so that no process of a run ends with a long one while the others have nothing to do."""
    waiting: dict[Path, None] = {}
    computing: dict[str, dict[Path, None]] = {folder: {} for folder in COMPUTING}
    for item in items:
        computing.get(item.path.relative_to(TESTS).parts[0], waiting)[item.path] = None
    slow = sorted(waiting, key=_turn)
    busy = [path for folder in COMPUTING for path in computing[folder]]
    place = {path: (number + 0.5) / len(busy) for number, path in enumerate(busy)}
    place |= {path: WAITED_FOR * number / len(slow) for number, path in enumerate(slow)}
    items.sort(key=lambda item: place[item.path])


def _turn(path: Path) -> int:
    name = path.relative_to(TESTS).as_posix()
    return next((turn for turn, long in enumerate(WAITING) if name.startswith(long)), len(WAITING))


def pytest_collection_finish() -> None:
    """What collecting the tests has loaded stays: it is left out of the collections of garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_runtest_setup(item: pytest.Item) -> None:
    STARTED.clear()
    if item.get_closest_marker("postgres"):
        require_postgres()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that fails shows what its sites complained of: a fault that comes once in a hundred runs is not seen again."""
    report = yield
    if report.failed and call.when == "call":
        report.sections += [(f"complaints of {site.name}", site.complaints) for site in STARTED.values()]
    return report


def pytest_unconfigure(config: pytest.Config) -> None:
    """What each process kept for its tests ends; the one that began the run takes away what they shared."""
    nursery.end_all()
    end_caretaker()
    if not hasattr(config, "workerinput"):
        remove_what_was_shared()
        own_postgres.stop()
