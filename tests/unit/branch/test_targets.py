"""Target customers: each criterion finds those it means, and own fields are searched, filtered and listed."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branch_node.customers.actions import add_customer
from branch_node.customers.field_definitions import add_custom_field
from branch_node.customers.forms import CustomerForm, FilterForm
from branch_node.customers.queries import SORTS, customer_page, export_rows
from branch_node.customers.rules import OPEN_STATUSES, state_after
from branch_node.customers.states import set_states
from branch_node.customers.targets import with_custom
from branch_node.lists import paging
from branch_node.own_fields import custom_fields, custom_sql
from shared.database import Database
from shared.errors import NotFound
from shared.records import Customer, Opportunity, Order, OrderLine
from tests.support.cast import ADMIN, LIN, SHANGHAI, TODAY, acting, customer_of, hire


async def found(**filters: Any) -> set[str]:
    wanted = filters.pop("wanted", None) or FilterForm(**filters)
    page = await customer_page(LIN.person, wanted, paging({}, SORTS, "name"))
    assert {row.name for row in await export_rows(LIN_EXPORTS, wanted, 10)} == {
        row.name for row in page.cut.rows
    }
    return {row.name for row in page.cut.rows}


LIN_EXPORTS = LIN.with_grants(customer__export="own", customer__view="own")


async def order_of(customer: Customer, base_minor: int, days_ago: int, text: str = "电机 M-20") -> None:
    day = TODAY - timedelta(days=days_ago)
    order = await Order.create(
        branch="SH", number=f"O-{customer.name}", customer_id=customer.id, owner_id=LIN.id, status="executing",
        happened_on=day, approved_on=day, currency="CNY", base_currency="CNY", total_minor=base_minor,
        base_minor=base_minor,
    )  # fmt: skip
    await OrderLine.create(branch="SH", order_id=order.id, product_code="M-20", text=text)


async def test_what_was_bought_and_what_was_not_finds_customers(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        large, small, none = [
            await customer_of(LIN, name, city=city, industry="water")
            for name, city in (("大客户", "上海"), ("小客户", "苏州"), ("潜在", "上海"))
        ]
        await order_of(large, 5_000_000, 20)
        await order_of(small, 100_000, 200, "水泵")
        await Opportunity.create(
            branch="SH", customer_id=none.id, owner_id=LIN.id, title="项目", currency="CNY", happened_on=TODAY
        )
        assert await found(ordered_from="40,000") == {"大客户"}
        assert await found(unordered_days="90") == {"小客户", "潜在"}
        assert await found(bought="m-20") == {"大客户", "小客户"}
        assert await found(bought="水泵") == {"小客户"}
        assert await found(opportunity="1") == {"潜在"}
        assert await found(city="上海", industry="water") == {"大客户", "潜在"}


async def test_own_fields_are_found_by_search_and_by_criterion(database: Database) -> None:
    with acting(ADMIN):
        await hire(*SHANGHAI)
        for key, kind in (("vip", "tick"), ("contract_no", "text")):
            await add_custom_field(
                ADMIN.person,
                entity="customer",
                key=key,
                label=key,
                label_en="",
                kind=kind,
                choices=(),
                required=False,
            )
    with acting(LIN):
        await add_customer(LIN.person, CustomerForm(name="甲"), {"vip": True, "contract_no": "HT-2026-07"})
        await add_customer(LIN.person, CustomerForm(name="乙"), {"contract_no": "HT-2025-01"})
        definitions = await custom_fields()
        assert await found(q="ht-2026") == {"甲"}

        def asking(**query: str) -> FilterForm:
            return with_custom(FilterForm(), query, definitions)

        assert await found(wanted=asking(custom_vip="1")) == {"甲"}
        assert await found(wanted=asking(custom_contract_no="2025")) == {"乙"}
        assert await found(wanted=asking(custom_unknown="x")) == {"甲", "乙"}
        with pytest.raises(ValueError, match="not a key"):
            custom_sql("c.custom", "x'); drop")


async def test_customers_fall_asleep_are_lost_and_woken_up_as_what_they_were(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        signed = await customer_of(LIN, "老客户", status="customer", signed_on=TODAY)
        fresh = await customer_of(LIN, "新客户")
        foreign = await customer_of(ADMIN, "别人的")
        ids = [signed.id, fresh.id]
        assert await set_states(LIN.person, ids, "dormant") == 2
        assert await set_states(LIN.person, ids, "dormant") == 0
        assert await set_states(LIN.person, ids, "lost") == 2
        assert await set_states(LIN.person, ids, "customer") == 2
        states = {row.name: row.status for row in await Customer.filter(id__in=ids)}
        assert states == {"老客户": "customer", "新客户": "prospect"}
        with pytest.raises(NotFound):
            await set_states(LIN.person, [foreign.id], "lost")


@given(st.sampled_from(OPEN_STATUSES), st.booleans(), st.sampled_from(OPEN_STATUSES))
def test_no_state_is_given_that_orders_contradict(status: str, is_signed: bool, wanted: str) -> None:
    found = state_after(status, is_signed, wanted)
    assert found is None or found != status
    assert not (found == "customer" and not is_signed)
    assert not (found == "prospect" and is_signed)
    assert state_after("merged", is_signed, wanted) is None
