"""The branch's figures for itself: the shape of the contract, sums that agree, the reader's reach."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from branch_node.figures.queries import figure_named
from branch_node.figures.rules import NAMES, Parameters, parameters_of, table_text
from shared.database import Database, count_queries
from shared.errors import Invalid, NotAllowed, NotFound
from shared.permissions import Scope
from shared.records import (
    COMPANY,
    Activity,
    Allocation,
    DailyPlan,
    ExchangeRate,
    Expense,
    Order,
    PlanItem,
    Receipt,
    Receivable,
    Target,
    TargetLine,
)
from tests.support.cast import LIN, SHANGHAI, SUN, TODAY, WANG, acting, customer_of, hire

Answer = dict[str, Any]


async def order_of(customer: Any, member: Any, minor: int, on: date, **values: Any) -> Order:
    """An approved order with one instalment due in 30 days."""
    order = await Order.create(
        branch="SH", number=f"SO-{minor}", customer_id=customer.id, owner_id=member.id, department_id=member.department_id,
        status="approved", happened_on=on, approved_on=on, currency="CNY", base_currency="CNY", total_minor=minor,
        base_minor=minor, **values,
    )  # fmt: skip
    await Receivable.create(
        branch="SH", order_id=order.id, customer_id=customer.id, owner_id=member.id, department_id=member.department_id,
        happened_on=on, due_on=on + timedelta(days=30), currency="CNY", amount_minor=minor, base_minor=minor,
    )  # fmt: skip
    return order


async def pay(customer: Any, member: Any, minor: int, on: date) -> None:
    """A receipt allocated to the customer's first instalment, half of it."""
    receipt = await Receipt.create(
        branch="SH", number=f"R-{minor}", customer_id=customer.id, owner_id=member.id, department_id=member.department_id,
        happened_on=on, currency="CNY", amount_minor=minor, base_minor=minor, allocated_minor=minor // 2,
    )  # fmt: skip
    due = await Receivable.filter(customer_id=customer.id).first()
    assert due is not None
    await Allocation.create(
        branch="SH", receipt_id=receipt.id, receivable_id=due.id, order_id=due.order_id, customer_id=customer.id,
        owner_id=member.id, department_id=member.department_id, happened_on=on, due_on=due.due_on, currency="CNY",
        amount_minor=minor // 2, base_minor=minor // 2, receipt_base_minor=minor // 2,
    )  # fmt: skip


@pytest.fixture
async def books(database: Database) -> AsyncIterator[None]:
    """Lin sold 1,000.00 sixty days ago and 300.00 today, Sun 500.00 today; 200.00 came in, half of it allocated."""
    with acting(LIN):
        await hire(*SHANGHAI)
        east = await customer_of(LIN, "East", signed_on=TODAY - timedelta(days=60))
        west = await customer_of(SUN, "West", signed_on=TODAY, next_contact_on=TODAY - timedelta(days=1))
        await order_of(east, LIN, 100_000, TODAY - timedelta(days=60))
        await order_of(east, LIN, 30_000, TODAY)
        await order_of(west, SUN, 50_000, TODAY)
        await pay(east, LIN, 20_000, TODAY)
        await Expense.create(
            branch="SH", number="E-1", owner_id=LIN.id, department_id=LIN.department_id, status="approved",
            happened_on=TODAY, category="travel", currency="CNY", amount_minor=7_000, base_minor=7_000,
        )  # fmt: skip
        await Activity.create(
            branch="SH", customer_id=east.id, owner_id=LIN.id, department_id=LIN.department_id, kind="call", subject="x",
            happened_on=TODAY,
        )  # fmt: skip
        plan = await DailyPlan.create(
            branch="SH",
            employee_id=LIN.id,
            department_id=LIN.department_id,
            happened_on=TODAY,
            status="submitted",
        )
        for state in ("done", "planned"):
            await PlanItem.create(
                branch="SH", plan_id=plan.id, employee_id=LIN.id, department_id=LIN.department_id, happened_on=TODAY,
                text=state, status=state,
            )  # fmt: skip
        yield


async def ask(name: str, person: Any = None, **parameters: Any) -> Answer:
    return await figure_named(name, Parameters(**parameters), person)


def total_of(found: Answer, key: str) -> Decimal:
    return Decimal(found["total"][key])


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize("name", NAMES)
async def test_every_figure_has_the_shape_of_the_contract(name: str) -> None:
    found = await ask(name)
    assert found["figure"] == name
    assert set(found) == {"figure", "parameters", "columns", "rows", "total", "watermarks", "complete"}
    assert set(found["parameters"]) == {"unit", "from", "to", "as_of", "currency"}
    assert [mark["branch"] for mark in found["watermarks"]] == ["SH"]
    assert set(found["watermarks"][0]) == {"branch", "state", "complete_to", "position"}
    assert found["complete"] is True
    for row in (*found["rows"], found["total"]):
        assert row["currency"] == "CNY"
        assert row["branch"] == "SH"
    assert json.loads(json.dumps(found)) == found
    assert table_text(found).splitlines()[-1].startswith("total")


@pytest.mark.usefixtures("books")
@pytest.mark.parametrize("name", ["sales", "receivables", "ageing", "profit", "follow-up", "staff-activity"])
async def test_rows_add_up_to_the_total(name: str) -> None:
    found = await ask(name)
    for column in found["columns"]:
        if column["kind"] in ("money", "count"):
            parts = [Decimal(str(row[column["key"]])) for row in found["rows"]]
            assert sum(parts) == Decimal(str(found["total"][column["key"]])), column["key"]


@pytest.mark.usefixtures("books")
async def test_the_sums_are_those_of_the_books() -> None:
    sales = await ask("sales")
    assert (sales["total"]["orders"], sales["total"]["sales"]) == (2, "800.00")
    owed = await ask("receivables")
    assert [owed["total"][key] for key in ("due", "receipts", "received", "unallocated", "remaining", "balance")] == [
        "1800.00", "200.00", "100.00", "100.00", "1700.00", "1600.00",
    ]  # fmt: skip
    ageing = await ask("ageing")
    assert (ageing["total"]["days_1_30"], ageing["total"]["not_due"], ageing["total"]["overdue"]) == (
        "900.00", "800.00", "900.00",
    )  # fmt: skip
    assert total_of(ageing, "remaining") == total_of(owed, "remaining")
    profit = await ask("profit")
    assert (profit["total"]["income"], profit["total"]["expense"], profit["total"]["profit"]) == (
        "800.00", "70.00", "730.00",
    )  # fmt: skip
    work = await ask("staff-activity")
    lin = next(row for row in work["rows"] if row["name"] == LIN.name)
    assert (lin["plans"], lin["planned"], lin["done"], lin["open_items"], lin["followups"]) == (1, 2, 1, 1, 1)
    assert len(work["rows"]) == len(SHANGHAI)
    follow = await ask("follow-up")
    assert (follow["total"]["followups"], follow["total"]["overdue"]) == (1, 1)


@pytest.mark.usefixtures("books")
async def test_a_later_payment_changes_no_earlier_day() -> None:
    earlier = TODAY - timedelta(days=1)
    before = await ask("receivables", as_of=earlier)
    assert (before["total"]["due"], before["total"]["received"], before["total"]["remaining"]) == (
        "1000.00", "0.00", "1000.00",
    )  # fmt: skip
    aged = await ask("ageing", as_of=earlier)
    assert total_of(aged, "remaining") == total_of(before, "remaining")


@pytest.mark.usefixtures("books")
async def test_lin_gets_her_own_sums_and_sun_his_departments() -> None:
    lin = await ask("sales", LIN.person)
    sun = await ask("sales", SUN.person)
    assert (lin["total"]["sales"], sun["total"]["sales"]) == ("300.00", "800.00")
    assert [row["name"] for row in (await ask("receivables", LIN.person))["rows"]] == ["East"]
    assert len((await ask("staff-activity", LIN.person))["rows"]) == 1
    with pytest.raises(NotAllowed):
        await ask("profit", WANG.with_grants(customer__view=Scope.BRANCH))


@pytest.mark.usefixtures("books")
async def test_a_missing_rate_is_never_one() -> None:
    found = await ask("sales", currency="USD")
    assert found["complete"] is False
    assert found["total"]["sales"] is None
    assert found["total"]["missing_rates"] == [
        {"currency": "CNY", "to_currency": "USD", "on": TODAY.isoformat()}
    ]
    await ExchangeRate.create(
        branch=COMPANY, currency="CNY", to_currency="USD", happened_on=TODAY, rate_e9=140_000_000
    )
    converted = await ask("sales", currency="USD")
    assert (converted["complete"], converted["total"]["sales"]) == (True, "112.00")


@pytest.mark.usefixtures("books")
async def test_targets_say_no_data_where_there_is_none_and_compare_where_there_is() -> None:
    without = await ask("targets")
    assert without["total"]["month_target"] is None
    assert without["total"]["month_completion"] is None
    assert without["total"]["month_actual"] == "800.00"
    target = await Target.create(
        branch=COMPANY,
        year=2026,
        measure="sales",
        unit_kind="branch",
        unit_branch="SH",
        currency="CNY",
        amount=1_200_000,
    )
    for month in range(1, 13):
        await TargetLine.create(
            branch=COMPANY, target_id=target.id, period=f"2026-{month:02d}", amount=100_000
        )
    found = await ask("targets")
    assert [found["total"][f"month_{part}"] for part in ("target", "actual", "gap", "completion")] == [
        "1000.00", "800.00", "-200.00", "80.00",
    ]  # fmt: skip
    assert found["total"]["year_target"] == "12000.00"
    assert (await ask("targets", LIN.person))["total"]["month_target"] is None


@pytest.mark.usefixtures("books")
async def test_a_figure_costs_no_more_queries_at_any_size() -> None:
    costs = []
    for size in (10, 1_000):
        rows = [
            Activity(
                branch="SH", customer_id=LIN.id, owner_id=LIN.id, department_id=LIN.department_id, kind="call", subject="x",
                happened_on=TODAY,
            )
            for _ in range(size)
        ]  # fmt: skip
        await Activity.bulk_create(rows)
        counter = count_queries()
        for name in NAMES:
            await ask(name)
        costs.append(counter[0])
    assert costs[0] >= costs[1]


async def test_what_cannot_be_asked_is_said_field_by_field(sqlite_database: Database) -> None:
    with pytest.raises(Invalid) as refused:
        parameters_of({"from": "soon", "currency": "XXX", "measure": "luck"})
    assert set(refused.value.fields) == {"from", "currency", "measure"}
    with pytest.raises(Invalid):
        parameters_of({"from": "2026-11-20", "to": "2026-11-19"})
    with pytest.raises(NotFound):
        await ask("fortune")


def test_a_figure_comes_as_json_and_as_a_file(people: Any) -> None:
    found = people["ma"].open("/api/v1/figures/newest-customers").json()
    assert {row["name"] for row in found["rows"]} >= {"华东机电有限公司", "西部机床有限公司"}
    answer = people["ma"].open("/api/v1/figures/newest-customers?format=csv")
    rows = list(csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert any("西部机床有限公司" in row for row in rows)
    refused = people["ma"].open("/api/v1/figures/sales?from=soon")
    assert refused.status_code == 422
    assert "from" in refused.json()["error"]["fields"]
