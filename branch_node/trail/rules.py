"""Words of the audit trail: kinds of records, and what is told of acts. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.i18n import N_, gettext
from shared.permissions import LABELS
from shared.vocabulary import table_word


@dataclass(frozen=True)
class Kind:
    """A kind of record: its word, the columns that may name one (the first with a value does), where one is seen."""

    word: str
    names: Sequence[str]
    url: str = ""


KINDS: Mapping[str, Kind] = {
    "customer": Kind(N_("customer"), ("name",), "/customers/"),
    "contact": Kind(N_("contact"), ("name",)),
    "address": Kind(N_("address"), ("line",)),
    "opportunity": Kind(N_("opportunity"), ("title",), "/history/opportunities/"),
    "quotation": Kind(N_("quote"), ("number",), "/history/quotes/"),
    "sales_order": Kind(N_("order"), ("number",), "/history/orders/"),
    "execution_step": Kind(N_("step of an order"), ("title", "kind")),
    "approval_request": Kind(N_("approval"), ("entity",), "/approvals/"),
    "receivable": Kind(N_("instalment"), ("position",), "/receivables/"),
    "receipt": Kind(N_("receipt"), ("number",), "/history/receipts/"),
    "allocation": Kind(N_("allocation"), ()),
    "adjustment": Kind(N_("credit note or write-off"), ("reason",)),
    "promise_to_pay": Kind(N_("promise to pay"), ("promised_on",)),
    "dunning_notice": Kind(N_("reminder"), ("level",)),
    "dunning_level": Kind(N_("dunning level"), ("subject",)),
    "expense": Kind(N_("expense"), ("number", "description"), "/history/expenses/"),
    "fiscal_period": Kind(N_("period"), ("code",)),
    "daily_plan": Kind(N_("daily plan"), ("happened_on",)),
    "plan_item": Kind(N_("plan item"), ("text",)),
    "task": Kind(N_("task"), ("title",), "/history/tasks/"),
    "activity": Kind(N_("follow-up"), ("subject",), "/history/followups/"),
    "feedback": Kind(N_("feedback"), ("subject",), "/history/feedback/"),
    "intel_note": Kind(N_("market note"), ("title",), "/intel/"),
    "target": Kind(N_("target"), ("measure",)),
    "directive_receipt": Kind(N_("receipt of a directive"), ()),
    "product": Kind(N_("product"), ("name", "code"), "/products/"),
    "price_item": Kind(N_("price"), ("from_on",)),
    "employee": Kind(N_("employee"), ("name",), "/history/staff/"),
    "department": Kind(N_("department"), ("name",), "/departments/"),
    "role": Kind(N_("role"), ("name", "code")),
    "role_grant": Kind(N_("right of a role"), ("action",)),
    "employee_role": Kind(N_("role of an employee"), ("role_code",)),
    "delegation": Kind(N_("deputy"), ("from_on",)),
    "custom_field_def": Kind(N_("own field"), ("label",)),
    "approval_rule": Kind(N_("rule of approval"), ("name",)),
    "step_kind": Kind(N_("kind of step"), ("label",)),
    "expense_category": Kind(N_("kind of expense"), ("label",)),
    "merge_record": Kind(N_("merge"), ()),
    "import_run": Kind(N_("import"), ("mapping",), "/imports/"),
}
"""By table. Lines of documents and other parts are told with what they belong to, not here."""

VERBS: Mapping[str, str] = {"i": N_("entered"), "u": N_("changed"), "d": N_("removed")}


def name_of(kind: Kind, row: Mapping[str, Any]) -> str:
    """What a record is called, from its columns, the code of a right or of a kind of record in words; "" when nothing names it."""
    column = next((column for column in kind.names if row.get(column) not in (None, "")), "")
    text = str(row.get(column, ""))
    if column == "action" and text in LABELS:
        return gettext(LABELS[text])
    return table_word(text) if column == "entity" else text[:120]


def is_removal(op: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a write removed the record: the row went, or was marked as deleted."""
    return op == "d" or (bool(after.get("deleted_at")) and not before.get("deleted_at"))
