"""Staff: who a person is, dated assignments, roles, accounts."""

from datetime import timedelta

import pytest

from branch_node.staff import accounts, actions, queries
from branch_node.staff.built_in import ensure_roles
from branch_node.staff.forms import DepartmentForm, DeputyForm, EmployeeForm, PlacementForm
from shared import clock
from shared.database import Database
from shared.errors import Conflict, Invalid, NotAllowed, NotFound
from shared.permissions import Scope
from shared.records import Assignment, AuditEntry, Employee, RoleGrant
from shared.web.accounts import company_link
from shared.web.models import Account
from tests.support.cast import (
    ADMIN,
    FINANCE_SH,
    LIN,
    SALES_SH,
    SHANGHAI,
    SUN,
    TODAY,
    WANG,
    ZHAO,
    acting,
    hire,
)


async def test_suns_person_has_his_department_and_lin_below_him(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        sun = await queries.person_by_id(SUN.id)
    assert sun is not None
    assert sun.staff_ids == {SUN.id, LIN.id}
    assert sun.department_id == SALES_SH
    assert SALES_SH in sun.department_ids
    assert sun.scope("customer.view") is Scope.DEPARTMENT
    assert sun.discount_limit_bp == 2_000


async def test_a_department_below_ones_own_is_within_reach(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        below = await actions.add_department(
            ADMIN.person, DepartmentForm(name="大客户组", parent_id=SALES_SH)
        )
        sun = await queries.person_by_id(SUN.id)
    assert sun is not None
    assert below.id in sun.department_ids


async def test_who_left_is_nobody(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        account = await accounts.create_account(ADMIN.person, LIN.id, "lin", "hash")
        await actions.end_employment(ADMIN.person, LIN.id, TODAY)
        assert await queries.person_by_id(LIN.id) is None
        assert (await Account.get(id=account.id)).disabled_at is not None


async def test_nobody_ends_his_own_employment(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        with pytest.raises(Conflict):
            await actions.end_employment(ADMIN.person, ADMIN.id, TODAY)


async def test_nobody_leaves_before_the_first_day(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        await Employee.filter(id=LIN.id).update(hired_on=TODAY)
        with pytest.raises(Invalid):
            await actions.end_employment(ADMIN.person, LIN.id, TODAY - timedelta(days=1))
        assert (await Employee.get(id=LIN.id)).active


async def test_lin_may_not_change_staff(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        with pytest.raises(NotAllowed):
            await actions.add_employee(LIN.person, EmployeeForm(name="新人"))


async def test_a_new_employee_gets_a_number_and_an_assignment(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        row = await actions.add_employee(
            ADMIN.person, EmployeeForm(name="郑凯", department_id=SALES_SH, position="销售代表")
        )
        assert row.number == "SH-E0001"
        assert row.search_key.startswith("zhengkai zk")
        assert [one.department_id for one in await queries.assignments_of(row.id)] == [SALES_SH]
        with pytest.raises(Invalid) as refused:
            await actions.add_employee(ADMIN.person, EmployeeForm(name="另一人", number=row.number))
        assert set(refused.value.fields) == {"number"}


async def test_a_move_of_tomorrow_holds_tomorrow(database: Database) -> None:
    with acting(ADMIN) as clock:
        await hire(*SHANGHAI)
        form = PlacementForm(starts_on=TODAY + timedelta(days=1), department_id=FINANCE_SH, position="会计")
        await actions.move_employee(ADMIN.person, LIN.id, form)
        assert (await Employee.get(id=LIN.id)).department_id == SALES_SH
        assert await actions.carry_out_moves() == 0
        clock.advance(days=1)
        assert await actions.carry_out_moves() == 1
        assert await actions.carry_out_moves() == 0
        moved = await Employee.get(id=LIN.id)
    assert (moved.department_id, moved.position) == (FINANCE_SH, "会计")


async def test_assignments_follow_each_other_without_a_gap(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        for days in (0, 10):
            form = PlacementForm(
                starts_on=TODAY + timedelta(days=days), department_id=FINANCE_SH, position=""
            )
            await actions.move_employee(ADMIN.person, LIN.id, form)
        rows = await Assignment.filter(employee_id=LIN.id).order_by("happened_on")
        assert [(row.happened_on, row.until_on) for row in rows] == [
            (TODAY, TODAY + timedelta(days=9)),
            (TODAY + timedelta(days=10), None),
        ]
        with pytest.raises(Invalid):
            await actions.move_employee(
                ADMIN.person,
                LIN.id,
                PlacementForm(starts_on=TODAY + timedelta(days=5), department_id=SALES_SH),
            )


async def test_nobody_becomes_the_manager_of_his_own_manager(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        with pytest.raises(Invalid) as refused:
            await actions.move_employee(
                ADMIN.person,
                SUN.id,
                PlacementForm(starts_on=TODAY, department_id=SALES_SH, manager_id=LIN.id),
            )
    assert "manager_id" in refused.value.fields


async def test_roles_widen_rights_and_are_noted(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        await ensure_roles()
        await actions.set_roles(ADMIN.person, LIN.id, ["salesperson", "finance"])
        lin = await queries.person_by_id(LIN.id)
    assert lin is not None
    assert lin.scope("receipt.record") is Scope.BRANCH
    assert lin.scope("customer.edit") is Scope.OWN


async def test_an_administrator_keeps_the_right_to_change_roles(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        await ensure_roles()
        with pytest.raises(Conflict):
            await actions.set_roles(ADMIN.person, ADMIN.id, ["salesperson"])
        still = await queries.person_by_id(ADMIN.id)
    assert still is not None
    assert still.may("role.edit")


async def test_built_in_roles_are_written_once(database: Database) -> None:
    with acting(ADMIN):
        assert await ensure_roles() == 6
        assert await ensure_roles() == 0


async def test_a_right_of_a_later_release_is_added_once_and_one_taken_away_stays_away(
    database: Database,
) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        await ensure_roles()
        await RoleGrant.filter(action="opportunity.view").delete()  # as if the database knew nothing of it
        taken = RoleGrant.filter(action="order.ship")
        await taken.update(deleted_at=clock.now())
        assert await ensure_roles() == 0
        await ensure_roles()
        given = await RoleGrant.filter(action="opportunity.view", deleted_at=None).values_list(
            "role_code", "scope"
        )
        assert sorted(given) == [
            ("branch_manager", "branch"), ("customer_manager", "branch"), ("sales_manager", "department"),
            ("salesperson", "own"),
        ]  # fmt: skip
        assert not await taken.filter(deleted_at=None).exists()


async def test_a_deputy_is_somebody_else_and_ends_when_taken_back(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        until = TODAY + timedelta(days=7)
        with pytest.raises(Invalid):
            await actions.name_deputy(
                SUN.person, SUN.id, DeputyForm(deputy_id=SUN.id, from_on=TODAY, until_on=until)
            )
        row = await actions.name_deputy(
            SUN.person, SUN.id, DeputyForm(deputy_id=WANG.id, from_on=TODAY, until_on=until)
        )
        assert await queries.deputised_by(WANG.id, TODAY) == {SUN.id}
        await actions.end_deputy(SUN.person, row.id)
        assert await queries.deputised_by(WANG.id, TODAY) == frozenset()


async def test_lin_names_no_deputy_for_sun(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        with pytest.raises(NotAllowed):
            await actions.name_deputy(
                LIN.person, SUN.id, DeputyForm(deputy_id=WANG.id, from_on=TODAY, until_on=TODAY)
            )


async def test_a_colleague_outside_reach_is_not_found(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI, ZHAO)
        assert (await queries.colleague_for(SUN.person, LIN.id, "plan.view")).id == LIN.id
        for stranger in (WANG.id, ZHAO.id):
            with pytest.raises(NotFound):
                await queries.colleague_for(SUN.person, stranger, "plan.view")


async def test_a_department_with_people_cannot_be_closed(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        with pytest.raises(Conflict):
            await actions.change_department(
                ADMIN.person, SALES_SH, DepartmentForm(name="销售部", active=False)
            )


async def test_an_administrator_unlinks_an_account_from_the_company_and_never_its_last_way_in(
    database: Database,
) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        account = await accounts.create_account(ADMIN.person, LIN.id, "lin", "hash")
        await Account.filter(id=account.id).update(oidc_subject="https://id.example u-1")
        with pytest.raises(NotAllowed):
            await accounts.unlink_company(LIN.person, account.id)
        await accounts.unlink_company(ADMIN.person, account.id)
        assert company_link(await Account.get(id=account.id)) == "off"
        await accounts.allow_company(ADMIN.person, account.id)
        assert company_link(await Account.get(id=account.id)) == "open"
        told = await AuditEntry.filter(action__startswith="account.", entity_id=LIN.id).order_by(
            "recorded_at"
        )
        assert [one.action for one in told] == ["account.created", "account.unlinked", "account.linkable"]
        assert told[1].person_id == ADMIN.id
        await Account.filter(id=account.id).update(oidc_subject="https://id.example u-1", password_hash="")
        with pytest.raises(Conflict) as refused:
            await accounts.unlink_company(ADMIN.person, account.id)
        assert refused.value.code == "account.last_way"
        assert company_link(await Account.get(id=account.id)) == "linked"
        assert await AuditEntry.filter(action="account.unlinked").count() == 1
