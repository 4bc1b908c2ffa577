"""What cannot be taken over is kept, tried again, overtaken; too much of it holds the branch; on both engines."""

import json
import random

import pytest

from hq.quarantine.rules import typed_lines, wrong_columns
from hq.replication import quarantine, verify
from hq.replication.cursor import is_systemic
from hq.replication.incidents import hold, open_incident, release
from hq.replication.models import BranchCursor, QuarantinedChange, SyncIncident
from hq.replication.outcome import Held
from hq.replication.scrub import compare, scrub_branch
from hq.replication.standby import begin_epoch
from shared.canonical import canonical_json
from shared.database import execute
from shared.records import Receipt
from shared.replication.columns import replicated_tables
from shared.replication.messages import EpochBegin
from tests.support.replication_model import receipt
from tests.support.wire import Branch, Headquarters, canonical


def poison(branch: Branch, row: Receipt) -> None:
    """The row with an amount that is no number."""
    broken = {**json.loads(canonical(row)), "amount_minor": "much"}
    branch.add("receipt", str(row.id), "i", json.dumps(broken, separators=(",", ":")))


def some(count: int) -> list[Receipt]:
    return [receipt(random.Random(number)) for number in range(count)]


async def test_a_change_set_aside_is_applied_when_it_can_be(hq: Headquarters) -> None:
    branch, row = Branch(), some(1)[0]
    poison(branch, row)
    await hq.receive(branch)
    assert (await hq.applier.retry("SH")).rows == 0, "it is still poison"
    await QuarantinedChange.all().update(row_after=canonical(row))  # as an upgrade that reads it would
    assert (await hq.applier.retry("SH")).rows == 1
    assert await Receipt.filter(id=row.id).count() == 1
    assert (await QuarantinedChange.get()).outcome == "applied"
    assert not (await verify.verify()).rollup_differences


async def test_a_change_that_a_later_one_overtook_is_not_applied(hq: Headquarters) -> None:
    branch, row = Branch(), some(1)[0]
    poison(branch, row)
    await hq.receive(branch)
    row.amount_minor = row.base_minor = 77
    branch.write(row)
    await hq.receive(branch)
    await QuarantinedChange.all().update(row_after=canonical(receipt_with(row, 5)))
    assert (await hq.applier.retry("SH")).rows == 1
    assert (await Receipt.get(id=row.id)).amount_minor == 77
    assert (await QuarantinedChange.get()).outcome == "superseded"


def receipt_with(row: Receipt, minor: int) -> Receipt:
    again = Receipt(**{name: getattr(row, name) for name in Receipt._meta.fields_map})
    again.amount_minor = again.base_minor = minor
    return again


async def test_too_much_poison_holds_the_branch_until_a_person_lets_it_through(hq: Headquarters) -> None:
    branch = Branch()
    for row in some(30):
        poison(branch, row)
    body = branch.batch()
    with pytest.raises(Held):
        await hq.receive(branch, body)
    assert await QuarantinedChange.all().count() == 0, "nothing of it was taken over"
    await execute("UPDATE branch_cursor SET status = 'normal'")
    await hq.applier.cursor(branch.contact())
    await hold("SH")
    assert await release("SH")
    assert (await hq.receive(branch, body)).rows == 30
    assert await QuarantinedChange.all().count() == 30


async def test_what_the_node_before_claimed_counts_no_more_once_the_branch_is_rebuilt(
    hq: Headquarters,
) -> None:
    branch = Branch()
    branch.write(some(1)[0])
    poison(branch, some(2)[1])
    await hq.receive(branch)
    run = await scrub_branch("SH", "command")
    assert run.tables == ["receipt"], "the branch has a row that is set aside here"
    await open_incident("SH", "broken", "receipt")
    cursor = await BranchCursor.get(branch="SH")
    said = EpochBegin("SH", "f" * 32, cursor.seq, cursor.epoch, cursor.seq, cursor.chain, "rebuilt")
    await begin_epoch(said)
    assert (await compare("SH")).differing == []
    await cursor.refresh_from_db()
    assert not cursor.scrub, "nothing is asked that the new node cannot answer"
    await run.refresh_from_db()
    assert run.status == "replaced"
    assert not await SyncIncident.exists(closed_at=None)


def test_single_bad_rows_are_not_systemic() -> None:
    assert not is_systemic(1, 1) and not is_systemic(10, 20) and not is_systemic(50, 1_000)
    assert is_systemic(11, 20) and is_systemic(51, 1_000)


async def test_one_bad_row_among_many_is_found_by_halving(hq: Headquarters) -> None:
    branch, rows = Branch(), some(40)
    for row in rows[:20]:
        branch.write(row)
    poison(branch, rows[20])
    for row in rows[21:]:
        branch.write(row)
    await hq.receive(branch)
    assert await Receipt.all().count() == 39
    assert (await QuarantinedChange.get()).row_id == str(rows[20].id)
    assert not (await verify.verify()).rollup_differences


async def test_columns_of_a_newer_release_are_kept_and_taken_apart_after_the_upgrade(
    hq: Headquarters,
) -> None:
    branch, row = Branch(), some(1)[0]
    wider = canonical_json({**json.loads(canonical(row)), "tip_minor": 3})
    branch.add("receipt", str(row.id), "i", wider)
    await hq.receive(branch)
    assert (await Receipt.get(id=row.id)).ext == wider
    assert (await verify.verify()).is_proved, "the row is hashed as it came"
    assert await quarantine.take_apart() == 0, "the column is still unknown"
    await execute("UPDATE receipt SET ext = :row", row=canonical(row))  # as if this release knew all of it
    assert await quarantine.take_apart() == 1
    assert (await Receipt.get(id=row.id)).ext is None


async def test_what_a_later_change_overtook_settles_by_itself(hq: Headquarters) -> None:
    branch, row = Branch(), some(1)[0]
    poison(branch, row)
    await hq.receive(branch)
    assert await quarantine.overtaken() == set()
    branch.write(row)
    await hq.receive(branch)
    assert await quarantine.overtaken() == {"SH"}
    assert await quarantine.replay() == 1
    assert (await QuarantinedChange.get()).outcome == "superseded"


def test_what_is_wrong_with_a_row_and_values_typed_for_it() -> None:
    table = replicated_tables()["receipt"]
    good = json.loads(canonical(some(1)[0]))
    bad = {**good, "amount_minor": "much", "tip_minor": 3}
    del bad["currency"]
    assert wrong_columns(table.columns, bad) == {
        "amount_minor": "kind",
        "tip_minor": "unknown",
        "currency": "missing",
    }
    assert wrong_columns(table.columns, good) == {}
    assert typed_lines("amount_minor = 50\n\nnotes =", table.columns) == (
        {"amount_minor": 50, "notes": None},
        "",
    )
    assert typed_lines("amount_minor = much", table.columns) == ({}, "amount_minor = much")
    assert typed_lines("branch = PAR", table.columns) == ({}, "branch = PAR")
