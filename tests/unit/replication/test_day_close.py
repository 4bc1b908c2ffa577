"""A branch states what each ledger holds of a closed day; headquarters proves it by its own rows; on both engines."""

import datetime
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from branch_node.home import home
from branch_node.replication.closing import close_days
from branch_node.replication.epochs import begin_epoch
from branch_node.replication.models import ReplicationCheckpoint
from hq.dayclose.actions import check_days, check_new
from hq.dayclose.queries import found_rows
from hq.dayclose.rules import line_state
from hq.replication.models import BranchCursor, DayCloseCheck, ScrubRow, SyncIncident
from shared import clock
from shared.clock import FixedClock
from shared.database import execute, transaction
from shared.ledgers import LEDGERS
from shared.records import DayClose, Receipt
from shared.replication.messages import CursorReply
from tests.support.databases import BRANCH, ENGINES, Templates
from tests.support.replication_model import DAY, Model, receipt

NOON_AFTER = datetime.datetime(2026, 4, 1, 4, tzinfo=datetime.UTC)


@pytest.fixture(params=ENGINES)
async def company(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> AsyncIterator[Model]:
    with clock.use(FixedClock(NOON_AFTER)):
        async with Model(templates, tmp_path, 5, request.param) as made:
            with made.branch.use():
                await Receipt.bulk_create([receipt(made.dice) for _ in range(3)])
            yield made


async def closed(company: Model) -> int:
    """How many statements the branch wrote; they are at headquarters afterwards."""
    with company.branch.use():
        written = await close_days()
    await company.settle()
    return written


async def state(company: Model) -> str:
    """Of the receipts of the day, checked now."""
    with company.hq.use():
        await check_days([DAY])
        return (await DayCloseCheck.get(happened_on=DAY, ledger="receipts")).state


async def test_a_closed_day_is_stated_once_and_equal_at_headquarters(company: Model) -> None:
    assert await closed(company) == 31 * len(LEDGERS)
    assert await closed(company) == 0
    with company.branch.use():
        stated = await DayClose.get(happened_on=DAY, ledger="receipts")
        amounts = await Receipt.all().values_list("amount_minor", flat=True)
        assert (stated.row_count, stated.sums) == (3, {"CNY": sum(amounts)})
        assert not await DayClose.filter(happened_on=home().today).exists(), "the present day is open"
    assert await state(company) == "green"
    with company.hq.use():
        assert not await DayCloseCheck.exclude(state="green").exists()


async def test_a_change_of_a_closed_day_states_it_anew(company: Model) -> None:
    await closed(company)
    with company.branch.use():
        await execute("UPDATE receipt SET amount_minor = 5, base_minor = 5")
        moved = await Receipt.all().first()
        assert moved is not None
        await Receipt.filter(id=moved.id).update(happened_on=DAY - datetime.timedelta(days=1))
    await company.settle()
    assert await state(company) == "changed"
    assert await closed(company) == 2, "the day it was moved from and the day it was moved to"
    assert await state(company) == "green"
    with company.hq.use():
        assert (await DayClose.get(happened_on=DAY, ledger="receipts")).revision == 2


async def rebuild(company: Model) -> None:
    """The branch's rows stay, its log is empty in an epoch that begins where headquarters stands: as after a rebuild."""
    with company.hq.use():
        cursor = await BranchCursor.get(branch=BRANCH)
    with company.branch.use():
        newest = await ReplicationCheckpoint.all().order_by("-seq").first()
        assert newest is not None
        assert newest.seq == cursor.seq
        origin = CursorReply(cursor.epoch, cursor.seq, cursor.chain)
        async with transaction():
            await execute("DELETE FROM change")
            await begin_epoch(cursor.seq, cursor.seq, newest.digests, origin, "rebuilt")
    await company.settle()


async def test_a_change_that_the_log_of_a_rebuilt_branch_does_not_name_states_the_day_anew(
    company: Model,
) -> None:
    await closed(company)
    with company.branch.use():
        await execute("UPDATE receipt SET amount_minor = 5, base_minor = 5")
    await company.settle()
    await rebuild(company)
    assert await state(company) == "changed"
    assert await closed(company) == 1
    assert await state(company) == "green"
    assert await closed(company) == 0
    await company.check()


async def test_a_red_line_is_asked_for_and_mended(company: Model) -> None:
    await closed(company)
    with company.hq.use():
        await execute("UPDATE receipt SET amount_minor = amount_minor + 1")
    assert await state(company) == "red"
    with company.hq.use():
        await check_new(40)
        assert await SyncIncident.exists(branch=BRANCH, kind="day_close", closed_at=None)
    await company.settle()
    with company.hq.use():
        assert await ScrubRow.filter(tbl="receipt", status="mended").count() == 3
        await check_new(40)
        assert not await SyncIncident.exists(branch=BRANCH, kind="day_close", closed_at=None)
    await company.check()


async def test_a_line_lists_its_own_rows_that_differed_with_both_sides(company: Model) -> None:
    await closed(company)
    with company.hq.use():
        ids = [str(one) for one in await Receipt.all().order_by("id").values_list("id", flat=True)]
        changed, moved, deleted = ids
        await execute("UPDATE receipt SET amount_minor = 5 WHERE id = :id", id=UUID(changed))
        await execute("UPDATE receipt SET happened_on = '2026-03-01' WHERE id = :id", id=UUID(moved))
        await execute("DELETE FROM receipt WHERE id = :id", id=UUID(deleted))
        assert (await found_rows(LEDGERS["receipts"], BRANCH, DAY)).count == 0
        await check_new(40)
    await company.settle()
    with company.hq.use():
        found = await found_rows(LEDGERS["receipts"], BRANCH, DAY)
        assert {row.row_id: row.kind for row in found.rows} == {
            changed: "changed", moved: "changed", deleted: "missing"
        }  # fmt: skip
        assert found.count == 3
        before, after = next((row.before, row.after) for row in found.rows if row.row_id == changed)
        assert '"amount_minor":5,' in before and '"amount_minor":5,' not in after
        elsewhere = await found_rows(LEDGERS["receipts"], BRANCH, datetime.date(2026, 3, 1))
        assert [row.row_id for row in elsewhere.rows] == [moved], "the day that it was moved to names it, too"
        assert (await found_rows(LEDGERS["orders"], BRANCH, DAY)).count == 0
    assert await state(company) == "green"
    await company.check()


async def test_a_statement_that_was_changed_here_is_mended(company: Model) -> None:
    await closed(company)
    with company.hq.use():
        await execute("UPDATE day_close SET row_count = 9 WHERE ledger = 'receipts' AND happened_on = :day", day=DAY)  # fmt: skip
    assert await state(company) == "red"
    with company.hq.use():
        await check_new(40)
    await company.settle()
    assert await state(company) == "green"
    await company.check()


def test_only_what_came_before_the_statement_makes_it_wrong() -> None:
    assert line_state(True, 9, 5) == "green"
    assert line_state(False, 9, 5) == "changed"
    assert line_state(False, 5, 5) == "red"
