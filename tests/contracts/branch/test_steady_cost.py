"""A page makes as many statements for thirty thousand customers, orders and instalments as for a thousand (PostgreSQL:
three thousand and three hundred, the statements being the same). What they take is measured at a hundred thousand
(tests/bench/branch_pages.py)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from structlog.testing import capture_logs

from branch_node.customers.fragments import index_fragments
from branch_node.home import at_home, today
from shared.database import engine, execute, fetch_all, transaction
from shared.records import Customer, Order, Receivable, Record
from tests.support.branch_site import BranchSite
from tests.support.cast import LIN
from tests.support.web_site import Visitor, in_app

SIZES = {"sqlite": (1_000, 30_000), "postgres": (300, 3_000)}
PAGES = (
    "/customers", "/customers?q=copy", "/customers?sort=name", "/customers/{customer}", "/", "/orders", "/orders?q=copy",
    "/orders/{order}", "/orders/new?customer={customer}", "/receivables", "/receivables?view=instalments",
    "/find?q=copy", "/customers/pick?q=copy", "/api/v1/customers?q=copy", "/api/v1/orders", "/api/v1/orders/{order}",
)  # fmt: skip


def id_of(kind: int) -> str:
    """SQL for an id made of what it is and the number `n.i`."""
    text = f"'0000000{kind}-0000-7000-8000-' || substr(CAST(1000000000000 + n.i AS VARCHAR(13)), 2)"
    return f"CAST({text} AS UUID)" if engine() == "postgres" else text


def day_of() -> str:
    """SQL for one of the last 700 days, by the number `n.i`."""
    if engine() == "postgres":
        return 't."happened_on" - CAST(n.i % 700 AS INT)'
    return """date(t."happened_on", '-' || (n.i % 700) || ' days')"""


async def copy(row: Record, first: int, last: int, **columns: str) -> None:
    """Further rows like this one in one statement, numbered `n.i`; `columns` in SQL."""
    names = sorted(row._meta.fields_db_projection.values())
    values = ", ".join(columns.get(name, f't."{name}"') for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    table = row._meta.db_table
    await execute(
        f'INSERT INTO "{table}" ({listed}) WITH RECURSIVE n(i) AS '
        "(SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < :last) "
        f'SELECT {values} FROM "{table}" t, n WHERE t.id = :id',
        first=first, last=last, id=row.id,
    )  # fmt: skip


async def first_sale(customer_id: UUID) -> tuple[Order, Receivable]:
    """An approved order of Lin's with one open instalment."""
    common: dict[str, Any] = {
        "branch": "SH", "customer_id": customer_id, "owner_id": LIN.id, "department_id": LIN.department_id,
        "happened_on": today(), "currency": "CNY",
    }  # fmt: skip
    order = await Order.create(
        number="SH-SO1", status="approved", approved_on=today(), base_currency="CNY", total_minor=100,
        base_minor=100, **common,
    )  # fmt: skip
    due = await Receivable.create(
        order_id=order.id, due_on=today(), amount_minor=100, base_minor=100, **common
    )
    return order, due


async def grow(customer: Customer, sale: tuple[Order, Receivable], first: int, last: int) -> None:
    """Customers of these numbers, each with an order and an instalment."""
    order, due = sale
    if engine() == "sqlite":
        for row in await fetch_all("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            await execute(
                f'DROP TRIGGER "{row["name"]}"'
            )  # nothing here is sent; a log of the filling costs its time again
    name = "'copy ' || CAST(n.i AS VARCHAR(9))"
    async with transaction():
        await copy(customer, first, last, id=id_of(1), code=name, name=name, search_key=name, name_key=name)
        await copy(order, first, last, id=id_of(2), number=name, customer_id=id_of(1), happened_on=day_of())
        await copy(due, first, last, id=id_of(3), order_id=id_of(2), customer_id=id_of(1))
    if engine() == "sqlite":
        await index_fragments()


def costs(visitor: Visitor, ids: Mapping[str, UUID]) -> dict[str, int]:
    """Statements by page; the fewer of two visits, since one may note the visit or sum up anew."""
    found = {}
    for url in PAGES:
        made = []
        for _ in range(2):
            with capture_logs() as told:
                assert visitor.open(url.format(**ids)).status_code == 200, url
            made.append(next(one["queries"] for one in told if one["event"] == "request answered"))
        found[url] = min(made)
    return found


def test_a_page_costs_the_same_statements_at_any_size(site: BranchSite, people: dict[str, Visitor]) -> None:
    async def filled(place: int) -> UUID:
        sizes = SIZES[engine()]
        first, last = (1, sizes[0]) if not place else (sizes[0] + 1, sizes[1])
        with at_home(site.settings.home):
            customer = await Customer.get(id=site.rows.customer)
            order = await Order.get_or_none(number="SH-SO1")
            sale = (
                (order, await Receivable.get(order_id=order.id)) if order else await first_sale(customer.id)
            )
            await grow(customer, sale, first, last)
            return sale[0].id

    order_id = in_app(site.app, lambda: filled(0))
    ids = {"customer": site.rows.customer, "order": order_id}
    few = costs(people["ma"], ids)
    in_app(site.app, lambda: filled(1))
    assert costs(people["ma"], ids) == few
    assert min(few.values()) > 1
