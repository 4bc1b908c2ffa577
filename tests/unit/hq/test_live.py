"""Open pages are told what changed: only cards and rows that read differently, in the order the page had."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from hq import live
from hq.activity import handlers as staff
from hq.branches import handlers as branches
from hq.dashboard import live as board_pages
from hq.dashboard.live import OpenPage
from hq.figures import cells
from hq.figures.scoreboard import Board, scoreboard
from hq.figures.shape import Question
from hq.live import shared_part
from hq.models import HqPerson
from hq.people.queries import as_person
from hq.sync import handlers as sync
from shared import clock
from shared.clock import FixedClock
from shared.database import execute, open_database
from shared.i18n import use_locale
from shared.permissions import Scope
from shared.web.live import Hub, Render
from shared.web.models import Account
from shared.web.reader import reading
from tests.support import hq_world
from tests.support.hq_site import APPS, Headquarters, headquarters
from tests.support.hq_world import NOON
from tests.support.site_client import Client


def request_of(site: Headquarters, person: HqPerson, account: Account) -> Request:
    """A request of somebody, as a handler gets it."""
    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": "/live/overview", "query_string": b"", "headers": [],
        "app": site.app, "state": {},
    }  # fmt: skip
    request = Request(scope)
    state = request.state
    state.person, state.account, state.session = as_person(person), account, None
    state.locale, state.theme, state.request_id, state.started_ns = "en", "light", "r", 0
    return request


@asynccontextmanager
async def watching(site: Headquarters, name: str = "chen") -> AsyncIterator[OpenPage]:
    """Somebody's open overview, which was told once how things stand."""
    with clock.use(FixedClock(NOON)):
        async with open_database(site.settings.url_of_database, APPS):
            account = await Account.get(username=name)
            person = await HqPerson.get(id=account.person_id)
            request = request_of(site, person, account)
            with use_locale("en"), reading(request):
                yield await opened(request)


async def opened(request: Request) -> OpenPage:
    """The overview of a request, told once how things stand."""
    board = await scoreboard(Question(branches=request.state.person.branches, locale="en"))
    page = OpenPage(request, board, "plan", "gap")
    assert await page.changes()
    return page


async def told(page: OpenPage) -> str:
    """What the page is told now that something was published."""
    page.board.hub.publish("branch:any")
    return "".join(push.data for push in await page.changes())


async def sell(branch: str, amount: int) -> None:
    """What applying a batch does to cells and cursor."""
    for tier, period in (("bd", "2026-11-20"), ("bm", "2026-11"), ("by", "2026")):
        await execute(
            "INSERT INTO figure_cell VALUES (:tier, 'ordered', :period, :branch, '', 'CNY', '', '', :a, :a, 1) "
            "ON CONFLICT (tier, measure, period, branch, dim, currency, department, employee) DO UPDATE SET "
            "amount = figure_cell.amount + excluded.amount, base = figure_cell.base + excluded.base, n = figure_cell.n + 1",
            tier=tier, period=period, branch=branch, a=amount,
        )  # fmt: skip
    await hq_world.reached(branch, seq=8)


async def test_a_sale_changes_its_row_the_total_and_the_cards_and_nothing_else(site: Headquarters) -> None:
    async with watching(site) as page:
        assert await page.changes() == []
        await sell("SH", 20_000_000)
        pushes = await told(page)
        targets = set(re.findall(r'hx-target="#([\w-]+)"', pushes))
        assert {"branches-branch-SH", "branches-total", "figure-sales", "figure-year_completion"} <= targets
        assert not [
            target
            for target in targets
            if target.startswith("branches-branch-") and target != "branches-branch-SH"
        ]
        assert await page.changes() == []


async def test_only_the_branch_that_moved_is_read_again(
    site: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    original = cells.by_branch

    async def noted(wants: Any, groups: Any, branches: Any) -> Any:
        read.append(branches)
        return await original(wants, groups, branches)

    monkeypatch.setattr(cells, "by_branch", noted)
    async with watching(site) as page:
        read.clear()
        assert await told(page) == ""
        assert read == []
        await sell("PAR", 100)
        await told(page)
        assert read == [frozenset({"PAR"})]


async def test_a_branch_that_falls_silent_is_told_by_the_clock_alone(site: Headquarters) -> None:
    async with watching(site) as page:
        with clock.use(FixedClock(NOON + hq_world.minutes(45))):
            pushes = await told(page)
        assert "unreachable" in pushes
        assert 'hx-target="#freshness"' in pushes


async def test_nobody_is_told_about_branches_of_others(site: Headquarters) -> None:
    async with watching(site, "mei") as page:
        await sell("SH", 700_000_000)
        assert await told(page) == ""
        await sell("PAR", 700_000_000)
        pushes = await told(page)
        assert "branches-branch-PAR" in pushes
        assert "SH" not in re.findall(r"branches-branch-(\w+)", pushes)


async def test_pages_that_show_the_same_are_told_the_same_bytes_and_others_are_not(
    site: Headquarters,
) -> None:
    async with watching(site) as one, watching(site, "mei") as other:
        another = await opened(one.request)
        assert (one.board is another.board, one.board is other.board) == (True, False)
        await sell("PAR", 900_000_000)
        one.board.hub.publish("branch:PAR")
        first, second = await one.changes(), await another.changes()
        assert first[0].wire
        assert first[0] is second[0]
        assert (await other.changes())[0].wire != first[0].wire


async def test_pages_that_wait_together_are_told_by_one_board_while_more_is_published(
    site: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []
    original = board_pages.scoreboard

    async def noted(question: Question) -> Board:
        made.append(question)
        board = await original(question)
        one.board.hub.publish("branch:SH")
        return board

    async with watching(site) as one:
        pages = [one, *[await opened(one.request) for _ in range(9)]]
        monkeypatch.setattr(board_pages, "scoreboard", noted)
        await sell("PAR", 900_000_000)
        one.board.hub.publish("branch:PAR")
        pushes = await asyncio.gather(*(page.changes() for page in pages))
        assert len(made) == 1
        assert all('"#branches-branch-PAR"' in push[0].data for push in pushes)


async def test_a_page_that_missed_states_is_told_all_that_differs_from_its_own(site: Headquarters) -> None:
    async with watching(site) as page:
        late = await opened(page.request)
        for branch in ("PAR", "SH"):
            await sell(branch, 900_000_000)
            assert f'"#branches-branch-{branch}"' in await told(page)
        pushes = "".join(push.data for push in await late.changes())
        assert '"#branches-branch-PAR"' in pushes
        assert '"#branches-branch-SH"' in pushes


async def test_links_of_the_sentence_lead_to_the_page_and_not_to_its_stream(site: Headquarters) -> None:
    async with watching(site) as page:
        with clock.use(FixedClock(NOON + hq_world.minutes(45))):
            await hq_world.reached("SH")
            pushes = await told(page)
        assert 'href="/?' in pushes
        assert 'href="/live' not in pushes


async def test_open_pages_that_show_the_same_part_share_it_and_are_told_only_what_reads_differently(
    site: Headquarters,
) -> None:
    made: list[str] = []
    async with watching(site) as page:
        hub, request = page.board.hub, page.request

        def open_page(scope: str) -> Render:
            async def draw(_request: Request) -> str:
                made.append(scope)
                return f"{scope} as of {now[0]}"

            return shared_part(request, "#part", scope, 0.0, draw)

        now = ["09:00"]
        pages, other = [open_page("all") for _ in range(5)], open_page("Paris")
        first = await asyncio.gather(*(one(()) for one in pages))
        assert made == ["all"]
        assert all(pushes == first[0] for pushes in first)
        assert b"all as of 09:00" in first[0][0].wire
        assert b"Paris as of 09:00" in (await other(()))[0].wire
        hub.publish("branch:PAR")
        assert [await one(()) for one in pages] == [[]] * 5
        now[0] = "09:01"
        hub.publish("branch:PAR")
        assert all([b"09:01" in (await one(()))[0].wire for one in pages])
        assert made == ["all", "Paris", "all", "all"]


async def test_readers_of_other_rights_do_not_share_a_part(site: Headquarters) -> None:
    async with watching(site) as page:
        request = page.request

        async def draw(asking: Request) -> str:
            return f"drawn for {asking.state.person.name}"

        own = shared_part(request, "#part", "one scope", 0.0, draw)
        other = Request({**request.scope, "state": dict(request.scope["state"])})
        other.state.person = replace(request.state.person, name="Dora", grants={"news.view": Scope.COMPANY})
        apart = shared_part(other, "#part", "one scope", 0.0, draw)
        assert b"Dora" not in (await own(()))[0].wire
        assert b"drawn for Dora" in (await apart(()))[0].wire


async def test_what_is_told_while_a_shared_part_is_made_is_in_the_next_one(site: Headquarters) -> None:
    async with watching(site) as page:
        hub, seen = page.board.hub, ["old"]

        async def draw(_request: Request) -> str:
            text = seen[0]
            if text == "old":
                seen[0] = "new"
                hub.publish("branch:PAR")
            return text

        part = shared_part(page.request, "#part", "told meanwhile", 0.0, draw)
        assert b"old" in (await part(()))[0].wire
        assert b"new" in (await part(()))[0].wire


PARTS = {
    "/live/staff": staff.live_part, "/live/sync": sync.live_part, "/live/sync/PAR": sync.live_part_of_one,
    "/live/branches/PAR": branches.live_part,
}  # fmt: skip


@pytest.mark.parametrize("path", PARTS)
async def test_links_of_a_shared_part_lead_to_the_page_and_not_to_its_stream(
    site: Headquarters, path: str
) -> None:
    async with watching(site) as page:
        request = Request({**page.request.scope, "path": path, "path_params": {"code": "PAR"}})
        with reading(request):
            html = await PARTS[path](request)
    assert "<section" in html
    assert "/live/" not in html


async def test_applied_wakes_only_streams_that_show_the_branch(site: Headquarters) -> None:
    hub: Hub = site.app.state.hub
    async with live.telling(site.app):
        paris = hub.open(live.topics_of({"PAR"}), "a")
        both = hub.open(live.topics_of({"PAR", "SH"}), "b")
        live.applied("SH")
        assert not paris.wake.is_set()
        assert both.changed == {"branch:SH"}
        live.notify("PAR")
        assert paris.wake.is_set()
    live.applied("PAR")
    assert paris.changed == {"branch:PAR"}


async def test_what_another_process_applied_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = headquarters(tmp_path)
    monkeypatch.setattr(live, "WATCH_SECONDS", 0.01)
    async with open_database(site.settings.url_of_database, APPS):
        stream = site.app.state.hub.open(live.topics_of({"SH", "PAR"}), "a")
        task = asyncio.create_task(live.watch_cursors(site.app))
        try:
            await asyncio.sleep(0.1)
            assert not stream.wake.is_set()
            await hq_world.reached("PAR", seq=9)
            await asyncio.wait_for(stream.wake.wait(), 5)
            assert stream.changed == {"branch:PAR"}
        finally:
            task.cancel()


def test_the_stream_of_a_page_answers_and_ends_with_the_site(site: Headquarters, client: Client) -> None:
    chen = site.visitor(client)
    chen.open("/?period=2026")
    found = re.search(r'hx-sse:connect="(/live/overview[^"]*)"', chen.page)
    assert found
    assert "period=2026" in found[1]
    assert chen.client.head(found[1]).status_code in (200, 405)
