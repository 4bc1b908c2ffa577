"""Words for codes that branch and headquarters both show."""

from collections.abc import Mapping

from shared.column_words import COLUMNS
from shared.i18n import N_, gettext

REGIONS: Mapping[str, str] = {
    "north": N_("North China"),
    "east": N_("East China"),
    "south": N_("South China"),
    "central": N_("Central China"),
    "northeast": N_("Northeast China"),
    "northwest": N_("Northwest China"),
    "southwest": N_("Southwest China"),
    "east-asia": N_("East Asia"),
    "europe": N_("Europe"),
    "america": N_("America"),
    "other": N_("other"),
}


OPEN_STAGES: Mapping[str, str] = {
    "qualify": N_("qualify"),
    "needs": N_("needs"),
    "proposal": N_("proposal"),
    "negotiation": N_("negotiation"),
}
STAGES: Mapping[str, str] = {**OPEN_STAGES, "won": N_("won"), "lost": N_("deal lost")}
"""Stages of an opportunity."""

LOST_REASONS: Mapping[str, str] = {
    "price": N_("price"),
    "competitor": N_("competitor chosen"),
    "delivery": N_("delivery time"),
    "no_budget": N_("no budget"),
    "cancelled": N_("project cancelled"),
    "no_answer": N_("no answer"),
    "other": N_("other"),
}
"""Why an opportunity is lost."""

DIRECTIVE_KINDS: Mapping[str, str] = {
    "decision": N_("Decision"),
    "document": N_("Official document"),
    "notice": N_("Notice"),
}
"""What headquarters sends down."""


def region_word(code: str) -> str:
    """The region in the reader's language; a code that a company made up stands as it is."""
    return gettext(REGIONS[code]) if code in REGIONS else code


TABLES: Mapping[str, str] = {
    "branch": N_("Branch"), "department": N_("Department"), "employee": N_("Employee"), "assignment": N_("Assignment"),
    "role": N_("Role"), "role_grant": N_("Right of a role"), "employee_role": N_("Role of an employee"),
    "delegation": N_("Deputy"), "fiscal_period": N_("Fiscal period"), "exchange_rate": N_("Exchange rate"),
    "customer": N_("Customer"), "contact": N_("Contact"), "contact_point": N_("Phone or mail"), "address": N_("Address"),
    "custom_field_def": N_("Own field"), "credit_record": N_("Credit record"), "merge_record": N_("Merged customers"),
    "product": N_("Product"), "price_item": N_("Price"), "opportunity": N_("Opportunity"), "quotation": N_("Quote"),
    "quotation_line": N_("Quote line"), "sales_order": N_("Order"), "order_line": N_("Order line"),
    "order_share": N_("Share of an order"),
    "execution_step": N_("Execution step"), "step_kind": N_("Kind of step"), "approval_request": N_("Approval request"),
    "approval_rule": N_("Approval rule"), "approval_step": N_("Approval"), "receivable": N_("Instalment"),
    "receipt": N_("Receipt"), "allocation": N_("Allocation"), "adjustment": N_("Credit or write-off"),
    "promise_to_pay": N_("Promise to pay"), "dunning_level": N_("Dunning level"), "dunning_notice": N_("Dunning notice"),
    "expense": N_("Expense"), "expense_category": N_("Expense category"), "daily_plan": N_("Day plan"),
    "plan_item": N_("Plan item"), "task": N_("Task"), "activity": N_("Follow-up"), "feedback": N_("Feedback"),
    "intel_note": N_("Market note"), "target": N_("Target"), "target_line": N_("Target of a month"),
    "directive": N_("Directive"), "directive_recipient": N_("Recipient of a directive"),
    "directive_file": N_("Document of a directive"), "directive_receipt": N_("Receipt of a directive"),
    "news_item": N_("News"), "import_run": N_("Import"), "day_close": N_("Day close"), "audit_entry": N_("Audit entry"),
    "row_conflict": N_("Conflict"),
}  # fmt: skip
"""What one row of a replicated table is called."""


def table_word(name: str) -> str:
    """A table in the reader's language; one that this release does not know stands as it is."""
    return gettext(TABLES[name]) if name in TABLES else name


def table_words(names: Mapping[str, object] | list[str] | tuple[str, ...]) -> str:
    """Several tables, comma between."""
    return gettext(", ").join(table_word(name) for name in names)


def column_word(name: str) -> str:
    """A column in the reader's language; one that this release does not know with its words apart."""
    return gettext(COLUMNS[name]) if name in COLUMNS else name.replace("_", " ")
