"""What headquarters knew at a moment: later arrivals, late entries, changes and cancellations leave no trace in it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from hq.activity.handlers import sentence
from hq.customers.queries import customers, default_sort, sorts_of
from hq.figures import journal, memo, rollup
from hq.figures.freshness import directory, fill_first_reports
from hq.figures.queries import answer
from hq.figures.scoreboard import scoreboard
from hq.figures.shape import Figure, Line, Question, parse_unit
from hq.figures.words import completeness
from hq.receivables.queries import positions
from hq.replication.models import BranchCursor, BranchNode
from shared import clock
from shared.clock import FixedClock
from shared.database import fetch_value
from shared.i18n import use_locale
from shared.records import Branch, Department, Employee, Order, Receivable, Record
from shared.web.keyset import paging
from tests.support import hq_world
from tests.support.databases import ENGINES, Templates, fresh_database
from tests.support.hq_world import NOON, TODAY
from tests.support.wire import Branch as Log
from tests.support.wire import Headquarters

CODES = ("SH", "PAR")
FIRST = {"first": TODAY.replace(day=1), "last": TODAY}


@pytest.fixture(params=ENGINES)
async def hq(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Any
) -> AsyncIterator[Headquarters]:
    async with fresh_database(templates, request.param, "hq", tmp_path) as database:
        await rollup.install()
        async with Headquarters(database) as opened:
            yield opened


def split_rows(company: hq_world.Company, code: str, random: Random) -> tuple[list[Record], list[Record]]:
    """The rows of one branch as they came: first and later; some of the first are sent again, changed."""
    rows = [row for kind in hq_world.WRITTEN for row in company.of(kind, code)]
    first = [row for row in rows if isinstance(row, (Branch, Department, Employee)) or random.random() < 0.6]
    chosen = {row.id for row in first}
    return first, [row for row in rows if row.id not in chosen]


def changed(rows: list[Record]) -> list[Record]:
    """Every third approved order is cancelled after all, every third instalment too."""
    found: list[Record] = []
    for row in rows[::3]:
        on = TODAY - timedelta(days=2)
        if isinstance(row, (Order, Receivable)) and row.cancelled_on is None and row.happened_on <= on:
            row.cancelled_on = on
            found.append(row)
    return found


async def all_figures(known_at: Any = None) -> dict[str, Any]:
    """Every number of every view that a reader may ask for, by view."""
    memo.forget()
    found: dict[str, Any] = {}

    def keep(name: str, figure: Figure) -> None:
        found[name] = {
            line.unit: {key: line.number(key) for key in line.values if key not in ("staff", "never")}
            for line in (*figure.rows, figure.total)
            if any(line.number(key) for key in line.values if key not in ("staff", "never"))
        }

    for unit in ("company", "branch:SH", "branch:PAR"):
        asked: dict[str, Any] = {"unit": parse_unit(unit), "known_at": known_at, "currency": "base" if ":" in unit else "CNY"}  # fmt: skip
        for name in ("sales", "profit", "staff-activity", "newest-customers", "follow-up", "targets"):
            keep(f"{name} {unit}", await answer(name, Question(**asked, **FIRST)))
        for days in (0, 30):
            on = TODAY - timedelta(days=days)
            for name in ("receivables", "ageing"):
                keep(f"{name} {unit} {days}", await answer(name, Question(**asked, as_of=on)))
            keep(f"positions {unit} {days}", await positions(Question(**asked, as_of=on)))
    keep("board", (await scoreboard(Question(known_at=known_at, **FIRST))).figure)
    return found


async def test_as_known_at_a_moment_every_figure_reads_as_it_did_then(hq: Headquarters) -> None:
    random = Random(5)
    company = hq_world.make_company(random, CODES, 8)
    await hq_world.ExchangeRate.bulk_create(company.of(hq_world.ExchangeRate))
    await hq_world.ExchangeRate.all().update(recorded_at=NOON - timedelta(days=90))
    logs = {code: Log(code) for code in CODES}
    halves = {code: split_rows(company, code, random) for code in CODES}
    with clock.use(FixedClock(NOON - timedelta(days=1))):
        for code in CODES:
            logs[code].write(*halves[code][0])
            await hq.receive(logs[code])
    with clock.use(FixedClock(NOON)):
        known_at = NOON - timedelta(hours=3)
        before = await all_figures()
        for code in CODES:
            logs[code].write(*halves[code][1], *changed(halves[code][0]))
            await hq.receive(logs[code])
        after = await all_figures()
        assert after != before
        assert await all_figures(known_at) == before
        assert await all_figures(NOON + timedelta(seconds=1)) == after


async def test_before_a_branch_first_reported_nothing_is_known_of_it(hq: Headquarters) -> None:
    company = hq_world.make_company(Random(5), CODES, 8)
    await hq_world.ExchangeRate.bulk_create(company.of(hq_world.ExchangeRate))
    await hq_world.ExchangeRate.all().update(recorded_at=NOON - timedelta(days=90))
    for code, days in (("SH", 2), ("PAR", 1)):
        log = Log(code)
        log.write(*(row for kind in hq_world.WRITTEN for row in company.of(kind, code)))
        for moment in (NOON - timedelta(days=days), NOON - timedelta(minutes=1)):
            with clock.use(FixedClock(moment)):
                await hq.receive(log)
                log.write(Department(branch=code, name="new"))
    between = NOON - timedelta(days=1, hours=3)
    with clock.use(FixedClock(NOON)):
        memo.forget()
        for name in ("sales", "receivables", "ageing", "profit", "targets", "staff-activity", "follow-up"):
            figure = await answer(name, Question(known_at=between, currency="CNY", locale="en", **FIRST))
            marks = {mark.branch: (mark.state, mark.complete_to) for mark in figure.watermarks}
            assert marks["PAR"] == ("never", None), name
            assert marks["SH"] == ("current", between), name
            paris = next(row for row in figure.rows if row.branch == "PAR")
            assert not any(isinstance(value, int) for value in actual(paris)), (name, paris)
            with use_locale("en"):
                assert "had not sent anything by then" in completeness(figure)
            within = Question(known_at=between, unit=parse_unit("branch:PAR"), currency="base", **FIRST)
            total = (await answer(name, within)).total
            assert not any(isinstance(value, int) for value in actual(total)), name
            before_all = Question(known_at=NOON - timedelta(days=3), currency="CNY", **FIRST)
            nothing = await answer(name, before_all)
            assert not any(isinstance(value, int) for value in actual(nothing.total)), (name, nothing)
            if name == "staff-activity":
                with use_locale("en"):
                    assert sentence(nothing) == "2 branches are not counted in this."
        for name in ("newest-customers", "signed-customers"):
            within = Question(known_at=between, unit=parse_unit("branch:PAR"), **FIRST)
            for question in (within, Question(known_at=NOON - timedelta(days=3), **FIRST)):
                assert (await answer(name, question)).total.values["count"] is None, (name, question)
            assert (await answer(name, Question(**FIRST))).total.number("count") is not None
        for tab, name in (("newest", "newest-customers"), ("signed", "signed-customers")):
            for moment in (between, NOON - timedelta(days=3), None):
                question = Question(
                    known_at=moment, **{**FIRST, "first": TODAY - timedelta(days=700), "last": TODAY}
                )
                asked = (await answer(name, question)).question
                shown = paging({"size": "100"}, sorts_of(tab), default_sort(tab))
                listed = await customers(
                    question, await directory(question), tab, asked.first, asked.last, "", shown
                )
                assert len(listed.rows) == len((await answer(name, question)).rows), (tab, moment)
                assert ("PAR" in {row["branch"] for row in listed.rows}) == (moment is None), (tab, moment)
        board = (await scoreboard(Question(known_at=between, **FIRST))).figure
        assert next(row for row in board.rows if row.branch == "PAR").values["sales"] is None
        board = (await scoreboard(Question(known_at=NOON - timedelta(days=3), **FIRST))).figure
        assert board.total.values["sales"] is None
        now = await answer("sales", Question(currency="CNY", **FIRST))
        assert all(row.values["sales"] is not None for row in now.rows)


async def test_a_cursor_from_before_gets_the_earliest_trace_of_its_branch(hq: Headquarters) -> None:
    company = hq_world.make_company(Random(5), ("SH",), 8)
    log = Log("SH")
    log.write(*(row for kind in hq_world.WRITTEN for row in company.of(kind, "SH")))
    first = NOON - timedelta(days=2)
    with clock.use(FixedClock(first)):
        await hq.receive(log)
        log.write(Department(branch="SH", name="new"))
    with clock.use(FixedClock(NOON)):
        await hq.receive(log)
    kept = await BranchCursor.get(branch="SH")
    assert kept.first_at == first
    await BranchCursor.all().update(first_at=None)
    await BranchCursor.create(branch="PAR", contact_at=NOON)
    assert await fill_first_reports() == 1
    enrolled = await BranchNode.filter(branch="SH").values_list("enrolled_at", flat=True)
    assert (await BranchCursor.get(branch="SH")).first_at == min([first, *enrolled])
    assert (await BranchCursor.get(branch="PAR")).first_at is None
    assert await fill_first_reports() == 0


def actual(line: Line) -> list[Any]:
    """What was done, without targets and the calendar."""
    return [value for key, value in line.values.items() if "target" not in key and key != "time_passed"]


async def test_what_was_on_time_is_forgotten_after_a_week_and_what_was_late_is_not(hq: Headquarters) -> None:
    company = hq_world.make_company(Random(3), ("SH",), 6)
    log = Log("SH")
    with clock.use(FixedClock(NOON)):
        log.write(*(row for kind in hq_world.WRITTEN for row in company.of(kind, "SH")))
        await hq.receive(log)
    late = "SELECT COUNT(*) FROM figure_journal WHERE period < received_on"
    count = await fetch_value(late)
    with clock.use(FixedClock(NOON + timedelta(days=8))):
        await journal.prune()
    assert count
    assert await fetch_value(late) == count
    assert await fetch_value("SELECT COUNT(*) FROM figure_journal") == count
