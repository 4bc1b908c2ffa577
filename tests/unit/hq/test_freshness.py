"""Every figure says how fresh it is: a silent branch keeps its last values, a new one has none, neither is ever 0."""

from random import Random

import pytest

from hq.figures.contract import as_contract
from hq.figures.freshness import directory
from hq.figures.queries import FIGURES, answer
from hq.figures.shape import Question
from hq.replication.models import BranchCursor, BranchNode, QuarantinedChange
from shared.database import Database
from shared.i18n import use_locale
from tests.support import hq_world


@pytest.fixture
async def company(hq: Database) -> hq_world.Company:
    found = hq_world.make_company(Random(5), ("HQ", "SH", "HRB"), 6, currencies=("USD",))
    await hq_world.write(found)
    return found


async def test_all_branches_current_is_complete(company: hq_world.Company) -> None:
    for name in FIGURES:
        figure = await answer(name, Question())
        assert figure.complete, name
        assert {mark.state for mark in figure.watermarks} == {"current"}


async def test_a_silent_branch_keeps_its_values_and_makes_the_figure_partial(
    company: hq_world.Company,
) -> None:
    before = await answer("receivables", Question())
    await hq_world.reached("HRB", minutes_ago=262, contact_minutes_ago=260)
    after = await answer("receivables", Question())
    assert not after.complete
    assert after.total.values == before.total.values
    row, old = after.row("branch:HRB"), before.row("branch:HRB")
    assert row is not None
    assert old is not None
    assert row.values == old.values
    assert row.state == "unreachable"
    mark = next(mark for mark in after.watermarks if mark.branch == "HRB")
    assert (mark.state, mark.complete_to) == ("unreachable", hq_world.NOON - hq_world.minutes(262))


@pytest.mark.parametrize(
    ("minutes", "contact", "state"),
    [(1, None, "current"), (11, 1, "delayed"), (29, 29, "delayed"), (31, 31, "unreachable")],
)
async def test_the_state_follows_the_clock(
    company: hq_world.Company, minutes: float, contact: float | None, state: str
) -> None:
    await hq_world.reached("SH", minutes_ago=minutes, contact_minutes_ago=contact)
    found = await directory(Question())
    branch = found.get("SH")
    assert branch is not None
    assert branch.mark.state == state


async def test_a_quarantined_change_makes_a_branch_unproven(company: hq_world.Company) -> None:
    await QuarantinedChange.create(
        branch="SH", epoch="e", seq=3, tbl="receipt", row_id="x", op="i", reason="data"
    )
    figure = await answer("sales", Question())
    assert {mark.branch: mark.state for mark in figure.watermarks}["SH"] == "unproven"
    assert not figure.complete


async def test_a_digest_that_differs_makes_a_branch_unproven(company: hq_world.Company) -> None:
    await BranchCursor.filter(branch="SH").update(unproven={"receipt": "1:2"})
    figure = await answer("sales", Question())
    assert {mark.branch: mark.state for mark in figure.watermarks}["SH"] == "unproven"


async def test_an_enrolled_branch_without_data_is_unknown_and_not_zero(company: hq_world.Company) -> None:
    await BranchNode.create(branch="DLC", name="大连", public_key="k")
    for name in ("sales", "receivables", "ageing", "profit", "targets"):
        figure = await answer(name, Question())
        row = figure.row("branch:DLC")
        assert row is not None
        assert row.name == "大连"
        assert row.state == "never"
        money = [
            row.values[column.key]
            for column in figure.columns
            if column.kind == "money" and column.key in row.values
        ]
        assert set(money) == {None}, name
        assert not figure.complete
    with use_locale("en"):
        plain = as_contract(await answer("sales", Question()))
    assert {mark["branch"]: mark["complete_to"] for mark in plain["watermarks"]}["DLC"] is None


async def test_todays_figures_are_of_each_branchs_own_date(hq: Database) -> None:
    company = hq_world.make_company(Random(1), ("SH", "NYC"), 6)
    await hq_world.write(company)
    found = await directory(Question())
    days = {branch.code: branch.today.isoformat() for branch in found.branches}
    assert days == {"SH": "2026-11-20", "NYC": "2026-11-19"}
    figure = await answer("staff-activity", Question())
    shown = {line.branch: str(line.values["own_date"]) for line in figure.rows}
    assert shown == days
