"""Reads of staff: the person behind an account, lists, names, departments, roles."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import Cut, Paging, Sort, as_kind, like
from branch_node.searching import words
from branch_node.staff.rules import subtree
from shared.database import fetch_all
from shared.database.scope import reach_q
from shared.errors import NotFound
from shared.permissions import LABELS, Grant, Person, Scope, combine, reach
from shared.records import Assignment, Delegation, Department, Employee, Role, RoleGrant
from shared.web.models import Account

PICK_LIMIT = 8

STAFF_SORTS: Mapping[str, Sort] = {
    "name": Sort("e.search_key"),
    "number": Sort("e.number"),
}

PERSON_SQL = """
WITH RECURSIVE
  dept(id) AS (
    SELECT department_id FROM employee WHERE id = :id AND department_id IS NOT NULL
    UNION SELECT id FROM department WHERE manager_id = :id AND deleted_at IS NULL
    UNION SELECT d.id FROM department d JOIN dept ON d.parent_id = dept.id WHERE d.deleted_at IS NULL),
  staff(id) AS (
    SELECT id FROM employee WHERE id = :id
    UNION SELECT e.id FROM employee e JOIN staff ON e.manager_id = staff.id WHERE e.deleted_at IS NULL)
SELECT 'me' AS kind, name AS a, branch AS b, discount_limit_bp AS n, CAST(department_id AS VARCHAR(36)) AS place FROM employee
  WHERE id = :id AND deleted_at IS NULL AND active = :yes
UNION ALL SELECT 'department', CAST(id AS VARCHAR(36)), '', 0, '' FROM dept
UNION ALL SELECT 'staff', CAST(id AS VARCHAR(36)), '', 0, '' FROM staff
UNION ALL SELECT 'grant', g.action, g.scope, 0, '' FROM employee_role r
  JOIN role_grant g ON g.role_code = r.role_code AND g.deleted_at IS NULL
  WHERE r.employee_id = :id AND r.deleted_at IS NULL
"""


async def person_of(account: Account) -> Person | None:
    """Who signs in with this account: rights of all roles, own departments with what lies below, subordinates.

    None when no active employee belongs to it. One query, whatever the size of the branch.
    """
    if account.person_id is None:
        return None
    return await person_by_id(account.person_id, account.timezone)


async def person_by_id(person_id: UUID, timezone: str = "") -> Person | None:
    """The same by the employee's id."""
    found: dict[str, list[Mapping[str, Any]]] = {"me": [], "department": [], "staff": [], "grant": []}
    for row in await fetch_all(PERSON_SQL, id=person_id, yes=True):
        found[row["kind"]].append(row)
    if not found["me"]:
        return None
    me = found["me"][0]
    grants = [Grant(row["a"], Scope(row["b"])) for row in found["grant"] if row["a"] in LABELS]
    return Person(
        id=person_id,
        name=me["a"],
        branch=me["b"],
        department_id=UUID(me["place"]) if me["place"] else None,
        department_ids=frozenset(UUID(row["a"]) for row in found["department"]),
        staff_ids=frozenset(UUID(row["a"]) for row in found["staff"]),
        grants=combine(grants),
        timezone=timezone or home().timezone,
        discount_limit_bp=int(me["n"]),
    )


async def person_id_of(number_or_name: str) -> UUID | None:
    """The employee with this number, else the only active one with this name; None when there is none."""
    found = await Employee.filter(branch=home().code, number=number_or_name, deleted_at=None).first()
    if found is not None:
        return found.id
    named = await Employee.filter(
        branch=home().code, name=number_or_name, active=True, deleted_at=None
    ).limit(2)
    return named[0].id if len(named) == 1 else None


async def names_of(ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Names of employees by id; an unknown or missing one is an empty name."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    rows = await fetch_all("SELECT id, name FROM employee WHERE id IN :ids", ids=sorted(wanted))
    return {as_kind(row["id"], UUID): row["name"] for row in rows}


@dataclass(frozen=True)
class Picked:
    """One hit of a typeahead."""

    value: UUID
    label: str
    hint: str


async def pick_staff(
    person: Person, query: str, action: str = "staff.view", *, with_left: bool = False
) -> list[Picked]:
    """At most eight employees within reach of `action` whose name, number or initials contain the words; those who
    left only when asked for."""
    found = Employee.filter(reach_q(reach(person, action), "id"), branch=home().code, deleted_at=None)
    if not with_left:
        found = found.filter(active=True)
    for word in words(query):
        found = found.filter(search_key__contains=word)
    rows = await found.order_by("search_key", "id").limit(PICK_LIMIT)
    return [Picked(row.id, row.name, row.position or row.number) for row in rows]


@dataclass(frozen=True)
class StaffRow:
    """A line of the staff list."""

    id: UUID
    number: str
    name: str
    department: str
    position: str
    manager: str
    active: bool
    roles: str
    has_account: bool


STAFF_SQL = """
SELECT e.id, e.number, e.name, e.position, e.active, d.name AS department, m.name AS manager,
  {sort} AS sort_value,
  EXISTS (SELECT 1 FROM web_account a WHERE a.person_id = e.id AND a.disabled_at IS NULL) AS has_account
FROM employee e
LEFT JOIN department d ON d.id = e.department_id
LEFT JOIN employee m ON m.id = e.manager_id
WHERE e.branch = :branch AND e.deleted_at IS NULL AND {where} AND {page} {order}
"""


async def staff_page(
    person: Person, paging: Paging, query: str = "", *, with_left: bool = False
) -> Cut[StaffRow]:
    """A page of the staff list."""
    reach(person, "staff.view")
    clauses = ["(1 = 1)"] if with_left else ["e.active = :yes"]
    params: dict[str, Any] = {"branch": home().code, "yes": True}
    for place, word in enumerate(words(query)):
        clauses.append(f"e.search_key LIKE :word{place} ESCAPE '!'")
        params[f"word{place}"] = like(word)
    page, order, more = paging.sql("e.id")
    sql = STAFF_SQL.format(sort=paging.sort.expression, where=" AND ".join(clauses), page=page, order=order)
    cut = paging.cut(await fetch_all(sql, **params, **more))
    roles = await roles_of([as_kind(row["id"], UUID) for row in cut.rows])
    return Cut([_staff_row(row, roles) for row in cut.rows], cut.next, cut.previous)


def _staff_row(row: Mapping[str, Any], roles: Mapping[UUID, Sequence[str]]) -> StaffRow:
    row_id = as_kind(row["id"], UUID)
    return StaffRow(
        row_id, row["number"], row["name"], row["department"] or "", row["position"], row["manager"] or "",
        bool(row["active"]), ",".join(roles.get(row_id, ())), bool(row["has_account"]),
    )  # fmt: skip


async def roles_of(ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Role codes by employee."""
    rows = await fetch_all(
        "SELECT employee_id, role_code FROM employee_role WHERE employee_id IN :ids AND deleted_at IS NULL "
        "ORDER BY role_code",
        ids=list(ids),
    )
    found: dict[UUID, list[str]] = {}
    for row in rows:
        found.setdefault(as_kind(row["employee_id"], UUID), []).append(row["role_code"])
    return found


async def has_colleagues(person_id: UUID) -> bool:
    """Whether anybody else works at this branch, or ever did."""
    return await Employee.exclude(id=person_id).exists()


async def employee_for(person: Person, employee_id: UUID, action: str = "staff.view") -> Employee:
    """The employee if `person` may do `action` on staff; NotFound otherwise."""
    reach(person, action)
    found = await Employee.get_or_none(id=employee_id, branch=home().code, deleted_at=None)
    if found is None:
        raise NotFound()
    return found


async def colleague_for(person: Person, employee_id: UUID, action: str) -> Employee:
    """An employee whose rows `person` may touch with `action` (own, subordinates, department, branch); else NotFound."""
    found = await Employee.filter(
        reach_q(reach(person, action), "id"), id=employee_id, branch=home().code, deleted_at=None
    ).first()
    if found is None:
        raise NotFound()
    return found


async def assignments_of(employee_id: UUID) -> list[Assignment]:
    """Where the employee worked, newest first."""
    return await Assignment.filter(employee_id=employee_id, deleted_at=None).order_by("-happened_on")


async def deputies_of(employee_id: UUID) -> list[Delegation]:
    """Deputies named by the employee, newest first."""
    return await Delegation.filter(employee_id=employee_id, deleted_at=None).order_by("-from_on").limit(20)


async def deputised_by(person_id: UUID, on: date) -> frozenset[UUID]:
    """In whose place this person may decide on a day."""
    rows = await fetch_all(
        "SELECT employee_id FROM delegation WHERE deputy_id = :id AND from_on <= :day AND until_on >= :day "
        "AND deleted_at IS NULL",
        id=person_id,
        day=on,
    )
    return frozenset(as_kind(row["employee_id"], UUID) for row in rows)


async def account_of(employee_id: UUID) -> Account | None:
    """The sign-in account of an employee."""
    return await Account.filter(person_id=employee_id).first()


async def departments() -> list[Department]:
    """All departments of the branch by name, closed ones last."""
    return await Department.filter(branch=home().code, deleted_at=None).order_by("-active", "name")


async def department_for(person: Person, department_id: UUID, action: str = "staff.view") -> Department:
    """The department; NotFound when it is not the branch's."""
    reach(person, action)
    found = await Department.get_or_none(id=department_id, branch=home().code, deleted_at=None)
    if found is None:
        raise NotFound()
    return found


async def below(department_id: UUID) -> frozenset[UUID]:
    """The department and all departments below it."""
    rows = await departments()
    return subtree(department_id, {row.id: row.parent_id for row in rows})


async def people_by_department() -> dict[UUID, int]:
    """How many active people work in each department."""
    rows = await fetch_all(
        "SELECT department_id, count(*) AS n FROM employee WHERE branch = :branch AND active = :yes "
        "AND deleted_at IS NULL AND department_id IS NOT NULL GROUP BY department_id",
        branch=home().code,
        yes=True,
    )
    return {as_kind(row["department_id"], UUID): int(row["n"]) for row in rows}


async def people_by_role() -> dict[str, int]:
    """How many active people hold each role."""
    rows = await fetch_all(
        "SELECT r.role_code, count(*) AS n FROM employee_role r JOIN employee e ON e.id = r.employee_id "
        "WHERE e.branch = :branch AND e.active = :yes AND e.deleted_at IS NULL AND r.deleted_at IS NULL GROUP BY r.role_code",
        branch=home().code,
        yes=True,
    )
    return {row["role_code"]: int(row["n"]) for row in rows}


async def grants_by_role() -> dict[str, int]:
    """How many rights each role has."""
    rows = await fetch_all(
        "SELECT role_code, count(*) AS n FROM role_grant WHERE deleted_at IS NULL GROUP BY role_code"
    )
    return {row["role_code"]: int(row["n"]) for row in rows}


async def roles() -> list[Role]:
    """The roles of the branch: built-in ones first."""
    return await Role.filter(branch=home().code, deleted_at=None).order_by("-builtin", "code")


async def role_for(person: Person, code: str, action: str = "role.view") -> Role:
    """The role with this code; NotFound when there is none."""
    reach(person, action)
    found = await Role.get_or_none(branch=home().code, code=code, deleted_at=None)
    if found is None:
        raise NotFound()
    return found


async def grants_of(code: str) -> dict[str, Scope]:
    """The rights of a role by action."""
    rows = await RoleGrant.filter(role_code=code, deleted_at=None)
    return combine([Grant(row.action, Scope(row.scope)) for row in rows if row.action in LABELS])


async def staff_in_reach(person: Person, action: str) -> list[Mapping[str, Any]]:
    """Active employees within reach of `action` with their department: id, name, department, department_id."""
    rows = (
        await Employee.filter(
            reach_q(reach(person, action), "id"), branch=home().code, active=True, deleted_at=None
        )
        .order_by("search_key", "id")
        .values("id", "name", "position", "department_id")
    )
    return list(rows)
