"""Work that lets pages go first: it waits while one is made, never longer than it said."""

import asyncio

import pytest

from shared.web import precedence
from shared.web.precedence import (
    AT_ONCE,
    BESIDE_A_PAGE,
    BESIDE_MANY,
    SEEN_SECONDS,
    Door,
    after_pages,
    beside_a_page,
    making,
)


@pytest.fixture(autouse=True)
def no_page_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no page had been made in this process."""
    monkeypatch.setattr(precedence, "_pages", precedence._Pages())


async def test_work_waits_until_the_page_is_made() -> None:
    order: list[str] = []

    async def page() -> None:
        with making():
            await asyncio.sleep(0.02)
            order.append("page")

    async def work() -> None:
        await after_pages(20.0)
        order.append("work")

    async with asyncio.timeout(10):
        await asyncio.gather(page(), work())
    assert order == ["page", "work"]


async def test_a_page_that_never_ends_holds_work_up_no_longer_than_was_said() -> None:
    with making():
        work = asyncio.create_task(after_pages(0.01))
        done, _ = await asyncio.wait([work], timeout=10)
    assert done == {work}


async def test_a_page_that_fails_is_not_waited_for() -> None:
    with pytest.raises(ValueError), making():
        raise ValueError
    work = asyncio.create_task(after_pages(60.0))
    done, _ = await asyncio.wait([work], timeout=10)
    assert done == {work}


async def test_a_page_among_a_thousand_requests_is_not_the_last_to_begin() -> None:
    door, begun = Door(lambda: 0.0), list[str]()

    async def request(name: str) -> None:
        await door.through()
        begun.append(name)

    crowd = [asyncio.create_task(request("branch")) for _ in range(1_000)]
    page = asyncio.create_task(asyncio.sleep(0))
    page.add_done_callback(lambda _page: begun.append("page"))
    async with asyncio.timeout(10):
        await asyncio.gather(page, *crowd)
    assert begun.count("branch") == 1_000
    assert begun.index("page") <= 4 * AT_ONCE


async def test_who_waits_at_the_door_is_let_through_in_the_order_of_coming() -> None:
    door, order = Door(lambda: 0.0), list[int]()

    async def request(number: int) -> None:
        await door.through()
        order.append(number)

    async with asyncio.timeout(10):
        await asyncio.gather(*(request(number) for number in range(5 * AT_ONCE)))
    assert order == sorted(order)


async def test_while_a_page_is_made_a_few_requests_at_a_time_are_let_through() -> None:
    door, through, first = Door(lambda: 0.005), list[int](), asyncio.Event()

    async def request(number: int) -> None:
        await door.through()
        through.append(number)
        first.set()

    with making():
        tasks = [asyncio.create_task(request(number)) for number in range(2 * AT_ONCE)]
        async with asyncio.timeout(10):
            await first.wait()
        assert through == list(range(BESIDE_A_PAGE))
    async with asyncio.timeout(10):
        await asyncio.gather(*tasks)


@pytest.mark.parametrize(
    ("page_seconds", "rest_seconds", "goes_on"),
    [(0.03, 0.22, BESIDE_A_PAGE), (0.03, 0.01, BESIDE_MANY), (60.0, 0.0, BESIDE_MANY)],
    ids=["four looks a second", "looks without a break", "one page that takes a minute"],
)
def test_a_crowd_gets_more_of_the_time_where_somebody_always_looks_on(
    page_seconds: float, rest_seconds: float, goes_on: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr(precedence, "monotonic", lambda: now)
    until, seen = now + 10 * SEEN_SECONDS, []
    while now < until:
        with making():
            seen.append(beside_a_page())
            now += page_seconds
            seen.append(beside_a_page())
        now += rest_seconds
    assert seen[0] == BESIDE_A_PAGE, "the first look is one among few"
    assert seen[-1] == goes_on


async def test_a_sender_that_goes_away_at_the_door_keeps_nobody() -> None:
    door = Door(lambda: 0.0)
    tasks = [asyncio.create_task(door.through()) for _ in range(3 * AT_ONCE)]
    await asyncio.sleep(0)
    for task in tasks[AT_ONCE : 2 * AT_ONCE]:
        task.cancel()
    done, waiting = await asyncio.wait(tasks, timeout=10)
    assert not waiting
    assert sum(task.cancelled() for task in done) == AT_ONCE
