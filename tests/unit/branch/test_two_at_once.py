"""Two writers at the same moment: one plan, no number twice, no lost edit."""

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from branch_node.customers import actions as customers
from branch_node.customers.forms import CustomerForm
from branch_node.editing import ChangedMeanwhile
from branch_node.numbers import next_number
from branch_node.plans import actions as plans
from branch_node.plans.rules import read_line
from branch_node.staff import accounts
from branch_node.staff import actions as staff
from branch_node.staff.built_in import ensure_roles
from branch_node.staff.queries import person_by_id
from branch_node.staff.rules import mark_of_grants
from shared.database import Database, transaction
from shared.errors import Conflict, Invalid
from shared.ids import new_id
from shared.permissions import Scope
from shared.records import Customer, DailyPlan, Employee, EmployeeRole, PlanItem, RoleGrant
from tests.support.cast import ADMIN, LIN, MANAGER, SHANGHAI, SUN, TODAY, acting, customer_of, hire


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


async def told(*changes: Awaitable[object]) -> list[str]:
    """Of changes done at once, the codes of those that were refused."""
    answers = await asyncio.gather(*changes, return_exceptions=True)
    unexpected = [one for one in answers if isinstance(one, Exception) and not isinstance(one, Conflict)]
    assert not unexpected
    return [one.code for one in answers if isinstance(one, Conflict)]


async def test_of_two_who_change_the_same_role_one_is_told(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        await ensure_roles()
        before = {
            row.action: row.scope for row in await RoleGrant.filter(role_code="finance", deleted_at=None)
        }
        seen, wanted = mark_of_grants(before), {action: Scope(scope) for action, scope in before.items()}
        refused = await told(
            *(
                staff.set_grants(ADMIN.person, "finance", {**wanted, action: Scope.OWN}, seen=seen)
                for action in ("order.view", "news.view")
            )
        )
        rows = await RoleGrant.filter(role_code="finance", deleted_at=None)
    assert refused == ["role.changed"]
    assert [row.action for row in rows if row.scope != before.get(row.action)] in (
        ["order.view"],
        ["news.view"],
    )


async def test_two_administrators_who_remove_each_other_leave_one(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        await ensure_roles()
        await staff.set_roles(ADMIN.person, MANAGER.id, ["branch_admin"])
        other = await person_by_id(MANAGER.id)
        assert other is not None
        refused = await told(
            staff.set_roles(ADMIN.person, MANAGER.id, ["branch_manager"]),
            staff.set_roles(other, ADMIN.id, ["finance"]),
        )
        left = await EmployeeRole.filter(role_code="branch_admin", deleted_at=None)
    assert refused == ["staff.last_administrator"]
    assert len(left) == 1


async def test_the_last_administrator_is_neither_dismissed_nor_shut_out(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        await ensure_roles()
        account = await accounts.create_account(ADMIN.person, ADMIN.id, "he", "hash")
        deputy = replace(ADMIN.person, id=SUN.id)
        refused = await told(
            staff.end_employment(deputy, ADMIN.id, TODAY), accounts.disable_account(deputy, account.id)
        )
    assert refused == ["staff.last_administrator"] * 2
