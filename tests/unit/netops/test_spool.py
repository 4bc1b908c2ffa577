"""What waits for the center is bounded, in order, and forgotten only when told."""

from datetime import UTC, datetime, timedelta

import pytest

from netops.agent.settings import Spool as Bounds
from netops.agent.spool import Spool, TailPosition, keys_of
from shared import clock
from shared.clock import FixedClock
from shared.nodes.report import Incident, SampleBatch, SampleRow

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture
def at():
    with clock.use(FixedClock(NOON)) as fixed:
        yield fixed


def sample(number: int, names=("cpu", "load")) -> SampleBatch:
    return SampleBatch(key=0, names=list(names), rows=[SampleRow(number, [float(number), None])])


def incident(name: str, text: str = "") -> Incident:
    return Incident(id=name, service="web", kind="crash_loop", opened_at=NOON, detail=text)


def everything(spool, items=1000, size=10**9):
    return spool.waiting(live_from=clock.now() - timedelta(seconds=60), credit_items=items, credit_bytes=size)


def test_neighbouring_samples_leave_as_one_batch(tmp_path, at):
    spool = Spool(tmp_path / "spool.db", Bounds())
    spool.put([sample(1), sample(2), incident("i"), sample(3, ("cpu", "other"))])
    found = everything(spool)
    assert [len(one.item.rows) if isinstance(one.item, SampleBatch) else one.item.id for one in found] == [
        2,
        "i",
        1,
    ]
    assert found[0].item.rows == [SampleRow(1, [1.0, None]), SampleRow(2, [2.0, None])]
    assert keys_of(found, [found[0].item.key]) == [1, 2]


def test_fresh_items_go_first_and_old_ones_are_history(tmp_path, at):
    spool = Spool(tmp_path / "spool.db", Bounds())
    spool.put([incident("old")])
    at.advance(hours=1)
    spool.put([incident("new")])
    assert [(one.item.id, one.item.history) for one in everything(spool)] == [("new", False), ("old", True)]


def test_history_flows_at_the_granted_rate(tmp_path, at):
    spool = Spool(tmp_path / "spool.db", Bounds())
    spool.put([incident(str(number)) for number in range(10)])
    at.advance(hours=1)
    sent = []
    while found := everything(spool, items=4):
        assert len(found) <= 4
        sent += [one.item.id for one in found]
        spool.forget(keys_of(found, [one.item.key for one in found]))
    assert sent == [str(number) for number in range(10)]
    assert (spool.items, spool.bytes) == (0, 0)


def test_an_item_larger_than_the_credit_still_leaves(tmp_path, at):
    spool = Spool(tmp_path / "spool.db", Bounds())
    spool.put([incident("a", "x" * 5000), incident("b")])
    assert [one.item.id for one in everything(spool, size=100)] == ["a"]


def test_what_is_not_acknowledged_stays_across_a_restart(tmp_path, at):
    spool = Spool(tmp_path / "spool.db", Bounds())
    spool.put([incident("a"), incident("b")])
    spool.forget(keys_of(everything(spool), [1]))
    spool.close()
    again = Spool(tmp_path / "spool.db", Bounds())
    assert [one.item.id for one in everything(again)] == ["b"]
    assert again.items == 1


def test_the_oldest_is_dropped_and_counted_when_there_is_no_more_room(tmp_path, at):
    spool = Spool(tmp_path / "spool.db", Bounds(largest_bytes=65536))
    for number in range(100):
        spool.put([incident(str(number), "x" * 1000)])
    kept = [one.item.id for one in everything(spool)]
    assert spool.bytes <= 65536
    assert kept == [str(number) for number in range(spool.dropped, 100)]
    assert Spool(tmp_path / "spool.db", Bounds(largest_bytes=65536)).dropped == spool.dropped > 0


def test_what_is_too_old_is_dropped_and_counted(tmp_path, at):
    spool = Spool(tmp_path / "spool.db", Bounds(longest_seconds=3600))
    spool.put([incident("old")])
    at.advance(hours=2)
    spool.put([incident("new")])
    assert ([one.item.id for one in everything(spool)], spool.dropped) == (["new"], 1)


def test_lines_and_the_offset_behind_them_are_kept_together(tmp_path, at):
    spool = Spool(tmp_path / "spool.db", Bounds())
    position = TailPosition(inode=1, generation=2, offset=300)
    spool.put([incident("a")], {"web/output": position})
    with pytest.raises(TypeError):
        spool.put([incident("b"), object()], {"web/output": TailPosition(1, 2, 900)})
    assert (spool.tails(), spool.items) == ({"web/output": position}, 1)
