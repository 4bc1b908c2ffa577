"""The audit trail and the news of a branch, on both engines."""

import json
from collections.abc import AsyncIterator
from datetime import date
from typing import Any, Literal, NamedTuple
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tortoise.expressions import F

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
from branch_node.trail.rules import KINDS, name_of
from shared import clock
from shared.database import Database, actor, as_actor, execute, fetch_all
from shared.i18n import use_locale
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
        await confirmed(log)
        whole = await prove()
        assert (whole.is_whole, whole.last) == (True, head)
        await execute(
            "UPDATE change SET row_after = replace(row_after, '华东', '华西') WHERE tbl = 'customer'"
        )
        broken = await prove()
        assert (broken.is_whole, broken.broken_at) == (False, head)


class Write(NamedTuple):
    """A write: which of three tasks, by which of two people, how; the words are the new title."""

    row: int
    by: int
    how: Literal["save", "delete", "sql", "bulk"]
    title: str


TITLES = st.text("电机abc 't", min_size=1, max_size=6)
WRITES = st.lists(
    st.builds(
        Write,
        st.integers(0, 2),
        st.integers(0, 1),
        st.sampled_from(("save", "delete", "sql", "bulk")),
        TITLES,
    ),
    min_size=1,
    max_size=8,
)


async def state_of(ids: list[UUID]) -> dict[str, dict[str, Any]]:
    rows = await fetch_all(
        "SELECT id, title, deleted_at, revision, changed_by FROM task WHERE id IN :ids", ids=ids
    )
    return {
        str(row["id"]): {
            name: str(value) if isinstance(value, UUID) else value for name, value in row.items()
        }
        for row in rows
    }


async def written(one: Write, task: Task) -> None:
    """Through the ORM, past it, and for many rows at once: each way people and programs write."""
    if one.how == "save":
        row = await Task.get(id=task.id)
        row.title = one.title
        await row.save()
    elif one.how == "delete":
        row = await Task.get(id=task.id)
        row.deleted_at = clock.now()
        await row.save()
    elif one.how == "sql":
        await execute(
            "UPDATE task SET title = :title, revision = revision + 1, changed_by = :by WHERE id = :id",
            title=one.title, by=actor(), id=task.id,
        )  # fmt: skip
    else:
        await Task.filter(id=task.id).update(title=one.title, revision=F("revision") + 1, changed_by=actor())


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WRITES, st.data())
async def test_every_write_has_one_entry_with_who_before_and_after_and_no_entry_can_be_altered(
    shanghai_log: None, writes: list[Write], data: st.DataObject
) -> None:
    people = (LIN, SUN)
    tasks = [await Task.create(branch="SH", employee_id=LIN.id, title=f"t{place}") for place in range(3)]
    ids = [task.id for task in tasks]
    log, began = PresentLog(), await PresentLog().head()
    told: list[tuple[dict[str, Any], dict[str, Any], str]] = []
    for one in writes:
        task, before = tasks[one.row], await state_of(ids)
        with as_actor(people[one.by].id):
            await written(one, task)
        after = await state_of(ids)
        told.append((before[str(task.id)], after[str(task.id)], str(people[one.by].id)))
    entries = await fetch_all(
        "SELECT seq, pk, at, row_before, row_after FROM change WHERE seq > :began ORDER BY seq", began=began
    )
    assert len(entries) == len(told)
    for entry, (before, after, who) in zip(entries, told, strict=True):
        images = json.loads(entry["row_before"]), json.loads(entry["row_after"])
        for image, state in zip(images, (before, after), strict=True):
            assert {name: image[name] for name in state} == state
        assert (str(entry["pk"]), images[1]["changed_by"]) == (after["id"], who)
        assert entry["at"] > 0
    await confirmed(log)
    assert (await prove()).is_whole is True
    forged = data.draw(st.sampled_from(entries))
    spoilt = json.dumps({**json.loads(forged["row_after"]), "title": "forged"}, ensure_ascii=False)
    for name, value in (("row_after", spoilt), ("at", int(forged["at"]) + 1), ("pk", str(uuid4()))):
        old = (await fetch_all(f"SELECT {name} FROM change WHERE seq = :seq", seq=forged["seq"]))[0][name]
        await execute(f"UPDATE change SET {name} = :value WHERE seq = :seq", value=value, seq=forged["seq"])
        assert (await prove()).is_whole is False
        await execute(f"UPDATE change SET {name} = :value WHERE seq = :seq", value=old, seq=forged["seq"])
    assert (await prove()).is_whole is True


@pytest.fixture
async def shanghai_log(database: Database) -> AsyncIterator[None]:
    with at_home(Home("SH")), acting(LIN, at=clock.now()):
        await shanghai()
        await ReplicationEpoch.create(epoch="e1")
        await ReplicationState.create(id=1, epoch="e1", acked_at=clock.now())
        yield


async def confirmed(log: PresentLog) -> None:
    """Headquarters has confirmed the log as it is."""
    head = await log.head()
    position = Position.from_parts(0, "0" * 32, "{}")
    position.advance(await log.rows(0, head))
    await ReplicationCheckpoint.create(
        epoch="e1", seq=head, chain=position.chain.hex(), digests=position.to_json()
    )


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


def test_codes_of_rights_and_of_kinds_of_records_are_told_in_words() -> None:
    with use_locale("en"):
        assert name_of(KINDS["role_grant"], {"action": "order.edit"}) == "Enter and change orders"
        assert name_of(KINDS["approval_request"], {"entity": "sales_order"}) == "Order"
        assert name_of(KINDS["customer"], {"name": "order.edit co"}) == "order.edit co"
        assert name_of(KINDS["directive_receipt"], {"status": "read"}) == ""
