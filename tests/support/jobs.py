"""Jobs in tests without a broker: `with recorded_jobs("branch_node") as jobs:` then `await jobs.run()`."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from shared.jobs import Job, jobs_of, opened


class RecordedJobs:
    """Keeps what enqueue() puts, in order; a waiting job with the same unique key stands for the next one too."""

    def __init__(self, site: str) -> None:
        self.site = site
        self.waiting: list[tuple[Job, dict[str, Any], str | None]] = []

    async def put(
        self, job: Job, values: dict[str, Any], *, unique: str | None, after: timedelta | None
    ) -> bool:
        if unique is None or not any(
            (job.name, unique) == (other.name, key) for other, _, key in self.waiting
        ):
            self.waiting.append((job, values, unique))
        return True

    @property
    def names(self) -> list[str]:
        return [job.name for job, _values, _unique in self.waiting]

    async def run(self) -> int:
        """Runs what waits and what that puts in turn; how many ran. An error of a job is raised."""
        count = 0
        while self.waiting:
            job, values, _unique = self.waiting.pop(0)
            await job.function(**job.typed(values))
            count += 1
        return count

    async def run_scheduled(self, name: str) -> None:
        """Runs one scheduled job of the site as if it were due."""
        await jobs_of(self.site)[name].function()


@contextmanager
def recorded_jobs(site: str) -> Iterator[RecordedJobs]:
    jobs = RecordedJobs(site)
    with opened(jobs):
        yield jobs
