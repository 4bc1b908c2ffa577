"""Two writers at the same moment: one plan, no number twice, no lost edit."""

import asyncio

from branch_node.customers import actions as customers
from branch_node.customers.forms import CustomerForm
from branch_node.editing import ChangedMeanwhile
from branch_node.numbers import next_number
from branch_node.plans import actions as plans
from branch_node.plans.rules import read_line
from shared.database import Database, transaction
from shared.records import Customer, DailyPlan, Employee, PlanItem
from tests.support.cast import LIN, SHANGHAI, acting, hire


async def test_ten_first_lines_at_once_make_one_plan(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        employee = await Employee.get(id=LIN.id)
        await asyncio.gather(
            *(plans.add_item(LIN.person, employee, read_line(f"事项{number}")) for number in range(10))
        )
        assert await DailyPlan.all().count() == 1
        positions = [item.position for item in await PlanItem.all()]
    assert sorted(positions) == list(range(1, 11))


async def test_no_number_is_given_twice_and_a_rollback_gives_it_back(database: Database) -> None:
    async def take() -> str:
        async with transaction():
            return await next_number("thing", "T")

    taken = await asyncio.gather(*(take() for _ in range(20)))
    assert sorted(taken) == [f"SH-T{number:06d}" for number in range(1, 21)]
    try:
        async with transaction():
            await next_number("thing", "T")
            raise RuntimeError
    except RuntimeError:
        pass
    assert await take() == "SH-T000021"


async def test_of_two_edits_at_once_one_is_told(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await customers.add_customer(LIN.person, CustomerForm(name="甲公司"))
        seen = await Customer.get(id=row.id)

        async def edit(city: str) -> str:
            form = CustomerForm(name="甲公司", city=city, revision=seen.revision)
            try:
                await customers.change_customer(LIN.person, seen, form)
            except ChangedMeanwhile:
                return ""
            return city

        saved = [city for city in await asyncio.gather(edit("上海"), edit("苏州")) if city]
        assert len(saved) == 1
        assert (await Customer.get(id=row.id)).city == saved[0]
