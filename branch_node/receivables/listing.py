"""The lists of receivables as pages and files: by customer, by instalment, their filters and the totals above them."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.home import home, today
from branch_node.listing import Listing, nothing, scope_of, wants_file, whole
from branch_node.lists import paging
from branch_node.receivables import queries
from branch_node.receivables.forms import FilterForm
from branch_node.receivables.pages import ListPage, Summary
from branch_node.receivables.rules import days_late, overdue_bp, state_of
from shared.figures import AGEING_BUCKETS, AGEING_LABELS
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.money import Money
from shared.permissions import Person
from shared.web import filters as show
from shared.web.forms import Form, read_query
from shared.web.parts import (
    Action,
    Chip,
    Column,
    Count,
    Empty,
    Field,
    Filters,
    Link,
    Option,
    Share,
    Status,
    Tab,
    TableView,
)
from shared.web.responses import page
from shared.web.templating import with_query


def wanted_of(request: Request, customer_id: UUID | None = None) -> tuple[Form[FilterForm], queries.Filter]:
    """The filters of the address; the day is never after today."""
    form = read_query(request, FilterForm)
    value = form.value if not form.errors else FilterForm()
    as_of = min(value.as_of or today(), today())
    if not form.errors and not form.text("as_of"):
        form = Form({**form.typed, "as_of": as_of.isoformat()}, {}, form.result)
    return form, queries.Filter(
        as_of,
        value.q,
        customer_id or value.customer_id,
        None,
        value.department_id,
        value.currency.upper(),
        value.bucket,
    )


async def list_view(request: Request) -> Response:
    """By customer, or with ?view=instalments one by one; the numbers of both add up to the same totals."""
    person: Person = request.state.person
    form, wanted = wanted_of(request)
    by_instalment = request.query_params.get("view") == "instalments"
    scope = scope_of(person, "receivable.view")
    if wants_file(request):
        return await file_of(request, wanted, scope, by_instalment=by_instalment)
    sums = await queries.totals(person, wanted)
    table = await (instalment_table if by_instalment else customer_table)(request, wanted, sums)
    tabs = [
        Tab(_("By customer"), with_query(view=None, after=None, before=None, sort=None), not by_instalment),
        Tab(
            _("By instalment"),
            with_query(view="instalments", after=None, before=None, sort=None),
            by_instalment,
        ),
    ]
    new = (
        [Action(_("New receipt"), "/receipts/new", "plus", is_primary=True, key="n")]
        if person.may("receipt.record")
        else []
    )
    view = ListPage(
        as_of=wanted.as_of,
        is_past=queries.is_past(wanted.as_of),
        summary=summary(wanted, sums, "/receivables"),
        tabs=tabs,
        table=table,
        filters=filter_bar(form, wanted, "/receivables", by_instalment=by_instalment),
        scope=scope,
        actions=new,
    )
    return page(request, "receivables/list.html", view)


async def file_of(request: Request, wanted: queries.Filter, scope: str, *, by_instalment: bool) -> Response:
    """The filtered rows as a file, with its as-of day in the first lines."""
    person: Person = request.state.person
    sentence = _(", ").join(chip.label for chip in chips_of(wanted))
    as_of = show.day(wanted.as_of)
    if by_instalment:
        order = paging(request.query_params, queries.INSTALMENT_SORTS, "due_on")
        rows = (await queries.instalments_page(person, wanted, whole(order))).rows
        return await instalment_listing(wanted.as_of).file(
            request, rows, scope=scope, filters=sentence, as_of=as_of
        )
    order = paging(request.query_params, queries.CUSTOMER_SORTS, "-overdue")
    found = (await queries.customers_page(person, wanted, whole(order))).rows
    return await customer_listing().file(request, found, scope=scope, filters=sentence, as_of=as_of)


def summary(wanted: queries.Filter, sums: queries.Sums, url: str) -> Summary:
    """The totals with their ageing as one bar; each part leads to its instalments."""
    currency = home().currency
    shares = [
        Share(
            _(AGEING_LABELS[name]),
            sums.buckets[name],
            show.money(Money(sums.buckets[name], currency)),
            f"age{place}",
            with_query(
                url,
                view="instalments",
                bucket=name,
                as_of=wanted.as_of.isoformat(),
                after=None,
                before=None,
                sort=None,
            ),
        )
        for place, name in enumerate(AGEING_BUCKETS)
    ]
    return Summary(
        sums,
        currency,
        shares,
        overdue_bp(sums.overdue, sums.remaining),
        overdue_bp(sums.foreign, sums.remaining) if sums.foreign else None,
        wanted.bucket is not None,
    )


async def customer_table(request: Request, wanted: queries.Filter, sums: queries.Sums) -> TableView:
    order = paging(request.query_params, queries.CUSTOMER_SORTS, "-overdue")
    cut = await queries.customers_page(request.state.person, wanted, order)
    return await customer_listing().table(
        request, cut, order, Count(sums.customer_count), nothing_owed(wanted), total=None
    )


def customer_listing() -> Listing[queries.CustomerRow]:
    """How a customer is shown: remaining and its ageing in the base currency."""
    unit = show.money_unit(home().currency)
    ages = [
        Column(f"b{place}", _(AGEING_LABELS[name]), "money_plain", sort="over_90" if name == "91+" else "")
        for place, name in enumerate(AGEING_BUCKETS)
    ]
    return Listing(
        key="receivables",
        caption=_("Receivables by customer"),
        columns=[
            Column("customer", _("Customer"), sort="name", phone="head"),
            Column("remaining", _("Remaining"), "money_plain", sort="remaining", unit=unit, phone="second"),
            Column("overdue", _("Overdue"), "money_plain", sort="overdue", phone="second"),
            *ages,
            Column("overdue_share", _("Overdue %%"), "percent"),
            Column("unallocated", _("Unallocated"), "money_plain"),
        ],
        cells=customer_cells,
        url=lambda row: with_query(
            f"/receivables/customers/{row.id}", view=None, q=None, after=None, before=None, sort=None
        ),
        row_id=lambda row: str(row.id),
        hidden=("b0", "overdue_share"),
    )


def customer_cells(row: queries.CustomerRow) -> Mapping[str, Any]:
    currency = home().currency
    return {
        "customer": row.name,
        "remaining": Money(row.sums.remaining, currency),
        "overdue": Money(row.sums.overdue, currency),
        "overdue_share": overdue_bp(row.sums.overdue, row.sums.remaining),
        "unallocated": Money(row.sums.unallocated, currency),
        **{f"b{place}": Money(row.sums.buckets[name], currency) for place, name in enumerate(AGEING_BUCKETS)},
    }


async def instalment_table(request: Request, wanted: queries.Filter, sums: queries.Sums) -> TableView:
    order = paging(request.query_params, queries.INSTALMENT_SORTS, "due_on")
    cut = await queries.instalments_page(request.state.person, wanted, order)
    listing = instalment_listing(wanted.as_of, with_customer=wanted.customer_id is None)
    return await listing.table(request, cut, order, Count(sums.open_count), nothing_owed(wanted))


def instalment_listing(as_of: date, *, with_customer: bool = True) -> Listing[queries.InstalmentRow]:
    """How an instalment is shown, in its own currency."""
    customer = [Column("customer", _("Customer"), "link", phone="second")] if with_customer else []
    return Listing(
        key="instalments",
        caption=_("Instalments"),
        columns=[
            Column("number", _("No."), phone="head"),
            *customer,
            Column("due_on", _("Due date"), "day", sort="due_on", phone="second"),
            Column("due", _("Due"), "money"),
            Column("received", _("Received"), "money"),
            Column("reduced", _("Credited"), "money"),
            Column("remaining", _("Remaining"), "money", sort="remaining", phone="second"),
            Column("days", _("Days late"), "number"),
            Column("state", _("State"), "status"),
        ],
        cells=lambda row: instalment_cells(row, as_of),
        url=lambda row: f"/receivables/{row.id}",
        row_id=lambda row: str(row.id),
        hidden=("received", "reduced"),
    )


def instalment_cells(row: queries.InstalmentRow, as_of: date) -> Mapping[str, Any]:
    standing = row.standing
    late = days_late(row.due_on, as_of) if standing.remaining_minor else 0
    state = state_of(standing, row.due_on, as_of)
    return {
        "number": standing.label,
        "customer": Link(row.customer, f"/receivables/customers/{row.customer_id}"),
        "due_on": row.due_on,
        "due": Money(standing.amount_minor, standing.currency),
        "received": Money(standing.received_minor, standing.currency),
        "reduced": Money(standing.credited_minor + standing.written_off_minor, standing.currency),
        "remaining": Money(standing.remaining_minor, standing.currency),
        "days": late,
        "state": Status(state, _("disputed") if row.is_disputed else ""),
    }


def nothing_owed(wanted: queries.Filter) -> Empty:
    return nothing(
        wanted.is_narrowed,
        _("Nothing is owed. Instalments appear here when an order is approved."),
        _("Nothing is owed for these filters."),
        "/receivables",
    )


def filter_bar(form: Form[Any], wanted: queries.Filter, url: str, *, by_instalment: bool = False) -> Filters:
    ages = [Option("", _("any")), Option("overdue", _("Overdue"))]
    ages += [Option(name, _(AGEING_LABELS[name])) for name in AGEING_BUCKETS]
    fields = [
        Field("as_of", _("As of"), "date"),
        Field("bucket", _("Age"), "select", options=ages, width="s"),
    ]
    if url == "/receivables":
        fields.insert(1, Field("q", _("Customer"), "search", width="m"))
    chips = chips_of(wanted)
    keep = {"view": "instalments"} if by_instalment else {}
    return Filters(fields, form, url, chips, "", url if chips else "", keep)


def chips_of(wanted: queries.Filter) -> list[Chip]:
    texts: list[tuple[str, str]] = []
    if queries.is_past(wanted.as_of):
        texts.append(("as_of", _("as of %(day)s", day=show.day(wanted.as_of))))
    if wanted.query:
        texts.append(("q", _('contains "%(text)s"', text=wanted.query)))
    if wanted.bucket:
        texts.append(("bucket", _(AGEING_LABELS.get(wanted.bucket, N_("Overdue")))))
    if wanted.currency:
        texts.append(("currency", wanted.currency))
    found = []
    for name, text in texts:
        gone: dict[str, Any] = {name: None, "after": None, "before": None}
        found.append(Chip(text, with_query(**gone)))
    return found
