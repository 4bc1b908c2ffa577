"""Every page of headquarters opens, in both languages, with a bounded number of statements, and adds up when drilled."""

import asyncio
import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest

from hq.figures import memo
from hq.replication.models import BranchCursor
from hq.setup import APPS
from shared.database import open_database
from shared.records import Branch, Customer, Employee, Receivable
from tests.support.hq_site import Headquarters, headquarters, running
from tests.support.hq_world import NOON
from tests.support.site_client import Client
from tests.support.web_site import Visitor

PAGES = [
    "/", "/?compare=py", "/?period=2026", "/compare", "/compare?measure=remaining", "/compare?unit=region:east",
    "/receivables", "/receivables?as_of=2026-08-01", "/receivables?unit=branch:SH", "/receivables?unit=branch:PAR&currency=base",
    "/receivables/receipts?period=2026", "/receivables/receipts?unit=branch:SH&period=2026", "/targets",
    "/targets?measure=customers_new", "/targets?unit=branch:SH", "/targets/cascade?unit=branch:SH", "/targets/import", "/profit", "/profit?unit=branch:PAR&period=2026",
    "/staff", "/staff?unit=branch:SH", "/staff?period=2026-11", "/sales", "/sales?unit=branch:SH&period=2026",
    "/sales?kind=cancelled&period=2026", "/sales?unit=unassigned:SH&period=2026", "/customers?period=2026",
    "/customers?tab=signed&period=2026", "/customers?tab=followup", "/customers?tab=followup&list=silent",
    "/customers?q=customer&period=2026", "/news", "/branches", "/branches/SH", "/branches/HRB", "/sync", "/sync/SH", "/sync/HRB", "/rates", "/definitions", "/warnings", "/news/feeds", "/directives", "/directives/new", "/late", "/late?unit=branch:SH&known_at=2026-11-19", "/?known_at=2026-11-19", "/receivables?known_at=2026-11-19T09:30",
    "/find?q=SH", "/receivables/debtors", "/receivables/debtors?list=limit", "/receivables/debtors?list=promises&status=broken",
    "/pipeline", "/pipeline?unit=branch:SH&list=lost", "/compare?pick=SH&pick=PAR&against=py",
]  # fmt: skip
QUERIES_MOST = 16


def money_of(text: str) -> int:
    """The exact amount in a title or a cell, in minor units of CNY."""
    digits = re.sub(r"[^\d.\-]", "", text.replace("−", "-"))
    return round(float(digits) * 100)


@pytest.fixture(scope="module")
def site(standing_site: Headquarters) -> Headquarters:
    """One site for the module: its tests only read."""
    return standing_site


@pytest.fixture(scope="module")
def client(standing_client: Client) -> Client:
    return standing_client


@pytest.fixture(scope="module")
def chen(site: Headquarters, client: Client) -> Visitor:
    """The executive, signed in."""
    return site.visitor(client, "chen")


@pytest.mark.parametrize("url", PAGES)
def test_a_page_opens_for_the_executive(chen: Visitor, url: str) -> None:
    answer = chen.open(url)
    assert answer.status_code == 200, chen.text()[:400]
    assert "style=" not in answer.text
    assert "<script>" not in answer.text


def test_pages_open_in_chinese(chen: Visitor) -> None:
    chen.open("/")
    chen.send("/language", to="zh_CN", back="/")
    try:
        for url in ("/", "/receivables", "/targets", "/staff", "/branches/HRB", "/customers?tab=followup"):
            assert chen.open(url).status_code == 200, url
            assert "总部" in chen.text(), url
    finally:
        chen.send("/language", to="en", back="/")


def test_details_of_people_customers_and_instalments_open(site: Headquarters, chen: Visitor) -> None:
    company = site.company
    customer = next(row for row in company.of(Customer, "SH") if row.deleted_at is None)
    instalment = company.of(Receivable, "SH")[0]
    person = company.of(Employee, "SH")[0]
    for url in (
        f"/customers/{customer.id}",
        f"/receivables?unit=customer:{customer.id}",
        f"/receivables/{instalment.id}",
        f"/staff/{person.id}",
        f"/sales?unit=employee:{person.id}&period=2026",
        f"/targets?unit=employee:{person.id}",
    ):
        assert chen.open(url).status_code == 200, url


async def merge(site: Headquarters, gone: Customer, kept: Customer) -> None:
    """What a branch's merge of two customers leaves here."""
    async with open_database(site.settings.url_of_database, APPS):
        await Customer.filter(id=gone.id).update(merged_into_id=kept.id)


def test_the_page_of_a_merged_customer_says_where_it_went(tmp_path: Path) -> None:
    site = headquarters(tmp_path)
    gone, kept = [row for row in site.company.of(Customer, "SH") if row.deleted_at is None][:2]
    asyncio.run(merge(site, gone, kept))
    with running(site) as client:
        chen = site.visitor(client, "chen")
        assert "This customer was merged into" not in chen.open(f"/customers/{kept.id}").text
        page = chen.open(f"/customers/{gone.id}").text
        assert f'This customer was merged into <a href="/customers/{kept.id}">{kept.name}</a>' in unescape(
            page
        )


def queries_of(page: Visitor, url: str) -> int:
    """Statements of one page, as its footer tells an administrator."""
    page.open(url)
    found = re.search(r"with (\d+) queries", page.text())
    assert found, page.text()[-200:]
    return int(found[1])


def administrator(site: Headquarters, client: Client) -> Visitor:
    """Tang with every right of an executive besides, so that the footer shows the numbers."""
    tang = site.visitor(client, "tang")
    tang.open("/people")
    own = re.search(r'href="(/people/[0-9a-f-]+)">唐敏', tang.page)
    assert own
    tang.open(own[1])
    tang.send(
        own[1], name="唐敏", email="", roles=["hq_admin", "executive", "hq_data_officer"], all_branches="1"
    )
    return tang


READ_BY_ALL = ("/", "/compare", "/receivables", "/receivables?unit=branch:SH", "/targets", "/profit", "/staff", "/sales?period=2026", "/customers?period=2026", "/customers?tab=followup", "/branches", "/branches/SH?period=2026", "/news")  # fmt: skip


def test_the_number_of_statements_does_not_grow_with_the_company(tmp_path: Path) -> None:
    counts: list[dict[str, int]] = []
    for size in (8, 40):
        folder = tmp_path / str(size)
        folder.mkdir()
        site = headquarters(folder, size)
        with running(site) as client:
            tang = administrator(site, client)
            for url in READ_BY_ALL:
                tang.open(url)
            counts.append({url: queries_of(tang, url) for url in READ_BY_ALL})
    assert counts[0] == counts[1]
    assert not {url: count for url, count in counts[0].items() if count > QUERIES_MOST}


async def add_many_branches(site: Headquarters, count: int) -> None:
    """So many more branches, which all have just been heard of."""
    async with open_database(site.settings.url_of_database, APPS):
        codes = [f"B{number:04d}" for number in range(count)]
        await Branch.bulk_create(
            Branch(branch=code, name=f"网点{code}", name_en=f"Branch {code}", timezone="Asia/Shanghai", currency="CNY")
            for code in codes
        )  # fmt: skip
        moments = dict.fromkeys(("applied_at", "contact_at", "complete_at"), NOON)
        await BranchCursor.bulk_create(
            BranchCursor(branch=code, epoch="e", seq=7, head_seq=7, **moments) for code in codes
        )


def test_the_overview_of_a_thousand_branches_takes_25_queries_and_200_kb_at_most(tmp_path: Path) -> None:
    site = headquarters(tmp_path)
    asyncio.run(add_many_branches(site, 1_000))
    with running(site) as client:
        tang = administrator(site, client)
        memo.forget()
        assert queries_of(tang, "/") <= 25
        assert queries_of(tang, "/") <= 25
        assert len(tang.page.encode()) <= 200_000
        assert "1,005 rows" in tang.text()


def links_of(page: str) -> list[tuple[str, str, str]]:
    """(row, column label, address) of every linked number in the tables of a page."""
    found = []
    for row in re.finditer(r'<tr id="([\w-]+)"[^>]*>(.*?)</tr>', page, re.S):
        for cell in re.finditer(
            r'<td class="[^"]*ops-number[^"]*" data-label="([^"]*)"><a href="([^"]+)">', row[2]
        ):
            found.append((row[1], unescape(cell[1]).partition(" (")[0], unescape(cell[2])))
    return found


COLUMNS = {"Sales": "sales", "Ordered": "ordered", "Cancelled": "cancelled", "Operating profit": "profit", "Income": "income", "Expense": "expense", "Remaining": "remaining", "Due": "due", "Received": "received", "Unallocated": "unallocated"}  # fmt: skip
FIGURES = {"/sales": "sales", "/profit": "profit", "/receivables": "receivables"}


@pytest.mark.parametrize(
    "url", ["/?period=2026", "/sales?period=2026", "/profit?period=2026", "/receivables"]
)
def test_a_clicked_number_is_the_total_of_the_page_behind_it(chen: Visitor, url: str) -> None:
    chen.open(url)
    figure = FIGURES.get(url.partition("?")[0])
    checked = 0
    for row, label, target in links_of(chen.page):
        path, _mark, query = target.partition("?")
        key, behind = COLUMNS.get(label), FIGURES.get(path)
        if (
            key is None
            or behind is None
            or not row.startswith(("branches-branch", "sales-branch", "profit-branch", "receivables-branch"))
        ):
            continue
        code = row.rpartition("-")[2]
        before = figure or {"sales": "sales", "profit": "profit", "remaining": "receivables"}[key]
        period = "" if before == "receivables" else "&period=2026"
        clicked = chen.client.get(f"/api/v1/figures/{before}?{period}").json()
        shown = next(line for line in clicked["rows"] if line["branch"] == code)[key]
        keys = {"unit", "from", "to", "as_of", "currency"}
        asked = urlencode([pair for pair in parse_qsl(query) if pair[0] in keys])
        found = chen.client.get(f"/api/v1/figures/{behind}?{asked}").json()
        if key in found["total"]:
            assert found["total"][key] == shown, (row, label, target)
            rows = sum(round(float(line[key]) * 100) for line in found["rows"])
            assert rows == round(float(shown) * 100), (row, label, target)
            checked += 1
    assert checked >= 4


def test_the_overview_names_the_silent_branch_and_never_shows_it_as_zero(chen: Visitor) -> None:
    chen.open("/receivables")
    assert "Harbin unreachable since" in chen.text()
    row = re.search(
        r'<tr id="receivables-branch-HRB"[^>]*class="ops-muted-row"[^>]*>(.*?)</tr>', chen.page, re.S
    )
    assert row
    assert "unreachable" in row[1]
    api = chen.client.get("/api/v1/figures/receivables").json()
    value = next(line for line in api["rows"] if line["branch"] == "HRB")["remaining"]
    assert value not in (None, "0.00")
    assert not api["complete"]


def test_headquarters_is_first_and_the_silent_branch_last_however_sorted(chen: Visitor) -> None:
    for sort in ("gap", "-sales", "sales", "name", "-remaining"):
        chen.open(f"/?sort={sort}")
        order = re.findall(r'<tr id="branches-branch-(\w+)"', chen.page)
        assert order[0] == "HQ"
        assert order[-1] == "HRB"


def test_an_address_that_cannot_be_read_is_refused_with_a_sentence(chen: Visitor) -> None:
    for url in (
        "/sales?period=soon",
        "/sales?unit=team:9",
        "/receivables?as_of=22.11.2026",
        "/sales?currency=XXX",
    ):
        answer = chen.open(url)
        assert answer.status_code == 422, url
        assert "Traceback" not in answer.text
    assert chen.open("/branches/NOPE").status_code == 404
    assert chen.open("/customers/not-an-id").status_code == 404


@pytest.mark.parametrize(
    "unit", ["", "?unit=branch:PAR", "?unit=branch:TYO&as_of=2026-09-30", "?unit=branch:SH"]
)
def test_receivables_add_up_in_every_currency_at_every_level(chen: Visitor, unit: str) -> None:
    chen.open(f"/receivables{unit}")
    assert 'data-adds-up="yes"' in chen.page
    assert "do not add up" not in chen.text()


@pytest.mark.parametrize("page", ["/sales", "/profit", "/receivables", "/targets", "/staff"])
def test_every_switch_of_a_branch_page_opens(chen: Visitor, page: str) -> None:
    chen.open(f"{page}?unit=branch:PAR&period=2026")
    found = re.findall(r'<nav class="ops-tabs d-print-none"[^>]*>(.*?)</nav>', chen.page, re.S)
    links = [unescape(link) for part in found for link in re.findall(r'href="([^"]+)"', part)]
    assert links
    for link in links:
        assert chen.open(link).status_code == 200, link
        for _row, label, target in links_of(chen.page)[:12]:
            assert chen.open(target).status_code == 200, (link, label, target)
