"""Yesterday's release of a branch, as a real process, against today's headquarters; then the branch is upgraded in mid-stream."""

from contextlib import ExitStack
from pathlib import Path

import pytest

from shared.database import execute, open_database
from shared.records.versions import OLDEST_ACCEPTED
from tests.support.databases import ENGINES, apart
from tests.support.processes import ROOT, SiteProcess
from tests.support.releases import unpack
from tests.support.world import company, prepare_site

HELD = "SELECT COUNT(*) AS n FROM sales_order WHERE branch = 'SH' AND ext IS NOT NULL"


def write(site: SiteProcess, sql: str) -> None:
    """One statement beside the running site; its triggers write it into the log."""

    async def work() -> None:
        async with open_database(site.database_url, site.apps):
            assert await execute(sql)

    apart(work())


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_yesterdays_branch_is_proved_and_goes_on_after_its_upgrade(engine: str, tmp_path: Path) -> None:
    with ExitStack() as stack, company([], folder=tmp_path, hq_engine=engine) as world:
        yesterday = unpack(tmp_path / "release", OLDEST_ACCEPTED)
        branch = prepare_site("SH", tmp_path / "SH", engine, True, stack, root=yesterday)
        world.join("SH", branch, stack)
        world.wait_synced()
        assert world.hq.one("SELECT COUNT(*) AS n FROM sales_order WHERE branch = 'SH'") > 0
        assert world.is_proved()

        world.line("SH").cut()
        write(branch, "UPDATE sales_order SET notes = 'by yesterday, unsent'")
        branch.stop()
        branch.root = ROOT
        branch.run("migrate")
        branch.start()
        write(branch, "UPDATE sales_order SET customer_reference = 'PO 77' WHERE number LIKE '%1'")
        world.line("SH").mend()
        world.wait_synced()
        world.wait_equal("SH")
        assert world.is_proved()
        assert world.hq.one("SELECT COUNT(*) AS n FROM sales_order WHERE customer_reference = 'PO 77'") > 0
        assert world.hq.one(HELD) == 0
        schemas = branch.rows("SELECT DISTINCT schema FROM change ORDER BY schema")
        assert len(schemas) == 2, "the log holds lines of both releases"
