"""A site ends although one of its background tasks loses a cancellation."""

import asyncio
from typing import Any

import pytest

from shared.web import app


async def test_a_task_that_loses_a_cancellation_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "CANCEL_AGAIN_SECONDS", 0.01)
    told = 0

    async def deaf() -> None:
        nonlocal told
        while told < 3:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                told += 1

    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(deaf()), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)
    await asyncio.wait_for(app.stop_tasks(tasks), 5)
    assert told == 3
    assert all(task.done() for task in tasks)
