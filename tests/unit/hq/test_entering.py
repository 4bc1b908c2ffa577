"""What is entered at headquarters beside targets: rates and news, with all messages at once."""

import re

from tests.support.hq_site import Headquarters
from tests.support.site_client import Client
from tests.support.web_site import Visitor


def test_a_rate_is_entered_corrected_and_refused(site: Headquarters, client: Client) -> None:
    tang = site.visitor(client, "tang")
    tang.open("/rates")
    answer = tang.send(
        "/rates", follow=False, currency="DOLLAR", to_currency="CNY", rate="x", happened_on="1 May"
    )
    assert answer.status_code == 422
    assert "3 entries need correcting" in tang.text()
    for name in ("Currency: ", "Rate: ", "Valid from: "):
        assert name in tang.text()
    assert 'value="DOLLAR"' in tang.page
    for rate in ("7.25", "7.3"):
        tang.open("/rates")
        tang.send("/rates", currency="usd", to_currency="CNY", rate=rate, happened_on="2026-11-20")
        assert f"1 USD = {rate} CNY from 2026-11-20." in tang.text()
    assert len(re.findall(r"USD → CNY</a>|USD → CNY", tang.page)) >= 1
    answer = tang.send(
        "/rates", follow=False, currency="CNY", to_currency="CNY", rate="1", happened_on="2026-11-20"
    )
    assert answer.status_code == 422


def test_an_executive_reads_rates_and_does_not_change_them(chen: Visitor) -> None:
    chen.open("/rates")
    assert "Enter a rate" not in chen.text()
    assert chen.send("/rates", follow=False, currency="USD").status_code == 403


def test_news_is_entered_shared_and_taken_back(chen: Visitor) -> None:
    chen.open("/news")
    assert "Rival in Lyon" in chen.text()
    answer = chen.send("/news", follow=False, title="", link="javascript:alert(1)", happened_on="2026-11-20")
    assert answer.status_code == 422
    assert "2 entries need correcting" in chen.text()
    chen.send(
        "/news", title="Tariffs fall", link="https://example.com/t", source="Desk", happened_on="2026-11-20"
    )
    assert "Tariffs fall" in chen.text()
    share = re.search(r'action="(/news/[0-9a-f-]+/share)"', chen.page)
    assert share
    chen.send(share[1])
    chen.open("/news")
    assert chen.text().count("Rival in Lyon") == 2
    chen.send(share[1])
    chen.open("/news")
    assert chen.text().count("Rival in Lyon") == 2
    back = re.search(r'action="(/news/[0-9a-f-]+/take-back)"', chen.page)
    assert back
    chen.send(back[1])
    chen.open("/news")
    assert chen.text().count("Take back") == 2


def test_a_link_never_leads_to_a_script(chen: Visitor) -> None:
    chen.open("/news")
    assert not re.search(r'href="(?!https?://|/|#)', chen.page)


def test_somebody_of_paris_cannot_share_a_note_of_shanghai(site: Headquarters, mei: Visitor) -> None:
    mei.open("/news")
    answer = mei.send("/news/00000000-0000-7000-8000-000000000001/share", follow=False)
    assert answer.status_code == 404
