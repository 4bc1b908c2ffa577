"""What must hold in any branch's data, however it came there: by hand, import, seed or replication.

`await broken()` answers the sentences that do not hold in the current database, each with a few offending rows;
an empty list means all of them hold. `await assert_invariants()` fails with that list. Both engines.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.database import fetch_all, fetch_value

SHOWN = 3


@dataclass(frozen=True)
class Rule:
    """A sentence, and a query for the rows that break it (first column: what to show)."""

    sentence: str
    sql: str


IN_EFFECT = "o.approved_on IS NOT NULL AND o.status IN ('approved', 'executing', 'completed', 'cancelled')"
NET = "SUM(CASE WHEN e.reverses_id IS NULL THEN e.{0} ELSE -e.{0} END)"


def _running(column: str, table: str, where: str = "1 = 1") -> str:
    """Instalments whose running sums differ from their entries."""
    return f"""SELECT r.id FROM receivable r LEFT JOIN (
        SELECT receivable_id, {NET.format("amount_minor")} AS amount, {NET.format("base_minor")} AS base
        FROM {table} e WHERE e.deleted_at IS NULL AND {where} GROUP BY receivable_id) s ON s.receivable_id = r.id
        WHERE r.{column}_minor <> COALESCE(s.amount, 0) OR r.{column}_base_minor <> COALESCE(s.base, 0)"""


ENTRIES = """SELECT receivable_id, happened_on, reverses_id, amount_minor, base_minor FROM allocation
    WHERE deleted_at IS NULL UNION ALL SELECT receivable_id, happened_on, reverses_id, amount_minor, base_minor
    FROM adjustment WHERE deleted_at IS NULL"""


def _reversals(table: str) -> str:
    """Counter entries that are not the mirror of what they take back."""
    return f"""SELECT b.id FROM {table} b LEFT JOIN {table} a ON a.id = b.reverses_id
        WHERE b.reverses_id IS NOT NULL AND (a.id IS NULL OR a.reverses_id IS NOT NULL OR a.amount_minor <> b.amount_minor
        OR a.base_minor <> b.base_minor OR a.receivable_id <> b.receivable_id OR a.happened_on > b.happened_on)
        UNION ALL SELECT reverses_id FROM {table} WHERE reverses_id IS NOT NULL GROUP BY reverses_id HAVING COUNT(*) > 1"""


MONEY = (
    Rule(
        "An order's lines less header discount plus tax are its total.",
        """SELECT o.number FROM sales_order o LEFT JOIN (SELECT order_id, SUM(amount_minor) AS lines FROM order_line
        WHERE deleted_at IS NULL GROUP BY order_id) l ON l.order_id = o.id WHERE o.deleted_at IS NULL
        AND (o.subtotal_minor <> COALESCE(l.lines, 0) OR o.subtotal_minor - o.discount_minor + o.tax_minor <> o.total_minor)""",
    ),
    Rule(
        "A quote's lines less header discount plus tax are its total.",
        """SELECT q.number FROM quotation q LEFT JOIN (SELECT quotation_id, SUM(amount_minor) AS lines FROM quotation_line
        WHERE deleted_at IS NULL GROUP BY quotation_id) l ON l.quotation_id = q.id WHERE q.deleted_at IS NULL
        AND (q.subtotal_minor <> COALESCE(l.lines, 0) OR q.subtotal_minor - q.discount_minor + q.tax_minor <> q.total_minor)""",
    ),
    Rule(
        "The instalments of an order in effect add up to it, in both currencies; no other order has any.",
        f"""SELECT o.number FROM sales_order o LEFT JOIN (SELECT order_id, SUM(amount_minor) AS amount, SUM(base_minor) AS base
        FROM receivable WHERE deleted_at IS NULL GROUP BY order_id) r ON r.order_id = o.id WHERE o.deleted_at IS NULL
        AND CASE WHEN {IN_EFFECT} THEN COALESCE(r.amount, 0) <> o.total_minor OR COALESCE(r.base, 0) <> o.base_minor
        ELSE r.order_id IS NOT NULL END""",
    ),
    Rule(
        "An instalment is cancelled exactly when its order is.",
        """SELECT r.id FROM receivable r JOIN sales_order o ON o.id = r.order_id
        WHERE r.cancelled_on IS DISTINCT FROM o.cancelled_on""",
    ),
    Rule(
        "0 <= remaining <= amount, and nothing remains in the base currency when nothing remains.",
        """SELECT id FROM receivable WHERE received_minor < 0 OR credited_minor < 0 OR written_off_minor < 0
        OR received_minor + credited_minor + written_off_minor > amount_minor
        OR received_base_minor + credited_base_minor + written_off_base_minor > base_minor
        OR (received_minor + credited_minor + written_off_minor = amount_minor
        AND received_base_minor + credited_base_minor + written_off_base_minor <> base_minor)""",
    ),
    Rule(
        "What was received on an instalment is the sum of its live allocations.",
        _running("received", "allocation"),
    ),
    Rule(
        "What was credited is the sum of its credit notes.",
        _running("credited", "adjustment", "e.kind = 'credit'"),
    ),
    Rule(
        "What was written off is the sum of its write-offs.",
        _running("written_off", "adjustment", "e.kind = 'write_off'"),
    ),
    Rule(
        "At the end of no day was more taken from an instalment than it was worth, nor less than nothing.",
        f"""SELECT receivable_id FROM (SELECT d.receivable_id, r.amount_minor, SUM(d.taken) OVER (PARTITION BY d.receivable_id
        ORDER BY d.happened_on) AS so_far FROM (SELECT receivable_id, happened_on, {NET.format("amount_minor")} AS taken
        FROM ({ENTRIES}) e GROUP BY receivable_id, happened_on) d JOIN receivable r ON r.id = d.receivable_id) t
        WHERE so_far < 0 OR so_far > amount_minor""",
    ),
    Rule(
        "A receipt's allocated amount is the sum of its live allocations and not above the receipt.",
        f"""SELECT p.number FROM receipt p LEFT JOIN (SELECT receipt_id, {NET.format("amount_minor")} AS amount,
        {NET.format("receipt_base_minor")} AS base
        FROM allocation e WHERE e.deleted_at IS NULL GROUP BY receipt_id) s ON s.receipt_id = p.id
        WHERE p.allocated_minor <> COALESCE(s.amount, 0) OR p.allocated_base_minor <> COALESCE(s.base, 0)
        OR p.allocated_base_minor > p.base_minor OR p.allocated_minor > p.amount_minor OR p.amount_minor <= 0
        OR (p.status = 'reversed' AND p.allocated_minor <> 0) OR (p.status = 'reversed') <> (p.reversed_on IS NOT NULL)""",
    ),
    Rule(
        "An allocation is positive, of the customer and currency of both sides, and not earlier than either.",
        """SELECT e.id FROM allocation e JOIN receipt p ON p.id = e.receipt_id JOIN receivable r ON r.id = e.receivable_id
        WHERE e.amount_minor <= 0 OR e.base_minor < 0 OR e.customer_id <> p.customer_id OR e.customer_id <> r.customer_id
        OR e.currency <> p.currency OR e.currency <> r.currency OR e.order_id <> r.order_id OR e.due_on <> r.due_on
        OR e.happened_on < p.happened_on OR e.happened_on < r.happened_on""",
    ),
    Rule(
        "An adjustment is positive and in the currency of its instalment.",
        """SELECT e.id FROM adjustment e JOIN receivable r ON r.id = e.receivable_id WHERE e.amount_minor <= 0
        OR e.currency <> r.currency OR e.customer_id <> r.customer_id OR e.due_on <> r.due_on OR e.happened_on < r.happened_on""",
    ),
    Rule("A reversed allocation has one counter entry, its mirror.", _reversals("allocation")),
    Rule("A reversed adjustment has one counter entry, its mirror.", _reversals("adjustment")),
    Rule(
        "At most one notice per instalment and level, of an amount that remained, none after a dispute.",
        """SELECT receivable_id FROM dunning_notice WHERE deleted_at IS NULL GROUP BY receivable_id, level HAVING COUNT(*) > 1
        UNION ALL SELECT n.receivable_id FROM dunning_notice n JOIN receivable r ON r.id = n.receivable_id
        WHERE n.remaining_minor <= 0 OR n.remaining_minor > r.amount_minor OR n.happened_on < r.due_on
        OR (r.disputed_at IS NOT NULL AND n.sent_at > r.disputed_at)""",
    ),
    Rule(
        "An expense counts from approval by somebody else; a paid one was approved.",
        """SELECT number FROM expense WHERE amount_minor <= 0 OR (status IN ('approved', 'paid')) <> (approved_on IS NOT NULL)
        OR approved_by = owner_id OR (status = 'paid') <> (paid_on IS NOT NULL) OR paid_on < approved_on
        OR approved_on < happened_on""",
    ),
)

SALES = (
    Rule(
        "Approved, shipped, completed and cancelled orders carry their days, in order; others none.",
        """SELECT number FROM sales_order WHERE (status IN ('approved', 'executing', 'completed')) AND approved_on IS NULL
        OR (status IN ('draft', 'submitted', 'rejected') AND (approved_on IS NOT NULL OR shipped_on IS NOT NULL))
        OR (status = 'cancelled') <> (cancelled_on IS NOT NULL) OR (status = 'completed') <> (completed_on IS NOT NULL)
        OR approved_on < happened_on OR shipped_on < approved_on OR completed_on < shipped_on OR cancelled_on < approved_on
        OR submitted_at < recorded_at OR approved_at < submitted_at""",
    ),
    Rule(
        "A signed customer is signed on the approval day of its first order.",
        f"""SELECT c.code FROM customer c LEFT JOIN (SELECT customer_id, MIN(approved_on) AS first_on FROM sales_order o
        WHERE {IN_EFFECT} AND o.deleted_at IS NULL GROUP BY customer_id) f ON f.customer_id = c.id
        WHERE c.merged_into_id IS NULL AND c.signed_on IS DISTINCT FROM f.first_on""",
    ),
    Rule(
        "Only signed customers are customers; a prospect is not signed.",
        """SELECT code FROM customer WHERE (status IN ('customer', 'dormant') AND signed_on IS NULL)
        OR (status = 'prospect' AND signed_on IS NOT NULL)""",
    ),
    Rule(
        "Nobody decides on his own request, and a discount needs an approver whose limit covers it.",
        """SELECT q.id FROM approval_request q JOIN approval_step s ON s.request_id = q.id WHERE s.decided_by = q.requested_by
        UNION ALL SELECT o.id FROM sales_order o JOIN employee a ON a.id = o.owner_id JOIN employee b ON b.id = o.approved_by
        WHERE o.effective_discount_bp > a.discount_limit_bp AND o.effective_discount_bp > b.discount_limit_bp""",
    ),
    Rule(
        "A request is decided exactly when its step is; submitted documents wait for one decision.",
        """SELECT q.id FROM approval_request q JOIN approval_step s ON s.request_id = q.id WHERE q.status <> s.status
        OR (q.status IN ('approved', 'rejected')) <> (s.decided_by IS NOT NULL) UNION ALL
        SELECT d.id FROM (SELECT id, status FROM sales_order UNION ALL SELECT id, status FROM expense) d
        LEFT JOIN (SELECT entity_id, COUNT(*) AS waiting FROM approval_request WHERE status = 'waiting' GROUP BY entity_id) w
        ON w.entity_id = d.id WHERE (CASE WHEN d.status = 'submitted' THEN 1 ELSE 0 END) <> COALESCE(w.waiting, 0)""",
    ),
    Rule(
        "What was approved is what the order says: the hashes agree.",
        """SELECT o.number FROM sales_order o JOIN approval_request q ON q.entity_id = o.id AND q.status = 'approved'
        WHERE o.approved_hash <> q.document_hash""",
    ),
    Rule(
        "Only orders in effect have steps; done ones have their day; a collection is done when nothing remains.",
        f"""SELECT s.id FROM execution_step s JOIN sales_order o ON o.id = s.order_id
        LEFT JOIN receivable r ON r.id = s.receivable_id WHERE s.deleted_at IS NULL AND (NOT ({IN_EFFECT})
        OR (s.status = 'done') <> (s.done_on IS NOT NULL) OR s.done_on < o.approved_on OR (s.kind = 'collect'
        AND (s.status = 'done') <> (r.received_minor + r.credited_minor + r.written_off_minor = r.amount_minor)))""",
    ),
    Rule(
        "A completed order has no open step, and one whose steps are all done is completed.",
        """SELECT o.number FROM sales_order o JOIN (SELECT order_id,
        SUM(CASE WHEN status IN ('done', 'skipped') THEN 0 ELSE 1 END) AS open FROM execution_step WHERE deleted_at IS NULL
        GROUP BY order_id) s ON s.order_id = o.id WHERE (o.status = 'completed') AND s.open <> 0""",
    ),
    Rule(
        "A quote becomes at most one order, which names it.",
        """SELECT q.number FROM quotation q LEFT JOIN sales_order o ON o.id = q.order_id WHERE q.order_id IS NOT NULL
        AND (q.status <> 'accepted' OR o.quotation_id IS DISTINCT FROM q.id OR o.customer_id <> q.customer_id)
        UNION ALL SELECT MIN(number) FROM sales_order WHERE quotation_id IS NOT NULL GROUP BY quotation_id HAVING COUNT(*) > 1""",
    ),
)

WORK = (
    Rule(
        "One plan per employee and day.",
        """SELECT employee_id FROM daily_plan WHERE deleted_at IS NULL GROUP BY employee_id, happened_on HAVING COUNT(*) > 1""",
    ),
    Rule(
        "Planned = done + carried over + cancelled in every closed plan.",
        """SELECT p.id FROM daily_plan p JOIN plan_item i ON i.plan_id = p.id WHERE p.status = 'closed' AND i.status = 'planned'
        AND NOT i.is_addition AND i.deleted_at IS NULL""",
    ),
    Rule(
        "An item is of its plan's day and employee; done ones say when.",
        """SELECT i.id FROM plan_item i JOIN daily_plan p ON p.id = i.plan_id WHERE i.happened_on <> p.happened_on
        OR i.employee_id <> p.employee_id OR (i.status = 'done') <> (i.done_at IS NOT NULL)""",
    ),
    Rule(
        "A carried item keeps its origin, and an origin was carried over.",
        """SELECT i.id FROM plan_item i LEFT JOIN plan_item f ON f.id = i.origin_id WHERE i.origin_id IS NOT NULL
        AND (f.id IS NULL OR f.status <> 'carried_over' OR f.origin_id IS NOT NULL OR f.happened_on >= i.happened_on
        OR f.employee_id <> i.employee_id OR i.carried_count < 1)""",
    ),
    Rule(
        "The record that shows an item to be done is of that day, customer and employee, and shows one item only.",
        """SELECT i.id FROM plan_item i LEFT JOIN (SELECT id, customer_id, happened_on, owner_id FROM activity UNION ALL
        SELECT id, customer_id, happened_on, owner_id FROM quotation UNION ALL SELECT id, customer_id, happened_on, owner_id
        FROM sales_order UNION ALL SELECT id, customer_id, happened_on, owner_id FROM receipt) d ON d.id = i.proof_id
        WHERE i.proof_id IS NOT NULL AND (d.id IS NULL OR d.customer_id <> i.customer_id OR d.happened_on <> i.happened_on
        OR d.owner_id <> i.employee_id OR i.status <> 'done')
        UNION ALL SELECT proof_id FROM plan_item WHERE proof_id IS NOT NULL GROUP BY proof_id HAVING COUNT(*) > 1""",
    ),
    Rule(
        "Last contact is the latest follow-up done, next contact the earliest one planned.",
        """SELECT c.code FROM customer c LEFT JOIN (SELECT customer_id, MAX(CASE WHEN status = 'done' THEN happened_on END) AS
        last_on, MIN(CASE WHEN status = 'planned' THEN planned_on END) AS next_on FROM activity WHERE deleted_at IS NULL
        GROUP BY customer_id) a ON a.customer_id = c.id WHERE c.last_contact_on IS DISTINCT FROM a.last_on
        OR (a.next_on IS NOT NULL AND c.next_contact_on IS DISTINCT FROM a.next_on)""",
    ),
    Rule(
        "A follow-up that was done has its day, a planned one has none yet.",
        """SELECT id FROM activity WHERE (status = 'done') <> (happened_on IS NOT NULL)
        OR (status = 'planned' AND planned_on IS NULL)""",
    ),
)

# table, column, table that it names
REFERENCES = (
    ("customer", "owner_id", "employee"), ("customer", "department_id", "department"), ("contact", "customer_id", "customer"),
    ("contact_point", "customer_id", "customer"), ("contact_point", "contact_id", "contact"),
    ("address", "customer_id", "customer"), ("credit_record", "customer_id", "customer"), ("employee", "department_id", "department"),
    ("employee", "manager_id", "employee"), ("employee_role", "employee_id", "employee"), ("assignment", "employee_id", "employee"),
    ("department", "manager_id", "employee"), ("department", "parent_id", "department"), ("delegation", "deputy_id", "employee"),
    ("price_item", "product_id", "product"), ("opportunity", "customer_id", "customer"), ("quotation", "customer_id", "customer"),
    ("quotation", "previous_id", "quotation"), ("quotation", "opportunity_id", "opportunity"), ("quotation_line", "quotation_id", "quotation"),
    ("quotation_line", "product_id", "product"), ("sales_order", "customer_id", "customer"), ("sales_order", "owner_id", "employee"),
    ("sales_order", "quotation_id", "quotation"), ("sales_order", "opportunity_id", "opportunity"), ("order_line", "order_id", "sales_order"),
    ("order_line", "product_id", "product"), ("execution_step", "order_id", "sales_order"), ("execution_step", "receivable_id", "receivable"),
    ("approval_step", "request_id", "approval_request"), ("approval_step", "approver_id", "employee"), ("receivable", "order_id", "sales_order"),
    ("receivable", "customer_id", "customer"), ("receipt", "customer_id", "customer"), ("allocation", "receipt_id", "receipt"),
    ("allocation", "receivable_id", "receivable"), ("adjustment", "receivable_id", "receivable"), ("promise_to_pay", "receivable_id", "receivable"),
    ("dunning_notice", "receivable_id", "receivable"), ("expense", "owner_id", "employee"), ("expense", "customer_id", "customer"),
    ("daily_plan", "employee_id", "employee"), ("plan_item", "plan_id", "daily_plan"), ("plan_item", "customer_id", "customer"),
    ("plan_item", "task_id", "task"), ("task", "employee_id", "employee"), ("task", "customer_id", "customer"),
    ("activity", "customer_id", "customer"), ("activity", "contact_id", "contact"), ("activity", "owner_id", "employee"),
    ("feedback", "customer_id", "customer"), ("feedback", "assigned_to", "employee"), ("intel_note", "customer_id", "customer"),
)  # fmt: skip

# table, column of a business date that cannot lie in the future
HAPPENED = (
    ("customer", "acquired_on"), ("customer", "signed_on"), ("customer", "last_contact_on"), ("sales_order", "happened_on"),
    ("sales_order", "approved_on"), ("sales_order", "shipped_on"), ("sales_order", "completed_on"), ("sales_order", "cancelled_on"),
    ("quotation", "happened_on"), ("opportunity", "happened_on"), ("opportunity", "closed_on"), ("receivable", "happened_on"),
    ("receipt", "happened_on"), ("receipt", "reversed_on"), ("allocation", "happened_on"), ("adjustment", "happened_on"),
    ("promise_to_pay", "happened_on"), ("dunning_notice", "happened_on"), ("expense", "happened_on"), ("expense", "approved_on"),
    ("expense", "paid_on"), ("activity", "happened_on"), ("daily_plan", "happened_on"), ("feedback", "happened_on"),
    ("intel_note", "happened_on"), ("execution_step", "done_on"), ("credit_record", "happened_on"),
)  # fmt: skip

# table, column of an instant that cannot lie in the future
INSTANTS = (
    ("sales_order", "submitted_at"), ("sales_order", "approved_at"), ("quotation", "sent_at"), ("quotation", "decided_at"),
    ("approval_request", "decided_at"), ("dunning_notice", "sent_at"), ("expense", "submitted_at"), ("expense", "approved_at"),
    ("daily_plan", "submitted_at"), ("daily_plan", "closed_at"), ("plan_item", "done_at"), ("task", "done_at"),
    ("feedback", "answered_at"), ("feedback", "closed_at"), ("receivable", "disputed_at"), ("receivable", "recorded_at"),
    ("receipt", "recorded_at"), ("allocation", "recorded_at"), ("plan_item", "recorded_at"), ("activity", "recorded_at"),
)  # fmt: skip

NUMBERED = (
    ("customer", "code"), ("employee", "number"), ("product", "code"), ("sales_order", "number"), ("receipt", "number"),
    ("expense", "number"),
)  # fmt: skip


def _reference_rules() -> list[Rule]:
    return [
        Rule(
            f"{table}.{column} names a row of {target} that is there.",
            f"SELECT a.id FROM {table} a LEFT JOIN {target} b ON b.id = a.{column} WHERE a.{column} IS NOT NULL AND b.id IS NULL",
        )
        for table, column, target in REFERENCES
    ]


def _number_rules() -> list[Rule]:
    return [
        Rule(
            f"No two rows of {table} have the same {column}.",
            f"SELECT {column} FROM {table} WHERE deleted_at IS NULL GROUP BY branch, {column} HAVING COUNT(*) > 1",
        )
        for table, column in NUMBERED
    ]


async def broken(today: date | None = None, now: datetime | None = None) -> list[str]:
    """The sentences that do not hold, with examples. With `today` and `now` also: nothing lies in the future."""
    found: list[str] = []
    for rule in (*MONEY, *SALES, *WORK, *_reference_rules(), *_number_rules()):
        found += await _ask(rule.sentence, rule.sql)
    for table, column in HAPPENED if today else ():
        found += await _ask(
            f"{table}.{column} lies in the past.", f"SELECT id FROM {table} WHERE {column} > :at", at=today
        )
    for table, column in INSTANTS if now else ():
        found += await _ask(
            f"{table}.{column} lies in the past.", f"SELECT id FROM {table} WHERE {column} > :at", at=now
        )
    return found


async def _ask(sentence: str, sql: str, **params: Any) -> list[str]:
    rows = await fetch_all(f"SELECT * FROM ({sql}) bad LIMIT {SHOWN}", **params)
    if not rows:
        return []
    count = await fetch_value(f"SELECT COUNT(*) AS n FROM ({sql}) bad", **params)
    shown: Sequence[str] = [str(next(iter(row.values()))) for row in rows]
    return [f"{sentence} Not so in {count}: {', '.join(shown)}"]


async def assert_invariants(today: date | None = None, now: datetime | None = None) -> None:
    """Fail with every sentence that does not hold."""
    found = await broken(today, now)
    assert not found, "\n".join(found)
