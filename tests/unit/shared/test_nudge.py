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
