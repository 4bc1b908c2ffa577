"""What the templates of people receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.web.forms import Form
from shared.web.parts import Action, Confirm, Field, TableView


@dataclass(frozen=True)
class PeoplePage:
    """/people"""

    table: TableView
    actions: Sequence[Action]


@dataclass(frozen=True)
class PersonPage:
    """/people/new and /people/{id}: the form, and for an existing person what else can be done."""

    title: str
    form: Form[Any]
    fields: Sequence[Field]
    labels: Mapping[str, str]
    save_label: str
    action_url: str
    password_form: Form[Any] | None = None
    password_field: Field | None = None
    lock: Action | None = None
    company: Action | None = None


@dataclass(frozen=True)
class LockPage:
    """The question before somebody is locked out."""

    confirm: Confirm
