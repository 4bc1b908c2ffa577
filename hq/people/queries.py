"""Reads of the people of headquarters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from hq.models import HqPerson
from hq.people.rules import grants_of
from shared.database import fetch_all
from shared.errors import NotFound
from shared.permissions import Person
from shared.web.models import Account


async def person_of(account: Account) -> Person | None:
    """Who an account is at headquarters; None for an account without an active person."""
    if account.person_id is None:
        return None
    row = await HqPerson.get_or_none(id=account.person_id, active=True)
    return None if row is None else as_person(row)


def as_person(row: HqPerson) -> Person:
    """The person with all rights; `branches` None means all of them."""
    return Person(
        id=row.id,
        name=row.name,
        branch=None,
        grants=grants_of(row.roles, row.grants),
        branches=None if row.branches is None else frozenset(row.branches),
        timezone=row.timezone,
    )


async def person_now(person_id: UUID) -> Person | None:
    """Somebody with the rights of now and the zone of the account; None once locked out."""
    row = await HqPerson.get_or_none(id=person_id, active=True)
    account = await Account.filter(person_id=person_id, disabled_at__isnull=True).first()
    if row is None or account is None:
        return None
    found = as_person(row)
    return replace(found, timezone=account.timezone or found.timezone)


async def person_id_of(name: str) -> UUID | None:
    """The id of the only active person of this name; None otherwise."""
    found = await HqPerson.filter(name=name, active=True).limit(2)
    return found[0].id if len(found) == 1 else None


@dataclass(frozen=True)
class PersonRow:
    """A person with the account that signs in."""

    id: str
    name: str
    email: str
    roles: Sequence[str]
    branches: Sequence[str] | None
    username: str
    is_active: bool
    is_disabled: bool


async def people() -> list[PersonRow]:
    """Everybody, by name; active ones first."""
    accounts = {
        str(row["person_id"]): row
        for row in await fetch_all(
            "SELECT person_id, username, disabled_at FROM web_account WHERE person_id IS NOT NULL"
        )
    }
    found = []
    for row in await HqPerson.all().order_by("name", "id"):
        account = accounts.get(str(row.id))
        found.append(
            PersonRow(
                str(row.id),
                row.name,
                row.email,
                row.roles,
                row.branches,
                str(account["username"]) if account else "",
                row.active,
                bool(account and account["disabled_at"]),
            )
        )
    found.sort(key=lambda row: not row.is_active)
    return found


async def person_named(person_id: UUID) -> HqPerson:
    """One person; NotFound when there is none."""
    row = await HqPerson.get_or_none(id=person_id)
    if row is None:
        raise NotFound()
    return row
