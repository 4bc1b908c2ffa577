"""A directive goes from the executive's draft to named people, and what they do with it comes back, branch by branch."""

import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hq.directives.rules import STEPS, Received, Unit, progress_of, reminder_due, with_unit
from hq.setup import APPS
from shared.database import open_database
from shared.records import DirectiveReceipt, DirectiveRecipient, Employee
from tests.support.hq_site import Headquarters, apart
from tests.support.site_client import Client
from tests.support.web_site import Visitor

DAY = date(2026, 11, 20)


def written(chen: Visitor, **more: object) -> str:
    """The address of a draft for Shanghai and Paris."""
    values: dict[str, object] = {
        "title": "Prices rise in January", "kind": "decision", "body": "By three per cent.", "branches": ["SH", "PAR"], **more,
    }  # fmt: skip
    answer = chen.send("/directives/new", **values)
    assert answer.status_code in (200, 303), answer.text[:300]
    found = re.search(r"/directives/([0-9a-f-]{36})", str(answer.headers.get("location") or answer.url))
    assert found
    return f"/directives/{found[1]}"


def answered(site: Headquarters, url: str, code: str, step: str) -> None:
    """Everybody of a branch has come to a step, as their branch would report it."""

    async def report() -> None:
        async with open_database(site.settings.url_of_database, APPS):
            mine = await DirectiveRecipient.filter(directive_id=UUID(url[-36:]), unit_branch=code)
            for person in mine:
                await DirectiveReceipt.create(
                    branch=code, directive_id=person.directive_id, employee_id=person.employee_id, status=step
                )

    apart(report())


def active(site: Headquarters, code: str) -> int:
    return sum(1 for row in site.company.of(Employee, code) if row.active)


def test_a_directive_is_issued_to_named_people_and_followed_branch_by_branch(
    site: Headquarters, client: Client, chen: Visitor
) -> None:
    url = written(chen, deadline_on="2026-11-18")
    chen.open(f"{url}/issue")
    count = active(site, "SH") + active(site, "PAR")
    assert f"{count} people will receive it" in chen.text() or f"{count} person" in chen.text()
    chen.send(f"{url}/issue")
    chen.open(url)
    assert f"0 of {count} acknowledged" in chen.page
    assert "Past its deadline" in chen.text()
    answered(site, url, "PAR", "acknowledged")
    chen.open(url)
    assert f"{active(site, 'PAR')} of {count} acknowledged" in chen.page
    chen.send(f"{url}/remind")
    chen.open(url)
    assert "reminded" in chen.text()
    assert chen.send(f"{url}/drop").status_code == 409
    assert chen.send(url, title="Other", kind="decision").status_code == 409
    mei = site.visitor(client, "mei")
    mei.open(url)
    assert f"{active(site, 'PAR')} of {active(site, 'PAR')} acknowledged" in mei.page
    assert "Shanghai" not in mei.text().partition("Coverage")[2]


def test_a_draft_takes_departments_people_and_documents(site: Headquarters, chen: Visitor) -> None:
    person = next(row for row in site.company.of(Employee, "TYO") if row.active)
    url = written(chen, branches=[])
    chen.open(f"/directives/recipients?q={person.name[:4]}")
    assert f"employee:{person.id}" in chen.page
    chen.open(url)
    chen.send(f"{url}/add", unit=f"employee:{person.id}")
    chen.open(url)
    assert person.name in chen.text()
    assert chen.send(f"{url}/add", unit="employee:nobody").status_code == 422
    chen.send(f"{url}/remove", unit=f"employee:{person.id}")
    answer = chen.send(f"{url}/issue")
    assert answer.status_code == 422
    assert "Nobody would receive this" in chen.text()


def test_an_executive_of_two_branches_reaches_only_those(site: Headquarters, mei: Visitor) -> None:
    mei.open("/directives/new")
    assert "Shanghai" not in mei.text()
    url = written(mei, branches=["SH", "PAR"])
    mei.open(f"{url}/issue")
    assert "It goes to 1 branch." in mei.text()


@given(st.lists(st.sampled_from(["", *STEPS])))
def test_each_step_counts_those_that_went_further(steps: list[str]) -> None:
    found = progress_of([Received("SH", "Lin", step) for step in steps])
    assert found.total >= found.delivered >= found.read >= found.acknowledged >= found.done >= 0
    assert found.done == steps.count("done")


def test_the_company_stands_for_branches_and_a_branch_for_its_people() -> None:
    lin, shanghai = Unit("employee", "SH", "1", "Lin"), Unit("branch", "SH", "", "Shanghai")
    assert with_unit([lin], shanghai) == [shanghai]
    assert with_unit([shanghai], lin) == [shanghai]
    assert with_unit([shanghai, lin], Unit("company")) == [Unit("company")]
    assert with_unit([Unit("company")], lin) == [lin]


@pytest.mark.parametrize(
    ("ahead", "reminded_ago", "is_due"),
    [(5, None, False), (1, None, True), (0, None, True), (1, 0, False), (0, 1, False), (-1, 2, True), (-1, 0, False), (-9, 3, False)],
)  # fmt: skip
def test_it_is_asked_once_before_the_deadline_and_once_after(
    ahead: int, reminded_ago: int | None, is_due: bool
) -> None:
    reminded = None if reminded_ago is None else DAY - timedelta(days=reminded_ago)
    assert reminder_due(DAY + timedelta(days=ahead), DAY, reminded) is is_due
    assert not reminder_due(None, DAY, reminded)
