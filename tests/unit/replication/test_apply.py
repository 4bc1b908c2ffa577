"""Headquarters applies a branch's log exactly once, whatever arrives in whatever pieces; on both engines."""

import datetime
import random
from typing import Any
from uuid import UUID

import pytest

from hq.figures import rebuild
from hq.replication import verify
from hq.replication.batch import BadBatch, Fork, Gap, unpack
from shared.database import execute, fetch_all, fetch_one, fetch_value
from shared.records import Allocation, Customer, Expense, Receipt, Receivable
from tests.support.wire import Branch, Headquarters, canonical, some_id

DAY = datetime.date(2026, 3, 31)


def receipt(amount: int = 100, day: datetime.date = DAY, branch: str = "SH", **more: Any) -> Receipt:
    return Receipt(
        branch=branch, number="R-1", customer_id=some_id(), happened_on=day, currency="CNY",
        amount_minor=amount, base_minor=amount, **more,
    )  # fmt: skip


async def total(measure: str, tier: str = "by") -> int:
    found = await fetch_value("SELECT SUM(amount) AS total FROM figure_cell WHERE measure = :measure AND tier = :tier", measure=measure, tier=tier)  # fmt: skip
    return int(found or 0)


async def proved() -> None:
    proof = await verify.verify()
    assert proof.is_proved, verify.describe(proof)


async def test_rows_rollups_digest_and_cursor_arrive_together(hq: Headquarters) -> None:
    branch = Branch()
    branch.write(receipt(100), receipt(250, owner_id=some_id()))
    applied = await hq.receive(branch)
    assert (applied.rows, applied.cursor.seq, applied.is_complete) == (2, 2, True)
    assert await fetch_value("SELECT count(*) FROM receipt") == 2
    assert [await total("receipts", tier) for tier in ("pd", "pm", "bd", "bm", "by")] == [350] * 5
    await proved()


async def test_the_same_batch_again_changes_nothing(hq: Headquarters) -> None:
    branch = Branch()
    branch.write(receipt(100))
    body = branch.batch()
    await hq.receive(branch, body)
    again = await hq.receive(branch, body)
    assert (again.rows, again.cursor.seq) == (0, 1)
    assert await total("receipts") == 100
    await proved()


async def test_of_an_overlapping_batch_only_the_new_part_is_applied(hq: Headquarters) -> None:
    branch = Branch()
    branch.write(*(receipt(1) for _ in range(10)))
    await hq.receive(branch, branch.batch(0, 6))
    applied = await hq.receive(branch, branch.batch(3, 10))
    assert (applied.rows, applied.cursor.seq) == (4, 10)
    assert await total("receipts") == 10
    await proved()


async def test_a_hole_is_refused_and_says_where_to_resume(hq: Headquarters) -> None:
    branch = Branch()
    branch.write(*(receipt(1) for _ in range(5)))
    await hq.receive(branch, branch.batch(0, 2))
    with pytest.raises(Gap) as refused:
        await hq.receive(branch, branch.batch(3, 5))
    assert refused.value.cursor.seq == 2
    assert await total("receipts") == 2


async def test_another_history_is_refused(hq: Headquarters) -> None:
    branch, restored = Branch(), Branch()
    branch.write(*(receipt(1) for _ in range(5)))
    restored.write(*(receipt(1) for _ in range(7)))
    await hq.receive(branch)
    for body in (restored.batch(5, 7), restored.batch(3, 7), restored.batch(0, 5)):
        with pytest.raises(Fork):
            await hq.receive(restored, body)
    stranger = Branch(epoch="f" * 32)
    stranger.write(receipt(1))
    with pytest.raises(Fork):
        await hq.receive(stranger)
    assert await total("receipts") == 5


async def test_an_update_moves_the_figures_to_where_the_row_now_belongs(hq: Headquarters) -> None:
    branch = Branch()
    paid = receipt(100)
    branch.write(paid)
    await hq.receive(branch)
    paid.amount_minor = 70
    paid.happened_on = DAY + datetime.timedelta(days=1)
    branch.write(paid)
    await hq.receive(branch)
    cells = await fetch_all("SELECT period, amount FROM figure_cell WHERE tier = 'bm' AND amount <> 0")
    assert [(c["period"], c["amount"]) for c in cells] == [("2026-04", 70)]
    await proved()


async def test_a_deleted_row_leaves_a_tombstone_and_no_figure(hq: Headquarters) -> None:
    branch = Branch()
    kept, gone = receipt(1), receipt(2)
    branch.write(kept, gone)
    branch.write(gone, op="d")
    never = receipt(4)
    branch.write(never)
    branch.write(never, op="d")
    await hq.receive(branch)
    assert await total("receipts") == 1
    assert await fetch_value("SELECT count(*) FROM tombstone") == 2
    await proved()


async def test_a_soft_deleted_row_stays_but_no_longer_counts(hq: Headquarters) -> None:
    branch = Branch()
    paid = receipt(100)
    branch.write(paid)
    paid.deleted_at = datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC)
    branch.write(paid)
    await hq.receive(branch)
    assert await fetch_value("SELECT count(*) FROM receipt") == 1
    assert await total("receipts") == 0
    await proved()


async def test_one_bad_row_is_set_aside_and_the_others_arrive(hq: Headquarters) -> None:
    branch = Branch()
    branch.write(receipt(1))
    poison = receipt(2)
    branch.add(
        "receipt", str(poison.id), "i", canonical(poison).replace('"amount_minor":2', '"amount_minor":"two"')
    )
    branch.write(receipt(4))
    applied = await hq.receive(branch)
    assert applied.cursor.seq == 3
    assert await total("receipts") == 5
    found = await fetch_one("SELECT seq, tbl, reason FROM quarantined_change")
    assert found == {"seq": 2, "tbl": "receipt", "reason": "poison"}


async def test_a_table_that_this_release_does_not_know_is_parked(hq: Headquarters) -> None:
    branch = Branch()
    branch.add("rocket", "1", "i", '{"id":"1"}')
    branch.write(receipt(4))
    assert (await hq.receive(branch)).cursor.seq == 2
    assert await total("receipts") == 4
    assert await fetch_value("SELECT reason FROM quarantined_change") == "unknown_table"


async def test_a_branch_cannot_write_rows_of_another(hq: Headquarters) -> None:
    paris, shanghai = Branch("PAR"), Branch("SH")
    theirs = receipt(100, branch="PAR")
    paris.write(theirs)
    await hq.receive(paris)
    stolen = receipt(1)
    stolen.id = theirs.id
    shanghai.write(stolen)
    shanghai.write(receipt(7, branch="PAR"))
    await hq.receive(shanghai)
    rows = await fetch_all("SELECT branch, amount_minor FROM receipt")
    assert [(row["branch"], row["amount_minor"]) for row in rows] == [("PAR", 100)]
    assert await fetch_value("SELECT count(*) FROM quarantined_change") == 2


async def test_any_batching_of_a_random_history_gives_the_same(hq: Headquarters) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    pick = random.Random(seed)
    branch = Branch()
    rows: list[Any] = []
    for _ in range(120):
        _random_step(branch, rows, pick)
    at = 0
    while at < len(branch.rows):
        upto = min(len(branch.rows), at + pick.randrange(1, 17))
        back = max(0, at - pick.randrange(0, 5))
        at = (await hq.receive(branch, branch.batch(back, upto))).cursor.seq
    live = sorted(str(key) for key in branch.live)
    stored: list[str] = []
    for table in ("receipt", "receivable", "allocation", "expense", "customer"):
        stored += [str(row["id"]) for row in await fetch_all(f"SELECT id FROM {table}")]
    assert sorted(stored) == live
    assert await rebuild.differences() == []
    await proved()


def _random_step(branch: Branch, rows: list[Any], pick: random.Random) -> None:
    day = DAY + datetime.timedelta(days=pick.randrange(-400, 400))
    action = pick.random()
    if rows and action < 0.15:
        branch.write(rows.pop(pick.randrange(len(rows))), op="d")
    elif rows and action < 0.45:
        row = pick.choice(rows)
        if hasattr(row, "amount_minor"):
            row.amount_minor = pick.randrange(1, 1000)
        if hasattr(row, "happened_on"):
            row.happened_on = day
        branch.write(row)
    else:
        rows.append(_random_row(day, pick))
        branch.write(rows[-1])


def _random_row(day: datetime.date, pick: random.Random) -> Any:
    amount = pick.randrange(1, 1000)
    who: UUID | None = some_id() if pick.random() < 0.7 else None
    money = {
        "currency": pick.choice(["CNY", "EUR"]),
        "amount_minor": amount,
        "base_minor": amount * 7,
        "owner_id": who,
    }
    later = day + datetime.timedelta(days=30)
    kinds = [
        lambda: receipt(amount, day),
        lambda: Receivable(branch="SH", order_id=some_id(), customer_id=some_id(), happened_on=day, due_on=later, **money),
        lambda: Allocation(branch="SH", receipt_id=some_id(), receivable_id=some_id(), order_id=some_id(), customer_id=some_id(), happened_on=day, due_on=later, reverses_id=pick.choice([None, some_id()]), **money),
        lambda: Expense(branch="SH", number="E", category=pick.choice(["rent", "travel"]), happened_on=day, status=pick.choice(["draft", "approved", "paid"]), **money),
        lambda: Customer(branch="SH", code="C", name="Hengda", currency="CNY", acquired_on=day, signed_on=pick.choice([None, later]), owner_id=who),
    ]  # fmt: skip
    return pick.choice(kinds)()


@pytest.mark.parametrize("damage", ["short", "bit", "behind", "empty"])
def test_a_damaged_body_is_refused_before_anything_is_written(damage: str) -> None:
    branch = Branch()
    branch.write(receipt(1), receipt(2))
    body = branch.batch()
    broken = {
        "short": body[: len(body) // 2],
        "bit": body[:20] + bytes([body[20] ^ 1]) + body[21:],
        "behind": body + b"more",
        "empty": b"",
    }[damage]
    with pytest.raises(BadBatch):
        unpack(broken)


async def test_verify_names_the_table_that_somebody_changed_by_hand(hq: Headquarters) -> None:
    branch = Branch()
    branch.write(receipt(100), receipt(50))
    await hq.receive(branch)
    await execute("UPDATE receipt SET amount_minor = 99 WHERE amount_minor = 100")
    proof = await verify.verify()
    assert not proof.is_proved
    assert [table.table for table in proof.branches[0].tables if not table.is_proved] == ["receipt"]
    assert proof.rollup_differences
