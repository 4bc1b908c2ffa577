"""Lists of customers across branches, and one customer with money, orders and contacts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from hq.figures.freshness import Directory
from hq.figures.lists import UNKNOWN_THEN, as_date
from hq.figures.people import place_of
from hq.figures.shape import Question
from hq.figures.units import scope_of
from shared.database import fetch_all, fetch_one
from shared.money import Money
from shared.web.keyset import Cut, Paging, Sort, like

OPEN = "c.status IN ('prospect', 'customer')"

TABS: Mapping[str, tuple[str, str, bool]] = {
    "newest": ("acquired_on", "", True),
    "signed": ("signed_on", "", True),
    "touched": ("last_contact_on", OPEN, True),
    "due": ("next_contact_on", OPEN, False),
    "overdue": ("next_contact_on", OPEN, False),
    "silent": ("last_contact_on", OPEN, False),
    "never": ("acquired_on", f"{OPEN} AND c.last_contact_on IS NULL", True),
}
"""List -> (the date it goes by, further condition, newest first)."""


MEASURES = {"newest": "customers_new", "signed": "customers_signed"}
"""The measure to which a customer of a list adds."""


def sorts_of(tab: str) -> Mapping[str, Sort]:
    """The one order of a list."""
    return {"day": Sort(f"c.{TABS[tab][0]}", date)}


def default_sort(tab: str) -> str:
    return "-day" if TABS[tab][2] else "day"


def bounds_of(tab: str, first: date, last: date, today: date, silent_days: int) -> tuple[date, date]:
    """The days between which a customer's date must lie to be in a list, both included."""
    beginning, end = date(1, 1, 1), date(9999, 12, 31)
    if tab in ("newest", "signed", "touched"):
        return first, last
    if tab == "due":
        return today, today
    if tab == "overdue":
        return beginning, today - timedelta(days=1)
    if tab == "silent":
        return beginning, today - timedelta(days=silent_days + 1)
    return beginning, end


async def customers(
    question: Question, branches: Directory, tab: str, first: date, last: date, search: str, paging: Paging
) -> Cut[Any]:
    """A page of one list within the question's unit; 'today' is each branch's own."""
    day, condition, _is_down = TABS[tab]
    where, params = await among(question, branches)
    groups = []
    for number, group in enumerate(branches.date_groups(question.as_of)):
        low, high = bounds_of(tab, first, last, group.today, question.house.silent_days)
        params |= {f"low{number}": low, f"high{number}": high}
        zone = ""
        if group.timezones is not None:
            zone = f" AND c.branch IN (SELECT branch FROM branch WHERE timezone IN :zones{number})"
            params[f"zones{number}"] = sorted(group.timezones)
        groups.append(f"(c.{day} >= :low{number} AND c.{day} <= :high{number}{zone})")
    conditions = ["c.deleted_at IS NULL", "c.merged_into_id IS NULL", f"({' OR '.join(groups)})"]
    if condition:
        conditions.append(condition)
    if search:
        conditions.append("(LOWER(c.name) LIKE :search ESCAPE '!' OR c.search_key LIKE :search ESCAPE '!')")
        params["search"] = like(search.lower())
    if question.known_at is not None:
        then, then_params = known_then(question.known_at, branches, tab)
        where, params = where + then, params | then_params
    page_where, order, page_params = paging.sql("c.id")
    rows = await fetch_all(
        "SELECT c.id, c.branch, c.name, c.code, c.owner_id, c.status, c.region, c.acquired_on, c.signed_on, "
        f"c.last_contact_on, c.next_contact_on, c.{day} AS sort_value FROM customer c "
        f"WHERE {' AND '.join(conditions)}{where} AND {page_where} {order}",
        **params,
        **page_params,
    )
    return paging.cut(rows)


def known_then(known_at: datetime, branches: Directory, tab: str) -> tuple[str, dict[str, Any]]:
    """Leaves out what headquarters did not know yet: branches that had sent nothing, and customers that arrived later in the
    lists whose figures say when. The others show who is in them now."""
    heard = [branch.code for branch in branches.branches if not branch.is_before_first]
    where, params = " AND c.branch IN :heard", {"heard": heard or [""]}
    if tab not in MEASURES:
        return where, params
    return where + UNKNOWN_THEN, {**params, "measure": MEASURES[tab], "known_at": known_at}


async def among(question: Question, branches: Directory) -> tuple[str, dict[str, Any]]:
    """The condition of the question's unit on customer c."""
    unit = question.unit
    if unit.kind in ("company", "region"):
        scope = scope_of(question, branches.codes)
        return ("", {}) if scope is None else (" AND c.branch IN :codes", {"codes": sorted(scope)})
    place = await place_of(unit, branches)
    column = {"department": "department_id", "employee": "owner_id", "customer": "id"}.get(unit.kind)
    where, params = " AND c.branch = :code", {"code": place.branch.code}
    if column:
        return f"{where} AND c.{column} = :unit_key", {**params, "unit_key": unit.key}
    return f"{where} AND c.owner_id IS NULL" if unit.kind == "unassigned" else where, params


@dataclass(frozen=True)
class OrderLine:
    """An order of the customer."""

    number: str
    on: date | None
    amount: Money
    status: str


@dataclass(frozen=True)
class ContactLine:
    """A contact with the customer."""

    on: date | None
    kind: str
    subject: str
    owner: str


@dataclass(frozen=True)
class CustomerView:
    """One customer as headquarters sees it: read-only. `merged_into`: id and name of the one that it went into."""

    id: str
    branch: str
    name: str
    code: str
    status: str
    owner: str
    region: str
    acquired_on: date | None
    signed_on: date | None
    last_contact_on: date | None
    next_contact_on: date | None
    limit: Money | None
    orders: Sequence[OrderLine]
    contacts: Sequence[ContactLine]
    merged_into: tuple[str, str] | None = None


async def customer_view(customer_id: str) -> CustomerView | None:
    """The customer with its twenty newest orders and contacts; None when there is none. Three statements."""
    row = await fetch_one(
        "SELECT c.*, COALESCE(e.name, '') AS owner, m.name AS merged_name FROM customer c "
        "LEFT JOIN employee e ON e.id = c.owner_id LEFT JOIN customer m ON m.id = c.merged_into_id "
        "WHERE c.id = :id AND c.deleted_at IS NULL",
        id=customer_id,
    )
    if row is None:
        return None
    orders = await fetch_all(
        "SELECT number, happened_on, total_minor, currency, status FROM sales_order WHERE customer_id = :id "
        "AND deleted_at IS NULL ORDER BY happened_on DESC, id DESC LIMIT 20",
        id=customer_id,
    )
    contacts = await fetch_all(
        "SELECT a.happened_on, a.kind, a.subject, COALESCE(e.name, '') AS owner FROM activity a "
        "LEFT JOIN employee e ON e.id = a.owner_id WHERE a.customer_id = :id AND a.status = 'done' "
        "AND a.deleted_at IS NULL ORDER BY a.happened_on DESC, a.id DESC LIMIT 20",
        id=customer_id,
    )
    limit = row["credit_limit_minor"]
    return CustomerView(
        str(row["id"]), str(row["branch"]), str(row["name"]), str(row["code"]), str(row["status"]), str(row["owner"]),
        str(row["region"]), as_date(row["acquired_on"]), as_date(row["signed_on"]), as_date(row["last_contact_on"]),
        as_date(row["next_contact_on"]), None if limit is None else Money(int(limit), str(row["currency"])),
        [
            OrderLine(str(o["number"]), as_date(o["happened_on"]), Money(int(o["total_minor"]), str(o["currency"])), str(o["status"]))
            for o in orders
        ],
        [ContactLine(as_date(a["happened_on"]), str(a["kind"]), str(a["subject"]), str(a["owner"])) for a in contacts],
        (str(row["merged_into_id"]), str(row["merged_name"] or row["merged_into_id"])) if row["merged_into_id"] else None,
    )  # fmt: skip


async def found_by_name(text: str, codes: frozenset[str] | None, limit: int = 8) -> list[dict[str, Any]]:
    """Customers whose name or pinyin contains a text: for the palette."""
    where = " AND branch IN :codes" if codes is not None else ""
    return await fetch_all(
        "SELECT id, name, branch, code FROM customer WHERE deleted_at IS NULL AND merged_into_id IS NULL "
        f"AND (LOWER(name) LIKE :text ESCAPE '!' OR search_key LIKE :text ESCAPE '!'){where} ORDER BY name, id LIMIT :row_limit",
        text=like(text.lower()),
        codes=sorted(codes or ()),
        row_limit=limit,
    )
