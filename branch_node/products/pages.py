"""What the templates of products receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.money import Money
from shared.records import PriceItem, Product
from shared.web.forms import Form
from shared.web.parts import Action, Crumb, Filters, TableView


@dataclass(frozen=True)
class ListPage:
    """products/list.html."""

    table: TableView
    filters: Filters
    actions: Sequence[Action]


@dataclass(frozen=True)
class FormPage:
    """products/form.html."""

    title: str
    crumbs: Sequence[Crumb]
    action_url: str
    cancel_url: str
    form: Form[Any]
    is_new: bool


@dataclass(frozen=True)
class PriceNote:
    """A dated price as shown; `state` says whether it holds today, held or will hold."""

    row: PriceItem
    price: Money
    state: str


@dataclass(frozen=True)
class ShowPage:
    """products/show.html: a product with its dated prices. `is_own` False: headquarters keeps it."""

    product: Product
    crumbs: Sequence[Crumb]
    actions: Sequence[Action]
    price: Money
    cost: Money | None
    prices: Sequence[PriceNote]
    is_own: bool
    can_edit: bool
    form: Form[Any]
