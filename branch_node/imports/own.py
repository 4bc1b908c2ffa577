"""How a file's values for own fields are read: by the kind that the administrator gave the field."""

from branch_node.imports.plan import OwnFields
from branch_node.imports.vocabulary import CUSTOM, FieldDef
from branch_node.own_fields import custom_fields
from shared.records import CustomFieldDef

KINDS = {"number": "number", "date": "date", "tick": "yes"}


async def own_fields() -> OwnFields:
    """The own fields in use of customers and orders, by their names in a mapping."""
    return {
        record: {f"{CUSTOM}{one.key}": definition_of(one) for one in await custom_fields(record)}
        for record in ("customer", "order")
    }


def definition_of(one: CustomFieldDef) -> FieldDef:
    """A text, a number, a date, yes or no, or a choice of its list. Empty cells are allowed: a file may know less than a form."""
    if one.kind == "choice":
        return FieldDef("choice", choices=[str(choice) for choice in one.choices])
    if one.kind in KINDS:
        return FieldDef(KINDS[one.kind])  # type: ignore[arg-type]
    return FieldDef("text", 300)
