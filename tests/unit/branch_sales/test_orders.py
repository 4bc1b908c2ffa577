"""Orders from entry to completion, on both engines: no effect before approval, and what approval, editing and
cancelling do."""

from datetime import date

import pytest

from branch_node.approvals.actions import decide
from branch_node.orders.actions import (
    cancel_order,
    change_order,
    complete_order,
    ship_order,
    submit_order,
    withdraw_order,
)
from branch_node.orders.execution import add_step, move_step, set_step
from branch_node.orders.forms import CancelForm, ShipForm, StepDoneForm, StepForm
from branch_node.orders.queries import lines_of, steps_of
from shared.errors import Conflict, Invalid, NotAllowed, NotFound
from shared.records import (
    Allocation,
    ApprovalRequest,
    Customer,
    ExchangeRate,
    ExecutionStep,
    FiscalPeriod,
    Order,
    Receipt,
    Receivable,
)
from tests.support.cast import LIN, MANAGER, SUN, WANG, ZHAO, customer_of
from tests.support.sales import approved_order, draft_order, order_form, receipt

pytestmark = pytest.mark.usefixtures("branch")


async def test_before_approval_an_order_has_no_effect_at_all():
    east = await customer_of(LIN)
    order = await draft_order(east)
    await submit_order(LIN.person, order.id)
    assert await Receivable.all().count() == 0
    assert await ExecutionStep.all().count() == 0
    customer = await Customer.get(id=east.id)
    assert (customer.signed_on, customer.status) == (None, "prospect")


async def test_approval_opens_instalments_plans_steps_and_signs_the_customer():
    east = await customer_of(LIN)
    parts = [{"share": "30", "days": "0"}, {"share": "70", "days": "30"}]
    order = await approved_order(east, price="11,694.14", parts=parts)
    rows = await Receivable.filter(order_id=order.id).order_by("position")
    assert [(row.amount_minor, row.due_on) for row in rows] == [
        (350_824, date(2026, 11, 20)),
        (818_590, date(2026, 12, 20)),
    ]
    assert sum(row.base_minor for row in rows) == order.base_minor == order.total_minor
    assert [step.kind for step in await steps_of(order.id)] == ["collect", "pick", "ship", "collect"]
    assert (order.status, order.approved_by, order.approved_on) == ("approved", SUN.id, date(2026, 11, 20))
    customer = await Customer.get(id=east.id)
    assert (customer.signed_on, customer.status) == (date(2026, 11, 20), "customer")


async def test_a_discount_above_the_sellers_limit_needs_a_wider_one():
    east = await customer_of(LIN)
    order = await draft_order(east, discount="21")
    request = await submit_order(LIN.person, order.id)
    assert request.reasons == [{"code": "discount", "effective_bp": 2_100, "limit_bp": 1_000}]
    with pytest.raises(NotAllowed) as refused:
        await decide(SUN.person, request.id, "approve", "")
    assert refused.value.code == "discount.above_limit"
    assert MANAGER.name in str(refused.value)
    assert (await Order.get(id=order.id)).status == "submitted"
    await decide(MANAGER.person, request.id, "approve", "")
    assert (await Order.get(id=order.id)).status == "approved"


async def test_a_refusal_needs_a_reason_and_goes_back_to_the_author():
    order = await draft_order(await customer_of(LIN))
    request = await submit_order(LIN.person, order.id)
    with pytest.raises(Invalid):
        await decide(SUN.person, request.id, "reject", " ")
    await decide(SUN.person, request.id, "reject", "价格太低")
    assert (await Order.get(id=order.id)).status == "rejected"
    with pytest.raises(Conflict):
        await decide(SUN.person, request.id, "approve", "")


async def test_the_author_cannot_approve_and_a_stranger_finds_nothing():
    order = await draft_order(await customer_of(SUN), seller=SUN.person)
    request = await submit_order(SUN.person, order.id)
    with pytest.raises(NotAllowed) as refused:
        await decide(SUN.person, request.id, "approve", "")
    assert refused.value.code == "approval.own"
    with pytest.raises(NotFound):
        await decide(LIN.person, request.id, "approve", "")


async def test_editing_after_approval_voids_it_and_takes_its_effects_back():
    east = await customer_of(LIN)
    order = await approved_order(east)
    changed = await change_order(
        LIN.person, order.id, order_form(east, price="900.00", revision=order.revision)
    )
    assert (changed.status, changed.approved_on, changed.approved_hash) == ("draft", None, "")
    assert {row.cancelled_on for row in await Receivable.filter(order_id=order.id)} == {date(2026, 11, 20)}
    assert [step.kind for step in await steps_of(order.id)] == []
    assert (await ApprovalRequest.get(entity_id=order.id)).status == "void"
    customer = await Customer.get(id=east.id)
    assert (customer.signed_on, customer.status) == (None, "prospect")


async def test_an_approved_order_with_money_on_it_is_not_edited():
    east = await customer_of(LIN)
    order = await approved_order(east)
    await receipt(east, "100.00")
    with pytest.raises(Conflict) as refused:
        await change_order(LIN.person, order.id, order_form(east, price="1.00"))
    assert refused.value.code == "order.has_money"
    assert (await Order.get(id=order.id)).status == "approved"


async def test_lines_changed_before_the_decision_are_noticed():
    east = await customer_of(LIN)
    order = await draft_order(east)
    request = await submit_order(LIN.person, order.id)
    (line,) = await lines_of(order.id)
    line.price_minor = 1
    await line.save()
    with pytest.raises(Conflict) as refused:
        await decide(SUN.person, request.id, "approve", "")
    assert refused.value.code == "approval.changed"


async def test_credit_over_the_limit_is_a_reason_and_a_hold_stops_approval():
    east = await customer_of(LIN, credit_limit_minor=150_000)
    await approved_order(east)
    second = await draft_order(east)
    request = await submit_order(LIN.person, second.id)
    (reason,) = request.reasons
    assert (reason["code"], reason["exposure_minor"], reason["limit_minor"]) == ("credit", 200_000, 150_000)
    assert reason["undelivered_minor"] == 100_000
    await Customer.filter(id=east.id).update(credit_hold=True)
    with pytest.raises(Conflict) as refused:
        await decide(SUN.person, request.id, "approve", "")
    assert refused.value.code == "credit.hold"
    await Customer.filter(id=east.id).update(credit_hold=False)
    await decide(SUN.person, request.id, "approve", "")


async def test_what_the_approver_saw_must_still_hold():
    east = await customer_of(LIN, credit_limit_minor=150_000)
    first, second = await draft_order(east), await draft_order(east)
    one, other = await submit_order(LIN.person, first.id), await submit_order(LIN.person, second.id)
    from branch_node.approvals.subjects import subject_of

    seen = (await subject_of("order", second.id, LIN.id)).seen
    await decide(SUN.person, one.id, "approve", "")
    with pytest.raises(Conflict) as refused:
        await decide(SUN.person, other.id, "approve", "", seen)
    assert refused.value.code == "approval.changed"


async def test_cancelling_gives_the_money_back_to_the_customers_credit():
    east = await customer_of(LIN)
    order = await approved_order(east)
    paid = await receipt(east, "400.00")
    cancelled, released = await cancel_order(MANAGER.person, order.id, CancelForm(reason="客户撤单"))
    assert (cancelled.status, released) == ("cancelled", 40_000)
    (row,) = await Receivable.filter(order_id=order.id)
    assert (row.received_minor, row.received_base_minor, row.cancelled_on) == (0, 0, date(2026, 11, 20))
    assert (await Receipt.get(id=paid.id)).allocated_minor == 0
    assert await Allocation.filter(reverses_id__isnull=False).count() == 1
    assert (await Customer.get(id=east.id)).signed_on == date(2026, 11, 20)
    with pytest.raises(Conflict):
        await cancel_order(MANAGER.person, order.id, CancelForm(reason="again"))


async def test_an_order_is_completed_when_every_step_is_closed():
    east = await customer_of(LIN)
    order = await approved_order(east)
    with pytest.raises(Conflict) as refused:
        await complete_order(LIN.person, order.id)
    assert refused.value.code == "order.open_steps"
    await ship_order(
        SUN.person, order.id, ShipForm.model_validate({"shipped_on": "2026-11-20", "proof": "SF-1"})
    )
    await receipt(east, "1,000.00")
    steps = {step.kind: step for step in await steps_of(order.id)}
    assert {kind: step.status for kind, step in steps.items()} == {
        "pick": "pending",
        "ship": "done",
        "collect": "done",
    }
    assert steps["ship"].proof == "SF-1"
    await set_step(LIN.person, order.id, steps["pick"].id, StepDoneForm(outcome="skipped"))
    assert (await complete_order(LIN.person, order.id)).status == "completed"


async def test_a_reversed_receipt_opens_the_collection_again():
    from branch_node.receipts.actions import reverse_receipt

    east = await customer_of(LIN)
    order = await approved_order(east)
    paid = await receipt(east, "1,000.00")
    assert (await ExecutionStep.get(order_id=order.id, kind="collect")).status == "done"
    await reverse_receipt(WANG.person, paid.id, "支票退回")
    assert (await ExecutionStep.get(order_id=order.id, kind="collect")).status == "pending"


async def test_own_steps_are_added_and_moved_and_facts_are_not_ticked_by_hand():
    order = await approved_order(await customer_of(LIN))
    step = await add_step(LIN.person, order.id, StepForm.model_validate({"kind": "install", "title": "调试"}))
    await move_step(LIN.person, order.id, step.id, "up")
    assert [row.kind for row in await steps_of(order.id)] == ["pick", "ship", "install", "collect"]
    collect = await ExecutionStep.get(order_id=order.id, kind="collect")
    with pytest.raises(Conflict) as refused:
        await set_step(LIN.person, order.id, collect.id, StepDoneForm(outcome="done"))
    assert "Record the receipt" in str(refused.value)
    await set_step(LIN.person, order.id, step.id, StepDoneForm(outcome="done", proof="报告 7"))
    assert (await Order.get(id=order.id)).status == "executing"


async def test_a_withdrawn_order_waits_for_nobody():
    order = await draft_order(await customer_of(LIN))
    request = await submit_order(LIN.person, order.id)
    assert (await withdraw_order(LIN.person, order.id)).status == "draft"
    with pytest.raises(Conflict):
        await decide(SUN.person, request.id, "approve", "")


async def test_a_foreign_order_enters_the_books_at_the_rate_of_the_day_or_not_at_all():
    east = await customer_of(LIN, currency="USD")
    order = await draft_order(east, price="100.00")
    with pytest.raises(Conflict) as refused:
        await submit_order(LIN.person, order.id)
    assert refused.value.code == "rate.missing"
    await ExchangeRate.create(
        branch="COMPANY",
        currency="USD",
        to_currency="CNY",
        happened_on=date(2026, 11, 1),
        rate_e9=7_123_456_789,
    )
    request = await submit_order(LIN.person, order.id)
    await decide(SUN.person, request.id, "approve", "")
    order = await Order.get(id=order.id)
    assert (order.total_minor, order.base_minor, order.rate_e9) == (10_000, 71_235, 7_123_456_789)


async def test_a_closed_month_takes_no_approval_and_says_where_to_post():
    for code, first, after, closed in (
        ("2026-11", date(2026, 11, 1), date(2026, 12, 1), True),
        ("2026-12", date(2026, 12, 1), date(2027, 1, 1), False),
    ):
        await FiscalPeriod.create(
            branch="SH",
            code=code,
            first_on=first,
            after_on=after,
            closed_at=1 if closed else None,
        )
    order = await draft_order(await customer_of(LIN))
    request = await submit_order(LIN.person, order.id)
    with pytest.raises(Conflict) as refused:
        await decide(SUN.person, request.id, "approve", "")
    assert str(refused.value) == "2026-11 is closed. Post into 2026-12 or ask finance to reopen it."


async def test_lin_sells_to_her_own_customers_only():
    with pytest.raises(NotFound):
        await draft_order(await customer_of(SUN))
    with pytest.raises(NotFound):
        await submit_order(ZHAO.person, (await draft_order(await customer_of(LIN))).id)


async def test_wrong_boxes_are_named_each_by_its_own():
    east = await customer_of(LIN)
    with pytest.raises(Invalid) as refused:
        await draft_order(
            east,
            lines=[{"text": "a", "list_price": "1.005"}, {"product_id_text": "nothing like it"}],
            currency=None,
        )
    assert set(refused.value.fields) == {"line-0-list_price", "line-1-product_id"}
