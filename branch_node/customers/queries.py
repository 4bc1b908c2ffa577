"""Reads of customers: one with its right, the list, duplicates, names, the typeahead."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from branch_node.customers import targets
from branch_node.customers.forms import FilterForm
from branch_node.customers.fragments import holders
from branch_node.customers.rules import Keys, keys_of, match_reasons
from branch_node.home import home, today
from branch_node.lists import COUNT_CAP, Cut, Paging, Sort, as_kind, like
from branch_node.searching import words
from shared.database import fetch_all, fetch_value, find, find_all
from shared.database.scope import reach_sql
from shared.errors import Invalid, NotFound, Text
from shared.i18n import N_, gettext
from shared.money import Money
from shared.permissions import Person, reach
from shared.records import Address, Contact, ContactPoint, Customer

PICK_LIMIT = 8
DUPLICATE_LIMIT = 8
FEW_HITS = 200

SORTS: Mapping[str, Sort] = {
    "acquired": Sort("c.acquired_on", date),
    "name": Sort("c.search_key"),
    "code": Sort("c.code"),
    "signed": Sort("coalesce(c.signed_on, '1000-01-01')", date),
    "last_contact": Sort("coalesce(c.last_contact_on, '1000-01-01')", date),
    "next_contact": Sort("coalesce(c.next_contact_on, '9000-01-01')", date),
}
DEFAULT_SORT = "-acquired"

TAX_KEY = "upper(replace(replace(replace(replace(tax_number, ' ', ''), '-', ''), '.', ''), '/', ''))"
"""rules.tax_key in SQL, of what is stored; an index holds it."""

# For the orders above and for who is due; expressions and parts, which the models cannot declare. Made by branch_node/setup.py. The bounds are not
# the first and last date that Python knows: asyncpg sends those as infinity.
INDEXES = (
    "CREATE INDEX IF NOT EXISTS customer_by_signed ON customer (branch, coalesce(signed_on, '1000-01-01'), id)",
    "CREATE INDEX IF NOT EXISTS customer_by_last ON customer (branch, coalesce(last_contact_on, '1000-01-01'), id)",
    # What a list counts, without a look at the rows themselves: for that SQLite wants the column of the condition too.
    "DROP INDEX IF EXISTS customer_by_owner",
    "CREATE INDEX IF NOT EXISTS customer_counted ON customer (branch, owner_id, department_id, status, deleted_at) "
    "WHERE deleted_at IS NULL",
    "CREATE INDEX IF NOT EXISTS customer_of_owner ON customer (branch, owner_id, acquired_on, id)",
    "CREATE INDEX IF NOT EXISTS customer_due ON customer (branch, next_contact_on, owner_id, department_id) "
    "WHERE deleted_at IS NULL AND merged_into_id IS NULL AND status IN ('prospect', 'customer') "
    "AND next_contact_on IS NOT NULL",
    "CREATE INDEX IF NOT EXISTS customer_by_region ON customer (branch, region) WHERE deleted_at IS NULL",
    f"CREATE INDEX IF NOT EXISTS customer_by_tax ON customer (branch, {TAX_KEY})",
    "CREATE INDEX IF NOT EXISTS customer_by_next ON customer (branch, coalesce(next_contact_on, '9000-01-01'), id)",
)


def default_sort(filters: FilterForm) -> str:
    """Newest first; what was searched for by name, which the index of the search gives in order."""
    return "name" if words(filters.q) else DEFAULT_SORT


async def customer_for(person: Person, customer_id: UUID, action: str = "customer.view") -> Customer:
    """The customer if it is within reach of `action`; NotFound otherwise, whether it exists or not."""
    scope = reach(person, action)
    found = await find(
        Customer, "id = :id AND branch = :branch AND deleted_at IS NULL", id=customer_id, branch=home().code
    )
    if found is None or not scope.covers(owner=found.owner_id, department=found.department_id):
        raise NotFound()
    return found


async def standing_customer(person: Person, customer_id: UUID, action: str = "customer.view") -> Customer:
    """The customer for something new: as `customer_for`, and Invalid, naming where it went, when it was merged into another."""
    found = await customer_for(person, customer_id, action)
    if found.merged_into_id is not None:
        into = (await customer_names([found.merged_into_id])).get(found.merged_into_id, "")
        raise Invalid(
            MERGED, code="customer.merged", name=found.name, into=into,
            fields={"customer_id": Text(MERGED, name=found.name, into=into)},
        )  # fmt: skip
    return found


MERGED = N_("%(name)s was merged into %(into)s. Choose that customer.")


@dataclass(frozen=True)
class CustomerRow:
    """A line of the list. `remaining` is what the customer owes in the base currency."""

    id: UUID
    code: str
    name: str
    status: str
    group: str
    kind: str
    region: str
    owner: str
    phone: str
    acquired_on: date
    signed_on: date | None
    last_contact_on: date | None
    next_contact_on: date | None
    remaining: Money
    custom: Mapping[str, Any]


@dataclass(frozen=True)
class CustomerPage:
    """A page of the list; `count` is capped, `is_exact` says whether the cap was met."""

    cut: Cut[CustomerRow]
    count: int
    is_exact: bool


LIST_SQL = """
SELECT c.id, c.code, c.name, c.status, c.customer_group, c.kind, c.region, c.phone, c.acquired_on, c.signed_on,
  c.last_contact_on, c.next_contact_on, c.custom, e.name AS owner, {sort} AS sort_value
FROM customer c LEFT JOIN employee e ON e.id = c.owner_id
WHERE {where} AND {page} {order}
"""
REMAINING_SQL = """
SELECT customer_id, CAST(sum(base_minor - received_base_minor - credited_base_minor - written_off_base_minor) AS BIGINT) AS rest
FROM receivable WHERE customer_id IN :ids AND cancelled_on IS NULL AND deleted_at IS NULL GROUP BY customer_id
"""


def list_condition(
    person: Person, filters: FilterForm, action: str = "customer.view", *, by_name: bool = False
) -> tuple[str, dict[str, Any]]:
    """The WHERE of the list: data permission first, then every filter; for list, count and export alike.

    `by_name`: rows will come in the order of the search key, so its index is walked only as far as needed.
    """
    scope, params = reach_sql(reach(person, action), "c.owner_id", "c.department_id")
    clauses = ["c.branch = :branch", "c.deleted_at IS NULL", scope]
    params["branch"] = home().code
    if filters.status:
        clauses.append("c.status = :status")
        params["status"] = filters.status
    else:
        clauses.append("c.status <> 'merged'")
    for name, column in (("group", "customer_group"), ("kind", "kind"), ("region", "region")):
        if value := getattr(filters, name):
            clauses.append(f"c.{column} = :{name}")
            params[name] = value
    if filters.owner is not None:
        clauses.append("c.owner_id = :owner")
        params["owner"] = filters.owner
    if filters.silent_days is not None:
        clauses.append("(c.last_contact_on IS NULL OR c.last_contact_on < :silent_before)")
        params["silent_before"] = today() - timedelta(days=filters.silent_days)
    for name, column, sign in (
        ("acquired_from", "acquired_on", ">="),
        ("acquired_to", "acquired_on", "<="),
        ("signed_from", "signed_on", ">="),
        ("signed_to", "signed_on", "<="),
    ):
        if (day := getattr(filters, name)) is not None:
            clauses.append(f"c.{column} {sign} :{name}")
            params[name] = day
    clauses += targets.clauses(filters, params)
    if condition := found_by(filters.q, params, as_subquery=not by_name):
        clauses.append(condition)
    return " AND ".join(clauses), params


def found_by(query: str, params: dict[str, Any], *, as_subquery: bool = True) -> str:
    """The condition that a customer's search key holds every word; its parameters are added to `params`.

    As a subquery the search asks the index of fragments, or walks that of search keys, and not the customers. "" without words.
    """
    column = "k.search_key" if as_subquery else "c.search_key"
    clauses = []
    typed = words(query)
    for place, word in enumerate(typed):
        clauses.append(f"{column} LIKE :word{place} ESCAPE '!'")
        params[f"word{place}"] = like(word)
    if not clauses or not as_subquery:
        return " AND ".join(clauses)
    source, trigrams = holders(typed)
    if trigrams:
        params["trigrams"] = trigrams
    return f"c.id IN (SELECT k.id FROM {source} k.branch = :branch AND {' AND '.join(clauses)})"


async def customer_page(person: Person, filters: FilterForm, paging: Paging) -> CustomerPage:
    """One page within reach, in three queries whatever the number of customers.

    Counting what holds a word walks every search key: when few do, the page is made of those found then.
    """
    where, params = list_condition(person, filters)
    limit = COUNT_CAP + 1
    rows_where, _ = list_condition(person, filters, by_name=paging.sorted_by.lstrip("-") == "name")
    if words(filters.q):
        found = f"SELECT c.id FROM customer c WHERE {where} LIMIT {limit}"
        hits = [row["id"] for row in await fetch_all(found, **params)]
        count = len(hits)
        if count <= FEW_HITS:
            rows_where, params = "c.id IN :hits", {"hits": hits}
    else:
        found = f"SELECT 1 AS one FROM customer c WHERE {where} LIMIT {limit}"
        count = int(await fetch_value(f"SELECT count(*) AS n FROM ({found}) AS found", **params))
    page, order, more = paging.sql("c.id")
    sql = LIST_SQL.format(sort=paging.sort.expression, where=rows_where, page=page, order=order)
    cut = paging.cut(await fetch_all(sql, **params, **more))
    owed = await remaining_of([as_kind(row["id"], UUID) for row in cut.rows])
    rows = [_row(row, owed) for row in cut.rows]
    return CustomerPage(Cut(rows, cut.next, cut.previous), min(count, COUNT_CAP), count <= COUNT_CAP)


async def count_exactly(person: Person, filters: FilterForm) -> int:
    """How many there are, without the cap."""
    where, params = list_condition(person, filters)
    return int(await fetch_value(f"SELECT count(*) AS n FROM customer c WHERE {where}", **params))


def _row(row: Mapping[str, Any], owed: Mapping[UUID, int]) -> CustomerRow:
    row_id = as_kind(row["id"], UUID)
    return CustomerRow(
        id=row_id, code=row["code"], name=row["name"], status=row["status"], group=row["customer_group"],
        kind=row["kind"], region=row["region"], owner=row["owner"] or "", phone=row["phone"],
        acquired_on=as_kind(row["acquired_on"], date), signed_on=as_kind(row["signed_on"], date),
        last_contact_on=as_kind(row["last_contact_on"], date), next_contact_on=as_kind(row["next_contact_on"], date),
        remaining=Money(owed.get(row_id, 0), home().currency), custom=json.loads(row["custom"] or "{}"),
    )  # fmt: skip


async def remaining_of(ids: Sequence[UUID]) -> dict[UUID, int]:
    """What customers owe, base minor units, by id; nothing owed is not in it."""
    if not ids:
        return {}
    rows = await fetch_all(REMAINING_SQL, ids=list(ids))
    return {as_kind(row["customer_id"], UUID): int(row["rest"]) for row in rows}


async def export_rows(person: Person, filters: FilterForm, limit: int) -> list[CustomerRow]:
    """The filtered list for a file, newest first, at most `limit` rows."""
    where, params = list_condition(person, filters, "customer.export")
    sql = LIST_SQL.format(
        sort="c.acquired_on",
        where=where,
        page="(1 = 1)",
        order=f"ORDER BY c.acquired_on DESC, c.id DESC LIMIT {limit}",
    )
    rows = await fetch_all(sql, **params)
    owed: dict[UUID, int] = {}
    for start in range(0, len(rows), 500):
        owed |= await remaining_of([as_kind(row["id"], UUID) for row in rows[start : start + 500]])
    return [_row(row, owed) for row in rows]


@dataclass(frozen=True)
class Picked:
    """A hit of the typeahead."""

    value: UUID
    label: str
    hint: str


async def pick_customers(person: Person, query: str, action: str = "customer.view") -> list[Picked]:
    """At most eight customers within reach whose name, pinyin, initials, code or phone hold the words; recent first. Where
    none does, those that a customer so named was merged into."""
    condition, params = reach_sql(reach(person, action), "c.owner_id", "c.department_id")
    clauses = [one for one in (condition, found_by(query, params)) if one]
    rows = await fetch_all(
        f"SELECT c.id, c.name, c.code, e.name AS owner FROM customer c LEFT JOIN employee e ON e.id = c.owner_id "
        f"WHERE c.branch = :branch AND c.deleted_at IS NULL AND c.status <> 'merged' AND {' AND '.join(clauses)} "
        f"ORDER BY c.last_contact_on IS NULL, c.last_contact_on DESC, c.search_key, c.id LIMIT {PICK_LIMIT}",
        branch=home().code,
        **params,
    )
    if query and not rows:
        return await _merged_into(person, query, action)
    return [Picked(as_kind(row["id"], UUID), row["name"], row["owner"] or row["code"]) for row in rows]


async def _merged_into(person: Person, query: str, action: str) -> list[Picked]:
    condition, params = reach_sql(reach(person, action), "k.owner_id", "k.department_id")
    clauses = [one for one in (condition, found_by(query, params)) if one]
    rows = await fetch_all(
        "SELECT k.id, k.name, c.name AS before FROM customer c JOIN customer k ON k.id = c.merged_into_id "
        "WHERE c.branch = :branch AND c.status = 'merged' AND c.deleted_at IS NULL AND k.deleted_at IS NULL "
        f"AND k.status <> 'merged' AND {' AND '.join(clauses)} ORDER BY k.name, k.id, c.id LIMIT {PICK_LIMIT}",
        branch=home().code,
        **params,
    )
    return [
        Picked(as_kind(row["id"], UUID), row["name"], gettext("formerly %(name)s", name=row["before"]))
        for row in rows
    ]


async def customer_names(ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """Names by id."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    rows = await fetch_all("SELECT id, name FROM customer WHERE id IN :ids", ids=sorted(wanted))
    return {as_kind(row["id"], UUID): row["name"] for row in rows}


# --- duplicates -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Duplicate:
    """A customer that is probably the same. `is_hidden`: outside the person's reach, so neither name nor id is
    given, only whom to ask."""

    id: UUID | None
    name: str
    code: str
    owner: str
    reasons: Sequence[str]
    is_hidden: bool


# `m` is who has the key, `c` who it is today: a customer that was merged is the one it went into.
HITS_SQL = {
    "name": "SELECT id FROM customer WHERE name_key = :name",
    "tax": f"SELECT id FROM customer WHERE branch = :branch AND {TAX_KEY} = :tax",
    "points": "SELECT customer_id AS id FROM contact_point WHERE key IN :points AND deleted_at IS NULL",
}
DUPLICATES_SQL = """
SELECT c.id, c.name, c.code, m.name AS known_as, m.name_key, m.phone, m.email, m.tax_number, c.owner_id, c.department_id,
  e.name AS owner, p.key AS point
FROM ({hits}) AS hits
CROSS JOIN customer m
CROSS JOIN customer c
LEFT JOIN employee e ON e.id = c.owner_id
LEFT JOIN contact_point p ON p.customer_id = m.id AND p.key IN :points AND p.deleted_at IS NULL
WHERE m.id = hits.id AND c.id = coalesce(m.merged_into_id, m.id) AND c.branch = :branch AND c.deleted_at IS NULL AND c.status <> 'merged' AND c.id <> :own
ORDER BY c.acquired_on, c.id LIMIT 40
"""
NOBODY = UUID(int=0)


async def duplicates_of(
    person: Person, *, name: str, phone: str, email: str, tax_number: str, own_id: UUID | None = None
) -> list[Duplicate]:
    """Customers of the branch that are probably the one being entered, strongest reason first, at most eight.

    Found on normalised phone, e-mail, tax number and name key. One outside the person's reach is told only by
    who looks after it. `own_id` is the customer being edited.
    """
    keys = keys_of(name, phone, email, tax_number, home().country)
    scope = reach(person, "customer.view")
    found: dict[UUID, Duplicate] = {}
    for row in await _rows_like(keys, own_id):
        row_id = as_kind(row["id"], UUID)
        reasons = _reasons(keys, row)
        if row_id in found or not reasons:
            continue
        is_hidden = not scope.covers(
            owner=as_kind(row["owner_id"], UUID), department=as_kind(row["department_id"], UUID)
        )
        found[row_id] = Duplicate(
            None if is_hidden else row_id,
            "" if is_hidden else row["name"],
            "" if is_hidden else row["code"],
            row["owner"] or "",
            reasons,
            is_hidden,
        )
    order = ("tax_number", "phone", "email", "name")
    return sorted(found.values(), key=lambda one: order.index(one.reasons[0]))[:DUPLICATE_LIMIT]


async def _rows_like(keys: Keys, own_id: UUID | None) -> list[dict[str, Any]]:
    """Customers that share a key with the one being entered. Mostly there is none, which the indexes alone tell: one small query
    that PostgreSQL plans once; the whole one it would plan anew each time, for longer than it runs."""
    given: dict[str, Any] = {"name": keys.name, "tax": keys.tax_number, "points": list(keys.points)}
    hits = " UNION ".join(sql for key, sql in HITS_SQL.items() if given[key])
    if not hits or not await fetch_all(f"{hits} LIMIT 1", branch=home().code, **given):
        return []
    return await fetch_all(
        DUPLICATES_SQL.format(hits=hits), branch=home().code, own=own_id or NOBODY, **given
    )


def _reasons(keys: Keys, row: Mapping[str, Any]) -> list[str]:
    """From the master record and from the contact point that met (of a person at the customer)."""
    own = keys_of(row["known_as"], row["phone"], row["email"], row["tax_number"], home().country)
    point = row["point"] or ""
    return match_reasons(
        keys,
        Keys(
            row["name_key"] or own.name,
            (*own.phones, point) if point in keys.phones else own.phones,
            point if point == keys.email else own.email,
            own.tax_number,
        ),
    )


# --- what belongs to a customer ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Person360:
    """A contact with the ways to reach them."""

    id: UUID
    name: str
    position: str
    is_main: bool
    phones: Sequence[str]
    emails: Sequence[str]
    notes: str


async def contacts_of(customer_id: UUID) -> list[Person360]:
    """People at the customer, the main one first."""
    live = "customer_id = :id AND deleted_at IS NULL"
    rows = await find_all(Contact, f"{live} ORDER BY is_main DESC, name, id", id=customer_id)
    points = await find_all(ContactPoint, f"{live} ORDER BY recorded_at", id=customer_id)
    return [
        Person360(
            row.id, row.name, row.position, row.is_main,
            [point.value for point in points if point.contact_id == row.id and point.kind == "phone"],
            [point.value for point in points if point.contact_id == row.id and point.kind == "email"],
            row.notes,
        )
        for row in rows
    ]  # fmt: skip


async def addresses_of(customer_id: UUID) -> list[Address]:
    """Further addresses."""
    return await find_all(
        Address, "customer_id = :id AND deleted_at IS NULL ORDER BY kind, id", id=customer_id
    )


NEXT_REGION = "SELECT min(region) FROM customer WHERE branch = :branch AND deleted_at IS NULL AND region >"
REGIONS_SQL = f"""
WITH RECURSIVE found(region) AS ({NEXT_REGION} ''
  UNION ALL SELECT ({NEXT_REGION} found.region) FROM found WHERE found.region IS NOT NULL)
SELECT region FROM found WHERE region IS NOT NULL LIMIT 60
"""
"""From one region to the next in the index, whatever the number of customers in each."""


async def regions() -> list[str]:
    """Regions of the customers for the filter, at most 60."""
    rows = await fetch_all(REGIONS_SQL, branch=home().code)
    return [row["region"] for row in rows]


async def holdings(employee_id: UUID) -> dict[str, int]:
    """What a leaver still holds: customers, open tasks, planned follow-ups, open feedback."""
    rows = await fetch_all(
        "SELECT 'customers' AS kind, count(*) AS n FROM customer WHERE owner_id = :id AND branch = :branch "
        "AND deleted_at IS NULL AND status <> 'merged' "
        "UNION ALL SELECT 'tasks', count(*) FROM task WHERE employee_id = :id AND branch = :branch "
        "AND status IN ('open', 'accepted') AND deleted_at IS NULL "
        "UNION ALL SELECT 'followups', count(*) FROM activity WHERE owner_id = :id AND branch = :branch "
        "AND status = 'planned' AND deleted_at IS NULL "
        "UNION ALL SELECT 'feedback', count(*) FROM feedback WHERE assigned_to = :id AND branch = :branch "
        "AND status <> 'closed' AND deleted_at IS NULL",
        id=employee_id,
        branch=home().code,
    )
    return {row["kind"]: int(row["n"]) for row in rows}
