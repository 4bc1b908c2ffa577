"""Pages of staff: the list, one employee, the typeahead."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.queries import holdings
from branch_node.home import today
from branch_node.lists import Cut, neighbours, paging
from branch_node.picking import PickPage
from branch_node.requests import path_id, typed_query
from branch_node.staff import accounts, actions, queries
from branch_node.staff.forms import (
    AccountForm,
    DeputyForm,
    EmployeeForm,
    LeaveForm,
    PasswordForm,
    PlacementForm,
    RolesForm,
)
from branch_node.staff.pages import DeputyRow, LeavePage, ListPage, NewPage, PlacementRow, ShowPage
from branch_node.staff.rules import mark_of
from shared.errors import Invalid
from shared.i18n import active_locale
from shared.i18n import gettext as _
from shared.permissions import LABELS, ROLES_BY_CODE, Person
from shared.records import Employee, Role
from shared.web.accounts import check_password_rules, normal_name
from shared.web.filters import plain_percent
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.me.pages import company_link
from shared.web.parts import Action, Chip, Column, Empty, Field, Filters, Option, Row, Status, TableView
from shared.web.responses import page, part, redirect
from shared.web.templating import with_query


async def pick(request: Request) -> Response:
    """The typeahead: staff whom ?for= (a right) reaches."""
    wanted = request.query_params.get("for", "staff.view")
    person: Person = request.state.person
    action = wanted if wanted in LABELS and person.may(wanted) else "staff.view"
    with_left = request.query_params.get("left") == "1"
    hits = await queries.pick_staff(person, typed_query(request), action, with_left=with_left)
    return part(request, "pick.html", PickPage([Option(str(hit.value), hit.label, hit.hint) for hit in hits]))


def role_name(role: Role) -> str:
    """A built-in role in the reader's language, an own one as it was named."""
    if role.builtin and role.code in ROLES_BY_CODE:
        return _(ROLES_BY_CODE[role.code].label)
    return role.name_en if active_locale() == "en" and role.name_en else role.name


async def show_list(request: Request) -> Response:
    person: Person = request.state.person
    query = typed_query(request)
    with_left = request.query_params.get("left") == "1"
    pages = paging(request.query_params, queries.STAFF_SORTS, "name")
    cut = await queries.staff_page(person, pages, query, with_left=with_left)
    names = {role.code: role_name(role) for role in await queries.roles()}
    chips = (
        [Chip(_('contains "%(text)s"', text=query), with_query(q=None, after=None, before=None))]
        if query
        else []
    )
    fields = [Field("q", _("Name or number"), "search"), Field("left", _("With those who left"), "tick")]
    form = empty_form(q=query, left=with_left)
    bar = Filters(fields, form, "/staff", chips, "", "/staff" if chips else "")
    can_edit = person.may("staff.edit")
    is_new = can_edit and not await queries.has_colleagues(person.id)
    view = ListPage(table(cut, pages.sorted_by, names, query), bar, can_edit, is_new)
    return page(request, "staff/list.html", view)


def table(cut: Cut[queries.StaffRow], sorted_by: str, names: dict[str, str], query: str) -> TableView:
    following, previous = neighbours(cut)
    empty = Empty("filter", _("Nobody matches these filters."), Action(_("Clear filters"), "/staff"))
    if not query:
        empty = Empty("nothing", _("Nobody is entered yet."), Action(_("New employee"), "/staff/new"))
    return TableView(
        key="staff",
        caption=_("Staff"),
        columns=[
            Column("name", _("Full name"), sort="name", phone="head"),
            Column("number", _("Staff number"), sort="number", phone="second"),
            Column("department", _("Department"), phone="second"),
            Column("position", _("Position")),
            Column("manager", _("Manager")),
            Column("roles", _("Roles")),
            Column("account", _("Sign-in"), "status"),
        ],
        rows=[
            Row(
                {
                    "name": row.name if row.active else _("%(name)s (left)", name=row.name),
                    "number": row.number,
                    "department": row.department or None,
                    "position": row.position or None,
                    "manager": row.manager or None,
                    "roles": _(", ").join(names.get(code, code) for code in row.roles.split(",") if code)
                    or None,
                    "account": Status("active") if row.has_account else None,
                },
                str(row.id),
                f"/staff/{row.id}",
                is_muted=not row.active,
            )
            for row in cut.rows
        ],
        sorted_by=sorted_by,
        next_url=following,
        previous_url=previous,
        empty=empty,
    )


async def department_options(*, with_none: bool = True) -> list[Option]:
    rows = [Option(str(row.id), row.name) for row in await queries.departments() if row.active]
    return [Option("", "—"), *rows] if with_none else rows


async def new(request: Request) -> Response:
    form = empty_form(hired_on=today(), discount_limit_bp=0)
    return page(request, "staff/new.html", NewPage(form, await department_options(), ""))


async def add(request: Request) -> Response:
    person: Person = request.state.person
    form = await read_form(request, EmployeeForm)
    if not form.errors:
        try:
            row = await actions.add_employee(person, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/staff/{row.id}", toast=_("%(name)s saved.", name=row.name))
    return page(request, "staff/new.html", NewPage(form, await department_options(), ""), status=422)


async def show(request: Request) -> Response:
    employee = await queries.employee_for(request.state.person, path_id(request))
    return page(request, "staff/show.html", await show_page(request, employee))


async def show_page(request: Request, employee: Employee) -> ShowPage:
    """Everything about one employee; forms as the records stand."""
    person: Person = request.state.person
    placements = await queries.assignments_of(employee.id)
    deputies = await queries.deputies_of(employee.id)
    names = await queries.names_of(
        [employee.manager_id, *(one.manager_id for one in placements), *(one.deputy_id for one in deputies)]
    )
    departments = {row.id: row.name for row in await queries.departments()}
    held = (await queries.roles_of([employee.id])).get(employee.id, [])
    known = {role.code: role_name(role) for role in await queries.roles()}
    can_edit = person.may("staff.edit")
    account = await queries.account_of(employee.id) if can_edit else None
    data = empty_form(
        number=employee.number, name=employee.name, email=employee.email, phone=employee.phone,
        hired_on=employee.hired_on, discount_limit_bp=plain_percent(employee.discount_limit_bp), revision=employee.revision,
    )  # fmt: skip
    place = empty_form(
        starts_on=today(),
        department_id=employee.department_id,
        manager_id=employee.manager_id,
        position=employee.position,
    )
    return ShowPage(
        employee=employee,
        department=departments.get(employee.department_id, ""),
        manager=names.get(employee.manager_id, ""),
        placements=[
            PlacementRow(
                one.happened_on, one.until_on, departments.get(one.department_id, ""), names.get(one.manager_id, ""),
                one.position,
            )
            for one in placements
        ],
        deputies=[
            DeputyRow(
                one.id, names.get(one.deputy_id, ""), one.from_on, one.until_on, one.reason,
                one.from_on <= today() <= one.until_on,
            )
            for one in deputies
        ],
        role_options=[Option(code, name) for code, name in known.items()],
        role_names=[known.get(code, code) for code in held],
        account=account,
        company_link=company_link(request.app.state.settings, account) if account else "",
        departments=await department_options(with_none=False),
        can_edit=can_edit,
        can_edit_roles=person.may("role.edit"),
        is_self=employee.id == person.id,
        data=data,
        place=place,
        roles=empty_form(roles=held, seen=mark_of(held)),
        deputy=empty_form(from_on=today()),
        sign_in=empty_form(),
        failed=empty_form(),
        manager_text=names.get(employee.manager_id, ""),
    )  # fmt: skip


async def again(request: Request, employee: Employee, place: str, form: Form[Any]) -> Response:
    """The page with the messages of one of its forms."""
    view = await show_page(request, employee)
    view = replace(view, failed=form, **{place: form})  # type: ignore[arg-type]
    return page(request, "staff/show.html", view, status=422)


async def change(request: Request) -> Response:
    person: Person = request.state.person
    employee = await queries.employee_for(person, path_id(request), "staff.edit")
    form = await read_form(request, EmployeeForm)
    if not form.errors:
        try:
            await actions.change_employee(person, employee.id, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/staff/{employee.id}", toast=_("%(name)s saved.", name=form.value.name))
    return await again(request, employee, "data", form)


async def move(request: Request) -> Response:
    person: Person = request.state.person
    employee = await queries.employee_for(person, path_id(request), "staff.edit")
    form = await read_form(request, PlacementForm)
    if not form.errors:
        try:
            await actions.move_employee(person, employee.id, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/staff/{employee.id}", toast=_("Assignment saved."))
    return await again(request, employee, "place", form)


async def set_roles(request: Request) -> Response:
    person: Person = request.state.person
    employee = await queries.employee_for(person, path_id(request), "role.edit")
    form = await read_form(request, RolesForm)
    if not form.errors:
        try:
            await actions.set_roles(person, employee.id, form.value.roles, seen=form.value.seen)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/staff/{employee.id}", toast=_("Roles saved."))
    return await again(request, employee, "roles", form)


async def name_deputy(request: Request) -> Response:
    person: Person = request.state.person
    employee = await queries.employee_for(person, path_id(request))
    form = await read_form(request, DeputyForm)
    if not form.errors:
        try:
            await actions.name_deputy(person, employee.id, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/staff/{employee.id}", toast=_("Deputy saved."))
    return await again(request, employee, "deputy", form)


async def end_deputy(request: Request) -> Response:
    person: Person = request.state.person
    row = await actions.end_deputy(person, path_id(request, "deputy"))
    return redirect(f"/staff/{row.employee_id}", toast=_("Deputy ended."))


# --- leaving and returning --------------------------------------------------------------------------------------


async def ask_leave(request: Request) -> Response:
    employee = await queries.employee_for(request.state.person, path_id(request), "staff.edit")
    view = LeavePage(employee, await holdings(employee.id), empty_form(left_on=today()))
    return page(request, "staff/leave.html", view)


async def leave(request: Request) -> Response:
    person: Person = request.state.person
    employee = await queries.employee_for(person, path_id(request), "staff.edit")
    form = await read_form(request, LeaveForm)
    if not form.errors:
        try:
            await actions.end_employment(person, employee.id, form.value.left_on)
        except Invalid as refused:
            form = with_errors(form, refused)
    if form.errors:
        view = LeavePage(employee, await holdings(employee.id), form)
        return page(request, "staff/leave.html", view, status=422)
    held = await holdings(employee.id)
    if sum(held.values()) and person.may("customer.assign"):
        return redirect(
            f"/customers/hand-over?from={employee.id}", toast=_("%(name)s has left.", name=employee.name)
        )
    return redirect(f"/staff/{employee.id}", toast=_("%(name)s has left.", name=employee.name))


async def come_back(request: Request) -> Response:
    person: Person = request.state.person
    employee = await queries.employee_for(person, path_id(request), "staff.edit")
    await actions.take_back(person, employee.id)
    return redirect(f"/staff/{employee.id}", toast=_("%(name)s works here again.", name=employee.name))


# --- accounts ---------------------------------------------------------------------------------------------------


async def create_account(request: Request) -> Response:
    person: Person = request.state.person
    employee = await queries.employee_for(person, path_id(request), "staff.edit")
    form = await read_form(request, AccountForm)
    if not form.errors:
        name = normal_name(form.value.username)
        try:
            check_password_rules(form.value.password, name)
            stored = await request.app.state.passwords.hash(form.value.password)
            await accounts.create_account(person, employee.id, name, stored)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/staff/{employee.id}", toast=_("Account %(name)s made.", name=name))
    return await again(request, employee, "sign_in", form)


async def set_password(request: Request) -> Response:
    person: Person = request.state.person
    employee = await queries.employee_for(person, path_id(request), "staff.edit")
    form = await read_form(request, PasswordForm)
    account = await queries.account_of(employee.id)
    if not form.errors and account is not None:
        try:
            check_password_rules(form.value.password, account.username)
            stored = await request.app.state.passwords.hash(form.value.password)
            await accounts.set_password(person, account.id, stored)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/staff/{employee.id}", toast=_("Password set; open sessions ended."))
    return await again(request, employee, "sign_in", form)


async def account_id_of(request: Request) -> tuple[Employee, UUID]:
    employee = await queries.employee_for(request.state.person, path_id(request), "staff.edit")
    account = await queries.account_of(employee.id)
    return employee, account.id if account else UUID(int=0)


async def disable_account(request: Request) -> Response:
    employee, account_id = await account_id_of(request)
    await accounts.disable_account(request.state.person, account_id)
    return redirect(f"/staff/{employee.id}", toast=_("Account disabled."))


async def enable_account(request: Request) -> Response:
    employee, account_id = await account_id_of(request)
    await accounts.enable_account(request.state.person, account_id)
    return redirect(f"/staff/{employee.id}", toast=_("Account enabled."))


async def unlink_company(request: Request) -> Response:
    employee, account_id = await account_id_of(request)
    await accounts.unlink_company(request.state.person, account_id)
    return redirect(
        f"/staff/{employee.id}",
        toast=_("The company's sign-in no longer opens this account; open sessions ended."),
    )


async def allow_company(request: Request) -> Response:
    employee, account_id = await account_id_of(request)
    await accounts.allow_company(request.state.person, account_id)
    return redirect(f"/staff/{employee.id}", toast=_("The next sign-in through the company is linked."))
