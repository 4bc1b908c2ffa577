"""What is done with staff: hire, move, rights, deputies, accounts. Each owns its transaction."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from branch_node.audit import note
from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.numbers import next_free_number, take_typed_number
from branch_node.searching import search_key
from branch_node.staff.forms import DepartmentForm, DeputyForm, EmployeeForm, PlacementForm
from branch_node.staff.rules import (
    check_deputy,
    check_new_start,
    end_before,
    mark_of,
    mark_of_grants,
    refuse_loop,
)
from shared import clock
from shared.database import fetch_all, transaction
from shared.errors import Conflict, Invalid, Text
from shared.i18n import N_
from shared.permissions import ACTIONS, Person, Scope, require
from shared.records import (
    Assignment,
    Delegation,
    Department,
    Employee,
    EmployeeRole,
    Role,
    RoleGrant,
)
from shared.web.models import Account
from shared.web.session import end_all_sessions


async def add_employee(person: Person, form: EmployeeForm) -> Employee:
    """Write a new employee with the first assignment. Invalid when the number is taken."""
    require(person, "staff.edit")
    async with transaction():
        if form.number:
            await _take_typed_number(form.number, None)
        number = form.number or await next_free_number("employee", 4)
        row = await Employee.create(
            branch=home().code,
            number=number,
            name=form.name,
            email=form.email,
            phone=form.phone,
            position=form.position,
            department_id=form.department_id,
            manager_id=form.manager_id,
            hired_on=form.hired_on or today(),
            discount_limit_bp=form.discount_limit_bp,
            search_key=search_key(form.name, number, form.phone, form.email, length=300),
        )
        await Assignment.create(
            branch=row.branch,
            employee_id=row.id,
            department_id=row.department_id,
            manager_id=row.manager_id,
            position=row.position,
            happened_on=row.hired_on,
        )
    return row


async def change_employee(person: Person, employee_id: UUID, form: EmployeeForm) -> Employee:
    """Change name, number, ways to reach and discount limit; the place changes by `move_employee`."""
    require(person, "staff.edit")
    async with transaction():
        row = await locked(Employee, employee_id, form.revision)
        number = form.number or row.number
        if number != row.number:
            await _take_typed_number(number, row.id)
        if row.discount_limit_bp != form.discount_limit_bp:
            await note(
                person, "staff.discount_limit", "employee", row.id,
                before=row.discount_limit_bp, after=form.discount_limit_bp,
            )  # fmt: skip
        row.number, row.name, row.email, row.phone = number, form.name, form.email, form.phone
        row.hired_on = form.hired_on
        row.discount_limit_bp = form.discount_limit_bp
        row.search_key = search_key(form.name, number, form.phone, form.email, length=300)
        await row.save()
    return row


async def _take_typed_number(number: str, own_id: UUID | None) -> None:
    """A number that somebody typed. Invalid when another employee has it."""
    await take_typed_number("employee", number)
    taken = (
        await Employee.filter(branch=home().code, number=number, deleted_at=None).exclude(id=own_id).exists()
    )
    if taken:
        raise Invalid(
            fields={
                "number": Text(
                    N_("%(number)s is the number of somebody else. Choose another one."), number=number
                )
            }
        )


async def move_employee(person: Person, employee_id: UUID, form: PlacementForm) -> None:
    """A new department, manager or position from a day on.

    A move of today or earlier holds at once; a later one is carried out on its day by `carry_out_moves`. A second
    move on the same day replaces the first.
    """
    require(person, "staff.edit")
    async with transaction():
        row = await locked(Employee, employee_id)
        managers = await _parents("employee", "manager_id")
        refuse_loop(row.id, form.manager_id, managers, "manager_id")
        earlier = await Assignment.filter(employee_id=row.id, deleted_at=None).order_by("-happened_on")
        check_new_start([one.happened_on for one in earlier], form.starts_on)
        if earlier and earlier[0].happened_on == form.starts_on:
            current = earlier[0]
            current.department_id, current.manager_id = form.department_id, form.manager_id
            current.position = form.position
            await current.save()
        else:
            if earlier:
                earlier[0].until_on = end_before(form.starts_on)
                await earlier[0].save()
            await Assignment.create(
                branch=row.branch,
                employee_id=row.id,
                department_id=form.department_id,
                manager_id=form.manager_id,
                position=form.position,
                happened_on=form.starts_on,
            )
        if form.starts_on <= today():
            row.department_id, row.manager_id, row.position = (
                form.department_id,
                form.manager_id,
                form.position,
            )
            await row.save()


async def carry_out_moves() -> int:
    """Put into force the assignments whose day has come; how many employees moved. May run any number of times."""
    moved = 0
    async with transaction():
        rows = await fetch_all(
            "SELECT a.id, a.employee_id FROM assignment a JOIN employee e ON e.id = a.employee_id "
            "WHERE a.happened_on <= :today AND (a.until_on IS NULL OR a.until_on >= :today) AND a.deleted_at IS NULL "
            "AND e.branch = :branch AND (a.department_id IS DISTINCT FROM e.department_id "
            "OR a.manager_id IS DISTINCT FROM e.manager_id OR a.position <> e.position)",
            today=today(),
            branch=home().code,
        )
        for found in rows:
            placement = await Assignment.get(id=found["id"])
            row = await locked(Employee, placement.employee_id)
            row.department_id, row.manager_id = placement.department_id, placement.manager_id
            row.position = placement.position
            await row.save()
            moved += 1
    return moved


async def _parents(table: str, column: str) -> Mapping[UUID, UUID | None]:
    model = {"employee": Employee, "department": Department}[table]
    pairs = await model.filter(branch=home().code, deleted_at=None).values_list("id", column)
    return dict(pairs)


async def end_employment(person: Person, employee_id: UUID, left_on: date) -> Employee:
    """The employee leaves: not active any more, account disabled, signed out everywhere.

    Customers stay where they are until somebody hands them over. Conflict for oneself and for the last who may change roles, Invalid for a last
    day before the first.
    """
    require(person, "staff.edit")
    if employee_id == person.id:
        raise Conflict(
            N_("You cannot end your own employment. Ask another administrator."), code="staff.self"
        )
    async with transaction():
        await hold_roles()
        row = await locked(Employee, employee_id)
        if row.hired_on is not None and left_on < row.hired_on:
            raise Invalid(
                fields={
                    "left_on": Text(
                        N_("Works here since %(day)s. Choose a later last day."), day=row.hired_on
                    )
                }
            )
        row.active, row.left_on = False, left_on
        await row.save()
        await Assignment.filter(employee_id=row.id, until_on=None, happened_on__gt=left_on).update(
            deleted_at=clock.now()
        )
        account = await Account.filter(person_id=row.id).first()
        if account is not None:
            account.disabled_at = clock.now()
            await account.save()
            await end_all_sessions(account.id)
        await refuse_without_administrator()
        await note(person, "staff.left", "employee", row.id, name=row.name, left_on=left_on.isoformat())
    return row


async def take_back(person: Person, employee_id: UUID) -> Employee:
    """The employee returns; the account stays disabled until it is enabled."""
    require(person, "staff.edit")
    async with transaction():
        row = await locked(Employee, employee_id)
        row.active, row.left_on = True, None
        await row.save()
        await note(person, "staff.returned", "employee", row.id, name=row.name)
    return row


async def set_roles(
    person: Person, employee_id: UUID, codes: Sequence[str], *, seen: str | None = None
) -> None:
    """Give exactly these roles. `seen` is the mark of those one saw before (None: whatever they are).

    Invalid for a code that is no role of the branch; Conflict when somebody changed them since, when one would take the right
    to change roles from oneself, or from the last who has it.
    """
    require(person, "role.edit")
    wanted = set(codes)
    async with transaction():
        await hold_roles()
        await locked(Employee, employee_id)
        known = set(await Role.filter(branch=home().code, deleted_at=None).values_list("code", flat=True))
        if wanted - known:
            raise Invalid(fields={"roles": N_("Choose one from the list.")})
        held = await EmployeeRole.filter(employee_id=employee_id, deleted_at=None)
        before = sorted(row.role_code for row in held)
        _refuse_other_mark(seen, mark_of(before))
        for row in held:
            if row.role_code not in wanted:
                row.deleted_at = clock.now()
                await row.save()
        for code in sorted(wanted - set(before)):
            await EmployeeRole.create(branch=home().code, employee_id=employee_id, role_code=code)
        if sorted(wanted) != before:
            await note(person, "staff.roles", "employee", employee_id, before=before, after=sorted(wanted))
        await _refuse_lock_out(person, employee_id)
        await refuse_without_administrator()


async def hold_roles() -> None:
    """Locks the roles of the branch: of two who take rights away at once the second sees what the first left."""
    await Role.filter(branch=home().code).order_by("id").select_for_update()


def _refuse_other_mark(seen: str | None, now: str) -> None:
    if seen is not None and seen != now:
        raise Conflict(
            N_("Somebody else changed this since you opened the page. Open it again and compare."),
            code="role.changed",
        )


async def refuse_without_administrator() -> None:
    """Somebody who works here and may sign in keeps the right to change roles."""
    left = await fetch_all(
        "SELECT 1 AS one FROM employee e JOIN employee_role r ON r.employee_id = e.id AND r.deleted_at IS NULL "
        "JOIN role_grant g ON g.role_code = r.role_code AND g.deleted_at IS NULL AND g.action = 'role.edit' "
        "LEFT JOIN web_account a ON a.person_id = e.id "
        "WHERE e.branch = :branch AND e.deleted_at IS NULL AND e.active = :active AND a.disabled_at IS NULL LIMIT 1",
        branch=home().code,
        active=True,
    )
    if not left:
        raise Conflict(
            N_("Nobody would be left who may change roles. Give that right to somebody else first."),
            code="staff.last_administrator",
        )


async def _refuse_lock_out(person: Person, employee_id: UUID) -> None:
    """Whoever changes roles keeps the right to change them back."""
    if employee_id != person.id:
        return
    left = await fetch_all(
        "SELECT 1 AS one FROM employee_role r JOIN role_grant g ON g.role_code = r.role_code "
        "AND g.deleted_at IS NULL WHERE r.employee_id = :id AND r.deleted_at IS NULL AND g.action = 'role.edit'",
        id=employee_id,
    )
    if not left:
        raise Conflict(
            N_("You would lose the right to change roles. Ask another administrator to do it."),
            code="staff.lock_out",
        )


async def set_grants(
    person: Person, code: str, wanted: Mapping[str, Scope], *, seen: str | None = None
) -> None:
    """Make `wanted` the rights of a role (actions not named are taken away). `seen` and Conflict as for `set_roles`."""
    require(person, "role.edit")
    known = {action for action, _ in ACTIONS}
    async with transaction():
        await hold_roles()
        rows = {row.action: row for row in await RoleGrant.filter(role_code=code, deleted_at=None)}
        before = {action: row.scope for action, row in rows.items()}
        _refuse_other_mark(
            seen, mark_of_grants({one: scope for one, scope in before.items() if one in known})
        )
        for action, row in rows.items():
            if action not in wanted:
                row.deleted_at = clock.now()
                await row.save()
            elif row.scope != str(wanted[action]):
                row.scope = str(wanted[action])
                await row.save()
        for action, scope in wanted.items():
            if action not in rows and action in known:
                await RoleGrant.create(branch=home().code, role_code=code, action=action, scope=str(scope))
        after = {action: str(scope) for action, scope in wanted.items()}
        if before != after:
            await note(person, "role.grants", "role", None, role=code, before=before, after=after)
        await _refuse_lock_out(person, person.id)
        await refuse_without_administrator()


async def add_role(person: Person, code: str, name: str, name_en: str) -> Role:
    """A role of the branch's own, without rights. Invalid when the code is taken."""
    require(person, "role.edit")
    async with transaction():
        if await Role.filter(branch=home().code, code=code, deleted_at=None).exists():
            raise Invalid(fields={"code": N_("There is a role with this code. Choose another one.")})
        return await Role.create(branch=home().code, code=code, name=name, name_en=name_en)


async def write_first(number: str, name: str, role: str, department: str) -> Employee:
    """An employee from the command line, whose user owns the machine: the first administrator, say.

    Gives the role to the employee who has this number already. Invalid for an unknown role.
    """
    async with transaction():
        codes = (
            await Role.filter(branch=home().code, deleted_at=None)
            .order_by("code")
            .values_list("code", flat=True)
        )
        if role not in codes:
            raise Invalid(
                N_('There is no role "%(role)s"; there are %(roles)s.'),
                role=role,
                roles=", ".join(map(str, codes)),
            )
        row = await Employee.filter(branch=home().code, number=number, deleted_at=None).first()
        if row is None:
            place = await _department_named(department)
            row = await Employee.create(
                branch=home().code,
                number=number,
                name=name,
                department_id=place,
                hired_on=today(),
                search_key=search_key(name, number, length=300),
            )
            await Assignment.create(
                branch=row.branch, employee_id=row.id, department_id=place, happened_on=today()
            )
        if not await EmployeeRole.filter(employee_id=row.id, role_code=role, deleted_at=None).exists():
            await EmployeeRole.create(branch=row.branch, employee_id=row.id, role_code=role)
            await note(None, "staff.roles", "employee", row.id, before=[], after=[role])
    return row


async def _department_named(name: str) -> UUID | None:
    if not name:
        return None
    found = await Department.filter(branch=home().code, name=name, deleted_at=None).first()
    return (found or await Department.create(branch=home().code, name=name, kind="other")).id


async def name_deputy(person: Person, employee_id: UUID, form: DeputyForm) -> Delegation:
    """Name a deputy between two days. One's own deputy needs no right, anybody else's staff.edit."""
    if employee_id != person.id:
        require(person, "staff.edit")
    check_deputy(employee_id, form.deputy_id, form.from_on, form.until_on)
    async with transaction():
        await locked(Employee, form.deputy_id)
        return await Delegation.create(
            branch=home().code,
            employee_id=employee_id,
            deputy_id=form.deputy_id,
            from_on=form.from_on,
            until_on=form.until_on,
            reason=form.reason,
        )


async def end_deputy(person: Person, delegation_id: UUID) -> Delegation:
    """Take the deputy's power back from today on."""
    async with transaction():
        row = await locked(Delegation, delegation_id)
        if row.employee_id != person.id:
            require(person, "staff.edit")
        if row.from_on >= today():
            row.deleted_at = clock.now()
        else:
            row.until_on = min(row.until_on, end_before(today()))
        await row.save()
    return row


async def add_department(person: Person, form: DepartmentForm) -> Department:
    """A new department."""
    require(person, "staff.edit")
    async with transaction():
        return await Department.create(
            branch=home().code,
            name=form.name,
            kind=form.kind,
            parent_id=form.parent_id,
            manager_id=form.manager_id,
        )


async def change_department(person: Person, department_id: UUID, form: DepartmentForm) -> Department:
    """Change name, kind, place in the tree, manager, or close it. Conflict while people work in it."""
    require(person, "staff.edit")
    async with transaction():
        row = await locked(Department, department_id, form.revision)
        refuse_loop(row.id, form.parent_id, await _parents("department", "parent_id"), "parent_id")
        if (
            not form.active
            and await Employee.filter(department_id=row.id, active=True, deleted_at=None).exists()
        ):
            raise Conflict(
                N_("People still work in %(name)s. Move them to another department first."),
                code="department.in_use",
                name=row.name,
            )
        row.name, row.kind, row.parent_id = form.name, form.kind, form.parent_id
        row.manager_id, row.active = form.manager_id, form.active
        await row.save()
    return row
