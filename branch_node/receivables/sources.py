"""The SQL behind receivables: what is due, taken and unallocated as of a day, on both engines.

Columns of every source: `due`, `received`, `credited`, `written_off` in the instalment's currency, the same with
`_base` in the branch's base currency. As of today the running sums answer, as of an earlier day the dated entries.
"""

from datetime import date

from shared.figures import AGEING_BUCKETS, ageing_bounds

# What is open, and what happens seldom; made by branch_node/setup.py, as models cannot declare an index of a part.
OPEN_NOW = "amount_minor > received_minor + credited_minor + written_off_minor"
INDEXES = (
    # Orders with values in own fields, for the palette; the others cost nothing.
    "CREATE INDEX IF NOT EXISTS sales_order_own ON sales_order (branch, happened_on, id) WHERE custom <> '{}'",
    "CREATE INDEX IF NOT EXISTS receivable_open ON receivable (branch, due_on, customer_id) "
    f"WHERE deleted_at IS NULL AND cancelled_on IS NULL AND {OPEN_NOW}",
    # What a seller's day counts, without a look at the rows themselves: for that SQLite wants the columns of the condition too.
    "CREATE INDEX IF NOT EXISTS receivable_open_of ON receivable (owner_id, due_on, branch, currency, amount_minor, "
    "received_minor, credited_minor, written_off_minor, deleted_at, cancelled_on) "
    f"WHERE deleted_at IS NULL AND cancelled_on IS NULL AND {OPEN_NOW}",
    "CREATE INDEX IF NOT EXISTS receipt_unallocated ON receipt (branch, customer_id) "
    "WHERE deleted_at IS NULL AND status = 'posted' AND allocated_minor < amount_minor",
    *(
        f"CREATE INDEX IF NOT EXISTS {table}_{day} ON {table} (branch, {day}) WHERE {day} IS NOT NULL"
        for table, day in (
            ("sales_order", "cancelled_on"),
            ("sales_order", "shipped_on"),
            ("receivable", "cancelled_on"),
            ("receipt", "reversed_on"),
        )
    ),
)

NOW_SOURCE = """
SELECT r.id, r.branch, r.order_id, r.customer_id, r.owner_id, r.department_id, r.position, r.happened_on, r.due_on, r.currency,
  r.amount_minor AS due, r.received_minor AS received, r.credited_minor AS credited,
  r.written_off_minor AS written_off, r.base_minor AS due_base, r.received_base_minor AS received_base,
  r.credited_base_minor AS credited_base, r.written_off_base_minor AS written_off_base
FROM receivable r
WHERE r.branch = :branch AND r.deleted_at IS NULL AND r.cancelled_on IS NULL AND r.happened_on <= :day"""

_NET = "SUM(CASE WHEN reverses_id IS NULL THEN {column} ELSE -{column} END)"

PAST_SOURCE = f"""
SELECT r.id, r.branch, r.order_id, r.customer_id, r.owner_id, r.department_id, r.position, r.happened_on, r.due_on, r.currency,
  r.amount_minor AS due, COALESCE(a.amount, 0) AS received, COALESCE(c.amount, 0) AS credited,
  COALESCE(w.amount, 0) AS written_off, r.base_minor AS due_base, COALESCE(a.base, 0) AS received_base,
  COALESCE(c.base, 0) AS credited_base, COALESCE(w.base, 0) AS written_off_base
FROM receivable r
LEFT JOIN (SELECT receivable_id, {_NET.format(column="amount_minor")} AS amount,
    {_NET.format(column="base_minor")} AS base FROM allocation
  WHERE branch = :branch AND happened_on <= :day AND deleted_at IS NULL GROUP BY receivable_id) a
  ON a.receivable_id = r.id
LEFT JOIN (SELECT receivable_id, {_NET.format(column="amount_minor")} AS amount,
    {_NET.format(column="base_minor")} AS base FROM adjustment
  WHERE branch = :branch AND kind = 'credit' AND happened_on <= :day AND deleted_at IS NULL GROUP BY receivable_id) c
  ON c.receivable_id = r.id
LEFT JOIN (SELECT receivable_id, {_NET.format(column="amount_minor")} AS amount,
    {_NET.format(column="base_minor")} AS base FROM adjustment
  WHERE branch = :branch AND kind = 'write_off' AND happened_on <= :day AND deleted_at IS NULL GROUP BY receivable_id) w
  ON w.receivable_id = r.id
WHERE r.branch = :branch AND r.deleted_at IS NULL AND r.happened_on <= :day
  AND (r.cancelled_on IS NULL OR r.cancelled_on > :day)"""

NOW_CREDIT = """
SELECT p.id, p.branch, p.customer_id, p.owner_id, p.department_id, p.currency, p.base_minor, p.amount_minor,
  p.amount_minor - p.allocated_minor AS rest, p.base_minor - p.allocated_base_minor AS rest_base
FROM receipt p
WHERE p.branch = :branch AND p.deleted_at IS NULL AND p.status = 'posted' AND p.happened_on <= :day
  AND p.allocated_minor < p.amount_minor"""

PAST_CREDIT = f"""
SELECT p.id, p.branch, p.customer_id, p.owner_id, p.department_id, p.currency, p.base_minor, p.amount_minor,
  p.amount_minor - COALESCE(a.amount, 0) AS rest, p.base_minor - COALESCE(a.base, 0) AS rest_base
FROM receipt p
LEFT JOIN (SELECT receipt_id, {_NET.format(column="amount_minor")} AS amount,
    {_NET.format(column="receipt_base_minor")} AS base FROM allocation
  WHERE branch = :branch AND happened_on <= :day AND deleted_at IS NULL GROUP BY receipt_id) a ON a.receipt_id = p.id
WHERE p.branch = :branch AND p.deleted_at IS NULL AND p.happened_on <= :day
  AND (p.reversed_on IS NULL OR p.reversed_on > :day) AND p.amount_minor > COALESCE(a.amount, 0)"""

OPEN_SOURCE = f"{NOW_SOURCE} AND r.amount_minor > r.received_minor + r.credited_minor + r.written_off_minor"
"""The part of NOW_SOURCE of which something remains, by its own index."""

LEFT_BASE = "(s.due_base - s.received_base - s.credited_base - s.written_off_base)"
LEFT = "(s.due - s.received - s.credited - s.written_off)"


def bounds_of(as_of: date) -> dict[str, date]:
    """First and last due date of each bucket, as the parameters low0, high0 and so on."""
    bounds = ageing_bounds(as_of)
    edges: dict[str, date] = {}
    for place, name in enumerate(AGEING_BUCKETS):
        edges[f"low{place}"], edges[f"high{place}"] = bounds[name]
    return edges


BUCKETS = ",\n  ".join(
    f"SUM(CASE WHEN s.due_on BETWEEN :low{place} AND :high{place} THEN {LEFT_BASE} ELSE 0 END) AS b{place}"
    for place in range(len(AGEING_BUCKETS))
)
SUMS = f"""
  SUM(s.due_base) AS due, SUM(s.received_base) AS received, SUM(s.credited_base) AS credited,
  SUM(s.written_off_base) AS written_off, SUM({LEFT_BASE}) AS remaining,
  SUM(CASE WHEN s.due_on < :day THEN {LEFT_BASE} ELSE 0 END) AS overdue,
  SUM(CASE WHEN s.currency <> :base THEN {LEFT_BASE} ELSE 0 END) AS foreign_part,
  SUM(CASE WHEN {LEFT} > 0 THEN 1 ELSE 0 END) AS open_count,
  {BUCKETS}"""
