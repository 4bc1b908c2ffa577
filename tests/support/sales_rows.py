"""One document of each kind in the Shanghai site of `branch_site`: Lin's, and an order of Sun's that Lin must not see."""

import re
from dataclasses import dataclass
from uuid import UUID

from branch_node.approvals.actions import decide
from branch_node.dunning.actions import ensure_levels
from branch_node.expenses.actions import enter_expense, submit_expense
from branch_node.expenses.forms import ExpenseForm
from branch_node.home import at_home, today
from branch_node.orders.actions import enter_order, submit_order
from branch_node.orders.forms import OrderForm
from branch_node.orders.queries import steps_of
from branch_node.quotations.actions import enter_quotation
from branch_node.quotations.forms import QuotationForm
from branch_node.receipts.actions import record_receipt
from branch_node.receipts.forms import ReceiptForm
from branch_node.receivables.actions import adjust
from branch_node.receivables.forms import AdjustmentForm
from branch_node.setup import APPS
from shared.database import as_actor, open_database
from shared.permissions import Person
from shared.records import Allocation, Order, PriceItem, Product, Receivable
from tests.support.branch_site import BranchSite
from tests.support.cast import LIN, MANAGER, SUN, WANG, customer_of


@dataclass(frozen=True)
class SalesRows:
    """Ids: `order` is approved and partly paid, `draft` a draft, `waiting` waits; `foreign` is Sun's own."""

    order: UUID
    draft: UUID
    waiting: UUID
    request: UUID
    step: UUID
    foreign: UUID
    quotation: UUID
    receivable: UUID
    adjustment: UUID
    receipt: UUID
    allocation: UUID
    expense: UUID
    product: UUID
    price: UUID
    customer: UUID
    level: UUID

    def fill(self, url: str) -> str:
        """The address with the ids of existing rows in its places."""
        by_prefix = {
            "/orders": self.order, "/api/v1/orders": self.order, "/quotes": self.quotation, "/api/v1/quotes": self.quotation,
            "/approvals": self.request, "/receivables/customers": self.customer,
            "/receivables/adjustments": self.adjustment, "/api/v1/receivables": self.receivable,
            "/dunning/levels": self.level, "/receivables": self.receivable,
            "/receipts/allocations": self.allocation, "/receipts": self.receipt, "/api/v1/receipts": self.receipt,
            "/expenses": self.expense, "/api/v1/expenses": self.expense, "/products": self.product,
        }  # fmt: skip
        own = next((row for prefix, row in by_prefix.items() if url.startswith(prefix)), UUID(int=0))
        places = {
            "id": own,
            "step": self.step,
            "price": self.price,
            "file": UUID(int=0),
            "kind": "rules",
            "month": "2026-10",
            "table": "activity",
            "revision": "1",
        }
        return re.sub(r"\{(\w+)\}", lambda match: str(places[match[1]]), url)


async def order_of(person: Person, customer: UUID, text: str, price: str = "1000") -> Order:
    """A draft of one line."""
    form = {"customer_id": customer, "happened_on": today(), "lines": [{"text": text, "list_price": price}]}
    with as_actor(person.id):
        return await enter_order(person, OrderForm.model_validate(form))


async def approved(person: Person, customer: UUID, text: str, approver: Person) -> Order:
    """An approved order of 1,000.00."""
    order = await order_of(person, customer, text)
    with as_actor(person.id):
        request = await submit_order(person, order.id)
    with as_actor(approver.id):
        await decide(approver, request.id, "approve", "")
    return await Order.get(id=order.id)


async def write_sales(site: BranchSite) -> SalesRows:
    """The documents, written by the real actions in the site's database."""
    async with open_database(site.settings.url_of_database, APPS):
        with at_home(site.settings.home), as_actor(LIN.id):
            return await _documents(site.rows.customer)


async def _documents(customer: UUID) -> SalesRows:
    product = await Product.create(
        branch="SH", code="M-20", name="电机 M-20", currency="CNY", list_price_minor=120_000, cost_minor=80_000,
        search_key="dianjim-20 djm-20 电机 m-20 m-20",
    )  # fmt: skip
    price = await PriceItem.create(
        branch="SH", product_id=product.id, currency="CNY", price_minor=125_000, from_on=today()
    )
    order = await approved(LIN.person, customer, "电机", SUN.person)
    waiting = await order_of(LIN.person, customer, "水泵")
    request = await submit_order(LIN.person, waiting.id)
    west = await customer_of(
        SUN, "西部机床二厂", search_key="xibujichuangerchang 西部机床二厂", acquired_on=today()
    )
    theirs = await approved(SUN.person, west.id, "机床大修", MANAGER.person)
    quote_form = {
        "customer_id": customer,
        "happened_on": today(),
        "lines": [{"text": "阀门", "list_price": "300"}],
    }
    quotation = await enter_quotation(LIN.person, QuotationForm.model_validate(quote_form))
    paid = {"customer_id": customer, "amount": "400", "happened_on": today()}
    receipt = await record_receipt(WANG.person, ReceiptForm.model_validate(paid), {})
    receivable = await Receivable.get(order_id=order.id)
    credit = {"kind": "credit", "amount": "50", "happened_on": today(), "reason": "质量扣款"}
    adjustment = await adjust(WANG.person, receivable.id, AdjustmentForm.model_validate(credit))
    spent = {
        "category": "travel",
        "amount": "120",
        "currency": "CNY",
        "happened_on": today(),
        "description": "高铁",
    }
    expense = await enter_expense(LIN.person, ExpenseForm.model_validate(spent))
    await submit_expense(LIN.person, expense.id)
    allocation = await Allocation.get(receipt_id=receipt.id)
    (step, *_rest) = [row for row in await steps_of(order.id) if row.kind == "pick"]
    draft = await order_of(LIN.person, customer, "备件")
    return SalesRows(
        order.id, draft.id, waiting.id, request.id, step.id, theirs.id, quotation.id, receivable.id, adjustment.id,
        receipt.id, allocation.id, expense.id, product.id, price.id, customer,
        (await ensure_levels())[0].id,
    )  # fmt: skip
