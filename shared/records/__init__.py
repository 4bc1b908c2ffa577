"""The replicated tables, one definition for branch and headquarters, one file per subject.

A row is written by exactly one side, named in its `branch` column: a branch code, or COMPANY for what
headquarters owns. `REPLICATED` lists the models in a fixed order; capture, apply and proof go by it.
"""

from shared.database.context import DatabaseApp
from shared.records.base import COMPANY, RECEIVER_ONLY, Record
from shared.records.company import (
    AuditEntry,
    DayClose,
    Directive,
    DirectiveFile,
    DirectiveReceipt,
    DirectiveRecipient,
    ImportRun,
    NewsItem,
    RowConflict,
    Target,
    TargetLine,
)
from shared.records.customers import (
    Address,
    Contact,
    ContactPoint,
    CreditRecord,
    Customer,
    CustomFieldDef,
    MergeRecord,
)
from shared.records.money import (
    Adjustment,
    Allocation,
    DunningLevel,
    DunningNotice,
    Expense,
    ExpenseCategory,
    PromiseToPay,
    Receipt,
    Receivable,
)
from shared.records.organisation import (
    Assignment,
    Branch,
    Delegation,
    Department,
    Employee,
    EmployeeRole,
    ExchangeRate,
    FiscalPeriod,
    Role,
    RoleGrant,
)
from shared.records.sales import (
    ApprovalRequest,
    ApprovalRule,
    ApprovalStep,
    ExecutionStep,
    Opportunity,
    Order,
    OrderLine,
    PriceItem,
    Product,
    Quotation,
    QuotationLine,
    StepKind,
)
from shared.records.work import Activity, DailyPlan, Feedback, IntelNote, PlanItem, Task

SCHEMA_VERSION = 1
"""Grows when a record's columns change; carried by every change so that the receiver knows what it reads."""

REPLICATED: tuple[type[Record], ...] = (
    Branch, Department, Employee, Assignment, Role, RoleGrant, EmployeeRole, Delegation, FiscalPeriod,
    ExchangeRate, Customer, Contact, ContactPoint, Address, CustomFieldDef, CreditRecord, MergeRecord,
    Product, PriceItem, Opportunity, Quotation, QuotationLine, Order, OrderLine, ExecutionStep, StepKind,
    ApprovalRequest, ApprovalRule, ApprovalStep, Receivable, Receipt, Allocation, Adjustment, PromiseToPay, DunningLevel,
    DunningNotice, Expense, ExpenseCategory, DailyPlan, PlanItem, Task, Activity, Feedback, IntelNote,
    Target, TargetLine, Directive, DirectiveRecipient, DirectiveFile, DirectiveReceipt, NewsItem, ImportRun, DayClose, AuditEntry,
    RowConflict,
)  # fmt: skip

RECORDS_APP = DatabaseApp(
    "records",
    (
        "shared.records.organisation",
        "shared.records.customers",
        "shared.records.sales",
        "shared.records.money",
        "shared.records.work",
        "shared.records.company",
    ),
    "shared.migrations",
)

__all__ = [
    "COMPANY",
    "RECEIVER_ONLY",
    "RECORDS_APP",
    "REPLICATED",
    "SCHEMA_VERSION",
    "Activity",
    "Address",
    "Adjustment",
    "Allocation",
    "ApprovalRequest",
    "ApprovalRule",
    "ApprovalStep",
    "Assignment",
    "AuditEntry",
    "Branch",
    "Contact",
    "ContactPoint",
    "CreditRecord",
    "CustomFieldDef",
    "Customer",
    "DailyPlan",
    "DayClose",
    "Delegation",
    "Department",
    "Directive",
    "DirectiveFile",
    "DirectiveReceipt",
    "DirectiveRecipient",
    "DunningLevel",
    "DunningNotice",
    "Employee",
    "EmployeeRole",
    "ExchangeRate",
    "ExecutionStep",
    "Expense",
    "ExpenseCategory",
    "Feedback",
    "FiscalPeriod",
    "ImportRun",
    "IntelNote",
    "MergeRecord",
    "NewsItem",
    "Opportunity",
    "Order",
    "OrderLine",
    "PlanItem",
    "PriceItem",
    "Product",
    "PromiseToPay",
    "Quotation",
    "QuotationLine",
    "Receipt",
    "Receivable",
    "Record",
    "Role",
    "RoleGrant",
    "RowConflict",
    "StepKind",
    "Target",
    "TargetLine",
    "Task",
]
