"""A small site of its own process for the fault tests of jobs: `python -m tests.support.job_site DIR URL INSTANCE`.

Its jobs append lines to DIR/done.txt, so that a test can count them after any crash.
"""

import asyncio
import os
import sys
from pathlib import Path

from shared.jobs import job, leases, run_worker, worker
from shared.log import configure
from shared.settings import CommonSettings

SITE = "job_site"


def note(line: str) -> None:
    """One write, so that lines of two processes do not mix."""
    with (Path(os.environ["JOB_SITE_DIR"]) / "done.txt").open("a") as file:
        file.write(line + "\n")


@job(site=SITE)
async def count(number: int) -> None:
    note(f"count {number}")


@job(site=SITE, timeout=20)
async def take_long(number: int, seconds: float) -> None:
    note(f"begin {number}")
    await asyncio.sleep(seconds)
    note(f"count {number}")


if __name__ == "__main__":
    folder, url, instance = sys.argv[1:4]
    os.environ["JOB_SITE_DIR"] = folder
    configure("INFO")
    worker.BEAT_SECONDS, leases.DEAD_AFTER_SECONDS = 0.3, 1  # a test need not wait for the real ones
    settings = CommonSettings(data_dir=Path(folder), redis_url=url)
    asyncio.run(run_worker(SITE, settings, instance=instance, completion_wait_seconds=5))
