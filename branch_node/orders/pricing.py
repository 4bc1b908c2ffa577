"""Lines as typed -> lines with prices: the product's list price of the day, the discount or the price agreed.

The list price of a product comes from the price list, never from the form, so that a discount cannot hide in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.amounts import amount_in
from branch_node.orders.forms import DocumentForm, DocumentLineForm, InstalmentForm
from branch_node.orders.rules import Line, Totals, net_price, totals
from branch_node.products.queries import priced_products
from branch_node.searching import plain
from shared.errors import Invalid, Text
from shared.i18n import N_
from shared.money import LARGEST_MINOR


@dataclass(frozen=True)
class PricedLine:
    """A line ready to be written; `place` is where it was typed."""

    place: int
    product_id: UUID | None
    product_code: str
    text: str
    quantity_milli: int
    list_price_minor: int
    price_minor: int
    cost_minor: int

    @property
    def line(self) -> Line:
        return Line(self.quantity_milli, self.list_price_minor, self.price_minor)

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of an order or quotation line, `cost_minor` apart."""
        return {
            "product_id": self.product_id,
            "product_code": self.product_code,
            "text": self.text,
            "quantity_milli": self.quantity_milli,
            "list_price_minor": self.list_price_minor,
            "price_minor": self.price_minor,
            "amount_minor": self.line.amount_minor,
        }


@dataclass(frozen=True)
class Draft:
    """A document as it would be written: lines and sums."""

    lines: Sequence[PricedLine]
    totals: Totals

    @property
    def cost_minor(self) -> int:
        """What the lines cost the company, in the document's currency; 0 where it is not known."""
        return sum(Line(line.quantity_milli, 0, line.cost_minor).amount_minor for line in self.lines)


async def draft_of(form: DocumentForm, currency: str) -> Draft:
    """Price a document in a currency. Invalid with all faults at their boxes."""
    lines = await price_lines(form.lines, currency, form.happened_on)
    found = totals([line.line for line in lines], discount_bp=form.discount, tax_bp=form.tax)
    if found.total_minor >= LARGEST_MINOR:
        raise Invalid(N_("This document is too large. Check quantities and prices."), code="amount.too_large")
    return Draft(lines, found)


async def price_lines(forms: Sequence[DocumentLineForm], currency: str, day: date) -> list[PricedLine]:
    """Lines with their prices. Two queries, however many lines. Invalid with one message for each wrong box."""
    products = await priced_products(
        {form.product_id for form in forms if form.product_id},
        {form.product_id_text for form in forms if form.product_id_text},
        currency,
        day,
    )
    lines: list[PricedLine] = []
    faults: dict[str, str] = {}
    for number, form in enumerate(forms):
        try:
            lines.append(_price_line(number, form, products, currency))
        except Invalid as refused:
            faults.update(refused.fields)
    if faults:
        raise Invalid(fields=faults)
    return lines


def _price_line(
    number: int, form: DocumentLineForm, products: Mapping[Any, Any], currency: str
) -> PricedLine:
    place = number if form.place is None else form.place
    product = products.get(form.product_id)
    if product is None or (form.product_id_text and plain(form.product_id_text) not in product.names):
        product = products.get(form.product_id_text)
    if product is None and (form.product_id or form.product_id_text):
        message = N_(
            "No product has this code or name. Choose one from the list, or describe the line instead."
        )
        raise Invalid(fields={f"line-{place}-product_id": Text(message)})
    if product is None and not form.text:
        raise Invalid(fields={f"line-{place}-text": N_("Say what this line is, or choose a product.")})
    at_list = product.price_minor if product is not None else None
    if at_list is None:
        at_list = _typed_list_price(form, place, currency, product.name if product else "")
    price = net_price(at_list, form.discount or 0)
    if form.price is not None:
        price = amount_in(form.price, currency, f"line-{place}-price", least=0)
    return PricedLine(
        place,
        product.id if product else None,
        product.code if product else "",
        form.text or (product.name if product else ""),
        form.quantity,
        at_list,
        price,
        product.cost_minor if product else 0,
    )


def _typed_list_price(form: DocumentLineForm, place: int, currency: str, product: str) -> int:
    box = f"line-{place}-list_price"
    typed = form.list_price or form.price
    if typed:
        return amount_in(typed, currency, box if form.list_price else f"line-{place}-price", least=0)
    if product:
        message = N_("%(product)s has no price in %(currency)s. Enter its list price here.")
        raise Invalid(fields={box: Text(message, product=product, currency=currency)})
    raise Invalid(fields={box: N_("Enter the price per unit.")})


def plan_of(parts: Sequence[InstalmentForm], currency: str) -> list[dict[str, int]]:
    """Instalments as typed -> an instalment plan for `orders.rules.check_plan`. Invalid at the wrong box."""
    plan: list[dict[str, int]] = []
    for number, part in enumerate(parts):
        place = number if part.place is None else part.place
        if part.share is not None and part.amount is not None:
            message = N_("Give each instalment a share or give each an amount, not both.")
            raise Invalid(fields={f"part-{place}-amount": message})
        if part.share is not None:
            plan.append({"share_bp": part.share, "days": part.days})
        elif part.amount is not None:
            plan.append(
                {"amount_minor": amount_in(part.amount, currency, f"part-{place}-amount"), "days": part.days}
            )
        else:
            raise Invalid(
                fields={f"part-{place}-share": N_("Enter a share or an amount, or empty the line.")}
            )
    return plan
