"""Runs a site's jobs: one arq worker per queue, the scheduler, and the leases beside them.

Used inside a site's lifespan (`run_inside`) or as a process of its own (`run_worker`). The broker may go and come
back at any time: work pauses, the site lives on.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from arq.worker import Function as ArqFunction
from arq.worker import Retry as ArqRetry
from arq.worker import Worker as ArqWorker
from arq.worker import func
from redis.exceptions import RedisError

from shared import metrics
from shared.errors import Refused, Unavailable
from shared.jobs.broker import Broker, BrokerError, broker_for
from shared.jobs.leases import Leases
from shared.jobs.queue import JobQueue, connect, opened
from shared.jobs.registry import Job, jobs_of
from shared.jobs.scheduler import Scheduler, wait_for_end
from shared.load_state import FILE_NAME, LoadFile
from shared.log import context as log_context
from shared.log import get_logger
from shared.settings import CommonSettings

log = get_logger()

Around = Callable[[Job], AbstractAsyncContextManager[Any]]

BEAT_SECONDS = 3.0
POLL_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 600
# arq counts every start, also those that a crash or a shutdown cut short; ours counts failures on top of these.
STARTS_CUT_SHORT = 50
ARQ_LOCK_EXTRA_SECONDS = 10  # arq locks a job for the longest timeout of its queue and this


class Ended(Exception):
    """A worker leaves its loop between two polls; a cancellation would leave connections in the middle of a talk."""


class QueueWorker(ArqWorker):
    """arq's worker of one queue, which stops picking by itself when `closing` is set, and pauses while `is_paused` says so;
    its jobs run on."""

    def __init__(self, closing: asyncio.Event, is_paused: Callable[[], bool], **options: Any) -> None:
        super().__init__(**options)
        self._closing, self._is_paused = closing, is_paused
        self.allow_pick_jobs = not is_paused()

    async def heart_beat(self) -> None:
        if self._closing.is_set():
            raise Ended
        self.allow_pick_jobs = not self._is_paused()
        await super().heart_beat()


@dataclass
class Crew:
    """All workers of one site in this process. `around` wraps each job, e.g. in the site's database context.

    `closing` ends the picking of jobs, `ended` the signs of life: finish() sets them.
    """

    queue: JobQueue
    broker: Broker
    timezone: ZoneInfo
    around: Around
    queues: Sequence[str]
    load: LoadFile
    max_jobs: int = 10
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _workers: dict[str, QueueWorker] = field(default_factory=dict)
    _left_over: list[asyncio.Task[Any]] = field(default_factory=list)
    _restarts_told: int = 0

    def __post_init__(self) -> None:
        self.leases = Leases(self.queue)

    @property
    def jobs(self) -> dict[str, Job]:
        return jobs_of(self.queue.site)

    # --- running a queue ---------------------------------------------------------------------------------------

    async def keep_working(self, queue_name: str) -> None:
        """Works on a queue until the end. Any error, the broker's absence first of all, ends only one worker.

        Each attempt gets a fresh arq worker: after a lost connection the old one has lost count of its free
        places. Jobs that the old one still runs end under its eyes.
        """
        pause = 0.1
        while not self.closing.is_set():
            started = time.monotonic()
            try:
                await self.broker.ensure()
                worker = self._worker(queue_name)
                self._take_over(queue_name, worker)
                await worker.main()
            except Ended:
                return
            except (RedisError, OSError, BrokerError) as lost:
                log.warning(
                    "broker lost", queue=queue_name, error=type(lost).__name__, detail=str(lost)[:200]
                )
            except Exception:
                log.exception("worker failed", queue=queue_name)
            pause = 0.1 if time.monotonic() - started > 10 else min(pause * 2, 5.0)
            await wait_for_end(self.closing, pause)

    def _take_over(self, queue_name: str, worker: QueueWorker) -> None:
        """Makes `worker` the queue's own; the tasks of the former one are kept until they end.

        An error of theirs is the broker's absence, told already; it is looked at so that nobody reports it again.
        """
        former = self._workers.get(queue_name)
        self._workers[queue_name] = worker
        self._left_over = [task for task in self._left_over if not task.done()]
        for task in self._tasks_of(former) if former else []:
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._left_over.append(task)

    @staticmethod
    def _tasks_of(worker: QueueWorker) -> list[asyncio.Task[Any]]:
        return [task for task in worker.tasks.values() if not task.done()]

    def _worker(self, queue_name: str) -> QueueWorker:
        jobs = [job for job in self.jobs.values() if job.queue == queue_name]
        return QueueWorker(
            self.closing,
            partial(self.load.pauses, queue_name),
            functions=[self._function(job) for job in jobs],
            after_job_end=self._put_again,
            queue_name=self.queue.queue_key(queue_name),
            redis_pool=self.queue.redis,
            handle_signals=False,
            max_jobs=self.max_jobs,
            poll_delay=POLL_SECONDS,
            keep_result=0,
            job_serializer=self.queue.redis.job_serializer,
            job_deserializer=self.queue.redis.job_deserializer,
            expires_extra_ms=self.queue.redis.expires_extra_ms,
            timezone=UTC,
            log_results=False,
        )

    def _function(self, job: Job) -> ArqFunction:
        async def run(ctx: dict[Any, Any], **plain: Any) -> None:
            ctx["job"] = job
            await self._run(job, ctx["job_id"], ctx["job_try"], plain)

        return func(run, name=job.name, timeout=_arq_timeout(job), max_tries=job.tries + STARTS_CUT_SHORT)

    async def _put_again(self, ctx: dict[Any, Any]) -> None:
        """After arq has taken the job off the queue: it may have been asked for while it ran."""
        if job := ctx.get("job"):
            await self.queue.put_again(job, ctx["job_id"])

    async def _run(self, job: Job, job_id: str, job_try: int, plain: dict[str, Any]) -> None:
        """Runs a job once and says how it ended; raises arq's Retry to have it run again, and CancelledError when
        the process ends, which puts it back."""
        with log_context(job=job.name, job_id=job_id, job_try=job_try, instance=self.queue.instance):
            await self.leases.take(job.queue, job_id)
            started = time.perf_counter()
            try:
                async with self.around(job), asyncio.timeout(job.timeout_seconds):
                    await job.function(**job.typed(plain))
                outcome, pause = "done", None
            except Exception as wrong:
                outcome, pause = self._after_failure(job, job_try, wrong)
            finally:
                await self.leases.drop(job.queue, job_id)
            seconds = time.perf_counter() - started
            metrics.JOBS.labels(self.queue.instance, job.name, outcome).inc()
            metrics.JOB_SECONDS.labels(self.queue.instance, job.name).observe(seconds)
            log.info("job ended", outcome=outcome, seconds=round(seconds, 3))
            if pause is not None:
                raise ArqRetry(defer=pause)

    def _after_failure(self, job: Job, job_try: int, wrong: Exception) -> tuple[str, float | None]:
        """The outcome of a failed run, and the seconds until the next one or None for no further try.

        A refusal is an answer and is not asked again, except when something needed does not answer.
        """
        if isinstance(wrong, Unavailable):
            pause: float = max(wrong.retry_after, 1)
        elif isinstance(wrong, Refused):
            log.warning("job refused", code=wrong.code, reason=str(wrong))
            return "failed", None
        else:
            pause = min(2.0**job_try, LONGEST_PAUSE_SECONDS)
        if job_try >= job.tries:
            log.error("job given up", tries=job_try, exc_info=wrong)
            return "given_up", None
        log.warning("job failed, will be tried again", pause_seconds=pause, exc_info=wrong)
        return "retried", pause

    # --- signs of life -----------------------------------------------------------------------------------------

    async def beat(self) -> None:
        """One sign of life, one look for the jobs of workers that give none, and the gauges."""
        await self.leases.give_sign_of_life()
        for name in self.queues:
            longest = max((_arq_timeout(job) for job in self.jobs.values() if job.queue == name), default=0.0)
            await self.leases.free_jobs_of_the_dead(name, longest + ARQ_LOCK_EXTRA_SECONDS)
            metrics.JOBS_WAITING.labels(self.queue.instance, name).set(await self.queue.waiting(name))
        metrics.BROKER_RESTARTS.labels(self.queue.instance).inc(self.broker.restarts - self._restarts_told)
        self._restarts_told = self.broker.restarts

    async def keep_beating(self) -> None:
        """Beats until the end, also while the last jobs run."""
        while not self.ended.is_set():
            try:
                await self.beat()
                metrics.BROKER_UP.labels(self.queue.instance).set(1)
            except (RedisError, OSError):
                metrics.BROKER_UP.labels(self.queue.instance).set(0)
            await wait_for_end(self.ended, BEAT_SECONDS)

    # --- ending ------------------------------------------------------------------------------------------------

    async def finish(self, loops: Sequence[asyncio.Task[Any]], wait_seconds: float) -> None:
        """1. Nobody picks jobs any more. 2. Running jobs get `wait_seconds`, under our signs of life. 3. Those that
        are left are cancelled and go back to the queue. 4. The signs of life end.

        `loops` are the tasks of keep_working, keep_beating and the scheduler.
        """
        self.closing.set()
        for worker in self._workers.values():
            worker.allow_pick_jobs = False
        *pickers, beating = loops
        await asyncio.wait(pickers, timeout=3)
        await end_tasks(pickers, again_after_seconds=0.2)
        if running := self._running():
            await asyncio.wait(running, timeout=wait_seconds)
        if left := self._running():
            await end_tasks(left, again_after_seconds=5.0, times=3)
            log.warning("jobs put back", count=len(left))
        self.ended.set()
        await asyncio.wait([beating], timeout=3)
        await end_tasks([beating], again_after_seconds=0.2)

    def _running(self) -> list[asyncio.Task[Any]]:
        own = [task for worker in self._workers.values() for task in self._tasks_of(worker)]
        return own + [task for task in self._left_over if not task.done()]


@asynccontextmanager
async def open_queue(site: str, settings: CommonSettings, *, instance: str) -> AsyncIterator[JobQueue]:
    """The site's queue for putting jobs only: web processes beside a worker process. Starts the broker if needed."""
    broker = broker_for(settings.data_dir, settings.redis_url)
    async with _connected(site, instance, broker) as queue:
        with opened(queue):
            yield queue


@asynccontextmanager
async def run_inside(
    site: str,
    settings: CommonSettings,
    *,
    instance: str,
    timezone: str = "UTC",
    around: Around | None = None,
    queues: Sequence[str] | None = None,
    completion_wait_seconds: float = 4.0,
    max_jobs: int = 10,
) -> AsyncIterator[JobQueue]:
    """Runs the jobs of `site` (its top-level package) as tasks of this event loop while the block lasts.

    For a site's lifespan. `instance` ("branch_node-SH") tells sites apart that share a broker, `timezone` is the
    one of scheduled times of day, `queues` limits the work to some queues. Enters also when no broker can be had.
    At the end running jobs get `completion_wait_seconds`, then they go back to the queue.
    """
    logging.getLogger("arq").setLevel(logging.WARNING)
    broker = broker_for(settings.data_dir, settings.redis_url)
    async with _connected(site, instance, broker) as queue:
        names = queues or sorted({job.queue for job in jobs_of(site).values()})
        load = LoadFile(settings.data_dir / FILE_NAME)
        crew = Crew(queue, broker, ZoneInfo(timezone), around or _nothing_around, names, load, max_jobs)
        scheduler = Scheduler(queue, ZoneInfo(timezone))
        with opened(queue):
            tasks = (
                *map(crew.keep_working, names),
                scheduler.keep_ticking(crew.closing),
                crew.keep_beating(),
            )
            loops = [asyncio.create_task(task, name=f"jobs {instance}") for task in tasks]
            try:
                yield queue
            finally:
                await crew.finish(loops, completion_wait_seconds)


async def run_worker(
    site: str, settings: CommonSettings, *, completion_wait_seconds: float = 20.0, **options: Any
) -> None:
    """A process of its own for a site's jobs: returns after SIGTERM or SIGINT, when the running jobs are done.

    `options` are those of run_inside.
    """
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    async with run_inside(site, settings, completion_wait_seconds=completion_wait_seconds, **options):
        await ended.wait()
        log.info("worker ending", site=site)


async def end_tasks(
    tasks: Sequence[asyncio.Task[Any]], *, again_after_seconds: float, times: int = 20
) -> None:
    """Cancels tasks until they have ended, at most `times` times.

    Once is not enough: a cancellation that meets the end of a network call at the same moment gets lost in it.
    """
    pending = set(tasks)
    for _ in range(times):
        for task in pending:
            task.cancel()
        if pending:
            ended, pending = await asyncio.wait(pending, timeout=again_after_seconds)
            for task in ended:
                task.cancelled() or task.exception()  # looked at, so that nobody reports it again
    if pending:
        log.error("tasks do not end", tasks=[task.get_name() for task in pending])


@asynccontextmanager
async def _connected(site: str, instance: str, broker: Broker) -> AsyncIterator[JobQueue]:
    """A queue at a broker that is started when possible; both are closed at the end, whatever happens."""
    redis = connect(broker.url)
    try:
        try:
            await broker.ensure()
        except BrokerError as wrong:
            log.error("broker not started", detail=str(wrong))
        yield JobQueue(site, instance, redis)
    finally:
        await redis.aclose(close_connection_pool=True)
        await broker.stop()


def _nothing_around(_job: Job) -> AbstractAsyncContextManager[None]:
    return nullcontext()


def _arq_timeout(job: Job) -> float:
    """arq's own timeout: later than ours, since it would count as a failure without a second try."""
    return job.timeout_seconds + 5
