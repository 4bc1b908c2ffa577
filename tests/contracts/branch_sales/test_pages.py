"""Sales and money as people use the pages without scripts: typed words are enough, nothing is done twice, every
number leads to rows that add up to it."""

import csv
import html
import io
import re
from datetime import date
from typing import Any

from branch_node.home import at_home
from shared import clock
from shared.records import COMPANY, Customer, ExchangeRate, Expense, Order, OrderLine, Receipt
from tests.contracts.branch_sales.conftest import Office
from tests.support.branch_site import USERS
from tests.support.cast import LIN, SALES_SH, SUN, customer_of
from tests.support.web_site import Visitor, in_app

People = dict[str, Visitor]


def at_branch(office: Office, work: Any) -> Any:
    """Run `work` inside the site's database and home."""

    async def run() -> Any:
        with at_home(office.site.settings.home):
            return await work()

    return in_app(office.site.app, run)


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    return found[1] if found else ""


def minor(text: str) -> int:
    """'1,234.50' -> 123450"""
    return int(text.replace(",", "").replace(".", "").replace("\u2212", "-"))


def test_an_order_from_typed_words_to_approval_without_scripts(people: People, office: Office) -> None:
    lin, sun = people["lin"], people["sun"]
    lin.open("/orders/new")
    typed = {
        "customer_id_text": "华东机电有限公司", "happened_on": "today", "line-0-product_id_text": "m-20",
        "line-0-quantity": "10", "line-0-discount": "12", "line-1-text": "安装", "line-1-price": "100", "discount": "2",
        "tax": "13", "part-0-share": "30", "part-1-share": "70", "part-1-days": "30",
    }  # fmt: skip
    shown = lin.send("/orders", **typed, act="lines")
    assert shown.status_code == 422
    assert "Error:" not in shown.text.split("<main")[0]
    assert "¥12,292.14" in lin.text()
    assert "above your limit of 10.0%: needs 孙伟 (20.0%)" in lin.text()
    saved = lin.send("/orders", **typed)
    assert saved.status_code == 200
    assert "¥12,292.14" in lin.text()
    url = saved.url.path
    lin.send(f"{url}/submit")
    assert "submitted" in lin.text()
    refused = lin.send(f"{url}/submit")
    assert refused.status_code == 409
    assert "waits for approval" in lin.text()
    waiting = sun.open("/approvals").text
    assert "13.7%" in waiting
    request = next(
        found
        for found in re.findall(r"/approvals/([0-9a-f-]{36})", waiting)
        if found != str(office.rows.request)
    )
    page = sun.open(f"/approvals/{request}").text
    done = sun.send(f"/approvals/{request}", verdict="approve", seen=hidden(page, "seen"))
    assert done.status_code == 200
    assert "approved" in lin.open(url).text
    assert "3,687.64" in lin.text()


def test_a_customer_typed_by_half_a_name_is_asked_about(people: People) -> None:
    lin = people["lin"]
    lin.open("/customers/new")
    lin.send("/customers", name="华东阀门厂", payment_terms_days="30")
    lin.open("/orders/new")
    answer = lin.send(
        "/orders", customer_id_text="华东", happened_on="today", **{"line-0-text": "阀", "line-0-price": "5"}
    )
    assert answer.status_code == 422
    assert "Several customers match" in lin.text()
    assert '<select class="form-select' in answer.text
    assert 'value="5"' in answer.text
    answer = lin.send("/orders", customer_id_text="南极企鹅", happened_on="today")
    assert "No customer matches this" in lin.text()


def test_wrong_boxes_keep_what_was_typed_and_are_named(people: People, office: Office) -> None:
    lin = people["lin"]
    lin.open("/orders/new")
    answer = lin.send(
        "/orders",
        customer_id=str(office.rows.customer),
        happened_on="31-31",
        **{
            "line-0-text": "x",
            "line-0-list_price": "1,23",
            "line-0-quantity": "-1",
            "line-3-product_id_text": "nothing",
        },
    )
    assert answer.status_code == 422
    assert "<title>Error:" in answer.text
    for box in ("happened_on", "line-0-quantity"):
        assert f'href="#f-{box}"' in answer.text
    assert 'value="1,23"' in answer.text


def test_the_same_order_sent_twice_is_one_order(people: People, office: Office) -> None:
    lin = people["lin"]
    page = lin.open("/orders/new").text
    typed = {
        "customer_id": str(office.rows.customer), "happened_on": "today", "line-0-text": "只此一单",
        "line-0-price": "77", "client_id": hidden(page, "client_id"),
    }  # fmt: skip
    urls = set()
    for _ in range(2):
        lin.page = page
        urls.add(lin.send("/orders", **typed).url.path)
    assert len(urls) == 1
    assert at_branch(office, lambda: OrderLine.filter(text="只此一单").count()) == 1


def test_the_second_of_two_editors_is_told_and_may_save_again(people: People, office: Office) -> None:
    lin, url = people["lin"], f"/orders/{office.rows.draft}"
    mine = lin.open(f"{url}/edit").text
    fields = {
        "customer_id": str(office.rows.customer),
        "happened_on": "today",
        "line-0-text": "备件",
        "line-0-price": "9",
    }
    theirs = people["sun"].open(f"{url}/edit").text
    assert people["sun"].send(url, **fields, revision=hidden(theirs, "revision")).status_code == 200
    lin.page = mine
    refused = lin.send(url, **{**fields, "line-0-price": "8"}, revision=hidden(mine, "revision"))
    assert refused.status_code == 409
    assert f"{USERS['sun'].name} changed this order" in lin.text()
    again = lin.send(url, **{**fields, "line-0-price": "8"}, revision=hidden(refused.text, "revision"))
    assert again.status_code == 200
    assert "¥8.00" in lin.text()


def test_a_receipt_is_worked_out_refused_and_saved_without_scripts(people: People, office: Office) -> None:
    wang = people["wang"]
    wang.open(f"/receipts/new?customer={office.rows.customer}")
    head = {"customer_id": str(office.rows.customer), "happened_on": "today", "amount": "100"}
    shown = wang.send("/receipts", **head, mode="oldest", act="check")
    assert shown.status_code == 422
    assert "allocated ¥100.00 + unallocated ¥0.00 = ¥100.00" in wang.text()
    box = f"part_{office.rows.receivable}"
    wrong = wang.send("/receipts", **head, mode="by_hand", **{box: "100.05"})
    assert wrong.status_code == 422
    assert "Allocated ¥0.05 more than the receipt. Lower one line or leave it unallocated." in wang.text()
    assert 'value="100.05"' in wrong.text
    wrong = wang.send("/receipts", **{**head, "happened_on": "31-31"}, mode="by_hand", **{box: "abc"})
    assert "There is no such day" in wang.text()
    assert "&#34;abc&#34; is not an amount" in wrong.text
    assert "2 entries need correcting" in wang.text()
    right = wang.send("/receipts", **head, mode="by_hand", **{box: "60"})
    assert right.status_code == 200
    assert "unallocated ¥40.00" in wang.text()
    alike = wang.send("/receipts", **head, mode="none")
    assert alike.status_code == 422
    assert "This looks like receipt" in wang.text()
    assert wang.send("/receipts", **head, mode="none", anyway="1").status_code == 200


def test_a_receipt_sent_twice_is_one_receipt(people: People, office: Office) -> None:
    wang = people["wang"]
    page = wang.open("/receipts/new").text
    typed = {
        "customer_id": str(office.rows.customer), "amount": "12.34", "happened_on": "today", "mode": "none",
        "client_id": hidden(page, "client_id"),
    }  # fmt: skip
    for _ in range(2):
        wang.page = page
        assert wang.send("/receipts", **typed).status_code == 200
    assert at_branch(office, lambda: Receipt.filter(amount_minor=1_234).count()) == 1


def test_a_receipt_without_a_rate_keeps_what_was_typed_and_says_so(people: People, office: Office) -> None:
    wang = people["wang"]
    wang.open("/receipts/new")
    refused = wang.send(
        "/receipts", customer_id=str(office.rows.customer), amount="58", currency="JPY", happened_on="today"
    )
    assert refused.status_code == 422
    assert "JPY" in wang.text() and "rate" in wang.text()
    assert 'value="58"' in wang.page


def test_what_nothing_is_open_for_is_not_offered_to_be_allocated(people: People, office: Office) -> None:
    async def give_rate() -> None:
        await ExchangeRate.create(
            branch=COMPANY, currency="USD", to_currency="CNY", happened_on=date(2020, 1, 1), rate_e9=7_100_000_000,
            recorded_at=clock.now(),
        )  # fmt: skip

    at_branch(office, give_rate)
    wang = people["wang"]
    wang.open("/receipts/new")
    typed = {"customer_id": str(office.rows.customer), "amount": "57", "happened_on": "today", "mode": "none"}
    made = wang.send("/receipts", currency="USD", **typed)
    assert re.search(r"/receipts/[0-9a-f-]{36}$", str(made.url))
    assert "Nothing is open in USD; the receipt stays as credit of the customer." in wang.text()
    assert "Save allocation" not in wang.page
    wang.open("/receipts/new")
    wang.send("/receipts", **typed)
    assert "Save allocation" in wang.page


def test_reversing_asks_first_and_needs_a_reason(people: People, office: Office) -> None:
    wang = people["wang"]
    wang.open("/receipts/new")
    made = wang.send(
        "/receipts", customer_id=str(office.rows.customer), amount="55", happened_on="today", mode="none"
    )
    url = made.url.path
    wang.open(f"{url}/reverse")
    assert "no longer counts as received" in wang.text()
    assert wang.send(f"{url}/reverse", reason="").status_code == 422
    assert wang.send(f"{url}/reverse", reason="支票退回").status_code == 200
    assert "reversed" in wang.text()
    again = wang.send(f"{url}/reverse", reason="支票退回")
    assert again.status_code == 409
    assert "Record a new one" in wang.text()


def test_an_expense_from_entry_to_payment(people: People, office: Office) -> None:
    lin, ma, wang = people["lin"], people["ma"], people["wang"]
    lin.open("/expenses/new")
    made = lin.send(
        "/expenses", category="travel", amount="10万", currency="CNY", happened_on="today", description="展台"
    )
    url = made.url.path
    assert "¥100,000.00" in lin.text()
    lin.send(f"{url}/submit")
    request = re.search(r"/approvals/([0-9a-f-]{36})", lin.page)
    assert request is not None
    lin.open(f"/approvals/{request[1]}")
    assert "somebody else must approve it" in lin.text()
    ma.open(f"/approvals/{request[1]}")
    assert ma.send(f"/approvals/{request[1]}", verdict="reject").status_code == 422
    assert "Say why" in ma.text()
    ma.open(f"/approvals/{request[1]}")
    ma.send(f"/approvals/{request[1]}", verdict="approve")
    wang.open(url)
    assert wang.send(f"{url}/pay", paid_on="today").status_code == 200
    assert (
        at_branch(office, lambda: Expense.get(description="展台").values_list("status", flat=True)) == "paid"
    )


def test_a_quote_in_two_rounds_becomes_one_order(people: People, office: Office) -> None:
    lin, url = people["lin"], f"/quotes/{office.rows.quotation}"
    lin.open(url)
    lin.send(f"{url}/send")
    edit = lin.send(f"{url}/round")
    assert "superseded" in lin.open(url).text
    second = edit.url.path.removesuffix("/edit")
    lin.open(second)
    lin.send(f"{second}/send")
    first_order = lin.send(f"{second}/accept").url.path
    assert first_order.startswith("/orders/")
    lin.open(second)
    assert lin.send(f"{second}/accept").url.path == first_order
    assert at_branch(office, lambda: Order.filter(quotation_id=second.rpartition("/")[2]).count()) == 1


# --- numbers lead to their rows ---------------------------------------------------------------------------------


def test_every_figure_of_the_month_leads_to_rows_that_add_up_to_it(people: People) -> None:
    ma = people["ma"]
    page = ma.open("/income").text
    links = re.findall(r'<a href="(/(?:orders|expenses)\?[^"]+)">([\d,.\u2212-]+)</a>', page)
    assert len(links) >= 4
    for url, shown in links:
        text = ma.open(url.replace("&amp;", "&")).text
        sums = re.findall(r'class="ops-number">¥([\d,.]+)</b>', text)
        assert sums, url
        assert minor(sums[0]) == minor(shown), url
    assert "The departments add up to the branch." in ma.open("/income").text


def test_every_bucket_of_the_ageing_leads_to_instalments_that_add_up_to_it(people: People) -> None:
    ma = people["ma"]
    page = ma.open("/receivables").text
    links = re.findall(r'<a href="(/receivables\?[^"]*bucket[^"]*)">[^<]*?¥([\d,.]+)</a>', page)
    assert len(links) == 5
    for url, shown in links:
        target = url.replace("&amp;", "&")
        rows = file_rows(ma.open(f"{target}&format=csv").text)
        assert sum(minor(row[6]) for row in rows) == minor(shown), url


def file_rows(text: str) -> list[list[str]]:
    """The rows of an exported list, without its head."""
    lines = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    return lines[lines.index([]) + 2 :]


def test_an_export_says_what_it_is_and_adds_up_to_the_page(people: People) -> None:
    wang = people["wang"]
    shown = re.search(r"Remaining <b class=\"ops-number\">¥([\d,.]+)</b>", wang.open("/receivables").text)
    assert shown is not None
    text = wang.open("/receivables?format=csv").text
    for word in (
        "Receivables by customer",
        "Scope: whole branch",
        "As of: 20",
        f"Made by: {USERS['wang'].name}",
    ):
        assert word in text
    assert sum(minor(row[1]) for row in file_rows(text)) == minor(shown[1])


def test_nothing_new_is_entered_for_a_customer_that_was_merged(people: People, office: Office) -> None:
    kept = at_branch(office, lambda: customer_of(LIN, "合并后的客户"))
    gone = at_branch(
        office, lambda: customer_of(LIN, "被合并的客户", status="merged", merged_into_id=kept.id)
    )
    sentence = "被合并的客户 was merged into 合并后的客户. Choose that customer."
    line = {"line-0-text": "安装", "line-0-quantity": "1", "line-0-price": "100", "happened_on": "today"}
    typed: dict[str, dict[str, str]] = {
        "/orders": line, "/quotes": line, "/receipts": {"amount": "5", "happened_on": "today", "method": "bank", "mode": "none"},
        "/followups": {"subject": "回访", "kind": "call", "happened_on": "today"},
        "/feedback": {"subject": "迟到", "kind": "complaint", "happened_on": "today"},
        "/tasks": {"title": "回访", "assignee_id": str(LIN.person.id), "due_on": "+3"},
        "/opportunities": {"title": "新线", "amount": "5", "stage": "qualify", "expected_on": "+30"},
        f"/customers/{gone.id}/edit": {}, f"/customers/{gone.id}": {"name": "改名", "status": "customer", "revision": "1"},
    }  # fmt: skip
    for url, values in typed.items():
        who = people["wang" if url == "/receipts" else "ma"]
        who.open("/orders")
        if url.endswith("/edit"):
            answer = who.open(url)
        else:
            answer = who.send(url, customer_id=str(gone.id), **values)
        assert answer.status_code == 422, url
        assert sentence in html.unescape(answer.text), url
    found = at_branch(office, lambda: Customer.get(id=gone.id))
    assert (found.name, found.status) == ("被合并的客户", "merged")


def test_a_month_that_is_none_is_refused_at_its_field_and_narrows_nothing(people: People) -> None:
    ma = people["ma"]
    for url, row in (("/orders", "SH-SO"), ("/expenses", "SH-E")):
        shown = ma.open(f"{url}?period=2026-13").text
        assert 'value="2026-13"' in shown and "Write the period like 2026-11-22" in shown, url
        assert row in shown, url
        assert "Write the period" not in ma.open(f"{url}?period=２０２６－Q4").text, url


LISTS = [
    "/orders", "/quotes", "/receipts", "/expenses", "/opportunities/list", "/receivables?view=instalments", "/products",
    *(f"/approvals?which={which}" for which in ("mine", "asked", "decided")),
    *(f"/dunning?which={which}" for which in ("today", "held", "sent")),
]  # fmt: skip


def test_every_file_below_a_list_is_one_and_names_the_currency_of_its_amounts(people: People) -> None:
    with_amounts = []
    for url in LISTS:
        page = people["ma"].open(url).text
        for link in re.findall(r'href="([^"]*format=(?:csv|xlsx)[^"]*)"', page):
            answer = people["ma"].client.get(link.replace("&amp;", "&"))
            assert not answer.headers["content-type"].startswith("text/html"), link
            if "format=csv" in link:
                lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
                heads = lines[lines.index([]) + 1]
                rows = [dict(zip(heads, row, strict=True)) for row in file_rows(answer.text)]
                if rows and {"Amount", "Remaining", "List price"} & set(heads):
                    with_amounts.append(url)
                    assert {row["Currency"] for row in rows} <= {"CNY", "USD", "EUR"}, url
    assert {"/orders", "/quotes", "/receipts"} <= set(with_amounts)


def test_as_of_yesterday_nothing_was_owed(people: People) -> None:
    assert "Nothing is owed" in people["ma"].open("/receivables?as_of=-1").text


# --- lists ------------------------------------------------------------------------------------------------------


def test_a_view_is_kept_under_a_name_with_its_columns_and_forgotten_again(people: People) -> None:
    lin = people["lin"]
    lin.open("/orders")
    query = "status=approved&columns=customer&columns=total&sort=-total"
    kept = lin.send("/views", name="大单", list_url="/orders", query=query)
    assert {"status=approved", "columns=customer"} <= set(kept.url.query.decode().split("&"))
    heads = re.findall(r"<th scope=.col.[^>]*>(.*?)</th>", kept.text, re.S)
    assert len(heads) == 3
    assert "大单" in lin.open("/orders").text
    assert "大单" not in people["sun"].open("/orders").text
    titles = lin.open(f"/orders?{query}&format=csv").content.decode("utf-8-sig").splitlines()[6].split(",")
    assert len(titles) == 4, "the order, the two columns, the currency of the amount"
    lin.open("/orders")
    assert "大单" not in lin.send("/views/delete", name="大单", list_url="/orders").text


def test_a_document_is_found_by_its_number_within_reach(people: People, office: Office) -> None:
    async def number_of() -> str:
        return (await Order.get(id=office.rows.foreign)).number

    number = at_branch(office, number_of)
    short = f"so{int(number[-6:])}"
    assert str(office.rows.foreign) in people["sun"].open(f"/find?q={short}").text
    assert str(office.rows.foreign) in people["sun"].open(f"/find?q={number.lower()}").text
    assert str(office.rows.foreign) not in people["lin"].open(f"/find?q={short}").text


# --- cost -------------------------------------------------------------------------------------------------------


def queries_of(visitor: Visitor, url: str) -> int:
    """The number of queries that the footer tells administrators."""
    visitor.open(url)
    found = re.search(r"with (\d+) queries", visitor.text())
    assert found is not None, url
    return int(found[1])


async def write_orders(office: Office, numbers: range) -> None:
    """Customers with a draft each; sums that the site keeps are made anew afterwards."""
    customers = [
        Customer(
            branch="SH", code=f"B{number}", name=f"客户{number}", search_key=f"kehu{number}", owner_id=LIN.id,
            department_id=SALES_SH, currency="CNY", acquired_on=office.site.settings.home.today,
        )
        for number in numbers
    ]  # fmt: skip
    await Customer.bulk_create(customers)
    await Order.bulk_create(
        [
            Order(
                branch="SH", number=f"X{one.code}", customer_id=one.id, owner_id=LIN.id, department_id=SALES_SH,
                happened_on=one.acquired_on, currency="CNY", base_currency="CNY", total_minor=100,
            )
            for one in customers
        ]
    )  # fmt: skip


def test_pages_stay_within_their_budget_at_any_size(people: People, office: Office) -> None:
    """Ma Li is made an administrator too, only to read the number in the footer."""
    ma, he = people["ma"], people["he"]
    shown = he.open(f"/staff/{USERS['ma'].id}").text
    roles = ["branch_manager", "branch_admin", "finance"]
    he.send(f"/staff/{USERS['ma'].id}/roles", roles=roles, seen=hidden(shown, "seen"))
    rows = office.rows
    budgets = {
        "/orders": 8, "/orders/new": 9, "/orders/preview": 5, f"/orders/{rows.order}": 15,
        f"/orders/{rows.draft}/edit": 13, "/approvals": 9, f"/approvals/{rows.request}": 15, "/quotes": 8,
        f"/quotes/{rows.quotation}": 13, "/receivables": 9, "/receivables?view=instalments": 9,
        f"/receivables/customers/{rows.customer}": 10, f"/receivables/{rows.receivable}": 10, "/receipts": 8,
        "/receipts/new": 8, f"/receipts/{rows.receipt}": 9, "/expenses": 9, "/income": 10, "/products": 6,
    }  # fmt: skip
    urls = [url for url in budgets if url != "/orders/preview"]
    costs = []
    for numbers in (range(2), range(2, 120)):
        at_branch(office, lambda numbers=numbers: write_orders(office, numbers))
        costs.append({url: queries_of(ma, url) for url in urls})
    before, after = costs
    assert after == before
    assert {url: (number, budgets[url]) for url, number in after.items() if number > budgets[url]} == {}


def test_every_page_is_whole_in_chinese(people: People, office: Office) -> None:
    """No English sentence of ours is left over: the words that each page must have, and some it must not."""
    sun = people["sun"]
    sun.open("/me")
    sun.send("/language", to="zh_CN", back="/")
    pages = {
        "/orders": "订单", "/orders/new": "整单折扣", f"/orders/{office.rows.order}": "执行计划", "/approvals": "待我审批",
        f"/approvals/{office.rows.request}": "批准", "/quotes": "报价", "/receivables": "未收", "/receipts": "已入账合计",
        "/expenses": "费用", "/income": "营业利润", "/products": "产品",
    }  # fmt: skip
    for url, word in pages.items():
        text = re.sub(r"\s+", " ", sun.open(url).text)
        assert word in text, url
        for english in ("Amount", "Customer", "Remaining", "Orders", "Receipts", "Approve", "Nothing"):
            assert f">{english}" not in text, (url, english)
    sun.open("/me")
    sun.send("/language", to="en", back="/")


def test_own_fields_of_orders_are_filter_column_and_file(people: People, office: Office) -> None:
    he, lin = people["he"], people["lin"]
    he.open("/settings/fields")
    he.send("/settings/fields", entity="order", label="合同号", label_en="Contract no", kind="text")
    lin.open("/orders/new")
    typed = {"line-0-text": "合同货", "line-0-price": "5", "custom_contract_no": "HT-2026-07"}
    lin.send("/orders", customer_id=str(office.rows.customer), happened_on="today", **typed)
    assert "HT-2026-07" not in lin.open("/orders").text
    shown = lin.open("/orders?custom_contract_no=ht-2026&columns=number&columns=custom_contract_no").text
    assert "Contract no: ht-2026" in shown
    assert 'name="custom_contract_no" value="ht-2026"' in re.sub(
        r'(value="[^"]*") (name="[^"]*")', r"\2 \1", shown
    )
    assert "HT-2026-07" in shown
    assert "1 order" in lin.text()
    for kind in ("csv", "xlsx"):
        assert lin.client.get(f"/orders?custom_contract_no=ht-2026&format={kind}").status_code == 200
    file = lin.client.get("/orders?custom_contract_no=ht-2026&format=csv").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(file)))
    head = next(row for row in rows if "Contract no" in row)
    place = head.index("Contract no")
    assert [row[place] for row in rows[rows.index(head) + 1 :] if len(row) > place] == ["HT-2026-07"]
    api = lin.client.get("/api/v1/orders?custom_contract_no=ht-2026").json()["rows"]
    assert [row["custom"]["contract_no"] for row in api] == ["HT-2026-07"]


def test_who_sold_an_order_together_is_a_column_on_demand_and_stands_in_the_file(
    people: People, office: Office
) -> None:
    lin = people["lin"]
    lin.open("/orders/new")
    typed = {
        "line-0-text": "合卖的货", "line-0-price": "900", "share-0-employee_id_text": LIN.name, "share-0-percent": "66.67",
        "share-1-employee_id_text": SUN.name, "share-1-percent": "33.33",
    }  # fmt: skip
    lin.send("/orders", customer_id=str(office.rows.customer), happened_on="today", **typed)
    split = f"{LIN.name} 66.67%; {SUN.name} 33.33%"
    assert split not in lin.open("/orders").text
    assert split in lin.open("/orders?columns=number&columns=split").text
    file = lin.client.get("/orders?sort=-number&format=csv").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(file)))
    head = next(row for row in rows if "Seller split" in row)
    place = head.index("Seller split")
    found = [row[place] for row in rows[rows.index(head) + 1 :]]
    assert [text for text in found if text] == [split]
    assert len(found) > 1
    lin.open("/me")
    lin.send("/language", to="zh_CN", back="/")
    file = lin.client.get("/orders?columns=split&format=csv").content.decode("utf-8-sig")
    assert "销售分成" in file
    assert f"{LIN.name} 66.67%；{SUN.name} 33.33%" in file
    lin.open("/me")
    lin.send("/language", to="en", back="/")
