"""Work in a thread ends before what it works on is closed, also when its caller is cancelled."""

import asyncio
import subprocess
import sys
import threading

import pytest

from shared.threads import in_thread

READ_AND_CLOSED = """
import asyncio, sqlite3, sys
from contextlib import suppress
from pathlib import Path
from branch_node.replication.source import SqliteLog

async def main():
    for number in range(4_000):
        log = SqliteLog(Path(sys.argv[1]))
        reading = asyncio.create_task(log.head())
        await asyncio.sleep(0)
        await asyncio.sleep((number % 3) * 0.0001)
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading
        await log.close()

made = sqlite3.connect(sys.argv[1])
made.execute("CREATE TABLE change (seq INTEGER PRIMARY KEY AUTOINCREMENT)")
made.execute("INSERT INTO change DEFAULT VALUES")
made.commit()
made.close()
asyncio.run(main())
"""


async def test_what_the_work_returns_or_raises_is_the_callers() -> None:
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 7, 0)


async def test_a_cancelled_caller_goes_on_when_the_thread_has_ended_however_often_it_is_cancelled() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()
    hurried: list[bool] = []

    def work() -> None:
        begun.set()
        may_end.wait(10)
        ended.set()

    task = asyncio.create_task(in_thread(work, hurry=lambda: hurried.append(ended.is_set())))
    await asyncio.to_thread(begun.wait, 10)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.02)
    assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
    assert hurried == [False]


async def test_what_the_work_raises_after_its_caller_was_cancelled_is_nobodys() -> None:
    begun, may_end = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(10)
        raise RuntimeError("nobody hears of it")

    task = asyncio.create_task(in_thread(work))
    await asyncio.to_thread(begun.wait, 10)
    task.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_log_that_is_closed_while_it_is_read_does_not_end_the_process(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", READ_AND_CLOSED, str(tmp_path / "branch.db")],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
