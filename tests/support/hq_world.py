"""A small company as headquarters holds it: branches, people and facts with their dates, and how far each came.

`make_company(random)` builds rows in memory the way branches would have written them (several currencies, reversed and
late entries, cancelled orders, people who moved); `write(company)` stores them, folds the rollup and sets the
cursors. `reached("SH", minutes_ago=3)` says how fresh one branch is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from hq.figures import indexes, memo, rebuild, rollup
from hq.replication.models import BranchCursor
from shared import clock
from shared.database import execute
from shared.ids import new_id
from shared.money import convert, split
from shared.records import (
    COMPANY,
    Activity,
    Adjustment,
    Allocation,
    Branch,
    Customer,
    DailyPlan,
    Department,
    Employee,
    ExchangeRate,
    Expense,
    ExpenseCategory,
    Opportunity,
    Order,
    OrderShare,
    PlanItem,
    PromiseToPay,
    Receipt,
    Receivable,
    Record,
    Target,
    TargetLine,
)

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
"""Friday 20 November 2026, noon in Shanghai."""
TODAY = date(2026, 11, 20)
FIRST_DAY = date(2025, 10, 1)

PLACES = {
    "HQ": ("总部", "Head office", "Asia/Shanghai", "CNY", "approval"),
    "SH": ("上海", "Shanghai", "Asia/Shanghai", "CNY", "approval"),
    "PAR": ("巴黎", "Paris", "Europe/Paris", "EUR", "receipt"),
    "NYC": ("纽约", "New York", "America/New_York", "USD", "shipment"),
    "TYO": ("东京", "Tokyo", "Asia/Tokyo", "JPY", "approval"),
    "HRB": ("哈尔滨", "Harbin", "Asia/Shanghai", "CNY", "approval"),
    "BER": ("柏林", "Berlin", "Europe/Berlin", "EUR", "approval"),
    "OSA": ("大阪", "Osaka", "Asia/Tokyo", "JPY", "shipment"),
    "LAX": ("洛杉矶", "Los Angeles", "America/Los_Angeles", "USD", "receipt"),
    "CAN": ("广州", "Guangzhou", "Asia/Shanghai", "CNY", "receipt"),
    "KIR": ("基里巴斯", "Kiribati", "Pacific/Kiritimati", "USD", "approval"),
    "PAG": ("帕果帕果", "Pago Pago", "Pacific/Pago_Pago", "USD", "shipment"),
}
RATES = {"USD": 7_120_000_000, "EUR": 8_015_500_000, "JPY": 48_123_456}
WRITTEN = (
    Branch, Department, Employee, ExchangeRate, ExpenseCategory, Customer, Order, OrderShare, Receivable, Receipt, Allocation,
    Adjustment, Expense, DailyPlan, PlanItem, Activity, Target, TargetLine, Opportunity, PromiseToPay,
)  # fmt: skip


@dataclass
class Company:
    """Rows by class, in the order in which they are written."""

    rows: dict[type[Record], list[Any]] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)

    def add(self, row: Any) -> Any:
        self.rows.setdefault(type(row), []).append(row)
        return row

    def of(self, kind: type[Record], branch: str | None = None) -> list[Any]:
        """The rows of a class, of one branch or of all."""
        return [row for row in self.rows.get(kind, []) if branch is None or row.branch == branch]


class BranchMaker:
    """Makes the rows of one branch."""

    def __init__(self, company: Company, random: Random, code: str) -> None:
        self.company, self.random, self.code = company, random, code
        name, name_en, zone, self.currency, rule = PLACES[code]
        company.codes.append(code)
        company.add(
            Branch(
                branch=code, name=name, name_en=name_en, timezone=zone, currency=self.currency, income_rule=rule,
                city=name, region="east" if code in ("SH", "TYO") else "other",
            )
        )  # fmt: skip
        self.departments = [self._add(Department, name=f"{name_en} {word}") for word in ("Sales", "Service")]
        self.people = [self._person(number) for number in range(random.randint(1, 4))]
        self.customers: list[Any] = []
        self.numbers = 0

    def _add(self, record: Any, /, **values: Any) -> Any:
        return self.company.add(record(id=new_id(), branch=self.code, **values))

    def _person(self, number: int) -> Any:
        department = self.random.choice(self.departments)
        return self._add(
            Employee, number=f"{self.code}-{number}", name=f"{PLACES[self.code][1]} {number}",
            department_id=department.id, active=self.random.random() < 0.9,
        )  # fmt: skip

    def day(self, first: date = FIRST_DAY, last: date = TODAY) -> date:
        """A day, now and then after today."""
        if self.random.random() < 0.03:
            return last + timedelta(days=self.random.randint(1, 20))
        return first + timedelta(days=self.random.randint(0, max((last - first).days, 0)))

    def who(self) -> dict[str, UUID | None]:
        """An owner and the department at that time, which need not be the present one; sometimes nobody."""
        if self.random.random() < 0.1:
            return {"owner_id": None, "department_id": None}
        return {
            "owner_id": self.random.choice(self.people).id,
            "department_id": self.random.choice(self.departments).id,
        }

    def customer(self) -> Any:
        acquired = self.day()
        contact = self.day(acquired) if self.random.random() < 0.7 else None
        made = self._add(
            Customer, code=f"C{len(self.customers)}", name=f"{self.code} customer {len(self.customers)}",
            currency=self.currency, acquired_on=acquired, last_contact_on=contact,
            next_contact_on=self.day() if self.random.random() < 0.5 else None,
            status=self.random.choice(["prospect", "customer", "customer", "lost"]), **self.who(),
        )  # fmt: skip
        if self.random.random() < 0.05:
            made.deleted_at = NOON
        if self.random.random() < 0.05 and self.customers:
            made.merged_into_id = self.customers[0].id
        self.customers.append(made)
        return made

    def order(self) -> Any:
        """An approved order with its instalments, sometimes cancelled later, sometimes only a draft."""
        customer = self.random.choice(self.customers)
        currency = self.random.choice([self.currency, self.currency, "USD", "CNY"])
        rate = RATES_BETWEEN[currency, self.currency]
        total = self.random.randint(1, 5_000_000)
        approved = self.day() if self.random.random() < 0.9 else None
        base = convert(total, currency, self.currency, rate)
        who = self.who()
        self.numbers += 1
        order = self._add(
            Order, number=f"{self.code}-SO{self.numbers}", customer_id=customer.id, happened_on=approved or TODAY,
            approved_on=approved, status="approved" if approved else "draft", currency=currency, rate_e9=rate,
            base_currency=self.currency, total_minor=total, base_minor=base, **who,
        )  # fmt: skip
        if approved is None:
            return order
        if customer.signed_on is None or approved < customer.signed_on:
            customer.signed_on = approved
        if self.random.random() < 0.6:
            order.shipped_on = approved + timedelta(days=self.random.randint(0, 20))
        parts = [self.random.randint(1, 5) for _ in range(self.random.randint(1, 3))]
        for position, (amount, share) in enumerate(
            zip(split(total, parts), split(base, parts), strict=True), 1
        ):
            self._add(
                Receivable, order_id=order.id, customer_id=customer.id, position=position, happened_on=approved,
                due_on=approved + timedelta(days=30 * position), currency=currency, amount_minor=amount,
                base_minor=share, **who,
            )  # fmt: skip
        return order

    def receipt(self) -> None:
        """Money for one instalment: in part, in full or more than that; sometimes reversed with its allocation."""
        open_ones = [row for row in self.company.of(Receivable, self.code) if rest_of(row) > 0]
        if not open_ones:
            return
        target = self.random.choice(open_ones)
        happened = self.day(target.happened_on)
        rate = RATES_BETWEEN[target.currency, self.currency]
        amount = max(rest_of(target) * self.random.choice([1, 1, 2, 3]) // self.random.choice([1, 2, 3]), 1)
        receipt = self._add(
            Receipt, number=f"{self.code}-R{self.numbers}", customer_id=target.customer_id, happened_on=happened,
            currency=target.currency, rate_e9=rate, amount_minor=amount,
            base_minor=convert(amount, target.currency, self.currency, rate), **owner_of(target),
        )  # fmt: skip
        paid = min(amount, rest_of(target))
        entry = self._entry(
            Allocation, target, paid, max(happened, target.happened_on), receipt_id=receipt.id
        )
        at_receipt = receipt.base_minor if paid == amount else paid * receipt.base_minor // amount
        entry.receipt_base_minor = receipt.allocated_base_minor = at_receipt
        target.received_minor += paid
        target.received_base_minor += entry.base_minor
        receipt.allocated_minor = paid
        if self.random.random() < 0.15:
            back = self.day(entry.happened_on)
            self._reversal(entry, back)
            target.received_minor -= paid
            target.received_base_minor -= entry.base_minor
            receipt.allocated_minor = receipt.allocated_base_minor = 0
            receipt.reversed_on, receipt.status = back, "reversed"

    def adjust(self) -> None:
        """A credit note or a write-off, sometimes taken back."""
        open_ones = [row for row in self.company.of(Receivable, self.code) if rest_of(row) > 0]
        if not open_ones:
            return
        target, kind = self.random.choice(open_ones), self.random.choice(["credit", "write_off"])
        amount = self.random.randint(1, rest_of(target))
        entry = self._entry(Adjustment, target, amount, self.day(target.happened_on), kind=kind)
        name = "credited" if kind == "credit" else "written_off"
        if self.random.random() < 0.3:
            self._reversal(entry, self.day(entry.happened_on))
            return
        setattr(target, f"{name}_minor", getattr(target, f"{name}_minor") + amount)
        setattr(target, f"{name}_base_minor", getattr(target, f"{name}_base_minor") + entry.base_minor)

    def cancel(self, order: Any) -> None:
        """Take an approved order back: its allocations are reversed, its instalments cancelled on the same day."""
        if order.approved_on is None or order.cancelled_on is not None:
            return
        on = self.day(order.approved_on)
        own = [row for row in self.company.of(Receivable, self.code) if row.order_id == order.id]
        if any(row.credited_minor or row.written_off_minor for row in own):
            return
        entries = [row for row in self.company.of(Allocation, self.code) if row.order_id == order.id]
        taken_back = {row.reverses_id for row in entries}
        on = max([on, *(entry.happened_on for entry in entries)])
        for entry in entries:
            if entry.reverses_id is None and entry.id not in taken_back:
                self._reversal(entry, on)
        for row in own:
            row.cancelled_on, row.received_minor, row.received_base_minor = on, 0, 0
        order.cancelled_on, order.status = on, "cancelled"

    def _entry(self, record: Any, target: Any, amount: int, happened_on: date, **values: Any) -> Any:
        """An allocation or adjustment; the one that settles the instalment takes all of its base amount that is left."""
        rate = RATES_BETWEEN[target.currency, self.currency]
        base = convert(amount, target.currency, self.currency, rate)
        left = (
            target.base_minor
            - target.received_base_minor
            - target.credited_base_minor
            - target.written_off_base_minor
        )
        if amount == rest_of(target):
            base = left
        return self._add(
            record, receivable_id=target.id, order_id=target.order_id, customer_id=target.customer_id,
            happened_on=happened_on, due_on=target.due_on, currency=target.currency, amount_minor=amount,
            base_minor=base, **owner_of(target), **values,
        )  # fmt: skip

    def _reversal(self, entry: Any, on: date) -> None:
        copied = {name: getattr(entry, name) for name in entry._meta.db_fields if name not in ("id", "happened_on", "reverses_id")}  # fmt: skip
        self.company.add(
            type(entry)(**{**copied, "id": new_id(), "happened_on": on, "reverses_id": entry.id})
        )

    def expense(self) -> None:
        amount = self.random.randint(1, 900_000)
        self._add(
            Expense, number=f"{self.code}-E{self.random.random()}", category=self.random.choice(["travel", "rent"]),
            happened_on=self.day(), status=self.random.choice(["approved", "paid", "paid", "draft", "rejected"]),
            currency=self.currency, amount_minor=amount, base_minor=amount, **self.who(),
        )  # fmt: skip

    def work(self) -> None:
        """Somebody's day: a plan with items, and contacts with customers."""
        person, on = self.random.choice(self.people), self.day(TODAY - timedelta(days=3))
        plan = self._add(
            DailyPlan, employee_id=person.id, department_id=person.department_id, happened_on=on,
            status=self.random.choice(["draft", "submitted", "closed"]),
        )  # fmt: skip
        for position in range(self.random.randint(0, 4)):
            self._add(
                PlanItem, plan_id=plan.id, employee_id=person.id, department_id=person.department_id,
                happened_on=on, position=position, text="call",
                status=self.random.choice(["planned", "done", "carried_over", "cancelled"]),
            )  # fmt: skip
        for _ in range(self.random.randint(0, 3)):
            self._add(
                Activity, customer_id=self.random.choice(self.customers).id, subject="talk", owner_id=person.id,
                department_id=person.department_id, kind=self.random.choice(["call", "visit", "mail"]),
                happened_on=on, status=self.random.choice(["done", "done", "planned"]),
            )  # fmt: skip


def rates_between() -> dict[tuple[str, str], int]:
    """Rates that branches use for postings: CNY is the bridge."""
    to_cny = {"CNY": 10**9, **RATES}
    return {(a, b): to_cny[a] * 10**9 // to_cny[b] for a in to_cny for b in to_cny}


RATES_BETWEEN = rates_between()


def rest_of(row: Any) -> int:
    """What an instalment still lacks."""
    if row.cancelled_on is not None:
        return 0
    return int(row.amount_minor - row.received_minor - row.credited_minor - row.written_off_minor)


def owner_of(row: Any) -> dict[str, Any]:
    return {"owner_id": row.owner_id, "department_id": row.department_id}


def make_company(
    random: Random, codes: Sequence[str] = ("HQ", "SH", "PAR", "TYO"), size: int = 8, currencies: Sequence[str] = ("USD", "EUR", "JPY")
) -> Company:  # fmt: skip
    """A company with about `size` orders per branch and rates of `currencies` into CNY."""
    company = Company()
    for code in codes:
        maker = BranchMaker(company, random, code)
        for _ in range(max(size // 2, 1)):
            maker.customer()
        orders = [maker.order() for _ in range(random.randint(1, size))]
        for _ in range(size):
            maker.receipt()
        for _ in range(size // 3):
            maker.adjust()
            maker.expense()
            maker.work()
        for order in orders:
            if random.random() < 0.2:
                maker.cancel(order)
    for currency in currencies:
        company.add(rate(currency, RATES[currency], FIRST_DAY - timedelta(days=800)))
        company.add(rate(currency, RATES[currency] * 11 // 10, date(2026, 6, 1)))
    return company


def split_orders(random: Random, company: Company) -> None:
    """Two people sold about every third order; what each is credited with is counted here by hand."""
    for order in company.of(Order):
        people = company.of(Employee, order.branch)
        if len(people) < 2 or random.random() > 0.35:
            continue
        counts, cut = order.approved_on is not None, random.randint(1, 9_999)
        first = {
            name: getattr(order, name) * cut // 10_000 if counts else 0
            for name in ("total_minor", "base_minor")
        }
        rest = {name: getattr(order, name) - first[name] if counts else 0 for name in first}
        for person, share, part in zip(
            random.sample(people, 2), (cut, 10_000 - cut), (first, rest), strict=True
        ):
            company.add(
                OrderShare(
                    id=new_id(), branch=order.branch, order_id=order.id, customer_id=order.customer_id, employee_id=person.id,
                    owner_id=order.owner_id, department_id=order.department_id, share_bp=share, currency=order.currency,
                    amount_minor=part["total_minor"], base_minor=part["base_minor"], approved_on=order.approved_on,
                    shipped_on=order.shipped_on if counts else None, cancelled_on=order.cancelled_on if counts else None,
                )
            )  # fmt: skip


def rate(currency: str, rate_e9: int, on: date, to_currency: str = "CNY") -> Any:
    """A dated rate of headquarters."""
    return ExchangeRate(
        id=new_id(),
        branch=COMPANY,
        currency=currency,
        to_currency=to_currency,
        happened_on=on,
        rate_e9=rate_e9,
    )


async def write(company: Company) -> None:
    """Store the company in the current (empty or cleared) database; every branch is current."""
    await rollup.install()
    await indexes.install()
    for kind in WRITTEN:
        rows = company.of(kind)
        if rows:
            await kind.bulk_create(rows)
    await rebuild.rebuild()
    memo.forget()
    for code in company.codes:
        await reached(code)


async def reached(
    code: str, *, minutes_ago: float = 0, contact_minutes_ago: float | None = None, seq: int = 7
) -> None:
    """The branch's data is complete to `minutes_ago`; it was heard of `contact_minutes_ago` (default: then)."""
    now = clock.now()
    complete_at = now - timedelta(minutes=minutes_ago)
    contact_at = complete_at if contact_minutes_ago is None else now - timedelta(minutes=contact_minutes_ago)
    await BranchCursor.filter(branch=code).delete()
    await BranchCursor.create(
        branch=code, epoch="e", seq=seq, head_seq=seq, applied_at=complete_at, contact_at=contact_at,
        complete_at=complete_at,
    )  # fmt: skip


def minutes(count: float) -> timedelta:
    """A length of time, for what a watermark must say."""
    return timedelta(minutes=count)


async def clear() -> None:
    """Forget everything that `write` stores."""
    for kind in WRITTEN:
        await execute(f'DELETE FROM "{kind._meta.db_table}"')
    for table in ("branch_cursor", "branch_node", "quarantined_change"):
        await execute(f"DELETE FROM {table}")
    await rollup.install()
    await execute("DELETE FROM figure_cell")
    await execute("DELETE FROM figure_journal")
    memo.forget()
