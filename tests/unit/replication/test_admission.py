"""Turns at headquarters: a branch with a huge backlog delays nobody, what is too large is not read, a key that was changed is seen."""

import asyncio
import datetime
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from hq.app import SYNC, SyncEndpoint
from hq.figures import rollup
from hq.replication.admission import PER_NODE, WORKING, Admission
from hq.replication.desk import Here
from hq.replication.engine import applier_for
from hq.replication.feed import Feed
from hq.replication.models import BranchNode
from hq.replication.receiver import Receiver
from shared import ids
from shared.database import Database
from shared.errors import TooMany
from shared.nodes.identity import NodeKey, RequestSigner
from shared.records import COMPANY, Receipt
from shared.records.versions import SCHEMA_VERSION
from shared.replication import capture
from shared.replication.feed import FEED_PATH, FeedHead, FeedRequest
from shared.replication.feed import unpack as unpack_feed
from shared.replication.messages import (
    BATCH_PATH,
    EPOCH_PATH,
    HELLO_PATH,
    MAX_BODY_BYTES,
    CursorReply,
    EpochBegin,
    Hello,
)
from tests.support.wire import Branch

QUIET, BACKLOG, EAGER_LINES, LISTENING = 20, 60, 4, 5
DAY = datetime.date(2026, 1, 2)


async def test_a_flood_of_requests_is_at_most_its_few_places_ahead_of_a_quiet_node() -> None:
    admission, served = Admission(working=1), []

    async def ask(node: str) -> None:
        async with admission.turn(node, 100):
            served.append(node)
            await asyncio.sleep(0)

    async def flood() -> None:
        for _ in range(BACKLOG):
            with suppress(TooMany):
                await ask("flood")
            await asyncio.sleep(0)

    lines = [asyncio.create_task(flood()) for _ in range(EAGER_LINES)]
    await asyncio.sleep(0)
    await asyncio.gather(*(ask(f"quiet {number}") for number in range(QUIET)))
    last = max(at for at, node in enumerate(served) if node != "flood")
    assert served[: last + 1].count("flood") <= 2 * PER_NODE
    await asyncio.gather(*lines)
    assert (admission.working, admission.working_bytes, admission.waiting) == (0, 0, 0)


async def test_what_is_worked_on_is_bounded_in_bytes_and_who_goes_away_gives_the_turn_on() -> None:
    admission, gate = Admission(), asyncio.Event()

    async def ask(node: str) -> None:
        async with admission.turn(node, MAX_BODY_BYTES):
            await gate.wait()

    tasks = [asyncio.create_task(ask(f"node {number}")) for number in range(3)]
    await asyncio.sleep(0)
    assert (admission.working, admission.waiting) == (1, 2)
    tasks[1].cancel()
    tasks[0].cancel()
    await asyncio.gather(*tasks[:2], return_exceptions=True)
    assert (admission.working, admission.waiting) == (1, 0)
    gate.set()
    await tasks[2]


async def test_a_full_queue_sends_away() -> None:
    admission, gate = Admission(working=1, waiting=1), asyncio.Event()

    async def ask(node: str) -> None:
        async with admission.turn(node, 1):
            await gate.wait()

    tasks = [asyncio.create_task(ask(node)) for node in ("works", "waits")]
    await asyncio.sleep(0)
    with pytest.raises(TooMany):
        await ask("comes third")
    gate.set()
    await asyncio.gather(*tasks)


@dataclass
class Node:
    """An enrolled node with a log in memory and a connection of its own."""

    branch: Branch
    signer: RequestSigner
    http: httpx.AsyncClient

    @classmethod
    async def enrolled(cls, code: str, url: str) -> "Node":
        key = NodeKey.generate()
        await BranchNode.create(branch=code, public_key=key.public_text)
        return cls(
            Branch(code), RequestSigner(key, code, "1790000000000-00000001"), httpx.AsyncClient(base_url=url)
        )

    def write(self, count: int = 1) -> bytes:
        """A batch with so many new receipts."""
        for _ in range(count):
            self.branch.write(
                Receipt(branch=self.branch.code, number="R", customer_id=ids.new_id(), happened_on=DAY, currency="CNY", amount_minor=1, base_minor=1)
            )  # fmt: skip
        return self.branch.batch()

    async def send(self, body: bytes, path: str = BATCH_PATH) -> httpx.Response:
        return await self.http.post(path, content=body, headers=self.signer.headers("POST", path, body))

    async def listen(self, *, head: FeedHead | None = None, seconds: float = 0.0) -> FeedHead:
        """The head of the answer to a question for what lies behind `head`."""
        asked = FeedRequest(self.branch.code, wait_seconds=seconds)
        if head is not None:
            asked = FeedRequest(self.branch.code, head.epoch, head.last, head.chain, seconds)
        answer = await self.send(msgspec.json.encode(asked), FEED_PATH)
        assert answer.status_code == 200, answer.text
        return unpack_feed(answer.content)[0]


@dataclass
class Site:
    """Headquarters' receiving end on a real socket; `applied` are the codes in the order in which they were committed."""

    url: str
    receiver: Receiver = field(init=False)
    feed: Feed = field(default_factory=Feed)
    applied: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, code: str) -> None:
        self.applied.append(code)
        self.began.set()

    async def node(self, code: str) -> Node:
        self.nodes.append(await Node.enrolled(code, self.url))
        return self.nodes[-1]


@asynccontextmanager
async def receiving(database: Database) -> AsyncIterator[Site]:
    await rollup.install()
    applier = applier_for(database)
    await applier.start()
    listening = socket.create_server(("127.0.0.1", 0))
    site = Site(f"http://127.0.0.1:{listening.getsockname()[1]}")
    app = Starlette(routes=[Route(path, SyncEndpoint(take), methods=["POST"]) for path, take in SYNC.items()])
    app.state.receiver = site.receiver = Receiver(Here(applier), site.note)
    app.state.use_database, app.state.feed = database.use, site.feed
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    running = asyncio.create_task(server.serve([listening]))
    try:
        yield site
    finally:
        for node in site.nodes:
            await node.http.aclose()
        server.should_exit = True
        await running
        await applier.stop()


async def test_who_waits_for_news_of_headquarters_keeps_nobody_from_a_turn(hq_database: Database) -> None:
    await capture.install(COMPANY)
    async with receiving(hq_database) as site:
        nodes = [await site.node(f"L{number}") for number in range(LISTENING)]
        heads = [await node.listen() for node in nodes]
        site.receiver.turns, site.receiver.places = Admission(working=1), Admission(working=1)
        waiting = [
            asyncio.create_task(node.listen(head=head, seconds=20))
            for node, head in zip(nodes, heads, strict=True)
        ]
        async with asyncio.timeout(15):
            assert (await nodes[0].send(nodes[0].write())).status_code == 200
            assert (await nodes[1].send(nodes[1].write())).status_code == 200
        assert not any(task.done() for task in waiting)
        assert (site.receiver.turns.working, site.receiver.places.working) == (0, 0)
        site.feed.close()
        assert [head.rows for head in await asyncio.gather(*waiting)] == [0] * LISTENING


async def test_how_often_a_branch_speaks_is_told_with_every_answer(hq_database: Database) -> None:
    async with receiving(hq_database) as site:
        site.receiver.heartbeat_seconds = 1.5
        node = await site.node("SH")
        branch = node.branch
        greeting = msgspec.json.encode(Hello("SH", branch.epoch, 0, SCHEMA_VERSION))
        answers = [await node.send(greeting, HELLO_PATH), await node.send(node.write())]
        told = [msgspec.json.decode(answer.content, type=CursorReply) for answer in answers]
        assert [one.heartbeat_seconds for one in told] == [1.5, 1.5]
        begins = EpochBegin("SH", "next", 1, told[1].epoch, told[1].seq, told[1].chain, "restored")
        answer = await node.send(msgspec.json.encode(begins), EPOCH_PATH)
        assert answer.status_code == 200, answer.text
        assert msgspec.json.decode(answer.content, type=CursorReply).heartbeat_seconds == 1.5


async def test_each_quiet_branch_is_applied_within_a_few_batches_of_a_flooding_one(
    hq_database: Database,
) -> None:
    async with receiving(hq_database) as site:
        flooder = await site.node("FLOOD")
        quiet = [await site.node(f"Q{number}") for number in range(QUIET)]
        backlog = [flooder.write(20) for _ in range(BACKLOG)]
        meanwhile: dict[str, int] = {}

        async def drain() -> None:
            for body in backlog:
                await flooder.send(body)

        async def send_once(node: Node) -> None:
            before = site.applied.count("FLOOD")
            assert (await node.send(node.write())).status_code == 200
            meanwhile[node.branch.code] = site.applied.count("FLOOD") - before

        flood = asyncio.create_task(drain())
        await site.began.wait()
        await asyncio.gather(*(send_once(node) for node in quiet))
        assert max(meanwhile.values()) < BACKLOG // 4, "bounded by turns, not by the backlog"
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)


async def announce(url: str, size: int, node: str = "SH") -> bytes:
    """The first line of the answer to a batch of which only the head is sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    head = f"POST {BATCH_PATH} HTTP/1.1\r\nHost: hq\r\nX-Trunkline-Node: {node}\r\nContent-Length: {size}\r\n\r\n"
    writer.write(head.encode())
    try:
        return await asyncio.wait_for(reader.readline(), 10)
    finally:
        writer.close()


async def test_what_is_too_large_is_refused_before_it_is_read(hq_database: Database) -> None:
    async with receiving(hq_database) as site:
        assert b" 413 " in await announce(site.url, MAX_BODY_BYTES + 1)


async def test_bodies_that_drip_in_keep_nobody_from_a_turn(hq_database: Database) -> None:
    async with receiving(hq_database) as site:
        node = await site.node("SH")
        dripping = [
            asyncio.create_task(announce(site.url, 1_000, f"slow-{number}")) for number in range(WORKING + 10)
        ]
        while site.receiver.places.working < len(dripping):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert (await node.send(node.write())).status_code == 200
        assert not any(task.done() for task in dripping)
        for task in dripping:
            task.cancel()
        await asyncio.gather(*dripping, return_exceptions=True)


async def test_a_remembered_key_opens_nothing_after_it_was_revoked_or_changed(hq_database: Database) -> None:
    async with receiving(hq_database) as site:
        node = await site.node("SH")
        assert (await node.send(node.write())).status_code == 200
        await BranchNode.filter(branch="SH").update(status="revoked")
        assert (await node.send(body := node.write())).status_code == 401
        renewed: Any = NodeKey.generate()
        await BranchNode.filter(branch="SH").update(status="active", public_key=renewed.public_text)
        assert (await node.send(body)).status_code == 401
        node.signer = RequestSigner(renewed, "SH", "1790000000001-00000001")
        assert (await node.send(body)).status_code == 200
