"""A branch's machine was copied and both copies run: two whole senders of one node, as real processes, against one headquarters.

The younger is recognised and refused, a person is told; what both wrote meanwhile is at headquarters once, also after the
elder has gone and the younger is the branch.
"""

import datetime
import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from branch_node.setup import APPS
from shared.database import execute, open_database
from shared.ids import new_id
from shared.records import Receipt
from tests.support.databases import ENGINES, apart
from tests.support.processes import SiteProcess, copy_folder, wait_until
from tests.support.world import BESIDE_SECONDS, World, company, database_name, own_database

pytestmark = pytest.mark.slow
DAY = datetime.date(2026, 3, 31)
FIVE_MINUTES = 300 * 1_000_000


def write(site: SiteProcess, written: dict[str, int]) -> None:
    """A receipt beside the site, whose triggers write the log; `written` remembers its number and amount."""
    number, amount = f"R-{new_id()}"[:32], 100 + len(written)

    async def work() -> None:
        async with open_database(site.database_url, site.apps):
            await Receipt.create(
                branch="SH", number=number, customer_id=new_id(), happened_on=DAY, currency="CNY",
                amount_minor=amount, base_minor=amount,
            )  # fmt: skip

    apart(work())
    written[number] = amount


def copy_of(site: SiteProcess, folder: Path, stack: ExitStack) -> SiteProcess:
    """The same node once more: its folder with key, boot counter and epoch, and its database. The site must not run."""
    clone = SiteProcess("clone of SH", site.module, folder, APPS, {})
    copy_folder(site.folder, folder)
    clone.settings |= site.settings
    if "TRUNKLINE_DATABASE_URL" in site.settings:
        clone.settings["TRUNKLINE_DATABASE_URL"] = own_database(database_name(site.database_url))
    stack.callback(clone.close)
    return clone


def trouble(site: SiteProcess) -> str:
    return str(site.one("SELECT trouble FROM replication_state") or "")


def incidents(world: World) -> int:
    """How many are open because two nodes have one identity."""
    return int(world.hq.one("SELECT COUNT(*) AS n FROM sync_incident WHERE kind = 'cloned' AND closed_at IS NULL"))  # fmt: skip


def receipts(site: SiteProcess) -> dict[str, int]:
    rows = site.rows("SELECT number, amount_minor FROM receipt WHERE branch = 'SH'")
    assert len({row["number"] for row in rows}) == len(rows), "a receipt is there twice"
    return {row["number"]: row["amount_minor"] for row in rows}


def runs_heard(world: World) -> set[str]:
    """The boots of the runs that headquarters remembers."""
    runs = json.loads(world.hq.one("SELECT runs FROM branch_cursor WHERE branch = 'SH'"))
    return {runs["holder"], runs["younger"]} - {""}


def let_be_silent(world: World, which: str) -> None:
    """Headquarters heard it last five minutes ago; `which` names where that is remembered."""
    runs = json.loads(world.hq.one("SELECT runs FROM branch_cursor WHERE branch = 'SH'"))
    runs[which] -= FIVE_MINUTES

    async def work() -> None:
        async with open_database(world.hq.database_url, world.hq.apps):
            await execute("UPDATE branch_cursor SET runs = :runs WHERE branch = 'SH'", runs=json.dumps(runs))

    apart(work())


@pytest.mark.parametrize("engine", ENGINES)
def test_of_two_live_copies_the_younger_is_refused_and_nothing_is_lost_or_there_twice(
    engine: str, tmp_path: Path
) -> None:
    written: dict[str, int] = {}
    with (
        ExitStack() as stack,
        company(
            ["SH"],
            folder=tmp_path,
            hq_engine=engine,
            branch_engine=engine,
            seeded=False,
            heartbeat_seconds=BESIDE_SECONDS,
        ) as world,
    ):
        elder = world.branch("SH")
        write(elder, written)
        world.wait_synced()
        elder.stop()
        clone = copy_of(elder, tmp_path / "clone", stack)
        before = runs_heard(world)
        elder.start()
        # a site answers before it has the place to send, and the boot is made with the place: the clone must not be first
        wait_until(lambda: runs_heard(world) - before, 60, "the elder runs again and was heard")
        clone.start()

        def both_write() -> bool:
            write(elder, written)
            write(clone, written)
            assert trouble(elder) == "", "it is the younger that is refused"
            return trouble(clone) == "cloned"

        wait_until(both_write, 150, "the younger is refused", pause=0.5)
        assert trouble(elder) == "", "the elder goes on"
        assert incidents(world) == 1, "a person is told"
        write(clone, written)
        write(elder, written)
        world.wait_synced("SH")
        world.wait_equal("SH")
        assert receipts(elder).items() <= written.items()

        clone.stop()
        let_be_silent(world, "younger_at")
        write(elder, written)
        wait_until(lambda: incidents(world) == 0, 30, "a copy that was stopped is no trouble any more")

        clone.start()
        wait_until(both_write, 60, "a copy that is started again is refused again", pause=0.5)
        world.wait_synced("SH")
        elder.stop()
        clone.stop()
        let_be_silent(world, "spoke_at")
        world.branches["SH"] = clone
        clone.start()
        world.wait_synced("SH")
        world.wait_equal("SH")
        assert receipts(world.hq) == written == receipts(clone)
        assert world.is_proved()
        wait_until(lambda: incidents(world) == 0 and trouble(clone) == "", 30, "the trouble is over")
