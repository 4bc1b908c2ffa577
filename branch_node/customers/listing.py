"""The list of customers as a page and as a file: views, filters, columns, bulk actions."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.audit import note
from branch_node.customers import queries
from branch_node.customers.fields import word_of
from branch_node.customers.forms import FilterForm
from branch_node.customers.pages import ListPage
from branch_node.customers.rules import GROUPS, KINDS, STATUSES
from branch_node.customers.target_pages import target_texts
from branch_node.customers.targets import with_custom
from branch_node.home import home, today
from branch_node.listing import tabs
from branch_node.lists import Cut, neighbours, paging
from branch_node.own_fields import PREFIX, custom_cells, custom_columns, custom_fields
from branch_node.staff.queries import names_of
from shared import clock
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.permissions import SCOPE_LABELS, Person, reach, require
from shared.records import CustomFieldDef
from shared.web import filters as show
from shared.web.export import ROW_LIMIT, Heading, export, export_links, in_order
from shared.web.forms import Form, read_query
from shared.web.lists import split_columns, with_own_views
from shared.web.parts import (
    Action,
    Chip,
    Column,
    Count,
    Empty,
    Field,
    Filters,
    Option,
    Row,
    TableView,
    View,
)
from shared.web.responses import page
from shared.web.templating import with_query

VIEW_DAYS = 30


async def list_view(request: Request) -> Response:
    """The list, or with ?format= the file of the same filter."""
    person: Person = request.state.person
    form = read_query(request, FilterForm)
    wanted = form.value if not form.errors else FilterForm()
    own = await custom_fields()
    wanted = with_custom(wanted, request.query_params, own)
    kind = request.query_params.get("format", "")
    if kind in ("csv", "xlsx"):
        return await export_list(request, wanted, kind, own)
    found = await queries.customer_page(
        person, wanted, paging(request.query_params, queries.SORTS, queries.default_sort(wanted))
    )
    count = Count(found.count, found.is_exact, with_query(count="exact") if not found.is_exact else "")
    if request.query_params.get("count") == "exact":
        count = Count(await queries.count_exactly(person, wanted))
    owner = (await names_of([wanted.owner])).get(wanted.owner, "") if wanted.owner else ""
    view = ListPage(
        table=await table(request, found.cut, count, wanted, person, own),
        filters=await filter_bar(form, wanted, owner, count, person, own),
        scope=_(SCOPE_LABELS[reach(person, "customer.view").kind]),
        can_edit=person.may("customer.edit"),
        can_assign=person.may("customer.assign"),
    )
    return page(request, "customers/list.html", view)


def columns(own: Sequence[CustomFieldDef]) -> list[Column]:
    """The columns of the master record and, hidden at first, of own fields."""
    unit = show.money_unit(home().currency)
    return [
        Column("name", _("Name"), sort="name", phone="head"),
        Column("owner", _("Owner"), phone="rest"),
        Column("status", _("State"), phone="second"),
        Column("group", _("Group")),
        Column("region", _("Region")),
        Column("phone", _("Telephone")),
        Column("acquired", _("Since"), "day", sort="acquired"),
        Column("signed", _("Signed"), "day", sort="signed"),
        Column("last_contact", _("Last contact"), "day", sort="last_contact", phone="second"),
        Column("next_contact", _("Next contact"), "day", sort="next_contact"),
        Column("remaining", _("Remaining"), "money_plain", unit=unit),
        *custom_columns(own),
    ]


HIDDEN_FIRST = ("region", "signed", "phone")


def cells(row: queries.CustomerRow, own: Sequence[CustomFieldDef]) -> Mapping[str, Any]:
    return {
        **custom_cells(own, row.custom),
        "name": row.name,
        "owner": row.owner or None,
        "status": _(STATUSES[row.status]),
        "group": row.group or None,
        "region": word_of("region", row.region) or None,
        "phone": row.phone or None,
        "acquired": row.acquired_on,
        "signed": row.signed_on,
        "last_contact": row.last_contact_on,
        "next_contact": row.next_contact_on,
        "remaining": row.remaining,
    }


async def table(
    request: Request,
    cut: Cut[queries.CustomerRow],
    count: Count,
    wanted: FilterForm,
    person: Person,
    own: Sequence[CustomFieldDef],
) -> TableView:
    following, previous = neighbours(cut)
    every = columns(own)
    default = [one.key for one in every if one.key not in HIDDEN_FIRST and not one.key.startswith(PREFIX)]
    shown, left = split_columns(request, every, default)
    is_filtered = wanted != FilterForm()
    return TableView(
        key="customers",
        caption=_("Customers"),
        columns=shown,
        rows=[Row(cells(row, own), str(row.id), f"/customers/{row.id}") for row in cut.rows],
        sorted_by=paging(request.query_params, queries.SORTS, queries.default_sort(wanted)).sorted_by,
        count=count,
        next_url=following,
        previous_url=previous,
        empty=empty(is_filtered, person),
        bulk=bulk_actions(person),
        hidden_columns=left,
        exports=export_links() if person.may("customer.export") else [],
        views=await with_own_views(request, views(request)),
        views_url=request.url.path,
    )


def bulk_actions(person: Person) -> list[Action]:
    """What can be done with ticked rows."""
    assign = [Action(_("Assign ..."), "/customers/assign")] if person.may("customer.assign") else []
    merge = [Action(_("Merge two ..."), "/customers/merge")] if person.may("customer.merge") else []
    state = [Action(_("State ..."), "/customers/states")] if person.may("customer.edit") else []
    return assign + state + merge


def empty(is_filtered: bool, person: Person) -> Empty:
    if is_filtered:
        clear = Action(_("Clear filters"), "/customers")
        return Empty("filter", _("No customer matches these filters."), clear)
    text = _(
        "Customers you look after appear here: prospects first, customers after their first approved order."
    )
    if not person.may("customer.edit"):
        return Empty("nothing", text)
    return Empty("nothing", text, Action(_("New customer"), "/customers/new", is_primary=True))


def views(request: Request) -> list[View]:
    """All, newest (D1), signed (D2), silent for a month; each is an address that can be shared."""
    since = (today() - timedelta(days=VIEW_DAYS)).isoformat()
    known = [
        (_("All"), {}),
        (_("Newest customers"), {"acquired_from": since, "sort": "-acquired"}),
        (_("Signed customers"), {"signed_from": since, "sort": "-signed"}),
        (_("No order for 180 days"), {"status": "customer", "unordered_days": "180"}),
        (_("Not contacted for 30 days"), {"silent_days": str(VIEW_DAYS), "sort": "last_contact"}),
    ]
    return tabs(request, "/customers", FilterForm.model_fields, known)


async def filter_bar(
    form: Form[FilterForm],
    wanted: FilterForm,
    owner: str,
    count: Count,
    person: Person,
    own: Sequence[CustomFieldDef],
) -> Filters:
    any_option = Option("", _("any"))
    fields = [
        Field("q", _("Name, code or phone"), "search", width="m"),
        Field("status", _("State"), "select", options=[any_option, *_options(STATUSES)], width="s"),
        Field(
            "group", _("Group"), "select", options=[any_option, *_options(GROUPS, skip_empty=True)], width="s"
        ),
        Field(
            "kind", _("Type"), "select", options=[any_option, *_options(KINDS, skip_empty=True)], width="s"
        ),
    ]
    regions = await queries.regions()
    if regions:
        options = [any_option, *(Option(name, word_of("region", name)) for name in regions)]
        fields.append(Field("region", _("Region"), "select", options=options, width="s"))
    if person.may("customer.assign"):
        fields.append(
            Field("owner", _("Owner"), "pick", pick_url="/staff/pick?for=customer.view", pick_text=owner)
        )
    chips = [
        Chip(text, with_query("", **{name: None}, after=None, before=None))
        for name, text in [*chip_texts(wanted, owner), *target_texts(wanted, own)]
    ]
    sentence = ngettext(
        "%(shown)s customer", "%(shown)s customers", count.number, shown=show.number(count.number)
    )
    if not count.is_exact:
        sentence = _("more than %(number)s customers", number=show.number(count.number))
    if chips:
        sentence = sentence + _(": ") + _(", ").join(chip.label for chip in chips)
    shown = {field.name for field in fields}
    keep = {
        name: text
        for name, text in form.typed.items()
        if text and name not in shown and isinstance(text, str) and name in FilterForm.model_fields
    } | {f"{PREFIX}{key}": value for key, value in wanted.custom.items()}
    return Filters(fields, form, "/customers", chips, sentence, "/customers" if chips else "", keep)


def _options(known: Mapping[str, str], *, skip_empty: bool = False) -> list[Option]:
    return [Option(code, _(label)) for code, label in known.items() if code or not skip_empty]


def chip_texts(wanted: FilterForm, owner: str) -> list[tuple[str, str]]:
    """Each active filter as (name, sentence)."""
    texts: list[tuple[str, str]] = []
    if wanted.q:
        texts.append(("q", _('contains "%(text)s"', text=wanted.q)))
    if wanted.status in STATUSES:
        texts.append(("status", _(STATUSES[wanted.status])))
    if wanted.group in GROUPS and wanted.group:
        texts.append(("group", _(GROUPS[wanted.group])))
    if wanted.kind in KINDS and wanted.kind:
        texts.append(("kind", _(KINDS[wanted.kind])))
    if wanted.region:
        texts.append(("region", word_of("region", wanted.region)))
    if wanted.owner is not None:
        texts.append(("owner", _("owner %(name)s", name=owner)))
    if wanted.silent_days is not None:
        texts.append(("silent_days", _("not contacted for %(n)s days", n=wanted.silent_days)))
    if wanted.acquired_from is not None:
        texts.append(("acquired_from", _("new since %(day)s", day=show.day(wanted.acquired_from))))
    if wanted.acquired_to is not None:
        texts.append(("acquired_to", _("new until %(day)s", day=show.day(wanted.acquired_to))))
    if wanted.signed_from is not None:
        texts.append(("signed_from", _("signed since %(day)s", day=show.day(wanted.signed_from))))
    if wanted.signed_to is not None:
        texts.append(("signed_to", _("signed until %(day)s", day=show.day(wanted.signed_to))))
    return texts


async def export_list(
    request: Request, wanted: FilterForm, kind: str, own: Sequence[CustomFieldDef]
) -> Response:
    """The filtered list as a file, at most 5,000 rows; who took it is noted."""
    person: Person = request.state.person
    require(person, "customer.export")
    rows = await queries.export_rows(person, wanted, ROW_LIMIT)
    chips = _(", ").join(text for _name, text in [*chip_texts(wanted, ""), *target_texts(wanted, own)])
    heading = Heading(
        title=_("Customers"),
        scope=_(SCOPE_LABELS[reach(person, "customer.export").kind]),
        filters=chips,
        as_of=show.instant(clock.now()),
        made_by=person.name,
    )
    await note(person, "customers.exported", "customer", None, count=len(rows), format=kind, filters=chips)
    return await export(
        request,
        kind=kind,
        name=_("Customers"),
        heading=heading,
        columns=columns(own),
        rows=in_order([cells(row, own) for row in rows]),
    )
