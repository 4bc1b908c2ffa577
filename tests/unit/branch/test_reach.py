"""Whatever the tree of people and departments: everybody sees, counts, exports and sums exactly the rows within reach."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branch_node.customers import queries as customers
from branch_node.customers.forms import FilterForm
from branch_node.feedback import queries as feedback
from branch_node.feedback.forms import ListForm as FeedbackForm
from branch_node.home import Home, at_home
from branch_node.lists import paging
from branch_node.opportunities import queries as opportunities
from branch_node.opportunities.forms import ListForm as OpportunityForm
from branch_node.orders import queries as orders
from branch_node.staff.queries import person_by_id
from branch_node.tasks import queries as tasks
from shared.database import Database, execute, transaction
from shared.permissions import Person, Scope
from shared.records import (
    Customer,
    Department,
    Employee,
    EmployeeRole,
    Feedback,
    Opportunity,
    Order,
    RoleGrant,
    Task,
)
from tests.support.cast import LIN, TODAY, acting, open_branch

PEOPLE, DEPARTMENTS = 6, 4
ACTIONS = ("customer.view", "customer.export", "order.view", "feedback.view", "opportunity.view", "task.view")
TABLES = (
    "customer", "sales_order", "feedback", "opportunity", "task", "employee_role", "employee", "department", "role_grant",
)  # fmt: skip


def forest(size: int) -> st.SearchStrategy[list[int | None]]:
    """For each place the place above it; none of them above itself."""
    above = [st.none() | st.integers(0, place - 1) if place else st.none() for place in range(size)]
    return st.tuples(*above).map(list)


class Company:
    """A drawn branch: who reports to whom, which department lies below which and is led by whom, whose rows there are."""

    def __init__(self, draw: Any) -> None:
        self.bosses = draw(forest(PEOPLE))
        self.parents = draw(forest(DEPARTMENTS))
        places = st.none() | st.integers(0, DEPARTMENTS - 1)
        self.homes = draw(st.tuples(*[places] * PEOPLE))
        self.leaders = draw(st.tuples(*[st.none() | st.integers(0, PEOPLE - 1)] * DEPARTMENTS))
        self.rows = draw(
            st.lists(st.tuples(st.none() | st.integers(0, PEOPLE - 1), places), min_size=1, max_size=8)
        )
        self.scope = draw(st.sampled_from(list(Scope)))
        self.viewer = draw(st.integers(0, PEOPLE - 1))

    def below(self, roots: set[int], above: list[int | None]) -> set[int]:
        """These places and all below them, found upwards: each place asks whether one above it is a root."""

        def line(place: int | None) -> Iterator[int]:
            while place is not None:
                yield place
                place = above[place]

        return {place for place in range(len(above)) if roots & set(line(place))}

    def may_see(self, owner: int | None, department: int | None) -> bool:
        """What the design says, on the drawn tree: own = mine and my subordinates', department = also my departments'."""
        if self.scope in (Scope.BRANCH, Scope.COMPANY):
            return True
        if owner is not None and owner in self.below({self.viewer}, self.bosses):
            return True
        mine = {place for place in range(DEPARTMENTS) if self.leaders[place] == self.viewer}
        if self.homes[self.viewer] is not None:
            mine.add(self.homes[self.viewer])
        return self.scope is Scope.DEPARTMENT and department in self.below(mine, self.parents)


def person_id(place: int | None) -> UUID | None:
    return None if place is None else UUID(int=0x7000_0000 + place)


def department_id(place: int | None) -> UUID | None:
    return None if place is None else UUID(int=0x7100_0000 + place)


async def write(company: Company) -> list[bool]:
    """The drawn branch into an empty database; for each row whether it is to be seen."""
    for table in TABLES:
        await execute(f'DELETE FROM "{table}"')
    for place in range(DEPARTMENTS):
        await Department.create(
            id=department_id(place), branch="SH", name=f"d{place}", parent_id=department_id(company.parents[place]),
            manager_id=person_id(company.leaders[place]),
        )  # fmt: skip
    for place in range(PEOPLE):
        await Employee.create(
            id=person_id(place), branch="SH", number=str(place), name=f"p{place}", manager_id=person_id(company.bosses[place]),
            department_id=department_id(company.homes[place]),
        )  # fmt: skip
    await EmployeeRole.create(branch="SH", employee_id=person_id(company.viewer), role_code="drawn")
    for action in ACTIONS:
        await RoleGrant.create(branch="SH", role_code="drawn", action=action, scope=str(company.scope))
    for place, (owner, department) in enumerate(company.rows):
        await write_row(
            place, {"branch": "SH", "owner_id": person_id(owner), "department_id": department_id(department)}
        )
    return [company.may_see(*row) for row in company.rows]


async def write_row(place: int, where: dict[str, Any]) -> None:
    """One of each kind, of the same owner and department, worth 1, 2, 4, ... so that a sum tells which are in it."""
    name, worth = f"r{place}", 1 << place
    customer = await Customer.create(
        code=name, name=name, search_key=name, currency="CNY", acquired_on=TODAY, **where
    )
    amounts = {
        "currency": "CNY",
        "base_minor": worth,
        "customer_id": customer.id,
        "happened_on": TODAY,
        **where,
    }
    await Order.create(number=name, base_currency="CNY", total_minor=worth, **amounts)
    await Opportunity.create(title=name, amount_minor=worth, **amounts)
    await Feedback.create(subject=name, customer_id=customer.id, happened_on=TODAY, **where)
    employee = where["owner_id"] or UUID(int=1)
    await Task.create(branch="SH", employee_id=employee, department_id=where["department_id"], title=name)


async def seen(person: Person) -> dict[str, set[str]]:
    """Names by where they were found."""
    every = FilterForm()
    listed = await customers.customer_page(person, every, paging({}, customers.SORTS, "name"))
    exported = await customers.export_rows(person, every, 100)
    assert listed.count == await customers.count_exactly(person, every) == len(exported)
    ordered = await orders.orders_page(person, orders.Filter(), paging({}, orders.SORTS, "number"))
    assert (await orders.sums_of(person, orders.Filter())).count == len(ordered.rows)
    chances = await opportunities.opportunity_page(
        person, OpportunityForm(), paging({}, opportunities.SORTS, "expected")
    )
    worth = sum(one.base.minor for one in (await opportunities.sums(person, OpportunityForm())).values())
    said = await feedback.feedback_page(
        person, FeedbackForm(), paging({}, feedback.SORTS, "-day"), only_open=False
    )
    given = await tasks.task_page(person, "team", paging({}, tasks.SORTS, "due"))
    return {
        "list": {row.name for row in listed.cut.rows},
        "export": {row.name for row in exported},
        "search": {row.name for row in (await customers.customer_page(person, FilterForm(q="r"), paging({}, customers.SORTS, "name"))).cut.rows},
        "typeahead": {row.label for row in await customers.pick_customers(person, "r")},
        "orders": {row.number for row in ordered.rows},
        "opportunities": {row.title for row in chances.rows},
        "sum": {f"r{place}" for place in range(8) if worth >> place & 1},
        "feedback": {row.subject for row in said.rows},
        "tasks": {row.title for row in given.rows},
    }  # fmt: skip


@pytest.fixture
async def emptied(database: Database) -> AsyncIterator[None]:
    with at_home(Home("SH")), acting(LIN):
        await open_branch()
        yield


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
async def test_everybody_sees_exactly_the_rows_of_his_subtree_or_department_as_granted(
    emptied: None, data: st.DataObject
) -> None:
    company = Company(data.draw)
    async with transaction():
        visible = await write(company)
    viewer = await person_by_id(person_id(company.viewer))
    assert viewer is not None
    expected = {f"r{place}" for place, is_seen in enumerate(visible) if is_seen}
    found = await seen(viewer)
    assert found == dict.fromkeys(found, expected)
