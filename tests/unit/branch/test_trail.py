"""The audit trail and the news of a branch, on both engines."""

from datetime import date
from uuid import uuid4

from branch_node.customers.actions import add_customer
from branch_node.customers.forms import CustomerForm
from branch_node.home import Home, at_home
from branch_node.intelligence.actions import write_note
from branch_node.intelligence.forms import NoteForm
from branch_node.lists import paging
from branch_node.news import queries as news
from branch_node.news.forms import ListForm as NewsFilters
from branch_node.replication.models import ReplicationCheckpoint, ReplicationEpoch, ReplicationState
from branch_node.replication.pruning import PresentLog
from branch_node.replication.source import Position
from branch_node.trail import queries
from branch_node.trail.forms import ListForm
from branch_node.trail.proof import prove
from shared import clock
from shared.database import Database, as_actor, execute
from shared.permissions import Scope
from shared.records import COMPANY, NewsItem, Task
from shared.replication import capture
from tests.support.cast import LIN, MANAGER, SHANGHAI, SUN, TODAY, acting, hire


async def shanghai() -> None:
    await hire(*SHANGHAI)
    await capture.install("SH")


async def lines(person, **filters) -> list[str]:
    cut = await queries.changes_page(person, ListForm(**filters), None)
    return [f"{row.who} {row.verb} {row.kind} {row.what}" for row in cut.rows]


async def test_the_trail_tells_who_did_what_by_person_kind_and_day(database: Database) -> None:
    with at_home(Home("SH")), acting(LIN):
        await shanghai()
        east = await add_customer(LIN.person, CustomerForm(name="华东机电有限公司"))
        with as_actor(SUN.id):
            east.city = "上海"
            await east.save()
            await Task.create(branch="SH", employee_id=LIN.id, assigned_by=SUN.id, title="收款")
        ma = MANAGER.person
        assert await lines(ma, kind="customer") == [
            "孙伟 changed customer 华东机电有限公司",
            "林娜 entered customer 华东机电有限公司",
        ]
        assert await lines(ma, person_id=SUN.id) == [
            "孙伟 entered task 收款",
            "孙伟 changed customer 华东机电有限公司",
        ]
        assert await lines(ma, until_on=date(2020, 1, 1)) == []
        narrow = MANAGER.with_grants(audit__view=Scope.OWN)
        assert await lines(narrow, kind="task") == []


async def test_a_page_of_the_trail_goes_on_where_the_last_one_ended(database: Database) -> None:
    with at_home(Home("SH")), acting(LIN):
        await shanghai()
        for place in range(5):
            await Task.create(branch="SH", employee_id=LIN.id, assigned_by=SUN.id, title=f"t{place}")
        seen, before = [], None
        while True:
            cut = await queries.changes_page(MANAGER.person, ListForm(kind="task"), before, 2)
            seen += [row.what for row in cut.rows]
            if not cut.next:
                break
            before = int(cut.next)
        assert seen == ["t4", "t3", "t2", "t1", "t0"]


async def test_the_chain_is_verified_up_to_what_was_confirmed_and_a_forged_change_is_found(
    database: Database,
) -> None:
    with at_home(Home("SH")), acting(LIN):
        await shanghai()
        await add_customer(LIN.person, CustomerForm(name="华东机电有限公司"))
        await ReplicationEpoch.create(epoch="e1")
        await ReplicationState.create(id=1, epoch="e1", acked_at=clock.now())
        assert (await prove()).is_whole is None
        log = PresentLog()
        head = await log.head()
        position = Position.from_parts(0, "0" * 32, "{}")
        position.advance(await log.rows(0, head))
        await ReplicationCheckpoint.create(
            epoch="e1", seq=head, chain=position.chain.hex(), digests=position.to_json()
        )
        whole = await prove()
        assert (whole.is_whole, whole.last) == (True, head)
        await execute(
            "UPDATE change SET row_after = replace(row_after, '华东', '华西') WHERE tbl = 'customer'"
        )
        broken = await prove()
        assert (broken.is_whole, broken.broken_at) == (False, head)


async def test_news_of_headquarters_and_notes_of_the_branch_stand_in_one_order(database: Database) -> None:
    with at_home(Home("SH")), acting(LIN):
        await hire(*SHANGHAI)
        for title, selected in (("钢价上涨", True), ("已撤下", False)):
            await NewsItem.create(
                id=uuid4(), branch=COMPANY, title=title, link="javascript:alert(1)", happened_on=date(2026, 11, 19),
                published_at=clock.now(), selected=selected,
            )  # fmt: skip
        await write_note(
            LIN.person, NoteForm(title="同行降价", happened_on=TODAY, source="https://trade.example/1")
        )
        order = paging({}, news.SORTS, "-day")
        found = (await news.news_page(LIN.person, NewsFilters(), order)).rows
        assert [(row.kind, row.title, row.link) for row in found] == [
            ("industry", "同行降价", "https://trade.example/1"), ("hq", "钢价上涨", ""),
        ]  # fmt: skip
        reader = LIN.with_grants(news__view=Scope.BRANCH)
        assert [row.kind for row in (await news.news_page(reader, NewsFilters(), order)).rows] == ["hq"]
        assert (await news.news_page(LIN.person, NewsFilters(q="钢价", origin="own"), order)).rows == []
