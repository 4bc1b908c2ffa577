"""Forms of products."""

from typing import Annotated

from pydantic import StringConstraints, field_validator

from branch_node.amounts import TypedAmount
from shared.i18n import N_
from shared.money import CURRENCIES
from shared.web.forms import Day, FormModel, LongText, Tick, WholeNumber, wrong_entry


def _currency(value: str) -> str:
    if value.upper() not in CURRENCIES:
        raise wrong_entry(N_("Enter a currency code such as CNY or USD."))
    return value.upper()


class ProductForm(FormModel):
    """A product of the branch's own. Cost is in the currency of the price."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    category: Annotated[str, StringConstraints(max_length=80)] = ""
    unit: Annotated[str, StringConstraints(max_length=16)] = ""
    currency: Annotated[str, StringConstraints(min_length=3, max_length=3)]
    list_price: TypedAmount
    cost: Annotated[str, StringConstraints(max_length=60)] = ""
    description: LongText = ""
    active: Tick = False
    revision: WholeNumber | None = None

    @field_validator("currency")
    @classmethod
    def _known(cls, value: str) -> str:
        return _currency(value)


class PriceForm(FormModel):
    """A dated price."""

    currency: Annotated[str, StringConstraints(min_length=3, max_length=3)]
    price: TypedAmount
    from_on: Day
    until_on: Day | None = None

    @field_validator("currency")
    @classmethod
    def _known(cls, value: str) -> str:
        return _currency(value)


class FilterForm(FormModel):
    """What the list is narrowed to."""

    q: Annotated[str, StringConstraints(max_length=100)] = ""
    old: Tick = False
