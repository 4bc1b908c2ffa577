"""Approval in several steps by rule: who is asked next, who may not, what a refusal or an edit does, who is told."""

import pytest

from branch_node.approvals.actions import decide
from branch_node.approvals.queries import SORTS, Filter, requests_of, requests_page
from branch_node.approvals.rules import StepRule, further_steps
from branch_node.lists import paging
from branch_node.notifications.models import Notification
from branch_node.orders.actions import change_order, submit_order, withdraw_order
from branch_node.policies.actions import add_rule, switch
from branch_node.policies.forms import RuleForm
from branch_node.staff.built_in import ensure_roles
from shared.errors import Conflict, NotAllowed, NotFound
from shared.permissions import Person
from shared.records import ApprovalRequest, ApprovalRule, Customer, Order, Receivable
from tests.support.cast import ADMIN, LIN, MANAGER, SUN, WANG, customer_of
from tests.support.sales import draft_order, order_form


async def finance_looks_above(amount: str) -> ApprovalRule:
    await ensure_roles()
    form = RuleForm(name="财务复核", when="amount", threshold=amount, role_code="finance")
    return await add_rule(ADMIN.person, form)


async def waiting_for(person: Person) -> list[str]:
    cut = await requests_page(person, Filter("mine"), paging({}, SORTS, "asked"))
    return [row.number for row in cut.rows]


@pytest.mark.usefixtures("branch")
async def test_an_order_above_the_amount_goes_to_sales_and_then_to_finance():
    await finance_looks_above("5,000")
    east = await customer_of(LIN)
    order = await draft_order(east, price="5,000.01")
    request = await submit_order(LIN.person, order.id)
    assert (await waiting_for(SUN.person), await waiting_for(WANG.person)) == ([order.number], [])
    with pytest.raises(NotAllowed):
        await decide(WANG.person, request.id, "approve", "")
    await decide(SUN.person, request.id, "approve", "")
    assert await Receivable.all().count() == 0
    assert (await Order.get(id=order.id)).status == "submitted"
    assert (await waiting_for(SUN.person), await waiting_for(WANG.person)) == ([], [order.number])
    with pytest.raises(NotAllowed):
        await decide(SUN.person, request.id, "approve", "")
    with pytest.raises((NotAllowed, NotFound)):
        await decide(LIN.person, request.id, "approve", "")
    await decide(WANG.person, request.id, "approve", "ok")
    assert (await Order.get(id=order.id)).status == "approved"
    steps = (await requests_of("order", order.id))[0].steps
    assert [(one.status, one.decided_by, one.rule) for one in steps] == [
        ("approved", SUN.name, ""),
        ("approved", WANG.name, "财务复核"),
    ]
    told = {(row.person_id, row.kind) for row in await Notification.all()}
    assert {(SUN.id, "approval"), (WANG.id, "approval"), (LIN.id, "decided")} <= told
    assert (LIN.id, "approval") not in told


@pytest.mark.usefixtures("branch")
async def test_finance_refuses_and_an_edit_begins_all_steps_anew():
    rule = await finance_looks_above("100")
    east = await customer_of(LIN)
    order = await draft_order(east)
    request = await submit_order(LIN.person, order.id)
    await decide(SUN.person, request.id, "approve", "")
    await decide(WANG.person, request.id, "reject", "too long a term")
    assert (await Order.get(id=order.id)).status == "rejected"
    await change_order(LIN.person, order.id, order_form(east, price="900"))
    request = await submit_order(LIN.person, order.id)
    with pytest.raises(NotAllowed):
        await decide(WANG.person, request.id, "approve", "")
    await decide(MANAGER.person, request.id, "approve", "")
    await change_order_after(order, east, request)
    assert not await switch(ADMIN.person, "rules", rule.id)
    request = await submit_order(LIN.person, order.id)
    await decide(SUN.person, request.id, "approve", "")
    assert (await Order.get(id=order.id)).status == "approved"


async def change_order_after(order: Order, east: Customer, request: ApprovalRequest) -> None:
    """Half approved and then withdrawn and changed: the request is void, whoever decides it now."""
    await withdraw_order(LIN.person, order.id)
    await change_order(LIN.person, order.id, order_form(east, price="800"))
    with pytest.raises(Conflict):
        await decide(WANG.person, request.id, "approve", "")


def test_a_document_meets_the_rules_whose_bounds_it_passes_each_role_once():
    rules = [
        StepRule("big", "amount", 100, "finance", 2),
        StepRule("steep", "discount", 1_000, "branch_manager", 1),
        StepRule("owing", "credit", 0, "finance", 3),
    ]
    over = [{"code": "credit"}]
    assert [one.name for one in further_steps(rules, over, 101, 1_001)] == ["steep", "big"]
    assert [one.name for one in further_steps(rules, over, 100, 1_000)] == ["owing"]
    assert further_steps(rules, [], 100, 1_000) == []
