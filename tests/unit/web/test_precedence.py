"""Work that lets pages go first: it waits while one is made, never longer than it said."""

import asyncio

import pytest

from shared.web.precedence import after_pages, making


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
