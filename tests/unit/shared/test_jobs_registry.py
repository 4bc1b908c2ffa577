"""Registering jobs, and what may be handed to them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from shared.jobs import At, Every, enqueue, job, jobs_of, sweeper
from shared.jobs.registry import find
from tests.support.jobs import recorded_jobs

SITE = "registry_site"
seen: list[object] = []


@dataclass(frozen=True)
class Window:
    first: date
    after: date


@job(site=SITE)
async def remember(customer: UUID, on: date, at: datetime, window: Window | None = None) -> None:
    seen.append((customer, on, at, window))


@job(site=SITE, queue="imports", timeout=3600, tries=2)
async def read_file(run: int) -> None:
    seen.append(run)


@sweeper(site=SITE)
async def look_for_work() -> None:
    await enqueue("read_file", run=7)


@job(site=SITE, at="23:55")
async def close_the_day() -> None:
    """Scheduled by the clock."""


def test_a_site_knows_its_own_jobs_by_name_and_by_function():
    assert set(jobs_of(SITE)) >= {"remember", "read_file", "look_for_work", "close_the_day"}
    assert find(SITE, "read_file") is find(SITE, read_file) is jobs_of(SITE)["read_file"]
    assert find(SITE, "read_file").timeout_seconds == 3600
    with pytest.raises(LookupError, match="no job 'raed_file'"):
        find(SITE, "raed_file")
    with pytest.raises(LookupError):
        find("other_site", "read_file")


def test_a_sweeper_runs_each_minute_and_at_start():
    sweep = jobs_of(SITE)["look_for_work"]
    assert sweep.schedule == Every(60)
    assert sweep.at_start
    assert isinstance(jobs_of(SITE)["close_the_day"].schedule, At)


async def test_values_arrive_typed_as_the_function_says():
    customer, instant = UUID(int=5), datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
    window = Window(date(2026, 11, 1), date(2026, 12, 1))
    with recorded_jobs(SITE) as jobs:
        await enqueue(remember, customer=customer, on=date(2026, 11, 22), at=instant, window=window)
        assert jobs.waiting[0][1]["customer"] == str(customer)
        assert await jobs.run() == 1
    assert seen.pop() == (customer, date(2026, 11, 22), instant, window)


@pytest.mark.parametrize(
    "values",
    [{}, {"run": "seven"}, {"run": 7, "extra": 1}, {"rum": 7}],
)
async def test_values_that_do_not_fit_are_refused_where_they_are_put(values):
    with recorded_jobs(SITE), pytest.raises(TypeError, match="job read_file"):
        await enqueue("read_file", **values)


async def test_jobs_that_put_jobs_are_followed():
    with recorded_jobs(SITE) as jobs:
        await jobs.run_scheduled("look_for_work")
        assert jobs.names == ["read_file"]
        await jobs.run()
    assert seen.pop() == 7


async def test_without_an_open_queue_nothing_is_silently_lost():
    with pytest.raises(LookupError, match="no job queue is open"):
        await enqueue("read_file", run=1)


def test_long_jobs_need_a_queue_of_their_own():
    with pytest.raises(ValueError, match="queue of its own"):
        job(site=SITE, timeout=31)


def test_what_cannot_be_a_job_is_refused():
    with pytest.raises(TypeError, match="async function"):
        job(site=SITE)(lambda: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(ValueError, match="two jobs"):
        job(site=SITE)(read_file.__class__(read_file.__code__, globals(), "read_file"))
    with pytest.raises(TypeError, match="without values"):

        @job(site=SITE, every=60)
        async def needs_values(run: int) -> None: ...


def test_a_job_belongs_to_the_package_of_its_module():
    @job(name="local")
    async def local() -> None: ...

    assert "local" in jobs_of(__name__.partition(".")[0])
