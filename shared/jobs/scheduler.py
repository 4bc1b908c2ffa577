"""Puts scheduled jobs into the queue when they are due by shared.clock."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from redis.exceptions import RedisError

from shared import clock
from shared.jobs.queue import JobQueue
from shared.jobs.registry import Job, jobs_of
from shared.log import get_logger

log = get_logger()


class Scheduler:
    """Puts scheduled jobs into the queue when they are due; several may run for one site.

    Occasions are claimed at the broker. The last one is remembered there, so that an occasion which passed while
    the site was down is made up for, once.
    """

    def __init__(self, queue: JobQueue, timezone: ZoneInfo) -> None:
        self._queue = queue
        self._timezone = timezone
        self._due: dict[str, datetime] = {}

    async def start(self) -> None:
        """Puts the at_start jobs."""
        for job in jobs_of(self._queue.site).values():
            if job.at_start:
                await self._queue.put_once(job, "schedule")

    async def tick(self) -> None:
        """Puts every job whose occasion has come by shared.clock. Raises what the broker raises; call again."""
        now = clock.now()
        for job in jobs_of(self._queue.site).values():
            if job.schedule is None:
                continue
            due = self._due.get(job.name) or await self._first_due(job, now)
            if now >= due and await self._claim_and_put(job, due):
                due = job.schedule.next_after(now, self._timezone)
            elif job.schedule.next_after(now, self._timezone) < due:
                due = job.schedule.next_after(now, self._timezone)  # the clock was set back
            self._due[job.name] = due

    async def keep_ticking(self, ended: asyncio.Event) -> None:
        """Ticks each second until the end."""
        started = False
        while not ended.is_set():
            try:
                if not started:
                    await self.start()
                    started = True
                await self.tick()
            except (RedisError, OSError) as lost:
                log.debug("schedule waits for the broker", error=type(lost).__name__)
            await wait_for_end(ended, 1)

    async def _first_due(self, job: Job, now: datetime) -> datetime:
        """The occasion after the last one that was put; a first start, or a clock set back, begins from now."""
        assert job.schedule is not None
        last = await self._last(job)
        return job.schedule.next_after(min(last or now, now), self._timezone)

    async def _claim_and_put(self, job: Job, due: datetime) -> bool:
        """True when the occasion is taken care of, by us or by another scheduler.

        The claim lasts 30 seconds, `last` for good: who dies between the two leaves the occasion to the next.
        """
        claim = self._queue.key("due", job.name, str(int(due.timestamp())))
        if not await self._queue.redis.set(claim, b"1", nx=True, ex=30):
            last = await self._last(job)
            return last is not None and last >= due
        await self._queue.put_once(job, "schedule")
        await self._queue.redis.set(self._queue.key("last", job.name), str(int(due.timestamp())))
        return True

    async def _last(self, job: Job) -> datetime | None:
        found = await self._queue.redis.get(self._queue.key("last", job.name))
        return datetime.fromtimestamp(int(found), UTC) if found else None


async def wait_for_end(ended: asyncio.Event, seconds: float) -> None:
    """Sleeps for `seconds`, less when the end comes before."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await ended.wait()
