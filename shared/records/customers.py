"""Customers: the master record, the people and addresses behind it, what was agreed and how they pay."""

from tortoise import fields

from shared.database.fields import InstantField, JsonField
from shared.records.base import Record, code_field, reference_field


class Customer(Record):
    """A prospect or customer. `acquired_on` is the day it was won as a contact (D1), `signed_on` the
    approval date of its first order (D2); both in the branch's own calendar. `credit_limit_minor` is in the
    branch's base currency, as is everything it is compared with."""

    code = code_field(40)
    name = fields.CharField(max_length=200)
    name_key = fields.CharField(max_length=200, default="")
    search_key = fields.CharField(max_length=500, default="")
    status = code_field(16, default="prospect")
    kind = code_field(32, default="")
    group = code_field(32, default="", source_field="customer_group")
    region = fields.CharField(max_length=80, default="")
    industry = fields.CharField(max_length=80, default="")
    source = fields.CharField(max_length=80, default="")
    owner_id = reference_field(index=True)
    department_id = reference_field()
    phone = fields.CharField(max_length=80, default="")
    email = fields.CharField(max_length=200, default="")
    website = fields.CharField(max_length=200, default="")
    address = fields.CharField(max_length=300, default="")
    city = fields.CharField(max_length=80, default="")
    state = fields.CharField(max_length=80, default="")
    postcode = fields.CharField(max_length=24, default="")
    country = fields.CharField(max_length=60, default="")
    tax_number = fields.CharField(max_length=60, default="")
    tax_rule = code_field(32, default="")
    bank_name = fields.CharField(max_length=120, default="")
    bank_account = fields.CharField(max_length=60, default="")
    currency = code_field(3)
    payment_terms_days = fields.IntField(default=30)
    credit_limit_minor = fields.BigIntField(null=True)
    credit_hold = fields.BooleanField(default=False)
    concessions = fields.TextField(default="")
    commission_code = code_field(32, default="")
    ship_to = fields.CharField(max_length=300, default="")
    invoice_to = fields.CharField(max_length=300, default="")
    acquired_on = fields.DateField()
    signed_on = fields.DateField(null=True)
    last_contact_on = fields.DateField(null=True)
    next_contact_on = fields.DateField(null=True)
    merged_into_id = reference_field()
    custom = JsonField(default=dict)
    notes = fields.TextField(default="")

    class Meta:
        table = "customer"
        app = "records"
        indexes = [
            ("branch", "acquired_on", "id"),
            ("branch", "signed_on", "id"),
            ("branch", "name", "id"),
            ("branch", "search_key", "id"),
            ("owner_id", "next_contact_on"),
            ("branch", "code"),
            ("acquired_on", "id"),
            ("signed_on", "id"),
            ("next_contact_on", "id"),
            ("name_key",),
        ]


class Contact(Record):
    """A person at a customer."""

    customer_id = reference_field(null=False, index=True)
    name = fields.CharField(max_length=120)
    position = fields.CharField(max_length=120, default="")
    is_main = fields.BooleanField(default=False)
    birthday_on = fields.DateField(null=True)
    notes = fields.TextField(default="")

    class Meta:
        table = "contact"
        app = "records"


class ContactPoint(Record):
    """A way to reach a contact or customer; `key` is the normalised form that duplicates are found by."""

    customer_id = reference_field(null=False, index=True)
    contact_id = reference_field(index=True)
    kind = code_field(16)
    value = fields.CharField(max_length=200)
    key = fields.CharField(max_length=200, default="", db_index=True)

    class Meta:
        table = "contact_point"
        app = "records"


class Address(Record):
    """A further address of a customer: ship-to, invoice-to, other."""

    customer_id = reference_field(null=False, index=True)
    kind = code_field(16)
    line = fields.CharField(max_length=300)
    city = fields.CharField(max_length=80, default="")
    state = fields.CharField(max_length=80, default="")
    postcode = fields.CharField(max_length=24, default="")
    country = fields.CharField(max_length=60, default="")

    class Meta:
        table = "address"
        app = "records"


class CustomFieldDef(Record):
    """A field that an administrator added to customers or orders; values live in the row's `custom`."""

    entity = code_field(16)
    key = code_field(40)
    label = fields.CharField(max_length=80)
    label_en = fields.CharField(max_length=80, default="")
    kind = code_field(16, default="text")
    choices = JsonField(default=list)
    required = fields.BooleanField(default=False)
    position = fields.IntField(default=0)
    active = fields.BooleanField(default=True)
    owned_by_company = True

    class Meta:
        table = "custom_field_def"
        app = "records"


class CreditRecord(Record):
    """A dated entry of a customer's credit history: limit changed, hold set or lifted, an assessment."""

    customer_id = reference_field(null=False, index=True)
    kind = code_field(16)
    happened_on = fields.DateField()
    limit_minor = fields.BigIntField(null=True)
    currency = code_field(3)
    reason = fields.CharField(max_length=300, default="")

    class Meta:
        table = "credit_record"
        app = "records"


class MergeRecord(Record):
    """One merge of two customers and what it moved, so that it can be undone exactly."""

    kept_id = reference_field(null=False, index=True)
    merged_id = reference_field(null=False, index=True)
    happened_on = fields.DateField()
    moved = JsonField(default=list)
    before = JsonField(default=dict)
    undone_at = InstantField(null=True)

    class Meta:
        table = "merge_record"
        app = "records"
