"""The secret address of a calendar: made, replaced, ended. Each owns its transaction."""

from branch_node.audit import note
from branch_node.calendar.models import CalendarFeed
from shared import clock
from shared.database import transaction
from shared.permissions import Person
from shared.web.models import Account
from shared.web.session import new_token, token_hash


async def new_address(person: Person, account: Account) -> str:
    """A new secret; it is told once, and an earlier one ends."""
    token = new_token()
    async with transaction():
        await CalendarFeed.filter(account_id=account.id).delete()
        await CalendarFeed.create(account_id=account.id, token_hash=token_hash(token), created_at=clock.now())
        await note(person, "calendar.opened", "employee", person.id)
    return token


async def end_address(person: Person, account: Account) -> None:
    """Nobody reads the calendar any more; a second call changes nothing."""
    async with transaction():
        if await CalendarFeed.filter(account_id=account.id).delete():
            await note(person, "calendar.closed", "employee", person.id)


async def note_reading(token: str) -> None:
    """When the calendar was fetched last."""
    await CalendarFeed.filter(token_hash=token_hash(token)).update(read_at=clock.now())
