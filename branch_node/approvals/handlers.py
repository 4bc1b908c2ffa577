"""Pages of approvals: what waits for whom, one request with its reasons, the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.approvals import queries
from branch_node.approvals.actions import decide, decide_on, sees
from branch_node.approvals.forms import DecisionForm, FilterForm, ManyForm
from branch_node.approvals.pages import DecidePage, LineNote, ListPage
from branch_node.approvals.queries import URL_OF, current_step, deputies_on, request_by_id
from branch_node.approvals.rules import Approver, Deputy, covering, deciders, judge, names_of
from branch_node.approvals.subjects import Subject, asked_of, subject_of
from branch_node.approvals.words import ENTITIES, reason_notes, request_notes
from branch_node.bulk import BulkRow, ids_of, is_sure, preview
from branch_node.expenses.queries import categories, label_of
from branch_node.home import today
from branch_node.listing import Listing, nothing, wants_file, whole
from branch_node.lists import paging
from branch_node.orders.rules import discount_of
from branch_node.requests import path_id
from branch_node.staff.queries import names_of as staff_names
from shared.errors import Invalid, NotFound, Refused
from shared.i18n import N_, ngettext, render
from shared.i18n import gettext as _
from shared.money import Money, round_half_even
from shared.permissions import Person
from shared.records import ApprovalRequest, ApprovalStep, Expense, Order, Quotation
from shared.web import filters as show
from shared.web.error_pages import shown
from shared.web.forms import Form, empty_form, read_form, read_query, with_errors
from shared.web.parts import Action, Column, Crumb, Tab
from shared.web.responses import page, redirect

WHICH: Mapping[str, str] = {"mine": N_("For me"), "asked": N_("Asked by me"), "decided": N_("Decided")}


async def show_list(request: Request) -> Response:
    """What waits for this person, what he or she asked for, what was decided lately."""
    person: Person = request.state.person
    form = read_query(request, FilterForm)
    wanted = form.value if not form.errors else FilterForm()
    order = paging(request.query_params, queries.SORTS, "asked" if wanted.which == "mine" else "-asked")
    chosen = queries.Filter(wanted.which, wanted.entity or "")
    if wants_file(request):
        found = await queries.requests_page(person, chosen, whole(order))
        return await listing(wanted.which).file(request, found.rows, scope=_(WHICH[wanted.which]), filters="")
    cut = await queries.requests_page(person, chosen, order)
    texts = {
        "mine": _(
            "Nothing waits for you. Orders, quotes and expenses that need you appear here, oldest first."
        ),
        "asked": _("You have asked for no approval yet."),
        "decided": _("Nothing was decided yet."),
    }
    empty = nothing(False, texts[wanted.which], "", "/approvals")
    waiting = len(cut.rows) if wanted.which == "mine" and not (cut.next or cut.previous) else None
    tabs = [
        Tab(
            _(label), f"/approvals?which={which}", wanted.which == which, waiting if which == "mine" else None
        )
        for which, label in WHICH.items()
    ]
    bulk = [Action(_("Approve ..."), "/approvals/approve")] if wanted.which == "mine" else []
    table = await listing(wanted.which).table(request, cut, order, None, empty, bulk=bulk)
    return page(request, "approvals/list.html", ListPage(table, tabs, ""))


def listing(which: str) -> Listing[queries.RequestRow]:
    """How a request is shown in a list."""
    last = (
        Column("decided", _("Decided by"), phone="rest")
        if which == "decided"
        else Column("why", _("Why"), phone="rest")
    )
    return Listing(
        key="approvals",
        caption=_("Approvals"),
        columns=[
            Column("number", _("Document"), phone="head", is_short=True),
            Column("about", _("About")),
            Column("amount", _("Amount"), "money", sort="amount", phone="second"),
            last,
            Column("by", _("Asked by"), phone="second"),
            Column("asked", _("Asked on"), "instant", sort="asked"),
            Column("status", _("State"), "status"),
        ],
        cells=cells,
        url=lambda row: f"/approvals/{row.id}",
        row_id=lambda row: str(row.id),
    )


def cells(row: queries.RequestRow) -> Mapping[str, Any]:
    decided = row.decided_by
    if decided and row.acted_for:
        decided = f"{decided} {_('for %(name)s', name=row.acted_for)}"
    return {
        "number": f"{_(ENTITIES[row.entity])} {row.number}",
        "about": row.about or None,
        "amount": row.amount,
        "why": " ".join(note.text for note in reason_notes(row.reasons, row.entity)),
        "decided": decided or None,
        "by": row.requested_by,
        "asked": row.requested_at,
        "status": row.status,
    }


async def show_request(request: Request) -> Response:
    found = await request_by_id(path_id(request))
    return page(request, "approvals/show.html", await decide_page(request, found, empty_form()))


async def decide_request(request: Request) -> Response:
    """Approve or refuse; a refusal without a reason gives the page again."""
    person: Person = request.state.person
    found = await request_by_id(path_id(request))
    form = await read_form(request, DecisionForm)
    if form.errors:
        return page(request, "approvals/show.html", await decide_page(request, found, form), status=422)
    value = form.value
    verdict: Literal["approve", "reject"] = value.verdict
    try:
        decided = await decide_on(person, found, verdict, value.comment, value.seen)
    except Invalid as refused:
        form = with_errors(form, refused)
        form = Form(
            form.typed,
            {("comment" if name == "reason" else name): text for name, text in form.errors.items()},
        )
        return page(request, "approvals/show.html", await decide_page(request, found, form), status=422)
    words = {"approved": _("Approved."), "waiting": _("Approved; the next step waits for others.")}
    toast = words.get(decided.status, _("Refused; the author is told why."))
    return redirect("/approvals", toast=toast)


async def approve_many(request: Request) -> Response:
    """Approve the ticked requests: first what each is and which cannot be, then, when sure, one by one."""
    person: Person = request.state.person
    form: Form[Any] = await read_form(request, ManyForm)
    rows = [row for one in ids_of(form, 50) if (row := await bulk_row(person, one)) is not None]
    if not is_sure(form):
        crumb = Crumb(_("Approvals"), "/approvals")
        return preview(
            request, _("Approve these?"), crumb, "/approvals/approve", _("Approve"), rows, Form(form.typed)
        )
    count = 0
    for row in rows:
        try:
            await decide(person, row.id, "approve", "")
        except Refused:
            continue
        count += 1
    left = len(rows) - count
    toast = ngettext("%(n)s document approved.", "%(n)s documents approved.", count)
    if left:
        toast += " " + ngettext("%(n)s could not be; open it.", "%(n)s could not be; open them.", left)
    return redirect("/approvals", toast=toast)


async def bulk_row(person: Person, request_id: UUID) -> BulkRow | None:
    """A request in the preview; None for one that is not there for this person."""
    try:
        found = await request_by_id(request_id)
        subject = await subject_of(found.entity, found.entity_id, found.requested_by)
        standing = await standing_of(person, subject, await current_step(found.id))
    except Refused:
        return None
    label = f"{_(ENTITIES[found.entity])} {subject.number} {show.money(subject.amount)}"
    blocking = [one.text for one in reason_notes(subject.reasons, found.entity) if one.is_blocking]
    refusal = standing.refusal or " ".join(blocking)
    if found.status != "waiting":
        refusal = _("It waits for no decision any more.")
    why = " ".join(one.text for one in reason_notes(subject.reasons, found.entity))
    return BulkRow(found.id, label, refusal or why, can=not refusal)


@dataclass(frozen=True)
class Standing:
    """What a person may do about a request: why not (empty: can approve), for whom he or she would act, who else can."""

    refusal: str
    acting_for: str
    able: Sequence[Approver]
    deputies: Sequence[Deputy]
    is_possible: bool


async def standing_of(person: Person, subject: Subject, step: ApprovalStep | None) -> Standing:
    """How somebody stands to a step. NotFound for whoever neither sees the document nor may decide it."""
    approvers, needed = await asked_of(subject, step)
    deputies = await deputies_on(today())
    is_possible = bool(deciders(person.id, approvers, deputies, today()))
    if not is_possible and not sees(person, subject):
        raise NotFound()
    able = covering(approvers, subject.authors, needed)
    try:
        decision = judge(person.id, subject.authors, needed, approvers, deputies, today())
    except Refused as refused:
        return Standing(render(refused.message, refused.params, shown), "", able, deputies, is_possible)
    names = {approver.id: approver.name for approver in approvers}
    acting_for = names.get(decision.acted_for, "") if decision.acted_for else ""
    return Standing("", acting_for, able, deputies, is_possible)


async def decide_page(request: Request, found: ApprovalRequest, form: Form[Any]) -> DecidePage:
    """Everything an approver needs on one page."""
    person: Person = request.state.person
    subject = await subject_of(found.entity, found.entity_id, found.requested_by)
    step = await current_step(found.id) if found.status == "waiting" else None
    standing = await standing_of(person, subject, step)
    is_waiting = found.status == "waiting"
    away = [row for row in standing.deputies if row.employee_id in {one.id for one in standing.able}]
    people = await staff_names(
        [subject.row.owner_id, *(one for row in away for one in (row.deputy_id, row.employee_id))]
    )
    document_url = f"{URL_OF[found.entity]}/{found.entity_id}" if sees(person, subject) else ""
    history = await request_notes(found.entity, found.entity_id)
    return DecidePage(
        request_id=str(found.id),
        title=f"{_(ENTITIES[found.entity])} {subject.number}",
        crumbs=[Crumb(_("Approvals"), "/approvals")],
        actions=[Action(_("Open the document"), document_url, "file-text")] if document_url else [],
        status=found.status,
        facts=await facts(subject, people.get(subject.row.owner_id, ""), names_of(standing.able)),
        lines=lines(subject),
        sums=sums(subject),
        reasons=reason_notes(subject.reasons if is_waiting else found.reasons, found.entity),
        credit=subject.credit,
        margin_bp=margin(subject),
        acting_for=standing.acting_for if is_waiting else "",
        rule=step.reason if step is not None else "",
        deputies=[deputy_text(row, people) for row in away],
        refusal=standing.refusal if is_waiting else "",
        can_decide=is_waiting and person.id not in subject.authors and standing.is_possible,
        seen=subject.seen,
        form=form,
        history=[note for note in history if note.id != str(found.id)],
    )


def deputy_text(row: Deputy, people: Mapping[Any, str]) -> str:
    """Who stands in for whom until when."""
    return _(
        "%(deputy)s stands in for %(name)s until %(day)s",
        deputy=people.get(row.deputy_id, ""),
        name=people.get(row.employee_id, ""),
        day=show.day(row.until_on),
    )


async def facts(subject: Subject, owner: str, able: str) -> list[tuple[str, str]]:
    """The head of the document."""
    row = subject.row
    found = [
        (_("Customer"), subject.customer.name if subject.customer else ""),
        (_("Seller") if not isinstance(row, Expense) else _("Spent by"), owner),
        (_("Date"), show.day(row.happened_on)),
    ]
    if isinstance(row, Expense):
        found += [
            (_("Category"), label_of(row.category, await categories())),
            (_("What for"), row.description),
        ]
    if isinstance(row, Order):
        found += [(_("Payment terms"), _("%(n)s days", n=row.payment_terms_days)), (_("Notes"), row.notes)]
    if isinstance(row, Quotation):
        found.append((_("Terms"), row.terms))
    found.append((_("Can be approved by"), able))
    return [(label, text) for label, text in found if text]


def lines(subject: Subject) -> list[LineNote]:
    """The lines with their discounts."""
    currency = subject.amount.currency
    return [
        LineNote(
            line.text,
            line.quantity_milli,
            Money(line.list_price_minor, currency),
            Money(line.price_minor, currency),
            Money(line.amount_minor, currency),
            discount_of(line.list_price_minor, line.price_minor),
        )
        for line in subject.lines
    ]


def sums(subject: Subject) -> list[tuple[str, Money]]:
    """What the document comes to, line by line of the sum."""
    row, currency = subject.row, subject.amount.currency
    if isinstance(row, Expense):
        return [(_("Amount"), subject.amount)]
    found = [(_("Subtotal"), Money(row.subtotal_minor, currency))]
    if row.discount_minor:
        found.append((_("Header discount"), Money(-row.discount_minor, currency)))
    if row.tax_minor:
        found.append((_("Tax"), Money(row.tax_minor, currency)))
    return [*found, (_("Total"), subject.amount)]


def margin(subject: Subject) -> int | None:
    """What is left above cost, in basis points of the net amount; None where a line's cost is not known."""
    row = subject.row
    if not isinstance(row, Order) or not row.cost_minor or not all(line.cost_minor for line in subject.lines):
        return None
    net = row.subtotal_minor - row.discount_minor
    return round_half_even((net - row.cost_minor) * 10_000, net) if net else None
