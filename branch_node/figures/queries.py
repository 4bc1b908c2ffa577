"""The ten figures of the branch by name. Rows: employees, customers, categories or items; the total adds them up."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from branch_node.figures import lists, money
from branch_node.figures.rules import COLUMNS, RIGHTS, SILENT_DAYS, Figure, Line, Parameters, written
from branch_node.figures.sums import Want, added, sums
from branch_node.figures.targets import targets
from branch_node.home import home
from branch_node.staff.queries import names_of
from shared import clock, figures
from shared.database import fetch_all, fetch_value
from shared.database.scope import reach_sql
from shared.errors import NotFound
from shared.i18n import N_
from shared.permissions import Person, Reach, reach

Answer = Callable[[Parameters, Reach | None], Awaitable[Figure]]


async def blank(name: str, parameters: Parameters) -> Figure:
    """A figure without rows: currency, rate and watermark."""
    here = home()
    currency = parameters.currency or here.currency
    on = parameters.as_of or parameters.last or here.today
    rate = 10**9 if currency == here.currency else await money.rate(here.currency, currency, on)
    position = await fetch_value("SELECT max(seq) AS seq FROM change")
    return Figure(
        name=name,
        columns=COLUMNS.get(name, ()),
        rows=(),
        total=Line(f"branch:{here.code}", "", {}),
        first=None,
        last=None,
        as_of=None,
        base=here.currency,
        currency=currency,
        rate_e9=rate,
        rate_on=on,
        branch=here.code,
        position=int(position or 0),
        complete_to=clock.now().isoformat().replace("+00:00", "Z"),
    )


def named_lines(keyed: Mapping[str, Mapping[str, Any]], names: Mapping[Any, str]) -> list[Line]:
    """Lines of employees; "None" is what belongs to nobody."""
    return [
        Line(f"unassigned:{home().code}", "", values)
        if key == "None"
        else Line(f"employee:{key}", names.get(UUID(key), ""), values)
        for key, values in keyed.items()
    ]


def ids_of(keyed: Mapping[str, Any]) -> list[UUID]:
    return [UUID(key) for key in keyed if key != "None"]


async def sales(parameters: Parameters, scope: Reach | None) -> Figure:
    """Ordered, cancelled and net of a span (default: this month), by employee."""
    first, last = parameters.span(home().today)
    wants = [
        Want("orders", "ordered", first, last, True),
        Want("ordered", "ordered", first, last),
        Want("cancelled_orders", "cancelled", first, last, True),
        Want("cancelled", "cancelled", first, last),
    ]
    keyed = await sums(wants, "employee", scope)

    def whole(row: Mapping[str, int]) -> dict[str, int]:
        return {**row, "sales": figures.sales(row["ordered"], row["cancelled"])}

    lines = named_lines({key: whole(row) for key, row in keyed.items()}, await names_of(ids_of(keyed)))
    lines.sort(key=lambda line: (-line.values["sales"], line.name))
    figure = await blank("sales", parameters)
    total = Line(figure.total.unit, "", whole(added(keyed, wants)))
    return replace(figure, rows=lines, total=total, first=first, last=last)


async def profit(parameters: Parameters, scope: Reach | None) -> Figure:
    """Income by the branch's declared rule, expense by category, and what is left (default: this month)."""
    first, last = parameters.span(home().today)
    names = ("ordered", "cancelled", "shipped", "receipts", "expense")
    wants = [Want(name, name, first, last) for name in names]
    keyed = await sums(wants, "dim", scope)
    whole = added(keyed, wants)
    income, expense = await money.income_of(whole), whole["expense"]
    lines = [Line("income", "income", {"income": income, "expense": 0, "profit": income})]
    labels = await money.category_labels()
    for category, row in sorted(keyed.items(), key=lambda one: -one[1]["expense"]):
        if row["expense"]:
            values = {"income": 0, "expense": row["expense"], "profit": -row["expense"]}
            lines.append(Line(f"category:{category}", labels.get(category, category), values))
    figure = await blank("profit", parameters)
    total = {"income": income, "expense": expense, "profit": figures.operating_profit(income, expense)}
    return replace(figure, rows=lines, total=Line(figure.total.unit, "", total), first=first, last=last)


async def follow_up(parameters: Parameters, scope: Reach | None) -> Figure:
    """Contacts of a span (default: this month); overdue and silent as of today, by employee."""
    first, last = parameters.span(home().today)
    today = parameters.as_of or home().today
    wants = [
        Want("followups", "activities", first, last, True),
        Want("touched", "customers_by_last_contact", first, last, True),
        Want("due_today", "customers_by_next_contact", today, today, True),
        Want("overdue", "customers_by_next_contact", None, today - timedelta(days=1), True),
        Want("silent", "customers_by_last_contact", None, today - timedelta(days=SILENT_DAYS + 1), True),
    ]
    keyed = await sums(wants, "employee", scope)
    never = await never_contacted(scope)
    empty = dict.fromkeys((want.alias for want in wants), 0)
    rows = {
        key: {**empty, **keyed.get(key, {}), "never": never.get(key, 0)} for key in sorted({*keyed, *never})
    }
    lines = named_lines(rows, await names_of(ids_of(rows)))
    lines.sort(key=lambda line: (-line.values["overdue"], line.name))
    figure = await blank("follow-up", parameters)
    total = Line(figure.total.unit, "", {**added(rows, wants), "never": sum(never.values())})
    return replace(figure, rows=lines, total=total, first=first, last=last, as_of=today)


async def never_contacted(scope: Reach | None) -> dict[str, int]:
    """Open customers without any contact, by owner."""
    where, params = ("(1 = 1)", {}) if scope is None else reach_sql(scope)
    rows = await fetch_all(
        "SELECT CAST(owner_id AS VARCHAR(36)) AS k, count(*) AS n FROM customer WHERE branch = :branch "
        "AND merged_into_id IS NULL AND deleted_at IS NULL AND status IN ('prospect', 'customer') "
        f"AND last_contact_on IS NULL AND {where} GROUP BY owner_id",
        branch=home().code,
        **params,
    )
    return {"None" if row["k"] is None else str(row["k"]): int(row["n"]) for row in rows}


ITEM_STATES = {
    "done": "done",
    "carried_over": "carried_over",
    "cancelled_items": "cancelled",
    "open_items": "planned",
}


async def staff_activity(parameters: Parameters, scope: Reach | None) -> Figure:
    """What everybody planned, did and brought in on a day (default: today) or in a span."""
    today = parameters.as_of or home().today
    first = parameters.first or parameters.last or today
    last = parameters.last or first
    wants = [
        Want("submitted", "plans", first, last, True, "submitted"),
        Want("closed", "plans", first, last, True, "closed"),
        Want("planned", "plan_items", first, last, True),
        *(Want(alias, "plan_items", first, last, True, state) for alias, state in ITEM_STATES.items()),
        Want("followups", "activities", first, last, True),
        Want("customers_new", "customers_new", first, last, True),
        Want("orders", "ordered", first, last, True),
        Want("ordered", "ordered", first, last),
        Want("receipts", "receipts", first, last),
    ]
    keyed = await sums(wants, "employee", scope)
    empty = dict.fromkeys((want.alias for want in wants), 0)
    people = await lists.employees(scope)
    rows = {**{str(row_id): empty for row_id in people}, **keyed}

    def whole(row: Mapping[str, int]) -> dict[str, int]:
        found = {**row, "plans": row["submitted"] + row["closed"]}
        del found["submitted"], found["closed"]
        return found

    names = {**people, **await names_of(key for key in ids_of(rows) if key not in people)}
    lines = named_lines({key: whole(row) for key, row in rows.items()}, names)
    lines.sort(key=lambda line: (line.values["plans"], -line.values["open_items"], line.name))
    figure = await blank("staff-activity", parameters)
    total = Line(figure.total.unit, "", whole(added(rows, wants)))
    return replace(figure, rows=lines, total=total, first=first, last=last)


async def newest_customers(parameters: Parameters, scope: Reach | None) -> Figure:
    """Customers by the day they were acquired, newest first."""
    return await lists.customers("newest-customers", parameters, scope, blank)


async def signed_customers(parameters: Parameters, scope: Reach | None) -> Figure:
    """Customers by the day of their first approved order, newest first."""
    return await lists.customers("signed-customers", parameters, scope, blank)


ANSWERS: Mapping[str, Answer] = {
    "newest-customers": newest_customers,
    "signed-customers": signed_customers,
    "follow-up": follow_up,
    "sales": sales,
    "targets": lambda parameters, scope: targets(parameters, scope, blank),
    "receivables": lambda parameters, scope: money.receivables(parameters, scope, blank),
    "ageing": lambda parameters, scope: money.ageing(parameters, scope, blank),
    "profit": profit,
    "staff-activity": staff_activity,
    "news": lambda parameters, scope: lists.news(parameters, scope, blank),
}


async def figure_of(name: str, parameters: Parameters, person: Person | None) -> Figure:
    """The figure within the person's reach (None: the command line, the whole branch). NotFound for an unknown
    name, NotAllowed without its right."""
    if name not in ANSWERS:
        raise NotFound(
            N_('There is no figure "%(name)s"; there are %(names)s.'),
            code="figure.unknown",
            name=name,
            names=", ".join(ANSWERS),
        )
    scope = None if person is None else reach(person, RIGHTS[name])
    return await ANSWERS[name](parameters, scope)


async def figure_named(name: str, parameters: Parameters, person: Person | None) -> dict[str, Any]:
    """The figure as the contract writes it."""
    return written(await figure_of(name, parameters, person))
