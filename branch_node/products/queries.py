"""Reads of products: the list, one with its prices, typeahead, prices of a day for order lines."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import Cut, Paging, Sort, as_kind, like
from branch_node.products.rules import DatedPrice, list_price
from branch_node.searching import plain, words
from shared.database import fetch_all
from shared.errors import NotFound
from shared.money import Money
from shared.permissions import Person, reach
from shared.records import COMPANY, PriceItem, Product

PICK_LIMIT = 8

SORTS: Mapping[str, Sort] = {"name": Sort("p.search_key"), "code": Sort("p.code")}


@dataclass(frozen=True)
class ProductRow:
    """A line of the list."""

    id: UUID
    code: str
    name: str
    category: str
    unit: str
    price: Money
    active: bool
    is_own: bool


@dataclass(frozen=True)
class Priced:
    """A product with its list price in a currency on a day (None: it has none) and its cost in that currency (0:
    not known)."""

    id: UUID
    code: str
    name: str
    unit: str
    price_minor: int | None
    cost_minor: int

    @property
    def names(self) -> frozenset[str]:
        """What it may be called in a typed line: name and code, case and width ignored."""
        return frozenset({plain(self.name), plain(self.code)})


@dataclass(frozen=True)
class Picked:
    """One hit of a typeahead."""

    value: UUID
    label: str
    hint: str


def owners() -> list[str]:
    """Whose products are sold here: the branch's own and the company's."""
    return [home().code, COMPANY]


LIST_SQL = """
SELECT p.id, p.branch, p.code, p.name, p.category, p.unit, p.currency, p.list_price_minor, p.active,
  {sort} AS sort_value
FROM product p WHERE {where} AND {page} {order}"""


async def products_page(
    person: Person, paging: Paging, query: str = "", *, with_old: bool = False
) -> Cut[ProductRow]:
    """One page of products by name or code; those no longer sold only `with_old`."""
    reach(person, "product.view")
    clauses = ["p.branch IN :owners", "p.deleted_at IS NULL"]
    params: dict[str, Any] = {"owners": owners()}
    if not with_old:
        clauses.append("p.active = :yes")
        params["yes"] = True
    for place, word in enumerate(words(query)):
        clauses.append(
            f"(p.search_key LIKE :word{place} ESCAPE '!' OR LOWER(p.code) LIKE :word{place} ESCAPE '!')"
        )
        params[f"word{place}"] = like(word)
    page, order, more = paging.sql("p.id")
    sql = LIST_SQL.format(sort=paging.sort.expression, where=" AND ".join(clauses), page=page, order=order)
    cut = paging.cut(await fetch_all(sql, **params, **more))
    return Cut([_row(row) for row in cut.rows], cut.next, cut.previous)


def _row(row: Mapping[str, Any]) -> ProductRow:
    return ProductRow(
        as_kind(row["id"], UUID),
        row["code"],
        row["name"],
        row["category"],
        row["unit"],
        Money(int(row["list_price_minor"]), row["currency"]),
        bool(row["active"]),
        row["branch"] == home().code,
    )


async def product_for(person: Person, product_id: UUID, action: str = "product.view") -> Product:
    """The product; NotFound when it is not sold here."""
    reach(person, action)
    found = await Product.get_or_none(id=product_id, branch__in=owners(), deleted_at=None)
    if found is None:
        raise NotFound()
    return found


async def prices_of(product_id: UUID) -> list[PriceItem]:
    """Dated prices, newest first."""
    return await PriceItem.filter(product_id=product_id, deleted_at=None).order_by("-from_on", "currency")


async def pick_products(person: Person, query: str) -> list[Picked]:
    """At most eight products on sale whose name, pinyin initials or code contain the words."""
    reach(person, "product.view")
    found = Product.filter(branch__in=owners(), active=True, deleted_at=None)
    for word in words(query):
        found = found.filter(search_key__contains=word)
    rows = await found.order_by("search_key", "id").limit(PICK_LIMIT)
    return [Picked(row.id, row.name, row.code) for row in rows]


async def priced_products(
    ids: Collection[UUID], texts: Collection[str], currency: str, day: date
) -> dict[UUID | str, Priced]:
    """Products by id, and by what was typed (code or name, case and width ignored), with their prices of the day.

    What matches nothing, or a name that several have, is left out. Two queries, none when nothing is asked.
    """
    if not ids and not texts:
        return {}
    keys = {plain(text): text for text in texts}
    rows = await fetch_all(
        "SELECT id, code, name, unit, currency, list_price_minor, cost_minor FROM product WHERE branch IN :owners "
        "AND deleted_at IS NULL AND (id IN :ids OR (active = :yes AND (LOWER(code) IN :keys OR LOWER(name) IN :keys)))",
        owners=owners(),
        ids=sorted(ids),
        keys=sorted(keys),
        yes=True,
    )
    dated = await _dated_prices([as_kind(row["id"], UUID) for row in rows])
    found: dict[UUID | str, Priced] = {}
    seen: set[str] = set()
    for row in rows:
        row_id = as_kind(row["id"], UUID)
        priced = Priced(
            row_id,
            row["code"],
            row["name"],
            row["unit"],
            list_price(row["currency"], int(row["list_price_minor"]), dated.get(row_id, []), currency, day),
            int(row["cost_minor"]) if row["currency"] == currency else 0,
        )
        if row_id in ids:
            found[row_id] = priced
        for key in priced.names & set(keys):
            if key in seen:
                found.pop(keys[key], None)
            else:
                found[keys[key]] = priced
            seen.add(key)
    return found


async def _dated_prices(ids: Collection[UUID]) -> dict[UUID, list[DatedPrice]]:
    rows = await fetch_all(
        "SELECT product_id, currency, price_minor, from_on, until_on FROM price_item "
        "WHERE product_id IN :ids AND deleted_at IS NULL",
        ids=sorted(ids),
    )
    found: dict[UUID, list[DatedPrice]] = {}
    for row in rows:
        price = DatedPrice(
            row["currency"],
            int(row["price_minor"]),
            as_kind(row["from_on"], date),
            as_kind(row["until_on"], date),
        )
        found.setdefault(as_kind(row["product_id"], UUID), []).append(price)
    return found
