"""Debtors add up to what remains, limits and promises are told, opportunities stand by stage, days as a calendar."""

import re

from shared.records import Customer, Employee, Opportunity, PromiseToPay, Receivable
from tests.support.hq_site import Headquarters
from tests.support.hq_world import TODAY, rest_of
from tests.support.web_site import Visitor


def test_the_debtors_of_a_branch_owe_what_its_instalments_lack(site: Headquarters, mei: Visitor) -> None:
    mei.open("/receivables/debtors")
    shown = set(re.findall(r'href="/receivables\?unit=customer%3A([0-9a-f-]+)"', mei.page))
    owing = {
        str(row.customer_id)
        for code in ("PAR", "TYO")
        for row in site.company.of(Receivable, code)
        if rest_of(row) > 0
    }
    assert shown == owing


def test_who_is_above_the_sales_limit_is_named_and_nobody_else(site: Headquarters, chen: Visitor) -> None:
    chen.open("/receivables/debtors?list=limit")
    limited = {row.name for row in site.company.of(Customer) if row.credit_limit_minor == 1}
    assert limited
    assert {name for name in limited if name in chen.text()} == limited
    assert len(re.findall(r"<tr id=", chen.page)) == len(limited)


def test_promises_are_listed_by_their_state_and_at_their_instalment(
    site: Headquarters, chen: Visitor
) -> None:
    chen.open("/receivables/debtors?list=promises&status=broken")
    broken = [row for row in site.company.of(PromiseToPay) if row.status == "broken"]
    assert set(re.findall(r'/receivables/([0-9a-f-]{36})"', chen.page)) == {
        str(row.receivable_id) for row in broken
    }
    chen.open(f"/receivables/{broken[0].receivable_id}")
    assert "broken" in chen.text()


def test_lost_opportunities_are_counted_by_reason_and_lead_to_the_list(
    site: Headquarters, chen: Visitor
) -> None:
    chen.open("/pipeline?unit=branch:SH")
    lost = [row for row in site.company.of(Opportunity, "SH") if row.stage == "lost"]
    reason = lost[0].lost_reason
    link = re.search(rf'href="([^"]*reason={reason}[^"]*)"', chen.page)
    assert link
    chen.open(link[1].replace("&amp;", "&").partition("#")[0])
    wanted = {row.title for row in lost if row.lost_reason == reason}
    assert set(re.findall(r"SH deal \d", chen.page)) == wanted


def test_a_person_has_thirty_days_each_leading_to_its_day(site: Headquarters, chen: Visitor) -> None:
    person = site.company.of(Employee, "SH")[0]
    chen.open(f"/staff/{person.id}")
    calendar = chen.page[chen.page.index("ops-calendar") :]
    days = re.findall(r'href="[^"]*day=([\d-]+)"', calendar)
    assert len(days) == 30
    assert days[-1] == TODAY.isoformat()
