"""The PostgreSQL of a branch is killed while people enter customers: who was answered finds his customer, no code is given twice,
and the change log has no gap."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from branch_node.customers.actions import add_customer
from branch_node.customers.forms import CustomerForm
from branch_node.home import Home, at_home
from branch_node.settings import BranchSettings
from branch_node.setup import APPS, prepare
from shared.database import fetch_all, fetch_value, open_database
from shared.ids import new_id
from tests.support.cast import LIN, SHANGHAI, acting, hire
from tests.support.postgres_cluster import Cluster, find_binaries, own_cluster
from tests.support.services import missing

CRASHES, CLERKS = 3, 6


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    if find_binaries() is None:
        missing("no PostgreSQL server programs on this machine")
    with own_cluster() as made:
        yield made


async def make_branch(server: Cluster, folder: Path) -> BranchSettings:
    link = await asyncpg.connect(f"{server.url}postgres")
    await link.execute("CREATE DATABASE branch")
    await link.close()
    settings = BranchSettings(data_dir=folder, branch_code="SH", database_url=f"{server.url}branch")
    await prepare(settings)
    return settings


@asynccontextmanager
async def at_work(settings: BranchSettings) -> AsyncIterator[None]:
    async with open_database(settings.url_of_database, APPS):
        with at_home(Home("SH")), acting(LIN):
            yield


async def enter_until_it_breaks(told: list[str], enough: asyncio.Event, wanted: int) -> None:
    """Customers one after the other; the code of each that was confirmed is kept in `told`, and `wanted` of them are enough."""
    try:
        while True:
            form = CustomerForm(name=f"公司{new_id()}", phone="", contact_name="陈先生")
            told.append((await add_customer(LIN.person, form)).code)
            if len(told) >= wanted:
                enough.set()
    except Exception:  # whatever a lost connection looks like
        return


async def test_after_a_crash_every_answer_holds_and_no_code_comes_twice(
    server: Cluster, tmp_path: Path
) -> None:
    settings, told, chance = await make_branch(server, tmp_path), list[str](), random.Random(11)
    async with at_work(settings):
        await hire(*SHANGHAI)
    for _ in range(CRASHES):
        enough, wanted = asyncio.Event(), len(told) + chance.randint(15, 40)
        async with at_work(settings):
            clerks = [asyncio.create_task(enter_until_it_breaks(told, enough, wanted)) for _ in range(CLERKS)]
            await enough.wait()
            server.kill()
            await asyncio.gather(*clerks)
        server.start()
        async with at_work(settings):
            stored = [row["code"] for row in await fetch_all("SELECT code FROM customer")]
            assert len(set(stored)) == len(stored)
            assert set(told) <= set(stored)
            positions = [row["seq"] for row in await fetch_all("SELECT seq FROM change ORDER BY seq")]
            assert positions == list(range(1, len(positions) + 1))
            assert await fetch_value("SELECT seq FROM change_head") == len(positions)
            told.append((await add_customer(LIN.person, CustomerForm(name=f"公司{new_id()}"))).code)
            assert told[-1] not in stored
    assert len(set(told)) == len(told)
