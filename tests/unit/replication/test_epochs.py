"""Restored, cloned, rebuilt: the branch and headquarters come to one history again and nothing is dropped."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from branch_node.numbers import next_number
from branch_node.replication.epochs import ensure_epoch
from branch_node.replication.handover import take_in
from branch_node.replication.merging import ask_person, canonical_rows, verdict
from branch_node.replication.models import ReplicationEpoch, ReplicationState
from branch_node.sync.conflicts import choose
from hq.replication.cursor import mark_slot
from hq.replication.models import BranchEpoch, SyncIncident
from hq.replication.runs import LATE_ALLOWED, SILENT_MICROS, Runs, greeted, is_refused, pushed
from shared.database import Database
from shared.errors import Conflict
from shared.ids import new_id
from shared.permissions import Person
from shared.records import Receipt, RowConflict
from shared.replication.columns import replicated_tables
from shared.replication.handover import Row
from tests.support.databases import BRANCH, ENGINES, Templates
from tests.support.replication_model import Model, receipt

BEFORE, OLD, NEW = "0000000000004-cccccccc", "0000000000005-aaaaaaaa", "0000000000006-bbbbbbbb"


@pytest.fixture(params=ENGINES)
async def company(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> AsyncIterator[Model]:
    async with Model(templates, tmp_path, 1, request.param) as made:
        await made.write(4)
        await made.check()
        await made.backup("branch", "old")
        yield made


async def test_a_first_start_that_is_cut_short_leaves_nothing_half_begun(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def killed(**_values: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ReplicationEpoch, "create", killed)
        with pytest.raises(KeyboardInterrupt):
            await ensure_epoch(tmp_path)
    assert await ReplicationState.all().count() == 0
    state = await ensure_epoch(tmp_path)
    assert [era.epoch for era in await ReplicationEpoch.all()] == [state.epoch]


async def test_an_epoch_that_was_begun_by_half_is_begun(database: Database, tmp_path: Path) -> None:
    await ReplicationState.create(id=1, epoch="e" * 32)
    await ensure_epoch(tmp_path)
    assert [era.epoch for era in await ReplicationEpoch.all()] == ["e" * 32]


async def count(company: Model) -> int:
    with company.branch.use():
        return await Receipt.all().count()


async def add(company: Model, number: str) -> Receipt:
    with company.branch.use():
        row = receipt(company.dice)
        row.number = number
        await row.save()
        return row


async def amount(company: Model, row: Receipt) -> int:
    with company.branch.use():
        return (await Receipt.get(id=row.id)).amount_minor


async def change(company: Model, row: Receipt, minor: int) -> None:
    with company.branch.use():
        await Receipt.filter(id=row.id).update(amount_minor=minor, base_minor=minor)


@pytest.mark.parametrize("written_since", [0, 1, 9], ids=["below", "equal or below", "above"])
async def test_a_branch_put_back_from_an_old_copy_gets_its_rows_back(
    company: Model, written_since: int
) -> None:
    lost = await add(company, "SH-R000900")
    await company.settle()
    await company.restore("branch", "old")
    kept = [await add(company, f"SH-R0008{number:02d}") for number in range(written_since)]
    await company.check()
    with company.branch.use():
        found = {row.id for row in await Receipt.filter(id__in=[lost.id, *(row.id for row in kept)])}
        assert found == {lost.id, *(row.id for row in kept)}
        assert await next_number("receipt", "R") > "SH-R000900", "no number is given out twice"
        assert await ReplicationEpoch.all().count() == 2
    with company.hq.use():
        assert [epoch.reason for epoch in await BranchEpoch.filter(branch=BRANCH)] == ["restored"]


async def changed_on_both_sides(company: Model) -> Receipt:
    """111 at headquarters, 222 at the branch, which was put back to before the 111 and has not synced yet."""
    row = await add(company, "SH-R000001")
    await company.settle()
    await company.backup("branch", "later")
    await change(company, row, 111)
    await company.settle()
    await company.restore("branch", "later")
    await change(company, row, 222)
    return row


async def test_a_row_changed_on_both_sides_waits_for_a_person_with_both_images(company: Model) -> None:
    row = await changed_on_both_sides(company)
    await company.check()
    assert await amount(company, row) == 222, "the branch's own holds until somebody chooses"
    with company.hq.use():
        (asked,) = await RowConflict.filter(branch=BRANCH, row_id=str(row.id))
        assert '"amount_minor":111' in asked.theirs and '"amount_minor":222' in asked.ours


@pytest.mark.parametrize("which", ["ours", "theirs"])
async def test_the_version_that_a_person_chose_goes_to_headquarters(company: Model, which: str) -> None:
    row = await changed_on_both_sides(company)
    await company.settle()
    lin = Person(id=new_id(), name="Lin", branch=BRANCH)
    with company.branch.use():
        asked = await RowConflict.get(row_id=str(row.id))
        await choose(lin, asked.id, which)
        with pytest.raises(Conflict):
            await choose(lin, asked.id, "ours")
    assert await amount(company, row) == {"ours": 222, "theirs": 111}[which]
    await company.check()
    with company.hq.use():
        assert (await RowConflict.get(row_id=str(row.id))).status == which


async def test_a_headquarters_put_back_from_an_old_copy_is_filled_again(company: Model) -> None:
    await company.backup("hq", "old")
    await company.write(5)
    await company.settle()
    await company.restore("hq", "old")
    await company.check()
    with company.branch.use():
        assert await ReplicationEpoch.all().count() == 1, "the branch rewinds; no new epoch is needed"


async def test_both_put_back_and_a_new_epoch_undone_come_together(company: Model) -> None:
    await company.backup("hq", "old")
    await company.write(5)
    await company.settle()
    await company.restore("branch", "old")
    await company.write(5)
    await company.settle()
    before = await count(company)
    await company.restore("hq", "old")
    await company.check()
    assert await count(company) == before, "headquarters of an earlier epoch takes nothing away"
    await company.restore("branch", "old")
    await company.check()
    assert await count(company) == before


async def test_a_new_epoch_is_told_again_when_the_answer_was_lost(company: Model) -> None:
    await company.write(3)
    await company.settle()
    await company.restore("branch", "old")
    await company.write(2)
    company.line.plan(["", "", "", "lose_answer"])
    assert "ReadError" in await company.sync()
    await company.check()
    with company.hq.use():
        assert await BranchEpoch.all().count() == 1


async def test_the_younger_of_two_live_copies_is_refused_and_both_merge_when_it_is_alone(
    company: Model, tmp_path: Path
) -> None:
    await company.backup("branch", "clone")
    refused = ""
    for _ in range(4):
        await company.write(1)
        await company.sync_as("elder")
        await company.swap_branch("clone")
        await company.write(1)
        refused = await company.sync_as("younger")
        await company.swap_branch("clone")
    assert "cloned" in refused
    with company.hq.use():
        assert await SyncIncident.filter(kind="cloned", closed_at=None).count() == 1
    await company.sync_as("elder")
    assert await company.violations() == []


def test_a_restart_is_not_a_clone_and_a_late_request_neither() -> None:
    runs = greeted(greeted(Runs(), OLD, 1), NEW, 2)
    assert not is_refused(runs, NEW)
    assert not is_refused(greeted(runs, OLD, 3), NEW)
    later = pushed(runs, NEW, 4 + SILENT_MICROS)
    assert later.holder == NEW and not later.is_cloned


def test_two_that_speak_in_turn_are_clones_until_the_elder_falls_silent() -> None:
    runs = Runs()
    for at in range(1, 6):
        runs = greeted(greeted(runs, OLD, at), NEW, at)
    assert is_refused(runs, NEW) and not is_refused(runs, OLD)
    alone = greeted(runs, NEW, 10 + SILENT_MICROS)
    assert alone.holder == NEW and not is_refused(alone, NEW)


def test_an_elder_that_only_pushes_is_heard_also_when_it_was_started_a_moment_ago() -> None:
    """Its pushes go well, so that it never says hello again; the copy says nothing else."""
    runs = pushed(greeted(greeted(Runs(), BEFORE, 1), OLD, 2), OLD, 3)
    assert not is_refused(runs, OLD)
    for at in range(4, 4 + LATE_ALLOWED):
        runs = pushed(greeted(runs, NEW, at), OLD, at)
        assert not is_refused(runs, NEW)
    runs = pushed(runs, OLD, 10)
    assert is_refused(greeted(runs, NEW, 11), NEW) and not is_refused(runs, OLD)


def test_a_younger_copy_that_was_stopped_is_forgotten_and_the_elder_may_be_started_again() -> None:
    runs = greeted(greeted(Runs(), OLD, 1), NEW, 2)
    for at in range(3, 3 + SILENT_MICROS, SILENT_MICROS // 20):
        runs = pushed(runs, OLD, at)
        assert at == 3 or runs.younger == NEW
    assert is_refused(runs, NEW)
    runs = pushed(runs, OLD, 3 + SILENT_MICROS)
    assert runs == Runs(OLD, 3 + SILENT_MICROS)
    assert not is_refused(greeted(runs, NEW, 4 + SILENT_MICROS), NEW)


def test_three_restarts_with_a_request_on_its_way_each_are_no_clone() -> None:
    runs = greeted(Runs(), "0000000000001-a", 1)
    for number in range(2, 9):
        runs = pushed(greeted(runs, f"{number:013d}-a", number), f"{number - 1:013d}-a", number)
    assert not runs.is_cloned


async def test_what_is_asked_already_is_not_asked_again_by_a_merge_that_is_repeated(company: Model) -> None:
    row = await changed_on_both_sides(company)
    await company.settle()
    with company.branch.use():
        (asked,) = await RowConflict.filter(row_id=str(row.id))
        assert not await ask_person(asked.tbl, asked.row_id, "written since", asked.theirs)
        assert await ask_person(asked.tbl, asked.row_id, asked.ours, "another of headquarters'")
        assert not await ask_person("day_close", asked.row_id, asked.ours, asked.theirs)


def test_what_becomes_of_a_row_that_headquarters_changed() -> None:
    assert verdict("a", "a", True) == "same"
    assert verdict("a", "b", False) == "take" == verdict(None, "b", False) == verdict("a", None, False)
    assert verdict("a", "b", True) == "both" == verdict(None, "b", True) == verdict("a", None, True)


def test_marks_lie_close_near_the_cursor_and_stay_few() -> None:
    kept: dict[int, int] = {}
    for seq in range(1, 20_001):
        kept[mark_slot(seq - 1, seq)] = seq
    assert len(kept) < 300
    for back in (1, 10, 100, 1_000, 10_000):
        assert any(20_000 - 2 * back - 1 <= seq <= 20_000 - back for seq in kept.values())


async def test_what_a_fenced_node_hands_over_is_taken_where_nobody_else_wrote(company: Model) -> None:
    untouched, both = await add(company, "SH-R000901"), await add(company, "SH-R000902")
    with company.branch.use():
        table, ids = replicated_tables()["receipt"], [str(untouched.id), str(both.id)]
        before = await canonical_rows(table, ids)
    await change(company, both, 333)
    fresh = str(new_id())
    after = {row_id: text.replace(f'"amount_minor":{amount}', '"amount_minor":111')
             for row_id, text in before.items() for amount in [untouched.amount_minor if row_id == ids[0] else both.amount_minor]}  # fmt: skip
    new = after[ids[0]].replace(ids[0], fresh).replace("SH-R000901", "SH-R000903")
    handed = [Row("receipt", row_id, before[row_id], after[row_id]) for row_id in ids]
    handed += [Row("receipt", fresh, "", new)]
    with company.branch.use():
        for _twice in range(2):
            await take_in(handed)
        asked = {row.row_id: row.theirs for row in await RowConflict.all()}
        assert asked == {ids[1]: after[ids[1]]}
        assert (await Receipt.get(id=fresh)).number == "SH-R000903"
    assert (await amount(company, untouched), await amount(company, both)) == (111, 333)
    await company.check()
