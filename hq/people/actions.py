"""What an administrator does with people: add, change, lock, unlock, set a password. Every act is in the audit trail."""

from collections.abc import Collection, Mapping
from uuid import UUID

from hq.audit.actions import note as audited
from hq.models import HqPerson
from hq.people.queries import person_named
from hq.people.rules import ADMIN_ACTION, check_roles, grants_of
from shared import clock
from shared.database import transaction
from shared.errors import Conflict, Invalid
from shared.i18n import N_
from shared.web.accounts import (
    allow_company_sign_in,
    create_account,
    disable_account,
    enable_account,
    set_password,
    unlink_company_sign_in,
)
from shared.web.models import Account
from shared.web.passwords import Passwords

DEFAULT_ZONE = "Asia/Shanghai"


async def add_person(
    passwords: Passwords,
    *,
    name: str,
    roles: Collection[str],
    branches: Collection[str] | None,
    username: str,
    password: str | None,
    email: str = "",
    locale: str = "zh_CN",
    timezone: str = DEFAULT_ZONE,
) -> HqPerson:
    """A person and the account that signs in, in one transaction. Invalid for unknown roles or a taken name."""
    check_roles(roles)
    check_branches(branches)
    async with transaction():
        row = await HqPerson.create(
            name=name, email=email, roles=sorted(roles), branches=sorted(branches) if branches is not None else None,
            timezone=timezone,
        )  # fmt: skip
        await create_account(
            passwords,
            username=username,
            display_name=name,
            password=password,
            person_id=row.id,
            locale=locale,
        )
        await note("person.added", row, {"roles": sorted(roles), "branches": row.branches})
    return row


async def change_person(
    person_id: UUID, *, name: str, email: str, roles: Collection[str], branches: Collection[str] | None
) -> HqPerson:
    """New name, roles and branches. Conflict when nobody could administer roles any more."""
    check_roles(roles)
    check_branches(branches)
    async with transaction():
        row = await person_named(person_id)
        before = {"roles": row.roles, "branches": row.branches}
        if ADMIN_ACTION not in grants_of(roles, row.grants):
            await require_other_administrator(row)
        row.name, row.email, row.roles = name, email, sorted(roles)
        row.branches = sorted(branches) if branches is not None else None
        row.changed_at = clock.now()
        await row.save()
        await note("person.changed", row, {"before": before, "roles": row.roles, "branches": row.branches})
    return row


async def lock_person(person_id: UUID) -> None:
    """Lock somebody out everywhere, at once. Conflict for the last administrator. May be called twice."""
    async with transaction():
        row = await person_named(person_id)
        await require_other_administrator(row)
        row.active, row.changed_at = False, clock.now()
        await row.save()
        for account in await Account.filter(person_id=person_id):
            await disable_account(account)
        await note("person.locked", row, {})


async def unlock_person(person_id: UUID) -> None:
    """Let somebody in again. May be called twice."""
    async with transaction():
        row = await person_named(person_id)
        row.active, row.changed_at = True, clock.now()
        await row.save()
        for account in await Account.filter(person_id=person_id):
            await enable_account(account)
        await note("person.unlocked", row, {})


async def give_password(passwords: Passwords, person_id: UUID, password: str) -> None:
    """Set a password for somebody who lost it; signs them out everywhere. Invalid when it is too weak."""
    row, account = await account_of(person_id)
    await set_password(passwords, account, password)
    async with transaction():
        await note("person.password_set", row, {})


async def unlink_company(person_id: UUID) -> None:
    """Nobody signs in to the account through the company any more; open sessions end. Conflict when that is its last
    way in."""
    row, account = await account_of(person_id)
    async with transaction():
        await unlink_company_sign_in(account)
        await note("account.unlinked", row, {"username": account.username})


async def allow_company(person_id: UUID) -> None:
    """The next sign-in through the company under this user name is linked again."""
    row, account = await account_of(person_id)
    async with transaction():
        await allow_company_sign_in(account)
        await note("account.linkable", row, {"username": account.username})


async def account_of(person_id: UUID) -> tuple[HqPerson, Account]:
    """Somebody with the account; Conflict for one who has none."""
    row = await person_named(person_id)
    account = await Account.get_or_none(person_id=person_id)
    if account is None:
        raise Conflict(N_("%(name)s has no account. Add the person anew."), name=row.name)
    return row, account


async def require_other_administrator(row: HqPerson) -> None:
    """Conflict when `row` is the last active person who may change roles."""
    others = await HqPerson.filter(active=True).exclude(id=row.id)
    is_admin = ADMIN_ACTION in grants_of(row.roles, row.grants) and row.active
    if is_admin and not any(ADMIN_ACTION in grants_of(other.roles, other.grants) for other in others):
        raise Conflict(
            N_("%(name)s is the last administrator. Give somebody else the role first."), name=row.name
        )


def check_branches(branches: Collection[str] | None) -> None:
    """Invalid for an empty list: somebody without any branch would see nothing."""
    if branches is not None and not branches:
        message = N_("Choose the branches, or all of them.")
        raise Invalid(message, fields={"branches": message})


async def note(action: str, row: HqPerson, details: Mapping[str, object]) -> None:
    """The entry in the audit trail."""
    await audited(action, "hq_person", row.id, {"name": row.name, **details})
