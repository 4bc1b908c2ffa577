"""Jobs: work that a request leaves behind, and work by the clock, at an embedded Valkey or at REDIS_URL.

A feature registers with `@job(...)`, an action calls `await enqueue(...)` after its commit, a site runs
everything with `run_inside` in its lifespan. README.md tells what may be relied on.
"""

from shared.jobs.broker import BrokerError, EmbeddedBroker, RemoteBroker, broker_for
from shared.jobs.queue import JobQueue, NoQueue, Queue, current_queue, enqueue, opened, use_queue
from shared.jobs.registry import Job, job, jobs_of, sweeper
from shared.jobs.schedule import At, Every, Schedule, at
from shared.jobs.worker import open_queue, run_inside, run_worker

__all__ = [
    "At",
    "BrokerError",
    "EmbeddedBroker",
    "Every",
    "Job",
    "JobQueue",
    "NoQueue",
    "Queue",
    "RemoteBroker",
    "Schedule",
    "at",
    "broker_for",
    "current_queue",
    "enqueue",
    "job",
    "jobs_of",
    "open_queue",
    "opened",
    "run_inside",
    "run_worker",
    "sweeper",
    "use_queue",
]
