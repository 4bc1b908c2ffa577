"""Pages of departments and of roles with their rights."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.requests import path_id
from branch_node.staff import actions, queries
from branch_node.staff.forms import DepartmentForm, RoleForm
from branch_node.staff.handlers import role_name
from branch_node.staff.pages import (
    DepartmentPage,
    DepartmentsPage,
    RolePage,
    RoleRow,
    RolesPage,
)
from branch_node.staff.rules import DEPARTMENT_KINDS, mark_of_grants
from shared.errors import Invalid, Text
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.permissions import ACTIONS, SCOPE_LABELS, Person, Scope
from shared.records import Department
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Column, Empty, Option, Row, TableView
from shared.web.responses import page, redirect

# Scopes a branch can give: COMPANY is headquarters' own.
GIVEN = (Scope.OWN, Scope.DEPARTMENT, Scope.BRANCH)


async def show_departments(request: Request) -> Response:
    person: Person = request.state.person
    rows = await queries.departments()
    people = await queries.people_by_department()
    names = await queries.names_of(row.manager_id for row in rows)
    can_edit = person.may("staff.edit")
    table = TableView(
        key="departments",
        caption=_("Departments"),
        columns=[
            Column("name", _("Department"), phone="head"),
            Column("manager", _("Run by"), phone="second"),
            Column("people", _("People"), "number", phone="second"),
            Column("kind", _("Kind")),
            Column("state", _("State"), "status"),
        ],
        rows=[
            Row(
                {
                    "name": "— " * depth + row.name,
                    "manager": names.get(row.manager_id) or None,
                    "people": people.get(row.id, 0),
                    "kind": _(DEPARTMENT_KINDS[row.kind]) if row.kind in DEPARTMENT_KINDS else row.kind,
                    "state": "active" if row.active else "closed",
                },
                str(row.id),
                f"/departments/{row.id}" if can_edit else "",
                is_muted=not row.active,
            )
            for row, depth in in_tree(rows)
        ],
        empty=Empty("nothing", _("No department is entered yet.")),
    )
    return page(request, "staff/departments.html", DepartmentsPage(table, can_edit))


def in_tree(rows: Sequence[Department]) -> Iterator[tuple[Department, int]]:
    """Departments with their depth, each under its parent; whose parent is unknown stands at the top."""
    ids = {row.id for row in rows}
    children: dict[UUID | None, list[Department]] = {}
    for row in rows:
        children.setdefault(row.parent_id if row.parent_id in ids else None, []).append(row)

    def below(parent: UUID | None, depth: int) -> Iterator[tuple[Department, int]]:
        for row in children.get(parent, ()):
            yield row, depth
            if depth < 12:
                yield from below(row.id, depth + 1)

    return below(None, 0)


async def department_page(row: Department | None, form: Form[Any]) -> DepartmentPage:
    kinds = [Option(code, _(label)) for code, label in DEPARTMENT_KINDS.items()]
    own = row.id if row else None
    parents = [Option("", "—")] + [
        Option(str(one.id), one.name) for one in await queries.departments() if one.active and one.id != own
    ]
    manager = ""
    if row is not None:
        manager = (await queries.names_of([row.manager_id])).get(row.manager_id, "")
    return DepartmentPage(row, form, kinds, parents, manager)


async def new_department(request: Request) -> Response:
    return page(
        request, "staff/department.html", await department_page(None, empty_form(kind="sales", active=True))
    )


async def add_department(request: Request) -> Response:
    form = await read_form(request, DepartmentForm)
    if form.errors:
        return page(request, "staff/department.html", await department_page(None, form), status=422)
    row = await actions.add_department(request.state.person, form.value)
    return redirect("/departments", toast=_("%(name)s saved.", name=row.name))


async def edit_department(request: Request) -> Response:
    row = await queries.department_for(request.state.person, path_id(request), "staff.edit")
    form = empty_form(
        name=row.name, kind=row.kind, parent_id=row.parent_id, manager_id=row.manager_id, active=row.active,
        revision=row.revision,
    )  # fmt: skip
    return page(request, "staff/department.html", await department_page(row, form))


async def change_department(request: Request) -> Response:
    person: Person = request.state.person
    row = await queries.department_for(person, path_id(request), "staff.edit")
    form = await read_form(request, DepartmentForm)
    if not form.errors:
        try:
            await actions.change_department(person, row.id, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect("/departments", toast=_("%(name)s saved.", name=form.value.name))
    return page(request, "staff/department.html", await department_page(row, form), status=422)


# --- roles ------------------------------------------------------------------------------------------------------


async def roles_page(person: Person, form: Form[Any]) -> RolesPage:
    counts = await queries.people_by_role()
    rights = await queries.grants_by_role()
    rows = [
        RoleRow(role, role_name(role), counts.get(role.code, 0), rights.get(role.code, 0))
        for role in await queries.roles()
    ]
    return RolesPage(rows, form, person.may("role.edit"))


async def show_roles(request: Request) -> Response:
    return page(request, "staff/roles.html", await roles_page(request.state.person, empty_form()))


async def add_role(request: Request) -> Response:
    person: Person = request.state.person
    form = await read_form(request, RoleForm)
    if not form.errors:
        try:
            role = await actions.add_role(person, form.value.code, form.value.name, form.value.name_en)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(f"/roles/{role.code}")
    return page(request, "staff/roles.html", await roles_page(person, form), status=422)


def subject_labels() -> Mapping[str, str]:
    """Headings of the rights by the word before the dot."""
    return {
        "customer": _("Customers"), "contact": _("Contacts"), "followup": _("Follow-ups"), "plan": _("Daily plans"),
        "task": _("Tasks"), "opportunity": _("Opportunities"), "quotation": _("Quotes"), "order": _("Orders"), "receivable": _("Receivables"),
        "receipt": _("Receipts"), "allocation": _("Allocations"), "expense": _("Expenses"), "period": _("Periods"),
        "feedback": _("Feedback"), "intel": _("Market notes"), "product": _("Products"), "staff": _("Staff"),
        "role": _("Roles"), "target": _("Targets"), "figures": _("Figures"), "directive": _("Directives"),
        "news": _("News"), "audit": _("Audit"), "import": _("Imports"), "settings": _("Settings"),
        "sync": _("Replication"), "node": _("Nodes"), "token": _("API tokens"), "share": _("Shared views"),
    }  # fmt: skip


async def show_role(request: Request) -> Response:
    person: Person = request.state.person
    role = await queries.role_for(person, request.path_params["code"])
    grants = await queries.grants_of(role.code)
    subjects: dict[str, list[tuple[str, str, Scope | None]]] = {}
    for action, label in ACTIONS:
        subjects.setdefault(action.split(".")[0], []).append((action, _(label), grants.get(action)))
    heads = subject_labels()
    view = RolePage(
        role=role,
        name=role_name(role),
        subjects=[(heads.get(subject, subject), rows) for subject, rows in subjects.items()],
        scopes=[Option("", _("no")), *(Option(str(scope), _(SCOPE_LABELS[scope])) for scope in GIVEN)],
        can_edit=person.may("role.edit"),
        seen=mark_of_grants({action: str(scope) for action, scope in grants.items()}),
    )
    return page(request, "staff/role.html", view)


async def set_grants(request: Request) -> Response:
    """All rights of a role at once, one select per right."""
    person: Person = request.state.person
    role = await queries.role_for(person, request.path_params["code"], "role.edit")
    posted = await request.form()
    wanted: dict[str, Scope] = {}
    for action, label in ACTIONS:
        text = str(posted.get(action, ""))
        if text not in ("", *GIVEN):
            raise Invalid(fields={action: Text(N_("%(right)s: choose one from the list."), right=label)})
        if text:
            wanted[action] = Scope(text)
    await actions.set_grants(person, role.code, wanted, seen=str(posted.get("seen", "")))
    return redirect(f"/roles/{role.code}", toast=_("Rights of %(name)s saved.", name=role_name(role)))
