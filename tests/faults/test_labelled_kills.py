"""The points at which a crash would hurt most, with real processes; all of them: `python -m tests.faults.labelled_kills`."""

from pathlib import Path

import pytest

from tests.faults.labelled_kills import killed_at
from tests.support.databases import ENGINES
from tests.support.world import BESIDE_SECONDS, company

WORST = ("applier: between rows and figures", "receiver: committed, not answered")
"""Before the commit and after it, unanswered; all points: `python -m tests.faults.labelled_kills`."""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_what_died_at_the_worst_moment_comes_back_complete(engine: str, tmp_path: Path) -> None:
    with company(
        ["SH"],
        folder=tmp_path,
        hq_engine=engine,
        branch_engine=engine,
        seeded=False,
        heartbeat_seconds=BESIDE_SECONDS,
    ) as world:
        world.wait_synced()
        assert {label: killed_at(world, label) for label in WORST} == {label: [] for label in WORST}
