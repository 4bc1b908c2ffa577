"""Who may sign in at the center: every account is a system administrator."""

from shared.permissions import ROLES, Person
from shared.web.models import Account


async def person_of(account: Account) -> Person | None:
    """The rights of an account; None when it was locked."""
    if account.disabled_at is not None:
        return None
    role = next(role for role in ROLES if role.code == "sysadmin")
    return Person(
        id=account.id,
        name=account.display_name or account.username,
        branch=None,
        grants=role.grants,
        locale=account.locale,
        theme=account.theme,
    )
