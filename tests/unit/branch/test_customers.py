"""Customers: who may see whom, duplicates, both versions of an edit, hand-over."""

from collections.abc import Mapping
from uuid import uuid4

import pytest

from branch_node.customers import actions, card, contacts, owners, queries
from branch_node.customers.forms import ContactForm, CustomerForm, FilterForm
from branch_node.editing import ChangedMeanwhile
from branch_node.lists import Sort, paging
from branch_node.staff.queries import person_by_id
from shared.database import Database, count_queries, fetch_value
from shared.errors import Invalid, NotAllowed, NotFound
from shared.permissions import Person, Scope
from shared.records import Activity, AuditEntry, ContactPoint, CreditRecord, Customer, Task
from tests.support.cast import (
    FINANCE_SH,
    LIN,
    MANAGER,
    SALES_SH,
    SHANGHAI,
    SUN,
    TODAY,
    WANG,
    ZHAO,
    ZHOU,
    acting,
    customer_of,
    hire,
)


def first_page(sort: str = "-acquired", sorts: Mapping[str, Sort] = queries.SORTS, **params: str):
    return paging({"sort": sort, **params}, sorts, "-acquired")


async def names(person: Person, **filters: object) -> list[str]:
    found = await queries.customer_page(person, FilterForm(**filters), first_page("name"))
    return [row.name for row in found.cut.rows]


async def test_zhao_does_not_see_shanghais_customers(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI, ZHAO)
        ours = await customer_of(LIN)
        with pytest.raises(NotFound):
            await queries.customer_for(ZHAO.with_grants(customer__view=Scope.OWN), ours.id)


async def test_lin_sees_her_own_sun_his_department_ma_li_all(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        for owner, name in ((LIN, "甲"), (SUN, "乙"), (ZHOU, "丙")):
            row = await actions.add_customer(owner.person, CustomerForm(name=name))
            assert row.owner_id == owner.id
        assert await names(LIN.person) == ["甲"]
        assert await names(SUN.person) == ["甲", "乙"]
        assert sorted(await names(MANAGER.person)) == sorted(["丙", "甲", "乙"])


async def test_a_person_without_the_right_gets_no_list(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        with pytest.raises(NotAllowed):
            await names(LIN.with_grants(plan__view=Scope.OWN))


async def test_customers_are_found_by_fragment_pinyin_initials_and_phone(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        await actions.add_customer(LIN.person, CustomerForm(name="华东机电有限公司", phone="021-5800 1234"))
        await actions.add_customer(LIN.person, CustomerForm(name="East Motors Ltd"))
        for query in ("东机", "huadong", "hdjd", "580012", "ＨＤＪＤ"):
            assert await names(LIN.person, q=query) == ["华东机电有限公司"]
        assert await names(LIN.person, q="motors east") == ["East Motors Ltd"]
        assert await names(LIN.person, q="%") == []


async def test_chinese_names_sort_by_pinyin(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        for name in ("浙江贸易", "安徽机床", "Beta", "重庆钢铁"):
            await actions.add_customer(LIN.person, CustomerForm(name=name))
        assert await names(LIN.person) == ["安徽机床", "Beta", "重庆钢铁", "浙江贸易"]


async def test_pages_forward_and_back_show_every_customer_once(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        for number in range(120):
            await customer_of(LIN, f"客户{number:03d}")
        seen: list[str] = []
        cursor = ""
        pages = []
        while True:
            params = {"after": cursor} if cursor else {}
            found = await queries.customer_page(LIN.person, FilterForm(), first_page(**params))
            seen += [row.name for row in found.cut.rows]
            pages.append([row.name for row in found.cut.rows])
            cursor = found.cut.next
            if not cursor:
                back = await queries.customer_page(
                    LIN.person, FilterForm(), first_page(before=found.cut.previous)
                )
                break
    assert len(seen) == len(set(seen)) == 120
    assert [len(one) for one in pages] == [50, 50, 20]
    assert [row.name for row in back.cut.rows] == pages[1]
    assert (found.count, found.is_exact) == (120, True)


@pytest.mark.parametrize(
    "sort", ["name", "-name", "signed", "-last_contact", "next_contact", "-code", "acquired"]
)
async def test_every_order_pages_through_all_rows(database: Database, sort: str) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        for number in range(60):
            await customer_of(LIN, f"客户{number:03d}", signed_on=TODAY if number % 3 else None)
        first = await queries.customer_page(LIN.person, FilterForm(), first_page(sort))
        second = await queries.customer_page(LIN.person, FilterForm(), first_page(sort, after=first.cut.next))
    assert len({row.id for row in (*first.cut.rows, *second.cut.rows)}) == 60


async def test_a_page_costs_the_same_queries_at_any_size(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        costs = []
        for size in (10, 1_000):
            have = await Customer.all().count()
            await Customer.bulk_create(
                [
                    Customer(
                        branch="SH", code=f"X{number}", name=f"名{number}", search_key=f"ming{number}",
                        owner_id=LIN.id, department_id=SALES_SH, currency="CNY", acquired_on=TODAY,
                    )
                    for number in range(have, size)
                ]
            )  # fmt: skip
            counter = count_queries()
            await queries.customer_page(LIN.person, FilterForm(), first_page())
            costs.append(counter[0])
    assert costs == [3, 3]


# --- duplicates -------------------------------------------------------------------------------------------------


async def duplicates(person: Person, **typed: str) -> list[tuple[str, list[str]]]:
    values = {"name": "", "phone": "", "email": "", "tax_number": "", **typed}
    return [(one.name, list(one.reasons)) for one in await queries.duplicates_of(person, **values)]


async def test_a_duplicate_is_found_on_each_key(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        await actions.add_customer(
            LIN.person,
            CustomerForm(
                name="上海华东机电有限公司", phone="021-5800 1234", email="Info@HuaDong.cn",
                tax_number="91310000ma1fl0001x",
            ),
        )  # fmt: skip
        name = "上海华东机电有限公司"
        assert await duplicates(LIN.person, name="上海華東機電股份有限公司") == [(name, ["name"])]
        assert await duplicates(LIN.person, phone="+86 21 58001234") == [(name, ["phone"])]
        assert await duplicates(LIN.person, email="info@huadong.CN") == [(name, ["email"])]
        assert await duplicates(LIN.person, tax_number="91310000MA1FL0001X") == [(name, ["tax_number"])]
        assert await duplicates(LIN.person, name="另一家") == []


async def test_who_has_no_double_costs_one_question_whatever_is_known(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        await customer_of(LIN, "甲公司")
        for typed in (
            {"name": "乙公司"},
            {"phone": "13800138000"},
            {"name": "乙公司", "phone": "1", "tax_number": "X1"},
        ):
            counter = count_queries()
            assert await duplicates(LIN.person, **typed) == []
            assert counter[0] == 1
        assert await duplicates(LIN.person) == []
        assert counter[0] == 1


async def test_a_new_customer_is_with_its_author_and_their_department_unless_said_otherwise(
    database: Database,
) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        sun = await person_by_id(SUN.id)
        assert sun is not None
        for form, owner in (
            (CustomerForm(name="甲"), SUN),
            (CustomerForm(name="乙", owner_id=SUN.id), SUN),
            (CustomerForm(name="丙", owner_id=LIN.id), LIN),
        ):
            row = await actions.add_customer(sun, form)
            assert (row.owner_id, row.department_id) == (owner.id, SALES_SH)


async def test_an_imported_tax_number_is_found_however_it_is_written(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        await customer_of(LIN, "法国客户", tax_number="fr 40.303-265 045")
        assert await duplicates(LIN.person, tax_number="FR40303265045") == [("法国客户", ["tax_number"])]


async def test_a_contacts_phone_counts_too(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await actions.add_customer(LIN.person, CustomerForm(name="甲公司"))
        await contacts.save_contact(LIN.person, row, ContactForm(name="王先生", phone="138 0013 8000"))
        assert await duplicates(LIN.person, phone="+8613800138000") == [("甲公司", ["phone"])]


async def test_a_duplicate_outside_reach_is_told_by_its_owner_only(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        await actions.add_customer(SUN.person, CustomerForm(name="甲公司", phone="13800138000"))
        found = await queries.duplicates_of(LIN.person, name="", phone="13800138000", email="", tax_number="")
    assert [(one.id, one.name, one.owner, one.is_hidden) for one in found] == [(None, "", SUN.name, True)]


async def test_the_customer_being_edited_is_no_duplicate_of_itself(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await actions.add_customer(LIN.person, CustomerForm(name="甲公司"))
        assert (
            await queries.duplicates_of(
                LIN.person, name="甲公司", phone="", email="", tax_number="", own_id=row.id
            )
            == []
        )


# --- changing ---------------------------------------------------------------------------------------------------


async def test_the_second_of_two_editors_gets_both_versions(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await actions.add_customer(LIN.person, CustomerForm(name="甲公司", city="上海"))
        seen = await Customer.get(id=row.id)
        await actions.change_customer(
            SUN.person, seen, CustomerForm(name="甲公司", city="杭州", revision=seen.revision)
        )
        with pytest.raises(ChangedMeanwhile) as refused:
            await actions.change_customer(
                LIN.person, seen, CustomerForm(name="甲公司", city="苏州", revision=seen.revision)
            )
        assert refused.value.status == 409
        assert refused.value.current.city == "杭州"
        assert (await Customer.get(id=row.id)).city == "杭州"


async def test_the_sales_limit_is_set_by_who_may_and_leaves_a_record(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await actions.add_customer(LIN.person, CustomerForm(name="甲公司", credit_limit_minor=100))
        assert (await Customer.get(id=row.id)).credit_limit_minor is None
        await actions.change_customer(
            SUN.person, row, CustomerForm(name="甲公司", credit_limit_minor=50_000_000, revision=row.revision)
        )
        assert (await Customer.get(id=row.id)).credit_limit_minor == 50_000_000
        assert [(one.kind, one.limit_minor) for one in await CreditRecord.all()] == [("limit", 50_000_000)]


async def test_only_an_approved_order_makes_a_customer_of_a_prospect(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await actions.add_customer(LIN.person, CustomerForm(name="甲公司", status="customer"))
        assert row.status == "prospect"
        row = await actions.change_customer(LIN.person, row, CustomerForm(name="甲公司", status="customer"))
        assert row.status == "prospect"


async def test_a_code_belongs_to_one_customer(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        await actions.add_customer(LIN.person, CustomerForm(name="甲公司", code="K-1"))
        with pytest.raises(Invalid) as refused:
            await actions.add_customer(LIN.person, CustomerForm(name="乙公司", code="K-1"))
    assert set(refused.value.fields) == {"code"}


# --- hand-over --------------------------------------------------------------------------------------------------


async def test_everything_open_of_a_leaver_goes_over_and_history_stays(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        kept = [await customer_of(LIN, f"客户{number}") for number in range(3)]
        await Activity.create(
            branch="SH", customer_id=kept[0].id, owner_id=LIN.id, kind="call", subject="旧", happened_on=TODAY
        )
        await Activity.create(
            branch="SH", customer_id=kept[0].id, owner_id=LIN.id, kind="call", subject="新", status="planned",
            planned_on=TODAY,
        )  # fmt: skip
        await Task.create(branch="SH", employee_id=LIN.id, title="收款")
        moved = (await owners.hand_over(SUN.person, LIN.id, SUN.id, "离职")).moved
        assert (moved["customers"], moved["tasks"], moved["followups"]) == (3, 1, 1)
        assert await queries.holdings(LIN.id) == {"customers": 0, "tasks": 0, "followups": 0, "feedback": 0}
        assert await fetch_value("SELECT owner_id FROM activity WHERE subject = '旧'") in (
            LIN.id,
            str(LIN.id),
        )
        noted = await AuditEntry.get(action="customers.handed_over")
        assert (noted.details["from"], noted.details["to"], noted.details["moved"]["customers"]) == (
            LIN.name, SUN.name, 3,
        )  # fmt: skip
        again = await owners.hand_over(SUN.person, LIN.id, SUN.id)
    assert (sum(again.moved.values()), again.entry_id) == (0, None)


async def test_a_hand_over_is_replicated_row_by_row(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        await customer_of(LIN, "甲公司")
        before = await fetch_value("SELECT count(*) AS n FROM change WHERE tbl = 'customer' AND op = 'u'")
        await owners.hand_over(SUN.person, LIN.id, SUN.id)
        after = await fetch_value("SELECT count(*) AS n FROM change WHERE tbl = 'customer' AND op = 'u'")
    assert after - before == 1


async def test_sun_hands_over_only_within_his_department(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        with pytest.raises(NotAllowed):
            await owners.hand_over(SUN.person, LIN.id, WANG.id)
        with pytest.raises(NotFound):
            await owners.hand_over(SUN.person, ZHOU.id, LIN.id)
        with pytest.raises(NotAllowed):
            await owners.hand_over(LIN.person, LIN.id, SUN.id)


async def test_assigning_a_customer_outside_reach_moves_none(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        ours = await customer_of(LIN)
        foreign = await customer_of(WANG, "外", department_id=FINANCE_SH)
        with pytest.raises(NotFound):
            await owners.assign_customers(SUN.person, [ours.id, foreign.id], SUN.id)
        assert (await Customer.get(id=ours.id)).owner_id == LIN.id
        assert await owners.assign_customers(SUN.person, [ours.id], SUN.id) == 1


# --- the card ---------------------------------------------------------------------------------------------------


async def test_the_timeline_holds_what_the_reader_may_see(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await customer_of(LIN)
        await Activity.create(
            branch="SH", customer_id=row.id, owner_id=LIN.id, kind="call", subject="问价", happened_on=TODAY
        )
        await Task.create(branch="SH", employee_id=LIN.id, customer_id=row.id, title="送样品", due_on=TODAY)
        mine, older = await card.timeline(LIN.person, row)
        finance, _ = await card.timeline(WANG.person, row)
        nobody, _ = await card.timeline(LIN.with_grants(order__view=Scope.OWN), row)
    assert ({event.text for event in mine}, older) == ({"问价", "送样品"}, "")
    assert {event.text for event in finance} == {"问价"}
    assert nobody == []


async def test_older_entries_follow_without_gap_or_repeat(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await customer_of(LIN)
        for number in range(70):
            await Activity.create(
                branch="SH", customer_id=row.id, owner_id=LIN.id, kind="call", subject=f"{number}",
                happened_on=TODAY,
            )  # fmt: skip
        seen: list[str] = []
        before = ""
        while True:
            events, before = await card.timeline(LIN.person, row, "contacts", before)
            seen += [event.text for event in events]
            if not before:
                break
    assert sorted(seen, key=int) == [str(number) for number in range(70)]


async def test_an_unknown_customer_is_not_found(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        with pytest.raises(NotFound):
            await queries.customer_for(LIN.person, uuid4())
        row = await customer_of(LIN)
        money = await card.money_of(row)
    assert (money.remaining.minor, money.order_count, money.credit.used_bp) == (0, 0, None)


async def test_one_field_is_changed_where_it_stands_and_only_a_change_of_that_field_conflicts(
    database: Database,
) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        row = await actions.add_customer(LIN.person, CustomerForm(name="甲公司", phone="021-5800 1234"))
        seen = {"revision": row.revision, "was": row.phone}
        await actions.change_field(SUN.person, row, "email", "a@b.cn", revision=row.revision, was="")
        saved = await actions.change_field(LIN.person, row, "phone", "13800138000", **seen)
        assert (saved.email, saved.phone) == ("a@b.cn", "13800138000")
        keys = {one.key for one in await ContactPoint.filter(customer_id=row.id, deleted_at=None)}
        assert keys == {"a@b.cn", "+8613800138000"}
        with pytest.raises(ChangedMeanwhile):
            await actions.change_field(SUN.person, row, "phone", "13900139000", **seen)
        assert (await Customer.get(id=row.id)).phone == "13800138000"
