"""What a form says about its faults: each is named as its box is, in the order of the boxes, and leads to a box that is seen."""

import re
from dataclasses import asdict
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.contracts.branch_sales.conftest import Office
from tests.support.cast import LIN, ZHOU
from tests.support.hostile import Boxes, forms_of, sent
from tests.support.web_site import Visitor

People = dict[str, Visitor]
PAGES = {
    "/customers/new": "lin", "/customers/{customer}/contacts/new": "lin", "/customers/{customer}/addresses/new": "lin",
    "/orders/new": "lin", "/orders/{draft}/edit": "lin", "/quotes/new": "lin", "/opportunities/new": "lin", "/expenses/new": "lin",
    "/receipts/new": "wang", "/receivables/{receivable}": "wang", "/followups/new": "lin", "/tasks/new": "sun", "/feedback/new": "lin",
    "/settings/selling": "he", "/settings/fields": "he", "/staff/new": "he", "/staff/{employee}": "he", "/staff/{employee}/leave": "he",
    "/departments/new": "he", "/roles": "he", "/customers/hand-over": "ma", "/me": "he",
}  # fmt: skip
TYPED = ("", "x", "-1", "999", "2026-02-30")
"""What is typed into every box of a form at once."""
HIDDEN = ("revision", "opportunity_id")
SITE_WIDE = ("/language", "/theme", "/me/preferences")


class Summary(HTMLParser):
    """Of a page: the links of its error summary, and of each box its label, its place, and whether it is folded away."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.labels: dict[str, str] = {}
        self.places: list[str] = []
        self.folded: set[str] = set()
        self._open: list[bool] = []
        self._into: str = ""
        self._box: str = ""
        self._in_summary = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if "ops-errors" in str(found.get("class")):
            self._in_summary = True
        if tag == "details":
            self._open.append("open" in found)
        if (box := str(found.get("id", ""))).startswith("f-"):
            self.places.append(box)
            if not all(self._open):
                self.folded.add(box)
            if found.get("aria-label"):
                self.labels.setdefault(box, str(found["aria-label"]))
        if tag == "fieldset":
            self._box = box
        if tag == "a" and self._in_summary:
            self.links.append((str(found["href"]).removeprefix("#"), ""))
            self._into = "link"
        elif tag in ("label", "legend"):
            self._into = str(found.get("for", "")) or self._box
        elif tag == "span":
            self._into = self._into if self._into == "link" else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "details":
            self._open.pop()
        elif tag == "ul":
            self._in_summary = False
        if tag in ("a", "label", "legend"):
            self._into = ""

    def handle_data(self, data: str) -> None:
        if self._into == "link":
            box, text = self.links[-1]
            self.links[-1] = (box, text + data)
        elif self._into and data.strip():
            self.labels.setdefault(self._into, data.strip())


def faults_of(answer: Any) -> list[str]:
    """What is wrong with the summary of an answer; nothing where it has none."""
    found = Summary(answer.text)
    wrong = [f"{box}: there is no such box" for box, _text in found.links if box not in found.places]
    wrong += [f"{box}: folded away" for box, _text in found.links if box in found.folded]
    wrong += [
        f"{box} is called {found.labels.get(box)!r}, told as {text!r}"
        for box, text in found.links
        if not text.startswith(f"{found.labels.get(box)}: ")
    ]
    told = [found.places.index(box) for box, _text in found.links if box in found.places]
    return wrong + ([f"not in the order of the boxes: {found.links}"] if told != sorted(told) else [])


def refused(visitor: Visitor, form: Boxes) -> list[tuple[str, Any]]:
    """The answers to a form whose boxes hold the same nonsense, each time another."""
    answers = [
        (
            typed,
            sent(
                visitor,
                form.action,
                {name: form.shown[name] if name in HIDDEN else typed for name in form.shown},
            ),
        )
        for typed in TYPED
    ]
    return [(typed, answer) for typed, answer in answers if answer.status_code == 422]


@pytest.mark.parametrize("url", PAGES)
def test_a_fault_is_named_as_its_box_and_leads_there(people: People, office: Office, url: str) -> None:
    visitor = people[PAGES[url]]
    address = url.format(**{**asdict(office.rows), "employee": ZHOU.id})
    assert visitor.open(address).status_code == 200
    forms = [form for form in forms_of(visitor.page, address) if form.action not in SITE_WIDE]
    told = [(form.action, typed, answer) for form in forms for typed, answer in refused(visitor, form)]
    assert told
    wrong = {(action, typed): faults for action, typed, answer in told if (faults := faults_of(answer))}
    assert not wrong


def test_a_customer_typed_and_not_chosen_is_told_before_a_merge(people: People, office: Office) -> None:
    answer = people["ma"].open(f"/customers/{office.rows.customer}/merge?other=&other_text=Nobody")
    assert answer.status_code == 422
    assert faults_of(answer) == []
    assert "Another customer: Nothing is chosen yet." in people["ma"].text()


def test_a_task_for_somebody_who_is_not_there_is_nobody_elses(people: People) -> None:
    people["sun"].open("/tasks/new")
    answer = people["sun"].send("/tasks", title="Count the stock", employee_id="", employee_id_text="Nobody")
    assert answer.status_code == 422
    assert 'value="Nobody"' in answer.text


def test_a_board_without_a_card_says_so(people: People) -> None:
    people["lin"].open("/opportunities?q=none-of-these")
    assert "No opportunity matches these filters." in people["lin"].text()


def test_a_merged_customer_offers_nothing_to_enter(people: People, office: Office) -> None:
    ma = people["ma"]
    ma.open("/customers/new")
    gone = ma.send("/customers", name="Entered twice").url.path
    ma.open(f"/customers/{office.rows.customer}/merge?other={gone.rsplit('/', 1)[1]}")
    ma.send(f"/customers/{office.rows.customer}/merge", other=gone.rsplit("/", 1)[1])
    shown = ma.open(gone).text.split("<main")[1]
    assert "This customer was merged into" in shown
    assert not re.findall(r'href="[^"]*/(?:new|edit)[^"]*"', shown)


def test_the_history_of_a_customer_names_people_and_not_their_ids(people: People, office: Office) -> None:
    ma = people["ma"]
    ma.open("/customers/new")
    url = ma.send("/customers", name="Given away").url.path
    ma.open(url)
    ma.send("/customers/assign", ids=[url.rsplit("/", 1)[1]], to_id=str(LIN.id), to_id_text=LIN.name)
    ma.open(f"{url}?tab=audit")
    assert re.search(r"Owner 马丽 (→ )?林娜", ma.text().replace(" ->", ""))
    assert str(LIN.id) not in ma.page.split("<main")[1].split("Contacts")[0]
