"""An order that several people sold: what each is credited with, and that it is never more or less than the order."""

from datetime import date
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from branch_node.approvals.actions import decide
from branch_node.figures.queries import figure_of
from branch_node.figures.rules import Parameters
from branch_node.histories.handlers import audit_row
from branch_node.histories.queries import history_of
from branch_node.histories.rules import KINDS
from branch_node.home import today
from branch_node.lists import paging
from branch_node.orders.actions import cancel_order, change_order, enter_order, ship_order, submit_order
from branch_node.orders.forms import CancelForm, OrderForm, ShipForm
from branch_node.orders.queries import SORTS, Filter, order_for, orders_page, sums_of
from branch_node.orders.shares import credited, shares_of
from shared.database import Database, fetch_value
from shared.errors import Invalid, NotAllowed, NotFound
from shared.i18n import use_locale
from shared.periods import Month
from shared.permissions import Person
from shared.records import Order, OrderShare
from shared.replication import capture
from tests.support.cast import LIN, MANAGER, SUN, WANG, Member, customer_of
from tests.support.sales import approved_order, draft_order, order_form

SELLERS = (LIN, SUN, WANG)
on_a_branch = settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
parts = st.lists(st.integers(1, 9_999), max_size=2, unique=True).map(
    lambda cuts: [
        after - before for before, after in zip([0, *sorted(cuts)], [*sorted(cuts), 10_000], strict=True)
    ]
)
sales = st.lists(
    st.tuples(
        st.permutations(SELLERS),
        parts,
        st.integers(1, 9_000_000),
        st.sampled_from(["draft", "approved", "cancelled", "shipped", "changed"]),
    ),
    min_size=1,
    max_size=3,
)


def split_of(shares: list[tuple[Member, int]]) -> list[dict[str, str]]:
    return [
        {"employee_id": str(member.id), "percent": f"{share // 100}.{share % 100:02d}"}
        for member, share in shares
    ]


async def sold(person: Person | None = None) -> dict[str, int]:
    """The month's sales by seller, as `person` sees them (nobody: the whole branch), minor units; with the total."""
    month = Month.containing(today())
    figure = await figure_of("sales", Parameters(first=month.first, last=today()), person)
    found = {line.unit.removeprefix("employee:"): int(line.values["sales"]) for line in figure.rows}
    return {**found, "total": int(figure.total.values["sales"])}


async def listed(person: Person, **who: UUID) -> int:
    """The sum under the list of orders that the figure leads to."""
    found = await sums_of(person, Filter(measure="sales", period=Month.containing(today()), **who))
    assert found.base_minor is not None
    return found.base_minor


def fair(total: int, shares: list[int]) -> list[int]:
    """By largest remainder, in fractions: the test's own arithmetic."""
    exact = [Fraction(total * share, 10_000) for share in shares]
    found = [int(one) for one in exact]
    for place in sorted(range(len(shares)), key=lambda place: found[place] - exact[place])[
        : total - sum(found)
    ]:
        found[place] += 1
    return found


@on_a_branch
@given(sales)
@pytest.mark.usefixtures("branch")
async def test_sellers_are_credited_with_their_shares_and_together_with_the_order(
    wanted: list[tuple[list[Member], list[int], int, str]],
) -> None:
    before, expected = await sold(), dict.fromkeys((str(one.id) for one in SELLERS), 0)
    for people, shares, fen, state in wanted:
        split = list(zip(people, shares, strict=False))
        customer = await customer_of(LIN)
        more = {"price": f"{fen // 100}.{fen % 100:02d}", "shares": split_of(split)}
        if state == "draft":
            await draft_order(customer, LIN.person, **more)
            continue
        order = await approved_order(customer, LIN.person, MANAGER.person, **more)
        if state == "cancelled":
            await cancel_order(MANAGER.person, order.id, CancelForm(reason="not wanted"))
        elif state == "shipped":
            await ship_order(MANAGER.person, order.id, ShipForm(shipped_on=today()))
        elif state == "changed":
            await change_order(MANAGER.person, order.id, order_form(customer, **more))
        if state in ("approved", "shipped"):
            for (member, _), amount in zip(split, fair(fen, shares), strict=True):
                expected[str(member.id)] += amount
    after = await sold()
    assert {key: after.get(key, 0) - before.get(key, 0) for key in expected} == expected
    assert after["total"] == sum(value for key, value in after.items() if key != "total")
    assert after["total"] == await listed(MANAGER.person)
    for member in SELLERS:
        assert await listed(MANAGER.person, owner_id=member.id) == after.get(str(member.id), 0)
    own = await sold(LIN.person)
    assert own["total"] == after.get(str(LIN.id), 0) == await listed(LIN.person)
    uneven = await fetch_value(
        "SELECT count(*) FROM (SELECT s.order_id, o.base_minor, SUM(s.share_bp) AS made, SUM(s.base_minor) AS base, "
        "MAX(s.approved_on) AS since FROM order_share s JOIN sales_order o ON o.id = s.order_id "
        "WHERE s.deleted_at IS NULL GROUP BY s.order_id, o.base_minor) AS sums "
        "WHERE made <> 10000 OR (since IS NOT NULL AND base <> base_minor) OR (since IS NULL AND base <> 0)"
    )
    assert uneven == 0


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(1, 10_000), min_size=1, max_size=6))
def test_amounts_of_shares_are_the_order_to_the_cent(total: int, weights: list[int]) -> None:
    people = [(UUID(int=place), weight) for place, weight in enumerate(weights)]
    order = {
        "customer_id": None, "owner_id": None, "department_id": None, "currency": "CNY", "total_minor": total,
        "base_minor": -total, "approved_on": date(2026, 11, 20), "shipped_on": None, "cancelled_on": None,
    }  # fmt: skip
    rows = credited(order, people)
    assert (sum(row["amount_minor"] for row in rows), sum(row["base_minor"] for row in rows)) == (
        total,
        -total,
    )
    assert all(row["amount_minor"] == 0 for row in credited({**order, "approved_on": None}, people))


@pytest.mark.parametrize(
    ("shares", "box"),
    [
        ([(LIN, 7_000), (SUN, 2_999)], "shares"),
        ([(LIN, 5_000), (LIN, 5_000)], "shares"),
        ([(None, 10_000)], "share-0-employee_id"),
    ],
)
async def test_shares_that_do_not_make_the_whole_order_are_refused_at_their_box(
    small_branch: Database, shares: list[tuple[Member | None, int]], box: str
) -> None:
    customer = await customer_of(LIN)
    typed = [
        {"employee_id": str(one.id) if one else str(UUID(int=1)), "percent": str(share / 100)}
        for one, share in shares
    ]
    form = OrderForm.model_validate({**order_form(customer).model_dump(), "shares": typed})
    with pytest.raises(Invalid) as refused:
        await enter_order(LIN.person, form)
    assert list(refused.value.fields) == [box]
    assert await Order.all().count() == 0


async def test_a_name_that_one_person_has_is_enough(small_branch: Database) -> None:
    customer = await customer_of(LIN)
    shares = [
        {"employee_id_text": LIN.name, "percent": "60"},
        {"employee_id_text": SUN.name, "percent": "40"},
    ]
    order = await draft_order(customer, shares=shares)
    assert [(one.employee_id, one.share_bp) for one in await shares_of(order.id)] == [
        (LIN.id, 6_000),
        (SUN.id, 4_000),
    ]


async def test_who_has_a_share_sees_the_order_and_nobody_else_does(branch: Database) -> None:
    customer = await customer_of(SUN)
    order = await draft_order(customer, SUN.person, shares=split_of([(SUN, 9_000), (LIN, 1_000)]))
    other = await draft_order(customer, SUN.person)
    pages = paging({}, SORTS, "number")
    assert [row.id for row in (await orders_page(LIN.person, Filter(), pages)).rows] == [order.id]
    assert (await order_for(LIN.person, order.id)).id == order.id
    with pytest.raises(NotFound):
        await order_for(LIN.person, other.id)
    with pytest.raises(NotFound):
        await order_for(LIN.person, order.id, "order.edit")
    with_one_seller = order_form(customer, revision=order.revision)
    await change_order(SUN.person, order.id, with_one_seller)
    assert await OrderShare.filter(order_id=order.id, deleted_at=None).count() == 0
    with pytest.raises(NotFound):
        await order_for(LIN.person, order.id)


async def test_who_has_a_share_does_not_approve_the_order(branch: Database) -> None:
    customer = await customer_of(LIN)
    with pytest.raises(NotAllowed):
        await approved_order(customer, LIN.person, SUN.person, shares=split_of([(LIN, 5_000), (SUN, 5_000)]))
    assert (await approved_order(customer, LIN.person, SUN.person)).status == "approved"


async def test_a_changed_split_between_sellers_is_told_with_the_order_and_approving_one_tells_none(
    branch: Database,
) -> None:
    await capture.install("SH")
    customer = await customer_of(LIN)
    order = await draft_order(customer, shares=split_of([(LIN, 7_000), (SUN, 3_000)]))
    for shares in ([(LIN, 5_000), (SUN, 5_000)], [], [(WANG, 10_000)]):
        await change_order(LIN.person, order.id, order_form(customer, shares=split_of(shares)))
    request = await submit_order(LIN.person, order.id)
    await decide(MANAGER.person, request.id, "approve", "")
    edits = await history_of(KINDS["orders"], order.id)
    told = [(before, after) for edit in edits for column, before, after in edit.changes if column == "split"]
    lin, sun, wang = (str(member.id) for member in (LIN, SUN, WANG))
    assert told == [
        ((), ((wang, 10_000),)),
        (((lin, 5_000), (sun, 5_000)), ()),
        (((lin, 7_000), (sun, 3_000)), ((lin, 5_000), (sun, 5_000))),
    ]
    with use_locale("en"):
        people = {str(member.id): member.name for member in (LIN, SUN, WANG)}
        rows = [audit_row(KINDS["orders"], edit, "", people) for edit in edits]
    changes = [change for row in rows for change in row.changes if change.label == "Seller split"]
    equal = f"{LIN.name} 50%; {SUN.name} 50%"
    assert [(change.before, change.after) for change in changes] == [
        ("one seller", f"{WANG.name} 100%"), (equal, "one seller"), (f"{LIN.name} 70%; {SUN.name} 30%", equal),
    ]  # fmt: skip
