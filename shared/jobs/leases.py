"""Leases: who runs which job, so that the jobs of a killed worker are free in seconds.

arq locks a running job for the longest timeout of its queue. A worker writes its name beside the lock and gives
signs of life; any other worker frees the locks of one that gives none.
"""

from __future__ import annotations

from uuid import uuid4

from arq.constants import in_progress_key_prefix
from redis.exceptions import RedisError

from shared.jobs.queue import JobQueue
from shared.log import get_logger

log = get_logger()

DEAD_AFTER_SECONDS = 12
# A worker may be killed between arq's lock and our name beside it; a lock this old has one or never gets one.
NAMELESS_AFTER_SECONDS = 5.0
LOCKS_LOOKED_AT = 200

# Frees a job only while the lease still names the dead worker (or still nobody, under a lock with less than
# ARGV[3] ms to live): two that look at once, or a new start between, do no harm.
_FREE = """
local holder = redis.call('HGET', KEYS[1], ARGV[1])
if ARGV[2] == '' then
  local left = redis.call('PTTL', KEYS[2])
  if holder or left < 0 or left >= tonumber(ARGV[3]) then return 0 end
elseif holder ~= ARGV[2] then
  return 0
else
  redis.call('HDEL', KEYS[1], ARGV[1])
end
return redis.call('DEL', KEYS[2])
"""


class Leases:
    """The leases of one worker process at one site's queues."""

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self.worker_id = uuid4().hex

    async def take(self, queue_name: str, job_id: str) -> None:
        """Writes our name beside a job. Without a broker the job runs all the same; arq's lock frees it later."""
        try:
            await self._queue.redis.hset(self._key(queue_name), job_id, self.worker_id)  # type: ignore[misc]
        except (RedisError, OSError) as lost:
            log.warning("lease not written", error=type(lost).__name__)

    async def drop(self, queue_name: str, job_id: str) -> None:
        try:
            await self._queue.redis.hdel(self._key(queue_name), job_id)  # type: ignore[misc]
        except (RedisError, OSError) as lost:
            log.warning("lease not removed", error=type(lost).__name__)

    async def give_sign_of_life(self) -> None:
        await self._queue.redis.set(self._queue.key("worker", self.worker_id), b"1", ex=DEAD_AFTER_SECONDS)

    async def free_jobs_of_the_dead(self, queue_name: str, lock_seconds: float) -> int:
        """Frees what workers without a sign of life hold, and locks without a name; how many jobs were freed.

        `lock_seconds` is how long arq locks a job of this queue. Raises what the broker raises.
        """
        redis = self._queue.redis
        leases: dict[bytes, bytes] = await redis.hgetall(self._key(queue_name))  # type: ignore[misc]
        freed = 0
        for worker_id in set(leases.values()):
            if not await redis.exists(self._queue.key("worker", worker_id.decode())):
                for job_id in [job for job, holder in leases.items() if holder == worker_id]:
                    freed += await self._free(queue_name, job_id, worker_id.decode(), 0)
        oldest = await redis.zrange(self._queue.queue_key(queue_name), 0, LOCKS_LOOKED_AT - 1)
        nameless = [job_id for job_id in oldest if job_id not in leases]
        left_ms = int((lock_seconds - NAMELESS_AFTER_SECONDS) * 1000)
        async with redis.pipeline(transaction=False) as pipe:
            for job_id in nameless:
                pipe.pttl(in_progress_key_prefix + job_id.decode())
            for job_id, left in zip(nameless, await pipe.execute(), strict=True):
                if 0 <= left < left_ms:
                    freed += await self._free(queue_name, job_id, "", left_ms)
        return freed

    async def _free(self, queue_name: str, job_id: bytes, holder: str, left_ms: int) -> int:
        name = job_id.decode()
        lock = in_progress_key_prefix + name
        freed = await self._queue.redis.eval(  # type: ignore[misc]
            _FREE, 2, self._key(queue_name), lock, name, holder, str(left_ms)
        )
        if freed:
            log.warning("job of a dead worker freed", job_id=name)
        return int(freed)

    def _key(self, queue_name: str) -> str:
        return self._queue.key("running", queue_name)
