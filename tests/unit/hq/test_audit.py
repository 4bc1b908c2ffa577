"""The audit trail of headquarters: who did what when, within the reader's branches; filtered, exported."""

import csv
import io
import re

from hq.audit.rules import details_of
from hq.models import HqPerson
from shared.i18n import use_locale
from shared.ids import new_id
from shared.records import COMPANY, AuditEntry
from tests.support.hq_site import Headquarters, site_on_each_engine
from tests.support.hq_world import TODAY
from tests.support.site_client import Client
from tests.support.web_site import in_app

site = site_on_each_engine


def act_of_a_branch(site: Headquarters, branch: str) -> None:
    """An entry as a branch sends it."""

    async def write() -> None:
        await AuditEntry(
            id=new_id(), branch=branch, happened_on=TODAY, person_name=f"Somebody of {branch}", action="customers.merged",
            entity="customer", details={"reason": "=1+1"},
        ).save(force_create=True)  # fmt: skip

    in_app(site.app, write)


def test_details_are_one_line_of_words_and_what_is_no_object_stands_as_it_is() -> None:
    with use_locale("en"):
        assert (
            details_of("export.asked", '{"kind":"orders","branches":["PAR"]}')
            == "Branches: PAR · Kind: Orders"
        )
        assert details_of("pack.made", '{"views":["overview","profit"]}') == "Views: Overview, Profit"
        sent = '{"recipients":["a-1","b-2"],"branches":["PAR","NEW"]}'
        known = {"a-1": "Mei", "PAR": "Paris"}
        assert details_of("pack.made", sent, known) == "Branches: Paris, NEW · Sent to: Mei, b-2"
    assert details_of("pack.made", "") == ""
    assert details_of("pack.made", "[1]") == "[1]"
    assert details_of("pack.made", "torn {") == "torn {"


def test_what_somebody_did_is_found_by_person_act_and_day(site: Headquarters, client: Client) -> None:
    act_of_a_branch(site, "PAR")
    tang = site.visitor(client, "tang")
    tang.open("/audit")
    assert "Added a user" in tang.text()
    assert "Somebody of PAR" in tang.text()
    tang.open("/audit?branch=PAR")
    assert "Merged customers" in tang.text()
    assert "customers.merged" not in tang.text()
    assert 'id="audit-' in tang.page
    assert "Name: Mei" not in tang.text()
    tang.open("/audit?action=person.added&from=2026-11-20&to=2026-11-20")
    assert "Name: Mei" in tang.text()
    tang.open("/audit?person=nobody-of-this-name")
    assert "No entries here." in tang.text()


def test_who_gets_a_pack_is_told_by_name_on_the_page_and_in_the_file(
    site: Headquarters, client: Client
) -> None:
    tang = site.visitor(client, "tang")

    async def write() -> str:
        mei = await HqPerson.get(name="Mei")
        details = {"name": "Weekly", "recipients": [str(mei.id)], "branches": ["PAR"]}
        await AuditEntry(
            id=new_id(), branch=COMPANY, happened_on=TODAY, person_name="Tang", action="pack.made",
            entity="hq_pack", details=details,
        ).save(force_create=True)  # fmt: skip
        return str(mei.id)

    mei_id = in_app(site.app, write)
    file = tang.client.get("/audit?action=pack.made&format=csv").content.decode("utf-8-sig")
    tang.open("/audit?action=pack.made")
    for text in (tang.text(), file):
        assert "Branches: Paris · Sent to: Mei" in text
        assert mei_id not in text


def test_the_file_holds_the_list_and_is_an_entry_itself(site: Headquarters, client: Client) -> None:
    act_of_a_branch(site, "PAR")
    tang = site.visitor(client, "tang")
    answer = tang.client.get("/audit?branch=PAR&format=csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[-1][1] == "Somebody of PAR"
    assert rows[-1][5] == "customers.merged"
    assert not [cell for row in rows for cell in row if cell.startswith("=")]
    tang.open("/audit")
    assert "Exported the audit trail" in tang.text()


def test_a_reader_of_some_branches_sees_their_acts_alone(site: Headquarters, client: Client) -> None:
    act_of_a_branch(site, "PAR")
    act_of_a_branch(site, "SH")
    tang = site.visitor(client, "tang")
    tang.open("/people/new")
    tang.send(
        "/people/new", name="Noor", roles="hq_data_officer", branches="PAR", username="noor", password="tea with lemon"
    )  # fmt: skip
    noor = site.visitor(client, "noor")
    for url in ("/audit", "/audit?branch=SH", "/audit?action=person.added", "/audit?format=csv"):
        text = noor.open(url).text
        assert "Somebody of SH" not in text
        assert "Mei" not in text
    noor.open("/audit")
    assert len(re.findall(r'<tr id="audit-', noor.page)) == 1
