"""Two writers at the same moment: one plan, no number twice, no lost edit."""

import asyncio

import pytest

from branch_node.customers import actions as customers
from branch_node.customers.forms import CustomerForm
from branch_node.editing import ChangedMeanwhile
from branch_node.numbers import next_number
from branch_node.plans import actions as plans
from branch_node.plans.rules import read_line
from shared.database import Database, transaction
from shared.errors import Invalid
from shared.ids import new_id
from shared.records import Customer, DailyPlan, Employee, PlanItem
from tests.support.cast import LIN, SHANGHAI, acting, customer_of, hire


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


async def codes_of(*typed: str) -> list[str]:
    """The codes of customers entered one after the other, each with the code that is typed or without."""
    return [
        (await customers.add_customer(LIN.person, CustomerForm(name=f"公司{new_id()}", code=code))).code
        for code in typed
    ]


async def test_a_code_that_somebody_typed_is_never_given_out(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        await customer_of(LIN, code="SH-C000002")  # of a time when typing one did not count
        assert await codes_of("", "") == ["SH-C000001", "SH-C000003"]
        assert await codes_of("SH-C000007", "", "X-1", "SH-C0", "") == [
            "SH-C000007", "SH-C000008", "X-1", "SH-C0", "SH-C000009",
        ]  # fmt: skip
        assert await codes_of("SH-C999999", "") == ["SH-C999999", "SH-C1000000"]
        for gone in (
            "SH-C000008",
            "SH-C000010",
        ):  # carried by a customer; passed over, perhaps for one who is being entered
            with pytest.raises(Invalid):
                await codes_of(gone)


async def test_typed_and_given_codes_at_the_same_moment_differ(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        wanted = ["", "", "SH-C000003", "", "", "SH-C000004", "", "SH-C000004", ""]
        found = await asyncio.gather(*map(codes_of, wanted), return_exceptions=True)
        codes = [one[0] for one in found if isinstance(one, list)]
        assert all(isinstance(one, (list, Invalid)) for one in found)
        assert len(set(codes)) == len(codes) >= wanted.count("")
        assert sorted(codes) == sorted([row.code for row in await Customer.all()])


async def test_nobody_waits_for_the_code_of_a_customer_that_is_still_being_entered(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        entered, go_on = asyncio.Event(), asyncio.Event()

        async def slow_points(row: Customer, *, is_new: bool = False) -> None:
            entered.set()
            await go_on.wait()

        with monkeypatch.context() as patched:
            patched.setattr(customers, "write_points", slow_points)
            first = asyncio.create_task(codes_of(""))
            await entered.wait()
        async with asyncio.timeout(10):
            assert await codes_of("") == ["SH-C000002"]
        go_on.set()
        assert await first == ["SH-C000001"]
