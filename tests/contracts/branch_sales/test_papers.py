"""Papers of quotes and orders in both languages, files behind an expense, and approving from the list."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from branch_node.printing.paper import after
from shared import i18n
from shared.web.pdf import has_pdf, write_pdf
from tests.contracts.branch_sales.conftest import Office
from tests.support.web_site import Visitor

People = dict[str, Visitor]
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def test_a_paper_is_in_the_language_asked_for_whatever_the_readers(people: People, office: Office) -> None:
    lin = people["lin"]
    chinese = lin.open(f"/orders/{office.rows.order}/print?lang=zh_CN").text
    english = lin.open(f"/quotes/{office.rows.quotation}/print?lang=en").text
    assert {"订单", "合计", "我方联系人", "华东机电有限公司"} <= set(re.findall(r"[\u4e00-\u9fff]+", chinese))
    assert "Quotation" in english
    assert "阀门" in english
    assert "Draft" in english
    assert "style=" not in chinese + english
    assert lin.open(f"/orders/{office.rows.foreign}/print").status_code == 404


@pytest.mark.parametrize(
    ("locale", "days", "words"),
    [
        ("en", 0, "on confirmation"),
        ("en", 1, "1 day after confirmation"),
        ("en", 30, "30 days after confirmation"),
        ("zh_CN", 0, "确认时"),
        ("zh_CN", 30, "确认后 30 天"),
    ],
)
def test_when_an_instalment_of_an_unconfirmed_order_is_due_reads_naturally(
    locale: str, days: int, words: str
) -> None:
    with i18n.use_locale(locale):
        assert after(days) == words


@pytest.mark.skipif(not has_pdf(), reason="weasyprint is not installed")
def test_the_pdf_holds_the_same_words_and_fetches_nothing(
    people: People, office: Office, tmp_path: Path
) -> None:
    answer = people["lin"].open(f"/orders/{office.rows.order}/pdf?lang=zh_CN")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    if shutil.which("pdftotext"):
        file = tmp_path / "order.pdf"
        file.write_bytes(answer.content)
        text = subprocess.run(
            ["pdftotext", str(file), "-"], capture_output=True, text=True, check=True
        ).stdout
        assert "华东机电有限公司" in text
        assert "1,000.00" in text
    assert write_pdf('<img src="file:///etc/passwd"><p>x</p>').startswith(b"%PDF-")


def test_a_picture_is_kept_with_a_draft_expense_and_a_page_is_not(people: People, office: Office) -> None:
    lin = people["lin"]
    lin.open("/expenses/new")
    made = lin.send(
        "/expenses",
        category="travel",
        amount="12",
        currency="CNY",
        happened_on="today",
        description="出租车票",
    )
    url = made.url.path
    token = lin.token()

    def upload(name: str, content: bytes) -> int:
        headers = {"x-csrf-token": token, "origin": "http://testserver"}
        return int(
            lin.client.post(f"{url}/files", files={"file": (name, content)}, headers=headers).status_code
        )

    assert upload("票.png", PNG) == 200
    assert upload("again.png", PNG) == 200
    assert upload("page.png", b"<html><script>") == 422
    assert upload("empty.pdf", b"") == 422
    links = set(re.findall(rf"{url}/files/[0-9a-f-]{{36}}(?=\")", lin.open(url).text))
    assert len(links) == 1
    (link,) = links
    answer = lin.open(link)
    assert answer.content == PNG
    assert "sandbox" in answer.headers["content-security-policy"]
    assert people["zhou"].open(link).status_code == 404
    lin.open(url)
    lin.send(f"{url}/submit")
    assert upload("late.png", PNG + b"1") == 409
    assert lin.send(f"{link}/remove").status_code == 409


def test_several_requests_are_approved_from_the_list_after_a_preview(people: People, office: Office) -> None:
    sun, lin = people["sun"], people["lin"]
    ids = []
    for price, discount in (("500", ""), ("700", "25")):
        lin.open("/orders/new")
        typed = {"line-0-text": "泵", "line-0-list_price": price, "line-0-discount": discount}
        saved = lin.send("/orders", customer_id=str(office.rows.customer), happened_on="today", **typed)
        lin.send(f"{saved.url.path}/submit")
        request = re.findall(r"/approvals/([0-9a-f-]{36})", lin.text() + lin.open(saved.url.path).text)
        ids.append((request[0], saved.url.path))
    sun.open("/approvals")
    shown = sun.send("/approvals/approve", ids=[one for one, _url in ids])
    assert "above your limit of 20.0%" in sun.text()
    assert shown.text.count('name="ids"') == 1
    sun.send("/approvals/approve", ids=[one for one, _url in ids], sure="1")
    assert "approved" in lin.open(ids[0][1]).text
    assert 'data-status="submitted"' in lin.open(ids[1][1]).text
