"""Built-in roles of a branch and their rights, written by `migrate` where they are missing."""

from branch_node.home import home
from shared.database import transaction
from shared.permissions import ROLES
from shared.records import Role, RoleGrant


async def ensure_roles() -> int:
    """Write the built-in roles of a branch with their rights where they are missing; how many were written.

    Run after each migration. A role that is there keeps the rights the branch gave it; only an action that is new to
    this database, given and taken away by nobody yet, is added to the built-in roles that have it today.
    """
    written = 0
    async with transaction():
        have = {row.code for row in await Role.filter(branch=home().code)}
        known = {row.action for row in await RoleGrant.filter(branch=home().code).only("id", "action")}
        for role in ROLES:
            if role.place != "branch":
                continue
            if role.code not in have:
                await Role.create(
                    branch=home().code, code=role.code, name=role.label, name_en=role.label, builtin=True
                )
                written += 1
            for action, scope in role.grants.items():
                if role.code not in have or action not in known:
                    await RoleGrant.create(
                        branch=home().code, role_code=role.code, action=action, scope=str(scope)
                    )
    return written
