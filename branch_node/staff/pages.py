"""What the templates of staff receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.permissions import Scope
from shared.records import Department, Employee, Role
from shared.web.forms import Form
from shared.web.models import Account
from shared.web.parts import Filters, Option, TableView


@dataclass(frozen=True)
class ListPage:
    """staff/list.html. `is_new`: the reader is the branch's first and only person, and is shown what comes first."""

    table: TableView
    filters: Filters
    can_edit: bool
    is_new: bool


@dataclass(frozen=True)
class NewPage:
    """staff/new.html."""

    form: Form[Any]
    departments: Sequence[Option]
    manager: str


@dataclass(frozen=True)
class PlacementRow:
    """Where somebody worked."""

    from_on: Any
    until_on: Any
    department: str
    manager: str
    position: str


@dataclass(frozen=True)
class DeputyRow:
    """A deputy and the days."""

    id: Any
    name: str
    from_on: Any
    until_on: Any
    reason: str
    is_current: bool


@dataclass(frozen=True)
class ShowPage:
    """staff/show.html: one employee: data, place, roles, deputies, account, how that stands to the
    company's sign-in. `failed` names the form with errors."""

    employee: Employee
    department: str
    manager: str
    placements: Sequence[PlacementRow]
    deputies: Sequence[DeputyRow]
    role_options: Sequence[Option]
    role_names: Sequence[str]
    account: Account | None
    company_link: str
    departments: Sequence[Option]
    can_edit: bool
    can_edit_roles: bool
    is_self: bool
    data: Form[Any]
    place: Form[Any]
    roles: Form[Any]
    deputy: Form[Any]
    sign_in: Form[Any]
    failed: Form[Any]
    manager_text: str


@dataclass(frozen=True)
class LeavePage:
    """staff/leave.html: the question before somebody leaves, with what they hold."""

    employee: Employee
    holdings: Mapping[str, int]
    form: Form[Any]


@dataclass(frozen=True)
class DepartmentsPage:
    """staff/departments.html."""

    table: TableView
    can_edit: bool


@dataclass(frozen=True)
class DepartmentPage:
    """staff/department.html: one department, or a new one."""

    department: Department | None
    form: Form[Any]
    kinds: Sequence[Option]
    parents: Sequence[Option]
    manager: str


@dataclass(frozen=True)
class RoleRow:
    """A role with how many hold it."""

    role: Role
    name: str
    people: int
    grants: int


@dataclass(frozen=True)
class RolesPage:
    """staff/roles.html."""

    rows: Sequence[RoleRow]
    form: Form[Any]
    can_edit: bool


@dataclass(frozen=True)
class RolePage:
    """staff/role.html: every right and how far it reaches, by subject; `seen` is the mark of these rights."""

    role: Role
    name: str
    subjects: Sequence[tuple[str, Sequence[tuple[str, str, Scope | None]]]]
    scopes: Sequence[Option]
    can_edit: bool
    seen: str
