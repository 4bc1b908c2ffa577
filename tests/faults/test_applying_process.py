"""The process of headquarters that takes batches dies, is left alone, is told to end: nothing is lost and nothing is left behind."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.faults.labelled_kills import work, wrongs
from tests.support.databases import ENGINES
from tests.support.processes import wait_until
from tests.support.world import World, company

BATCH_BYTES, HANDED_SECONDS = 400, 1.0


def applying(world: World) -> psutil.Process:
    """The fork that headquarters has beside itself; its broker is another program."""
    assert world.hq.process is not None
    site = psutil.Process(world.hq.process.pid)
    (found,) = [child for child in site.children() if child.cmdline() == site.cmdline()]
    return found


def is_gone(process: psutil.Process) -> Callable[[], bool]:
    return lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def give_it_a_batch(world: World) -> None:
    """Until the site has handed it one, which it does not take: it is stopped."""
    before = world.line("SH").traffic.bytes["up"]
    work(world.branch("SH"))
    wait_until(
        lambda: world.line("SH").traffic.bytes["up"] > before + BATCH_BYTES, 20, "a batch is on its way"
    )
    time.sleep(HANDED_SECONDS)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_branches_are_taken_over_whatever_becomes_of_the_process(engine: str, tmp_path: Path) -> None:
    with company(["SH"], folder=tmp_path, hq_engine=engine, branch_engine=engine, seeded=False) as world:
        world.wait_synced()
        first = applying(world)
        os.kill(first.pid, signal.SIGSTOP)
        give_it_a_batch(world)
        os.kill(first.pid, signal.SIGKILL)
        wait_until(lambda: "applying_process_ended" in world.hq.log, 20, "the site has noticed")
        assert '"at_work": 0' not in world.hq.log, "the batch was refused, to be sent again"
        work(world.branch("SH"))
        assert wrongs(world) == []
        assert world.hq.is_alive, "the site has gone on by itself"

        world.hq.restart()
        second = applying(world)
        assert second.pid != first.pid
        world.hq.kill()
        wait_until(is_gone(second), 5, "it dies with a site that is killed")

        world.hq.start()
        third = applying(world)
        work(world.branch("SH"))
        world.hq.stop()
        wait_until(is_gone(third), 5, "it has ended with the site")
        world.hq.start()
        assert wrongs(world) == []
