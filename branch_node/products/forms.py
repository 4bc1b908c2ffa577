"""Forms of products."""

from typing import Annotated

from pydantic import StringConstraints

from branch_node.amounts import PriceOrNone, TypedPrice
from shared.web.forms import CurrencyCode, Day, FormModel, LongText, Tick, WholeNumber


class ProductForm(FormModel):
    """A product of the branch's own. Cost is in the currency of the price."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    category: Annotated[str, StringConstraints(max_length=80)] = ""
    unit: Annotated[str, StringConstraints(max_length=16)] = ""
    currency: CurrencyCode
    list_price: TypedPrice
    cost: PriceOrNone = ""
    description: LongText = ""
    active: Tick = False
    revision: WholeNumber | None = None


class PriceForm(FormModel):
    """A dated price."""

    currency: CurrencyCode
    price: TypedPrice
    from_on: Day
    until_on: Day | None = None


class FilterForm(FormModel):
    """What the list is narrowed to."""

    q: Annotated[str, StringConstraints(max_length=100)] = ""
    old: Tick = False
