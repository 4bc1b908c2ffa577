"""Who waits for commits is woken by them; who rests after a failure only when somebody asks."""

import asyncio

from shared.database.nudge import Nudge, committed, hurry


async def test_a_waiter_that_rests_after_a_failure_is_woken_when_somebody_asks() -> None:
    nudge = Nudge()
    nudge.listen()
    resting = asyncio.create_task(nudge.rest(3_600))
    await asyncio.sleep(0)
    committed()
    assert not resting.done(), "a commit alone does not press headquarters"
    hurry()
    await asyncio.wait_for(resting, 5)
    nudge.forget()


async def test_a_loop_that_waits_for_commits_ends_whenever_it_is_told_to() -> None:
    for turns in range(6):
        nudge = Nudge()

        async def look(nudge: Nudge = nudge) -> None:
            while True:
                await nudge.wait(60)
                nudge.clear()

        waiter = asyncio.create_task(look())
        await asyncio.sleep(0.01)
        nudge.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        waiter.cancel()
        await asyncio.wait({waiter}, timeout=2)
        assert waiter.cancelled(), turns
