"""Pages of products."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.editing import ChangedMeanwhile
from branch_node.home import home, today
from branch_node.listing import Listing, nothing, wants_file, whole
from branch_node.lists import paging
from branch_node.picking import PickPage
from branch_node.products import actions, queries
from branch_node.products.forms import FilterForm, PriceForm, ProductForm
from branch_node.products.pages import FormPage, ListPage, PriceNote, ShowPage
from branch_node.products.rules import DatedPrice
from branch_node.requests import path_id, typed_query
from shared.errors import Conflict, Invalid
from shared.i18n import gettext as _
from shared.i18n import render
from shared.money import Money, format_amount
from shared.permissions import Person
from shared.records import PriceItem, Product
from shared.web.forms import Form, empty_form, read_form, read_query, with_error, with_errors
from shared.web.parts import Action, Chip, Column, Crumb, Field, Filters, Option
from shared.web.responses import page, part, redirect
from shared.web.templating import with_query


async def show_list(request: Request) -> Response:
    person: Person = request.state.person
    form = read_query(request, FilterForm)
    wanted = form.value if not form.errors else FilterForm()
    order = paging(request.query_params, queries.SORTS, "name")
    if wants_file(request):
        found = await queries.products_page(person, whole(order), wanted.q, with_old=wanted.old)
        return await listing().file(request, found.rows, scope=_("all branches"), filters=wanted.q)
    cut = await queries.products_page(person, order, wanted.q, with_old=wanted.old)
    new = (
        [Action(_("New product"), "/products/new", "plus", is_primary=True, key="n")]
        if person.may("product.edit")
        else []
    )
    empty = nothing(
        bool(wanted.q),
        _("Products that HQ or this branch sells appear here."),
        _("No product matches these filters."),
        "/products",
        new[0] if new else None,
    )
    chips = (
        [Chip(_('contains "%(text)s"', text=wanted.q), with_query(q=None, after=None, before=None))]
        if wanted.q
        else []
    )
    fields = [
        Field("q", _("Name or code"), "search", width="m"),
        Field("old", _("Also products no longer sold"), "tick"),
    ]
    filters = Filters(fields, form, "/products", chips, "", "/products" if chips else "")
    table = await listing().table(request, cut, order, None, empty)
    return page(request, "products/list.html", ListPage(table, filters, new))


def listing() -> Listing[queries.ProductRow]:
    """How a product is shown in a list."""
    return Listing(
        key="products",
        caption=_("Products"),
        columns=[
            Column("name", _("Name"), sort="name", phone="head"),
            Column("code", _("Product code"), sort="code", phone="second"),
            Column("category", _("Category")),
            Column("unit", _("Unit")),
            Column("price", _("List price"), "money", phone="second"),
            Column("keeper", _("Kept by")),
            Column("state", _("State"), "status"),
        ],
        cells=cells,
        url=lambda row: f"/products/{row.id}",
        row_id=lambda row: str(row.id),
        hidden=("unit",),
    )


def cells(row: queries.ProductRow) -> Mapping[str, Any]:
    return {
        "name": row.name,
        "code": row.code,
        "category": row.category or None,
        "unit": row.unit or None,
        "price": row.price,
        "keeper": _("this branch") if row.is_own else _("HQ"),
        "state": "active" if row.active else "disabled",
    }


async def pick(request: Request) -> Response:
    """Answer of the typeahead on order lines."""
    hits = await queries.pick_products(request.state.person, typed_query(request))
    return part(request, "pick.html", PickPage([Option(str(hit.value), hit.label, hit.hint) for hit in hits]))


async def show_product(request: Request) -> Response:
    row = await queries.product_for(request.state.person, path_id(request))
    form = empty_form(currency=row.currency, from_on=today())
    return page(request, "products/show.html", await show_page(request, row, form))


async def show_page(request: Request, row: Product, form: Form[Any]) -> ShowPage:
    person: Person = request.state.person
    is_own = row.branch == home().code
    can_edit = is_own and person.may("product.edit")
    prices = [
        PriceNote(
            one,
            Money(one.price_minor, one.currency),
            state_of(one),
        )
        for one in await queries.prices_of(row.id)
    ]
    edit = [Action(_("Edit"), f"/products/{row.id}/edit", "pencil", key="e")] if can_edit else []
    return ShowPage(
        row,
        [Crumb(_("Products"), "/products")],
        edit,
        Money(row.list_price_minor, row.currency),
        Money(row.cost_minor, row.currency) if row.cost_minor and person.may("product.edit") else None,
        prices,
        is_own,
        can_edit,
        form,
    )


def state_of(price: PriceItem) -> str:
    """Whether a dated price holds today, will or did."""
    if DatedPrice(price.currency, price.price_minor, price.from_on, price.until_on).holds(today()):
        return _("holds today")
    return _("not in force yet") if price.from_on > today() else _("no longer in force")


async def new_product(request: Request) -> Response:
    return page(request, "products/form.html", form_page(empty_form(currency=home().currency), None))


def form_page(form: Form[Any], row: Product | None) -> FormPage:
    back = f"/products/{row.id}" if row else "/products"
    return FormPage(
        row.name if row else _("New product"),
        [Crumb(_("Products"), "/products")],
        back,
        back,
        form,
        row is None,
    )


async def add_product(request: Request) -> Response:
    form = await read_form(request, ProductForm)
    if not form.errors:
        try:
            row = await actions.add_product(request.state.person, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/products/{row.id}", toast=_("%(name)s saved.", name=row.name))
    return page(request, "products/form.html", form_page(form, None), status=422)


async def edit_product(request: Request) -> Response:
    row = await queries.product_for(request.state.person, path_id(request), "product.edit")
    form = empty_form(
        code=row.code,
        name=row.name,
        category=row.category,
        unit=row.unit,
        currency=row.currency,
        list_price=format_amount(row.list_price_minor, row.currency),
        cost=format_amount(row.cost_minor, row.currency) if row.cost_minor else "",
        description=row.description,
        active=row.active,
        revision=row.revision,
    )
    return page(request, "products/form.html", form_page(form, row))


async def change_product(request: Request) -> Response:
    row = await queries.product_for(request.state.person, path_id(request), "product.edit")
    form = await read_form(request, ProductForm)
    if not form.errors:
        try:
            row = await actions.change_product(request.state.person, row.id, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        except ChangedMeanwhile as conflict:
            message = render(conflict.message, conflict.params)
            typed = {**form.typed, "revision": str(conflict.current.revision)}
            view = form_page(with_error(Form(typed), "", message), row)
            return page(request, "products/form.html", view, status=409)
        else:
            return redirect(f"/products/{row.id}", toast=_("%(name)s saved.", name=row.name))
    return page(request, "products/form.html", form_page(form, row), status=422)


async def add_price(request: Request) -> Response:
    row = await queries.product_for(request.state.person, path_id(request), "product.edit")
    form = await read_form(request, PriceForm)
    if not form.errors:
        try:
            await actions.add_price(request.state.person, row.id, form.value)
        except (Invalid, Conflict) as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/products/{row.id}", toast=_("Price saved."))
    return page(request, "products/show.html", await show_page(request, row, form), status=422)


async def remove_price(request: Request) -> Response:
    await actions.remove_price(request.state.person, path_id(request), path_id(request, "price"))
    return redirect(f"/products/{path_id(request)}", toast=_("Price removed."))
