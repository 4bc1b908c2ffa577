"""What roles and single rights of a person of headquarters amount to. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from shared.errors import Invalid
from shared.i18n import N_
from shared.permissions import LABELS, ROLES, ROLES_BY_CODE, Grant, Person, Role, Scope, combine

HQ_ROLES: tuple[Role, ...] = tuple(role for role in ROLES if role.place == "hq")
ADMIN_ACTION = "role.edit"


def grants_of(roles: Collection[str], extra: Mapping[str, str]) -> dict[str, Scope]:
    """The rights of all roles together with single ones; unknown roles and actions give nothing."""
    found = [
        Grant(action, scope)
        for code in roles
        if code in ROLES_BY_CODE and ROLES_BY_CODE[code].place == "hq"
        for action, scope in ROLES_BY_CODE[code].grants.items()
    ]
    found += [Grant(action, Scope(scope)) for action, scope in extra.items() if action in LABELS]
    return combine(found)


def within_both(one: Person, other: Person) -> Person:
    """`one` with only the rights and branches that `other` has, too: what both may see."""
    grants = {
        action: min(scope, other.grants[action])
        for action, scope in one.grants.items()
        if action in other.grants
    }
    return replace(one, grants=grants, branches=common(one.branches, other.branches))


def common(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """The branches of both; None stands for all of them."""
    if one is None or other is None:
        return other if one is None else one
    return one & other


def check_roles(roles: Collection[str]) -> None:
    """Invalid unless there is a role and each is one of headquarters."""
    known = {role.code for role in HQ_ROLES}
    wrong = sorted(set(roles) - known)
    if wrong:
        raise Invalid(
            N_("There is no role %(role)s at headquarters; there are %(roles)s."),
            fields={"roles": N_("Choose one from the list.")},
            role=wrong[0],
            roles=", ".join(sorted(known)),
        )
    if not roles:
        message = N_("Choose at least one role.")
        raise Invalid(message, fields={"roles": message})
