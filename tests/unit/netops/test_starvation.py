"""How late the agent's own loop wakes stretches its limits, until ten good ticks have passed."""

import asyncio

from netops.agent import starvation
from netops.agent.starvation import LoopLag


def test_limits_stretch_with_the_worst_of_the_last_ten_ticks(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(starvation.time, "monotonic", lambda: clock[0])
    lag = LoopLag()
    lags = iter([0.0, 0.5, *[0.0] * 10])
    stretches = []

    async def tick(_seconds):
        stretches.append(lag.stretch())
        late = next(lags, None)
        if late is None:
            raise asyncio.CancelledError
        clock[0] = lag._due + late

    lag.metronome.tick = tick
    lag.metronome.next = lambda _seconds: clock[0] + 1.0
    try:
        asyncio.run(lag.run())
    except asyncio.CancelledError:
        pass
    assert stretches == [1.0, 1.0, *[3.0] * 10, 1.0]
    clock[0] = lag._due + 0.25
    assert lag.stretch() == 2.0, "a tick that is overdue counts before it has come"
