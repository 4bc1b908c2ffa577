"""What headquarters sends down: in order, only to whom it is for, and from where the branch really stands."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from hq.replication import feed as feed_room
from hq.replication.feed import Feed
from shared import clock
from shared.database import Database, execute, transaction
from shared.ids import new_id
from shared.records import COMPANY, Directive, DirectiveRecipient, NewsItem, Target, TargetLine
from shared.replication.change import Change, decode_line
from shared.replication.feed import FeedHead, FeedRequest, pack, unpack
from tests.support.hq_world import NOON, TODAY, rate


class Reader:
    """A branch that asks and remembers only what it was told."""

    def __init__(self, feed: Feed, code: str = "SH") -> None:
        self.feed = feed
        self.position = FeedRequest(code)

    async def ask(self, wait_seconds: float = 0.0) -> tuple[FeedHead, list[Change]]:
        head, lines = await self.feed.answer(replace_wait(self.position, wait_seconds))
        self.position = FeedRequest(self.position.branch, head.epoch, head.last, head.chain)
        return head, [decode_line(line) for line in lines]

    async def tables(self) -> list[str]:
        return [change.table for change in (await self.ask())[1]]


def replace_wait(asked: FeedRequest, wait_seconds: float) -> FeedRequest:
    return FeedRequest(asked.branch, asked.epoch, asked.seq, asked.chain, wait_seconds)


def news(title: str = "Motors", **more: Any) -> NewsItem:
    return NewsItem(branch=COMPANY, title=title, published_at=NOON, happened_on=TODAY, **more)


async def directive(*codes: str, employee: UUID | None = None, **more: Any) -> Directive:
    """An issued directive with one recipient per branch, as headquarters writes it."""
    async with transaction():
        made = await Directive.create(
            branch=COMPANY, number="D-1", title="Prices", status="issued", issued_at=clock.now(), audience=list(codes),
            **more,
        )  # fmt: skip
        for code in codes:
            await DirectiveRecipient.create(
                branch=COMPANY, directive_id=made.id, unit_branch=code, employee_id=employee or new_id()
            )
    return made


async def test_the_first_answer_begins_at_nothing_and_the_next_where_it_ended(hq_database: Database) -> None:
    reader = Reader(Feed())
    await rate("USD", 7 * 10**9, TODAY).save()
    head, changes = await reader.ask()
    assert (head.is_reset, head.base, head.last, head.head) == (True, 0, 1, 1)
    assert [change.table for change in changes] == ["exchange_rate"]
    await news().save()
    head, changes = await reader.ask()
    assert (head.is_reset, head.base, head.last) == (False, 1, 2)
    assert [change.table for change in changes] == ["news_item"]
    assert (await reader.ask())[1] == []


async def test_each_branch_gets_what_is_for_it(hq_database: Database) -> None:
    shanghai, paris = Reader(Feed()), Reader(Feed(), "PAR")
    await directive("SH")
    await directive("SH", "PAR")
    for code in ("SH", "PAR"):
        target = await Target.create(
            branch=COMPANY, year=2026, measure="sales", unit_kind="branch", unit_branch=code
        )
        await TargetLine.create(branch=COMPANY, target_id=target.id, period="2026-01", amount=1)
    await news(selected=False).save()
    await Directive.create(branch=COMPANY, number="D-9", title="A draft", audience=["SH"])
    assert sorted(await shanghai.tables()) == [
        "directive", "directive", "directive_recipient", "directive_recipient", "target", "target_line",
    ]  # fmt: skip
    assert sorted(await paris.tables()) == ["directive", "directive_recipient", "target", "target_line"]


async def test_what_is_taken_back_is_told_to_whoever_had_it(hq_database: Database) -> None:
    reader = Reader(Feed())
    item = news()
    await item.save()
    await reader.ask()
    item.selected = False
    await item.save()
    _, (change,) = await reader.ask()
    assert (change.table, change.op, change.pk, change.row) == ("news_item", "d", str(item.id), b"")
    await item.delete()
    assert (await reader.ask())[1] == [], "it had been told already"
    item = news()
    await item.save()
    await reader.ask()
    await item.delete()
    assert [change.op for change in (await reader.ask())[1]] == ["d"]


@pytest.mark.parametrize("wrong", ["epoch", "chain", "ahead"])
async def test_a_position_of_another_history_is_answered_from_the_beginning(
    hq_database: Database, wrong: str
) -> None:
    reader = Reader(Feed())
    await news().save()
    await news().save()
    head, _ = await reader.ask()
    changed: dict[str, Any] = {
        "epoch": {"epoch": "f" * 32},
        "chain": {"chain": "0" * 32},
        "ahead": {"seq": 7},
    }[wrong]
    held = {"branch": "SH", "epoch": head.epoch, "seq": head.last, "chain": head.chain, **changed}
    reader.position = FeedRequest(**held)
    head, changes = await reader.ask()
    assert (head.is_reset, head.base, len(changes)) == (True, 0, 2)


async def test_a_headquarters_put_back_and_written_on_is_recognised(hq_database: Database) -> None:
    reader = Reader(Feed())
    for number in range(5):
        await news(f"before {number}").save()
    await reader.ask()
    await execute("DELETE FROM change WHERE seq > 3")
    sql = {
        "sqlite": "UPDATE sqlite_sequence SET seq = 3 WHERE name = 'change'",
        "postgres": "UPDATE change_head SET seq = 3",
    }
    await execute(sql[hq_database.client.capabilities.dialect])
    for number in range(5):
        await news(f"after {number}").save()
    reader.feed = Feed()
    head, changes = await reader.ask()
    assert (head.is_reset, head.base, head.last, len(changes)) == (True, 0, 8, 8)


async def test_a_large_transaction_comes_in_parts_that_say_so(
    hq_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_room, "PAGE_BYTES", 2_000)
    reader = Reader(Feed())
    await reader.ask()
    async with transaction():
        await NewsItem.bulk_create([news(f"item {number}") for number in range(20)])
    parts = []
    while not parts or parts[-1][0].last < parts[-1][0].head:
        parts.append(await reader.ask())
    assert len(parts) > 2
    assert [head.is_partial for head, _ in parts] == [True] * (len(parts) - 1) + [False]
    assert [change.seq for _, changes in parts for change in changes] == list(range(1, 21))


async def test_a_waiting_answer_comes_with_the_commit(hq_database: Database) -> None:
    feed = Feed()
    reader = Reader(feed)
    await reader.ask()
    watching = asyncio.create_task(feed.watch())
    asked = asyncio.create_task(reader.ask(20.0))
    try:
        await asyncio.sleep(0.05)
        assert not asked.done()
        await directive("PAR")
        await news("for everybody").save()
        head, changes = await asyncio.wait_for(asked, 10)
        assert [change.table for change in changes] == ["news_item"], "what is for Paris did not end the wait"
        assert head.last == head.head == 3
        feed.close()
        assert (await asyncio.wait_for(reader.ask(20.0), 10))[1] == [], "a site that stops answers at once"
    finally:
        watching.cancel()


def test_an_answer_survives_the_way_and_a_torn_one_is_noticed() -> None:
    head = FeedHead("e" * 32, 3, 5, "0" * 32, 2, 9, 1, is_partial=True)
    body = pack(head, [b"a", b"b"])
    assert unpack(body) == (head, [b"a", b"b"])
    for broken in (b"", body[:-3], b"x" + body, pack(head, [b"a"])):
        with pytest.raises(ValueError):
            unpack(broken)
