"""Random companies of one to twelve branches, sent as the branches would: every figure equals what the branches' own rows give,
for whoever asks; a cut branch keeps its last values; an earlier day as known at an earlier moment never changes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hq.figures.contract import as_contract
from hq.figures.queries import answer
from hq.figures.shape import Figure, Question, Unit
from hq.sales.queries import order_rows, orders, sorts_of
from shared import clock
from shared.clock import FixedClock
from shared.database import Database
from shared.records import (
    Activity,
    Adjustment,
    Allocation,
    DailyPlan,
    ExchangeRate,
    Expense,
    Order,
    OrderShare,
    PlanItem,
    Receipt,
    Receivable,
)
from shared.web.keyset import paging
from tests.support import databases, hq_world
from tests.support.databases import ENGINES, Templates
from tests.support.hq_oracle import AMOUNTS, Oracle, asked, converted, expected, latest_rate
from tests.support.hq_world import NOON, PLACES, TODAY, Company
from tests.support.wire import Branch, Headquarters

LATER = NOON + timedelta(minutes=45)
MAY_BE_LATE = (Receipt, Allocation, Adjustment, Expense, DailyPlan, PlanItem, Activity)


@dataclass
class Sending:
    """A company whose branches send a part of their rows first and the rest later."""

    random: Random
    company: Company
    logs: Mapping[str, Branch]
    sent: Company

    @classmethod
    def of(cls, random: Random) -> "Sending":
        codes = random.sample(list(PLACES), random.randint(1, len(PLACES)))
        company = hq_world.make_company(random, codes, 4)
        hq_world.split_orders(random, company)
        return cls(random, company, {code: Branch(code) for code in codes}, Company(codes=codes))

    def write(self, code: str, *, is_all: bool) -> None:
        """Rows into the branch's log: all that it lacks, or those that nothing else hangs on only now and then."""
        for kind in hq_world.WRITTEN:
            for row in self.company.of(kind, code):
                if row in self.sent.of(kind, code):
                    continue
                if is_all or kind not in MAY_BE_LATE or self.random.random() < 0.6:
                    self.logs[code].write(self.sent.add(row))

    def change(self, code: str) -> None:
        """Some orders and instalments are cancelled after all, some time ago; somebody moves to another department."""
        for row in [*self.sent.of(Order, code), *self.sent.of(Receivable, code)][::3]:
            if row.cancelled_on is None and row.happened_on <= TODAY - timedelta(days=9):
                row.cancelled_on = TODAY - timedelta(days=self.random.randint(0, 9))
                self.logs[code].write(row)
                for share in self.sent.of(OrderShare, code):
                    if share.order_id == row.id and share.approved_on is not None:
                        share.cancelled_on = row.cancelled_on
                        self.logs[code].write(share)
        for person in self.sent.of(hq_world.Employee, code)[:1]:
            person.department_id = self.sent.of(hq_world.Department, code)[-1].id
            self.logs[code].write(person)

    async def arrive(self, hq: Headquarters, *codes: str) -> None:
        """The logs in batches of any size, the branches in any order."""
        waiting = list(codes)
        while waiting:
            log = self.logs[self.random.choice(waiting)]
            left = len(log.rows) - log.position.seq
            until = log.position.seq + self.random.randint(min(left, 1), left)
            await hq.receive(log, log.batch(log.position.seq, until, log.position))
            log.position = log.position_at(until)
            waiting = [code for code in waiting if self.logs[code].position.seq < len(self.logs[code].rows)]


async def check(found: Sending, name: str, first: date, last: date, scope: frozenset[str] | None) -> None:
    """Each branch's row equals the oracle's, the total their sum; nothing of another branch is in the answer."""
    figure = await answer(name, asked(name, first, last, branches=scope))
    assert {line.branch for line in figure.rows} == (scope or set(found.logs))
    contract = as_contract(figure)
    assert {mark["branch"] for mark in contract["watermarks"]} == (scope or set(found.logs))
    for line in figure.rows:
        wanted = expected(found.sent, line.branch, name, first, last)
        rate = latest_rate(PLACES[line.branch][3], last)
        for key in AMOUNTS[name]:
            amount = converted(wanted[key], PLACES[line.branch][3], "CNY", rate)
            assert line.values[key] == amount, (name, line.branch, key, first, last)
        counts = {column.key for column in figure.columns if column.kind == "count"} & set(wanted)
        assert {key: line.values[key] for key in counts} == {key: wanted[key] for key in counts}, name
    for column in figure.columns:
        if column.kind in ("money", "count"):
            assert figure.total.values[column.key] == sum(
                line.number(column.key) or 0 for line in figure.rows
            )


async def check_sellers(found: Sending, first: date, last: date) -> None:
    """Each seller is credited with his own orders and his shares of split ones, by rollup and by rows; together that is the
    branch, and the orders listed behind his number add up to it."""
    for code in found.logs:
        figure = await answer(
            "sales",
            asked("sales", first, last, unit=Unit("branch", code), currency=PLACES[code][3], limit=1_000),
        )
        shown = {line.unit: line.number("sales") or 0 for line in figure.rows}
        wanted = Oracle(found.sent, code).sellers(first, last)
        assert shown == {unit: amount for unit, amount in wanted.items() if amount or unit in shown}
        assert sum(shown.values()) == figure.total.values["sales"]
        for unit in [one for one in shown if one.startswith("employee:")][:3]:
            of_one = await answer(
                "sales",
                asked(
                    "sales",
                    first,
                    last,
                    unit=Unit(*unit.split(":")),
                    by="order",
                    currency=PLACES[code][3],
                    limit=1_000,
                ),
            )
            assert of_one.total.values["sales"] == shown[unit]
            behind = 0
            for kind, sign in (("ordered", 1), ("cancelled", -1)):
                rows = (
                    await orders(
                        of_one, kind, paging({"size": "1000"}, sorts_of(kind), "-day", sizes=(1_000,))
                    )
                ).rows
                behind += sign * sum(row.base.minor for row in await order_rows(rows, kind, {}))
            assert behind == shown[unit]


def numbers(figure: Figure) -> Any:
    """All values of all rows."""
    return [(line.unit, dict(line.values)) for line in (*figure.rows, figure.total)]


async def as_of(name: str, day: date, **more: Any) -> Any:
    return numbers(await answer(name, Question(as_of=day, **more)))


async def example(database: Database, random: Random, first: date, last: date) -> None:
    """1. a part arrives  2. the rest arrives from all but one branch, with changes  3. everything is compared."""
    await hq_world.clear()
    found = Sending.of(random)
    await ExchangeRate.bulk_create(found.company.of(ExchangeRate))
    await ExchangeRate.all().update(recorded_at=NOON - timedelta(days=900))
    codes = list(found.logs)
    cut = random.choice(codes) if len(codes) > 1 else ""
    async with Headquarters(database) as hq:
        for code in codes:
            found.write(code, is_all=False)
        await found.arrive(hq, *codes)
        before = [await as_of(name, last) for name in ("receivables", "ageing")]
        with clock.use(FixedClock(LATER)):
            for code in set(codes) - {cut}:
                found.write(code, is_all=True)
                found.change(code)
            await found.arrive(hq, *sorted(set(codes) - {cut}))
            then = NOON + timedelta(minutes=1)
            assert before == [await as_of(name, last, known_at=then) for name in ("receivables", "ageing")]
            scopes = [None, frozenset(random.sample(codes, random.randint(1, len(codes)))), None]
            await check_sellers(found, first, last)
            for name in AMOUNTS:
                for scope in scopes:
                    await check(found, name, first, last, scope)
            states = {line.branch: line.state for line in (await answer("sales", Question())).rows}
            assert states == {code: "unreachable" if code == cut else "current" for code in codes}


@pytest.mark.parametrize("engine", ENGINES)
def test_random_companies_read_at_headquarters_as_at_their_branches(
    engine: str, templates: Templates, tmp_path: Path
) -> None:
    with asyncio.Runner() as runner, clock.use(FixedClock(NOON)):
        opened = databases.fresh_database(templates, engine, "hq", tmp_path)
        database = runner.run(opened.__aenter__())

        async def inside(seed: int, last: date, length: int) -> None:
            with database.use():
                await example(database, Random(seed), last - timedelta(days=length), last)

        @settings(
            max_examples=6 if engine == "sqlite" else 3,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
            phases=[Phase.generate],
        )
        @given(st.integers(0, 2**32), st.integers(-5, 400), st.integers(0, 400))
        def run(seed: int, ago: int, length: int) -> None:
            runner.run(inside(seed, TODAY - timedelta(days=ago), length))

        try:
            run()
        finally:
            runner.run(opened.__aexit__(None, None, None))
