"""Sign-in accounts of employees: made, given a new password, disabled and enabled,
unlinked from the company's sign-in. Passwords arrive hashed."""

from uuid import UUID

from branch_node.audit import note
from branch_node.editing import locked
from branch_node.staff.actions import hold_roles, refuse_without_administrator
from shared import clock
from shared.database import transaction
from shared.errors import Conflict, Invalid, NotFound
from shared.i18n import N_
from shared.permissions import Person, require
from shared.records import Employee
from shared.web.accounts import allow_company_sign_in, unlink_company_sign_in
from shared.web.models import Account
from shared.web.session import end_all_sessions


async def create_account(
    person: Person | None, employee_id: UUID, username: str, password_hash: str, locale: str = "zh_CN"
) -> Account:
    """An account for an employee who has none. `person` None: the command line, whose user owns the machine."""
    if person is not None:
        require(person, "staff.edit")
    async with transaction():
        employee = await locked(Employee, employee_id)
        if not employee.active:
            raise Conflict(N_("%(name)s does not work here any more."), code="staff.left", name=employee.name)
        if await Account.filter(person_id=employee.id).exists():
            raise Conflict(N_("%(name)s has an account already."), code="account.exists", name=employee.name)
        if await Account.filter(username=username).exists():
            raise Invalid(fields={"username": N_("This name is taken. Choose another one.")})
        account = await Account.create(
            username=username,
            password_hash=password_hash,
            person_id=employee.id,
            display_name=employee.name,
            locale=locale,
            created_at=clock.now(),
            password_changed_at=clock.now(),
        )
        await note(person, "account.created", "employee", employee.id, username=username)
    return account


async def set_password(person: Person | None, account_id: UUID, password_hash: str) -> None:
    """Give a new password and end all sessions of the account."""
    account = await _account(person, account_id)
    async with transaction():
        account.password_hash = password_hash
        account.password_changed_at = clock.now()
        await account.save()
        await end_all_sessions(account.id)
        await note(person, "account.password", "employee", account.person_id, username=account.username)


async def disable_account(person: Person | None, account_id: UUID) -> None:
    """Nobody signs in with it any more; open sessions end now. Conflict for one's own account and for that of the last
    who may change roles."""
    account = await _account(person, account_id)
    if person is not None and account.person_id == person.id:
        raise Conflict(N_("You cannot disable your own account."), code="account.self")
    async with transaction():
        await hold_roles()
        account.disabled_at = account.disabled_at or clock.now()
        await account.save()
        await end_all_sessions(account.id)
        if person is not None:
            await refuse_without_administrator()
        await note(person, "account.disabled", "employee", account.person_id, username=account.username)


async def enable_account(person: Person | None, account_id: UUID) -> None:
    """The account may be used again."""
    account = await _account(person, account_id)
    async with transaction():
        account.disabled_at = None
        await account.save()
        await note(person, "account.enabled", "employee", account.person_id, username=account.username)


async def unlink_company(person: Person, account_id: UUID) -> None:
    """Nobody signs in to it through the company any more; open sessions end. Conflict when that is its last way in."""
    account = await _account(person, account_id)
    async with transaction():
        await unlink_company_sign_in(account)
        await note(person, "account.unlinked", "employee", account.person_id, username=account.username)


async def allow_company(person: Person, account_id: UUID) -> None:
    """The next sign-in through the company under this user name is linked again."""
    account = await _account(person, account_id)
    async with transaction():
        await allow_company_sign_in(account)
        await note(person, "account.linkable", "employee", account.person_id, username=account.username)


async def _account(person: Person | None, account_id: UUID) -> Account:
    if person is not None:
        require(person, "staff.edit")
    account = await Account.get_or_none(id=account_id)
    if account is None:
        raise NotFound()
    return account
