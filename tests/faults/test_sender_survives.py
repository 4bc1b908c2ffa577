"""The sender outlives whatever the line does to it: it pauses and asks again."""

import asyncio
import datetime
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec

from branch_node.replication.sender import Identity, Sender
from hq.replication.batch import unpack
from shared.database import Database, execute, transaction
from shared.records import Customer
from shared.replication import capture
from shared.replication.messages import BATCH_PATH, HELLO_PATH, CursorReply, Refusal
from tests.support.processes import wait_until

TRIES = 3
DAY = datetime.date(2026, 3, 31)


def reply(cursor: CursorReply) -> httpx.Response:
    return httpx.Response(200, content=msgspec.json.encode(cursor))


async def sender_to(
    headquarters: Callable[[httpx.Request], httpx.Response], database: Database, folder: Path
) -> Sender:
    """A sender whose requests `headquarters` answers."""
    sender = Sender(Identity("SH", folder), "http://hq", database)
    await sender._http.aclose()
    sender._http = httpx.AsyncClient(base_url="http://hq", transport=httpx.MockTransport(headquarters))
    return sender


async def test_an_error_nobody_thought_of_does_not_end_the_pushing(
    sqlite_database: Database, tmp_path: Path
) -> None:
    asked: list[str] = []

    def reset_at_the_wrong_moment(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if len(asked) == TRIES:
            sender.stop()
        raise AttributeError("'NoneType' object has no attribute 'getpeername'")

    sender = await sender_to(reset_at_the_wrong_moment, sqlite_database, tmp_path)
    await asyncio.wait_for(sender.run(), 30)
    assert len(asked) == TRIES


async def test_after_a_cut_in_the_middle_the_waiting_changes_go_first_and_a_gap_is_asked_about(
    sqlite_database: Database, tmp_path: Path
) -> None:
    asked: list[str] = []

    def headquarters(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path == HELLO_PATH:
            return reply(CursorReply("", 0, "0" * 32))
        number = asked.count(BATCH_PATH)
        if number == 2:
            raise httpx.ConnectError("the line is cut")
        if number == 4:
            refusal = Refusal("gap", "", True, CursorReply("", 0, "0" * 32))
            return httpx.Response(409, content=msgspec.json.encode(refusal))
        if number == 5:
            sender.stop()
        head = unpack(request.content).head
        return reply(CursorReply(head.epoch, head.last, head.chain))

    async def write(number: int) -> None:
        with sqlite_database.use():
            await Customer.create(branch="SH", code=f"C-{number}", name="Hengda", currency="CNY", acquired_on=DAY)  # fmt: skip

    with sqlite_database.use():
        await capture.install("SH")
    sender = await sender_to(headquarters, sqlite_database, tmp_path)
    running = asyncio.create_task(sender.run())
    async with asyncio.timeout(30):
        for number, batches in ((1, 1), (2, 3), (3, 5)):
            await write(number)
            await asyncio.to_thread(
                wait_until, lambda due=batches: asked.count(BATCH_PATH) >= due, 30, "the batch is sent"
            )
        await running
    said = {HELLO_PATH: "hello", BATCH_PATH: "batch"}
    assert [said[path] for path in asked] == ["hello", "batch", "batch", "batch", "batch", "hello", "batch"]


async def test_commits_that_change_no_replicated_row_do_not_keep_headquarters_from_hearing_of_the_branch(
    sqlite_database: Database, tmp_path: Path
) -> None:
    heard: list[int] = []

    def headquarters(request: httpx.Request) -> httpx.Response:
        if request.url.path == HELLO_PATH:
            return reply(CursorReply("", 0, "0" * 32, heartbeat_seconds=0.2))
        head = unpack(request.content).head
        heard.append(head.rows)
        if len(heard) == TRIES:
            sender.stop()
        return reply(CursorReply(head.epoch, head.last, head.chain, heartbeat_seconds=0.2))

    with sqlite_database.use():
        await capture.install("SH")
    sender = await sender_to(headquarters, sqlite_database, tmp_path)
    running = asyncio.create_task(sender.run())
    async with asyncio.timeout(30):
        while not running.done():  # far more often than a heartbeat is due
            with sqlite_database.use():
                async with transaction():
                    await execute("UPDATE replication_state SET pruned_seq = pruned_seq")
            await asyncio.sleep(0.02)
        await running
    assert heard == [0] * TRIES
