"""Which rows may be had as a file, and what stands in their columns. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.i18n import N_
from shared.web.parts import Kind

ROWS_MOST = 1_000_000
KEPT = timedelta(days=7)
AT_ONCE = 3
"""So many files of one person may be waiting or being made."""


@dataclass(frozen=True)
class Ledger:
    """A kind of row: its title, the right it needs, its table (as `r`) with what is joined, the day that a span of days
    is about, and its columns (key, head, kind, expression). An amount is given in minor units of the row's currency."""

    title: str
    permission: str
    source: str
    day: str
    columns: Sequence[tuple[str, str, Kind, str]]


CUSTOMER = " LEFT JOIN customer c ON c.id = r.customer_id"
OWNER = " LEFT JOIN employee e ON e.id = r.owner_id"
ORDER = " LEFT JOIN sales_order o ON o.id = r.order_id"
_BRANCH = ("branch", N_("Branch"), "text", "r.branch")
_CUSTOMER = ("customer", N_("Customer"), "text", "COALESCE(c.name, '')")
_OWNER = ("owner", N_("Owner"), "text", "COALESCE(e.name, '')")
_SPLIT = ("split", N_("Seller split"), "text", "r.id")
"""Its cell is made of the shares of the order with this id, which are read with each piece."""
_CURRENCY = ("currency", N_("Currency"), "text", "r.currency")
_STATE = ("status", N_("State"), "status", "r.status")

LEDGERS: Mapping[str, Ledger] = {
    "orders": Ledger(
        N_("Orders"), "order.view", f"sales_order r{CUSTOMER}{OWNER}", "r.happened_on",
        (
            ("number", N_("Order"), "text", "r.number"), _BRANCH, _CUSTOMER, _OWNER, _SPLIT, _STATE,
            ("happened_on", N_("Date"), "day", "r.happened_on"), ("approved_on", N_("Approved on"), "day", "r.approved_on"),
            ("total", N_("Amount"), "money_plain", "r.total_minor"), _CURRENCY,
        ),
    ),
    "instalments": Ledger(
        N_("Receivables"), "receivable.view", f"receivable r{CUSTOMER}{OWNER}{ORDER}", "r.due_on",
        (
            ("number", N_("Order"), "text", "COALESCE(o.number, '')"), ("position", N_("Instalment"), "number", "r.position"),
            _BRANCH, _CUSTOMER, _OWNER, ("due_on", N_("Due date"), "day", "r.due_on"),
            ("due", N_("Due"), "money_plain", "r.amount_minor"), ("received", N_("Received"), "money_plain", "r.received_minor"),
            ("remaining", N_("Remaining"), "money_plain",
             "CASE WHEN r.cancelled_on IS NULL THEN r.amount_minor - r.received_minor - r.credited_minor - r.written_off_minor ELSE 0 END"),
            _CURRENCY, ("cancelled_on", N_("Cancelled on"), "day", "r.cancelled_on"),
        ),
    ),
    "receipts": Ledger(
        N_("Receipts"), "receipt.view", f"receipt r{CUSTOMER}{OWNER}", "r.happened_on",
        (
            ("number", N_("Receipt"), "text", "r.number"), _BRANCH, _CUSTOMER, _OWNER, _STATE,
            ("happened_on", N_("Date"), "day", "r.happened_on"), ("amount", N_("Amount"), "money_plain", "r.amount_minor"),
            ("allocated", N_("Allocated"), "money_plain", "r.allocated_minor"), _CURRENCY,
        ),
    ),
    "expenses": Ledger(
        N_("Expenses"), "expense.view", f"expense r{OWNER}", "r.happened_on",
        (
            ("number", N_("Number"), "text", "r.number"), _BRANCH, _OWNER, ("category", N_("Category"), "text", "r.category"), _STATE,
            ("happened_on", N_("Date"), "day", "r.happened_on"), ("amount", N_("Amount"), "money_plain", "r.amount_minor"),
            _CURRENCY, ("description", N_("What for"), "text", "r.description"),
        ),
    ),
    "customers": Ledger(
        N_("Customers"), "customer.export", f"customer r{OWNER}", "r.acquired_on",
        (
            ("code", N_("Customer code"), "text", "r.code"), ("name", N_("Name"), "text", "r.name"), _BRANCH, _OWNER, _STATE,
            ("city", N_("City"), "text", "r.city"), ("phone", N_("Phone"), "text", "r.phone"),
            ("acquired_on", N_("Acquired"), "day", "r.acquired_on"), ("signed_on", N_("Signed"), "day", "r.signed_on"),
            ("last_contact_on", N_("Last contact"), "day", "r.last_contact_on"),
        ),
    ),
}  # fmt: skip
