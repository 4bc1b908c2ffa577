"""What is done with products: enter, change, price by date. Headquarters keeps its own; the branch changes only its own."""

from typing import Any
from uuid import UUID

from branch_node.amounts import amount_in
from branch_node.editing import locked
from branch_node.home import home
from branch_node.products.forms import PriceForm, ProductForm
from branch_node.products.queries import product_for
from branch_node.searching import search_key
from shared import clock
from shared.database import transaction
from shared.errors import Conflict, Invalid, NotFound, Text
from shared.i18n import N_
from shared.permissions import Person, require
from shared.records import PriceItem, Product


async def add_product(person: Person, form: ProductForm) -> Product:
    """Write a new product. Invalid when another one of the branch has the code."""
    require(person, "product.edit")
    async with transaction():
        await _refuse_taken_code(form.code, None)
        return await Product.create(branch=home().code, **_columns(form), active=True)


async def change_product(person: Person, product_id: UUID, form: ProductForm) -> Product:
    """Change a product or take it off sale. Conflict for one that headquarters keeps."""
    await product_for(person, product_id, "product.edit")
    async with transaction():
        row = await _own(product_id, form.revision)
        await _refuse_taken_code(form.code, row.id)
        row.update_from_dict({**_columns(form), "active": form.active})
        await row.save()
    return row


async def add_price(person: Person, product_id: UUID, form: PriceForm) -> PriceItem:
    """A price that holds from a day on. Invalid when its last day lies before the first."""
    await product_for(person, product_id, "product.edit")
    if form.until_on is not None and form.until_on < form.from_on:
        raise Invalid(fields={"until_on": N_("The last day lies before the first. Choose a later one.")})
    price = amount_in(form.price, form.currency, "price", least=0)
    async with transaction():
        row = await _own(product_id)
        return await PriceItem.create(
            branch=row.branch,
            product_id=row.id,
            currency=form.currency,
            price_minor=price,
            from_on=form.from_on,
            until_on=form.until_on,
        )


async def remove_price(person: Person, product_id: UUID, price_id: UUID) -> None:
    """Take a dated price away; documents that used it keep it."""
    await product_for(person, product_id, "product.edit")
    async with transaction():
        await _own(product_id)
        row = await PriceItem.get_or_none(
            id=price_id, product_id=product_id, branch=home().code, deleted_at=None
        )
        if row is None:
            raise NotFound()
        row.deleted_at = clock.now()
        await row.save()


def _columns(form: ProductForm) -> dict[str, Any]:
    return {
        "code": form.code,
        "name": form.name,
        "category": form.category,
        "unit": form.unit,
        "currency": form.currency,
        "list_price_minor": amount_in(form.list_price, form.currency, "list_price", least=0),
        "cost_minor": amount_in(form.cost, form.currency, "cost", least=0) if form.cost else 0,
        "description": form.description,
        "search_key": search_key(form.name, form.code, form.category, length=400),
    }


async def _own(product_id: UUID, revision: int | None = None) -> Product:
    row = await locked(Product, product_id, revision)
    if row.branch != home().code:
        raise Conflict(
            N_("HQ keeps %(name)s. Ask HQ to change it, or enter a product of your own."),
            code="product.company",
            name=row.name,
        )
    return row


async def _refuse_taken_code(code: str, own_id: UUID | None) -> None:
    taken = Product.filter(branch=home().code, code=code, deleted_at=None)
    if own_id is not None:
        taken = taken.exclude(id=own_id)
    if await taken.exists():
        raise Invalid(
            fields={
                "code": Text(N_("%(code)s is the code of another product. Choose another one."), code=code)
            }
        )
