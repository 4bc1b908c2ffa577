"""Merge moves every reference, deletes nothing, and is undone exactly; edits made since are spared."""

from typing import Any
from uuid import UUID

import pytest
from tortoise import fields

from branch_node.customers.queries import duplicates_of, pick_customers, standing_customer
from branch_node.merges import actions, queries
from branch_node.merges.rules import conflicts, merged_values
from shared.database import Database, fetch_all
from shared.database.fields import InstantField, JsonField
from shared.errors import Conflict, Invalid, NotAllowed
from shared.ids import new_id
from shared.records import REPLICATED, Activity, Contact, ContactPoint, Customer, MergeRecord, Record
from tests.support.cast import LIN, NOON, SHANGHAI, SUN, TODAY, ZHOU, acting, customer_of, hire

BOOKKEEPING = {"revision", "changed_at", "changed_by"}


async def one_row_of(model: type[Record], customer_id: UUID) -> Record:
    """A row that names a customer; whatever it must have is made up."""
    values: dict[str, Any] = {"branch": "SH", "customer_id": customer_id}
    for name, column in model._meta.fields_map.items():
        if name in values or name == "id" or column.null or column.default is not None or not column.required:
            continue
        if isinstance(column, fields.UUIDField):
            values[name] = new_id()
        elif isinstance(column, fields.DateField):
            values[name] = TODAY
        elif isinstance(column, InstantField):
            values[name] = NOON
        elif isinstance(column, JsonField):
            values[name] = {}
        elif isinstance(column, fields.CharField | fields.TextField):
            values[name] = "CNY" if name == "currency" else "x"
        else:
            values[name] = 0
    return await model.create(**values)


def naming_customers() -> list[type[Record]]:
    return [model for model in REPLICATED if "customer_id" in model._meta.fields_map]


async def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows that a merge may touch, without who touched them last."""
    found = {}
    for model in [Customer, *naming_customers()]:
        table = model._meta.db_table
        rows = await fetch_all(f'SELECT * FROM "{table}" ORDER BY id')
        found[table] = [{k: v for k, v in dict(row).items() if k not in BOOKKEEPING} for row in rows]
    return found


async def two_customers() -> tuple[Customer, Customer]:
    await hire(*SHANGHAI)
    kept = await customer_of(LIN, "华东机电有限公司", city="上海", notes="老客户", phone="021-5800 1234")
    other = await customer_of(
        LIN, "华东机电设备公司", city="苏州", notes="", email="sales@east.example", status="customer",
        signed_on=TODAY, custom={"vip": True},
    )  # fmt: skip
    return kept, other


async def test_every_reference_moves_and_comes_back_exactly(database: Database) -> None:
    with acting(ZHOU):
        kept, other = await two_customers()
        for model in naming_customers():
            for customer in (kept, other):
                await one_row_of(model, customer.id)
        await Contact.filter(customer_id__in=[kept.id, other.id]).update(is_main=True)
        point = await ContactPoint.create(
            branch="SH", customer_id=other.id, contact_id=new_id(), kind="phone", value="1", key="+861"
        )
        before = await everything()
        record = await actions.merge_customers(ZHOU.person, kept, other)
        for table, column in actions.references():
            own = " AND contact_id IS NOT NULL" if table == "contact_point" else ""
            assert not await fetch_all(f'SELECT id FROM "{table}" WHERE {column} = :id{own}', id=other.id), (
                table
            )
        assert (await ContactPoint.get(id=point.id)).customer_id == kept.id
        assert await Contact.filter(customer_id=kept.id, is_main=True).count() == 1
        merged = await Customer.get(id=kept.id)
        assert (merged.status, merged.signed_on, merged.email) == ("customer", TODAY, "sales@east.example")
        assert {table: len(rows) for table, rows in before.items()} == {
            table: len(rows) for table, rows in (await everything()).items()
        }
        assert await actions.undo_merge(ZHOU.person, record) == []
        assert await everything() == before


async def test_what_somebody_changed_or_added_since_stays(database: Database) -> None:
    with acting(ZHOU):
        kept, other = await two_customers()
        record = await actions.merge_customers(ZHOU.person, kept, other, ["city"])
        row = await Customer.get(id=kept.id)
        assert row.city == "苏州"
        row.city = "无锡"
        await row.save()
        added = await one_row_of(Activity, kept.id)
        assert await actions.undo_merge(ZHOU.person, record) == ["city"]
        assert (await Customer.get(id=kept.id)).city == "无锡"
        assert (await Activity.get(id=added.id)).customer_id == kept.id
        assert (await Customer.get(id=other.id)).status == "customer"
        with pytest.raises(Conflict):
            await actions.undo_merge(ZHOU.person, record)


async def test_merges_in_a_row_are_undone_the_last_one_first(database: Database) -> None:
    with acting(ZHOU):
        kept, other = await two_customers()
        third = await customer_of(LIN, "华东机电")
        first = await actions.merge_customers(ZHOU.person, kept, other)
        second = await actions.merge_customers(ZHOU.person, third, await Customer.get(id=kept.id))
        assert (await Customer.get(id=other.id)).merged_into_id == third.id
        with pytest.raises(Conflict):
            await actions.undo_merge(ZHOU.person, first)
        await actions.undo_merge(ZHOU.person, second)
        await actions.undo_merge(ZHOU.person, first)
        assert await Customer.filter(merged_into_id__not_isnull=True).count() == 0
        assert await MergeRecord.filter(undone_at=None).count() == 0


async def test_a_merge_needs_its_right_and_two_living_customers(database: Database) -> None:
    with acting(ZHOU):
        kept, other = await two_customers()
        with pytest.raises(NotAllowed):
            await actions.merge_customers(LIN.person, kept, other)
        with pytest.raises(Invalid):
            await actions.merge_customers(ZHOU.person, kept, kept)
        await actions.merge_customers(ZHOU.person, kept, other)
        with pytest.raises(Conflict):
            await actions.merge_customers(ZHOU.person, kept, await Customer.get(id=other.id))


async def test_the_name_of_a_merged_customer_still_finds_it(database: Database) -> None:
    with acting(ZHOU):
        await hire(*SHANGHAI)
        kept = await customer_of(LIN, "华东机电", name_key="华东机电")
        other = await customer_of(LIN, "恒达贸易", name_key="恒达贸易")
        await actions.merge_customers(ZHOU.person, kept, other)
        found = await duplicates_of(ZHOU.person, name="恒达贸易有限公司", phone="", email="", tax_number="")
    assert [(one.id, one.reasons) for one in found] == [(kept.id, ["name"])]


async def test_the_search_for_a_merged_customer_leads_to_the_one_it_went_into(database: Database) -> None:
    with acting(ZHOU):
        await hire(*SHANGHAI)
        kept = await customer_of(LIN, "华东机电", search_key="华东机电")
        other = await customer_of(LIN, "老华东", search_key="老华东")
        await actions.merge_customers(ZHOU.person, kept, other)
        found = [await pick_customers(who.person, "老华东") for who in (ZHOU, LIN, SUN)]
        for who in (ZHOU, LIN):
            with pytest.raises(Invalid) as refused:
                await standing_customer(who.person, other.id)
            assert set(refused.value.fields) == {"customer_id"}
            assert refused.value.params == {"name": "老华东", "into": "华东机电"}
        assert (await standing_customer(LIN.person, kept.id)).id == kept.id
    assert [(one.value, one.label) for one in found[0]] == [(kept.id, "华东机电")]
    assert "老华东" in found[0][0].hint
    assert found[1] == found[0]


async def test_probable_pairs_are_within_reach_and_strongest_first(database: Database) -> None:
    with acting(ZHOU):
        await hire(*SHANGHAI)
        a = await customer_of(LIN, "甲公司", name_key="甲", tax_number="91310000X")
        b = await customer_of(LIN, "甲有限公司", name_key="甲", tax_number="9131-0000X")
        c = await customer_of(LIN, "乙公司", name_key="乙")
        d = await customer_of(LIN, "丙公司", name_key="丙")
        for customer in (c, d):
            await ContactPoint.create(
                branch="SH", customer_id=customer.id, kind="phone", value="1", key="+8613"
            )
        pairs = await queries.probable_pairs(ZHOU.person)
    assert [({one.one, one.other}, one.strength) for one in pairs] == [({a.id, b.id}, 2), ({c.id, d.id}, 1)]


def test_nothing_that_only_one_knew_is_lost() -> None:
    from branch_node.merges.rules import RESTORED

    blank: dict[str, Any] = dict.fromkeys(RESTORED, "") | {
        "status": "prospect", "acquired_on": TODAY, "signed_on": None, "last_contact_on": None,
        "next_contact_on": None, "custom": {}, "payment_terms_days": 30,
    }  # fmt: skip
    one, two = {**blank, "notes": "a", "city": "x"}, {**blank, "notes": "b", "city": "y", "email": "e"}
    assert conflicts(one, two) == ["city", "notes"]
    assert merged_values(one, two)["notes"] == "a\nb"
    assert (merged_values(one, two)["city"], merged_values(one, two, ["city"])["city"]) == ("x", "y")
    assert merged_values(one, two)["email"] == "e"
