"""Money in and out: what customers owe, what they paid, what it paid for, and what the branch spends.

`due_on`, `customer_id`, `order_id`, `owner_id` and `department_id` stand on every entry, so that each row alone
says what it adds to which figure; rollups need no join.
"""

from tortoise import fields

from shared.database.fields import InstantField
from shared.records.base import Record, code_field, minor_field, reference_field


class Receivable(Record):
    """One instalment of an approved order: owed from `happened_on`, payable on `due_on`.

    remaining = amount - received - credited - written_off, never below zero; the three running sums are
    changed only by conditional updates in the transaction that writes the entry behind them."""

    order_id = reference_field(null=False, index=True)
    customer_id = reference_field(null=False, index=True)
    owner_id = reference_field()
    department_id = reference_field()
    position = fields.IntField(default=1)
    happened_on = fields.DateField()
    due_on = fields.DateField()
    cancelled_on = fields.DateField(null=True)
    currency = code_field(3)
    amount_minor = minor_field()
    base_minor = minor_field()
    received_minor = minor_field()
    received_base_minor = minor_field()
    credited_minor = minor_field()
    credited_base_minor = minor_field()
    written_off_minor = minor_field()
    written_off_base_minor = minor_field()
    disputed_at = InstantField(null=True)
    dispute_reason = fields.CharField(max_length=300, default="")

    class Meta:
        table = "receivable"
        app = "records"
        indexes = [("branch", "due_on"), ("branch", "happened_on"), ("owner_id", "due_on")]


class Receipt(Record):
    """Money that came in from a customer (posted, reversed). unallocated = amount - allocated, never below zero,
    also in the base currency: what was allocated is counted at the receipt's own rate."""

    number = code_field(32)
    customer_id = reference_field(null=False, index=True)
    owner_id = reference_field()
    department_id = reference_field()
    happened_on = fields.DateField()
    status = code_field(16, default="posted")
    method = code_field(16, default="bank")
    reference = fields.CharField(max_length=80, default="")
    currency = code_field(3)
    rate_e9 = fields.BigIntField(default=1_000_000_000)
    amount_minor = minor_field()
    base_minor = minor_field()
    allocated_minor = minor_field()
    allocated_base_minor = minor_field()
    reversed_on = fields.DateField(null=True)
    reversed_by = reference_field()
    reverse_reason = fields.CharField(max_length=300, default="")
    notes = fields.TextField(default="")

    class Meta:
        table = "receipt"
        app = "records"
        indexes = [("branch", "happened_on", "id"), ("branch", "number")]


class Allocation(Record):
    """Part of a receipt that pays one instalment. Always positive; a reversal is a further row that names the
    one it takes back in `reverses_id`. `base_minor` is at the instalment's rate, `receipt_base_minor` at the
    receipt's: their difference is the exchange difference."""

    receipt_id = reference_field(null=False, index=True)
    receivable_id = reference_field(null=False, index=True)
    order_id = reference_field(null=False)
    customer_id = reference_field(null=False, index=True)
    owner_id = reference_field()
    department_id = reference_field()
    happened_on = fields.DateField()
    due_on = fields.DateField()
    currency = code_field(3)
    amount_minor = minor_field()
    base_minor = minor_field()
    receipt_base_minor = minor_field()
    reverses_id = reference_field()

    class Meta:
        table = "allocation"
        app = "records"
        indexes = [("branch", "happened_on")]


class Adjustment(Record):
    """A credit note or a write-off against one instalment (`kind`: credit, write_off); reversed like an allocation."""

    number = code_field(32, default="")
    kind = code_field(16)
    receivable_id = reference_field(null=False, index=True)
    order_id = reference_field(null=False)
    customer_id = reference_field(null=False, index=True)
    owner_id = reference_field()
    department_id = reference_field()
    happened_on = fields.DateField()
    due_on = fields.DateField()
    currency = code_field(3)
    amount_minor = minor_field()
    base_minor = minor_field()
    reason = fields.CharField(max_length=300, default="")
    approved_by = reference_field()
    reverses_id = reference_field()

    class Meta:
        table = "adjustment"
        app = "records"
        indexes = [("branch", "happened_on")]


class PromiseToPay(Record):
    """A customer's word on an instalment (open, kept, broken)."""

    receivable_id = reference_field(null=False, index=True)
    customer_id = reference_field(null=False)
    happened_on = fields.DateField()
    promised_on = fields.DateField()
    currency = code_field(3)
    amount_minor = minor_field()
    status = code_field(16, default="open")

    class Meta:
        table = "promise_to_pay"
        app = "records"


class DunningLevel(Record):
    """A step of dunning: from how many days past due (negative: before), with its texts."""

    level = fields.IntField()
    days_past_due = fields.IntField()
    subject = fields.CharField(max_length=200)
    body = fields.TextField(default="")
    subject_en = fields.CharField(max_length=200, default="")
    body_en = fields.TextField(default="")
    active = fields.BooleanField(default=True)
    owned_by_company = True

    class Meta:
        table = "dunning_level"
        app = "records"


class DunningNotice(Record):
    """A notice sent for one instalment at one level: at most one, whatever runs twice."""

    receivable_id = reference_field(null=False, index=True)
    customer_id = reference_field(null=False)
    level = fields.IntField()
    happened_on = fields.DateField()
    currency = code_field(3)
    remaining_minor = minor_field()
    channel = code_field(16, default="mail")
    sent_at = InstantField(null=True)
    status = code_field(16, default="waiting")

    class Meta:
        table = "dunning_notice"
        app = "records"
        indexes = [("receivable_id", "level")]


class Expense(Record):
    """Money spent (draft, submitted, approved, rejected, paid); counts from approval, on `happened_on`."""

    number = code_field(32)
    owner_id = reference_field()
    department_id = reference_field()
    category = code_field(32)
    happened_on = fields.DateField()
    status = code_field(16, default="draft")
    description = fields.CharField(max_length=300, default="")
    customer_id = reference_field()
    currency = code_field(3)
    rate_e9 = fields.BigIntField(default=1_000_000_000)
    amount_minor = minor_field()
    base_minor = minor_field()
    submitted_at = InstantField(null=True)
    approved_at = InstantField(null=True)
    approved_by = reference_field()
    approved_on = fields.DateField(null=True)
    paid_on = fields.DateField(null=True)
    reject_reason = fields.CharField(max_length=300, default="")

    class Meta:
        table = "expense"
        app = "records"
        indexes = [("branch", "happened_on"), ("branch", "status")]


class ExpenseCategory(Record):
    """A kind of expense that the company reports by."""

    code = code_field(32)
    label = fields.CharField(max_length=80)
    label_en = fields.CharField(max_length=80, default="")
    position = fields.IntField(default=0)
    active = fields.BooleanField(default=True)
    owned_by_company = True

    class Meta:
        table = "expense_category"
        app = "records"
