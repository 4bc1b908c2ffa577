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
