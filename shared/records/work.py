"""What people plan and do: daily plans and their items, tasks, activities with customers, notes from the field."""

from tortoise import fields

from shared.database.fields import InstantField
from shared.records.base import Record, code_field, minor_field, reference_field


class DailyPlan(Record):
    """One employee's plan of one business day (draft, submitted, closed). `note` is the employee's own of the
    evening; `comment` holds what managers and the employee said about the day, a line each."""

    employee_id = reference_field(null=False)
    department_id = reference_field()
    happened_on = fields.DateField()
    status = code_field(16, default="draft")
    submitted_at = InstantField(null=True)
    closed_at = InstantField(null=True)
    note = fields.TextField(default="")
    comment = fields.TextField(default="")

    class Meta:
        table = "daily_plan"
        app = "records"
        indexes = [("branch", "happened_on"), ("employee_id", "happened_on")]


class PlanItem(Record):
    """A line of a plan (planned, done, carried_over, cancelled). `origin_id` is the item it was first
    carried over from; `is_addition` marks what was added after the plan was closed. `proof_*` names the
    record that shows it was done."""

    plan_id = reference_field(null=False, index=True)
    employee_id = reference_field(null=False)
    department_id = reference_field()
    happened_on = fields.DateField()
    position = fields.IntField(default=0)
    at_time = code_field(5, default="")
    kind = code_field(16, default="other")
    text = fields.CharField(max_length=300)
    customer_id = reference_field()
    important = fields.BooleanField(default=False)
    status = code_field(16, default="planned")
    done_at = InstantField(null=True)
    origin_id = reference_field()
    carried_count = fields.IntField(default=0)
    is_addition = fields.BooleanField(default=False)
    task_id = reference_field()
    proof_kind = code_field(16, default="")
    proof_id = reference_field()
    result = fields.CharField(max_length=300, default="")

    class Meta:
        table = "plan_item"
        app = "records"
        indexes = [("branch", "happened_on"), ("employee_id", "happened_on")]


class Task(Record):
    """Work that a manager gives to somebody (open, accepted, done, cancelled)."""

    employee_id = reference_field(null=False, index=True)
    department_id = reference_field()
    assigned_by = reference_field()
    title = fields.CharField(max_length=200)
    details = fields.TextField(default="")
    customer_id = reference_field()
    due_on = fields.DateField(null=True)
    status = code_field(16, default="open")
    done_at = InstantField(null=True)
    comment = fields.TextField(default="")

    class Meta:
        table = "task"
        app = "records"


class Activity(Record):
    """A contact with a customer (call, visit, mail, message, meeting), planned or done. `happened_on` is the
    day it was done, null while planned."""

    customer_id = reference_field(null=False)
    contact_id = reference_field()
    owner_id = reference_field()
    department_id = reference_field()
    kind = code_field(16)
    status = code_field(16, default="done")
    subject = fields.CharField(max_length=200)
    notes = fields.TextField(default="")
    outcome = code_field(24, default="")
    planned_on = fields.DateField(null=True)
    happened_on = fields.DateField(null=True)
    next_on = fields.DateField(null=True)
    is_return_visit = fields.BooleanField(default=False)
    minutes = fields.IntField(null=True)
    cost_minor = minor_field()

    class Meta:
        table = "activity"
        app = "records"
        indexes = [
            ("branch", "happened_on"),
            ("customer_id", "happened_on"),
            ("owner_id", "happened_on"),
            ("owner_id", "planned_on"),
        ]


class Feedback(Record):
    """What a customer told us (open, assigned, answered, closed)."""

    customer_id = reference_field(index=True)
    owner_id = reference_field()
    department_id = reference_field()
    assigned_to = reference_field()
    kind = code_field(24, default="comment")
    level = code_field(8, default="normal")
    happened_on = fields.DateField()
    subject = fields.CharField(max_length=200)
    text = fields.TextField(default="")
    status = code_field(16, default="open")
    answer = fields.TextField(default="")
    answered_at = InstantField(null=True)
    closed_at = InstantField(null=True)

    class Meta:
        table = "feedback"
        app = "records"
        indexes = [("branch", "happened_on")]


class IntelNote(Record):
    """A note about the trade or a competitor, from the field. `kind`: industry or competitor."""

    kind = code_field(16)
    owner_id = reference_field()
    department_id = reference_field()
    happened_on = fields.DateField()
    title = fields.CharField(max_length=200)
    text = fields.TextField(default="")
    source = fields.CharField(max_length=300, default="")
    competitor = fields.CharField(max_length=120, default="")
    customer_id = reference_field()
    selected = fields.BooleanField(default=False)

    class Meta:
        table = "intel_note"
        app = "records"
        indexes = [("branch", "happened_on"), ("happened_on", "id")]
