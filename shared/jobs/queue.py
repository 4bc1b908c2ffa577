"""Putting jobs into the queue. The truth stays in SQL: a job that cannot be put is found again by a sweeper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any, Protocol

import msgspec
from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import BusyLoadingError, RedisError
from redis.exceptions import ConnectionError as BrokerConnectionError
from redis.exceptions import TimeoutError as BrokerTimeoutError

from shared.jobs.registry import Function, Job, find
from shared.log import get_logger

log = get_logger()

# A branch may be switched off for a holiday: its waiting jobs must still be there.
KEPT_MILLISECONDS = 30 * 86_400_000

_encoder = msgspec.msgpack.Encoder(enc_hook=repr)
_decoder: msgspec.msgpack.Decoder[dict[str, Any]] = msgspec.msgpack.Decoder(dict[str, Any])


class Queue(Protocol):
    """Where enqueue() puts jobs: a JobQueue, NoQueue, or the recording queue of the tests."""

    site: str

    async def put(
        self, job: Job, values: dict[str, Any], *, unique: str | None, after: timedelta | None
    ) -> bool: ...


class JobQueue:
    """The queues of one site instance at one broker; `instance` ("branch_node-SH") keeps sites apart there."""

    def __init__(self, site: str, instance: str, redis: ArqRedis) -> None:
        self.site = site
        self.instance = instance
        self.redis = redis

    def key(self, *parts: str) -> str:
        """A key of this instance at the broker."""
        return ":".join(("trunkline", self.instance, *parts))

    def queue_key(self, queue: str) -> str:
        return self.key("queue", queue)

    async def put(
        self, job: Job, values: dict[str, Any], *, unique: str | None = None, after: timedelta | None = None
    ) -> bool:
        """Puts a job; False, and a log line, when the broker does not answer. See enqueue()."""
        try:
            if unique is None:
                await self._put(job, values, None, after)
            else:
                await self._put_unless_waiting(job, values, self.key(job.name, unique), after)
        except (RedisError, OSError) as lost:
            log.warning("job not queued", job=job.name, error=type(lost).__name__)
            return False
        return True

    async def put_once(self, job: Job, unique: str) -> None:
        """Puts a job unless one with this key waits or runs. Raises what the broker raises."""
        await self._put(job, {}, self.key(job.name, unique), None)

    async def waiting(self, queue: str) -> int:
        """How many jobs a queue holds, deferred and running ones included."""
        return int(await self.redis.zcard(self.queue_key(queue)))

    async def is_reachable(self) -> bool:
        try:
            return bool(await self.redis.ping())
        except (RedisError, OSError):
            return False

    async def put_again(self, job: Job, job_id: str) -> None:
        """After a run: puts the job anew if it was asked for while it ran. Raises what the broker raises."""
        wish = await self.redis.getdel(again_key(job_id))
        if wish is not None:
            await self._put(job, _decoder.decode(wish), job_id, None)

    async def _put_unless_waiting(
        self, job: Job, values: dict[str, Any], key: str, after: timedelta | None
    ) -> None:
        """Puts a job under `key` unless one is sure to start after this call; never a second one beside it.

        A waiting job will see what the caller has committed. A running one may have read before: it finds the wish
        when it has ended (put_again). Should it end between the wish and our last look, we put it ourselves.
        """
        for _attempt in range(10):
            if await self._put(job, values, key, after):
                return
            exists, runs = await self._state(key)
            if exists and not runs:
                return
            if runs:
                await self.redis.set(again_key(key), _encoder.encode(values), px=KEPT_MILLISECONDS)
                if await self.redis.exists(job_key_prefix + key):
                    return
        await self._put(job, values, None, after)

    async def _state(self, job_id: str) -> tuple[bool, bool]:
        async with self.redis.pipeline(transaction=True) as pipe:
            pipe.exists(job_key_prefix + job_id)
            pipe.exists(in_progress_key_prefix + job_id)
            exists, runs = await pipe.execute()
        return bool(exists), bool(runs)

    async def _put(
        self, job: Job, values: dict[str, Any], job_id: str | None, after: timedelta | None
    ) -> bool:
        put = await self.redis.enqueue_job(
            job.name, _job_id=job_id, _queue_name=self.queue_key(job.queue), _defer_by=after, **values
        )
        return put is not None


def again_key(job_id: str) -> str:
    """Where the wish for another run is kept."""
    return job_id + ":again"


class NoQueue:
    """For commands without a broker: nothing is put, the sweepers of the running site find the work."""

    def __init__(self, site: str) -> None:
        self.site = site

    async def put(
        self, job: Job, values: dict[str, Any], *, unique: str | None, after: timedelta | None
    ) -> bool:
        log.info("job left to the sweeper", job=job.name)
        return False


_bound: ContextVar[Queue | None] = ContextVar("shared_jobs_queue", default=None)
_open: list[Queue] = []


def current_queue() -> Queue:
    """The queue of this task's site; where a process has only one site, its queue. LookupError when none is open."""
    bound = _bound.get()
    if bound is not None:
        return bound
    if len(_open) == 1:
        return _open[0]
    raise LookupError("no job queue is open" if not _open else "several sites: bind one with use_queue")


@contextmanager
def use_queue(queue: Queue) -> Iterator[None]:
    """Binds the queue for this task: needed only where several sites live in one process."""
    mark = _bound.set(queue)
    try:
        yield
    finally:
        _bound.reset(mark)


@contextmanager
def opened(queue: Queue) -> Iterator[None]:
    """Makes a queue the process's own as long as the block lasts, for tasks that no lifespan context reaches."""
    _open.append(queue)
    try:
        with use_queue(queue):
            yield
    finally:
        _open.remove(queue)


async def enqueue(
    wanted: str | Function | Callable[..., Any],
    /,
    *,
    _unique: str | None = None,
    _after: timedelta | float | None = None,
    **values: object,
) -> bool:
    """Puts a job of the current site, by name or function, to be called with `values`. Call it after the commit.

    `_after` (seconds or a timedelta) defers it. With `_unique` a job of the same name and key that still waits
    stands for this one too, and it never runs beside itself: a hundred calls in a second run it once or twice, the
    last time after the last call. False, and a log line, when the broker is away: a sweeper must find the work again. LookupError
    for an unknown job, TypeError for values that do not fit its parameters.
    """
    queue = current_queue()
    job = find(queue.site, wanted)
    after = timedelta(seconds=_after) if isinstance(_after, int | float) else _after
    return await queue.put(job, job.plain(values), unique=_unique, after=after)


def connect(url: str) -> ArqRedis:
    """A client for a broker at `url` (redis://, rediss://, unix://). Opens no connection yet.

    A command meets a short absence of the broker with a second of retries; longer ones are the worker's business.
    """
    redis: ArqRedis = ArqRedis.from_url(
        url,
        retry=Retry(ExponentialBackoff(cap=0.4, base=0.02), 6),
        retry_on_error=[BrokerConnectionError, BrokerTimeoutError, BusyLoadingError],
        socket_connect_timeout=2,
        socket_timeout=10,
    )
    redis.job_serializer = _encoder.encode
    redis.job_deserializer = _decoder.decode
    redis.expires_extra_ms = KEPT_MILLISECONDS
    return redis
