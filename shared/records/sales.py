"""From opportunity to order: what is offered, agreed, approved and carried out."""

from tortoise import fields

from shared.database.fields import InstantField, JsonField
from shared.records.base import Record, code_field, minor_field, reference_field


class Product(Record):
    """Something the company sells."""

    code = code_field(40)
    name = fields.CharField(max_length=200)
    category = fields.CharField(max_length=80, default="")
    unit = code_field(16, default="")
    currency = code_field(3)
    list_price_minor = minor_field()
    cost_minor = minor_field()
    description = fields.TextField(default="")
    active = fields.BooleanField(default=True)
    search_key = fields.CharField(max_length=400, default="")
    owned_by_company = True

    class Meta:
        table = "product"
        app = "records"
        indexes = [("branch", "code")]


class PriceItem(Record):
    """A dated price of a product in a currency, from `from_on` on."""

    product_id = reference_field(null=False, index=True)
    currency = code_field(3)
    price_minor = minor_field()
    from_on = fields.DateField()
    until_on = fields.DateField(null=True)
    owned_by_company = True

    class Meta:
        table = "price_item"
        app = "records"


class Opportunity(Record):
    """A chance to sell: stage, amount, probability in percent, expected close, and why it was lost."""

    customer_id = reference_field(null=False, index=True)
    owner_id = reference_field()
    department_id = reference_field()
    title = fields.CharField(max_length=200)
    stage = code_field(16, default="qualify")
    probability_percent = fields.IntField(default=10)
    currency = code_field(3)
    amount_minor = minor_field()
    base_minor = minor_field()
    happened_on = fields.DateField()
    expected_on = fields.DateField(null=True)
    closed_on = fields.DateField(null=True)
    competitor = fields.CharField(max_length=120, default="")
    lost_reason = code_field(24, default="")
    notes = fields.TextField(default="")
    position = fields.IntField(default=0)

    class Meta:
        table = "opportunity"
        app = "records"
        indexes = [("branch", "stage")]


class Quotation(Record):
    """An offer with its revisions (draft, sent, accepted, rejected, expired, superseded)."""

    number = code_field(32)
    round = fields.IntField(default=1)
    previous_id = reference_field()
    customer_id = reference_field(null=False, index=True)
    opportunity_id = reference_field()
    owner_id = reference_field()
    department_id = reference_field()
    status = code_field(16, default="draft")
    happened_on = fields.DateField()
    valid_until_on = fields.DateField(null=True)
    sent_at = InstantField(null=True)
    decided_at = InstantField(null=True)
    currency = code_field(3)
    subtotal_minor = minor_field()
    discount_bp = fields.IntField(default=0)
    discount_minor = minor_field()
    tax_bp = fields.IntField(default=0)
    tax_minor = minor_field()
    total_minor = minor_field()
    effective_discount_bp = fields.IntField(default=0)
    terms = fields.TextField(default="")
    order_id = reference_field()

    class Meta:
        table = "quotation"
        app = "records"
        indexes = [("branch", "happened_on"), ("branch", "number")]


class QuotationLine(Record):
    """A line of a quotation; money in the quotation's currency."""

    quotation_id = reference_field(null=False, index=True)
    position = fields.IntField(default=0)
    product_id = reference_field()
    product_code = code_field(40, default="")
    text = fields.CharField(max_length=300, default="")
    quantity_milli = fields.BigIntField(default=1000)
    list_price_minor = minor_field()
    price_minor = minor_field()
    amount_minor = minor_field()

    class Meta:
        table = "quotation_line"
        app = "records"


class Order(Record):
    """An order (draft, submitted, approved, rejected, executing, completed, cancelled).

    `happened_on` is the order date, `approved_on` the business date from which it counts, `cancelled_on` the
    one from which it no longer does; money in `currency`, `base_minor` in the branch's base currency at
    `rate_e9`, fixed at approval. `approved_hash` is what was approved: editing voids it.
    `customer_reference` is the number under which the customer ordered."""

    number = code_field(32)
    customer_id = reference_field(null=False)
    quotation_id = reference_field()
    opportunity_id = reference_field()
    owner_id = reference_field()
    department_id = reference_field()
    status = code_field(16, default="draft")
    happened_on = fields.DateField()
    required_on = fields.DateField(null=True)
    submitted_at = InstantField(null=True)
    submitted_by = reference_field()
    approved_at = InstantField(null=True)
    approved_by = reference_field()
    approved_on = fields.DateField(null=True)
    approved_hash = code_field(64, default="")
    shipped_on = fields.DateField(null=True)
    completed_on = fields.DateField(null=True)
    cancelled_on = fields.DateField(null=True)
    cancel_reason = fields.CharField(max_length=300, default="")
    is_disputed = fields.BooleanField(default=False)
    on_hold = fields.BooleanField(default=False)
    currency = code_field(3)
    rate_e9 = fields.BigIntField(default=1_000_000_000)
    base_currency = code_field(3)
    subtotal_minor = minor_field()
    discount_bp = fields.IntField(default=0)
    discount_minor = minor_field()
    tax_bp = fields.IntField(default=0)
    tax_minor = minor_field()
    total_minor = minor_field()
    base_minor = minor_field()
    cost_minor = minor_field()
    effective_discount_bp = fields.IntField(default=0)
    payment_terms_days = fields.IntField(default=30)
    instalment_plan = JsonField(default=list)
    ship_to = fields.CharField(max_length=300, default="")
    customer_reference = fields.CharField(max_length=80, default="", db_default="")
    custom = JsonField(default=dict)
    notes = fields.TextField(default="")

    class Meta:
        table = "sales_order"
        app = "records"
        indexes = [
            ("branch", "status"),
            ("branch", "approved_on", "id"),
            ("branch", "happened_on", "id"),
            ("branch", "number"),
            ("customer_id", "happened_on"),
            ("approved_on", "id"),
        ]


class OrderShare(Record):
    """What one of several sellers is credited with of an order; an order of one seller has none.

    `share_bp` of an order's live rows add up to 10,000. While the order is in effect the row says what `employee_id` gets of
    it and `owner_id`, in whose name the order stands, gives up: `amount_minor`, `base_minor` (by largest remainder, together
    exactly the order) and the order's own days. Before that they are 0 and empty. Department is the order's."""

    order_id = reference_field(null=False, index=True)
    customer_id = reference_field(null=False, index=True)
    position = fields.IntField(default=0)
    employee_id = reference_field(null=False, index=True)
    owner_id = reference_field()
    department_id = reference_field()
    share_bp = fields.IntField(default=0)
    currency = code_field(3)
    amount_minor = minor_field()
    base_minor = minor_field()
    approved_on = fields.DateField(null=True)
    shipped_on = fields.DateField(null=True)
    cancelled_on = fields.DateField(null=True)

    class Meta:
        table = "order_share"
        app = "records"
        indexes = [("branch", "approved_on"), ("branch", "cancelled_on")]


class OrderLine(Record):
    """A line of an order. `list_price_minor` is before any discount; `amount_minor` after the line's own."""

    order_id = reference_field(null=False, index=True)
    position = fields.IntField(default=0)
    product_id = reference_field()
    product_code = code_field(40, default="")
    text = fields.CharField(max_length=300, default="")
    quantity_milli = fields.BigIntField(default=1000)
    list_price_minor = minor_field()
    price_minor = minor_field()
    cost_minor = minor_field()
    amount_minor = minor_field()

    class Meta:
        table = "order_line"
        app = "records"


class ExecutionStep(Record):
    """A step of an approved order's plan (pending, ready, done, skipped); late is what the date says."""

    order_id = reference_field(null=False, index=True)
    position = fields.IntField(default=0)
    kind = code_field(24)
    title = fields.CharField(max_length=120, default="")
    owner_id = reference_field()
    due_on = fields.DateField(null=True)
    status = code_field(16, default="pending")
    done_on = fields.DateField(null=True)
    done_by = reference_field()
    quantity_milli = fields.BigIntField(null=True)
    amount_minor = fields.BigIntField(null=True)
    receivable_id = reference_field()
    proof = fields.CharField(max_length=200, default="")

    class Meta:
        table = "execution_step"
        app = "records"


class StepKind(Record):
    """A kind of execution step that the company uses: collect, pick, ship, stock in, stock out, dunning, own ones."""

    code = code_field(24)
    label = fields.CharField(max_length=80)
    label_en = fields.CharField(max_length=80, default="")
    effect = code_field(16, default="manual")
    active = fields.BooleanField(default=True)
    owned_by_company = True

    class Meta:
        table = "step_kind"
        app = "records"


class ApprovalRequest(Record):
    """A question to an approver about one document (waiting, approved, rejected, void) with the reasons why."""

    entity = code_field(16)
    entity_id = reference_field(null=False, index=True)
    requested_by = reference_field()
    department_id = reference_field()
    status = code_field(16, default="waiting")
    reasons = JsonField(default=list)
    document_hash = code_field(64, default="")
    amount_minor = minor_field()
    currency = code_field(3)
    happened_on = fields.DateField()
    decided_at = InstantField(null=True)

    class Meta:
        table = "approval_request"
        app = "records"
        indexes = [("branch", "status")]


class ApprovalRule(Record):
    """When a document needs a further decision after the first: `when` is amount, discount or credit.

    `threshold` is minor units of the base currency for amount, basis points for discount, unused for credit.
    `role_code` names who decides; `position` orders the steps."""

    entity = code_field(16, default="order")
    name = fields.CharField(max_length=120)
    when = code_field(16, source_field="condition_kind")
    threshold = minor_field()
    role_code = code_field(32)
    position = fields.IntField(default=1)
    active = fields.BooleanField(default=True)

    class Meta:
        table = "approval_rule"
        app = "records"


class ApprovalStep(Record):
    """One decision asked of those with a right (`needs_action`) or of a role (`role_code`), in order.

    `reason` is the name of the rule that asks for it; `acted_for` names whose deputy decided."""

    request_id = reference_field(null=False, index=True)
    position = fields.IntField(default=1)
    approver_id = reference_field()
    needs_action = code_field(48, default="")
    role_code = code_field(32, default="")
    reason = fields.CharField(max_length=300, default="")
    status = code_field(16, default="waiting")
    decided_by = reference_field()
    acted_for = reference_field()
    decided_at = InstantField(null=True)
    comment = fields.CharField(max_length=500, default="")

    class Meta:
        table = "approval_step"
        app = "records"
