"""A branch keeps what headquarters owns: once, in order, whole, and only that; on both engines."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from branch_node.directives.actions import take_step
from branch_node.home import Home
from branch_node.replication.inbox import Inbox, NotNow, inbox_state, keep, question_of
from branch_node.replication.sender import Identity
from shared import clock
from shared.database import Database, fetch_all, fetch_value, transaction
from shared.errors import Conflict
from shared.ids import new_id
from shared.permissions import Person
from shared.records import (
    COMPANY,
    SCHEMA_VERSION,
    Directive,
    DirectiveReceipt,
    DirectiveRecipient,
    NewsItem,
    Product,
)
from shared.replication.feed import FeedHead
from shared.replication.handover import FENCED
from shared.replication.messages import Refusal
from tests.support.downward import HqLog, news
from tests.support.wire import canonical


async def take(answer: tuple[FeedHead, list[bytes]]) -> None:
    async with transaction():
        await keep(*answer)


async def titles() -> list[str]:
    rows = await fetch_all("SELECT title FROM news_item WHERE branch = :owner ORDER BY title", owner=COMPANY)
    return [row["title"] for row in rows]


def directive(**more: Any) -> Directive:
    return Directive(
        branch=COMPANY, number="D-1", title="Prices", status="issued", issued_at=clock.now(), audience=["SH"], **more
    )  # fmt: skip


def recipient(of: Directive, branch: str = "SH") -> DirectiveRecipient:
    return DirectiveRecipient(branch=COMPANY, directive_id=of.id, unit_branch=branch, employee_id=new_id())


async def test_rows_come_with_the_position_and_are_not_echoed(database: Database) -> None:
    log = HqLog().write(news("a"), news("b"))
    await take(log.answer())
    log.write(news("c"))
    await take(log.answer(2))
    state = await inbox_state()
    assert await titles() == ["a", "b", "c"]
    assert (state.epoch, state.seq, state.chain) == (log.epoch, 3, log.chain(3))
    assert await fetch_value("SELECT MAX(ver) FROM news_item") == 3
    assert await fetch_value("SELECT count(*) FROM change") == 0


async def test_twice_overtaken_or_with_a_hole_changes_nothing(database: Database) -> None:
    item = news("first")
    log = HqLog().write(item)
    await take(log.answer())
    item.title = "second"
    log.write(item)
    older = log.answer(1)
    item.title = "third"
    log.write(item)
    await take(older)
    await take(log.answer(2))
    for late in (older, log.answer(1, 3), log.answer(2, 3)):
        await take(late)
    assert await titles() == ["third"]
    log.write(item)
    log.write(item)
    await take(log.answer(4))
    assert (await inbox_state()).seq == 3, "a hole is asked for again"


async def test_any_cutting_of_a_random_history_gives_the_same(database: Database) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    pick = random.Random(seed)
    log, live = HqLog(), {}
    for number in range(60):
        item = pick.choice([*live.values(), news("")])
        item.title = f"{number:02}"
        if item.id in live and pick.random() < 0.3:
            log.write(item, op="d")
            del live[item.id]
        else:
            log.write(item)
            live[item.id] = item
    while (state := await inbox_state()).seq < 60:
        place = state.staged_seq if state.staged_epoch else state.seq
        last = min(place + pick.randint(1, 9), 60)
        answer = log.answer(place, last, is_partial=last < 60 and pick.random() < 0.4)
        for _ in range(pick.choice([1, 1, 2])):
            await take(answer)
    assert await titles() == sorted(item.title for item in live.values())


async def test_a_first_history_is_seen_when_it_is_whole(database: Database) -> None:
    await news("seeded before the first contact").save()
    log = HqLog().write(news("a"), news("b"), news("c"))
    await take(log.answer(0, 2))
    assert await titles() == ["seeded before the first contact"]
    asked = question_of(await inbox_state(), "SH", 9.0)
    assert (asked.epoch, asked.seq, asked.wait_seconds) == (log.epoch, 2, 0.0)
    await take(log.answer(2))
    assert await titles() == ["a", "b", "c"]
    assert await fetch_value("SELECT count(*) FROM inbox_row") == 0
    assert await fetch_value("SELECT count(*) FROM inbox_aside") == 0


async def test_a_large_transaction_is_seen_when_it_is_whole(database: Database) -> None:
    kept = news("kept")
    log = HqLog().write(kept)
    await take(log.answer())
    log.write(news("x"), news("y")).write(kept, op="d")
    await take(log.answer(1, 2, is_partial=True))
    await take(log.answer(2, 3, is_partial=True))
    assert await titles() == ["kept"]
    await take(log.answer(3, 4))
    assert await titles() == ["x", "y"]
    assert (await inbox_state()).seq == 4


async def test_a_headquarters_put_back_replaces_what_we_hold_and_nothing_is_dropped_unseen(
    database: Database,
) -> None:
    both, lost = news("both"), news("lost with the disk")
    await take(HqLog().write(both, lost).answer())
    after = HqLog().write(both, news("written since"))
    await take(after.answer())
    assert await titles() == ["both", "written since"]
    aside = await fetch_all("SELECT kind, tbl, row_id, row FROM inbox_aside")
    assert [(row["kind"], row["tbl"], row["row_id"]) for row in aside] == [
        ("lost", "news_item", str(lost.id))
    ]
    assert aside[0]["row"] == canonical(lost)
    assert (await inbox_state()).replaced_at is not None


async def test_a_stage_that_headquarters_no_longer_knows_begins_again(database: Database) -> None:
    await take(HqLog().write(news("a"), news("b"), news("c")).answer(0, 2))
    other = HqLog(epoch="c" * 32).write(news("x"), news("y"))
    await take(other.answer())
    assert await titles() == ["x", "y"]


async def test_after_an_upgrade_everything_is_read_anew(database: Database) -> None:
    log = HqLog().write(news("a"))
    log.add("rocket", "1", '{"id":"1"}')
    await take(log.answer())
    assert (await inbox_state()).seq == 2, "a table that this release does not know holds nothing up"
    state = await inbox_state()
    state.schema = SCHEMA_VERSION - 1
    await state.save()
    assert question_of(state, "SH", 9.0).epoch == ""
    await take(log.answer())
    assert await titles() == ["a"]
    assert await fetch_value("SELECT count(*) FROM inbox_aside") == 0
    assert (await inbox_state()).schema == SCHEMA_VERSION


async def test_what_cannot_be_taken_is_set_aside_and_the_rest_comes(database: Database) -> None:
    own = Product(branch="SH", code="P-1", name="Ours", currency="CNY")
    await own.save()
    stolen = Product(id=own.id, branch=COMPANY, code="P-1", name="Theirs", currency="CNY")
    foreign = NewsItem(
        branch="PAR", title="not headquarters'", published_at=clock.now(), happened_on=clock.now().date()
    )
    log = HqLog().write(news("a"))
    await take(log.answer())
    broken = news("broken")
    log.add("news_item", str(broken.id), canonical(broken).replace('"selected":true', '"selected":"maybe"'))
    log.write(foreign, stolen, news("b"))
    await take(log.answer(1))
    assert await titles() == ["a", "b"]
    assert (await Product.get(id=own.id)).name == "Ours"
    assert await fetch_value("SELECT count(*) FROM inbox_aside WHERE kind = 'refused'") == 3


async def test_a_directive_is_delivered_once_to_whom_it_names(database: Database) -> None:
    order = directive()
    lin, zhao, elsewhere = recipient(order), recipient(order), recipient(order, "PAR")
    log = HqLog().write(order, lin, zhao, elsewhere)
    await take(log.answer())
    rows = await DirectiveReceipt.all()
    assert {row.employee_id for row in rows} == {lin.employee_id, zhao.employee_id}
    assert {(row.branch, row.status) for row in rows} == {("SH", "delivered")}
    assert await fetch_value("SELECT count(*) FROM change WHERE tbl = 'directive_receipt'") == 2, "it goes up"
    await DirectiveReceipt.filter(id=rows[0].id).update(status="acknowledged")
    order.title = "Prices from Monday"
    log.write(order)
    await take(log.answer(4))
    await take(HqLog(epoch="c" * 32).write(order, lin, zhao).answer())
    assert await DirectiveReceipt.all().count() == 2
    assert (await DirectiveReceipt.get(id=rows[0].id)).status == "acknowledged"


async def test_a_directive_that_comes_too_late_can_be_read_but_not_acted_on(database: Database) -> None:
    late = directive(not_after=clock.now() - timedelta(minutes=1))
    named = recipient(late)
    await take(HqLog().write(late, named).answer())
    lin = Person(id=named.employee_id, name="Lin", branch="SH")
    assert (await take_step(lin, late, "read")).status == "read"
    with pytest.raises(Conflict):
        await take_step(lin, late, "acknowledged")


async def test_why_headquarters_refuses_is_told_in_its_words_and_not_as_json(
    database: Database, tmp_path: Path
) -> None:
    refusal = msgspec.json.encode(Refusal(FENCED, "Another node has taken this branch over.", False))
    inbox = Inbox(Identity("SH", tmp_path), "http://hq.test", database, Home("SH"))
    refusing = httpx.MockTransport(lambda _request: httpx.Response(403, content=refusal))
    inbox._http = httpx.AsyncClient(base_url="http://hq.test", transport=refusing)
    with pytest.raises(NotNow) as why:
        await inbox.fetch(0)
    assert str(why.value) == f"{FENCED}: Another node has taken this branch over."
