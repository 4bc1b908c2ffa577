"""The overview's cards stand beside what they are compared with; branches are put side by side; targets on visits."""

import re
from html import unescape

from tests.support.hq_site import Headquarters
from tests.support.web_site import Visitor


def test_every_card_stands_beside_its_plan_last_year_or_what_it_was_before(chen: Visitor) -> None:
    chen.open("/?period=2026")
    cards = dict(
        re.findall(r'data-figure="(\w+)">(.*?)(?=<div class="card|<section|<h2>HQ)', chen.page, re.S)
    )
    assert {"income", "overdue", "customers_new", "customers_signed", "plans", "followups_today"} <= set(
        cards
    )
    assert [key for key, html in cards.items() if "ops-variance" not in html] == ["overdue"]


def test_three_branches_stand_side_by_side_with_the_values_of_their_own_pages(chen: Visitor) -> None:
    chen.open("/compare?period=2026&pick=SH&pick=PAR&pick=TYO&pick=HRB")
    side = chen.page[chen.page.index('id="side"') :]
    heads = re.findall(r'<a href="(/branches/(\w+)[^"]*)">', side)
    assert [code for _url, code in heads] == ["SH", "PAR", "TYO"]
    sales = re.search(r"Sales</th>.*?ops-number\">([^<]+)<", side, re.S)
    assert sales
    chen.open(unescape(heads[0][0]))
    assert sales[1] in chen.text()


def test_visits_are_counted_and_can_be_aimed_at(site: Headquarters, chen: Visitor) -> None:
    counted = chen.client.get("/api/v1/figures/staff-activity?period=2026&unit=branch:SH").json()["total"][
        "kind_visit"
    ]
    found = chen.client.get("/api/v1/figures/targets?as_of=2026-12-31&measure=visits").json()
    shanghai = next(row for row in found["rows"] if row["branch"] == "SH")
    assert counted > 0
    assert shanghai["year_actual"] == counted
