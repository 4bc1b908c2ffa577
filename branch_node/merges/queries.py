"""Reads of merges: pairs that are probably one, what a merge would move, merges of a customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from branch_node.customers.queries import TAX_KEY
from branch_node.home import home
from branch_node.lists import as_kind
from branch_node.merges.actions import OWN_POINTS, references
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.errors import NotFound
from shared.permissions import Person, reach
from shared.records import Customer, MergeRecord

PAIR_LIMIT = 100

# A key that more than a handful share (a head office's telephone) tells nothing about two of them.
PAIRS_SQL = """
WITH keyed AS (
  SELECT id, 'tax_number' AS reason, {tax} AS key FROM customer WHERE {live} AND tax_number <> ''
  UNION ALL SELECT id, 'name', name_key FROM customer WHERE {live} AND name_key <> ''
  UNION ALL SELECT c.id, p.kind, p.key FROM contact_point p JOIN customer c ON c.id = p.customer_id
    WHERE p.deleted_at IS NULL AND p.key <> '' AND {live_c}),
shared AS (SELECT reason, key FROM keyed GROUP BY reason, key HAVING count(DISTINCT id) BETWEEN 2 AND 5),
pairs AS (SELECT a.id AS one, b.id AS other, min(a.reason) AS reason, count(DISTINCT a.reason) AS strength
  FROM shared s JOIN keyed a ON a.reason = s.reason AND a.key = s.key
  JOIN keyed b ON b.reason = s.reason AND b.key = s.key AND b.id > a.id GROUP BY a.id, b.id)
SELECT p.one, p.other, p.reason, p.strength, a.name AS name, a.code AS code, b.name AS other_name, b.code AS other_code,
  ea.name AS owner, eb.name AS other_owner
FROM pairs p JOIN customer a ON a.id = p.one JOIN customer b ON b.id = p.other
LEFT JOIN employee ea ON ea.id = a.owner_id LEFT JOIN employee eb ON eb.id = b.owner_id
WHERE {reach_a} AND {reach_b} ORDER BY p.strength DESC, a.search_key, p.one, p.other LIMIT {limit}
"""


@dataclass(frozen=True)
class Pair:
    """Two customers that share a telephone, mail, tax number or name. `strength`: how many of these."""

    one: UUID
    other: UUID
    name: str
    code: str
    owner: str
    other_name: str
    other_code: str
    other_owner: str
    reason: str
    strength: int


async def probable_pairs(person: Person) -> list[Pair]:
    """At most a hundred pairs of which both are within reach of customer.merge, the most alike first. One query."""
    scope = reach(person, "customer.merge")
    reach_a, params = reach_sql(scope, "a.owner_id", "a.department_id", prefix="ra")
    reach_b, more = reach_sql(scope, "b.owner_id", "b.department_id", prefix="rb")
    live = "branch = :branch AND deleted_at IS NULL AND status <> 'merged'"
    live_c = "c.branch = :branch AND c.deleted_at IS NULL AND c.status <> 'merged'"
    sql = PAIRS_SQL.format(
        tax=TAX_KEY, live=live, live_c=live_c, reach_a=reach_a, reach_b=reach_b, limit=PAIR_LIMIT
    )
    rows = await fetch_all(sql, branch=home().code, **params, **more)
    return [
        Pair(
            as_kind(row["one"], UUID), as_kind(row["other"], UUID), row["name"], row["code"], row["owner"] or "",
            row["other_name"], row["other_code"], row["other_owner"] or "", row["reason"], int(row["strength"]),
        )
        for row in rows
    ]  # fmt: skip


async def counts_of(customer: Customer) -> dict[str, int]:
    """How many rows of each table name a customer; what a merge would move. One query."""
    parts = [
        f"SELECT '{table}' AS what, count(*) AS n FROM \"{table}\" WHERE {column} = :id AND deleted_at IS NULL"
        + (" AND contact_id IS NOT NULL" if table == OWN_POINTS else "")
        for table, column in references()
    ]
    rows = await fetch_all(" UNION ALL ".join(parts), id=customer.id)
    return {row["what"]: int(row["n"]) for row in rows if row["n"]}


@dataclass(frozen=True)
class Merged:
    """A customer that went into this one."""

    record_id: UUID
    name: str
    code: str
    at: datetime
    by: str


async def merges_into(customer_id: UUID) -> Sequence[Merged]:
    """Who went into a customer and can come out again, newest first."""
    rows = await fetch_all(
        "SELECT m.id, m.recorded_at, c.name, c.code, e.name AS who FROM merge_record m "
        "JOIN customer c ON c.id = m.merged_id LEFT JOIN employee e ON e.id = m.recorded_by "
        "WHERE m.kept_id = :kept AND m.undone_at IS NULL AND m.deleted_at IS NULL ORDER BY m.recorded_at DESC LIMIT 20",
        kept=customer_id,
    )
    return [_merged(row) for row in rows]


def _merged(row: Mapping[str, Any]) -> Merged:
    from shared.canonical import from_micros

    return Merged(
        as_kind(row["id"], UUID),
        row["name"],
        row["code"],
        from_micros(int(row["recorded_at"])),
        row["who"] or "",
    )


async def merge_for(person: Person, record_id: UUID) -> MergeRecord:
    """The merge if its remaining customer is within reach of customer.merge; NotFound otherwise."""
    record = await MergeRecord.get_or_none(id=record_id, branch=home().code, deleted_at=None)
    kept = await Customer.get_or_none(id=record.kept_id) if record else None
    if record is None or kept is None:
        raise NotFound()
    if not reach(person, "customer.merge").covers(owner=kept.owner_id, department=kept.department_id):
        raise NotFound()
    return record
