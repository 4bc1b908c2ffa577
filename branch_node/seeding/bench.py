"""Many plain facts for benches: orders with their instalment, receipts with their allocation, follow-ups, expenses.

Consistent to the cent like the demo, but with no story; written piece by piece, so that a million rows need little
memory.
"""

from datetime import date
from random import Random
from uuid import UUID

from branch_node.seeding.scene import Scene
from branch_node.seeding.write import Row
from shared.records import (
    Activity,
    Allocation,
    Customer,
    Department,
    Employee,
    EmployeeRole,
    Expense,
    Order,
    OrderLine,
    Receipt,
    Receivable,
)

EMPLOYEES = 20
PIECE = 5_000
FACTS_OF_CUSTOMER = 8


async def write_bench(scene: Scene, facts: int) -> int:
    """Write `facts` rows beside the staff, in pieces; how many were written altogether."""
    dice = scene.dice("bench")
    staff = _staff(scene)
    written = await _flush(scene)
    left, number = facts, 0
    while left > 0:
        number += 1
        left -= _one_customer(scene, dice, staff, number, left)
        if sum(map(len, scene.rows.by_model.values())) >= PIECE:
            written += await _flush(scene)
    return written + await _flush(scene)


async def _flush(scene: Scene) -> int:
    written = await scene.rows.write()
    scene.rows.by_model.clear()
    return written


def _staff(scene: Scene) -> list[Row]:
    born = scene.instant(scene.first, 9 * 60)
    department = scene.rows.add(Department, born, name="Sales", kind="sales")
    staff = []
    for number in range(1, EMPLOYEES + 1):
        row = scene.rows.add(
            Employee, born, number=scene.number("employee", "E", 4), name=f"Seller {number}", hired_on=scene.first,
            department_id=department["id"], position="Seller", discount_limit_bp=1_000,
        )  # fmt: skip
        scene.rows.add(EmployeeRole, born, employee_id=row["id"], role_code="salesperson")
        staff.append(row)
    return staff


def _one_customer(scene: Scene, dice: Random, staff: list[Row], number: int, left: int) -> int:
    """A customer with an order that is paid in part, a follow-up and an expense; how many rows, at most `left`."""
    day, owner = dice.choice(scene.workdays), dice.choice(staff)
    at = scene.at(day, dice)
    common = {"owner_id": owner["id"], "department_id": owner["department_id"], "happened_on": day}
    customer = scene.rows.add(
        Customer, at, owner["id"], code=scene.number("customer", "C"), name=f"Customer {number:07d}",
        name_key=f"customer{number:07d}", search_key=f"customer {number:07d}", owner_id=owner["id"],
        department_id=owner["department_id"], currency=scene.branch.currency, acquired_on=day,
    )  # fmt: skip
    if left < FACTS_OF_CUSTOMER:
        return 1
    customer.update(status="customer", signed_on=day, last_contact_on=day)
    _sale(scene, dice, customer["id"], common, day, at)
    scene.rows.add(
        Activity, at, owner["id"], customer_id=customer["id"], kind=dice.choice(("call", "visit")), subject="Contact",
        **common,
    )  # fmt: skip
    amount = dice.randrange(1_000, 200_000)
    scene.rows.add(
        Expense, at, owner["id"], number=scene.number("expense", "X"), category=dice.choice(("travel", "office")),
        status="approved", approved_on=day, currency=scene.branch.currency, amount_minor=amount, base_minor=amount,
        **common,
    )  # fmt: skip
    return FACTS_OF_CUSTOMER


def _sale(scene: Scene, dice: Random, customer_id: UUID, common: Row, day: date, at: int) -> None:
    """Order, line, instalment, receipt and allocation: all of it paid, or half."""
    currency, by = scene.branch.currency, common["owner_id"]
    amount = dice.randrange(50_000, 5_000_000) * 2
    money = {"currency": currency, "amount_minor": amount, "base_minor": amount}
    order = scene.rows.add(
        Order, at, by, number=scene.number("order", "SO"), customer_id=customer_id, status="approved", approved_on=day,
        approved_at=at, currency=currency, base_currency=currency, subtotal_minor=amount, total_minor=amount,
        base_minor=amount, **common,
    )  # fmt: skip
    scene.rows.add(
        OrderLine, at, by, order_id=order["id"], position=1, text="Goods", list_price_minor=amount, price_minor=amount,
        amount_minor=amount,
    )  # fmt: skip
    paid = amount if dice.random() < 0.8 else amount // 2
    due = scene.rows.add(
        Receivable, at, by, order_id=order["id"], customer_id=customer_id, due_on=scene.later(day, 30),
        received_minor=paid, received_base_minor=paid, **money, **common,
    )  # fmt: skip
    receipt = scene.rows.add(
        Receipt, at, by, number=scene.number("receipt", "R"), customer_id=customer_id, currency=currency,
        amount_minor=paid, base_minor=paid, allocated_minor=paid,
        allocated_base_minor=paid, **common,
    )  # fmt: skip
    scene.rows.add(
        Allocation, at, by, receipt_id=receipt["id"], receivable_id=due["id"], order_id=order["id"],
        customer_id=customer_id, due_on=due["due_on"], currency=currency, amount_minor=paid, base_minor=paid,
        receipt_base_minor=paid, **common,
    )  # fmt: skip
