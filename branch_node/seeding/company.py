"""Who works in the branch: departments, staff with roles, a deputy; kinds of expense and of steps."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from uuid import UUID

from branch_node.searching import search_key
from branch_node.seeding.names import NameBook, PersonName
from branch_node.seeding.scene import Scene
from branch_node.seeding.write import Row
from shared.demo_directives import CAST, cast_id
from shared.periods import add_months
from shared.permissions import ROLES_BY_CODE
from shared.records import (
    Assignment,
    Delegation,
    Department,
    Employee,
    EmployeeRole,
    ExpenseCategory,
    StepKind,
)


@dataclass(frozen=True)
class Post:
    """A kind of post: role, department, title in Chinese and English, discount limit, and who leads."""

    slot: str
    role: str
    department: str
    title: str
    title_en: str
    limit_bp: int
    reports_to: str | None


POSTS: dict[str, Post] = {
    post.slot: post
    for post in (
        Post("director", "branch_manager", "management", "分部总经理", "Branch manager", 3_000, None),
        Post("manager", "sales_manager", "sales", "销售经理", "Sales manager", 1_800, "director"),
        Post("customers", "customer_manager", "customer", "客户经理", "Customer manager", 1_000, "director"),
        Post("finance", "finance", "finance", "财务主管", "Finance lead", 0, "director"),
        Post("admin", "branch_admin", "management", "系统管理员", "Administrator", 0, "director"),
        Post("seller", "salesperson", "sales", "高级销售", "Senior sales", 1_000, "manager"),
        Post("junior", "salesperson", "sales", "销售代表", "Sales representative", 600, "manager"),
        Post("service", "salesperson", "customer", "客户服务", "Customer service", 500, "customers"),
        Post("cashier", "finance", "finance", "会计", "Accountant", 0, "finance"),
    )
}
DEPARTMENTS = (
    ("management", "总经理办公室", "Management", "director", None),
    ("sales", "销售部", "Sales", "manager", "management"),
    ("customer", "客户部", "Customer service", "customers", "management"),
    ("finance", "财务部", "Finance", "finance", "management"),
)
EXPENSE_CATEGORIES = (
    ("goods", "采购成本", "Goods"), ("salaries", "人员工资", "Salaries"), ("rent", "房租", "Rent"),
    ("travel", "差旅费", "Travel"), ("entertainment", "业务招待费", "Entertaining customers"),
    ("marketing", "市场推广费", "Marketing"), ("transport", "运输费", "Transport"), ("office", "办公费", "Office"),
    ("communication", "通讯费", "Communication"), ("tax", "税费", "Taxes and fees"), ("other", "其他", "Other"),
)  # fmt: skip
STEP_KINDS = (("inspect", "出厂检验", "Inspect before shipment", "manual"),)
"""What this company adds to the built-in kinds."""


@dataclass
class Member:
    """Somebody who works (or worked) here."""

    row: Row
    post: Post
    username: str = ""

    @property
    def id(self) -> UUID:
        return self.row["id"]  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        return str(self.row["name"])

    @property
    def department_id(self) -> UUID | None:
        return self.row["department_id"]  # type: ignore[no-any-return]

    @property
    def limit_bp(self) -> int:
        return int(self.row["discount_limit_bp"])

    def works_on(self, day: date) -> bool:
        left: date | None = self.row["left_on"]
        return self.row["hired_on"] <= day and (left is None or day <= left)


@dataclass
class Company:
    """The staff of a branch by post, and where everybody sits."""

    staff: list[Member] = field(default_factory=list)
    departments: dict[str, Row] = field(default_factory=dict)
    away: tuple[UUID, date, date] | None = None

    def the(self, slot: str) -> Member:
        """The one who holds a post of which there is one (or the first of several)."""
        return next(member for member in self.staff if member.post.slot == slot)

    @property
    def cast(self) -> list[Member]:
        """Those with a sign-in account."""
        return [member for member in self.staff if member.username]

    def sellers(self, day: date) -> list[Member]:
        """Who has customers of their own on a day: the sales department without its manager, and customer service."""
        slots = ("seller", "junior", "service")
        return [member for member in self.staff if member.post.slot in slots and member.works_on(day)]

    def approver(self, author: Member, action: str, day: date, needed_bp: int = 0) -> Member:
        """Who decides a document of `author` that day: the nearest superior present with the right and the limit."""
        superior = author
        while superior.post.reports_to is not None:
            superior = self.the(superior.post.reports_to)
            may = action in ROLES_BY_CODE[superior.post.role].grants
            if may and superior.limit_bp >= needed_bp and not self.is_away(superior, day):
                return superior
        return superior if superior is not author else self.the("manager")

    def is_away(self, member: Member, day: date) -> bool:
        """Whether the deputy is in charge that day."""
        return self.away is not None and self.away[0] == member.id and self.away[1] <= day <= self.away[2]


def build_company(scene: Scene, book: NameBook) -> Company:
    """Departments, staff with roles, and the lists that every branch needs."""
    company = Company()
    born = _born(scene)
    for kind, zh, en, _, parent in DEPARTMENTS:
        company.departments[kind] = scene.rows.add(
            Department, born, name=scene.in_english(zh, en), kind=kind,
            parent_id=company.departments[parent]["id"] if parent else None,
        )  # fmt: skip
    _hire_everybody(scene, book, company)
    for kind, _, _, slot, _ in DEPARTMENTS:
        company.departments[kind]["manager_id"] = company.the(slot).id
    _name_a_deputy(scene, company)
    for position, (code, zh, en) in enumerate(EXPENSE_CATEGORIES, 1):
        scene.rows.add(ExpenseCategory, born, code=code, label=zh, label_en=en, position=position)
    for code, zh, en, effect in STEP_KINDS:
        scene.rows.add(StepKind, born, code=code, label=zh, label_en=en, effect=effect)
    return company


def _born(scene: Scene) -> int:
    """When the branch's own rows were made: the evening before the books begin."""
    return scene.instant(scene.first - timedelta(days=1), 17 * 60)


def _posts(scene: Scene) -> Sequence[str]:
    sellers = scene.branch.sellers - 2
    return (
        "director", "manager", "customers", "finance", "admin", "seller", "seller",
        *["junior"] * (sellers - 1), "service", "service", "cashier",
    )  # fmt: skip


def _hire_everybody(scene: Scene, book: NameBook, company: Company) -> None:
    """One row per post, superiors first; the cast by their fixed names; the last junior has left meanwhile."""
    dice = scene.dice("staff")
    cast = dict(CAST.get(scene.branch.code, {}))
    book.people_given.update(name for name, _ in cast.values())
    posts = _posts(scene)
    for number, slot in enumerate(posts, 1):
        known = None
        if slot in cast:
            name, username = cast.pop(slot)
            person, known = PersonName(name, username), cast_id(scene.branch.code, slot, scene.first)
        else:
            person, username = book.person(), ""
            if scene.branch.code not in CAST and not any(one.post.slot == slot for one in company.staff):
                username = (
                    slot if slot in ("seller", "manager", "director", "customers", "finance", "admin") else ""
                )
        member = _hire(scene, book, company, POSTS[slot], person, _hired_on(scene, dice, slot, number), known)
        member.username = username
    _let_go(scene, next(one for one in company.staff if one.post.slot == "junior"))


def _hired_on(scene: Scene, dice: Random, slot: str, number: int) -> date:
    """Most were there before the books begin; every third junior came later."""
    if slot == "junior" and number % 3 == 0 and scene.months > 8:
        return scene.later(scene.first, dice.randrange(60, 240))
    return add_months(scene.first, -dice.randrange(4, 90)) + timedelta(days=dice.randrange(28))


def _let_go(scene: Scene, leaver: Member) -> None:
    """One seller left five months ago (in short books: half-way); the customers were handed over."""
    back = min(5, scene.months // 2)
    last_on = scene.later(add_months(scene.until, -back), 6) - timedelta(days=1)
    if last_on >= scene.until:
        return
    leaver.row.update(left_on=last_on, active=False)
    for row in scene.rows.of(Assignment):
        if row["employee_id"] == leaver.id:
            row["until_on"] = last_on


def _hire(
    scene: Scene,
    book: NameBook,
    company: Company,
    post: Post,
    person: PersonName,
    hired_on: date,
    known: UUID | None,
) -> Member:
    born = _born(scene) if hired_on < scene.first else scene.instant(hired_on, 9 * 60 + 30)
    superior = company.the(post.reports_to) if post.reports_to else None
    code = scene.number("employee", "E", 4)
    email = f"{person.latin}@{scene.branch.code.lower()}.trunkline.example"
    phone = book.mobile()
    title = scene.in_english(post.title, post.title_en)
    department_id = company.departments[post.department]["id"]
    row = scene.rows.add(
        Employee, born, number=code, name=person.name, email=email, phone=phone, position=title,
        department_id=department_id, manager_id=superior.id if superior else None, hired_on=hired_on,
        discount_limit_bp=post.limit_bp, search_key=search_key(person.name, code, phone, email, length=300),
        **({"id": known} if known else {}),
    )  # fmt: skip
    scene.rows.add(EmployeeRole, born, employee_id=row["id"], role_code=post.role)
    scene.rows.add(
        Assignment, born, employee_id=row["id"], department_id=department_id, manager_id=row["manager_id"],
        position=title, happened_on=hired_on,
    )  # fmt: skip
    member = Member(row, post)
    company.staff.append(member)
    return member


def _name_a_deputy(scene: Scene, company: Company) -> None:
    """The sales manager was away for a week last month; the branch manager stood in."""
    manager, director = company.the("manager"), company.the("director")
    from_on = scene.later(add_months(scene.until, -1), 0)
    if from_on < scene.first:
        return
    until_on = from_on + timedelta(days=6)
    company.away = (manager.id, from_on, until_on)
    scene.rows.add(
        Delegation, scene.instant(from_on, 9 * 60), manager.id, employee_id=manager.id, deputy_id=director.id,
        from_on=from_on, until_on=until_on, reason=scene.in_english("休假", "Holiday"),
    )  # fmt: skip
