"""What the palette of a branch finds beside its menu: customers, documents by number, staff."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from branch_node.customers.queries import PICK_LIMIT, pick_customers
from branch_node.home import home
from branch_node.lists import like
from branch_node.own_fields import custom_fields, custom_label, searched_sql
from branch_node.searching import plain
from branch_node.staff.queries import pick_staff
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.permissions import Person, reach
from shared.records import CustomFieldDef
from shared.web.site import PaletteHit


async def customers(request: Request, query: str) -> Sequence[PaletteHit]:
    """Customers within reach by name, code, phone or pinyin, and where there are more the way to all; recent ones for an empty query."""
    person: Person = request.state.person
    if not person.may("customer.view"):
        return []
    hits = await pick_customers(person, query)
    found = [PaletteHit(_("Customers"), hit.label, f"/customers/{hit.value}", hit.hint) for hit in hits]
    if query and len(hits) == PICK_LIMIT:
        found.append(PaletteHit(_("Customers"), _("All that match"), f"/customers?{urlencode({'q': query})}"))
    return found


async def staff(request: Request, query: str) -> Sequence[PaletteHit]:
    """Colleagues by name, number or pinyin."""
    person: Person = request.state.person
    if not query or not person.may("staff.view"):
        return []
    hits = await pick_staff(person, query)
    return [PaletteHit(_("Staff"), hit.label, f"/staff/{hit.value}", hit.hint) for hit in hits]


DOCUMENTS: tuple[tuple[str, str, str, str, str], ...] = (
    ("order.view", "sales_order", "SO", N_("Orders"), "/orders"),
    ("quotation.view", "quotation", "Q", N_("Quotes"), "/quotes"),
    ("receipt.view", "receipt", "R", N_("Receipts"), "/receipts"),
)
"""Right, table, prefix of its numbers, heading and address of what is found by number."""
PER_KIND = 4


def numbers_meant(query: str, prefix: str) -> list[str]:
    """Whole numbers that "so123", "123" or "sh-so000123" may stand for, in the writing of this branch."""
    text = plain(query).replace(" ", "").upper()
    found = re.fullmatch(rf"(?:{re.escape(home().code)}-)?(?:{prefix})?0*(\d{{1,12}})", text)
    return [f"{home().code}-{prefix}{int(found[1]):06d}"] if found else []


async def documents(request: Request, query: str) -> Sequence[PaletteHit]:
    """Orders, quotes and receipts within reach whose number is, or begins with, what was typed. One query."""
    person: Person = request.state.person
    text = query.strip().upper()
    if len(text) < 2 or not any(char.isdecimal() for char in text):
        return []
    parts: list[str] = []
    params: dict[str, object] = {"branch": home().code, "low": text, "high": f"{text}\uffff"}
    for place, (action, table, prefix, _heading, _url) in enumerate(DOCUMENTS):
        if not person.may(action):
            continue
        scope, more = reach_sql(reach(person, action), "d.owner_id", "d.department_id", prefix=f"d{place}")
        params |= {**more, f"exact{place}": numbers_meant(query, prefix)}
        parts.append(
            f"SELECT * FROM (SELECT {place} AS kind, CAST(d.id AS VARCHAR(36)) AS id, d.number, c.name FROM {table} d "
            f"JOIN customer c ON c.id = d.customer_id WHERE d.branch = :branch AND d.deleted_at IS NULL AND {scope} "
            f"AND (d.number IN :exact{place} OR (d.number >= :low AND d.number < :high)) "
            f"ORDER BY d.number DESC LIMIT {PER_KIND}) AS k{place}"
        )
    rows = await fetch_all(" UNION ALL ".join(parts), **params) if parts else []
    found = []
    for row in rows:
        _action, _table, _prefix, heading, url = DOCUMENTS[int(row["kind"])]
        found.append(PaletteHit(_(heading), row["number"], f"{url}/{row['id']}", row["name"]))
    return found


LOOKED_THROUGH = 2_000
"""So many of the newest orders with values in own fields are looked through at each stroke; the list finds them all."""


async def own_values(request: Request, query: str) -> Sequence[PaletteHit]:
    """Newest orders within reach with an own field that holds what was typed; customers are found so by their search key."""
    person: Person = request.state.person
    if len(query.strip()) < 2 or not person.may("order.view"):
        return []
    definitions = await custom_fields("order")
    params: dict[str, Any] = {"branch": home().code, "own": like(plain(query))}
    held = searched_sql(definitions, "d.custom", "own")
    if not held:
        return []
    scope, more = reach_sql(reach(person, "order.view"), "d.owner_id", "d.department_id")
    rows = await fetch_all(
        f"SELECT CAST(d.id AS VARCHAR(36)) AS id, d.number, d.custom, c.name FROM (SELECT * FROM sales_order "
        f"WHERE branch = :branch AND custom <> '{{}}' ORDER BY happened_on DESC, id DESC LIMIT {LOOKED_THROUGH}) d "
        f"JOIN customer c ON c.id = d.customer_id WHERE d.deleted_at IS NULL AND {scope} AND {held} "
        f"ORDER BY d.happened_on DESC, d.id DESC LIMIT {PER_KIND}",
        **params,
        **more,
    )
    return [
        PaletteHit(_("Orders"), row["number"], f"/orders/{row['id']}", own_hint(row, definitions, query))
        for row in rows
    ]


def own_hint(row: Mapping[str, Any], definitions: Sequence[CustomFieldDef], query: str) -> str:
    """The customer, and the field that holds what was typed."""
    values = json.loads(row["custom"])
    wanted = query.strip().casefold()
    held = [
        f"{custom_label(one)}{_(': ')}{values[one.key]}"
        for one in definitions
        if wanted in str(values.get(one.key, "")).casefold()
    ]
    return " · ".join([row["name"], *held[:1]])


SOURCES = (documents, customers, own_values, staff)
