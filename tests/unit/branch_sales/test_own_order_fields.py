"""Own fields of orders are filtered, searched, listed and kept by the code that does it for customers."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from branch_node.customers.field_definitions import add_custom_field, toggle_custom_field
from branch_node.lists import paging
from branch_node.orders.actions import change_order
from branch_node.orders.forms import FilterForm
from branch_node.orders.listing import filter_of, listing_of
from branch_node.orders.queries import SORTS, orders_page, sums_of
from branch_node.own_fields import custom_fields
from branch_node.palette import own_values
from shared.i18n import use_locale
from shared.records import Customer, Order
from tests.support.cast import ADMIN, LIN, SUN, customer_of
from tests.support.sales import draft_order, order_form

pytestmark = pytest.mark.usefixtures("branch")
FIELDS = (("contract_no", "text"), ("express", "tick"), ("channel", "choice"), ("weight", "number"))


async def own_fields() -> dict[str, UUID]:
    made = {}
    for key, kind in FIELDS:
        choices = ("展会", "电话") if kind == "choice" else ()
        row = await add_custom_field(
            ADMIN.person, entity="order", key=key, label=key, label_en="", kind=kind, choices=choices,
            required=False,
        )  # fmt: skip
        made[key] = row.id
    return made


async def found(**query: str) -> set[str]:
    """Numbers of the orders of the list; the count says the same."""
    form = FilterForm(q=query.pop("q", ""))
    wanted = filter_of(form, query, await custom_fields("order"))
    rows = (await orders_page(LIN.person, wanted, paging({}, SORTS, "number"))).rows
    assert (await sums_of(LIN.person, wanted)).count == len(rows)
    return {row.number for row in rows}


async def order_with(customer: Customer, **custom: Any) -> Order:
    return await draft_order(customer, custom=custom)


async def test_orders_are_found_by_criterion_and_by_search_in_own_fields():
    await own_fields()
    east = await customer_of(LIN, "华东机电", search_key="east")
    fair = await order_with(east, contract_no="HT-2026-07", express="1", channel="展会", weight="12.50")
    phone = await order_with(east, contract_no="HT-2025-01", channel="电话")
    plain = await draft_order(east)
    assert await found(custom_express="1") == {fair.number}
    assert await found(custom_channel="电话") == {phone.number}
    assert await found(custom_contract_no="ht-20") == {fair.number, phone.number}
    assert await found(custom_weight="12.5", custom_channel="电话") == set()
    assert await found(q="2025-01") == {phone.number}
    assert await found(q="展会 east") == {fair.number}
    assert await found(q="contract_no") == set()
    assert await found(custom_unknown="x") == {fair.number, phone.number, plain.number}


async def test_own_fields_are_columns_on_demand_and_hidden_ones_keep_their_values():
    fields = await own_fields()
    east = await customer_of(LIN, "华东机电")
    order = await order_with(east, contract_no="HT-7", express="1")
    await toggle_custom_field(ADMIN.person, fields["contract_no"])
    changed = await change_order(
        LIN.person, order.id, order_form(east, revision=order.revision, custom={"weight": "3"})
    )
    assert changed.custom == {"contract_no": "HT-7", "express": False, "weight": "3"}
    own = await custom_fields("order")
    wanted = filter_of(FilterForm(), {}, own)
    row = (await orders_page(LIN.person, wanted, paging({}, SORTS, "number"))).rows[0]
    listing = listing_of(own, {})
    shown = listing.cells(row)
    assert [column.key for column in listing.columns][-3:] == list(listing.hidden)[-3:]
    assert (shown["custom_weight"], shown["custom_channel"]) == ("3", None)
    assert "custom_contract_no" not in shown


async def test_the_palette_finds_an_order_by_what_stands_in_its_own_fields() -> None:
    await own_fields()
    mine, hers = await customer_of(LIN, "华东机电"), await customer_of(SUN, "东方仪表")
    order = await order_with(mine, contract_no="HT-2026-7", weight="12.5")
    await draft_order(hers, SUN.person, custom={"contract_no": "HT-2026-8"})
    await draft_order(mine)
    request = SimpleNamespace(state=SimpleNamespace(person=LIN.person))

    async def hits(query: str) -> list[tuple[str, str]]:
        with use_locale("en"):
            return [(hit.label, hit.note) for hit in await own_values(request, query)]  # type: ignore[arg-type]

    assert await hits("ht-2026") == [(order.number, "华东机电 · contract_no: HT-2026-7")]
    assert await hits("12.5") == [(order.number, "华东机电 · weight: 12.5")]
    assert await hits("HT-2026-8") == []
    assert await hits("h") == []
