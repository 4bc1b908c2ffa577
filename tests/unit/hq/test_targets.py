"""Targets: entered, revised, compared; nothing is divided by a target that is not there."""

from datetime import date
from random import Random

import pytest

from hq.figures.queries import answer
from hq.figures.shape import Question, parse_unit
from hq.targets.actions import Aimed, set_target
from hq.targets.rules import even_lines
from shared.database import Database
from shared.errors import Conflict, Invalid
from shared.records import Employee, Target, TargetLine
from tests.support import hq_world
from tests.support.hq_oracle import Oracle
from tests.support.hq_site import Headquarters
from tests.support.web_site import Visitor

TODAY = hq_world.TODAY
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
async def company(hq: Database) -> hq_world.Company:
    found = hq_world.make_company(Random(13), ("HQ", "SH"), 8, ("USD",))
    await hq_world.write(found)
    return found


async def aim(
    unit: Aimed, amount: int, measure: str = "sales", reason: str = "", replaces: int = 0
) -> Target:
    return await set_target(
        unit, 2026, measure, amount, "CNY", even_lines(2026, amount), reason, replaces=replaces
    )


async def test_completion_is_actual_by_target_of_the_same_span(company: hq_world.Company) -> None:
    await aim(Aimed("branch", "SH"), 120_000_000)
    figure = await answer("targets", Question(as_of=TODAY))
    row = figure.row("branch:SH")
    assert row is not None
    actual = Oracle(company, "SH").sales(*YEAR)["sales"]
    assert row.values["year_actual"] == actual
    assert row.values["year_target"] == 120_000_000
    assert row.values["year_completion"] == actual * 10_000 // 120_000_000
    assert row.values["month_target"] == 10_000_000
    assert row.values["quarter_target"] == 30_000_000
    assert row.values["ytd_target"] == 110_000_000
    assert row.values["year_gap"] == actual - 120_000_000


async def test_without_a_target_or_with_zero_there_is_no_completion(company: hq_world.Company) -> None:
    await aim(Aimed("branch", "SH"), 0)
    figure = await answer("targets", Question(as_of=TODAY))
    row, other = figure.row("branch:SH"), figure.row("branch:HQ")
    assert row is not None
    assert other is not None
    assert (row.values["year_target"], row.values["year_completion"]) == (0, None)
    assert (other.values["year_target"], other.values["year_gap"], other.values["year_completion"]) == (
        None,
        None,
        None,
    )
    assert other.values["year_actual"] is not None


async def test_the_companys_own_target_counts_and_the_rest_is_shown(company: hq_world.Company) -> None:
    await aim(Aimed("branch", "SH"), 120_000_000)
    summed = await answer("targets", Question(as_of=TODAY))
    assert summed.total.values["year_target"] == 120_000_000
    assert summed.total.values["unassigned_target"] == 0
    await aim(Aimed("company"), 300_000_000)
    own = await answer("targets", Question(as_of=TODAY))
    assert own.total.values["year_target"] == 300_000_000
    assert own.total.values["children_target"] == 120_000_000
    assert own.total.values["unassigned_target"] == 180_000_000


async def test_people_against_their_branch(company: hq_world.Company) -> None:
    person = company.of(Employee, "SH")[0]
    await aim(Aimed("branch", "SH"), 120_000_000)
    await aim(Aimed("employee", "SH", person.id), 90_000_000)
    figure = await answer("targets", Question(as_of=TODAY, unit=parse_unit("branch:SH")))
    row = figure.row(f"employee:{person.id}")
    assert row is not None
    assert row.values["year_target"] == 90_000_000
    assert figure.total.values["year_target"] == 120_000_000
    assert figure.total.values["unassigned_target"] == 30_000_000
    assert sum(line.number("year_actual") or 0 for line in figure.rows) == figure.total.values["year_actual"]


async def test_counts_have_targets_too(company: hq_world.Company) -> None:
    await aim(Aimed("branch", "SH"), 24, "customers_new")
    figure = await answer("targets", Question(as_of=TODAY, measure="customers_new"))
    row = figure.row("branch:SH")
    assert row is not None
    assert row.values["year_target"] == 24
    assert row.values["month_target"] == 2


async def test_a_revision_keeps_the_earlier_one_and_needs_a_reason(company: hq_world.Company) -> None:
    unit = Aimed("branch", "SH")
    first = await aim(unit, 120_000_000)
    with pytest.raises(Invalid) as refused:
        await aim(unit, 130_000_000, replaces=1)
    assert refused.value.code == "target.reason"
    await aim(unit, 130_000_000, reason="new product", replaces=1)
    kept = await Target.get(id=first.id)
    assert kept.superseded_at is not None
    assert await TargetLine.filter(target_id=first.id).count() == 12
    figure = await answer("targets", Question(as_of=TODAY))
    row = figure.row("branch:SH")
    assert row is not None
    assert row.values["year_target"] == 130_000_000


async def test_two_people_revising_at_once_do_not_overwrite_each_other(company: hq_world.Company) -> None:
    unit = Aimed("branch", "SH")
    await aim(unit, 120_000_000)
    await aim(unit, 130_000_000, reason="a", replaces=1)
    with pytest.raises(Conflict):
        await aim(unit, 140_000_000, reason="b", replaces=1)


async def test_a_target_for_a_unit_that_does_not_exist_is_refused(company: hq_world.Company) -> None:
    for unit in (
        Aimed("branch", "NOPE"),
        Aimed("employee", "HQ", company.of(Employee, "SH")[0].id),
        Aimed("team", "SH"),
    ):
        with pytest.raises(Invalid):
            await aim(unit, 1_200)


def months(amount: str) -> dict[str, str]:
    return {f"m{number}": amount for number in range(1, 13)}


def test_the_form_sets_a_target_and_shows_what_is_wrong(site: Headquarters, chen: Visitor) -> None:
    url = "/targets/edit?unit=department:%s&measure=sales&year=2026"
    department = site.company.of(Employee, "SH")[0].department_id
    chen.open(url % department)
    chen.send(
        url % department, year="2026", measure="sales", amount="1,200,000", replaces="0", **months("99,999")
    )
    assert "The months add up to ¥1,199,988.00, the year is ¥1,200,000.00." in chen.text()
    assert 'value="1,200,000"' in chen.page
    chen.send(url % department, year="2026", measure="sales", amount="12万", replaces="0", **months("1万"))
    assert "Target saved, revision 1." in chen.text()
    chen.open(url % department)
    assert "Revision 1" in chen.text()
    chen.send(url % department, year="2026", measure="sales", amount="24万", spread="even", replaces="1")
    assert "Say why the target is revised." in chen.text()
    chen.send(
        url % department,
        year="2026",
        measure="sales",
        amount="24万",
        spread="even",
        replaces="1",
        reason="more",
    )
    assert "Target saved, revision 2." in chen.text()


def test_all_that_is_wrong_with_a_target_is_told_at_once(site: Headquarters, chen: Visitor) -> None:
    url = "/targets/edit?unit=branch:SH&measure=sales&year=2026"
    chen.open(url)
    typed = {**months("1"), "m2": "two", "m3": "-5", "amount": "12 apples", "reason": "x" * 301}
    assert chen.send(url, year="2026", measure="sales", replaces="0", **typed).status_code == 422
    for word in (
        '"12 apples" is not an amount.',
        '"two" is not an amount.',
        "cannot be less than 0",
        "at most 300",
    ):
        assert word in chen.text()
