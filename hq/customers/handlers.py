"""/customers: newest, signed and followed; /customers/{id}: one, read-only."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import branches_of, house_of, question_of
from hq.cards import maker_of
from hq.customers.pages import CustomerPage, CustomersPage
from hq.customers.queries import customer_view, customers, default_sort, found_by_name, sorts_of
from hq.figures.followup import follow_up
from hq.figures.freshness import Directory, directory
from hq.figures.lists import as_date, newest_customers, signed_customers
from hq.figures.people import names_of
from hq.figures.shape import Figure, Line, Question, Unit
from hq.figures.staff import CONTACTS
from hq.figures.words import scope_name
from hq.frame.page import crumbs_of, drill_url, freshness_line, month_span
from hq.receivables.queries import positions
from hq.tables import Look, mark_of, table_of, url_with
from shared.errors import NotFound
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.permissions import Person
from shared.vocabulary import region_word
from shared.web import parts
from shared.web.forms import empty_form
from shared.web.keyset import neighbours, paging
from shared.web.parts import Column, Crumb, Field, Filters, Row, Tab, TableView
from shared.web.responses import page
from shared.web.site import PaletteHit
from shared.web.templating import with_query

STATES = {
    "prospect": N_("prospect"),
    "customer": N_("customer"),
    "dormant": N_("dormant"),
    "lost": N_("lost"),
    "merged": N_("merged"),
}
FOLLOW_LISTS = ("overdue", "due", "touched", "silent", "never")
FOLLOW_KEYS = {"due": "due_today"}


async def show(request: Request) -> Response:
    """One of the lists, with how many there are and where."""
    params = request.query_params
    tab = params.get("tab", "newest")
    tab = tab if tab in ("newest", "signed", "followup") else "newest"
    chosen = params.get("list", "overdue")
    chosen = (chosen if chosen in FOLLOW_LISTS else "overdue") if tab == "followup" else tab
    question = question_of(request, "customer.view", limit=1_000, offset=0)
    branches = await directory(question)
    figure = await figure_of(tab, question, branches)
    first, last = figure.question.first, figure.question.last
    assert first is not None
    assert last is not None
    wanted = paging(params, sorts_of(chosen), default_sort(chosen))
    search = params.get("q", "").strip()[:80]
    cut = await customers(question, branches, chosen, first, last, search, wanted)
    names = {branch.code: branch.name for branch in branches.branches}
    owners = await names_of("employee", {str(row["owner_id"] or "") for row in cut.rows})
    is_company = question.unit.kind in ("company", "region")
    view = CustomersPage(
        scope=scope_name(figure),
        crumbs=crumbs_of(request, figure, _("Customers")),
        span=month_span(figure, ("day", "month", "quarter", "year")),
        freshness=freshness_line(figure),
        tabs=tabs(tab),
        lists=lists(figure, chosen) if tab == "followup" else (),
        cards=cards(tab, figure),
        summary=table_of(figure, look_of(request, figure), is_ranked=is_company)
        if tab == "followup"
        else None,
        filters=filters(search, tab, question),
        table=list_table(cut.rows, names, owners, neighbours(cut)),
    )
    return page(request, "customers/list.html", view)


async def figure_of(tab: str, question: Question, branches: Directory) -> Figure:
    """The figure that counts what the tab lists."""
    if tab == "followup":
        return await follow_up(question, branches)
    few = replace(question, limit=1)
    return await (newest_customers(few, branches) if tab == "newest" else signed_customers(few, branches))


def tabs(tab: str) -> list[Tab]:
    """Newest, signed, followed."""
    labels = {"newest": _("Newest customers"), "signed": _("Signed customers"), "followup": _("Follow-up")}
    return [
        Tab(label, with_query(tab=name, list=None, after=None, before=None, sort=None), name == tab)
        for name, label in labels.items()
    ]


def lists(figure: Figure, chosen: str) -> list[Tab]:
    """The lists of follow-up with their counts."""
    labels = {
        "overdue": _("Overdue"),
        "due": _("Due today"),
        "touched": _("Touched"),
        "silent": _("Silent"),
        "never": _("Never contacted"),
    }
    return [
        Tab(
            labels[name],
            with_query(list=name, after=None, before=None, sort=None),
            name == chosen,
            figure.total.number(FOLLOW_KEYS.get(name, name)),
        )
        for name in FOLLOW_LISTS
    ]


def cards(tab: str, figure: Figure) -> list[parts.Figure]:
    """How many in these days."""
    maker = maker_of(figure)
    if tab == "followup":
        return [
            maker.number("followups", _("Follow-ups")),
            maker.number("overdue", _("Overdue")),
            maker.number("silent", _("Silent")),
        ]
    return [maker.number("count", _("New customers") if tab == "newest" else _("Signed customers"))]


def look_of(request: Request, figure: Figure) -> Look:
    """Follow-up by branch or person; a number leads to the list behind it."""
    question = figure.question
    is_company = question.unit.kind in ("company", "region")
    behind = {
        "due_today": "due",
        "overdue": "overdue",
        "touched": "touched",
        "silent": "silent",
        "never": "never",
    }

    def drill(line: Line, key: str) -> str:
        if key not in behind:
            return ""
        return drill_url("/customers", question, line.unit, tab="followup", list=behind[key])

    return Look(
        key="followup",
        caption=_("Follow-up by branch") if is_company else _("Follow-up by person"),
        keys=("followups", "touched", "due_today", "overdue", "silent", "never"),
        drill=drill,
        open_row=lambda line: drill_url("/customers", question, line.unit, tab="followup"),
        phone=("overdue",),
        first_label=_("Branch") if is_company else _("Name"),
        sort=request.query_params.get("sort_by", "-overdue") if is_company else "",
        can_sort=False,
    )


def filters(search: str, tab: str, question: Question) -> Filters:
    """Search by name or pinyin."""
    keep = {"tab": tab}
    if question.unit.kind != "company":
        keep["unit"] = str(question.unit)
    return Filters([Field("q", _("Name"), "search")], empty_form(q=search), "/customers", keep=keep)


def list_table(
    rows: Sequence[Mapping[str, Any]],
    names: Mapping[str, str],
    owners: Mapping[str, str],
    around: tuple[str, str],
) -> TableView:
    """The customers of the list."""
    columns = [
        Column("name", _("Customer"), phone="head"),
        Column("branch", _("Branch"), phone="second", is_short=True),
        Column("owner", _("Owner"), phone="second"),
        Column("state", _("State")),
        Column("region", _("Region"), is_short=True),
        Column("acquired_on", _("Acquired"), "day"),
        Column("signed_on", _("Signed"), "day"),
        Column("last_contact_on", _("Last contact"), "day"),
        Column("next_contact_on", _("Next contact"), "day"),
    ]
    dates = ("acquired_on", "signed_on", "last_contact_on", "next_contact_on")
    shown = [
        Row(
            {
                "name": str(row["name"]),
                "branch": names.get(str(row["branch"]), str(row["branch"])),
                "owner": owners[str(row["owner_id"] or "")],
                "state": _(STATES.get(str(row["status"]), str(row["status"]))),
                "region": region_word(str(row["region"])) or None,
                **{key: as_date(row[key]) for key in dates},
            },
            id=str(row["id"]),
            url=f"/customers/{row['id']}",
        )
        for row in rows
    ]
    empty = parts.Empty("nothing", _("No customers here in these days."))
    return TableView(
        "customers", _("Customers"), columns, shown, next_url=around[0], previous_url=around[1], empty=empty
    )


async def show_one(request: Request) -> Response:
    """One customer: who, how much they owe, what happened."""
    codes = branches_of(request.state.person, "customer.view")
    try:
        wanted = str(UUID(request.path_params["id"]))
    except ValueError:
        raise NotFound() from None
    found = await customer_view(wanted)
    question = Question(
        unit=Unit("customer", wanted),
        currency="base",
        branches=codes,
        locale=request.state.locale,
        house=house_of(request.app.state.settings),
    )
    known: Directory = await directory(question)
    branch = known.get(found.branch) if found else None
    if found is None or branch is None:
        raise NotFound()
    may_see_money = request.state.person.may("receivable.view")
    figure = await positions(question) if may_see_money else None
    view = CustomerPage(
        customer=found,
        branch_name=branch.name,
        region=region_word(found.region),
        mark=mark_of(branch.mark),
        remaining=maker_of(figure).money("remaining") if figure else None,
        overdue=maker_of(figure).money("overdue") if figure else None,
        money_url=url_with("/receivables", unit=f"customer:{wanted}") if may_see_money else "",
        crumbs=[
            Crumb(_("Customers"), "/customers"),
            Crumb(branch.name, url_with("/customers", unit=f"branch:{branch.code}")),
        ],
        kinds={key: _(label) for key, label in CONTACTS.items()},
        states={key: _(label) for key, label in STATES.items()},
    )
    return page(request, "customers/one.html", view)


async def palette(request: Request, query: str) -> Sequence[PaletteHit]:
    """Customers and branches by a part of the name, within the reader's branches."""
    person: Person = request.state.person
    if len(query) < 2 or not person.may("customer.view"):
        return []
    codes = branches_of(person, "customer.view")
    hits = [
        PaletteHit(_("Customers"), str(row["name"]), f"/customers/{row['id']}", str(row["branch"]))
        for row in await found_by_name(query, codes)
    ]
    known = await directory(Question(branches=codes, locale=request.state.locale))
    wanted = query.lower()
    hits += [
        PaletteHit(_("Branches"), branch.name, f"/branches/{branch.code}", branch.code)
        for branch in known.branches
        if wanted in branch.name.lower() or wanted in branch.code.lower()
    ][:5]
    return hits
