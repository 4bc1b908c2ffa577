"""Somebody changes headquarters' rows by SQL: the command names the rows and they are mended by the running branch."""

from pathlib import Path

import pytest

from tests.support.databases import ENGINES, apart
from tests.support.processes import SiteProcess
from tests.support.world import BESIDE_SECONDS, company


def damage(site: SiteProcess) -> None:
    """One right widened, one deleted, behind the site's back."""
    from shared.database import execute, open_database

    async def work() -> None:
        async with open_database(site.database_url, site.apps):
            ids = "SELECT id FROM role_grant WHERE branch = 'SH' ORDER BY id LIMIT 1"
            await execute(f"UPDATE role_grant SET scope = 'company' WHERE id IN ({ids})")
            await execute(f"DELETE FROM role_grant WHERE id IN ({ids} OFFSET 1)")

    apart(work())


@pytest.mark.parametrize("engine", ENGINES)
def test_damage_by_sql_is_named_and_mended_in_one_scrub(engine: str, tmp_path: Path) -> None:
    with company(
        ["SH"],
        folder=tmp_path,
        hq_engine=engine,
        branch_engine=engine,
        seeded=False,
        heartbeat_seconds=BESIDE_SECONDS,
    ) as world:
        world.wait_synced()
        damage(world.hq)
        assert world.differences("SH") != []
        said = world.hq.run("scrub", "--branch", "SH", "--wait", "60").stdout
        assert "differed and was mended" in said
        assert "role_grant" in said and "scope" in said and "missing here" in said
        world.wait_equal("SH")
        assert world.hq.run("verify", "--branch", "SH").stdout.strip().endswith("Proved.")
