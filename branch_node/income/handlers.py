"""The month page: income, expense and operating profit of the branch and its departments; closing the month."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.audit import note
from branch_node.expenses.queries import categories, label_of
from branch_node.home import home, today
from branch_node.income import queries
from branch_node.income.closing import closed_period, closed_text
from branch_node.income.pages import IncomePage, ResultNote
from branch_node.income.rules import Result
from branch_node.listing import scope_of, wants_file
from shared import clock, periods
from shared.errors import Invalid
from shared.figures import INCOME_RULES
from shared.i18n import gettext as _
from shared.money import Money
from shared.periods import Month
from shared.permissions import Person, Scope, reach
from shared.web import filters as show
from shared.web.export import Heading, export, export_links, in_order
from shared.web.parts import Action, Column, Link
from shared.web.responses import page

ORDER_MEASURE = {"approval": "sales", "shipment": "shipped"}


def month_of(text: str) -> Month:
    """The month in the address; this one when there is none or it is no month."""
    try:
        found = periods.parse(text)
    except Invalid:
        return Month.containing(today())
    return found if isinstance(found, Month) else Month.containing(found.first)


async def show_month(request: Request) -> Response:
    """The month, or with ?format= its departments as a file."""
    person: Person = request.state.person
    month = month_of(request.query_params.get("month", ""))
    found = await queries.statement(person, month)
    scope = scope_of(person, "figures.view")
    if wants_file(request):
        return await file_of(request, found, scope)
    known = await categories()
    departments = [
        unit_note(found, row.result, row.name or _("no department"), row.department_id)
        for row in found.departments
    ]
    whole = unit_note(found, found.whole, whole_word(person), None, is_whole=True)
    period = await closed_period(month)
    is_closed = period is not None
    this_month = Month.containing(today())
    view = IncomePage(
        month=month.first,
        previous_url=f"/income?month={month.previous()}",
        next_url=f"/income?month={month.next()}" if month < this_month else "",
        scope=scope,
        rule=_(INCOME_RULES[found.rule]),
        whole=whole,
        departments=departments,
        is_of_branch=is_of_branch(person),
        departments_add_up=sum(row.profit.minor for row in departments) == whole.profit.minor,
        months=[month_note(one, result, one == month) for one, result in found.months],
        categories=[
            (
                Link(label_of(code, known), f"/expenses?status=counted&category={code}&period={month}"),
                money(minor),
            )
            for code, minor in found.categories.items()
        ],
        closed_by=await closed_text(period),
        is_closed=is_closed,
        close_action=close_action(person, month, is_closed),
        exports=export_links(),
    )
    return page(request, "income/show.html", view)


def money(minor: int) -> Money:
    return Money(minor, home().currency)


def is_of_branch(person: Person) -> bool:
    """Whether the person's sums are the branch's, not those of a part of it."""
    return reach(person, "figures.view").kind >= Scope.BRANCH


def whole_word(person: Person) -> str:
    """What the sum of the departments is: the branch only for who sees all of it."""
    return _("Branch") if is_of_branch(person) else _("Total")


def unit_note(
    found: queries.Statement, result: Result, label: str, department: Any, *, is_whole: bool = False
) -> ResultNote:
    """A unit's figures, each linked to the rows whose sum it is."""
    query = f"period={found.month}" + (f"&department_id={department}" if department else "")
    has_rows = is_whole or department is not None
    measure = ORDER_MEASURE.get(found.rule)
    income_url = f"/receipts?{query}"
    if measure:
        income_url = f"/orders?measure={measure}&{query}"
    return ResultNote(
        label,
        money(result.income_minor),
        money(result.expense_minor),
        money(result.profit_minor),
        income_url if has_rows else "",
        f"/expenses?status=counted&{query}" if has_rows else "",
    )


def month_note(month: Month, result: Result, is_current: bool) -> ResultNote:
    return ResultNote(
        show.month(month.first),
        money(result.income_minor),
        money(result.expense_minor),
        money(result.profit_minor),
        url=f"/income?month={month}",
        is_current=is_current,
    )


def close_action(person: Person, month: Month, is_closed: bool) -> Action | None:
    """Close a month that has ended, or reopen a closed one."""
    if not person.may("period.close") or month.after > today():
        return None
    if is_closed:
        return Action(_("Reopen the month"), f"/income/reopen?month={month}", "history")
    return Action(_("Close the month"), f"/income/close?month={month}", "lock")


async def file_of(request: Request, found: queries.Statement, scope: str) -> Response:
    """Departments and their sum as CSV or XLSX."""
    person: Person = request.state.person
    kind = request.query_params["format"]
    unit = show.money_unit(home().currency)
    columns = [
        Column("unit", _("Department")),
        Column("income", _("Income"), "money_plain", unit=unit),
        Column("expense", _("Expense"), "money_plain", unit=unit),
        Column("profit", _("Operating profit"), "money_plain", unit=unit),
    ]
    rows = [(row.name or _("no department"), row.result) for row in found.departments] + [
        (whole_word(person), found.whole)
    ]
    title = _("Income and expense of %(month)s", month=show.month(found.month.first))
    await note(person, "income.exported", "income", None, month=str(found.month), format=kind)
    return await export(
        request,
        kind=kind,
        name=title,
        heading=Heading(title, scope, _(INCOME_RULES[found.rule]), show.instant(clock.now()), person.name),
        columns=columns,
        rows=in_order(
            [
                {
                    "unit": label,
                    "income": money(result.income_minor),
                    "expense": money(result.expense_minor),
                    "profit": money(result.profit_minor),
                }
                for label, result in rows
            ]
        ),
    )
