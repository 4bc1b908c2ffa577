"""A figure of the company is made once as long as nothing it follows from has changed, and anew as soon as anything has; what
one reader was answered is never given to a reader of other branches."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from hq.figures import answers, crowd, memo, rebuild, rollup
from hq.figures import scoreboard as board
from hq.figures.queries import FIGURES, answer
from hq.figures.scoreboard import scoreboard
from hq.figures.shape import HOUSE, Figure, Question
from hq.rates.actions import enter_rate
from hq.targets.actions import Aimed, set_target
from hq.warnings.actions import found_now
from shared import clock
from shared.clock import FixedClock
from shared.database import count_queries, execute
from shared.records import Order
from tests.support import hq_world
from tests.support.databases import ENGINES, Templates, fresh_database
from tests.support.hq_world import NOON, TODAY
from tests.support.wire import Branch, Headquarters

MONTH = {"first": TODAY.replace(day=1), "last": TODAY}
NAMES = ("sales", "receivables", "ageing", "profit", "staff-activity", "follow-up", "targets")


@pytest.fixture(params=ENGINES)
async def hq(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Any
) -> AsyncIterator[Headquarters]:
    """Headquarters with Shanghai and Paris, whose logs were received; noon in Shanghai."""
    with clock.use(FixedClock(NOON)):
        async with fresh_database(templates, request.param, "hq", tmp_path) as database:
            await rollup.install()
            memo.forget()
            async with Headquarters(database) as opened:
                yield opened


async def received(hq: Headquarters, *codes: str) -> dict[str, Branch]:
    """The logs of some branches, received, and no rates at headquarters."""
    company = hq_world.make_company(Random(11), codes, 8, ())
    logs = {code: Branch(code) for code in codes}
    for code, log in logs.items():
        log.write(*(row for kind in hq_world.WRITTEN for row in company.of(kind, code)))
        await hq.receive(log)
    return logs


def order_of(branch: str, amount: int) -> Order:
    return Order(
        branch=branch, number="new", customer_id=hq_world.new_id(), happened_on=TODAY, approved_on=TODAY,
        status="approved", currency="CNY", base_currency="CNY", total_minor=amount, base_minor=amount,
    )  # fmt: skip


async def sold(**asked: Any) -> int | None:
    return (await answer("sales", Question(**{**MONTH, **asked}))).total.number("ordered")


async def made_of(name: str) -> list[Any]:
    figure: Figure = (
        (await scoreboard(Question())).figure if name == "board" else await answer(name, Question())
    )
    return [figure.rows, figure.total, figure.missing_rates]


async def test_asked_again_it_reads_only_how_far_the_branches_are(hq: Headquarters) -> None:
    await received(hq, "SH", "HQ")
    for name in (*NAMES, "board"):
        first = await made_of(name)
        count = count_queries()
        assert (name, await made_of(name)) == (name, first)
        assert (name, count[0]) == (name, 3), "the directory"


async def test_the_next_applied_batch_is_in_every_figure_at_once(hq: Headquarters) -> None:
    logs = await received(hq, "SH", "HQ")
    before, board = await sold(), (await scoreboard(Question(**MONTH))).figure.total.number("sales")
    logs["SH"].write(order_of("SH", 700_00))
    await hq.receive(logs["SH"])
    assert await sold() == (before or 0) + 700_00
    assert (await scoreboard(Question(**MONTH))).figure.total.number("sales") == (board or 0) + 700_00


async def test_while_a_crowd_is_taken_over_pages_are_seconds_old_at_most_and_say_so(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = await received(hq, "SH", "HQ")
    waiting, working, seconds = 0, crowd.AT_LEAST, 0.0
    monkeypatch.setattr(crowd, "monotonic", lambda: seconds)

    async def seen() -> tuple[int | None, int]:
        figure = await answer("sales", Question(**MONTH))
        position = next(mark.position for mark in figure.watermarks if mark.branch == "SH")
        return figure.total.number("ordered"), position

    async def sell_more() -> None:
        logs["SH"].write(order_of("SH", 700_00))
        await hq.receive(logs["SH"])

    first, position = await seen()

    def after(orders: int) -> tuple[int, int]:
        return (first or 0) + orders * 700_00, position + orders

    with crowd.noticed(lambda: waiting, lambda: working):
        await sell_more()
        assert await seen() == after(1), "some are at work, as at any time"
        waiting = crowd.BEGINS - working
        assert await seen() == after(1)
        await sell_more()
        waiting, seconds = 0, crowd.SECONDS
        assert await seen() == after(1), "read a while ago, while the rest of the crowd is at work"
        seconds = crowd.SECONDS + 0.1
        assert await seen() == after(2)
        await sell_more()
        assert await seen() == after(2)
        working = crowd.AT_LEAST - 1
        assert await seen() == after(3), "the last of a crowd is seen at once"
        waiting = crowd.BEGINS
        assert await seen() == after(3)
        await sell_more()
    assert await seen() == after(4), "nobody is taken over any more"


async def test_the_first_look_into_a_crowd_is_answered_with_what_was_read_before_it_came(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = await received(hq, "SH")
    seconds = 0.0
    monkeypatch.setattr(crowd, "monotonic", lambda: seconds)
    before = await sold()
    logs["SH"].write(order_of("SH", 700_00))
    await hq.receive(logs["SH"])
    with crowd.noticed(lambda: crowd.BEGINS, lambda: crowd.AT_LEAST):
        seconds = crowd.SECONDS
        assert await sold() == before
        seconds = crowd.SECONDS + 0.1
        assert await sold() == (before or 0) + 700_00, "never older than that"


async def test_short_lists_beside_the_figures_are_as_old_as_these_while_a_crowd_is_taken_over(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    working, seconds, read = crowd.BEGINS, 0.0, 0
    monkeypatch.setattr(crowd, "monotonic", lambda: seconds)

    async def load() -> int:
        nonlocal read
        read += 1
        return read

    async def shown(own_seq: int = 7) -> int:
        return await crowd.kept(("news", None), own_seq, load)

    assert [await shown(), await shown()] == [1, 2], "read each time while nobody comes"
    with crowd.noticed(lambda: 0, lambda: working):
        assert [await shown(), await shown()] == [2, 2]
        assert [await shown(8), await shown(8)] == [3, 3], "headquarters has entered something"
        seconds = crowd.SECONDS + 0.1
        assert await shown(8) == 4
        working = crowd.AT_LEAST - 1
        assert [await shown(8), await shown(8)] == [5, 6], "the crowd is over"


async def test_what_headquarters_enters_is_seen_at_once_while_a_crowd_is_taken_over(hq: Headquarters) -> None:
    await received(hq, "SH")
    with crowd.noticed(lambda: crowd.BEGINS, lambda: crowd.AT_LEAST):
        assert (await scoreboard(Question())).figure.total.number("target") is None
        lines = {f"2026-{month:02d}": 100_00 for month in range(1, 13)}
        await set_target(Aimed("company"), 2026, "sales", 1_200_00, "CNY", lines, "")
        assert (await scoreboard(Question())).figure.total.number("target") == 100_00


async def test_a_rate_that_is_entered_or_changed_converts_at_once(hq: Headquarters) -> None:
    await received(hq, "PAR")
    assert (await answer("sales", Question(**MONTH))).missing_rates
    await enter_rate("EUR", "CNY", date(2026, 1, 1), 8_000_000_000)
    once = await sold()
    await enter_rate("EUR", "CNY", date(2026, 1, 1), 16_000_000_000)
    assert once
    assert await sold() == 2 * once


async def test_a_target_that_is_set_is_compared_with_at_once(hq: Headquarters) -> None:
    await received(hq, "SH")
    assert (await scoreboard(Question())).figure.total.number("target") is None
    lines = {f"2026-{month:02d}": 100_00 for month in range(1, 13)}
    await set_target(Aimed("company"), 2026, "sales", 1_200_00, "CNY", lines, "")
    assert (await scoreboard(Question())).figure.total.number("target") == 100_00
    assert (await answer("targets", Question())).total.number("month_target") == 100_00


async def test_midnight_of_a_branch_begins_its_new_day(hq: Headquarters) -> None:
    await received(hq, "NYC", "SH")

    async def days(at: datetime) -> dict[str, Any]:
        with clock.use(FixedClock(at)):
            figure = await answer("staff-activity", Question())
            return {line.branch: line.values["own_date"] for line in figure.rows}

    midnight = NOON.replace(hour=5, minute=0)  # of New York; 13:00 in Shanghai
    assert await days(midnight - timedelta(minutes=1)) == {"NYC": TODAY - timedelta(days=1), "SH": TODAY}
    assert await days(midnight) == {"NYC": TODAY, "SH": TODAY}


async def test_a_branch_that_falls_silent_is_marked_by_the_clock_alone(hq: Headquarters) -> None:
    await received(hq, "SH", "HQ")
    assert {line.state for line in (await answer("sales", Question())).rows} == {"current"}
    with clock.use(FixedClock(NOON + timedelta(hours=2))):
        figure = await answer("sales", Question())
    assert {line.state for line in figure.rows} == {"unreachable"}
    assert not figure.complete


async def test_readers_of_different_branches_never_share_an_answer(hq: Headquarters) -> None:
    every = {"SH", "HQ", "HRB"}
    await received(hq, *every)
    for scope in (None, frozenset({"SH"}), frozenset({"HRB"}), frozenset({"SH", "HRB"}), frozenset({"SH"})):
        for name in FIGURES:
            figure = await answer(name, Question(branches=scope))
            assert (name, {mark.branch for mark in figure.watermarks}) == (name, scope or every)
            assert {line.branch for line in figure.rows} <= (scope or every) | {""}, name
        board = (await scoreboard(Question(branches=scope))).figure
        assert {line.branch for line in board.rows} == (scope or every)


async def test_cells_that_were_made_anew_are_read_again(hq: Headquarters) -> None:
    await received(hq, "SH")
    right = await sold() or 0
    await execute("UPDATE figure_cell SET base = base + 5 WHERE measure = 'ordered'")
    memo.forget()
    assert await sold() != right
    await rebuild.rebuild()
    assert await sold() == right


async def test_memory_is_bounded_by_the_values_of_all_answers(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    await received(hq, "SH", "HQ")
    monkeypatch.setattr(answers, "VALUES_MOST", 30)
    for ago in range(9):
        await sold(first=TODAY - timedelta(days=ago))
    assert sum(held.values for held in answers._answers.values()) <= 30


async def test_who_asks_while_the_same_is_made_takes_it(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    logs = await received(hq, "SH", "HQ")
    made: list[object] = []
    original = memo.by_branch

    async def noted(*asked: Any) -> Any:
        made.append(asked)
        return await original(*asked)

    monkeypatch.setattr(memo, "by_branch", noted)
    before = [await sold(), await sold()]
    assert len(made) == 1
    logs["SH"].write(order_of("SH", 700_00))
    await hq.receive(logs["SH"])
    after = await asyncio.gather(*(sold() for _ in range(20)))
    assert after == [(before[0] or 0) + 700_00] * 20
    assert len(made) < 6


async def one_move(hq: Headquarters, logs: dict[str, Branch], drawn: Random) -> None:
    """Something that a figure follows from changes: a branch sells, a rate or a target is set, a branch joins, or time passes."""
    what = drawn.choice(["sells", "sells", "sells", "rate", "target", "joins", "waits"])
    if what == "sells":
        code = drawn.choice(sorted(logs))
        logs[code].write(order_of(code, drawn.randint(1, 10**9)))
        await hq.receive(logs[code])
    elif what == "rate":
        await enter_rate("EUR", "CNY", date(2026, 1, 1), drawn.randint(7 * 10**9, 8 * 10**9))
    elif what == "target":
        code = drawn.choice(sorted(logs))
        lines = {f"2026-{month:02d}": drawn.randint(1, 10**8) for month in range(1, 13)}
        aimed = Aimed("branch", code)
        await set_target(aimed, 2026, "sales", sum(lines.values()), "CNY", lines, "as things are")
    elif what == "joins" and "NYC" not in logs:
        logs |= await received(hq, "NYC")
    elif what == "waits":
        await execute("UPDATE branch_cursor SET contact_at = contact_at - 3600000000 WHERE branch = 'PAR'")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_whatever_moves_an_answer_is_the_same_as_one_made_anew(
    hq: Headquarters, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn, logs = Random(seed), await received(hq, "SH", "PAR", "HQ")
    for _ in range(8):
        await one_move(hq, logs, drawn)
        kept = {name: await made_of(name) for name in (*NAMES, "board")}
        sums = (await scoreboard(Question())).figure.sums()
        with monkeypatch.context() as anew:
            for module, name in ((answers, "_answers"), (memo, "_held")):
                anew.setattr(module, name, OrderedDict())
            anew.setattr(memo, "_kept", {})
            assert {name: await made_of(name) for name in kept} == kept
        rows = (await scoreboard(Question())).figure.rows
        for key, added in sums.items():
            assert added == sum(line.number(key) or 0 for line in rows if not line.is_left_out)


async def test_the_board_of_early_warnings_is_that_of_a_reader_of_all_branches(
    hq: Headquarters, monkeypatch: pytest.MonkeyPatch
) -> None:
    await received(hq, "SH", "PAR")
    await found_now(HOUSE)
    monkeypatch.setattr(board, "lines_of", pytest.fail)
    assert (await scoreboard(Question(limit=50))).figure.rows
