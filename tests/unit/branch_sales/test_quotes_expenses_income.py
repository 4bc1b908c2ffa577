"""Quotes in rounds, expenses, the month and its closing, products: on both engines."""

from datetime import date
from itertools import product
from uuid import uuid4

import pytest
from pydantic import ValidationError

from branch_node.approvals.actions import decide
from branch_node.approvals.queries import approvers_for
from branch_node.expenses.actions import (
    change_expense,
    enter_expense,
    pay_expense,
    submit_expense,
    withdraw_expense,
)
from branch_node.expenses.forms import ExpenseForm, PayForm
from branch_node.income.actions import close_period, period_shown, reopen_period
from branch_node.income.blocking import pending
from branch_node.income.queries import statement
from branch_node.lists import Paging
from branch_node.orders.actions import cancel_order, ship_order
from branch_node.orders.forms import CancelForm, ShipForm
from branch_node.products.actions import add_price, add_product, change_product
from branch_node.products.forms import PriceForm, ProductForm
from branch_node.products.queries import priced_products
from branch_node.quotations.actions import (
    accept_quotation,
    begin_round,
    change_quotation,
    enter_quotation,
    expire_quotations,
    reject_quotation,
    send_quotation,
    submit_quotation,
)
from branch_node.quotations.forms import QuotationForm
from branch_node.quotations.queries import SORTS, Filter, quotations_page
from branch_node.receipts.actions import allocate_receipt, reverse_receipt
from branch_node.staff.queries import person_by_id
from shared.database import as_actor
from shared.errors import Conflict, Invalid, NotAllowed, NotFound
from shared.periods import Month
from shared.permissions import Scope, reach
from shared.records import (
    AuditEntry,
    Branch,
    Department,
    Employee,
    Expense,
    FiscalPeriod,
    OrderLine,
    Product,
    Quotation,
    Receipt,
)
from tests.support.cast import (
    ADMIN,
    FINANCE_SH,
    LIN,
    MANAGEMENT_SH,
    MANAGER,
    SALES_SH,
    SHANGHAI,
    SUN,
    WANG,
    ZHOU,
    customer_of,
)
from tests.support.sales import approved_order, order_form, receipt
from tests.unit.branch_sales.conftest import in_the_name_of

pytestmark = pytest.mark.usefixtures("branch")
NOVEMBER = Month.of(2026, 11)


# --- quotes -----------------------------------------------------------------------------------------------------


def quote_form(customer, *, price: str = "1,000.00", discount: str = "", **more) -> QuotationForm:
    base = order_form(customer, price=price, discount=discount).model_dump(
        include={"customer_id", "currency", "happened_on", "lines"}
    )
    return QuotationForm.model_validate({**base, **more})


async def sent_quote(customer, **more) -> Quotation:
    quote = await enter_quotation(LIN.person, quote_form(customer, **more))
    return await send_quotation(LIN.person, quote.id)


async def test_an_accepted_quote_becomes_an_order_with_the_same_lines_and_sums():
    quote = await sent_quote(await customer_of(LIN, payment_terms_days=45), discount="5")
    order = await accept_quotation(LIN.person, quote.id)
    assert (order.total_minor, order.effective_discount_bp, order.payment_terms_days) == (95_000, 500, 45)
    assert (order.status, order.quotation_id) == ("draft", quote.id)
    (line,) = await OrderLine.filter(order_id=order.id)
    assert (line.text, line.price_minor, line.list_price_minor) == ("电机 M-20", 95_000, 100_000)
    assert (await accept_quotation(LIN.person, quote.id)).id == order.id


async def test_a_further_round_replaces_the_one_before_it():
    quote = await sent_quote(await customer_of(LIN))
    second = await begin_round(LIN.person, quote.id)
    assert (second.number, second.round, second.status, second.previous_id) == (
        quote.number,
        2,
        "draft",
        quote.id,
    )
    assert (await Quotation.get(id=quote.id)).status == "superseded"
    with pytest.raises(Conflict) as refused:
        await accept_quotation(LIN.person, quote.id)
    assert "replaced by a later round" in str(refused.value)
    with pytest.raises(Conflict):
        await begin_round(LIN.person, quote.id)
    listed = await quotations_page(LIN.person, Filter(), Paging("number", SORTS))
    assert [(row.number, row.round) for row in listed.rows] == [(quote.number, 2)]


async def test_a_quote_above_the_limit_is_sent_only_as_it_was_approved():
    east = await customer_of(LIN)
    quote = await enter_quotation(LIN.person, quote_form(east, discount="15"))
    with pytest.raises(Conflict) as refused:
        await send_quotation(LIN.person, quote.id)
    assert refused.value.code == "discount.above_limit"
    assert SUN.name in str(refused.value)
    request = await submit_quotation(LIN.person, quote.id)
    await decide(SUN.person, request.id, "approve", "")
    await change_quotation(LIN.person, quote.id, quote_form(east, discount="16"))
    with pytest.raises(Conflict):
        await send_quotation(LIN.person, quote.id)
    request = await submit_quotation(LIN.person, quote.id)
    await decide(SUN.person, request.id, "approve", "")
    assert (await send_quotation(LIN.person, quote.id)).status == "sent"


async def test_a_quote_within_the_limit_needs_nobody():
    quote = await enter_quotation(LIN.person, quote_form(await customer_of(LIN), discount="10"))
    with pytest.raises(Conflict) as refused:
        await submit_quotation(LIN.person, quote.id)
    assert refused.value.code == "approval.needless"
    assert (await send_quotation(LIN.person, quote.id)).status == "sent"


async def test_quotes_expire_by_the_clock_once_and_are_not_accepted_afterwards():
    quote = await sent_quote(await customer_of(LIN), valid_until_on="2026-11-21")
    with in_the_name_of(LIN) as clock:
        clock.set("2026-11-21T15:00:00+00:00")
        assert await expire_quotations() == 0
        clock.set("2026-11-21T17:00:00+00:00")
        with pytest.raises(Conflict) as refused:
            await accept_quotation(LIN.person, quote.id)
        assert refused.value.code == "quotation.expired"
        assert await expire_quotations() == 1
        assert await expire_quotations() == 0
    assert (await Quotation.get(id=quote.id)).status == "expired"


async def test_a_declined_quote_can_only_be_offered_again():
    quote = await sent_quote(await customer_of(LIN))
    await reject_quotation(LIN.person, quote.id)
    with pytest.raises(Conflict):
        await accept_quotation(LIN.person, quote.id)
    assert (await begin_round(LIN.person, quote.id)).round == 2


# --- expenses ---------------------------------------------------------------------------------------------------


def expense_form(**more) -> ExpenseForm:
    values = {
        "category": "travel", "amount": "120.00", "currency": "CNY", "happened_on": "2026-11-19", "description": "高铁",
    }  # fmt: skip
    return ExpenseForm.model_validate({**values, **more})


async def approved_expense(person=LIN.person, approver=SUN.person, **more) -> Expense:
    with as_actor(person.id):
        row = await enter_expense(person, expense_form(**more))
        request = await submit_expense(person, row.id)
    with as_actor(approver.id):
        await decide(approver, request.id, "approve", "")
    return await Expense.get(id=row.id)


async def test_an_expense_counts_from_approval_and_is_paid_by_finance():
    row = await approved_expense()
    assert (row.status, row.base_minor, row.approved_by) == ("approved", 12_000, SUN.id)
    with pytest.raises(Invalid):
        await pay_expense(WANG.person, row.id, PayForm.model_validate({"paid_on": "2026-11-18"}))
    row = await pay_expense(WANG.person, row.id, PayForm.model_validate({"paid_on": "2026-11-20"}))
    assert (row.status, row.paid_on) == ("paid", date(2026, 11, 20))
    with pytest.raises(NotAllowed):
        await pay_expense(LIN.person, row.id, PayForm.model_validate({"paid_on": "2026-11-20"}))


async def test_nobody_approves_his_own_expense_not_even_the_manager():
    with as_actor(SUN.id):
        row = await enter_expense(SUN.person, expense_form())
        request = await submit_expense(SUN.person, row.id)
    with pytest.raises(NotAllowed) as refused:
        await decide(SUN.person, request.id, "approve", "")
    assert refused.value.code == "approval.own"
    await decide(MANAGER.person, request.id, "approve", "")


async def test_an_expense_sent_back_is_corrected_and_submitted_again():
    row = await enter_expense(LIN.person, expense_form())
    request = await submit_expense(LIN.person, row.id)
    await decide(SUN.person, request.id, "reject", "缺发票")
    assert (await Expense.get(id=row.id)).reject_reason == "缺发票"
    await change_expense(LIN.person, row.id, expense_form(amount="100"))
    request = await submit_expense(LIN.person, row.id)
    await withdraw_expense(LIN.person, row.id)
    with pytest.raises(Conflict):
        await decide(SUN.person, request.id, "approve", "")


async def test_an_expense_of_tomorrow_or_of_an_unknown_kind_is_refused():
    for wrong in (
        {"happened_on": "2026-11-21"},
        {"category": "yachts"},
    ):
        with pytest.raises(Invalid) as refused:
            await enter_expense(LIN.person, expense_form(**wrong))
        assert set(refused.value.fields) == set(wrong)
    for amount in ("0", "1.234"):
        with pytest.raises(ValidationError, match="amount"):
            expense_form(amount=amount)


# --- the month --------------------------------------------------------------------------------------------------


async def test_the_month_adds_up_by_every_rule():
    east = await customer_of(LIN)
    kept = await approved_order(east)
    gone = await approved_order(east, price="400.00")
    await cancel_order(MANAGER.person, gone.id, CancelForm(reason="撤单"))
    await ship_order(SUN.person, kept.id, ShipForm.model_validate({"shipped_on": "2026-11-20"}))
    await receipt(east, "300.00")
    back = await receipt(east, "200.00")
    await reverse_receipt(WANG.person, back.id, "退回")
    await approved_expense()
    for rule, income in (("approval", 100_000), ("shipment", 100_000), ("receipt", 30_000)):
        await Branch.filter(branch="SH").update(income_rule=rule)
        found = await statement(MANAGER.person, NOVEMBER)
        assert (found.rule, found.whole.income_minor, found.whole.expense_minor) == (rule, income, 12_000)
        assert found.whole.profit_minor == income - 12_000
        assert sum(row.result.profit_minor for row in found.departments) == found.whole.profit_minor
        assert found.months[-1] == (NOVEMBER, found.whole)
        assert found.categories == {"travel": 12_000}


async def test_lins_month_holds_only_what_is_hers():
    await approved_order(await customer_of(LIN))
    await approved_order(await customer_of(SUN), seller=SUN.person, approver=MANAGER.person)
    assert (await statement(LIN.person, NOVEMBER)).whole.income_minor == 100_000
    assert (await statement(SUN.person, NOVEMBER)).whole.income_minor == 200_000


async def test_a_month_is_closed_when_nothing_waits_and_then_takes_nothing():
    with in_the_name_of(LIN) as clock:
        row = await enter_expense(LIN.person, expense_form())
        request = await submit_expense(LIN.person, row.id)
        with pytest.raises(Conflict) as refused:
            await close_period(WANG.person, NOVEMBER)
        assert refused.value.code == "period.running"
        clock.set("2026-12-02T04:00:00+00:00")
        with pytest.raises(Conflict) as refused:
            await close_period(WANG.person, NOVEMBER)
        assert row.number in str(refused.value)
        await decide(SUN.person, request.id, "approve", "")
        await close_period(WANG.person, NOVEMBER)
        with pytest.raises(Conflict):
            await close_period(WANG.person, NOVEMBER)
        with pytest.raises(Conflict) as refused:
            await enter_expense(LIN.person, expense_form())
        assert refused.value.code == "period.closed"
        with pytest.raises(Conflict):
            await receipt(await customer_of(LIN), "1.00", on="2026-11-30")
        await enter_expense(LIN.person, expense_form(happened_on="2026-12-01"))
        await reopen_period(WANG.person, NOVEMBER, "发票补录")
        await enter_expense(LIN.person, expense_form())
    assert (await AuditEntry.get(action="period.reopened")).details["reason"] == "发票补录"
    assert await FiscalPeriod.filter(branch="SH").count() == 12


async def test_only_finance_closes_and_reopens_months():
    with pytest.raises(NotAllowed):
        await close_period(MANAGER.person, Month.of(2026, 10))
    with pytest.raises(NotAllowed):
        await reopen_period(MANAGER.person, Month.of(2026, 10), "x y")


async def test_drafts_and_money_that_pays_nothing_yet_are_told_and_do_not_block():
    draft = await enter_expense(LIN.person, expense_form())
    paid = await receipt(await customer_of(LIN), "100.00", mode="none")
    with in_the_name_of(LIN) as clock:
        clock.set("2026-12-02T04:00:00+00:00")
        found = await pending(await period_shown(NOVEMBER))
        assert [one.number for one in found.drafts] == [draft.number]
        assert [(one.number, one.amount.minor) for one in found.unallocated] == [(paid.number, 10_000)]
        assert (list(found.submitted), list(found.earlier_open)) == ([], [])
        await close_period(WANG.person, NOVEMBER)


async def test_money_received_in_a_closed_month_is_allocated_from_today():
    with in_the_name_of(LIN) as clock:
        clock.set("2026-11-30T04:00:00+00:00")
        east = await customer_of(LIN)
        await receipt(east, "100.00", mode="none", on="2026-11-30")
        await approved_order(east, happened_on="2026-11-30")
        clock.set("2026-12-02T04:00:00+00:00")
        await close_period(WANG.person, NOVEMBER)
        paid = await Receipt.get(customer_id=east.id)
        (entry,) = await allocate_receipt(WANG.person, paid.id, "oldest", {})
        assert entry.happened_on == date(2026, 12, 2)


# --- products ---------------------------------------------------------------------------------------------------

KEEPER = ADMIN.with_grants(product__edit=Scope.BRANCH, product__view=Scope.BRANCH)


async def test_a_product_brings_its_price_of_the_day_to_an_order():
    form = {"code": "M-20", "name": "电机 M-20", "currency": "CNY", "list_price": "1,200", "cost": "800"}
    product = await add_product(KEEPER, ProductForm.model_validate(form))
    price = {"currency": "CNY", "price": "1,250", "from_on": "2026-12-01"}
    await add_price(KEEPER, product.id, PriceForm.model_validate(price))
    for day, expected in ((date(2026, 11, 30), 120_000), (date(2026, 12, 1), 125_000)):
        found = await priced_products(set(), {"ｍ-20"}, "CNY", day)
        assert found["ｍ-20"].price_minor == expected
    order = await approved_order(
        await customer_of(LIN),
        lines=[{"product_id_text": "M-20", "quantity": "2", "list_price": "5", "discount": "10"}],
    )
    assert (order.total_minor, order.cost_minor, order.effective_discount_bp) == (216_000, 160_000, 1_000)


async def test_a_code_is_taken_once_and_the_companys_products_are_not_changed_here():
    form = ProductForm.model_validate({"code": "M-20", "name": "电机", "currency": "CNY", "list_price": "1"})
    await add_product(KEEPER, form)
    with pytest.raises(Invalid) as refused:
        await add_product(KEEPER, form)
    assert set(refused.value.fields) == {"code"}
    theirs = await Product.create(
        branch="COMPANY", code="C-1", name="总部产品", currency="CNY", list_price_minor=1
    )
    with pytest.raises(Conflict) as refused:
        await change_product(KEEPER, theirs.id, form)
    assert refused.value.code == "product.company"
    with pytest.raises(NotAllowed):
        await add_product(LIN.person, form)


# --- who can approve --------------------------------------------------------------------------------------------


async def test_approvers_are_exactly_those_whose_reach_covers_the_document():
    below = await Department.create(branch="SH", name="一组", kind="sales", parent_id=SALES_SH)
    await Employee.filter(id=ZHOU.id).update(manager_id=SUN.id)
    people = [person for member in SHANGHAI if (person := await person_by_id(member.id)) is not None]
    assert len(people) == len(SHANGHAI)
    owners = [LIN.id, SUN.id, WANG.id, MANAGER.id, ZHOU.id, None]
    places = [SALES_SH, FINANCE_SH, MANAGEMENT_SH, below.id, None]
    for action, owner, place in product(["order.approve", "expense.approve"], owners, places):
        found = {row.id for row in await approvers_for(action, owner, place)}
        assert found == {
            person.id
            for person in people
            if person.may(action) and reach(person, action).covers(owner=owner, department=place)
        }, (action, owner, place)


async def test_a_request_that_is_not_there_is_not_found():
    with pytest.raises(NotFound):
        await decide(SUN.person, uuid4(), "approve", "")
