"""The rows of a demo before they are written: the same seed makes the same, every day and hour makes a business."""

from collections import Counter
from datetime import UTC, date, datetime
from functools import cache

import pytest

from branch_node.approvals.rules import REQUEST
from branch_node.customers.rules import KINDS as CUSTOMER_KINDS
from branch_node.customers.rules import OPEN_STATUSES, TAX_RULES, name_key
from branch_node.expenses.rules import EXPENSE
from branch_node.feedback.rules import KINDS as FEEDBACK_KINDS
from branch_node.feedback.rules import STATUSES as FEEDBACK_STATUSES
from branch_node.followups.rules import KINDS as ACTIVITY_KINDS
from branch_node.followups.rules import OUTCOMES
from branch_node.orders.rules import ORDER
from branch_node.plans.rules import ITEM_MOVES
from branch_node.plans.rules import KINDS as ITEM_KINDS
from branch_node.quotations.rules import QUOTATION
from branch_node.receipts.rules import METHODS, RECEIPT
from branch_node.seeding.scene import Scene
from branch_node.staff.rules import DEPARTMENT_KINDS
from branch_node.tasks.rules import MOVES as TASK_MOVES
from shared.demo_company import planned_sales
from shared.records import (
    Activity,
    ApprovalRequest,
    Contact,
    ContactPoint,
    Customer,
    DailyPlan,
    Department,
    DirectiveReceipt,
    Employee,
    Expense,
    Feedback,
    Order,
    PlanItem,
    Quotation,
    Receipt,
    Task,
)
from tests.unit.seeding.scenes import played, scene_of


@cache
def whole(code: str) -> Scene:
    """A branch as the demo shows it, made once: these tests only look at it."""
    return played(code, months=18, scale=1.0)


def values(scene: Scene) -> list[tuple[str, list[tuple[str, object]]]]:
    return [
        (model.__name__, sorted(row.items())) for model, rows in scene.rows.by_model.items() for row in rows
    ]


def test_the_same_seed_makes_the_same_rows_ids_included() -> None:
    assert values(played()) == values(played())


def test_another_seed_makes_other_rows() -> None:
    assert values(played()) != values(played(seed=8))


def test_another_branch_makes_other_people() -> None:
    here, there = played("SH"), played("HQ")
    names = {row["name"] for row in here.rows.of(Customer)} & {row["name"] for row in there.rows.of(Customer)}
    assert not names


def test_ids_are_unique_version_7_and_carry_the_moment_of_the_row() -> None:
    by_their_subject = (DailyPlan, DirectiveReceipt)
    made = played().rows.by_model.items()
    rows = [row for model, rows in made if model not in by_their_subject for row in rows]
    assert len({row["id"] for row in rows}) == len(rows)
    own = [row for row in rows if row["branch"] == "SH"]
    assert {row["id"].version for row in own} == {7}
    assert all(row["id"].int >> 80 == row["recorded_at"] // 1_000 for row in own)


@pytest.mark.parametrize("code", ["HQ", "SH", "GZ", "PAR", "NYC", "TYO", "KWI"])
def test_every_branch_has_staff_that_can_approve_and_a_cast_that_can_sign_in(code: str) -> None:
    from branch_node.seeding.demo import build_demo

    scene = scene_of(code)
    company = build_demo(scene)
    assert 12 <= len(company.staff) <= 18
    assert len(scene.rows.of(Department)) == 4
    assert {member.post.slot for member in company.cast} == {
        "director", "manager", "customers", "finance", "admin", "seller",
    }  # fmt: skip
    assert len({member.username for member in company.cast}) == 6
    assert [row for row in scene.rows.of(Employee) if row["manager_id"] is None] == [
        company.the("director").row
    ]


@pytest.mark.parametrize("clock", ["00:05", "08:59", "09:20", "12:00", "17:59", "18:30", "23:58"])
def test_at_any_hour_nothing_has_happened_that_is_still_to_come(clock: str) -> None:
    scene = played(clock=clock)
    late = [
        (model.__name__, name)
        for model, rows in scene.rows.by_model.items()
        for row in rows
        for name, value in row.items()
        if name.endswith("_at") and isinstance(value, int) and value >= scene.now_micros
    ]
    assert not late


@pytest.mark.parametrize(
    ("clock", "done", "open_ones"), [("08:00", False, True), ("13:00", True, True), ("19:30", True, False)]
)
def test_todays_plans_are_as_far_as_the_day_is(clock: str, done: bool, open_ones: bool) -> None:
    scene = played(clock=clock, scale=1.0)
    today = Counter(row["status"] for row in scene.rows.of(PlanItem) if row["happened_on"] == scene.until)
    assert bool(today["done"]) is done
    assert (today["planned"] > today["done"] // 4) is open_ones


def test_even_on_the_first_of_january_there_is_a_business() -> None:
    scene = played(until=date(2027, 1, 1), clock="16:00", scale=1.0)
    assert any(row["happened_on"] == scene.until for row in scene.rows.of(Activity))
    assert any(row["approved_on"] == scene.until for row in scene.rows.of(Order))


def sold(scene: Scene) -> tuple[int, int]:
    """Approved sales less cancelled of the whole months, and what was planned for them."""
    months = scene.calendar[:-1]
    orders = [row for row in scene.rows.of(Order) if row["approved_on"] and row["cancelled_on"] is None]
    actual = sum(
        row["base_minor"] for row in orders if any(month.contains(row["approved_on"]) for month in months)
    )
    return actual, sum(planned_sales(scene.branch, month) for month in months)


def test_shanghai_is_ahead_of_its_plan_and_paris_clearly_behind() -> None:
    actual, plan = sold(whole("SH"))
    assert 104 < actual * 100 // plan < 122
    actual, plan = sold(whole("PAR"))
    assert 60 < actual * 100 // plan < 84


def test_scale_changes_how_many_rows_there_are_and_not_how_much_money() -> None:
    small, large = played(scale=0.3), played(scale=1.2)
    assert len(large.rows.of(Order)) > 3 * len(small.rows.of(Order))
    assert 80 < sold(small)[0] * 100 // sold(large)[0] < 125


def test_every_stored_code_is_one_that_its_feature_knows() -> None:
    scene = played(scale=1.0)
    known = (
        (Order, "status", ORDER.hints), (Quotation, "status", QUOTATION.hints), (Expense, "status", EXPENSE.hints),
        (Receipt, "status", RECEIPT.hints), (ApprovalRequest, "status", REQUEST.hints), (Task, "status", TASK_MOVES.hints),
        (PlanItem, "status", ITEM_MOVES.hints), (PlanItem, "kind", ITEM_KINDS), (Activity, "kind", ACTIVITY_KINDS),
        (Activity, "outcome", OUTCOMES), (Customer, "status", OPEN_STATUSES), (Customer, "kind", CUSTOMER_KINDS),
        (Customer, "tax_rule", TAX_RULES), (Feedback, "kind", FEEDBACK_KINDS), (Feedback, "status", FEEDBACK_STATUSES),
        (Receipt, "method", METHODS), (Department, "kind", DEPARTMENT_KINDS),
    )  # fmt: skip
    for model, column, codes in known:
        unknown = {row[column] for row in scene.rows.of(model)} - set(codes)
        assert not unknown, f"{model.__name__}.{column}: {unknown}"


@pytest.mark.parametrize("code", ["SH", "PAR", "NYC", "TYO"])
def test_no_two_customers_look_like_one_and_the_same(code: str) -> None:
    scene = whole(code)
    keys = Counter(row["name_key"] for row in scene.rows.of(Customer))
    assert keys.most_common(1)[0][1] == 1
    assert all(row["name_key"] == name_key(row["name"]) for row in scene.rows.of(Customer))
    points = Counter(row["key"] for row in scene.rows.of(ContactPoint) if row["kind"] == "phone")
    assert "" not in points
    assert points.most_common(1)[0][1] == 1


def test_contacts_have_names_and_mail_only_to_reserved_addresses() -> None:
    scene = played("PAR")
    assert all(" " in row["name"] for row in scene.rows.of(Contact))
    mails = [row["value"] for row in scene.rows.of(ContactPoint) if row["kind"] == "email"]
    assert mails
    assert all(mail.endswith(".example") for mail in mails)


def test_the_seller_who_left_has_no_customer_any_more_but_keeps_the_old_orders() -> None:
    scene = whole("SH")
    leaver = next(row for row in scene.rows.of(Employee) if row["left_on"] is not None)
    assert not [row for row in scene.rows.of(Customer) if row["owner_id"] == leaver["id"]]
    orders = [row for row in scene.rows.of(Order) if row["owner_id"] == leaver["id"]]
    assert orders
    assert all(row["happened_on"] <= leaver["left_on"] for row in orders)


def test_a_scene_of_another_day_ends_in_the_evening_of_that_day() -> None:
    scene = scene_of(until=date(2026, 3, 31), clock="19:00")
    assert scene.now.astimezone(UTC) == datetime(2026, 3, 31, 11, 0, tzinfo=UTC)
    assert scene.first == date(2025, 12, 1)
