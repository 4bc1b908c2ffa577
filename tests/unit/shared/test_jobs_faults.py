"""Nothing is lost when the broker or a worker is killed, and the site lives on."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shared.jobs import EmbeddedBroker, enqueue, leases, open_queue, run_inside, use_queue, worker
from shared.settings import CommonSettings
from tests.support import job_site

JOBS = 100


@pytest.fixture(autouse=True)
def done(short_path, monkeypatch):
    """Counts in this process go to the same file as those of the killed one."""
    monkeypatch.setenv("JOB_SITE_DIR", str(short_path))
    monkeypatch.setattr(worker, "BEAT_SECONDS", 0.3)
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(leases, "NAMELESS_AFTER_SECONDS", 1.0)
    return short_path / "done.txt"


def counted(done: Path) -> set[int]:
    lines = done.read_text().splitlines() if done.exists() else []
    return {int(line.split()[1]) for line in lines if line.startswith("count")}


def started(done: Path) -> int:
    return sum(line.startswith("begin") for line in done.read_text().splitlines()) if done.exists() else 0


async def until(check, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not check():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def start_worker(settings, instance) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.support.job_site",
            str(settings.data_dir),
            settings.redis_url,
            instance,
        ],
        stdout=subprocess.DEVNULL,
        cwd=Path(__file__).parents[3],
    )


async def test_a_killed_broker_loses_no_job(short_path, instance, done):
    """The broker dies with jobs waiting and running; it comes back by itself and all of them end."""
    settings = CommonSettings(data_dir=short_path)
    async with run_inside(job_site.SITE, settings, instance=instance) as queue:
        for number in range(JOBS):
            await enqueue("take_long" if number % 5 == 0 else "count", **_values(number))
        await until(lambda: counted(done))
        for _ in range(3):
            await until(lambda: is_killed(short_path / "broker" / "lock"))
            await asyncio.sleep(0.4)
        await until(lambda: len(counted(done)) == JOBS)
        assert counted(done) == set(range(JOBS))
        async with asyncio.timeout(10):
            while not await queue.is_reachable():  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert await enqueue("count", number=JOBS)
        await until(lambda: JOBS in counted(done))


def is_killed(lock: Path) -> bool:
    """Kill the process that the lock names; False while the one before is gone and the next has not begun."""
    number = lock.read_text()
    try:
        os.kill(int(number), signal.SIGKILL)
    except (ProcessLookupError, ValueError):
        return False
    return True


def _values(number: int) -> dict[str, object]:
    return {"number": number, "seconds": 0.5} if number % 5 == 0 else {"number": number}


async def test_a_killed_worker_loses_no_job(site_settings, instance, done):
    """The other process takes over what the killed one ran, long before arq's own lock would free it."""
    async with open_queue(job_site.SITE, site_settings, instance=instance):
        for number in range(JOBS):
            await enqueue("take_long", number=number, seconds=0.3)
        doomed = start_worker(site_settings, instance)
        await until(lambda: started(done) >= 15)
        doomed.kill()
        doomed.wait()
        assert len(counted(done)) < JOBS
        async with run_inside(job_site.SITE, site_settings, instance=instance, max_jobs=50) as queue:
            with use_queue(queue):
                await until(lambda: len(counted(done)) == JOBS)
    assert counted(done) == set(range(JOBS))


async def test_a_worker_told_to_end_finishes_what_it_runs(site_settings, instance, done):
    async with open_queue(job_site.SITE, site_settings, instance=instance) as queue:
        for number in range(8):
            await enqueue("take_long", number=number, seconds=1.0)
        ending = start_worker(site_settings, instance)
        await until(lambda: started(done) == 8)
        ending.terminate()
        for number in range(8, 12):
            await enqueue("count", number=number)
        assert ending.wait(timeout=15) == 0
        assert counted(done) == set(range(8))
        assert await queue.waiting("default") == 4
        async with run_inside(job_site.SITE, site_settings, instance=instance) as running:
            with use_queue(running):
                await until(lambda: len(counted(done)) == 12)


async def test_the_queue_outlives_the_site(site_settings, instance, done):
    async with open_queue(job_site.SITE, site_settings, instance=instance):
        await enqueue("count", number=1)
    async with run_inside(job_site.SITE, site_settings, instance=instance):
        await until(lambda: counted(done))
        assert counted(done) == {1}


async def test_a_site_starts_and_lives_without_a_broker(short_path, instance):
    """No broker at the address: enqueue answers False, nothing ends; a sweeper will find the work."""
    settings = CommonSettings(data_dir=short_path, redis_url="redis://127.0.0.1:1/0")
    async with run_inside(job_site.SITE, settings, instance=instance) as queue:
        assert await enqueue("count", number=1) is False
        assert not await queue.is_reachable()


async def test_a_broker_that_appears_later_is_used(short_path, instance, done):
    """Started against a socket where nothing listens yet: work begins when the broker does."""
    late = EmbeddedBroker(short_path)
    settings = CommonSettings(data_dir=short_path, redis_url=late.url)
    async with run_inside(job_site.SITE, settings, instance=instance):
        assert await enqueue("count", number=1) is False
        await late.ensure()
        assert await enqueue("count", number=2)
        await until(lambda: counted(done) == {2})
    await late.stop()
