"""A written demo: every invariant holds on both engines, every row is captured, the features' own rules agree."""

from contextlib import suppress
from datetime import date

import pytest

from branch_node.approvals.subjects import hash_of
from branch_node.receivables.queries import NOW_SOURCE, PAST_SOURCE
from branch_node.seeding.command import write_numbers
from branch_node.seeding.scene import Scene
from shared.database import Database, execute, fetch_all, fetch_one, fetch_value, transaction
from shared.figures import ENTRIES
from shared.records import COMPANY, ApprovalRequest, Customer, Order, OrderLine, PlanItem, Receipt
from shared.replication.columns import replicated_tables
from tests.support.invariants import MONEY, SALES, WORK, assert_invariants, broken
from tests.unit.seeding.scenes import played


async def written(*args: object, **options: object) -> Scene:
    scene = played(*args, **options)
    await scene.rows.write()
    await write_numbers(scene)
    return scene


async def test_every_invariant_holds(database: Database) -> None:
    scene = await written(months=18)
    await assert_invariants(scene.until, scene.now)


@pytest.mark.parametrize(
    ("code", "until", "clock"),
    [
        ("HQ", date(2026, 11, 22), "08:30"),
        ("PAR", date(2026, 3, 29), "12:00"),
        ("PAR", date(2026, 10, 26), "09:40"),
        ("NYC", date(2026, 11, 1), "22:10"),
        ("NYC", date(2027, 1, 1), "10:00"),
        ("TYO", date(2026, 2, 28), "18:00"),
        ("GZ", date(2028, 2, 29), "00:10"),
        ("KWI", date(2026, 12, 31), "23:59"),
    ],
)
async def test_every_invariant_holds_on_odd_days_in_other_zones(
    sqlite_database: Database, code: str, until: date, clock: str
) -> None:
    scene = await written(code, until, clock, months=7)
    await assert_invariants(scene.until, scene.now)


@pytest.mark.parametrize("seed", range(11, 17))
async def test_every_invariant_holds_for_other_seeds(sqlite_database: Database, seed: int) -> None:
    scene = await written("SH", seed=seed, months=9, scale=0.5)
    await assert_invariants(scene.until, scene.now)


async def test_rows_read_back_are_the_rows_that_were_built(database: Database) -> None:
    scene = await written()
    order = next(row for row in scene.rows.of(Order) if row["approved_on"] is not None)
    found = await Order.get(id=order["id"])
    assert (found.approved_on, found.total_minor, found.status) == (
        order["approved_on"], order["total_minor"], order["status"],
    )  # fmt: skip
    assert found.approved_at is not None
    assert isinstance(found.instalment_plan, list)
    assert (await Customer.get(id=order["customer_id"])).credit_hold is False
    for model, rows in scene.rows.by_model.items():
        assert await model.all().count() == len(rows), model.__name__


async def test_every_own_row_is_captured_and_none_of_headquarters(database: Database) -> None:
    scene = await written()
    captured = {
        row["tbl"]: row["n"] for row in await fetch_all("SELECT tbl, COUNT(*) AS n FROM change GROUP BY tbl")
    }
    counts = scene.rows.counts()
    own = {
        name: counts[name]
        for name in counts
        if name in replicated_tables() and name not in ("exchange_rate", "target", "target_line")
    }
    assert captured == own
    assert (
        await fetch_value("SELECT COUNT(*) AS n FROM exchange_rate WHERE branch = :owner", owner=COMPANY) > 0
    )


async def test_the_hash_of_what_was_approved_is_the_hash_of_what_is_there(sqlite_database: Database) -> None:
    await written()
    for order in await Order.exclude(approved_on=None).limit(40):
        lines = await OrderLine.filter(order_id=order.id).order_by("position", "id")
        assert order.approved_hash == hash_of(order, lines)
    waiting = await ApprovalRequest.filter(entity="order", status="waiting").first()
    assert waiting is not None
    order = await Order.get(id=waiting.entity_id)
    assert waiting.document_hash == hash_of(
        order, await OrderLine.filter(order_id=order.id).order_by("position", "id")
    )


async def test_as_of_today_the_running_sums_and_the_dated_entries_agree(database: Database) -> None:
    scene = await written(months=12)
    params = {"branch": "SH", "day": scene.until}
    columns = "due, received, credited, written_off, due_base, received_base"
    sums = ", ".join(f"CAST(SUM({name}) AS BIGINT) AS {name}" for name in columns.split(", "))
    now = await fetch_one(f"SELECT COUNT(*) AS n, {sums} FROM ({NOW_SOURCE}) s", **params)
    past = await fetch_one(f"SELECT COUNT(*) AS n, {sums} FROM ({PAST_SOURCE}) s", **params)
    assert now == past
    assert now is not None
    assert now["due"] > now["received"] > 0


async def test_every_measure_of_the_figures_has_something_to_show(sqlite_database: Database) -> None:
    await written(months=18, scale=1.0)
    silent = []
    for entry in ENTRIES:
        found = await fetch_value(
            f"SELECT COUNT(*) AS n FROM {entry.table} WHERE {entry.day} IS NOT NULL AND {entry.where}"
        )
        if not found:
            silent.append((entry.table, entry.measure, entry.where))
    assert {table for table, _, _ in silent} <= {"adjustment"}


async def test_series_go_on_after_the_last_number(sqlite_database: Database) -> None:
    from branch_node.numbers import next_number

    scene = await written()
    last = max(row["number"] for row in scene.rows.of(Receipt))
    assert await next_number("receipt", "R") == f"SH-R{int(last[-6:]) + 1:06d}"


SABOTAGE = {
    "its total": "UPDATE sales_order SET total_minor = total_minor + 1 WHERE id = :order",
    "add up to it": "UPDATE receivable SET amount_minor = amount_minor + 1 WHERE order_id = :order",
    "live allocations.": "UPDATE allocation SET amount_minor = amount_minor + 1 WHERE order_id = :order",
    "sum of its live allocations": "UPDATE receipt SET allocated_minor = allocated_minor - 1 WHERE allocated_minor > 0",
    "customer and currency": "UPDATE allocation SET currency = 'XXX' WHERE order_id = :order",
    "in order; others none": "UPDATE sales_order SET shipped_on = '2020-01-01' WHERE id = :order",
    "first order": "UPDATE customer SET signed_on = '2020-01-01' WHERE signed_on IS NOT NULL",
    "his own request": "UPDATE approval_step SET decided_by = (SELECT requested_by FROM approval_request q WHERE q.id = request_id)",
    "hashes agree": "UPDATE sales_order SET approved_hash = 'x' WHERE id = :order",
    "nothing remains": "UPDATE execution_step SET status = 'pending', done_on = NULL WHERE kind = 'collect'",
    "every closed plan": "UPDATE plan_item SET status = 'planned', done_at = NULL",
    "origin was carried over": "UPDATE plan_item SET status = 'done', done_at = recorded_at WHERE status = 'carried_over'",
    "Last contact": "UPDATE customer SET last_contact_on = '2020-01-01' WHERE last_contact_on IS NOT NULL",
    "customer.owner_id": "UPDATE customer SET owner_id = id",
    "have the same number": "UPDATE receipt SET number = 'R'",
}


class TakenBack(Exception):
    """Ends a transaction whose changes are not wanted."""


async def test_the_checker_sees_every_broken_row(sqlite_database: Database) -> None:
    await written(scale=0.2)
    assert not await broken()
    order = await fetch_value("SELECT order_id FROM allocation WHERE reverses_id IS NULL LIMIT 1")
    for part, statement in SABOTAGE.items():
        with suppress(TakenBack):
            async with transaction():
                await execute(statement, **({"order": order} if ":order" in statement else {}))
                assert any(part in sentence for sentence in await broken()), part
                raise TakenBack
    assert not await broken()


async def test_the_checker_sees_a_record_that_shows_two_items(sqlite_database: Database) -> None:
    await written(scale=0.2)
    item = await PlanItem.exclude(proof_id=None).first()
    assert item is not None
    other = await PlanItem.filter(proof_id=None, status="done").exclude(id=item.id).first()
    assert other is not None
    await PlanItem.filter(id=other.id).update(proof_id=item.proof_id, proof_kind=item.proof_kind)
    assert any("one item only" in sentence for sentence in await broken())


def test_every_rule_of_the_checker_has_a_sentence_of_its_own() -> None:
    sentences = [rule.sentence for rule in (*MONEY, *SALES, *WORK)]
    assert len(set(sentences)) == len(sentences)
