"""Own fields of customers and orders, defined by an administrator. Each owns its transaction."""

from collections.abc import Sequence
from uuid import UUID

from branch_node.editing import locked
from branch_node.home import home
from shared.database import transaction
from shared.errors import Invalid
from shared.i18n import N_
from shared.permissions import Person, require
from shared.records import CustomFieldDef


async def add_custom_field(
    person: Person,
    *,
    entity: str,
    key: str,
    label: str,
    label_en: str,
    kind: str,
    choices: Sequence[str],
    required: bool,
) -> CustomFieldDef:
    """A field that an administrator adds. Invalid when its key is taken or a choice has no choices."""
    require(person, "settings.edit")
    if kind == "choice" and len(choices) < 2:
        raise Invalid(fields={"choices": N_("Enter at least two choices, one a line.")})
    async with transaction():
        if await CustomFieldDef.filter(branch=home().code, entity=entity, key=key, deleted_at=None).exists():
            raise Invalid(fields={"label": N_("There is such a field already.")})
        count = await CustomFieldDef.filter(branch=home().code, entity=entity).count()
        return await CustomFieldDef.create(
            branch=home().code,
            entity=entity,
            key=key,
            label=label,
            label_en=label_en,
            kind=kind,
            choices=list(choices),
            required=required,
            position=count + 1,
        )


async def toggle_custom_field(person: Person, field_id: UUID) -> CustomFieldDef:
    """Show or hide a field; stored values stay."""
    require(person, "settings.edit")
    async with transaction():
        row = await locked(CustomFieldDef, field_id)
        row.active = not row.active
        await row.save()
    return row
