"""A view as a paper: nothing to press, the watermark on it, the branches of its reader and no other."""

import re

import pytest

from hq.models import HqPerson
from hq.papers.charts import data_of, drawn, waterfall
from hq.papers.paper import page_of, sheet_of
from hq.papers.stripping import without_acts
from hq.papers.views import VIEWS
from hq.people.queries import as_person
from hq.routes import all_routes, views
from shared.errors import NotAllowed, NotFound
from shared.records import AuditEntry
from shared.web.pdf import has_pdf
from tests.support.hq_site import Headquarters
from tests.support.site_client import Client
from tests.support.web_site import in_app

OTHERS = ("Shanghai", "Harbin", "Head office", "SH-", "HRB-", "HQ-")
PLAIN = sorted(url for url in VIEWS if "{" not in url)


def paper(site: Headquarters, address: str, name: str, locale: str = "en") -> str:
    """The paper of a view as html, for one of the people."""

    async def made() -> str:
        person = as_person(await HqPerson.get(name=name))
        return page_of(site.app, [await sheet_of(site.app, address, person, locale)], name, locale, "UTC")

    return str(in_app(site.app, made))


@pytest.mark.parametrize(
    ("page", "left"),
    [
        ('<p>a <a href="/x">b</a></p><form action="/"><input name="csrf" value="1"></form>', "<p>a b</p>"),
        ('<nav><a href="?">‹</a><b>May &amp; June</b></nav>', '<b class="ops-days">May &amp; June</b>'),
        ('<svg class="icon x" aria-label="late &gt;"><use href="#a"/></svg>1', "late &gt;1"),
        ('<div class="x d-print-none"><div>a</div></div><svg viewBox="0 0 1 1"><rect/></svg>', '<svg viewBox="0 0 1 1"><rect/></svg>'),
        ('<details open><summary class="btn">Table</summary><b>1</b></details>', "<b>1</b>"),
        ('<td>&lt;script&gt;</td><script>1</script>', "<td>&lt;script&gt;</td>"),
    ],
)  # fmt: skip
def test_what_can_be_pressed_is_gone_and_words_stay(page: str, left: str) -> None:
    assert without_acts(page) == left


def test_every_view_has_its_pdf_with_its_own_right() -> None:
    found = {route.url: route for route in all_routes()}
    assert {view.url for view in views()} == VIEWS
    for view in views():
        assert found[view.url.rstrip("/") + "/pdf"].permission == view.permission


@pytest.mark.parametrize("url", PLAIN)
def test_a_paper_of_mei_names_her_branches_and_its_completeness(
    standing_site: Headquarters, standing_client: Client, url: str
) -> None:
    text = paper(standing_site, url, "Mei")
    assert not [word for word in OTHERS if word in text]
    assert "Scope: Paris, Tokyo" in text
    assert "Complete to" in text
    assert "Printed by Mei" in text
    assert "<form" not in text
    assert "href=" not in text
    assert 'name="csrf"' not in text


@pytest.mark.parametrize(
    ("url", "scope"),
    [
        (
            "/?unit=region:east&known_at=2026-11-19T08:00:00Z",
            "Scope: East China · as known at 2026-11-19 16:00 ",
        ),
        ("/receivables?unit=branch:PAR", "Scope: Paris "),
        ("/branches/TYO", "Scope: Tokyo "),
        ("/sales?within=PAR", "Scope: Paris "),
        ("/sales", "Scope: All branches "),
    ],
)
def test_the_head_of_a_paper_names_what_it_is_about(
    standing_site: Headquarters, standing_client: Client, url: str, scope: str
) -> None:
    assert scope in re.sub(r"<[^>]+>", " ", paper(standing_site, url, "陈总")).replace("  ", " ")


def test_a_paper_says_what_was_asked_and_what_is_missing(
    standing_site: Headquarters, standing_client: Client
) -> None:
    text = paper(standing_site, "/receivables?as_of=2026-10-31&currency=EUR", "陈总", "zh_CN")
    assert "截至 2026-10-31" in text
    assert "哈尔滨" in text
    assert "不完整" in text


def test_what_is_not_a_view_or_not_hers_makes_no_paper(
    standing_site: Headquarters, standing_client: Client
) -> None:
    for address in ("/people", "/sync", "/branches/SH", "/static/x", "/receivables/pdf/x"):
        with pytest.raises(NotFound):
            paper(standing_site, address, "Mei")
    with pytest.raises(NotAllowed):
        paper(standing_site, "/customers", "唐敏")


def test_the_charts_of_a_view_are_drawn_from_its_tables(
    standing_site: Headquarters, standing_client: Client
) -> None:
    for address, count in (("/targets", 3), ("/profit", 1)):
        text = paper(standing_site, address, "陈总")
        charts = re.findall(r'<svg class="ops-drawing".*?</svg>', text, re.DOTALL)
        assert (address, len(charts)) == (address, count)
        assert "ops-chart" not in text
        assert "&lt;svg" not in text
        assert all("<rect" in chart and "<text" in chart for chart in charts)


def test_a_waterfall_goes_from_total_to_total_by_its_steps() -> None:
    rows = [
        ("Last year", 100, "100", ' class="ops-total" data-fill="py"'), ("A &amp; B", -30, "−30", ""),
        ("C", 10, "+10", ""), ("Actual", 80, "80", ' class="ops-total" data-fill="ac"'),
    ]  # fmt: skip
    table = "".join(
        f'<tr{fill}><th scope="row"><a href="/x">{name}</a></th><td class="ops-number" data-value="{value}">{shown}</td></tr>'
        for name, value, shown, fill in rows
    )
    page = (
        '<div class="ops-chart" data-chart="waterfall" data-table="why" role="img" aria-label="Why"></div>'
        f'<table class="table" id="why"><thead><tr><th data-fill="ac">Amount</th></tr></thead><tbody>{table}</tbody></table>'
    )
    bars = waterfall(data_of(page, "why"))
    assert [(bar.low, bar.high, bar.tone) for bar in bars] == [
        (0, 100, "py"), (70, 100, "bad"), (70, 80, "good"), (0, 80, "ac"),
    ]  # fmt: skip
    assert ">A &amp; B</text>" in drawn(page)
    assert drawn(page.replace('id="why"', 'id="other"')).count("<svg") == 0


@pytest.mark.skipif(not has_pdf(), reason="weasyprint is not installed")
def test_a_view_is_had_as_pdf_in_both_languages_and_that_is_noted(site: Headquarters, client: Client) -> None:
    chen = site.visitor(client, "chen")
    for language in ("en", "zh_CN"):
        answer = chen.open(f"/pdf?lang={language}")
        assert answer.headers["content-type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF-")

    async def noted() -> int:
        return await AuditEntry.filter(action="view.printed").count()

    assert in_app(site.app, noted) == 2
