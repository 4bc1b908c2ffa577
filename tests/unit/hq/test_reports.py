"""Packs: the period they are due for, once per recipient and period, within what owner and recipient both may see."""

import io
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from hq.mail.actions import send_waiting
from hq.mail.models import MailFile, OutgoingMail
from hq.models import HqPerson
from hq.papers.views import showing
from hq.people.actions import lock_person
from hq.reports.actions import claim_due, make_waiting
from hq.reports.models import Pack, PackRun
from hq.reports.rules import VIEWS, Timing, query_of
from shared import clock
from shared.clock import FixedClock
from shared.periods import Day, Month, Period
from tests.support.hq_site import Headquarters, headquarters, running, site_on_each_engine
from tests.support.hq_world import NOON
from tests.support.jobs import recorded_jobs
from tests.support.mail_server import mail_server
from tests.support.site_client import Client
from tests.support.web_site import in_app

site = site_on_each_engine

OTHERS = ("Shanghai", "Harbin", "Head office")
Work = Callable[[], Awaitable[Any]]


@pytest.mark.parametrize(
    ("timing", "zone", "now", "latest", "period"),
    [
        (Timing("daily", 1, 1, time(7, 30)), "Asia/Shanghai", (20, 23, 29), (20, 7, 30), Day.of(datetime(2026, 11, 19).date())),
        (Timing("daily", 1, 1, time(7, 30)), "Asia/Shanghai", (20, 23, 30), (21, 7, 30), Day.of(datetime(2026, 11, 20).date())),
        (Timing("daily", 1, 1, time(7, 30)), "America/New_York", (20, 12, 0), (19, 7, 30), Day.of(datetime(2026, 11, 18).date())),
        (Timing("weekly", 1, 1, time(8)), "Europe/Paris", (20, 12, 0), (16, 8, 0), Period(datetime(2026, 11, 9).date(), datetime(2026, 11, 16).date())),
        (Timing("monthly", 1, 5, time(8)), "Asia/Tokyo", (20, 12, 0), (5, 8, 0), Month.of(2026, 10)),
    ],
)  # fmt: skip
def test_the_latest_occasion_is_one_of_the_recipients_own_day(
    timing: Timing, zone: str, now: tuple[int, int, int], latest: tuple[int, int, int], period: Period
) -> None:
    found = timing.latest(datetime(2026, 11, *now, tzinfo=UTC), zone)
    assert (found.day, found.hour, found.minute) == latest
    assert timing.period(found) == period
    assert timing.following(found, zone) > found


def test_views_of_a_pack_ask_for_its_days_and_branches() -> None:
    week = Period(datetime(2026, 11, 9).date(), datetime(2026, 11, 16).date())
    assert query_of(VIEWS["profit"], week, ["PAR"]) == "period=2026-11-09..2026-11-16&within=PAR"
    assert query_of(VIEWS["receivables"], week, None) == "as_of=2026-11-15"
    assert query_of(VIEWS["warnings"], week, None) == ""


@pytest.fixture
def packs(site: Headquarters, client: Client) -> Callable[[Work], Any]:
    """Runs work inside the site, as its jobs do."""

    def run(work: Work) -> Any:
        async def shown() -> Any:
            with showing(site.app):
                return await work()

        return in_app(site.app, shown)

    return run


async def addresses() -> dict[str, HqPerson]:
    """The people, each with an address."""
    people = {row.name: row for row in await HqPerson.all()}
    for name, row in people.items():
        row.email = f"{'chen' if name == '陈总' else name.lower()}@example.com"
        await row.save()
    return people


async def daily_pack(owner: str, *recipients: str, **values: Any) -> Pack:
    """A pack of XLSX at 07:30, made a day ago."""
    people = await addresses()
    given = {
        "views": ["receivables", "warnings"],
        "with_pdf": False,
        "with_xlsx": True,
        "locale": "en",
        **values,
    }
    return await Pack.create(
        name="Morning", owner_id=people[owner].id, owner_name=owner, rhythm="daily",
        recipients=[str(people[name].id) for name in recipients], since=NOON - timedelta(days=1), **given,
    )  # fmt: skip


async def made(site: Headquarters) -> tuple[int, int]:
    """(runs claimed, runs made) by one round of the job."""
    return await claim_due(), await make_waiting(site.app)


def test_a_period_is_sent_once_to_each_however_often_the_job_runs(
    site: Headquarters, packs: Callable[[Work], Any]
) -> None:
    async def work() -> list[Any]:
        await daily_pack("陈总", "陈总", "Mei")
        rounds: list[Any] = [await made(site), await made(site)]
        with clock.use(FixedClock(NOON + timedelta(days=1))):
            rounds.append(await made(site))
        return [*rounds, await OutgoingMail.all().count()]

    assert packs(work) == [(2, 2), (0, 0), (2, 2), 4]


def test_a_new_pack_waits_for_its_first_occasion_and_a_missed_one_is_made_up_once(
    site: Headquarters, packs: Callable[[Work], Any]
) -> None:
    async def work() -> list[Any]:
        pack = await daily_pack("陈总", "陈总")
        await Pack.filter(id=pack.id).update(since=NOON)
        found: list[Any] = [await claim_due()]
        with clock.use(FixedClock(NOON + timedelta(days=5))):
            found += [await claim_due(), await claim_due()]
        run = await PackRun.get()
        return [*found, run.period]

    assert packs(work) == [0, 1, 0, "2026-11-24"]


def test_a_recipient_gets_only_what_both_may_see(site: Headquarters, packs: Callable[[Work], Any]) -> None:
    async def work() -> tuple[str, str]:
        await daily_pack("陈总", "Mei")
        await made(site)
        mail, file = await OutgoingMail.get(), await MailFile.get()
        sheet = load_workbook(io.BytesIO(bytes(file.content))).active
        return mail.body, "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row)

    for text in packs(work):
        assert "Paris" in text
        assert not [word for word in OTHERS if word in text]


def test_what_cannot_be_sent_says_why(site: Headquarters, packs: Callable[[Work], Any]) -> None:
    async def work() -> dict[str, str]:
        await daily_pack("陈总", "陈总", "Mei", "唐敏", "秦雨", views=["customers"], branches=["SH"])
        await HqPerson.filter(name="秦雨").update(email="")
        await made(site)
        return {row.person_name: f"{row.status} {row.trouble}" for row in await PackRun.all()}

    found = packs(work)
    assert found["陈总"] == "posted "
    assert found["Mei"] == "failed None of the branches of this pack are the recipient's."
    assert found["唐敏"] == "failed The recipient may see none of the views of this pack."
    assert found["秦雨"].startswith("failed 秦雨 has no e-mail address.")


def test_a_locked_owner_sends_nothing_and_a_locked_recipient_is_no_recipient(
    site: Headquarters, packs: Callable[[Work], Any]
) -> None:
    async def work() -> list[str]:
        await daily_pack("Mei", "陈总", "Mei")
        await lock_person((await HqPerson.get(name="Mei")).id)
        await made(site)
        return [f"{row.person_name} {row.status}" for row in await PackRun.all()]

    assert packs(work) == ["陈总 failed"]


def test_a_run_left_by_a_dead_worker_is_taken_up_and_sent_once(
    site: Headquarters, packs: Callable[[Work], Any]
) -> None:
    async def work() -> list[int]:
        await daily_pack("陈总", "陈总")
        await claim_due()
        await PackRun.all().update(status="making")
        found = [await make_waiting(site.app)]
        with clock.use(FixedClock(NOON + timedelta(minutes=11))):
            found += [await make_waiting(site.app), await make_waiting(site.app)]
        return [*found, await OutgoingMail.all().count()]

    assert packs(work) == [0, 1, 0, 1]


def test_the_mail_goes_with_its_files_and_the_page_says_so(
    site: Headquarters, client: Client, packs: Callable[[Work], Any]
) -> None:
    async def work() -> tuple[int, list[str], str]:
        await daily_pack("陈总", "陈总", locale="zh_CN", with_pdf=True)
        await made(site)
        async with mail_server() as server:
            sent = await send_waiting(server.office)
            sent += await send_waiting(server.office)
        files = [part.get_content_type() for part in server.kept[0].iter_attachments()]
        return sent, files, str(server.kept[0]["subject"])

    sent, files, subject = packs(work)
    assert sent == 1
    assert files[0] == "application/pdf"
    assert files[1].endswith("spreadsheetml.sheet")
    assert subject == "Morning: 2026年11月19日"
    chen = site.visitor(client, "chen")
    chen.open("/reports")
    assert 'data-status="sent"' in chen.page


def test_a_pack_is_made_changed_stopped_and_run_by_its_owner_alone(
    site: Headquarters, client: Client
) -> None:
    mei = site.visitor(client, "mei")
    mei.open("/reports/new")
    person = mei.page.partition('name="recipients" value="')[2][:36]
    values = {"name": "Week", "views": ["profit"], "recipients": [person], "rhythm": "weekly", "weekday": "1",
              "month_day": "1", "at_time": "07:30", "locale": "en", "with_xlsx": "1"}  # fmt: skip
    assert mei.send("/reports/new", **{**values, "branches": ["SH"]}).status_code == 422
    assert mei.send("/reports/new", **{**values, "at_time": "25:00"}).status_code == 422
    mei.send("/reports/new", **values)
    assert "every Monday at 07:30" in mei.text()
    url = (
        f"/reports/{mei.page.partition('/reports/')[2][:0]}" + mei.page.partition('action="/reports/')[2][:36]
    )
    with recorded_jobs("hq") as jobs:
        mei.send(f"{url}/run")
    assert jobs.names == ["pack_runs"]
    assert 'data-status="waiting"' in mei.page
    chen = site.visitor(client, "chen")
    chen.open("/reports")
    for act in ("", "/run", "/stop", "/resume"):
        assert chen.send(f"{url}{act}", **values).status_code == 404
    tang = site.visitor(client, "tang")
    tang.open("/reports")
    tang.send(f"{url}/stop")
    assert "Resume" in tang.page


def test_without_a_mail_server_the_page_says_what_becomes_of_packs_and_who_can_do_something(
    tmp_path: Path,
) -> None:
    site = headquarters(tmp_path)
    with running(site) as client:
        chen = site.visitor(client, "chen")
        chen.open("/reports")
        tang = site.visitor(client, "tang")
        tang.open("/reports")
    assert (
        "packs are made and kept, and go out once there is one. Ask those who run the server" in chen.text()
    )
    assert "TRUNKLINE_MAIL_URL" not in chen.page
    assert "The setting is TRUNKLINE_MAIL_URL" in tang.text()


def test_all_that_is_wrong_with_a_pack_is_told_at_once(site: Headquarters, client: Client) -> None:
    chen = site.visitor(client, "chen")
    chen.open("/reports/new")
    assert chen.send("/reports/new", name="", at_time="25:00", views="profit").status_code == 422
    for word in ("Enter this", "07:30", "Choose at least one recipient.", "Choose PDF, XLSX or both."):
        assert word in chen.text()
