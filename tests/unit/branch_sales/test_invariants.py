"""Invariants of figures that no other room's test quantifies; tests/README.md has the table of all."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tortoise import fields

from branch_node.approvals.actions import decide
from branch_node.home import today
from branch_node.orders.actions import cancel_order, submit_order
from branch_node.orders.forms import CancelForm
from branch_node.orders.queries import Filter, sums_of
from shared.clock import FixedClock
from shared.database import Database, as_actor
from shared.periods import Month
from shared.records import Order, Receivable, Record
from tests.support.cast import LIN, MANAGER, NOON, SUN, customer_of
from tests.support.sales import approved_order, draft_order, receipt
from tests.unit.branch_sales.conftest import in_the_name_of

on_a_branch = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def test_no_column_is_a_float() -> None:
    columns = {
        f"{model.__name__}.{name}": field
        for model in Record.__subclasses__()
        for name, field in model._meta.fields_map.items()
    }
    assert len(columns) > 400
    wrong = [
        name for name, one in columns.items() if isinstance(one, (fields.FloatField, fields.DecimalField))
    ]
    narrow = [
        name
        for name, one in columns.items()
        if name.endswith("_minor") and not isinstance(one, fields.BigIntField)
    ]
    assert (wrong, narrow) == ([], [])


sales = st.lists(
    st.tuples(st.booleans(), st.integers(1, 9_000_000), st.sampled_from(["draft", "approved", "cancelled"])),
    min_size=1,
    max_size=4,
)


@on_a_branch
@given(sales)
@pytest.mark.usefixtures("branch")
async def test_sellers_together_are_credited_with_the_branchs_orders(
    wanted: list[tuple[bool, int, str]],
) -> None:
    month = Month.containing(today())
    before = await sold(month)
    for is_lins, fen, state in wanted:
        seller, approver = (LIN, SUN) if is_lins else (SUN, MANAGER)
        customer = await customer_of(seller)
        price = f"{fen // 100}.{fen % 100:02d}"
        if state == "draft":
            await draft_order(customer, seller.person, price=price)
            continue
        order = await approved_order(customer, seller.person, approver.person, price=price)
        if state == "cancelled":
            await cancel_order(MANAGER.person, order.id, CancelForm(reason="not wanted"))
    credited = await sold(month, owner_id=LIN.id) + await sold(month, owner_id=SUN.id)
    assert credited == await sold(month)
    assert credited - before == sum(fen for _, fen, state in wanted if state == "approved")


async def sold(month: Month, **who: object) -> int:
    """The month's sales in fen, of everybody or of one seller."""
    found = await sums_of(MANAGER.person, Filter(measure="sales", period=month, **who))  # type: ignore[arg-type]
    assert found.base_minor is not None
    return found.base_minor


@on_a_branch
@given(st.lists(st.integers(-72, 72), min_size=3, max_size=3))
async def test_a_clock_set_back_leaves_business_dates_alone(branch: Database, hours: list[int]) -> None:
    with in_the_name_of(LIN, NOON) as clock:
        customer = await customer_of(LIN)
        order = await draft_order(customer, price="700.00")
        entered = order.happened_on
        clock.advance(hours=hours[0])
        approved = await approve(order, clock, hours[1])
        dates = [(row.happened_on, row.due_on) for row in await Receivable.filter(order_id=order.id)]
        clock.advance(hours=hours[2])
        await receipt(customer, "100.00", on=str(today()))
        again = await Order.get(id=order.id)
        assert (again.happened_on, again.approved_on) == (entered, approved)
        assert [(row.happened_on, row.due_on) for row in await Receivable.filter(order_id=order.id)] == dates


async def approve(order: Order, clock: FixedClock, hours: int) -> object:
    """Submitted by Lin, approved by Sun some hours later or earlier; the business date of the approval."""
    with as_actor(LIN.id):
        request = await submit_order(LIN.person, order.id)
    clock.advance(hours=hours)
    with as_actor(SUN.id):
        await decide(SUN.person, request.id, "approve", "")
    return today()
