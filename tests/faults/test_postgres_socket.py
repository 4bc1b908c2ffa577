"""Headquarters and a branch whose PostgreSQL is asked through its socket, as real processes: what was written arrives once, also after
kill -9 of the branch, and a backup is made and proved."""

import datetime
import json
from pathlib import Path
from urllib.parse import urlencode, urlsplit, urlunsplit

import asyncpg
import pytest

from shared.database import open_database
from shared.ids import new_id
from shared.records import Receipt
from tests.support.databases import POSTGRES_URL, apart
from tests.support.processes import SiteProcess, wait_until
from tests.support.services import missing
from tests.support.world import company, database_name

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
WHO_IS_CONNECTED = (
    "SELECT count(client_addr) AS over_tcp, count(*) AS all FROM pg_stat_activity WHERE datname = $1"
)


async def asked(sql: str, *values: object) -> asyncpg.Record:
    link = await asyncpg.connect(POSTGRES_URL)
    try:
        return await link.fetchrow(sql, *values)
    finally:
        await link.close()


def socket_folder() -> str:
    """Where the server has its socket on this machine."""
    folders = apart(asked("SHOW unix_socket_directories"))[0]
    port = urlsplit(POSTGRES_URL).port or 5432
    sockets = [Path(one.strip()) / f".s.PGSQL.{port}" for one in folders.split(",")]
    found = next((one for one in sockets if one.exists()), None)
    return str(found.parent) if found else missing("PostgreSQL has no socket on this machine")


def through_socket(url: str, folder: str) -> str:
    """The same database by the server's socket."""
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, urlencode({"host": folder}, safe="/")]))
    return urlunsplit(parts._replace(netloc=f"{parts.username}@:{parts.port or 5432}", query=query))


def write(site: SiteProcess, numbers: set[str]) -> None:
    """A receipt beside the site, whose triggers write the log."""
    number = f"R-{new_id()}"[:32]

    async def work() -> None:
        async with open_database(site.database_url, site.apps):
            await Receipt.create(
                branch="SH", number=number, customer_id=new_id(), happened_on=datetime.date(2026, 3, 31),
                currency="CNY", amount_minor=100, base_minor=100,
            )  # fmt: skip

    apart(work())
    numbers.add(number)


def test_a_branch_and_headquarters_that_ask_postgres_through_its_socket(tmp_path: Path) -> None:
    folder, numbers = socket_folder(), set[str]()
    with company(
        ["SH"], folder=tmp_path, hq_engine="postgres", branch_engine="postgres", seeded=False, started=False
    ) as world:
        branch = world.branch("SH")
        world.hq.stop()
        for site in (world.hq, branch):
            site.settings["TRUNKLINE_DATABASE_URL"] = through_socket(site.database_url, folder)
            site.start()
        write(branch, numbers)
        world.wait_synced()
        for site in (world.hq, branch):
            found = apart(asked(WHO_IS_CONNECTED, database_name(site.database_url)))
            assert found["over_tcp"] == 0, site.name
            assert found["all"] > 0, site.name

        branch.kill()
        write(branch, numbers)
        branch.start()
        world.wait_synced()
        wait_until(world.is_proved, 30, "headquarters is proved equal", pause=0.5)
        told = world.hq.rows("SELECT number FROM receipt WHERE branch = 'SH'")
        assert sorted(row["number"] for row in told) == sorted(numbers)

        made = json.loads(world.hq.run("backup", "--json").stdout)
        assert Path(made["path"]).stat().st_size > 0
        safe = world.hq.one("SELECT safe_seq FROM branch_cursor WHERE branch = 'SH'")
        assert safe == world.position("SH")[1]
