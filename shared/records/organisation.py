"""Who belongs to the company: branches, departments, employees, roles, and the calendar and rates they share."""

from tortoise import fields

from shared.database.fields import InstantField
from shared.records.base import Record, code_field, minor_field, reference_field


class Branch(Record):
    """A branch as it describes itself; exactly one row per branch, `branch` is its own code."""

    name = fields.CharField(max_length=120)
    name_en = fields.CharField(max_length=120, default="")
    city = fields.CharField(max_length=80, default="")
    region = code_field(default="")
    country = code_field(2, default="")
    timezone = fields.CharField(max_length=64)
    currency = code_field(3)
    income_rule = code_field(16, default="approval")
    external_code = code_field(64, default="")

    class Meta:
        table = "branch"
        app = "records"


class Department(Record):
    """A department of a branch; `parent_id` makes the tree that scopes follow."""

    name = fields.CharField(max_length=120)
    kind = code_field(24, default="sales")
    parent_id = reference_field()
    manager_id = reference_field()
    active = fields.BooleanField(default=True)

    class Meta:
        table = "department"
        app = "records"


class Employee(Record):
    """A person who works in a branch. `manager_number` names a manager by number, who may sit elsewhere."""

    number = code_field(32)
    name = fields.CharField(max_length=120)
    email = fields.CharField(max_length=200, default="")
    phone = fields.CharField(max_length=60, default="")
    position = fields.CharField(max_length=120, default="")
    department_id = reference_field(index=True)
    manager_id = reference_field()
    manager_number = code_field(32, default="")
    active = fields.BooleanField(default=True)
    hired_on = fields.DateField(null=True)
    left_on = fields.DateField(null=True)
    discount_limit_bp = fields.IntField(default=0)
    search_key = fields.CharField(max_length=300, default="")

    class Meta:
        table = "employee"
        app = "records"
        indexes = [("branch", "number")]


class Assignment(Record):
    """Where an employee worked from a day on (department, manager, position), until the next one."""

    employee_id = reference_field(null=False, index=True)
    department_id = reference_field()
    manager_id = reference_field()
    position = fields.CharField(max_length=120, default="")
    happened_on = fields.DateField()
    until_on = fields.DateField(null=True)

    class Meta:
        table = "assignment"
        app = "records"


class Role(Record):
    """A named set of rights; the built-in ones have the codes of `shared.permissions.ROLES`."""

    code = code_field(32)
    name = fields.CharField(max_length=120)
    name_en = fields.CharField(max_length=120, default="")
    builtin = fields.BooleanField(default=False)
    owned_by_company = True

    class Meta:
        table = "role"
        app = "records"


class RoleGrant(Record):
    """One right of a role: an action and how far it reaches (own, department, branch, company)."""

    role_code = code_field(32)
    action = code_field(48)
    scope = code_field(16)
    owned_by_company = True

    class Meta:
        table = "role_grant"
        app = "records"


class EmployeeRole(Record):
    """A role held by an employee."""

    employee_id = reference_field(null=False, index=True)
    role_code = code_field(32)

    class Meta:
        table = "employee_role"
        app = "records"


class Delegation(Record):
    """A deputy who approves in somebody's place between two days, both included."""

    employee_id = reference_field(null=False)
    deputy_id = reference_field(null=False)
    from_on = fields.DateField()
    until_on = fields.DateField()
    reason = fields.CharField(max_length=200, default="")

    class Meta:
        table = "delegation"
        app = "records"


class FiscalPeriod(Record):
    """A period of the company's calendar, first day included, `after_on` not; closed periods refuse postings."""

    code = code_field(16)
    first_on = fields.DateField()
    after_on = fields.DateField()
    closed_at = InstantField(null=True)
    closed_by = reference_field()
    owned_by_company = True

    class Meta:
        table = "fiscal_period"
        app = "records"


class ExchangeRate(Record):
    """HQ's dated rate: one major unit of `currency` in `to_currency`, times 10^9, from `happened_on` on."""

    currency = code_field(3)
    to_currency = code_field(3)
    happened_on = fields.DateField()
    rate_e9 = minor_field()
    owned_by_company = True

    class Meta:
        table = "exchange_rate"
        app = "records"
        indexes = [("currency", "to_currency", "happened_on")]
