"""Who looks at one region, in another currency, as known at a moment, goes on looking so: links lead to the same."""

import html
import re
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.support.hq_site import Headquarters
from tests.support.site_client import Client
from tests.support.web_site import Visitor

EAST = {"branch:SH", "branch:TYO"}
VIEW = {"unit": "region:east", "currency": "USD", "known_at": "2026-11-20T00:00:00Z"}
FIGURES = {"/customers", "/profit", "/receivables", "/receivables/debtors", "/receivables/receipts", "/sales", "/staff", "/targets", "/warnings"}  # fmt: skip
PAGES = ["/", "/sales", "/profit", "/targets", "/receivables", "/receivables/receipts", "/staff", "/compare"]


def links(page: str) -> list[tuple[str, dict[str, str]]]:
    """Path and query of every link in the content of a page."""
    content = page[page.index("<main") : page.index("</main>")]
    parts = [urlsplit(html.unescape(href)) for href in re.findall(r'<a\b[^>]*\bhref="(/[^"]*)"', content)]
    return [(part.path, dict(parse_qsl(part.query))) for part in parts]


def is_figure(path: str) -> bool:
    return path in FIGURES or path.startswith(("/branches/", "/api/v1/figures/"))


@pytest.fixture(scope="module")
def chen(standing_site: Headquarters, standing_client: Client) -> Visitor:
    """The executive, signed in."""
    return standing_site.visitor(standing_client, "chen")


@pytest.mark.parametrize("path", PAGES)
def test_a_link_keeps_region_currency_and_moment(chen: Visitor, path: str) -> None:
    query = "&".join(f"{name}={value}" for name, value in VIEW.items())
    assert chen.open(f"{path}?period=2026&{query}").status_code == 200
    followed = [
        (to, asked)
        for to, asked in links(chen.page)
        if is_figure(to) and (to != path or asked.get("unit") in EAST)
    ]
    assert followed
    for to, asked in followed:
        unit = asked.get("unit", "")
        assert unit == VIEW["unit"] or unit in EAST or unit.startswith("customer:") or to.startswith("/branches/"), (to, asked)  # fmt: skip
        if not unit.startswith("customer:"):
            assert (asked.get("currency"), asked.get("known_at", "")[:10]) == ("USD", "2026-11-20"), (
                to,
                asked,
            )


@pytest.mark.parametrize("unit", ["company", "branch:SH"])
def test_a_month_of_staff_counts_its_plans_and_leads_to_the_rows_of_the_whole_month(
    chen: Visitor, unit: str
) -> None:
    chen.open(f"/staff?period=2026-10&unit={unit}")
    assert re.search(r"Plans submitted by \d+ people: \d+\.", chen.text())
    assert "Own date" not in chen.text()
    behind = [
        asked for to, asked in links(chen.page) if to in ("/sales", "/customers", "/receivables/receipts")
    ]
    assert behind
    assert {(asked["from"], asked["to"]) for asked in behind} == {("2026-10-01", "2026-10-31")}
    chen.open(f"/staff?unit={unit}")
    assert re.search(r"\d+ of \d+ submitted\.", chen.text())
