"""The fixed people of all tests, one sentence each, and what they need around them.

Chen, executive, sees the whole company.
Sun, sales manager in Shanghai, leads the sales department; Lin reports to Sun.
Lin, sales in Shanghai, sees own customers.
Wang, finance in Shanghai, sees the branch's money.
Zhao, branch manager in Guangzhou, must not see Shanghai's customers.
Ada, system administrator, keeps the nodes alive.

`LIN.person` is who makes a request, without a database. `hire(SUN, LIN)` writes them with their departments
and roles into the current database; `customer_of(LIN)` writes a customer of theirs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from shared import clock
from shared.clock import FixedClock
from shared.database import actor, as_actor, transaction
from shared.ids import new_id
from shared.permissions import ROLES_BY_CODE, Person, Scope
from shared.records import Branch, Customer, Department, Employee, EmployeeRole, RoleGrant

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
"""Friday 20 November 2026, noon in Shanghai."""
TODAY = date(2026, 11, 20)
"""The business date at NOON in Shanghai."""


def _id(number: int) -> UUID:
    return UUID(f"00000000-0000-7000-8000-{number:012d}")


SALES_SH, FINANCE_SH, MANAGEMENT_SH, SALES_GZ = _id(101), _id(102), _id(103), _id(104)
DEPARTMENTS = {
    SALES_SH: ("SH", "销售部", "sales"),
    FINANCE_SH: ("SH", "财务部", "finance"),
    MANAGEMENT_SH: ("SH", "管理部", "management"),
    SALES_GZ: ("GZ", "销售部", "sales"),
}
BRANCHES = {"SH": ("上海", "Shanghai", "Asia/Shanghai"), "GZ": ("广州", "Guangzhou", "Asia/Shanghai")}


@dataclass(frozen=True)
class Member:
    """One of the cast."""

    id: UUID
    name: str
    branch: str | None
    role: str
    department_id: UUID | None = None
    manager_id: UUID | None = None
    discount_limit_bp: int = 0
    subordinates: frozenset[UUID] = field(default_factory=frozenset)

    @property
    def person(self) -> Person:
        """Who makes a request, with the rights of the role."""
        return Person(
            id=self.id,
            name=self.name,
            branch=self.branch,
            department_ids=frozenset({self.department_id} if self.department_id else ()),
            staff_ids=frozenset({self.id}) | self.subordinates,
            grants=dict(ROLES_BY_CODE[self.role].grants),
            discount_limit_bp=self.discount_limit_bp,
        )

    def with_grants(self, **grants: Scope) -> Person:
        """This person with exactly these rights; write customer__view=Scope.OWN."""
        from dataclasses import replace

        return replace(self.person, grants={name.replace("__", "."): scope for name, scope in grants.items()})


LIN = Member(_id(2), "林娜", "SH", "salesperson", SALES_SH, _id(5), 1_000)
CHEN = Member(_id(1), "陈总", None, "executive")
WANG = Member(_id(3), "王芳", "SH", "finance", FINANCE_SH)
ZHAO = Member(_id(4), "赵敏", "GZ", "branch_manager", SALES_GZ, None, 2_000)
SUN = Member(_id(5), "孙伟", "SH", "sales_manager", SALES_SH, None, 2_000, frozenset({_id(2)}))
ADA = Member(_id(6), "Ada", None, "sysadmin")
ADMIN = Member(_id(7), "何洁", "SH", "branch_admin", MANAGEMENT_SH)
MANAGER = Member(_id(8), "马丽", "SH", "branch_manager", MANAGEMENT_SH, None, 3_000)
ZHOU = Member(_id(9), "周强", "SH", "customer_manager", MANAGEMENT_SH)
"""Ada is the netops administrator; He Jie administers the Shanghai branch, Ma Li manages it, Zhou Qiang its customers."""

SHANGHAI = (SUN, LIN, WANG, ADMIN, MANAGER, ZHOU)


async def open_branch(code: str = "SH", currency: str = "CNY") -> Branch:
    """The branch's own row; the row that is there already when called again."""
    found = await Branch.get_or_none(branch=code)
    if found is not None:
        return found
    name, name_en, zone = BRANCHES[code]
    return await Branch.create(branch=code, name=name, name_en=name_en, timezone=zone, currency=currency)


async def hire(*members: Member) -> None:
    """Write these people with their branch, department, role and its rights; each once, however often called."""
    async with transaction():
        for member in members:
            if member.branch is not None and not await Employee.exists(id=member.id):
                await _hire(member, member.branch)


async def _hire(member: Member, branch: str) -> None:
    await open_branch(branch)
    await _department(member.department_id)
    await Employee.create(
        id=member.id,
        branch=branch,
        number=f"{branch}-{member.id.int % 1000:03d}",
        name=member.name,
        department_id=member.department_id,
        manager_id=member.manager_id,
        discount_limit_bp=member.discount_limit_bp,
        search_key=member.name,
    )
    await EmployeeRole.create(branch=branch, employee_id=member.id, role_code=member.role)
    await grant_role(branch, member.role)


async def _department(department_id: UUID | None) -> None:
    if department_id is None or await Department.exists(id=department_id):
        return
    branch, name, kind = DEPARTMENTS[department_id]
    await Department.create(id=department_id, branch=branch, name=name, kind=kind)


async def grant_role(branch: str, code: str) -> None:
    """Write the rights of a built-in role unless the branch has them."""
    if await RoleGrant.exists(branch=branch, role_code=code):
        return
    await RoleGrant.bulk_create(_grants(branch, code, clock.now(), actor()))


@lru_cache(maxsize=256)
def _grants(branch: str, code: str, at: datetime, by: UUID | None) -> list[RoleGrant]:
    """The rows of a role, made once for all databases in which the same person writes them at the same instant: to make two
    hundred of them takes longer than to write them."""
    rights = ROLES_BY_CODE[code].grants.items()
    return [
        RoleGrant(branch=branch, role_code=code, action=action, scope=str(scope)) for action, scope in rights
    ]


async def customer_of(owner: Member, name: str = "华东机电有限公司", **values: Any) -> Customer:
    """A prospect of `owner`, acquired today; any column may be given."""
    row = {
        "branch": owner.branch,
        "code": f"C-{new_id().int % 10**9:09d}",
        "name": name,
        "name_key": name,
        "owner_id": owner.id,
        "department_id": owner.department_id,
        "currency": "CNY",
        "acquired_on": TODAY,
        **values,
    }
    return await Customer.create(**row)


@contextmanager
def acting(member: Member, at: datetime = NOON) -> Iterator[FixedClock]:
    """Inside the block rows are written in this person's name and the clock stands at `at`."""
    fixed = FixedClock(at)
    with clock.use(fixed), as_actor(member.id):
        yield fixed
