"""Pages of expenses: list, entry, one expense with its approval and payment."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.approvals.words import request_notes
from branch_node.attachments.actions import files_of
from branch_node.customers.queries import customer_names
from branch_node.editing import ChangedMeanwhile
from branch_node.expenses import actions, queries
from branch_node.expenses.forms import ExpenseForm, FilterForm, PayForm
from branch_node.expenses.pages import FormPage, ListPage, ShowPage
from branch_node.expenses.rules import EXPENSE
from branch_node.home import home, today
from branch_node.listing import Listing, nothing, scope_of, tabs, wants_file, whole
from branch_node.lists import paging
from branch_node.orders.entry import currencies
from branch_node.orders.listing import without
from branch_node.orders.queries import department_name
from branch_node.requests import path_id
from branch_node.staff.queries import names_of
from shared import periods
from shared.errors import Conflict, Invalid
from shared.i18n import gettext as _
from shared.i18n import render
from shared.money import Money, format_amount
from shared.permissions import Person
from shared.records import Expense
from shared.web import filters as show
from shared.web.forms import Form, empty_form, read_form, read_query, with_errors
from shared.web.parts import (
    STATUSES,
    Action,
    Chip,
    Column,
    Count,
    Crumb,
    Field,
    Filters,
    Option,
    View,
    status_word,
)
from shared.web.responses import page, redirect

STATUS_CODES = ("draft", "submitted", "approved", "rejected", "paid")


async def show_list(request: Request) -> Response:
    """The list, or with ?format= the file of the same filter."""
    person: Person = request.state.person
    form = read_query(request, FilterForm)
    wanted = filter_of(form.value if not form.errors else FilterForm())
    order = paging(request.query_params, queries.SORTS, "-happened_on")
    known = await queries.categories()
    chips = await chips_of(wanted, known)
    scope = scope_of(person, "expense.view")
    if wants_file(request):
        found = await queries.expenses_page(person, wanted, whole(order))
        sentence = _(", ").join(chip.label for chip in chips)
        return await listing(known).file(request, found.rows, scope=scope, filters=sentence)
    cut = await queries.expenses_page(person, wanted, order)
    sums = await queries.sums_of(person, wanted)
    new = Action(_("New expense"), "/expenses/new", "plus", is_primary=True, key="n")
    may_enter = person.may("expense.edit")
    empty = nothing(
        wanted.is_narrowed,
        _("What was spent appears here; it counts once it is approved."),
        _("No expense matches these filters."),
        "/expenses",
        new if may_enter else None,
    )
    table = await listing(known).table(
        request, cut, order, Count(sums.count, sums.is_exact), empty, views(request)
    )
    counted = Money(sums.counted_minor, home().currency)
    bar = filter_bar(form, chips, known)
    view = ListPage(table, bar, scope, [new] if may_enter else [], counted)
    return page(request, "expenses/list.html", view)


def filter_bar(form: Form[Any], chips: Sequence[Chip], known: Mapping[str, str]) -> Filters:
    any_option = Option("", _("any"))
    states = [Option(code, _(STATUSES[code].word)) for code in STATUS_CODES]
    kinds = [Option(code, text) for code, text in known.items()]
    fields = [
        Field("q", _("Number, text or person"), "search", width="m"),
        Field(
            "status",
            _("State"),
            "select",
            options=[any_option, Option("counted", _("counted")), *states],
            width="s",
        ),
        Field("category", _("Category"), "select", options=[any_option, *kinds], width="s"),
        Field("period", _("Month"), "text", width="s", max_length=10),
    ]
    sentence = _(", ").join(chip.label for chip in chips)
    return Filters(fields, form, "/expenses", chips, sentence, "/expenses" if chips else "")


def filter_of(form: FilterForm) -> queries.Filter:
    """The form's filter."""
    period = periods.parse(form.period) if form.period else None
    return queries.Filter(form.q, form.status or "", form.category, form.department_id, form.owner_id, period)


def listing(known: Mapping[str, str]) -> Listing[queries.ExpenseRow]:
    """How an expense is shown in a list."""
    return Listing(
        key="expenses",
        caption=_("Expenses"),
        columns=[
            Column("number", _("Number"), sort="number", phone="head"),
            Column("category", _("Category"), phone="second"),
            Column("description", _("What for")),
            Column("happened_on", _("Date"), "day", sort="happened_on"),
            Column("owner", _("Spent by")),
            Column("amount", _("Amount"), "money", sort="amount", phone="second"),
            Column("status", _("State"), "status", phone="second"),
        ],
        cells=lambda row: cells(row, known),
        url=lambda row: f"/expenses/{row.id}",
        row_id=lambda row: str(row.id),
    )


def cells(row: queries.ExpenseRow, known: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "number": row.number,
        "category": queries.label_of(row.category, known),
        "description": row.description,
        "happened_on": row.happened_on,
        "owner": row.owner or None,
        "amount": row.amount,
        "status": row.status,
    }


def views(request: Request) -> list[View]:
    known = [
        (_("All"), {}),
        (_("Drafts"), {"status": "draft"}),
        (_("Waiting for approval"), {"status": "submitted"}),
        (_("To pay"), {"status": "approved"}),
        (_("Paid"), {"status": "paid"}),
    ]
    return tabs(request, "/expenses", FilterForm.model_fields, known)


async def chips_of(wanted: queries.Filter, known: Mapping[str, str]) -> list[Chip]:
    texts: list[tuple[str, str]] = []
    if wanted.query:
        texts.append(("q", _('contains "%(text)s"', text=wanted.query)))
    if wanted.status:
        texts.append(("status", _("counted") if wanted.status == "counted" else status_word(wanted.status)))
    if wanted.category:
        texts.append(("category", queries.label_of(wanted.category, known)))
    if wanted.department_id:
        texts.append(("department_id", await department_name(wanted.department_id)))
    if wanted.owner_id:
        texts.append(("owner_id", (await names_of([wanted.owner_id])).get(wanted.owner_id, "?")))
    if wanted.period:
        texts.append(("period", str(wanted.period)))
    return [Chip(text, without(name)) for name, text in texts]


# --- entry ------------------------------------------------------------------------------------------------------


async def new_expense(request: Request) -> Response:
    form = empty_form(happened_on=today(), currency=home().currency)
    return page(request, "expenses/form.html", await form_page(form, None))


async def form_page(form: Form[Any], row: Expense | None, *, conflict: str = "") -> FormPage:
    back = f"/expenses/{row.id}" if row else "/expenses"
    known = await queries.categories()
    names = await customer_names([row.customer_id] if row else [])
    return FormPage(
        title=_("Expense %(number)s", number=row.number) if row else _("New expense"),
        crumbs=[Crumb(_("Expenses"), "/expenses")],
        action_url=back,
        cancel_url=back,
        form=form,
        categories=[Option(code, label) for code, label in known.items()],
        currencies=[option for option in await currencies(None) if option.value],
        customer=names.get(row.customer_id, "") if row else "",
        conflict=conflict,
    )


async def add_expense(request: Request) -> Response:
    form = await read_form(request, ExpenseForm)
    if not form.errors:
        try:
            row = await actions.enter_expense(request.state.person, form.value)
        except (Invalid, Conflict) as refused:
            form = with_errors(form, refused)
        else:
            return redirect(
                f"/expenses/{row.id}", toast=_("Expense %(number)s saved as a draft.", number=row.number)
            )
    return page(request, "expenses/form.html", await form_page(form, None), status=422)


async def edit_expense(request: Request) -> Response:
    row = await queries.expense_for(request.state.person, path_id(request), "expense.edit")
    form = empty_form(
        category=row.category,
        amount=format_amount(row.amount_minor, row.currency),
        currency=row.currency,
        happened_on=row.happened_on,
        description=row.description,
        customer_id=row.customer_id,
        revision=row.revision,
    )
    return page(request, "expenses/form.html", await form_page(form, row))


async def change_expense(request: Request) -> Response:
    row = await queries.expense_for(request.state.person, path_id(request), "expense.edit")
    form = await read_form(request, ExpenseForm)
    if not form.errors:
        try:
            row = await actions.change_expense(request.state.person, row.id, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        except ChangedMeanwhile as conflict:
            typed = {**form.typed, "revision": str(conflict.current.revision)}
            note = render(conflict.message, conflict.params)
            return page(
                request, "expenses/form.html", await form_page(Form(typed), row, conflict=note), status=409
            )
        else:
            return redirect(f"/expenses/{row.id}", toast=_("Expense %(number)s saved.", number=row.number))
    return page(request, "expenses/form.html", await form_page(form, row), status=422)


# --- one expense ------------------------------------------------------------------------------------------------


async def show_expense(request: Request) -> Response:
    row = await queries.expense_for(request.state.person, path_id(request))
    return page(request, "expenses/show.html", await show_page(request, row, empty_form(paid_on=today())))


async def show_page(request: Request, row: Expense, form: Form[Any]) -> ShowPage:
    person: Person = request.state.person
    people = await names_of([row.owner_id, row.approved_by])
    known = await queries.categories()
    facts = [
        (_("Category"), queries.label_of(row.category, known)),
        (_("What for"), row.description),
        (_("Date"), show.day(row.happened_on)),
        (_("Spent by"), people.get(row.owner_id, "")),
        (
            _("Approved by"),
            f"{people.get(row.approved_by, '')} {show.day(row.approved_on)}" if row.approved_on else "",
        ),
        (_("Paid on"), show.day(row.paid_on) if row.paid_on else ""),
        (_("Refused because"), row.reject_reason),
    ]
    is_foreign = row.currency != home().currency and row.base_minor
    return ShowPage(
        expense=row,
        title=_("Expense %(number)s", number=row.number),
        crumbs=[Crumb(_("Expenses"), "/expenses")],
        actions=actions_of(row, person),
        amount=Money(row.amount_minor, row.currency),
        base=Money(row.base_minor, home().currency) if is_foreign else None,
        facts=[(label, text) for label, text in facts if text],
        customer=(await customer_names([row.customer_id])).get(row.customer_id, ""),
        requests=await request_notes("expense", row.id),
        files=await files_of("expense", row.id),
        can_attach="edit" in EXPENSE.allowed(row.status) and person.may("expense.edit"),
        can_pay="pay" in EXPENSE.allowed(row.status) and person.may("expense.pay"),
        today=today(),
        form=form,
    )


def actions_of(row: Expense, person: Person) -> list[Action]:
    """What this person may do with the expense now."""
    url, allowed = f"/expenses/{row.id}", EXPENSE.allowed(row.status)
    found: list[Action] = []
    if not person.may("expense.edit"):
        return found
    if "submit" in allowed:
        found.append(
            Action(_("Submit for approval"), f"{url}/submit", "send", is_primary=True, method="POST")
        )
    if "withdraw" in allowed:
        found.append(Action(_("Withdraw"), f"{url}/withdraw", "history", method="POST"))
    if "edit" in allowed:
        found.append(Action(_("Edit"), f"{url}/edit", "pencil", key="e"))
    return found


async def submit_expense(request: Request) -> Response:
    await actions.submit_expense(request.state.person, path_id(request))
    return redirect(f"/expenses/{path_id(request)}", toast=_("Submitted for approval."))


async def withdraw_expense(request: Request) -> Response:
    row = await actions.withdraw_expense(request.state.person, path_id(request))
    return redirect(f"/expenses/{row.id}", toast=_("Expense %(number)s is a draft again.", number=row.number))


async def pay_expense(request: Request) -> Response:
    row = await queries.expense_for(request.state.person, path_id(request), "expense.pay")
    form = await read_form(request, PayForm)
    if not form.errors:
        try:
            row = await actions.pay_expense(request.state.person, row.id, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(
                f"/expenses/{row.id}", toast=_("Payment of %(number)s recorded.", number=row.number)
            )
    return page(request, "expenses/show.html", await show_page(request, row, form), status=422)
