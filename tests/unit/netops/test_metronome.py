"""One timer for all who wait for the same second."""

import asyncio
import time

from netops.agent.metronome import Metronome


async def test_each_tick_comes_once_and_wakes_all_who_wait_for_it():
    metronome, woken = Metronome(), []

    async def listen(name: str) -> None:
        for _ in range(5):
            await metronome.tick(0.05)
            woken.append((name, round(time.monotonic() / 0.05)))

    began = time.monotonic()
    await asyncio.gather(listen("one"), listen("two"))
    ticks = [tick for name, tick in woken if name == "one"]
    assert ticks == sorted(set(ticks)) and ticks[-1] - ticks[0] >= 4
    assert ticks == [tick for name, tick in woken if name == "two"]
    assert time.monotonic() - began >= 0.2


async def test_who_stops_waiting_holds_up_nobody():
    metronome = Metronome()
    gone, stays = (asyncio.create_task(metronome.tick(0.05)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait_for(stays, 1)
    assert gone.cancelled()


async def test_a_moment_is_shared_by_all_who_wait_at_the_same_time():
    metronome, loop = Metronome(), asyncio.get_running_loop()
    timers = len(loop._scheduled)  # type: ignore[attr-defined]
    began = time.monotonic()
    waiting = [asyncio.create_task(metronome.moment()) for _ in range(7)]
    await asyncio.sleep(0)
    assert len(loop._scheduled) == timers + 1  # type: ignore[attr-defined]
    waiting[0].cancel()
    await asyncio.wait(waiting)
    assert 0.004 < time.monotonic() - began < 1 and not any(one.cancelled() for one in waiting[1:])
