"""The pages as people use them without scripts: forms that keep what was typed, nothing done twice, steady cost."""

import json
import re
from datetime import timedelta
from typing import Any

from branch_node.home import at_home, today
from branch_node.replication.merging import canonical_rows
from shared import clock
from shared.records import Activity, AuditEntry, Customer, PlanItem, RowConflict
from shared.replication.columns import replicated_tables
from shared.web.models import Session
from tests.support.branch_site import USERS, BranchSite
from tests.support.cast import LIN, SALES_SH
from tests.support.web_site import Visitor, in_app

People = dict[str, Visitor]


def at_branch(site: BranchSite, work: Any) -> Any:
    """Run `work` inside the site's database and home."""

    async def run() -> Any:
        with at_home(site.settings.home):
            return await work()

    return in_app(site.app, run)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""


def test_a_refused_form_keeps_what_was_typed_and_says_what_to_do(people: People) -> None:
    lin = people["lin"]
    lin.open("/customers/new")
    answer = lin.send("/customers", name="", email="nonsense", city="Suzhou")
    assert answer.status_code == 422
    assert "<title>Error:" in answer.text
    assert 'value="Suzhou"' in answer.text
    assert 'href="#f-email"' in answer.text
    assert lin.text().count("Write the e-mail address like name@example.com.") >= 2


def test_a_probable_duplicate_is_shown_first_and_entered_when_confirmed(
    people: People, site: BranchSite
) -> None:
    lin = people["lin"]
    lin.open("/customers/new")
    typed = {"name": "华东机电股份有限公司", "city": "Wuxi", "payment_terms_days": "30"}
    first = lin.send("/customers", **typed)
    assert first.status_code == 422
    assert "Probably known already" in lin.text()
    assert f"/customers/{site.rows.customer}" in first.text
    second = lin.send("/customers", **typed, confirmed="1")
    assert second.status_code == 200
    assert "华东机电股份有限公司" in second.text


def test_a_hidden_duplicate_names_whom_to_ask_and_nothing_else(people: People) -> None:
    found = people["lin"].open("/customers/duplicates?phone=13800138000").text
    assert USERS["zhou"].name in found
    assert "西部" not in found


def test_the_second_of_two_editors_sees_both_versions_and_may_save_again(
    people: People, site: BranchSite
) -> None:
    lin, sun, url = people["lin"], people["sun"], f"/customers/{site.rows.customer}"
    mine = lin.open(f"{url}/edit").text
    fields = {"name": "华东机电有限公司", "payment_terms_days": "30", "phone": "021-5800 1234"}
    theirs = sun.open(f"{url}/edit").text
    assert sun.send(url, **fields, city="Hangzhou", revision=hidden(theirs, "revision")).status_code == 200
    lin.page = mine
    refused = lin.send(url, **fields, city="Suzhou", revision=hidden(mine, "revision"))
    assert refused.status_code == 409
    assert "Hangzhou" in refused.text
    assert 'value="Suzhou"' in refused.text
    assert USERS["sun"].name in lin.text()
    again = lin.send(url, **fields, city="Suzhou", revision=hidden(refused.text, "revision"))
    assert again.status_code == 200
    assert "Suzhou" in again.text


def test_a_field_is_edited_where_it_stands_and_two_editors_of_it_see_both_values(
    people: People, site: BranchSite
) -> None:
    lin, sun, url = people["lin"], people["sun"], f"/customers/{site.rows.customer}/fields/email"
    mine = lin.open(url).text
    opened = {"revision": hidden(mine, "revision"), "was": hidden(mine, "was")}
    assert lin.send(url, email="nonsense", **opened).status_code == 422
    sun.open(url)
    assert "sun@east.example" in sun.send(url, email="sun@east.example", **opened).text
    refused = lin.send(url, email="lin@east.example", **opened)
    assert refused.status_code == 409
    assert "sun@east.example" in lin.text()
    assert 'value="lin@east.example"' in refused.text
    again = lin.send(
        url, email="lin@east.example", revision=hidden(refused.text, "revision"), was="sun@east.example"
    )
    assert "lin@east.example" in again.text
    assert lin.open(url.replace("email", "credit_limit_minor")).status_code == 404
    assert lin.open(url.replace("email", "owner_id")).status_code == 404


def test_the_same_line_sent_twice_is_one_item(people: People, site: BranchSite) -> None:
    lin = people["lin"]
    page = lin.open("/").text
    for _ in range(2):
        lin.page = page
        lin.send("/plan/items", line="只此一条", client_id=hidden(page, "client_id"))
    assert at_branch(site, lambda: PlanItem.filter(text="只此一条").count()) == 1


def test_a_day_from_plan_to_close(people: People) -> None:
    sun = people["sun"]
    sun.open("/")
    for line in ("9:00 #call 打电话", "#other 开会", "写报告"):
        sun.send("/plan/items", line=line)
    sun.send("/plan/submit")
    assert "submitted" in sun.text()
    first = re.search(r"/plan/items/([0-9a-f-]{36})/done", sun.page)
    assert first is not None
    sun.send(f"/plan/items/{first[1]}/done")
    sun.send("/plan/close", note="顺利")
    assert "Planned 3 = done 1 + carried over 2 + cancelled 0" in sun.text()
    sun.send("/plan/items", line="补一条")
    assert "1 addition" in sun.text()


def test_a_follow_up_from_the_card_sets_the_next_date(people: People, site: BranchSite) -> None:
    lin = people["lin"]
    lin.open(f"/followups/new?customer={site.rows.customer}")
    answer = lin.send(
        "/followups",
        customer_id=str(site.rows.customer),
        kind="visit",
        subject="谈合同",
        happened_on="today",
        next_on="+3",
    )
    assert answer.status_code == 200
    assert "谈合同" in answer.text
    count = at_branch(site, lambda: Activity.filter(subject="谈合同", status="planned").count())
    assert count == 1


def test_a_date_that_cannot_be_is_refused_at_its_field(people: People, site: BranchSite) -> None:
    lin = people["lin"]
    lin.open(f"/followups/new?customer={site.rows.customer}")
    answer = lin.send("/followups", customer_id=str(site.rows.customer), subject="x", happened_on="+2")
    assert answer.status_code == 422
    assert "This day is still to come. Plan the contact instead." in lin.text()


def test_chosen_customers_go_to_somebody_in_two_steps(people: People, site: BranchSite) -> None:
    ma = people["ma"]
    ma.open("/customers")
    step = ma.send("/customers/assign", ids=[str(site.rows.foreign)])
    assert "西部机床有限公司" in step.text
    done = ma.send("/customers/assign", ids=[str(site.rows.foreign)], to_id=str(LIN.id), to_id_text=LIN.name)
    assert done.status_code == 200
    assert people["lin"].open(f"/customers/{site.rows.foreign}").status_code == 200
    ma.send("/customers/assign", ids=[str(site.rows.foreign)], to_id=str(USERS["zhou"].id), to_id_text="周强")
    assert people["lin"].open(f"/customers/{site.rows.foreign}").status_code == 404


def test_an_export_is_noted_and_neutralises_formulas(people: People, site: BranchSite) -> None:
    at_branch(
        site,
        lambda: Customer.create(
            branch="SH", code="F-1", name="=1+1 Ltd", owner_id=LIN.id, department_id=SALES_SH, currency="CNY",
            acquired_on=site.settings.home.today,
        ),
    )  # fmt: skip
    answer = people["sun"].open("/customers?format=csv")
    assert answer.status_code == 200
    assert "'=1+1 Ltd" in answer.text
    assert at_branch(site, lambda: AuditEntry.filter(action="customers.exported").count()) >= 1


def test_a_page_of_the_list_costs_the_same_queries_at_any_size(people: People, site: BranchSite) -> None:
    """The footer tells administrators how many queries a page took."""
    counts = []
    for size in (10, 400):

        async def fill(size: int = size) -> None:
            day = site.settings.home.today - timedelta(days=400)
            rows = [
                Customer(
                    branch="SH", code=f"N{size}-{number}", name=f"户{size}-{number}", search_key=f"hu{size}{number}",
                    owner_id=LIN.id, department_id=SALES_SH, currency="CNY", acquired_on=day,
                )
                for number in range(size)
            ]  # fmt: skip
            await Customer.bulk_create(rows)

        at_branch(site, fill)
        page = people["he"].open("/customers")
        found = re.search(r"with (\d+) queries", people["he"].text())
        assert found is not None, page.status_code
        counts.append(int(found[1]))
    assert counts[0] == counts[1] <= 10


def test_my_day_and_the_card_stay_within_their_budget(people: People, site: BranchSite) -> None:
    """Rights of an administrator on top, only to read the number in the footer."""
    ma, he = people["ma"], people["he"]
    shown = he.open(f"/staff/{USERS['ma'].id}").text
    roles = ["branch_manager", "branch_admin"]
    he.send(f"/staff/{USERS['ma'].id}/roles", roles=roles, seen=hidden(shown, "seen"))
    budgets = {"/": 8, f"/customers/{site.rows.customer}": 14, "/team": 5, "/followups": 6, "/tasks": 5}
    for url, budget in budgets.items():
        ma.open(url)
        found = re.search(r"with (\d+) queries", ma.text())
        assert found is not None, url
        assert int(found[1]) <= budget, (url, found[1])


def test_every_page_is_whole_in_both_languages(people: People, site: BranchSite) -> None:
    """No English left over in Chinese: the language of the words that every page has."""
    lin = people["lin"]
    lin.open("/me")
    lin.send("/language", to="zh_CN", back="/")
    for url in ("/", "/customers", "/customers/new", "/followups", "/tasks", "/feedback", "/intel", "/team"):
        text = lin.open(url).text
        assert 'lang="zh-Hans"' in text
        assert "客户" in text
    lin.open("/me")
    lin.send("/language", to="en", back="/")


def test_what_was_just_done_to_the_plan_is_taken_back_by_the_button_of_the_message(people: People) -> None:
    lin = people["lin"]
    lin.open("/")
    lin.send("/plan/items", line="一时失手的事项")
    (url,) = re.findall(r'action="(/plan/items/[0-9a-f-]+)/cancel"', lin.page.partition("一时失手的事项")[2])[
        :1
    ]
    headers = {"x-csrf-token": lin.token(), "origin": "http://testserver", "hx-request": "true"}
    answer = lin.client.post(f"{url}/cancel", headers=headers)
    assert "is deleted." in answer.text
    undo = re.findall(r'action="(/undo/plan_item/[^"]+)"', answer.text)
    assert "一时失手的事项" not in lin.open("/").text
    lin.send(undo[0])
    assert "一时失手的事项" in lin.open("/").text
    assert lin.send(undo[0], follow=False).status_code == 409


def test_a_hand_over_has_its_undo_in_the_message_and_in_the_list(people: People, site: BranchSite) -> None:
    ma, sun = people["ma"], people["sun"]
    ma.open("/customers/hand-over")
    ma.send("/customers/hand-over", from_id=str(USERS["lin"].id), to_id=str(USERS["sun"].id))
    undo = re.findall(r'action="(/customers/hand-overs/[0-9a-f-]+/undo)"', ma.page)
    assert len(undo) == 2
    assert undo[0] == undo[1]
    assert people["lin"].open(f"/customers/{site.rows.customer}").status_code == 404
    ma.send(undo[0])
    assert "The hand-over is taken back" in ma.text()
    assert "taken back 20" in ma.text()
    assert undo[0] not in ma.page
    assert people["lin"].open(f"/customers/{site.rows.customer}").status_code == 200
    assert ma.send(undo[0], follow=False).status_code == 409
    assert sun.open(f"/customers/{site.rows.customer}").status_code == 200


def test_a_row_that_changed_on_both_sides_is_told_with_names_and_words(
    people: People, site: BranchSite
) -> None:
    async def conflict() -> RowConflict:
        with at_home(site.settings.home):
            activity = await Activity.filter(owner_id=USERS["lin"].id).first()
            assert activity is not None
            row_id = str(activity.id)
            ours = json.loads((await canonical_rows(replicated_tables()["activity"], [row_id]))[row_id])
            theirs = {**ours, "owner_id": str(USERS["sun"].id), "customer_id": str(site.rows.customer)}
            return await RowConflict.create(
                branch="SH", happened_on=today(), tbl="activity", row_id=row_id,
                ours=json.dumps(ours), theirs=json.dumps(theirs),
            )  # fmt: skip

    found = in_app(site.app, conflict)
    people["he"].open(f"/sync/conflicts/{found.id}")
    told = people["he"].text()
    assert USERS["sun"].name in told and USERS["lin"].name in told and "华东机电有限公司" in told
    assert str(USERS["sun"].id)[:8] not in told


def test_an_open_page_of_replication_asks_for_its_state_again(people: People, site: BranchSite) -> None:
    he, sun = people["he"], people["sun"]
    he.open("/sync")
    asked = re.search(r'<div id="sync-state" hx-get="([^"]+)"', he.page)
    assert asked is not None
    assert he.open(asked[1]).text.startswith('<div id="sync-state"')
    assert "<h1" not in he.page
    before = he.text()
    sun.open("/customers/new")
    assert sun.send("/customers", name="新写的一家公司").status_code == 200
    he.open(asked[1])
    assert he.text() != before


def test_what_an_open_page_asks_for_by_itself_is_no_visit(people: People, site: BranchSite) -> None:
    async def age() -> None:
        await Session.all().update(seen_at=clock.now() - timedelta(minutes=10))

    async def newest() -> timedelta:
        return clock.now() - max(await Session.all().values_list("seen_at", flat=True))

    in_app(site.app, age)
    assert people["he"].open("/sync?part=1").status_code == 200
    assert in_app(site.app, newest) > timedelta(minutes=9)
    assert people["he"].open("/sync").status_code == 200
    assert in_app(site.app, newest) < timedelta(minutes=1)
