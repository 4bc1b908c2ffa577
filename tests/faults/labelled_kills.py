"""kill -9 at every labelled point of sender, receiver and applier, with real processes; a table of what became of it.

    python -m tests.faults.labelled_kills                       every point, SQLite at both ends
    python -m tests.faults.labelled_kills --engine postgres     every point, PostgreSQL at both ends
    python -m tests.faults.labelled_kills --only "applier: rows written"

A site is started so that it kills itself at the point while changes are on their way; more is written meanwhile; the site comes
back as it is. Then headquarters must equal the branch, and its rollups the facts.
"""

import argparse
import datetime
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from shared.database import execute, open_database
from shared.ids import new_id
from shared.records import Receipt
from tests.support.databases import apart, remove_what_was_shared
from tests.support.kill_points import AT_BRANCH, POINTS
from tests.support.processes import SiteProcess, wait_until
from tests.support.world import BESIDE_SECONDS, World, company

DAY = datetime.date(2026, 3, 31)
AFTER_HELLO = (
    "applier: before the cursor",
    "applier: before the commit",
    "receiver: committed, not answered",
)
"""Points that the greeting passes as well: the batch comes second."""


def work(branch: SiteProcess, rows: int = 5) -> None:
    """Receipts come, change and go, beside the site; its triggers write the log."""

    async def write() -> None:
        async with open_database(branch.database_url, branch.apps):
            await Receipt.bulk_create(
                Receipt(
                    branch="SH", number=f"R-{new_id()}"[:32], customer_id=new_id(), happened_on=DAY, currency="CNY",
                    amount_minor=100 + at, base_minor=100 + at,
                )
                for at in range(rows)
            )  # fmt: skip
            await execute("UPDATE receipt SET amount_minor = amount_minor + 1, base_minor = base_minor + 1")
            await execute("DELETE FROM receipt WHERE id IN (SELECT id FROM receipt ORDER BY number LIMIT 1)")

    apart(write())


def killed_at(world: World, label: str) -> list[str]:
    """Let one side die at the point; what is wrong after it came back, nothing when P holds."""
    branch = world.branch("SH")
    victim = branch if label in AT_BRANCH else world.hq
    victim.stop()
    work(branch)
    victim.launcher = ("tests.support.kill_points", label, "2" if label in AFTER_HELLO else "1")
    victim.start(wait=False)
    wait_until(lambda: not victim.is_alive, 60, f"{victim.name} reaches {label!r}")
    assert victim.process is not None
    found = (
        [] if victim.process.returncode == -signal.SIGKILL else [f"it ended otherwise: {victim.log[-500:]}"]
    )
    victim.launcher = ()
    work(branch)
    victim.start()
    return found + wrongs(world)


def wrongs(world: World) -> list[str]:
    """Where P does not hold, once everything has arrived."""
    try:
        world.wait_synced()
    except AssertionError as error:
        return [str(error)]
    found = world.differences("SH")
    if not world.is_proved():
        found.append("hq verify does not prove it")
    if world.hq.one("SELECT COUNT(*) AS n FROM quarantined_change"):
        found.append("something was set aside")
    return found


def run(labels: Sequence[str], engine: str, folder: Path) -> int:
    """Print a line for each point; how many failed."""
    failed = 0
    with company(
        ["SH"],
        folder=folder,
        hq_engine=engine,
        branch_engine=engine,
        seeded=False,
        heartbeat_seconds=BESIDE_SECONDS,
    ) as world:
        world.wait_synced()
        for label in labels:
            began = time.monotonic()
            found = killed_at(world, label)
            failed += bool(found)
            said = "; ".join(found) or "P holds"
            print(f"{engine:<9} {label:<36} {time.monotonic() - began:6.1f} s  {said}", flush=True)
    return failed


def main() -> int:
    """Play the points that are asked for."""
    parser = argparse.ArgumentParser(prog="tests.faults.labelled_kills")
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--only", choices=tuple(POINTS), action="append")
    args = parser.parse_args()
    labels = args.only or tuple(POINTS)
    try:
        with tempfile.TemporaryDirectory(prefix="trunkline-kills-") as folder:
            failed = run(labels, args.engine, Path(folder))
    finally:
        remove_what_was_shared()
    print(f"{len(labels)} points, {failed} violations")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
