"""Who may do what, and to which rows: actions, scopes, default roles, and the person of a request.

Pure: the conversion of a Reach to a database condition is in shared/database/scope.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal
from uuid import UUID

from shared.errors import NotAllowed
from shared.i18n import N_


class Scope(StrEnum):
    """How far a right reaches, from narrow to wide: OWN < DEPARTMENT < BRANCH < COMPANY. Stored as its word."""

    OWN = "own"
    DEPARTMENT = "department"
    BRANCH = "branch"
    COMPANY = "company"

    @property
    def width(self) -> int:
        return _WIDTHS.index(self.value)

    def __lt__(self, other: str) -> bool:
        return self.width < Scope(other).width

    def __le__(self, other: str) -> bool:
        return self.width <= Scope(other).width

    def __gt__(self, other: str) -> bool:
        return self.width > Scope(other).width

    def __ge__(self, other: str) -> bool:
        return self.width >= Scope(other).width


_WIDTHS = ("own", "department", "branch", "company")

SCOPE_LABELS: Mapping[Scope, str] = MappingProxyType(
    {
        Scope.OWN: N_("own and subordinates"),
        Scope.DEPARTMENT: N_("own department"),
        Scope.BRANCH: N_("whole branch"),
        Scope.COMPANY: N_("all branches"),
    }
)

# (action, label). An action that is not here cannot be granted, required or put on a route.
ACTIONS: tuple[tuple[str, str], ...] = (
    ("customer.view", N_("See customers")),
    ("customer.edit", N_("Enter and change customers")),
    ("customer.assign", N_("Assign customers to staff")),
    ("customer.merge", N_("Merge duplicate customers")),
    ("customer.import", N_("Import customers")),
    ("customer.export", N_("Export customers")),
    ("contact.view", N_("See contacts")),
    ("contact.edit", N_("Enter and change contacts")),
    ("followup.view", N_("See follow-ups")),
    ("followup.edit", N_("Enter follow-ups")),
    ("plan.view", N_("See daily plans")),
    ("plan.edit", N_("Enter daily plans")),
    ("plan.assign", N_("Put items on the plans of others")),
    ("task.view", N_("See tasks")),
    ("task.edit", N_("Enter and finish tasks")),
    ("task.assign", N_("Assign tasks to staff")),
    ("opportunity.view", N_("See opportunities")),
    ("opportunity.edit", N_("Enter and move opportunities")),
    ("quotation.view", N_("See quotes")),
    ("quotation.edit", N_("Enter and send quotes")),
    ("order.view", N_("See orders")),
    ("order.edit", N_("Enter and change orders")),
    ("order.submit", N_("Submit orders for approval")),
    ("order.approve", N_("Approve orders")),
    ("order.cancel", N_("Cancel orders")),
    ("order.ship", N_("Record shipments")),
    ("receivable.view", N_("See receivables")),
    ("receivable.edit", N_("Record promises, disputes and reminders")),
    ("receivable.write_off", N_("Write off receivables")),
    ("receipt.view", N_("See receipts")),
    ("receipt.record", N_("Record receipts")),
    ("receipt.reverse", N_("Reverse receipts")),
    ("allocation.edit", N_("Allocate receipts to instalments")),
    ("expense.view", N_("See expenses")),
    ("expense.edit", N_("Enter expenses")),
    ("expense.approve", N_("Approve expenses")),
    ("expense.pay", N_("Record payment of expenses")),
    ("period.close", N_("Close and reopen periods")),
    ("feedback.view", N_("See customer feedback")),
    ("feedback.edit", N_("Enter customer feedback")),
    ("feedback.handle", N_("Handle and close customer feedback")),
    ("intel.view", N_("See market intelligence")),
    ("intel.edit", N_("Enter market intelligence")),
    ("product.view", N_("See products and prices")),
    ("product.edit", N_("Change products and prices")),
    ("staff.view", N_("See staff and departments")),
    ("staff.edit", N_("Change staff and departments")),
    ("role.view", N_("See roles and rights")),
    ("role.edit", N_("Change roles and rights")),
    ("target.view", N_("See targets")),
    ("target.edit", N_("Set and revise targets")),
    ("figures.view", N_("See figures and reports")),
    ("directive.view", N_("See directives")),
    ("directive.issue", N_("Issue directives")),
    ("news.view", N_("See industry news")),
    ("news.edit", N_("Enter industry news")),
    ("audit.view", N_("See the audit trail")),
    ("import.run", N_("Run and undo imports")),
    ("settings.edit", N_("Change settings")),
    ("sync.view", N_("See the state of replication")),
    ("node.view", N_("See nodes, incidents and logs")),
    ("node.control", N_("Restart, drain and command nodes")),
    ("token.edit", N_("Issue and revoke API tokens")),
    ("share.publish", N_("Share views with people who do not sign in")),
)

LABELS: Mapping[str, str] = MappingProxyType(dict(ACTIONS))


@dataclass(frozen=True)
class Grant:
    """A right: an action and how far it reaches. ValueError for an action that does not exist."""

    action: str
    scope: Scope

    def __post_init__(self) -> None:
        if self.action not in LABELS:
            raise ValueError(f"no such action: {self.action}")


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who makes a request. Built by the site from its staff tables at sign-in or from an API token.

    `department_id` is where the person works, `department_ids` that with all below it, `staff_ids` the person and all subordinates.
    `branch` is the home branch (None: none, e.g. an integration at HQ); `branches` are the branches that an HQ
    reader may see, None meaning all.
    """

    id: UUID
    name: str
    branch: str | None
    department_id: UUID | None = None
    department_ids: frozenset[UUID] = frozenset()
    staff_ids: frozenset[UUID] = frozenset()
    grants: Mapping[str, Scope] = field(default_factory=dict)
    branches: frozenset[str] | None = None
    locale: str = "zh_CN"
    theme: str = "auto"
    timezone: str = "Asia/Shanghai"
    discount_limit_bp: int = 0

    def scope(self, action: str) -> Scope | None:
        """How far the person may do `action`, None when not at all. ValueError for an unknown action."""
        if action not in LABELS:
            raise ValueError(f"no such action: {action}")
        return self.grants.get(action)

    def may(self, action: str) -> bool:
        return self.scope(action) is not None


def require(person: Person, action: str) -> Scope:
    """How far `person` may do `action`; NotAllowed, naming the right, when not at all."""
    scope = person.scope(action)
    if scope is None:
        raise NotAllowed(
            N_('This needs the right "%(right)s". The administrator grants it.'), right=LABELS[action]
        )
    return scope


def combine(grants: list[Grant] | tuple[Grant, ...]) -> dict[str, Scope]:
    """The rights of a person with several roles: for each action the widest scope."""
    widest: dict[str, Scope] = {}
    for grant in grants:
        widest[grant.action] = max(widest.get(grant.action, grant.scope), grant.scope)
    return widest


@dataclass(frozen=True)
class Reach:
    """The rows a person may touch with one action.

    kind OWN: owner in `staff_ids`; DEPARTMENT: department in `department_ids` or owner in `staff_ids`; BRANCH and
    COMPANY: no condition on owner. `branches` limits all kinds where a table holds several branches; None: all.
    """

    kind: Scope
    staff_ids: frozenset[UUID]
    department_ids: frozenset[UUID]
    branches: frozenset[str] | None

    def covers(self, *, owner: UUID | None, department: UUID | None, branch: str | None = None) -> bool:
        """Whether one row is within reach; the same answer that the database condition gives.

        A row without owner and department is seen from BRANCH up. `branch` None: the table has one branch only.
        """
        if branch is not None and self.branches is not None and branch not in self.branches:
            return False
        if self.kind >= Scope.BRANCH:
            return True
        if owner is not None and owner in self.staff_ids:
            return True
        return self.kind is Scope.DEPARTMENT and department is not None and department in self.department_ids


def reach(person: Person, action: str) -> Reach:
    """The rows on which `person` may do `action`; NotAllowed when on none.

    One function under every list, count, chart, export and cache key. COMPANY reaches all branches the person may
    see, every narrower scope stays in the home branch (all of `branches` for someone without one).
    """
    kind = require(person, action)
    if kind is Scope.COMPANY or person.branch is None:
        branches = person.branches
    else:
        branches = frozenset({person.branch})
    return Reach(kind, person.staff_ids | {person.id}, person.department_ids, branches)


# --- default roles --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Role:
    """A default role; `place` is the site where it is given. A company may change all of it later."""

    code: str
    label: str
    place: Literal["branch", "hq", "netops"]
    grants: Mapping[str, Scope]


def _grants(**by_scope: str) -> Mapping[str, Scope]:
    """own="a.b c.d", branch="..." as a mapping; "order.*" means every action of orders."""
    found: dict[str, Scope] = {}
    for scope, words in by_scope.items():
        for word in words.split():
            entity, verb = word.split(".")
            actions = [
                name for name in LABELS if name == word or (verb == "*" and name.startswith(entity + "."))
            ]
            if not actions:
                raise ValueError(f"no such action: {word}")
            found.update(dict.fromkeys(actions, Scope(scope)))
    return MappingProxyType(found)


ROLES: tuple[Role, ...] = (
    Role(
        "salesperson",
        N_("Salesperson"),
        "branch",
        _grants(
            own="customer.view customer.edit contact.* followup.* plan.view plan.edit task.view task.edit "
            "opportunity.* quotation.* order.view order.edit order.submit receivable.view receipt.view expense.view expense.edit "
            "feedback.view feedback.edit target.view figures.view",
            branch="intel.* product.view staff.view directive.view news.view",
        ),
    ),
    Role(
        "sales_manager",
        N_("Sales manager"),
        "branch",
        _grants(
            own="expense.edit",
            department="customer.view customer.edit customer.assign customer.export contact.* followup.* plan.* "
            "task.* opportunity.* quotation.* order.* receivable.view receivable.edit receipt.view expense.view expense.approve "
            "feedback.* target.* figures.view",
            branch="intel.* product.view staff.view directive.view news.*",
        ),
    ),
    Role(
        "customer_manager",
        N_("Customer manager"),
        "branch",
        _grants(
            own="expense.edit",
            department="plan.* task.* expense.view expense.approve target.view figures.view",
            branch="customer.view customer.edit customer.assign customer.merge customer.import customer.export "
            "contact.* followup.* feedback.* opportunity.view quotation.view order.view receivable.view intel.* product.view "
            "staff.view directive.view news.view import.run",
        ),
    ),
    Role(
        "finance",
        N_("Finance"),
        "branch",
        _grants(
            own="plan.view plan.edit task.view task.edit",
            branch="customer.view contact.view followup.view quotation.view order.view receivable.* receipt.* "
            "allocation.* expense.view expense.edit expense.pay period.close product.view staff.view target.view "
            "figures.view directive.view news.view intel.view",
        ),
    ),
    Role(
        "branch_manager",
        N_("Branch manager"),
        "branch",
        _grants(
            own="expense.edit",
            branch="customer.* contact.* followup.* plan.* task.* opportunity.* quotation.* order.* receivable.* receipt.view "
            "expense.view expense.approve feedback.* intel.* product.view staff.view role.view target.* "
            "figures.view directive.view news.* audit.view sync.view",
        ),
    ),
    Role(
        "branch_admin",
        N_("Branch administrator"),
        "branch",
        _grants(
            branch="customer.view customer.import customer.merge contact.view product.view staff.* role.* "
            "audit.view import.run settings.edit sync.view directive.view news.view token.edit",
        ),
    ),
    Role(
        "executive",
        N_("Executive"),
        "hq",
        _grants(
            company="customer.view contact.view followup.view plan.view task.view opportunity.view quotation.view order.view "
            "receivable.view receipt.view expense.view feedback.view intel.view product.view staff.view target.* "
            "figures.view directive.* news.* sync.view share.publish",
        ),
    ),
    Role(
        "hq_data_officer",
        N_("HQ data officer"),
        "hq",
        _grants(
            company="customer.view customer.export contact.view order.view receivable.view receipt.view expense.view "
            "intel.view product.* staff.view target.* figures.view directive.view news.* sync.view import.run "
            "period.close audit.view",
        ),
    ),
    Role(
        "hq_admin",
        N_("HQ administrator"),
        "hq",
        _grants(
            company="staff.* role.* product.view figures.view directive.view news.view audit.view settings.edit "
            "sync.view token.edit import.run",
        ),
    ),
    Role(
        "sysadmin",
        N_("System administrator"),
        "netops",
        _grants(company="node.* staff.view audit.view settings.edit sync.view token.edit"),
    ),
)

ROLES_BY_CODE: Mapping[str, Role] = MappingProxyType({role.code: role for role in ROLES})
