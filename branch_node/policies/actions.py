"""Adds and switches off what the branch decided about selling; nothing that documents name is deleted."""

from uuid import UUID

from branch_node.audit import note
from branch_node.editing import locked
from branch_node.home import home
from branch_node.policies.forms import CategoryForm, RuleForm, StepKindForm, threshold_in
from shared.database import transaction
from shared.errors import Invalid
from shared.i18n import N_
from shared.permissions import Person, require
from shared.records import ApprovalRule, ExpenseCategory, Role, StepKind

TAKEN = N_("This code is in use already. Choose another.")
MODELS: dict[str, type[ApprovalRule | StepKind | ExpenseCategory]] = {
    "rules": ApprovalRule,
    "steps": StepKind,
    "categories": ExpenseCategory,
}


async def add_rule(person: Person, form: RuleForm) -> ApprovalRule:
    """A further step for documents that meet the rule. Invalid for an unknown role or a threshold that is none."""
    require(person, "settings.edit")
    if not await Role.filter(branch=home().code, code=form.role_code, deleted_at=None).exists():
        raise Invalid(fields={"role_code": N_("Choose one from the list.")})
    async with transaction():
        row = await ApprovalRule.create(
            branch=home().code,
            entity=form.entity,
            name=form.name,
            when=form.when,
            threshold=threshold_in(form.when, form.threshold, home().currency),
            role_code=form.role_code,
            position=form.position,
        )
        await note(person, "policy.added", "approval_rule", row.id, name=form.name)
    return row


async def add_step_kind(person: Person, form: StepKindForm) -> StepKind:
    """A kind of step, or new words for a built-in one. Invalid when the code is taken."""
    require(person, "settings.edit")
    async with transaction():
        if await StepKind.filter(branch=home().code, code=form.code, active=True, deleted_at=None).exists():
            raise Invalid(fields={"code": TAKEN})
        row = await StepKind.create(branch=home().code, **form.model_dump())
        await note(person, "policy.added", "step_kind", row.id, name=form.label)
    return row


async def add_category(person: Person, form: CategoryForm) -> ExpenseCategory:
    """A kind of expense. Invalid when the code is taken."""
    require(person, "settings.edit")
    async with transaction():
        taken = ExpenseCategory.filter(branch=home().code, code=form.code, deleted_at=None)
        if await taken.exists():
            raise Invalid(fields={"code": TAKEN})
        row = await ExpenseCategory.create(branch=home().code, **form.model_dump(), position=90)
        await note(person, "policy.added", "expense_category", row.id, name=form.label)
    return row


async def switch(person: Person, kind: str, row_id: UUID) -> bool:
    """Switch a rule, kind of step or kind of expense off or on again; whether it is on now. NotFound otherwise."""
    require(person, "settings.edit")
    async with transaction():
        row = await locked(MODELS[kind], row_id)
        row.active = not row.active
        await row.save()
        await note(person, "policy.switched", kind, row.id, active=row.active)
    return row.active
