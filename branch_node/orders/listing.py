"""The list of orders as a page and as a file: views, filters, the rows behind a figure."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.queries import customer_names
from branch_node.home import home
from branch_node.listing import Listing, nothing, scope_of, tabs, wants_file, whole
from branch_node.lists import paging
from branch_node.orders import queries
from branch_node.orders.forms import FilterForm
from branch_node.orders.pages import ListPage
from branch_node.own_fields import (
    PREFIX,
    asked_custom,
    criterion_texts,
    custom_cells,
    custom_columns,
    custom_criterion,
    custom_fields,
)
from branch_node.staff.queries import names_of
from shared import periods
from shared.figures import MEASURES
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.money import Money
from shared.permissions import Person
from shared.records import CustomFieldDef
from shared.seller_split import Split, split_text, splits_of
from shared.web import filters as show
from shared.web.forms import Form, read_query
from shared.web.parts import (
    STATUSES,
    Action,
    Chip,
    Column,
    Count,
    Field,
    Filters,
    Link,
    Option,
    Status,
    View,
    status_word,
)
from shared.web.responses import page
from shared.web.templating import with_query

STATUS_CODES = ("draft", "submitted", "approved", "rejected", "executing", "completed", "cancelled")


async def list_view(request: Request) -> Response:
    """The list, or with ?format= the file of the same filter."""
    person: Person = request.state.person
    form = read_query(request, FilterForm)
    own = await custom_fields("order")
    wanted = filter_of(form.value if not form.errors else FilterForm(), request.query_params, own)
    order = paging(request.query_params, queries.SORTS, "-happened_on")
    chips = await chips_of(wanted)
    splits: dict[str, Split] = {}
    listing = listing_of(own, splits)
    cut = await queries.orders_page(person, wanted, whole(order) if wants_file(request) else order)
    if cut.rows and listing.shows(request, "split"):
        splits |= await splits_of([row.id for row in cut.rows])
    if wants_file(request):
        return await listing.file(
            request,
            cut.rows,
            scope=scope_of(person, "order.view"),
            filters=_(", ").join(chip.label for chip in chips),
        )
    sums = await queries.sums_of(person, wanted)
    count = Count(sums.count, sums.is_exact)
    new = Action(_("New order"), "/orders/new", "plus", is_primary=True, key="n")
    may_enter = person.may("order.edit")
    empty = nothing(
        wanted.is_narrowed,
        _("Orders appear here: drafts first, in effect only after approval."),
        _("No order matches these filters."),
        "/orders",
        new if may_enter else None,
    )
    view = ListPage(
        table=await listing.table(request, cut, order, count, empty, views(request)),
        filters=filter_bar(form, chips, count, own, wanted.custom),
        scope=scope_of(person, "order.view"),
        actions=[new] if may_enter else [],
        figure=Money(sums.base_minor, home().currency) if sums.base_minor is not None else None,
        figure_label=measure_label(wanted.measure),
    )
    return page(request, "orders/list.html", view)


def measure_label(measure: str) -> str:
    """What the figure is called whose rows are shown; empty without one."""
    if measure == "sales":
        return _("Sales less cancelled orders")
    return _(MEASURES[measure].label) if measure else ""


def filter_of(form: FilterForm, query: Mapping[str, str], own: Sequence[CustomFieldDef]) -> queries.Filter:
    """The form's filter with what the address says about own fields."""
    period = periods.parse(form.period) if form.period else None
    return queries.Filter(
        form.q,
        form.status or "",
        form.customer_id,
        form.owner_id,
        form.department_id,
        form.measure or "",
        period,
        asked_custom(query, own),
        own,
    )


def listing_of(own: Sequence[CustomFieldDef], splits: Mapping[str, Split]) -> Listing[queries.OrderRow]:
    """How an order is shown in a list and a file; own fields and the sellers' shares are columns on demand. `splits` may be
    filled until the rows are shown."""
    more = custom_columns(own)
    return Listing(
        key="orders",
        caption=_("Orders"),
        columns=[
            Column("number", _("Number"), sort="number", phone="head"),
            Column("customer", _("Customer"), "link", phone="second"),
            Column("happened_on", _("Date"), "day", sort="happened_on"),
            Column("owner", _("Seller")),
            Column("split", _("Seller split")),
            Column("total", _("Amount"), "money", sort="total", phone="second"),
            Column("discount", _("Discount"), "percent"),
            Column("status", _("State"), "status", phone="second"),
            *more,
        ],
        cells=lambda row: {
            **cells(row),
            "split": split_text(splits.get(str(row.id), ())) or None,
            **custom_cells(own, row.custom),
        },
        url=lambda row: f"/orders/{row.id}",
        row_id=lambda row: str(row.id),
        hidden=("split", "discount", *(column.key for column in more)),
    )


def cells(row: queries.OrderRow) -> Mapping[str, Any]:
    is_late = row.is_late and row.status in ("approved", "executing")
    return {
        "number": row.number,
        "customer": Link(row.customer, f"/customers/{row.customer_id}"),
        "happened_on": row.happened_on,
        "owner": row.owner or None,
        "total": row.total,
        "discount": row.effective_discount_bp,
        "status": Status(row.status, _("late step") if is_late else ""),
    }


def views(request: Request) -> list[View]:
    """The tabs: each is an address that can be shared."""
    known = [
        (_("All"), {}),
        (_("Drafts"), {"status": "draft"}),
        (_("Waiting for approval"), {"status": "submitted"}),
        (_("Refused"), {"status": "rejected"}),
        (_("In progress"), {"status": "executing"}),
        (_("Completed"), {"status": "completed"}),
    ]
    return tabs(request, "/orders", FilterForm.model_fields, known)


def filter_bar(
    form: Form[FilterForm],
    chips: list[Chip],
    count: Count,
    own: Sequence[CustomFieldDef],
    custom: Mapping[str, str],
) -> Filters:
    any_option = Option("", _("any"))
    states = [Option(code, _(STATUSES[code].word)) for code in STATUS_CODES]
    fields = [
        Field("q", _("Number or customer"), "search", width="m"),
        Field("status", _("State"), "select", options=[any_option, *states], width="s"),
        Field("period", _("Order month"), "text", width="s", max_length=10),
        *(custom_criterion(one) for one in own),
    ]
    typed: Form[Any] = Form(
        {**form.typed, **{PREFIX + key: value for key, value in custom.items()}}, form.errors
    )
    shown = show.number(count.number)
    sentence = ngettext("%(shown)s order", "%(shown)s orders", count.number, shown=shown)
    if not count.is_exact:
        sentence = _("more than %(shown)s orders", shown=shown)
    if chips:
        sentence += _(": ") + _(", ").join(chip.label for chip in chips)
    return Filters(fields, typed, "/orders", chips, sentence, "/orders" if chips else "")


async def chips_of(wanted: queries.Filter) -> list[Chip]:
    """Each active filter as a sentence with the address without it."""
    texts: list[tuple[str, str]] = []
    if wanted.query:
        texts.append(("q", _('contains "%(text)s"', text=wanted.query)))
    if wanted.status:
        texts.append(("status", _("in progress") if wanted.status == "open" else status_word(wanted.status)))
    if wanted.customer_id:
        texts.append(
            ("customer_id", (await customer_names([wanted.customer_id])).get(wanted.customer_id, "?"))
        )
    if wanted.owner_id:
        name = (await names_of([wanted.owner_id])).get(wanted.owner_id, "?")
        texts.append(("owner_id", _("seller %(name)s", name=name)))
    if wanted.department_id:
        texts.append(("department_id", await queries.department_name(wanted.department_id)))
    if wanted.measure:
        texts.append(("measure", measure_label(wanted.measure)))
    if wanted.period:
        texts.append(("period", str(wanted.period)))
    texts += criterion_texts(wanted.custom, wanted.own)
    return [Chip(text, without(name)) for name, text in texts]


def without(name: str) -> str:
    """The present address without one filter."""
    gone: dict[str, Any] = {name: None, "after": None, "before": None}
    return with_query(**gone)
