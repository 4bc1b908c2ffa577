"""Visits of many branches in one transaction: each gets what it would get alone, whatever the others bring; on both engines."""

import asyncio
import datetime
from itertools import pairwise
from typing import Any

import pytest

from hq.figures import rebuild
from hq.replication import groups, verify
from hq.replication.batch import Gap, unpack
from hq.replication.groups import Groups
from hq.replication.outcome import EnvironmentFailure, Held
from hq.replication.rows_sqlite import ROWS_AT_ONCE
from hq.replication.visits import Visit
from shared import clock
from shared.database import fetch_all, fetch_value
from shared.records import Branch as BranchRow
from shared.records import Receipt
from tests.support.wire import Branch, Headquarters, canonical, some_id

DAY = datetime.date(2026, 3, 31)


def receipt(code: str, amount: int) -> Receipt:
    return Receipt(
        branch=code, number="R-1", customer_id=some_id(), happened_on=DAY, currency="CNY",
        amount_minor=amount, base_minor=amount,
    )  # fmt: skip


async def proved() -> None:
    proof = await verify.verify()
    assert proof.is_proved, verify.describe(proof)
    assert await rebuild.differences() == []


async def sums() -> dict[str, int]:
    rows = await fetch_all("SELECT branch, SUM(amount_minor) AS total FROM receipt GROUP BY branch")
    return {row["branch"]: int(row["total"]) for row in rows}


async def test_new_changed_and_deleted_rows_of_many_branches_go_together(hq: Headquarters) -> None:
    branches = [Branch(f"B{number}") for number in range(12)]
    for at, branch in enumerate(branches):
        branch.write(BranchRow(branch=branch.code, name="x", currency="CNY", timezone="Pacific/Auckland"))
        branch.write(*(receipt(branch.code, 10 + at) for _ in range(5)))
    await asyncio.gather(*(hq.receive(branch) for branch in branches))
    known = [(branch, await receipts_of(branch)) for branch in branches]
    for branch, (changed, deleted, *_) in known:
        changed.amount_minor = changed.base_minor = 1_000
        branch.write(changed, receipt(branch.code, 7))
        branch.write(deleted, op="d")
    applied = await asyncio.gather(*(hq.receive(branch) for branch, _ in known))
    assert [(one.rows, one.is_complete) for one in applied] == [(3, True)] * 12
    assert await sums() == {f"B{at}": 1_000 + 7 + 3 * (10 + at) for at in range(12)}
    assert await fetch_value("SELECT count(*) FROM tombstone") == 12
    await proved()


async def receipts_of(branch: Branch) -> list[Receipt]:
    return await Receipt.filter(branch=branch.code).order_by("id")


async def test_what_one_branch_brings_wrong_is_its_own_affair(hq: Headquarters) -> None:
    good, poisoned, thief, ahead, flooded = (
        Branch(code) for code in ("GOOD", "POIS", "THIE", "AHEA", "FLOO")
    )
    theirs = receipt("GOOD", 100)
    good.write(theirs)
    await hq.receive(good)
    good.write(receipt("GOOD", 5))
    bad = canonical(receipt("POIS", 2)).replace('"currency":"CNY"', '"currency":null')
    poisoned.add("receipt", bad.partition('"id":"')[2][:36], "i", bad)
    poisoned.write(receipt("POIS", 3))
    thief.add("receipt", str(theirs.id), "d", None)
    thief.write(receipt("THIE", 4))
    ahead.write(*(receipt("AHEA", 1) for _ in range(3)))
    for number in range(20):
        flooded.add("receipt", str(some_id()), "i", f'{{"number":{number}}}')
    found = await asyncio.gather(
        *(hq.receive(branch) for branch in (good, poisoned, thief)),
        hq.receive(ahead, ahead.batch(2, 3)),
        hq.receive(flooded),
        return_exceptions=True,
    )
    assert [type(one).__name__ for one in found] == ["Applied", "Applied", "Applied", "Gap", "Held"], found
    assert isinstance(found[3], Gap) and isinstance(found[4], Held)
    assert await sums() == {"GOOD": 105, "POIS": 3, "THIE": 4}
    aside = await fetch_all("SELECT branch, seq, reason FROM quarantined_change ORDER BY branch")
    assert [(one["branch"], one["seq"], one["reason"]) for one in aside] == [("POIS", 1, "poison"), ("THIE", 1, "poison")]  # fmt: skip
    cursors = await fetch_all("SELECT branch, seq FROM branch_cursor WHERE seq > 0 ORDER BY branch")
    assert [(one["branch"], one["seq"]) for one in cursors] == [("GOOD", 2), ("POIS", 2), ("THIE", 2)]
    assert await rebuild.differences() == []


async def test_two_visits_of_a_branch_are_written_one_after_the_other(hq: Headquarters) -> None:
    branch = Branch()
    branch.write(*(receipt("SH", 1) for _ in range(6)))
    first, second = branch.batch(0, 3), branch.batch(3, 6)
    found = await asyncio.gather(hq.receive(branch, first), hq.receive(branch, second))
    assert [one.cursor.seq for one in found] == [3, 6]
    await proved()


async def test_a_group_that_cannot_be_committed_fails_for_all_and_the_next_is_served() -> None:
    served: list[int] = []

    async def write(visits: Any) -> None:
        served.append(len(visits))
        if len(served) == 1:
            raise EnvironmentFailure

    waiting = Groups(write, 1)
    branches = [Branch(f"B{number}") for number in range(groups.MAX_VISITS + 3)]
    for branch in branches:
        branch.write(receipt(branch.code, 1))
    found = await asyncio.gather(
        *(waiting.visit(Visit(one.contact(), unpack(one.batch()))) for one in branches),
        return_exceptions=True,
    )
    assert served == [groups.MAX_VISITS, 3]
    assert [isinstance(one, EnvironmentFailure) for one in found] == [True] * groups.MAX_VISITS + [False] * 3


async def test_who_comes_in_the_moment_in_which_all_writers_end_is_served() -> None:
    gate = asyncio.get_running_loop().create_future()
    written: list[list[str]] = []

    async def write(visits: Any) -> None:
        written.append([visit.contact.branch for visit in visits])
        await asyncio.shield(gate)

    waiting = Groups(write, 2)
    visits = []
    for number in range(3):
        branch = Branch(f"B{number}")
        branch.write(receipt(branch.code, 1))
        visits.append(Visit(branch.contact(), unpack(branch.batch())))

    async def comes_late() -> None:
        await asyncio.shield(gate)
        await waiting.visit(visits[2])

    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        for visit in visits[:2]:
            tasks.create_task(waiting.visit(visit))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        tasks.create_task(comes_late())
        await asyncio.sleep(0)
        gate.set_result(None)
    assert written == [["B0"], ["B1"], ["B2"]]


@pytest.mark.parametrize(
    ("is_crowd", "gather_seconds", "coming", "first_group"),
    [(False, 60.0, 3, 1), (True, 60.0, groups.WORTH, groups.WORTH), (True, 1.0, 3, 3)],
    ids=["no crowd", "a group that is worth it", "no more come"],
)
async def test_a_crowd_is_gathered_and_who_comes_alone_is_written_at_once(
    is_crowd: bool, gather_seconds: float, coming: int, first_group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[int] = []

    async def write(visits: Any) -> None:
        written.append(len(visits))
        await asyncio.sleep(0)

    monkeypatch.setattr(groups, "GATHER_SECONDS", gather_seconds)
    waiting = Groups(write, 1)
    waiting.is_crowd = is_crowd
    branches = [Branch(f"B{number}") for number in range(coming)]
    for branch in branches:
        branch.write(receipt(branch.code, 1))
    visits = [Visit(branch.contact(), unpack(branch.batch())) for branch in branches]
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        for visit in visits:
            tasks.create_task(waiting.visit(visit))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    assert written[0] == first_group
    assert sum(written) == coming


async def test_while_a_group_is_answered_others_have_their_turn_and_when_it_is_cancelled_all_are_answered() -> (
    None
):
    async def write(visits: Any) -> None:
        await asyncio.sleep(0)

    answered, seen, cancelled_at = 0, list[int](), groups.MAX_VISITS * 3 // 2

    async def ask(branch: Branch) -> None:
        nonlocal answered
        await waiting.visit(Visit(branch.contact(), unpack(branch.batch())))
        answered += 1

    async def look() -> None:
        while answered < len(branches):
            seen.append(answered)
            if answered > cancelled_at:
                for task in list(waiting._working):
                    task.cancel()
            await asyncio.sleep(0)

    waiting = Groups(write, 1)
    branches = [Branch(f"B{number}") for number in range(2 * groups.MAX_VISITS)]
    for branch in branches:
        branch.write(receipt(branch.code, 1))
    async with asyncio.timeout(10):
        await asyncio.gather(*map(ask, branches), look())
    assert max(after - before for before, after in pairwise(seen[: seen.index(groups.MAX_VISITS) + 1])) <= groups.TURN  # fmt: skip


async def test_what_adds_and_takes_away_the_same_leaves_nothing_in_the_journal(hq: Headquarters) -> None:
    branch = Branch()
    kept, undone = receipt("SH", 5), receipt("SH", 7)
    undone.reversed_on = DAY
    branch.write(kept, undone)
    await hq.receive(branch)
    rows = await fetch_all("SELECT row_id, amount, n FROM figure_journal")
    assert [(row["row_id"], row["amount"], row["n"]) for row in rows] == [(str(kept.id), 5, 1)]
    await proved()


async def test_many_rows_and_few_rows_arrive_whole_and_one_that_no_column_holds_is_set_aside(
    hq: Headquarters,
) -> None:
    branch = Branch()
    rows = [receipt("SH", 10 + number) for number in range(sum(ROWS_AT_ONCE) + 3)]
    rows[1].reversed_on, rows[2].notes, rows[3].deleted_at = DAY, 'quoted " \\ tab\t', clock.now()
    branch.write(*rows)
    huge = canonical(receipt("SH", 2)).replace('"amount_minor":2', f'"amount_minor":{2**63}')
    branch.add("receipt", huge.partition('"id":"')[2][:36], "i", huge)
    assert (await hq.receive(branch)).is_complete
    assert await fetch_value("SELECT count(*) FROM receipt") == len(rows)
    aside = await fetch_all("SELECT seq, reason FROM quarantined_change")
    assert [(one["seq"], one["reason"]) for one in aside] == [(len(rows) + 1, "poison")]
    assert await rebuild.differences() == []
