"""What needs somebody is found, kept once, acknowledged by name, and cleared when it is over."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hq.asking import house_of
from hq.models import Warning
from hq.replication.models import DayCloseCheck
from hq.setup import APPS
from hq.warnings.actions import check
from hq.warnings.rules import of_complaints, of_plans
from hq.warnings.words import SENTENCES, sentence
from shared.database import open_database
from shared.records import Feedback
from tests.support import hq_world
from tests.support.hq_site import Headquarters, apart, site_on_each_engine
from tests.support.hq_world import TODAY
from tests.support.site_client import Client
from tests.support.web_site import Visitor

site = site_on_each_engine


def inside(site: Headquarters, work: Any) -> list[Warning]:
    """Do something in the site's database; the warnings that are open after it."""
    found: list[Warning] = []

    async def whole() -> None:
        async with open_database(site.settings.url_of_database, APPS):
            await work()
            await check(house_of(site.settings))
            found.extend(await Warning.filter(cleared_at=None))

    apart(whole())
    return found


async def nothing() -> None:
    """Changes nothing."""


async def complain() -> None:
    """Five complaints in Paris this week, one the week before."""
    for ago in (1, 2, 3, 4, 5, 9):
        await Feedback.create(
            branch="PAR", kind="complaint", happened_on=TODAY - timedelta(days=ago), subject="late"
        )


async def heard_of() -> None:
    """Harbin is back."""
    await hq_world.reached("HRB")


def test_a_matter_is_one_warning_until_it_is_over(site: Headquarters, client: Client, chen: Visitor) -> None:
    first = inside(site, complain)
    keys = [row.key for row in first]
    assert {"unreachable:HRB", "complaints:PAR"} <= set(keys)
    assert sorted(row.key for row in inside(site, nothing)) == sorted(keys)
    chen.open("/warnings")
    assert "Paris: 5 complaints in seven days, 1 in the seven before" in chen.text()
    one = next(row for row in first if row.key == "complaints:PAR")
    chen.send(f"/warnings/{one.id}/acknowledge")
    chen.open("/warnings")
    assert "acknowledged by 陈总" in chen.text()
    assert "unreachable:HRB" not in [row.key for row in inside(site, heard_of)]
    chen.open("/warnings?list=over")
    assert "Harbin: no contact since" in chen.text()
    assert "Harbin" in chen.client.get("/warnings?list=over&format=csv").text
    mei = site.visitor(client, "mei")
    mei.open("/warnings?list=over")
    assert "Harbin" not in mei.text()
    harbin = next(row for row in first if row.key == "unreachable:HRB")
    mei.open("/warnings")
    assert mei.send(f"/warnings/{harbin.id}/acknowledge").status_code == 404


def test_a_regions_overview_counts_what_waits_at_its_branches_and_leads_to_it(
    site: Headquarters, chen: Visitor
) -> None:
    found = inside(site, complain)
    there = [row for row in found if row.branch in ("SH", "TYO")]
    assert 0 < len(there) < len(found)
    chen.open("/?unit=region:east")
    assert f"{len(there)} early warning" in chen.text()
    (url,) = set(re.findall(r'href="(/warnings\?[^"]*)"', chen.page[chen.page.index("<main") :]))
    chen.open(url)
    assert chen.page.count("/acknowledge") == len(there)
    assert "complaints in seven days" not in chen.text()
    assert not [word for word in ("Paris", "Harbin", "Head office") if word in chen.text()]


def test_complaints_are_a_warning_when_they_double_and_are_not_few() -> None:
    assert of_complaints("SH", "Shanghai", 3, 0) is None
    assert of_complaints("SH", "Shanghai", 7, 4) is None
    assert of_complaints("SH", "Shanghai", 8, 4) is not None


def test_every_kind_has_its_sentence() -> None:
    values = {
        "name": "Paris", "contact_at": "2026-11-20T04:00:00+00:00", "completion": 6_000, "passed": 8_800, "share": 2_000,
        "limit": 1_000, "amount": -5, "currency": "CNY", "now": 8, "before": 2, "title": "Prices", "open": 1, "total": 4, "n": 2, "staff": 3, "day": "2026-11-19",
    }  # fmt: skip
    for kind in SENTENCES:
        assert sentence(kind, values)


async def debt_and_day() -> None:
    """A line of Paris's day close that differs."""
    await DayCloseCheck.create(
        branch="PAR", happened_on=TODAY - timedelta(days=1), ledger="orders", state="red"
    )


def test_customers_above_their_limit_missing_plans_and_red_lines_lead_to_their_rows(
    site: Headquarters, client: Client, chen: Visitor
) -> None:
    found = {row.key: row for row in inside(site, debt_and_day)}
    assert found["limit:PAR"].url == "/receivables/debtors?list=limit&within=PAR"
    assert found["day_close:PAR"].url == f"/day-close/PAR?day={TODAY - timedelta(days=1)}"
    assert not [key for key in found if key.startswith("plans:HRB")]  # silent: nothing is said of its plans
    chen.open("/")
    assert "above the sales limit or on hold" in chen.text()
    assert "line of a day close differs" in chen.text()
    for row in found.values():
        assert chen.open(row.url.partition("#")[0]).status_code == 200, row.url
    limited = int(found["limit:PAR"].values["n"])
    chen.open(found["limit:PAR"].url)
    assert chen.page.count('<tr id="debtors-') == limited


@pytest.mark.parametrize(
    ("hour", "weekday", "plans", "staff", "is_found"),
    [(10, 20, 2, 3, True), (9, 20, 2, 3, False), (11, 20, 3, 3, False), (11, 21, 0, 3, False)],
)
def test_a_missing_plan_is_worth_a_warning_after_the_morning_of_a_working_day(
    hour: int, weekday: int, plans: int, staff: int, is_found: bool
) -> None:
    local = datetime(2026, 11, weekday, hour, tzinfo=UTC)
    assert (of_plans("PAR", "Paris", local, plans, staff) is not None) == is_found


def test_mei_is_told_of_her_branches_alone_and_live(site: Headquarters, client: Client, mei: Visitor) -> None:
    inside(site, debt_and_day)
    mei.open("/")
    assert 'id="alerts"' in mei.page
    assert "Harbin" not in mei.text()
    mei.open("/warnings")
    assert not [word for word in ("Shanghai", "Harbin", "Head office") if word in mei.text()]
