"""A branch's rows come back whole and consistent while the branch goes on writing; on both engines."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from branch_node.replication.bootstrap import note_page
from branch_node.replication.snapshot_models import SnapshotState
from hq.figures import rollup
from hq.replication import handover, snapshot, standby
from hq.replication.batch import BadBatch, Fork
from hq.replication.feed_models import FencedNode, SnapshotRun
from hq.replication.models import BranchCursor, BranchEpoch, BranchNode
from shared import clock
from shared.database import fetch_value
from shared.errors import Refused
from shared.replication.change import Digest, decode_line
from shared.replication.handover import HandedAsked, Handover, Row
from shared.replication.messages import CursorReply, EpochBegin
from shared.replication.snapshot import SnapshotAsked, SnapshotHead, pack_page, unpack_page
from tests.support.databases import ENGINES, Templates, fresh_database
from tests.support.downward import news
from tests.support.wire import Branch, Headquarters

PAGE = 7


@pytest.fixture(params=ENGINES)
async def hq(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Headquarters]:
    monkeypatch.setattr(snapshot, "PAGE_ROWS", PAGE)
    async with fresh_database(templates, request.param, "hq", tmp_path) as database:
        await rollup.install()
        async with Headquarters(database) as opened:
            yield opened


class Copy:
    """An empty database that fetches: its rows, and how far it is."""

    def __init__(self) -> None:
        self.state = SnapshotState(role="rebuild")
        self.rows: dict[tuple[str, str], bytes] = {}

    async def page(self) -> None:
        asked = SnapshotAsked("SH", self.state.after_seq, self.state.tbl, self.state.after_id)
        head, lines = unpack_page(await snapshot.page(asked, "rebuild"))
        for change in map(decode_line, lines):
            self.rows.pop((change.table, change.pk), None)
            if change.op == "u":
                self.rows[change.table, change.pk] = change.row
        note_page(self.state, head, len(lines))

    @property
    def is_whole(self) -> bool:
        return self.state.status == "whole" and not self.state.tbl

    def digests(self) -> dict[str, str]:
        found: dict[str, Digest] = {}
        for (table, _pk), row in self.rows.items():
            found.setdefault(table, Digest()).add(row)
        return {table: digest.text() for table, digest in found.items()}


async def test_a_copy_made_while_the_branch_writes_ends_equal(hq: Headquarters) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    pick = random.Random(seed)
    branch, live = Branch(), []

    async def write(count: int) -> None:
        for _ in range(count):
            item = pick.choice([*live, None]) or news("")
            item.branch, item.title = "SH", f"{pick.random()}"
            if item in live and pick.random() < 0.3:
                branch.write(item, op="d")
                live.remove(item)
            else:
                branch.write(item)
                live.extend([] if item in live else [item])
        await hq.receive(branch)

    await write(60)
    copy = Copy()
    for _ in range(12):
        await copy.page()
        if pick.random() < 0.6:
            await write(pick.randint(1, 6))
    await copy.page()
    while not copy.is_whole:
        await copy.page()
    cursor = await BranchCursor.get(branch="SH")
    assert (copy.state.seq, copy.state.chain) == (cursor.seq, cursor.chain)
    assert copy.digests() == copy.state.digests == snapshot.present(cursor.digests)
    assert {pk for _table, pk in copy.rows} == {str(item.id) for item in live}
    assert await fetch_value("SELECT count(*) FROM snapshot_run") == 1
    assert (await SnapshotRun.all().first()).is_whole  # type: ignore[union-attr]


async def test_a_promotion_refuses_the_node_before_and_a_new_epoch_begins_where_headquarters_stands(
    hq: Headquarters,
) -> None:
    with pytest.raises(Refused):
        await standby.promote("SH")
    await BranchNode.create(branch="SH", name="Shanghai", public_key="old")
    await standby.enrol_standby("SH", "new")
    cursor = await standby.promote("SH")
    assert await standby.promote("SH") == cursor, "it may be repeated"
    node = await BranchNode.get(branch="SH")
    assert (node.public_key, node.status) == ("new", "active")
    said = EpochBegin("SH", "f" * 32, 9, cursor.epoch, cursor.seq, cursor.chain, "rebuilt")
    with pytest.raises(Fork):
        await standby.begin_epoch(EpochBegin("SH", "f" * 32, 9, "e" * 32, 3, cursor.chain, "rebuilt"))
    begun = await standby.begin_epoch(said)
    assert (begun.epoch, begun.seq, begun.chain) == ("f" * 32, 9, "0" * 32)
    assert await standby.begin_epoch(said) == begun
    with pytest.raises(BadBatch):
        await standby.begin_epoch(
            EpochBegin("SH", "a" * 32, 8, begun.epoch, begun.seq, begun.chain, "rebuilt")
        )
    assert await BranchEpoch.filter(branch="SH").count() == 1


async def test_a_standby_that_decides_alone_waits_while_headquarters_hears_the_branch(
    hq: Headquarters,
) -> None:
    await BranchNode.create(branch="SH", name="Shanghai", public_key="old")
    await standby.enrol_standby("SH", "new")
    await BranchCursor.update_or_create(
        branch="SH", defaults={"contact_at": clock.now() - timedelta(seconds=50)}
    )
    with pytest.raises(Refused) as refused:
        await standby.promote("SH", if_silent_seconds=60)
    assert refused.value.code == "standby.primary_alive"
    assert (await BranchNode.get(branch="SH")).public_key == "old"
    await standby.promote("SH", if_silent_seconds=40)
    assert (await BranchNode.get(branch="SH")).public_key == "new"


async def test_rows_of_a_fenced_node_wait_until_the_present_one_has_them(hq: Headquarters) -> None:
    fenced = await FencedNode.create(public_key="old", branch="SH")
    rows = [Row("plan_item", str(number), "", '{"text":"x"}') for number in range(3)]
    for _twice in range(2):
        await handover.keep(fenced, Handover("SH", rows, is_all=True))
    first = await handover.waiting(HandedAsked("SH"))
    assert [row.id for row in first.rows] == ["0", "1", "2"]
    assert (await handover.waiting(HandedAsked("PAR"))).rows == []
    assert (await handover.waiting(HandedAsked("SH", first.rows[-1].number))).rows == []
    await handover.keep(fenced, Handover("SH", rows))
    assert (await handover.waiting(HandedAsked("SH"))).rows == [], "what was taken stays taken"


def test_a_page_that_was_altered_is_noticed() -> None:
    head = SnapshotHead("e" * 32, 5, "0" * 32, 0, "")
    body = pack_page(head, [b"a", b"b"])
    assert unpack_page(body)[1] == [b"a", b"b"]
    for broken in (b"", body[:-2], b"x" + body):
        with pytest.raises(ValueError):
            unpack_page(broken)


async def test_a_machine_that_is_fenced_a_second_time_is_heard_out_from_where_its_log_ends_then(
    hq: Headquarters,
) -> None:
    await handover.fence("SH", "key", CursorReply("one", 5, "a" * 32))
    await handover.keep(await FencedNode.get(public_key="key"), Handover("SH", [], is_all=True))
    assert (await FencedNode.get(public_key="key")).handed_at is not None
    await handover.fence("SH", "key", CursorReply("three", 9, "b" * 32))
    again = await FencedNode.get(public_key="key")
    assert (again.epoch, again.seq, again.chain, again.handed_at) == ("three", 9, "b" * 32, None)
