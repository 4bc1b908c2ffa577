"""What the branch spends: goods, salaries, rent and the small claims of its people, approved and paid."""

from datetime import date, timedelta
from random import Random

from branch_node.expenses.rules import expense_hash
from branch_node.seeding.approvals import Asked, ask
from branch_node.seeding.company import Company, Member
from branch_node.seeding.customers import Buyer
from branch_node.seeding.scene import Scene
from branch_node.seeding.texts import EXPENSE_TEXTS, sentence
from branch_node.seeding.write import Row
from shared.demo_company import planned_sales
from shared.money import split
from shared.periods import Month
from shared.records import Expense

# category, basis points of planned sales in a month, number of expenses a month, who enters them
_MONTHLY = (
    ("goods", 5_350, 5, "cashier"), ("salaries", 1_350, 1, "finance"), ("rent", 380, 1, "admin"),
    ("marketing", 190, 2, "manager"), ("transport", 210, 4, "service"), ("office", 70, 4, "admin"),
    ("travel", 170, 11, "seller"), ("entertainment", 95, 8, "seller"),
)  # fmt: skip
_FIXED = ("salaries", "rent", "office", "marketing")
_STARTED_WITH = ("travel", "entertainment", "office")


def build_expenses(scene: Scene, company: Company, buyers: list[Buyer]) -> None:
    """Every month's expenses; goods and freight follow what was really sold, salaries and rent do not."""
    dice = scene.dice("expenses")
    for month in scene.calendar:
        days = scene.workdays_of(month)
        if not days:
            continue
        for category, share_bp, count, slot in _MONTHLY:
            _spend(scene, company, dice, buyers, month, days, category, share_bp, count, slot)
    for row in sorted(scene.rows.of(Expense), key=lambda row: row["recorded_at"]):
        row["number"] = scene.number("expense", "E")


def _spend(
    scene: Scene, company: Company, dice: Random, buyers: list[Buyer], month: Month, days: list[date],
    category: str, share_bp: int, count: int, slot: str,
) -> None:  # fmt: skip
    """One category in one month: the month's sum in parts."""
    plan = planned_sales(scene.branch, month)
    if category in _FIXED:
        plan = planned_sales(scene.branch, Month.containing(scene.first).next(scene.months // 2))
    else:
        plan = plan * scene.branch.performance_bp // 10_000
    total = plan * share_bp // 10_000 * dice.randrange(9_300, 10_700) // 10_000
    passed = scene.passed_bp(month)
    payday = next((day for day in days if day.day >= 10), None)
    if category == "salaries" and payday is None:
        return
    fixed = {"rent": days[0], "salaries": payday or days[0]}
    if category not in ("salaries", "rent"):
        total, count = total * passed // 10_000, max(scene.count(count) * passed // 10_000, 1)
    parts = split(total, [dice.randrange(40, 160) for _ in range(count)])
    for part in parts:
        day = fixed.get(category) or dice.choice(days)
        author = _author(company, dice, slot, day)
        _add_expense(scene, company, dice, author, category, day, _rounded(scene, part), buyers)


def _author(company: Company, dice: Random, slot: str, day: date) -> Member:
    if slot == "seller":
        return dice.choice(company.sellers(day))
    return company.the(slot)


def _rounded(scene: Scene, minor: int) -> int:
    """Whole cents stay, yen and large sums are rounded as invoices are."""
    return max(minor - minor % 10, 10) if minor < 1_000_000 else minor - minor % 1_000


def _add_expense(
    scene: Scene, company: Company, dice: Random, author: Member, category: str, day: date, amount: int, buyers: list[Buyer]
) -> Row:  # fmt: skip
    """An expense on its way: entered that day, submitted, approved within days, paid a week later."""
    born = scene.instant(day, dice.randrange(9 * 60, 11 * 60), dice.randrange(60))
    customer = dice.choice(buyers) if category == "entertainment" else None
    row = scene.rows.add(
        Expense, born, author.id, number="", owner_id=author.id, department_id=author.department_id,
        category=category, happened_on=day, currency=scene.branch.currency, amount_minor=amount, base_minor=amount,
        description=sentence(scene.branch.language, EXPENSE_TEXTS[category], dice, city=_city(scene, dice)),
        customer_id=customer.id if customer is not None and customer.row["acquired_on"] <= day else None,
    )  # fmt: skip
    age = (scene.until - day).days
    if age <= 4 and category in _STARTED_WITH and dice.random() < 0.4:
        return row
    submitted = scene.instant(day, dice.randrange(11 * 60 + 10, 13 * 60))
    row.update(status="submitted", submitted_at=submitted)
    seen = expense_hash(category, day, amount, row["currency"], row["description"])
    asked = ask(scene, "expense", row, author, submitted, day, amount_minor=amount, document_hash=seen)
    _decide(scene, dice, row, asked, company, author)
    return row


def _decide(scene: Scene, dice: Random, row: Row, asked: Asked, company: Company, author: Member) -> None:
    """The superior's answer within a working day, if that has come; refused ones are small claims."""
    decided_on = scene.next_workday(row["happened_on"] + timedelta(days=dice.randrange(0, 2)), 0)
    if decided_on > scene.past_workdays[-1] or (decided_on == scene.until and dice.random() < 0.5):
        return
    approver = company.approver(author, "expense.approve", decided_on)
    at = scene.instant(decided_on, dice.randrange(14 * 60, 17 * 60 + 30), dice.randrange(60))
    is_refused = row["category"] in ("travel", "entertainment") and dice.random() < 0.03
    if is_refused:
        comment = scene.in_english("缺少发票", "The receipt is missing")
        asked.decide("rejected", approver, at, comment)
        row.update(status="rejected", reject_reason=comment)
        return
    asked.decide("approved", approver, at)
    row.update(status="approved", approved_at=at, approved_by=approver.id, approved_on=decided_on)
    paid_on = scene.next_workday(decided_on, dice.randrange(2, 7))
    if paid_on <= scene.past_workdays[-1]:
        row.update(status="paid", paid_on=paid_on)


def _city(scene: Scene, dice: Random) -> str:
    """Where somebody travelled."""
    cities = {
        "zh": ("苏州", "天津", "深圳", "成都"),
        "fr": ("Lyon", "Lille", "Nantes"),
        "ja": ("大阪", "名古屋", "福岡"),
    }
    return dice.choice(cities.get(scene.branch.language, ("Boston", "Philadelphia", "Albany")))
