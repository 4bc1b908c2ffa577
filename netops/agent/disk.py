"""One thread for everything that touches the disk, so that neither supervision nor probes ever wait for it."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from netops.agent import events

T = TypeVar("T")
_LONGEST_QUEUE = 10_000


class DiskThread:
    """Runs jobs in the order given. When the disk stands still, jobs pile up to a bound and are then dropped."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], Any] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="disk", daemon=True)
        self.dropped = 0
        self._thread.start()

    def tell(self, job: Callable[[], object]) -> bool:
        """Runs job some time; nobody waits, a failure is logged. Whether it was taken."""
        if self._jobs.qsize() >= _LONGEST_QUEUE:
            self.dropped += 1
            return False
        self._jobs.put(job)
        return True

    async def ask(self, job: Callable[[], T]) -> T:
        """The result of job, or what it raised."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            try:
                result = job()
            except BaseException as failure:
                loop.call_soon_threadsafe(_fail, answer, failure)
            else:
                loop.call_soon_threadsafe(_succeed, answer, result)

        self._jobs.put(run)
        return await answer

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Ends the thread after the jobs that are queued."""
        self._jobs.put(None)
        self._thread.join(timeout_seconds)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:
                events.error("disk job failed")


def _fail(answer: asyncio.Future[Any], failure: BaseException) -> None:
    if not answer.done():
        answer.set_exception(failure)


def _succeed(answer: asyncio.Future[T], result: T) -> None:
    if not answer.done():
        answer.set_result(result)
