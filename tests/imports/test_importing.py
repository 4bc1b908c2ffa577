"""Rows come in: new, known, doubled, broken; each has one outcome, and a dry run writes nothing."""

import csv
from datetime import date
from pathlib import Path

import pytest

from branch_node.home import Home, at_home
from branch_node.imports.problems import BadFiles, BadMapping
from shared.database import execute
from shared.records import Contact, ContactPoint, Customer, Employee, Order
from tests.imports.company import TABLES, row_counts
from tests.imports.folders import CUSTOMERS, HEADER, bring_in, count, counts, reasons, table, write
from tests.support.cast import LIN, customer_of, hire

pytestmark = pytest.mark.usefixtures("database", "english")
SEVERAL = "\n".join(["", "on_match = '%s'", ""])


def matching(policy: str, *match: str) -> str:
    """The customers mapping with what shows that a row is here, and what is done then."""
    line = f"match = {list(match)}\non_match = '{policy}'\n"
    return CUSTOMERS.replace("[records.fields]", f"{line}[records.fields]")


ROWS = HEADER + "1,Acme Ltd.,010 6505 1234,a@acme.cn,北京\n2,Beta GmbH,,b@beta.de,Köln\n"


async def test_rows_become_customers_with_their_ways_to_be_reached(tmp_path: Path) -> None:
    outcome = await bring_in(CUSTOMERS, write(tmp_path, customers_csv=ROWS))
    assert counts(outcome) == (2, 0, 0, 0)
    acme = await Customer.get(code="1")
    assert (acme.branch, acme.name_key, acme.status, acme.currency, acme.owner_id) == (
        "SH",
        "acme",
        "prospect",
        "CNY",
        None,
    )
    points = await ContactPoint.filter(customer_id=acme.id).order_by("kind")
    assert [(point.kind, point.key) for point in points] == [
        ("email", "a@acme.cn"),
        ("phone", "+861065051234"),
    ]
    assert "a@acme.cn" in acme.search_key


async def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path: Path) -> None:
    folder = write(tmp_path, customers_csv=ROWS + "3,,,,\n")
    before = await row_counts()
    dry = await bring_in(CUSTOMERS, folder, dry_run=True)
    assert await row_counts() == before == dict.fromkeys(TABLES, 0)
    assert (await count("imported_row"), await count("import_run")) == (0, 0)
    real = await bring_in(CUSTOMERS, folder)
    assert counts(dry) == counts(real) == (2, 0, 0, 1)
    assert reasons(dry) == reasons(real)


async def test_failed_rows_are_in_the_result_file_with_reason_and_cells(tmp_path: Path) -> None:
    rows = ROWS + '3,,"=cmd()",c@c.cn,x\n4,Gamma,1,2,3,4\n'
    outcome = await bring_in(CUSTOMERS, write(tmp_path, customers_csv=rows), result_file=tmp_path / "r.csv")
    assert counts(outcome) == (2, 0, 0, 2)
    with (tmp_path / "r.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file))
    assert [(row["outcome"], row["file"], row["line"], row["column"]) for row in found] == [
        ("failed", "customers.csv", "4", "name"),
        ("failed", "customers.csv", "5", ""),
    ]
    assert found[0]["reason"] == "This is empty, and the record cannot be without it."
    assert "Phone==cmd()" in found[0]["row"]


async def test_the_failed_rows_come_in_when_they_are_corrected(tmp_path: Path) -> None:
    await bring_in(CUSTOMERS, write(tmp_path, customers_csv=ROWS + "3,,,,\n"))
    outcome = await bring_in(CUSTOMERS, write(tmp_path, customers_csv=ROWS + "3,Gamma,,,\n"))
    assert counts(outcome) == (1, 0, 2, 0)
    assert outcome.account.files[0].because == {"unchanged": 2}


async def test_missing_files_and_columns_are_named_together_before_anything_is_written(
    tmp_path: Path,
) -> None:
    toml = CUSTOMERS.replace(
        'customers = { path = "customers.csv" }',
        'customers = { path = "customers.csv" }\nx = { path = "x.csv" }',
    )
    with pytest.raises(BadFiles) as missing:
        await bring_in(toml, write(tmp_path, customers_csv=ROWS))
    assert [str(fault) for fault in missing.value.faults] == [
        "x.csv: There is no such file in the folder. Add it, or correct its path in the mapping."
    ]
    with pytest.raises(BadFiles) as refused:
        await bring_in(CUSTOMERS, write(tmp_path, customers_csv="No,name ,Telephone,City,City\n"))
    assert [str(fault) for fault in refused.value.faults] == [
        "records[1].fields.phone: customers.csv has no column Phone. Correct the name here, or add the column. It has: Telephone, No, name, City, City.",
        "records[1].fields.email: customers.csv has no column Mail. Correct the name here, or add the column. It has: No, name, Telephone, City, City.",
        "records[1].fields.city: customers.csv has 2 columns called City. Write City#1, City#2 ...",
    ]
    assert await count("customer") == 0


async def test_a_column_that_is_there_twice_is_chosen_by_its_number(tmp_path: Path) -> None:
    toml = CUSTOMERS.replace('"City"', '"City#2"')
    await bring_in(toml, write(tmp_path, customers_csv="No,Name,Phone,Mail,City,City\n1,A,,,x,y\n"))
    assert await table("SELECT city FROM customer") == [("y",)]


async def test_a_row_again_is_skipped_and_with_other_values_refused(tmp_path: Path) -> None:
    outcome = await bring_in(CUSTOMERS, write(tmp_path, customers_csv=HEADER + "1,A,,,\n1,A,,,\n1,B,,,\n"))
    assert counts(outcome) == (1, 0, 1, 1)
    assert reasons(outcome) == ["Line 2 has the same key with other values. Keep one of them."]


async def test_rows_without_a_key_are_told_apart_by_all_they_say(tmp_path: Path) -> None:
    toml = CUSTOMERS.replace('key = ["No"]\n', "").replace('code = "No"\n', "")
    folder = write(tmp_path, customers_csv=HEADER + ",A,,,x\n,A,,,x\n,B,,,x\n")
    assert counts(await bring_in(toml, folder)) == (3, 0, 0, 0)
    assert counts(await bring_in(toml, folder)) == (0, 0, 3, 0)
    assert [code for (code,) in await table("SELECT code FROM customer ORDER BY code")] == [
        "SH-C000001", "SH-C000002", "SH-C000003",
    ]  # fmt: skip


# --- what is here already -----------------------------------------------------------------------------------------


async def test_doubles_are_found_by_normalised_keys_and_links_go_to_the_one_that_is_here(
    tmp_path: Path,
) -> None:
    await hire(LIN)
    known = await customer_of(
        LIN, "上海华东机电有限公司", code="A1", name_key="上海华东机电", phone="021-5800 1234"
    )
    await ContactPoint.create(branch="SH", customer_id=known.id, kind="phone", value="x", key="+862158001234")
    rows = (
        HEADER
        + "1,上海華東機電有限公司,,,\n2,Other,(021) 58001234,,\n3,Third,021-58001234 ext 8,,\n4,New,,,\n"
    )
    outcome = await bring_in(matching("skip", "phone", "name"), write(tmp_path, customers_csv=rows))
    assert counts(outcome) == (1, 0, 3, 0)
    assert outcome.account.files[0].because == {"duplicate": 3}
    linked = await table(
        "SELECT external_key, row_id FROM imported_row WHERE action = 'matched' ORDER BY external_key"
    )
    assert [(key, str(row_id)) for key, row_id in linked] == [(key, str(known.id)) for key in "123"]


async def test_what_does_not_decide_is_a_warning(tmp_path: Path) -> None:
    rows = HEADER + "1,Acme,010-65051234,,\n2,Beta,(010) 6505 1234,,\n"
    outcome = await bring_in(CUSTOMERS, write(tmp_path, customers_csv=rows))
    assert counts(outcome) == (2, 0, 0, 0)
    assert [(note.outcome, note.line, note.reason) for note in outcome.notes] == [
        ("warning", 3, "Another customer has the same telephone.")
    ]
    assert outcome.account.warnings == 1


async def test_an_address_that_is_none_is_taken_over_and_told(tmp_path: Path) -> None:
    rows = HEADER + "1,Acme,,n/a,\n2,Beta,,info@beta.example,\n"
    outcome = await bring_in(CUSTOMERS, write(tmp_path, customers_csv=rows))
    assert counts(outcome) == (2, 0, 0, 0)
    assert [(note.outcome, note.line, note.reason) for note in outcome.notes] == [
        ("warning", 2, "n/a is no e-mail address; it is taken over as it is.")
    ]


@pytest.mark.parametrize(
    ("policy", "found", "name", "city"),
    [
        ("skip", (0, 0, 1, 0), "Old", ""),
        ("fill", (0, 1, 0, 0), "Old", "北京"),
        ("update", (0, 1, 0, 0), "New", "北京"),
        ("fail", (0, 0, 0, 1), "Old", ""),
    ],
)
async def test_what_is_done_with_a_row_that_is_here(
    tmp_path: Path, policy: str, found: tuple[int, ...], name: str, city: str
) -> None:
    await hire(LIN)
    await customer_of(LIN, "Old", code="1")
    folder = write(tmp_path, customers_csv=HEADER + "1,New,,,北京\n")
    assert counts(await bring_in(matching(policy, "code"), folder)) == found
    assert await table("SELECT name, city FROM customer") == [(name, city)]
    if policy != "fail":
        assert counts(await bring_in(matching(policy, "code"), folder)) == (0, 0, 1, 0)


async def test_a_changed_file_updates_its_rows_and_a_persons_change_is_kept(tmp_path: Path) -> None:
    await bring_in(CUSTOMERS, write(tmp_path, customers_csv=ROWS))
    beta = await Customer.get(code="2")
    beta.city = "Bonn"
    await beta.save()
    changed = ROWS.replace("北京", "天津").replace("Köln", "Aachen")
    outcome = await bring_in(CUSTOMERS, write(tmp_path, customers_csv=changed))
    assert counts(outcome) == (0, 1, 1, 0)
    assert outcome.account.files[0].because == {"edited_here": 1}
    assert await table("SELECT code, city, revision FROM customer ORDER BY code") == [
        ("1", "天津", 2),
        ("2", "Bonn", 2),
    ]
    forced = CUSTOMERS.replace("[records.fields]", 'on_edited = "update"\n[records.fields]')
    assert counts(await bring_in(forced, tmp_path)) == (0, 1, 1, 0)
    assert (await Customer.get(code="2")).city == "Aachen"


async def test_a_row_deleted_here_does_not_come_back(tmp_path: Path) -> None:
    folder = write(tmp_path, customers_csv=ROWS)
    await bring_in(CUSTOMERS, folder)
    await execute("UPDATE customer SET deleted_at = 1 WHERE code = '1'")
    outcome = await bring_in(CUSTOMERS, folder)
    assert outcome.account.files[0].because == {"deleted_here": 1, "unchanged": 1}


# --- rules --------------------------------------------------------------------------------------------------------


async def test_rules_compute_join_and_look_up(tmp_path: Path) -> None:
    toml = """
name = "crm"
[formats]
dates = ["DD/MM/YYYY"]
empty = ["NULL"]
[files]
c = { path = "c.csv" }
kinds = { path = "kinds.csv" }
people = { path = "people.csv" }
[[records]]
record = "customer"
file = "c"
key = ["No"]
[records.joins]
kind = { file = "kinds", on = { code = "Kind" } }
[records.fields]
code = { concat = [{ constant = "K" }, "No"], separator = "-" }
name = { first = ["Trade", "Name"] }
industry = "kind.text"
group = { column = "Class", values = { "1" = "A", "2" = "B" }, otherwise = "C" }
credit_limit = { multiply = ["Orders", "Value"] }
acquired_on = { column = "Since", add_days = 1 }
city = { column = "City", default = "上海" }
source = { lookup = { file = "people", key = "id", by = "Rep", column = "channel" } }
"""
    folder = write(
        tmp_path,
        c_csv="No,Name,Trade,Kind,Class,Orders,Value,Since,City,Rep\n7,Acme,NULL,m,1,3,\"$1,000.50\",31/01/2026,,r1\n8,Beta,B!,x,9,,,05/02/2026,北京,\n",
        kinds_csv="code,text\nm,machines\n",
        people_csv="id,channel\nr1,fair\n",
    )  # fmt: skip
    with at_home(Home("SH", currency="USD")):
        outcome = await bring_in(toml, folder)
    assert counts(outcome) == (2, 0, 2, 0)
    found = await table(
        "SELECT code, name, industry, customer_group, credit_limit_minor, city, source FROM customer ORDER BY code"
    )
    assert found == [
        ("K-7", "Acme", "machines", "A", 300_150, "上海", "fair"),
        ("K-8", "B!", "", "C", None, "北京", ""),
    ]
    assert [row.acquired_on for row in await Customer.all().order_by("code")] == [
        date(2026, 2, 1),
        date(2026, 2, 6),
    ]


async def test_a_join_that_fits_several_rows_fails_the_row_and_a_required_one_that_fits_none(
    tmp_path: Path,
) -> None:
    toml = CUSTOMERS.replace("[files]", "[files]\nkinds = { path = 'kinds.csv' }").replace(
        "[records.fields]",
        '[records.joins]\nkind = { file = "kinds", on = { code = "City" }, required = true }\n[records.fields]\nindustry = "kind.text"',
    )
    folder = write(
        tmp_path, customers_csv=HEADER + "1,A,,,m\n2,B,,,x\n3,C,,,n\n", kinds_csv="code,text\nm,1\nm,2\nn,3\n"
    )
    outcome = await bring_in(toml, folder)
    assert counts(outcome) == (1, 0, 3, 2)
    assert reasons(outcome) == [
        "kinds.csv has several rows for this. Keep one of them.",
        "kinds.csv has no row for this.",
    ]


async def test_only_rows_that_the_mapping_wants(tmp_path: Path) -> None:
    toml = CUSTOMERS.replace("[records.fields]", '[records.where]\nCity = ["北京"]\n[records.fields]')
    outcome = await bring_in(toml, write(tmp_path, customers_csv=ROWS))
    assert outcome.account.files[0].because == {"filtered": 1}
    assert await count("customer") == 1


BRANCHES = """
[branch]
unassigned = "SH"
codes = { SH = "10", GZ = "20" }
"""


async def test_rows_of_other_branches_are_skipped_and_those_of_none_are_taken_or_refused(
    tmp_path: Path,
) -> None:
    toml = (
        CUSTOMERS.replace('name = "crm"', f'name = "crm"{BRANCHES}')
        .replace("[records.fields]", 'branch = "City"\n[records.fields]')
        .replace('city = "City"\n', "")
    )
    folder = write(tmp_path, customers_csv=HEADER + "1,A,,,10\n2,B,,,20\n3,C,,,\n4,D,,,99\n")
    here = await bring_in(toml, folder)
    assert counts(here) == (2, 0, 1, 1)
    assert reasons(here) == [
        "The row belongs to no known branch (99). Name it in branch.codes or branch.unassigned."
    ]
    with at_home(Home("GZ")):
        assert counts(await bring_in(toml, folder)) == (1, 0, 3, 0)
    with at_home(Home("PAR")), pytest.raises(BadMapping) as refused:
        await bring_in(toml, folder)
    assert [str(fault) for fault in refused.value.faults] == [
        "branch.codes: There is no code for this branch, PAR. Add it to branch.codes."
    ]


# --- people and contacts ------------------------------------------------------------------------------------------

STAFF = """
name = "hr"
[files]
staff = { path = "staff.csv" }
[[records]]
record = "employee"
file = "staff"
[records.fields]
number = "No"
name = "Name"
department = "Department"
manager_number = "Boss"
roles = "Roles"
hired_on = "Since"
"""


async def test_staff_come_with_departments_managers_and_roles_whatever_their_order(tmp_path: Path) -> None:
    rows = "No,Name,Department,Boss,Roles,Since\n1,林娜,销售部,2,salesperson,2020-01-01\n2,孙伟,销售部,99,sales_manager;finance,2019-05-01\n"
    folder = write(tmp_path, staff_csv=rows)
    outcome = await bring_in(STAFF, folder)
    assert counts(outcome) == (2, 0, 0, 0)
    lin, sun = await Employee.get(number="1"), await Employee.get(number="2")
    assert (lin.manager_id, sun.manager_id, sun.manager_number) == (sun.id, None, "99")
    assert lin.department_id == sun.department_id
    assert await table("SELECT name, kind FROM department") == [("销售部", "sales")]
    assert [role for (role,) in await table("SELECT role_code FROM employee_role ORDER BY 1")] == [
        "finance", "sales_manager", "salesperson",
    ]  # fmt: skip
    assert await count("assignment") == 2
    assert counts(await bring_in(STAFF, folder)) == (0, 0, 2, 0)


async def test_a_reference_that_is_not_known_fails_the_row_or_is_left_empty(tmp_path: Path) -> None:
    toml = CUSTOMERS.replace('city = "City"', 'owner = "City"')
    folder = write(tmp_path, customers_csv=HEADER + "1,A,,,E9\n2,B,,,\n")
    outcome = await bring_in(toml, folder)
    assert counts(outcome) == (1, 0, 0, 1)
    assert reasons(outcome) == ["employee E9 is not known in this branch."]
    lenient = toml.replace('owner = "City"', 'owner = { column = "City", unknown = "empty" }')
    assert counts(await bring_in(lenient, folder)) == (1, 0, 1, 0)


async def test_contacts_of_customers_are_not_doubled(tmp_path: Path) -> None:
    toml = (
        CUSTOMERS
        + """
[[records]]
record = "contact"
file = "customers"
key = ["No"]
[records.fields]
customer = "No"
name = "City"
phone = "Phone"
"""
    )
    await hire(LIN)
    acme = await customer_of(LIN, "Acme", code="1")
    await Contact.create(branch="SH", customer_id=acme.id, name="Ann  Lee")
    folder = write(tmp_path, customers_csv=HEADER + "1,Acme,,,ann lee\n2,Beta,010-65051234,,Bob\n")
    outcome = await bring_in(toml, folder)
    assert outcome.account.records["contact"].created == 1
    assert counts(outcome) == (1, 0, 1, 0)
    assert await table("SELECT name FROM contact ORDER BY name") == [("Ann  Lee",), ("Bob",)]


async def test_a_run_that_is_stopped_keeps_what_is_in_and_says_what_it_did_not_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from branch_node.imports import plan

    monkeypatch.setattr(plan, "ROWS_AT_ONCE", 2)
    folder = write(
        tmp_path, customers_csv=HEADER + "".join(f"{number},C{number},,,\n" for number in range(9))
    )
    asked = 0

    def after_two_batches() -> bool:
        nonlocal asked
        asked += 1
        return asked > 2

    outcome = await bring_in(CUSTOMERS, folder, cancelled=after_two_batches)
    assert counts(outcome) == (4, 0, 5, 0)
    assert outcome.account.files[0].because == {"not_reached": 5}
    assert await table("SELECT status FROM import_run") == [("cancelled",)]
    assert counts(await bring_in(CUSTOMERS, folder)) == (5, 0, 4, 0)


ORDERS = """
name = "orders"
[files]
orders = { path = "orders.csv" }
[[records]]
record = "order"
file = "orders"
key = ["No"]
[records.fields]
number = "No"
customer = "Customer"
happened_on = "Day"
total = "Total"
"custom.contract_no" = "Contract"
"custom.channel" = "Channel"
"""
ORDER_HEADER = "No,Customer,Day,Total,Contract,Channel\n"


async def test_own_fields_of_orders_come_in_and_a_changed_file_changes_only_what_it_says(
    tmp_path: Path,
) -> None:
    await customer_of(LIN, "华东机电", code="E1")
    first = write(tmp_path / "a", orders_csv=f"{ORDER_HEADER}O-1,E1,2026-11-02,100,HT-1,fair\n")
    assert counts(await bring_in(ORDERS, first)) == (1, 0, 0, 0)
    order = await Order.get(number="O-1")
    assert order.custom == {"contract_no": "HT-1", "channel": "fair"}
    changed = write(tmp_path / "b", orders_csv=f"{ORDER_HEADER}O-1,E1,2026-11-02,100,HT-2,\n")
    assert counts(await bring_in(ORDERS, changed)) == (0, 1, 0, 0)
    assert (await Order.get(number="O-1")).custom == {"contract_no": "HT-2", "channel": "fair"}
    assert counts(await bring_in(ORDERS, changed)) == (0, 0, 1, 0)
