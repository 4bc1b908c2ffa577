"""A figure as of an earlier day does not change by what happens later, and equals what it was on that day."""

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest

from hq.figures import memo, rebuild
from hq.figures.queries import answer
from hq.figures.scoreboard import scoreboard
from hq.figures.shape import Question, parse_unit
from shared.database import Database
from shared.ids import new_id
from shared.money import convert
from shared.records import Allocation, Receipt, Receivable
from tests.support import hq_world
from tests.support.hq_world import RATES_BETWEEN, TODAY, owner_of, rest_of

THEN = TODAY - timedelta(days=20)


async def pay(row: Any, on: date) -> None:
    """A customer pays the rest of an instalment."""
    amount, rest = (
        rest_of(row),
        row.base_minor - row.received_base_minor - row.credited_base_minor - row.written_off_base_minor,
    )
    currency = hq_world.PLACES[row.branch][3]
    receipt = await Receipt.create(
        branch=row.branch, number="late", customer_id=row.customer_id, happened_on=on, currency=row.currency,
        amount_minor=amount, base_minor=convert(amount, row.currency, currency, RATES_BETWEEN[row.currency, currency]),
        **owner_of(row),
    )  # fmt: skip
    await Allocation.create(
        id=new_id(), branch=row.branch, receipt_id=receipt.id, receivable_id=row.id, order_id=row.order_id,
        customer_id=row.customer_id, happened_on=on, due_on=row.due_on, currency=row.currency, amount_minor=amount,
        base_minor=rest, **owner_of(row),
    )  # fmt: skip
    await Receivable.filter(id=row.id).update(received_minor=row.received_minor + amount)


async def reread() -> None:
    """The rollup after rows were written behind its back."""
    await rebuild.rebuild()
    memo.forget()


@pytest.mark.parametrize("name", ["receivables", "ageing"])
async def test_a_later_payment_does_not_change_an_earlier_day(hq: Database, name: str) -> None:
    company = hq_world.make_company(Random(21), ("HQ", "SH", "PAR"), 10)
    await hq_world.write(company)
    question = Question(as_of=THEN)
    inside = Question(as_of=THEN, unit=parse_unit("branch:SH"))
    before, within = await answer(name, question), await answer(name, inside)
    rows = [row for row in company.of(Receivable) if rest_of(row) > 0][:12]
    assert rows
    for row in rows:
        await pay(row, max(row.happened_on, THEN + timedelta(days=1)))
    await reread()
    assert (await answer(name, question)).rows == before.rows
    assert (await answer(name, inside)).total == within.total
    today = await answer(name, Question(as_of=TODAY + timedelta(days=40)))
    assert today.total.values["remaining"] != before.total.values["remaining"]


async def test_buckets_add_up_to_what_remains_on_every_day(hq: Database) -> None:
    company = hq_world.make_company(Random(8), ("HQ", "PAR", "TYO"), 10)
    await hq_world.write(company)
    for ago in (0, 1, 15, 40, 100, 300):
        day = TODAY - timedelta(days=ago)
        ageing = await answer("ageing", Question(as_of=day))
        receivables = await answer("receivables", Question(as_of=day))
        for line in (*ageing.rows, ageing.total):
            buckets = [
                line.number(key) or 0
                for key in ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")
            ]
            assert sum(buckets) == line.values["remaining"]
        assert ageing.total.values["remaining"] == receivables.total.values["remaining"]
        for line in (*receivables.rows, receivables.total):
            values = {key: line.number(key) or 0 for key in line.values}
            assert (
                values["due"]
                == values["received"] + values["credited"] + values["written_off"] + values["remaining"]
            )
            assert values["unallocated"] == values["receipts"] - values["received"]
            assert values["balance"] == values["remaining"] - values["unallocated"]


@pytest.mark.parametrize("days_ago", [0, 1, 20, 90])
async def test_the_board_of_a_span_owes_what_the_pages_of_its_last_day_say(
    hq: Database, days_ago: int
) -> None:
    """Also where it is already tomorrow, or still yesterday; the month that runs owes as of each branch's today."""
    company = hq_world.make_company(Random(22), ("HQ", "SH", "PAR", "KIR", "PAG"), 10)
    await hq_world.write(company)
    last = TODAY - timedelta(days=days_ago)
    board = (await scoreboard(Question(first=last.replace(day=1), last=last))).figure
    as_of = last if days_ago else None
    owed, aged = (
        await answer("receivables", Question(as_of=as_of)),
        await answer("ageing", Question(as_of=as_of)),
    )
    assert {row.unit: row.number("remaining") for row in board.rows} == {
        row.unit: row.number("remaining") for row in owed.rows
    }
    assert {row.unit: row.number("overdue") for row in board.rows} == {
        row.unit: row.number("overdue") for row in aged.rows
    }
    assert board.total.number("remaining")
