"""Rows as a file made by a job: all of them once, of one's own branches, for oneself alone, for a week."""

import io
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from openpyxl import load_workbook

import shared
from hq.exports import actions, queries
from hq.exports.models import Export
from hq.models import HqPerson
from hq.people.actions import change_person
from shared import clock
from shared.clock import FixedClock
from shared.database import Database
from shared.i18n import install_from, use_locale
from shared.records import Employee, Order, OrderShare, Receivable
from tests.support import hq_world
from tests.support.hq_site import Headquarters
from tests.support.hq_world import NOON
from tests.support.jobs import recorded_jobs
from tests.support.site_client import Client
from tests.support.web_site import Visitor, in_app

KINDS = ("orders", "instalments", "receipts", "expenses")


def ask(visitor: Visitor, kind: str, **fields: Any) -> str:
    """The id of a file that was asked for."""
    visitor.open("/exports")
    with recorded_jobs("hq") as jobs:
        answer = visitor.send("/exports", kind=kind, **fields)
    assert answer.status_code == 200, answer.text
    assert jobs.names == ["make_export"]
    return re.findall(r'id="file-([\w-]+)"', visitor.page)[0]


def make(site: Headquarters, export_id: str) -> None:
    """What the job does."""
    in_app(site.app, lambda: actions.make(site.app, UUID(export_id)))


def rows_of(content: bytes) -> list[tuple[Any, ...]]:
    """The rows below the head of a file."""
    sheet = load_workbook(io.BytesIO(content), read_only=True).active
    return list(sheet.iter_rows(values_only=True))[7:]  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_mei_holds_every_row_of_her_branches_once(
    site: Headquarters, client: Client, kind: str
) -> None:
    mei = site.visitor(client, "mei")
    found = ask(mei, kind)
    make(site, found)
    answer = mei.client.get(f"/exports/{found}/file")
    assert answer.status_code == 200
    rows = rows_of(answer.content)
    assert rows
    branches = {
        cell
        for row in rows
        for cell in row
        if cell in ("Paris", "Tokyo", "Shanghai", "Harbin", "Head office")
    }
    assert branches <= {"Paris", "Tokyo"}
    if kind == "orders":
        wanted = [row.number for code in ("PAR", "TYO") for row in site.company.of(Order, code)]
        assert sorted(str(row[0]) for row in rows) == sorted(wanted)


def test_nobody_else_fetches_a_file_nor_its_owner_once_branches_are_taken_away(
    site: Headquarters, client: Client
) -> None:
    found = ask(site.visitor(client, "mei"), "orders")
    make(site, found)
    chen = site.visitor(client, "chen")
    assert chen.open(f"/exports/{found}/file").status_code == 404
    assert chen.open(f"/exports/{found}").status_code == 404

    async def narrow() -> None:
        row = await HqPerson.get(name="Mei")
        await change_person(row.id, name="Mei", email="", roles=row.roles, branches=["TYO"])

    in_app(site.app, narrow)
    assert site.visitor(client, "mei").open(f"/exports/{found}/file").status_code == 403


def test_what_a_role_may_not_see_it_cannot_have_as_a_file(site: Headquarters, client: Client) -> None:
    tang = site.visitor(client, "tang")
    tang.open("/exports")
    assert tang.send("/exports", kind="orders").status_code == 403
    chen = site.visitor(client, "chen")
    chen.open("/exports")
    assert 'value="customers"' not in chen.page
    assert chen.send("/exports", kind="customers").status_code == 403


def test_three_files_at_a_time_and_no_reversed_days(site: Headquarters, client: Client) -> None:
    mei = site.visitor(client, "mei")
    mei.open("/exports")
    assert mei.send("/exports", kind="orders", first="2026-11-20", last="2026-11-01").status_code == 422
    for _ in range(3):
        ask(mei, "orders", first="2026-11-01", last="2026-11-20")
    assert mei.send("/exports", kind="orders").status_code == 429


def test_progress_is_shown_and_a_file_is_gone_after_a_week(site: Headquarters, client: Client) -> None:
    mei = site.visitor(client, "mei")
    found = ask(mei, "instalments", branches=["PAR"])
    assert 'data-status="waiting"' in mei.open(f"/exports/{found}").text
    make(site, found)
    count = len(site.company.of(Receivable, "PAR"))
    assert f"{count} of {count} rows" in mei.open(f"/exports/{found}").text
    part = mei.client.get(f"/exports/{found}", headers={"hx-request": "true"})
    assert f"{count} of {count} rows" in part.text and "<html" not in part.text
    alone = mei.client.get(f"/exports/{found}", follow_redirects=False)
    assert alone.headers["location"] == "/exports", "a part without its frame is no page"
    with clock.use(FixedClock(NOON + timedelta(days=8))):
        in_app(site.app, lambda: actions.forget_old(site.settings.data_dir))
    assert mei.open(f"/exports/{found}/file").status_code == 404
    assert not list((site.settings.data_dir / "exports").iterdir())


def test_a_file_left_by_a_dead_worker_is_begun_anew(site: Headquarters, client: Client) -> None:
    mei = site.visitor(client, "mei")
    found = ask(mei, "orders")

    async def dies() -> list[UUID]:
        await Export.filter(id=found).update(status="running", done=7)
        assert await actions.waiting() == []
        with clock.use(FixedClock(NOON + timedelta(minutes=11))):
            return await actions.waiting()

    assert [str(one) for one in in_app(site.app, dies)] == [found]
    with clock.use(FixedClock(NOON + timedelta(minutes=11))):
        make(site, found)
    assert mei.client.get(f"/exports/{found}/file").status_code == 200


async def test_pieces_skip_nothing_and_repeat_nothing(hq: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    from random import Random

    monkeypatch.setattr(queries, "PIECE_ROWS", 3)
    company = hq_world.make_company(Random(5), ["PAR", "TYO"], 10)
    await hq_world.write(company)
    for kind in ("orders", "instalments", "receipts", "expenses", "customers"):
        row = Export(person_id=UUID(int=1), kind=kind)
        branches = frozenset({"PAR"})
        found = [one async for piece in queries.pieces(row, branches) for one in piece]
        assert len(found) == await queries.count_rows(row, branches), kind
        assert {one["branch"] for one in found} == {"PAR"}


async def test_the_file_of_orders_says_who_sold_one_together(hq: Database) -> None:
    from random import Random

    install_from(Path(shared.__file__).parent)
    company = hq_world.make_company(Random(7), ["PAR", "TYO"], 12)
    hq_world.split_orders(Random(7), company)
    await hq_world.write(company)
    people = {row.id: row.name for row in company.of(Employee)}
    wanted: dict[str, list[str]] = {row.number: [] for row in company.of(Order)}
    numbers = {row.id: row.number for row in company.of(Order)}
    for row in company.of(OrderShare):
        percent = f"{row.share_bp / 100:.2f}".rstrip("0").rstrip(".")
        wanted[numbers[row.order_id]].append(f"{people[row.employee_id]} {percent}%")
    assert any(wanted.values())
    assert not all(wanted.values())
    for locale, between in (("en", "; "), ("zh_CN", "；")):
        with use_locale(locale):
            asked = Export(person_id=UUID(int=1), kind="orders")
            found = {
                one["number"]: one["split"] async for piece in queries.pieces(asked, None) for one in piece
            }
        assert found == {number: between.join(parts) for number, parts in wanted.items()}
