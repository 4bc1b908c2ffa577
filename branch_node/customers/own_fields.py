"""The page where an administrator adds own fields to customers and orders."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers import field_definitions
from branch_node.requests import path_id
from shared.errors import Invalid
from shared.i18n import gettext as _
from shared.i18n import pinyin
from shared.records import CustomFieldDef
from shared.web.forms import Form, FormModel, Tick, empty_form, read_form, with_errors
from shared.web.parts import Option
from shared.web.responses import page, redirect

NOT_KEY = re.compile(r"[^a-z0-9]+")


class FieldForm(FormModel):
    """A new own field. `choices`: one a line, for a field of kind choice."""

    entity: Literal["customer", "order"] = "customer"
    label: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    label_en: Annotated[str, StringConstraints(max_length=80)] = ""
    kind: Literal["text", "number", "date", "choice", "tick"] = "text"
    choices: Annotated[str, StringConstraints(max_length=2000)] = ""
    required: Tick = False


@dataclass(frozen=True)
class FieldsPage:
    """customers/own_fields.html."""

    rows: Sequence[CustomFieldDef]
    form: Form[Any]
    kinds: Sequence[Option]
    entities: Sequence[Option]
    kind_words: dict[str, str]


def kind_words() -> dict[str, str]:
    return {
        "text": _("text"),
        "number": _("number"),
        "date": _("date"),
        "choice": _("choice"),
        "tick": _("yes or no"),
    }


def key_of(label: str, label_en: str) -> str:
    """A stored key from the label: letters and digits, 40 at most."""
    return NOT_KEY.sub("_", (label_en or pinyin(label)).casefold()).strip("_")[:40] or "field"


async def fields_page(form: Form[Any]) -> FieldsPage:
    rows = await CustomFieldDef.filter(deleted_at=None).order_by("entity", "-active", "position", "key")
    kinds = [Option(kind, word) for kind, word in kind_words().items()]
    entities = [Option("customer", _("customer")), Option("order", _("order"))]
    return FieldsPage(rows, form, kinds, entities, kind_words())


async def show_fields(request: Request) -> Response:
    return page(request, "customers/own_fields.html", await fields_page(empty_form(entity="customer")))


async def add_field(request: Request) -> Response:
    form = await read_form(request, FieldForm)
    if not form.errors:
        value = form.value
        choices = [line.strip() for line in value.choices.splitlines() if line.strip()]
        try:
            await field_definitions.add_custom_field(
                request.state.person,
                entity=value.entity,
                key=key_of(value.label, value.label_en),
                label=value.label,
                label_en=value.label_en,
                kind=value.kind,
                choices=choices,
                required=value.required,
            )
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect("/settings/fields", toast=_("%(name)s saved.", name=value.label))
    return page(request, "customers/own_fields.html", await fields_page(form), status=422)


async def toggle_field(request: Request) -> Response:
    await field_definitions.toggle_custom_field(request.state.person, path_id(request))
    return redirect("/settings/fields")
