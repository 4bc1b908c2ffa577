"""What headquarters writes reaches the branches it is for, over real sockets, whatever the line does."""

import random
from collections.abc import Iterator
from uuid import uuid4

import pytest

from shared import clock
from shared.database import execute, open_database, transaction
from shared.ids import new_id
from shared.records import COMPANY, Directive, DirectiveRecipient, Record
from tests.support.databases import apart
from tests.support.downward import news
from tests.support.processes import SiteProcess, wait_until
from tests.support.world import World, company

pytestmark = pytest.mark.postgres
PIECES = 7


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Headquarters and Shanghai, running, without business. On PostgreSQL at both ends: the other faults are on SQLite."""
    engines = {"hq_engine": "postgres", "branch_engine": "postgres"}
    with company(["SH"], folder=tmp_path_factory.mktemp("world"), seeded=False, **engines) as opened:
        yield opened


def write_at(site: SiteProcess, *rows: Record) -> None:
    """Write rows beside the running site, in one transaction."""

    async def write() -> None:
        async with open_database(site.database_url, site.apps), transaction():
            for row in rows:
                await row.save()

    apart(write())


def directive(*codes: str) -> list[Record]:
    """A directive to two people of each branch, as headquarters' own issue writes it."""
    made = Directive(
        branch=COMPANY, number=f"D-{uuid4().hex[:6]}", title="Prices", status="issued", issued_at=clock.now(),
        audience=list(codes),
    )  # fmt: skip
    named = [
        DirectiveRecipient(branch=COMPANY, directive_id=made.id, unit_branch=code, employee_id=new_id())
        for code in codes * 2
    ]
    return [made, *named]


def titles(site: SiteProcess) -> set[str]:
    rows = site.rows("SELECT title FROM news_item WHERE branch = 'COMPANY' AND selected = :yes", yes=True)
    return {row["title"] for row in rows}


def test_a_directive_comes_back_as_receipts_of_whom_it_named(world: World) -> None:
    ours, theirs = directive("SH", "PAR"), directive("PAR")
    write_at(world.hq, *theirs, *ours)
    delivered = "SELECT count(*) AS n FROM directive_receipt WHERE status = 'delivered'"
    wait_until(lambda: world.hq.one(delivered) == 2, 30, "the receipts of Shanghai's two are at headquarters")
    assert [row["number"] for row in world.branch("SH").rows("SELECT number FROM directive")] == [
        ours[0].number
    ]  # type: ignore[attr-defined]


def test_news_arrive_once_and_in_order_over_a_line_that_misbehaves(world: World) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    pick = random.Random(seed)
    line, branch = world.line("SH"), world.branch("SH")
    line.misbehave(0.5)
    expected = titles(world.hq)
    for number in range(PIECES):
        title = f"{seed} {number}"
        write_at(world.hq, news(title))
        expected.add(title)
        if pick.random() < 0.4:
            line.drop()
        if number == 2:
            branch.kill()
        if number == 4:
            world.hq.restart()
            branch.start()
    line.mend()
    wait_until(lambda: titles(branch) == expected, 60, "every piece of news is at the branch")
    order = branch.rows("SELECT title FROM news_item WHERE title LIKE :mine ORDER BY ver", mine=f"{seed} %")
    assert [row["title"] for row in order] == [f"{seed} {number}" for number in range(PIECES)]


def test_a_headquarters_put_back_from_a_copy_is_recognised(world: World) -> None:
    branch = world.branch("SH")
    kept, lost, since = (f"{uuid4().hex[:8]} {word}" for word in ("kept", "lost", "since"))
    write_at(world.hq, news(kept))
    wait_until(lambda: kept in titles(branch), 30, "the branch has it")
    position = world.hq.one("SELECT MAX(seq) AS n FROM change")
    write_at(world.hq, news(lost))
    wait_until(lambda: lost in titles(branch), 30, "the branch has it")
    world.hq.kill()
    apart(put_back(world.hq, position, lost))
    write_at(world.hq, news(since))
    world.hq.start()
    wait_until(lambda: since in titles(branch), 60, "the branch follows the headquarters there is")
    assert kept in titles(branch)
    assert lost not in titles(branch)
    aside = branch.rows("SELECT row FROM inbox_aside WHERE kind = 'lost' AND tbl = 'news_item'")
    assert any(lost in row["row"] for row in aside), "what headquarters lost is kept aside"


async def put_back(site: SiteProcess, position: int, title: str) -> None:
    """Headquarters' own rows and log as they were at a position: what a copy of then holds."""
    async with open_database(site.database_url, site.apps) as database, transaction():
        await execute("DELETE FROM news_item WHERE title = :title", title=title)
        await execute("DELETE FROM change WHERE seq > :position", position=position)
        sql = {
            "sqlite": "UPDATE sqlite_sequence SET seq = :position WHERE name = 'change'",
            "postgres": "UPDATE change_head SET seq = :position",
        }
        await execute(sql[database.client.capabilities.dialect], position=position)
