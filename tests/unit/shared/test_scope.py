"""The database gives exactly the rows that a reach covers: through the ORM and through SQL, on both engines."""

import itertools
from datetime import date
from uuid import UUID

import pytest

from shared.database import fetch_all
from shared.database.scope import reach_q, reach_sql
from shared.permissions import Reach, Scope
from shared.records.customers import Customer

STAFF = [UUID(int=number) for number in (1, 2, 3)]
DEPARTMENTS = [UUID(int=number) for number in (11, 12)]
BRANCHES = ["SH", "GZ"]


@pytest.fixture
async def customers(database):
    """One customer for each branch, owner (or none) and department (or none)."""
    places = itertools.product(BRANCHES, [*STAFF, None], [*DEPARTMENTS, None])
    for number, (branch, owner, department) in enumerate(places):
        await Customer.create(
            branch=branch,
            code=f"C{number}",
            name="客户",
            currency="CNY",
            acquired_on=date(2026, 11, 22),
            owner_id=owner,
            department_id=department,
        )
    return await Customer.all()


def reaches():
    for kind in Scope:
        for staff in ({STAFF[0]}, {STAFF[0], STAFF[2]}, set()):
            for departments in (set(), {DEPARTMENTS[0]}):
                for branches in (None, {"SH"}, {"SH", "GZ"}, set()):
                    bounds = None if branches is None else frozenset(branches)
                    yield Reach(kind, frozenset(staff), frozenset(departments), bounds)


async def test_orm_and_sql_give_what_the_reach_covers(customers):
    sizes = set()
    for reach in reaches():
        expected = {
            one.id
            for one in customers
            if reach.covers(owner=one.owner_id, department=one.department_id, branch=one.branch)
        }
        by_orm = await Customer.filter(reach_q(reach, branch_field="branch")).values_list("id", flat=True)
        condition, params = reach_sql(reach, "c.owner_id", "c.department_id", "c.branch")
        by_sql = await fetch_all(f"SELECT c.id FROM customer c WHERE {condition}", **params)
        assert set(by_orm) == expected, reach
        assert {UUID(str(row["id"])) for row in by_sql} == expected, reach
        sizes.add(len(expected))
    assert {0, 3, 12, 24} <= sizes  # nothing, one owner in one branch, one branch, everything


async def test_without_a_branch_column_only_owner_and_department_count(customers):
    reach = Reach(Scope.OWN, frozenset({STAFF[1]}), frozenset(), frozenset({"SH"}))
    expected = {one.id for one in customers if one.owner_id == STAFF[1]}
    assert set(await Customer.filter(reach_q(reach)).values_list("id", flat=True)) == expected
    condition, params = reach_sql(reach)
    assert len(await fetch_all(f"SELECT id FROM customer WHERE {condition}", **params)) == len(expected)


async def test_two_reaches_fit_into_one_statement(customers):
    one, one_params = reach_sql(Reach(Scope.OWN, frozenset(STAFF[:1]), frozenset(), None))
    other, other_params = reach_sql(
        Reach(Scope.OWN, frozenset(STAFF[1:2]), frozenset(), None), prefix="second"
    )
    rows = await fetch_all(f"SELECT id FROM customer WHERE {one} OR {other}", **one_params, **other_params)
    assert len(rows) == 2 * len(BRANCHES) * (len(DEPARTMENTS) + 1)
