"""Running jobs at each kind of broker: order of ends, second tries, one at a time, the schedule, the ending."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from shared import clock, metrics
from shared.clock import now
from shared.errors import Conflict, Unavailable
from shared.jobs import NoQueue, enqueue, job, jobs_of, open_queue, run_inside, use_queue, worker
from shared.jobs.scheduler import Scheduler
from shared.load_state import FILE_NAME, HOLDS_FOR, LoadState, write_load

SITE = "worker_site"
ends: Counter[str] = Counter()
gate: list[asyncio.Event] = []  # one event per test: an event belongs to its loop


@job(site=SITE)
async def count(number: int) -> None:
    ends[f"count {number}"] += 1


@job(site=SITE)
async def fail_twice() -> None:
    ends["started"] += 1
    if ends["started"] < 3:
        raise OSError("the mail server hung up")


@job(site=SITE, tries=2)
async def always_fail() -> None:
    ends["failed"] += 1
    raise OSError("never")


@job(site=SITE)
async def refuse() -> None:
    ends["refused"] += 1
    raise Conflict("This quote is already an order.")


@job(site=SITE)
async def wait_for_hq() -> None:
    ends["asked"] += 1
    if ends["asked"] == 1:
        raise Unavailable("HQ does not answer.", retry_after=1)


@job(site=SITE, timeout=0.2, tries=1)
async def hang() -> None:
    ends["hung"] += 1
    await asyncio.sleep(30)


@job(site=SITE)
async def wait_until_told() -> None:
    ends["began"] += 1
    await gate[0].wait()
    ends["ended"] += 1


@job(site=SITE, queue="slow", timeout=600)
async def own_queue() -> None:
    ends["slow"] += 1


@job(site=SITE, every=60)
async def each_minute() -> None:
    ends["minute"] += 1


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    ends.clear()
    gate[:] = [asyncio.Event()]
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.05)


@pytest.fixture
def quick_tries(monkeypatch):
    monkeypatch.setattr(worker, "LONGEST_PAUSE_SECONDS", 0.1)


async def come_to(name: str, number: int = 1) -> None:
    async with asyncio.timeout(10):
        while ends[name] < number:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def settle(queue) -> None:
    """Until the default queue is empty."""
    async with asyncio.timeout(10):
        while await queue.waiting("default"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_every_job_runs_once_when_nothing_goes_wrong(site_settings, instance):
    async with run_inside(SITE, site_settings, instance=instance) as queue:
        for number in range(100):
            assert await enqueue("count", number=number)
        await settle(queue)
    assert ends == Counter({f"count {number}": 1 for number in range(100)})


async def test_a_failed_job_is_tried_again(site_settings, instance, quick_tries):
    async with run_inside(SITE, site_settings, instance=instance) as queue:
        await enqueue(fail_twice)
        await come_to("started", 3)
        await settle(queue)
    assert ends["started"] == 3
    assert _outcomes(instance, "fail_twice") == {"retried": 2, "done": 1}


async def test_a_job_is_given_up_after_its_tries(site_settings, instance, quick_tries):
    async with run_inside(SITE, site_settings, instance=instance) as queue:
        await enqueue(always_fail)
        await enqueue(hang)
        await settle(queue)
    assert ends["failed"] == 2
    assert _outcomes(instance, "always_fail") == {"retried": 1, "given_up": 1}
    assert _outcomes(instance, "hang") == {"given_up": 1}


async def test_a_refusal_is_final_but_an_absence_is_not(site_settings, instance):
    async with run_inside(SITE, site_settings, instance=instance) as queue:
        await enqueue(refuse)
        await enqueue(wait_for_hq)
        await settle(queue)
    assert (ends["refused"], ends["asked"]) == (1, 2)


async def test_each_queue_is_worked_on(site_settings, instance):
    async with run_inside(SITE, site_settings, instance=instance):
        await enqueue(own_queue)
        await come_to("slow")
    assert ends["slow"] == 1


async def test_queues_pause_under_load_and_go_on_after_it(site_settings, instance):
    path = site_settings.data_dir / FILE_NAME
    write_load(path, LoadState(rung="throttle", until=now() + HOLDS_FOR))
    async with run_inside(SITE, site_settings, instance=instance) as queue:
        await enqueue(own_queue)
        await enqueue(count, number=1)
        await come_to("count 1")
        assert (ends["slow"], await queue.waiting("slow")) == (0, 1)
        write_load(path, LoadState())
        await come_to("slow")


async def test_a_deferred_job_waits(site_settings, instance):
    async with run_inside(SITE, site_settings, instance=instance) as queue:
        await enqueue(count, _after=timedelta(hours=1), number=1)
        await enqueue(count, _after=0.1, number=2)
        await come_to("count 2")
        async with asyncio.timeout(10):
            while await queue.waiting("default") > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert await queue.waiting("default") == 1
        assert ends["count 1"] == 0
        await _empty(queue)


async def test_waiting_calls_with_one_key_run_once(site_settings, instance):
    async with open_queue(SITE, site_settings, instance=instance) as queue:
        for _ in range(50):
            assert await enqueue(count, _unique="HQ", number=1)
        assert await queue.waiting("default") == 1
        async with run_inside(SITE, site_settings, instance=instance) as running:
            with use_queue(running):
                await settle(running)
    assert ends["count 1"] == 1


async def test_a_call_during_the_run_leads_to_another_run(site_settings, instance):
    async with run_inside(SITE, site_settings, instance=instance) as queue:
        await enqueue(wait_until_told, _unique="HQ")
        await come_to("began")
        for _ in range(20):
            await enqueue(wait_until_told, _unique="HQ")
            await asyncio.sleep(0.01)
        assert ends["began"] == 1
        gate[0].set()
        await come_to("ended", 2)
        await settle(queue)
    assert ends["ended"] == 2


async def test_every_job_runs_in_the_sites_context(site_settings, instance):
    @asynccontextmanager
    async def around(job):
        ends[f"entered {job.name}"] += 1
        yield
        ends[f"left {job.name}"] += 1

    async with run_inside(SITE, site_settings, instance=instance, around=around) as queue:
        await enqueue(count, number=1)
        await settle(queue)
    assert ends["entered count"] == ends["left count"] == 1


async def test_running_jobs_may_end_before_the_site_does(site_settings, instance):
    async with run_inside(SITE, site_settings, instance=instance, completion_wait_seconds=5):
        await enqueue(wait_until_told)
        await come_to("began")
        asyncio.get_running_loop().call_later(0.2, gate[0].set)
    assert ends["ended"] == 1


async def test_a_job_that_does_not_end_goes_back_to_the_queue(site_settings, instance):
    async with run_inside(SITE, site_settings, instance=instance, completion_wait_seconds=0.1):
        await enqueue(wait_until_told)
        await come_to("began")
    assert ends["ended"] == 0
    gate[0].set()
    async with run_inside(SITE, site_settings, instance=instance) as queue:
        await settle(queue)
    assert ends["ended"] == 1


async def test_a_scheduled_job_runs_once_for_two_schedulers(site_settings, instance):
    scheduled = jobs_of(SITE)["each_minute"]
    async with open_queue(SITE, site_settings, instance=instance) as queue:
        with clock.use(clock.FixedClock("2026-11-22T06:00:10Z")) as now:
            one, other = Scheduler(queue, ZoneInfo("UTC")), Scheduler(queue, ZoneInfo("UTC"))
            for scheduler in (one, other):
                await scheduler.tick()
            assert await queue.waiting("default") == 0
            now.advance(minutes=1)
            for scheduler in (one, other, one, other):
                await scheduler.tick()
            assert await queue.waiting("default") == 1
            await _empty(queue)
            for scheduler in (one, other):
                await scheduler.tick()
            assert await queue.waiting("default") == 0
            assert scheduled.schedule is not None


async def test_an_occasion_missed_while_down_is_made_up_for_once(site_settings, instance):
    async with open_queue(SITE, site_settings, instance=instance) as queue:
        with clock.use(clock.FixedClock("2026-11-22T06:00:10Z")) as now:
            before = Scheduler(queue, ZoneInfo("UTC"))
            await before.tick()
            now.advance(minutes=1)
            await before.tick()
            await _empty(queue)
            now.advance(hours=5)
            after = Scheduler(queue, ZoneInfo("UTC"))
            await after.tick()
            await after.tick()
            assert await queue.waiting("default") == 1
            await _empty(queue)


async def test_a_clock_set_back_does_not_stop_the_schedule(site_settings, instance):
    async with open_queue(SITE, site_settings, instance=instance) as queue:
        with clock.use(clock.FixedClock("2026-11-22T06:00:10Z")) as now:
            scheduler = Scheduler(queue, ZoneInfo("UTC"))
            await scheduler.tick()
            now.advance(days=-30)
            await scheduler.tick()
            now.advance(minutes=1)
            await scheduler.tick()
            assert await queue.waiting("default") == 1
            await _empty(queue)


async def test_without_a_broker_a_command_leaves_the_work_to_the_sweeper():
    with use_queue(NoQueue(SITE)):
        assert await enqueue(count, number=1) is False


async def _empty(queue) -> None:
    """Takes away what waits, with the keys of the jobs."""
    for job_id in await queue.redis.zrange(queue.queue_key("default"), 0, -1):
        await queue.redis.delete(b"arq:job:" + job_id)
    await queue.redis.delete(queue.queue_key("default"))


def _outcomes(instance: str, name: str) -> dict[str, int]:
    samples = next(iter(metrics.JOBS.collect())).samples
    return {
        sample.labels["outcome"]: int(sample.value)
        for sample in samples
        if sample.name.endswith("_total")
        and sample.labels["site"] == instance
        and sample.labels["job"] == name
    }
