"""Reading logs never queues up behind a slow disk, and goes as often as lines can leave."""

import asyncio
import threading
from types import SimpleNamespace

import pytest

from netops.agent import disk
from netops.agent.disk import DiskThread
from netops.agent.metronome import Metronome
from netops.agent.settings import NodeFile
from netops.agent.telemetry import Telemetry


@pytest.fixture
def agent():
    threads = DiskThread()
    yield SimpleNamespace(
        node_file=NodeFile(node="SH"),
        disk=threads,
        is_watched_until=0.0,
        lag=SimpleNamespace(metronome=Metronome()),
    )
    threads.close()


async def test_a_look_at_the_logs_waits_for_the_one_before_it(agent, monkeypatch):
    telemetry, looks, may_go_on = Telemetry(agent), [], threading.Event()
    loop, went_on = asyncio.get_running_loop(), asyncio.Event()

    def look():
        looks.append(1)
        may_go_on.wait(5)
        if len(looks) == 3:
            loop.call_soon_threadsafe(went_on.set)

    monkeypatch.setattr(telemetry, "_poll_tails", look)
    monkeypatch.setattr(telemetry, "_tail_seconds", lambda: 0.01)
    following = asyncio.create_task(telemetry._follow())
    await asyncio.sleep(0.1)
    assert len(looks) == 1
    may_go_on.set()
    await asyncio.wait_for(went_on.wait(), 5)
    following.cancel()


@pytest.mark.parametrize(
    ("center_wants", "is_watched", "seconds"),
    [(10.0, False, 5.0), (2.0, False, 2.0), (0.1, False, 0.5), (10.0, True, 0.5)],
)
def test_logs_are_read_no_more_often_than_lines_leave(agent, center_wants, is_watched, seconds):
    telemetry = Telemetry(agent)
    telemetry.uplink = SimpleNamespace(wait_seconds=center_wants)
    agent.is_watched_until = float("inf") if is_watched else 0.0
    assert telemetry._tail_seconds() == seconds


def test_a_job_that_is_not_taken_is_counted_and_said(monkeypatch):
    monkeypatch.setattr(disk, "_LONGEST_QUEUE", 1)
    threads, may_go_on = DiskThread(), threading.Event()
    try:
        threads.tell(lambda: may_go_on.wait(5))
        while threads._jobs.qsize():
            pass
        assert threads.tell(lambda: None)
        assert not threads.tell(lambda: None) and threads.dropped == 1
    finally:
        may_go_on.set()
        threads.close()
