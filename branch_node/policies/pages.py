"""What the template of the branch's rules receives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from shared.web.forms import Form
from shared.web.parts import Option


@dataclass(frozen=True)
class PolicyRow:
    """A rule or kind as a sentence; `code` is what files to import call it."""

    id: UUID
    title: str
    text: str
    is_active: bool
    code: str = ""


@dataclass(frozen=True)
class PolicyPage:
    """policies/show.html: approval rules, kinds of steps, kinds of expenses, each with a form for one more."""

    rules: Sequence[PolicyRow]
    steps: Sequence[PolicyRow]
    categories: Sequence[PolicyRow]
    rule_form: Form[Any]
    step_form: Form[Any]
    category_form: Form[Any]
    entities: Sequence[Option]
    whens: Sequence[Option]
    roles: Sequence[Option]
    effects: Sequence[Option]
    currency: str

    @property
    def faulty(self) -> Form[Any]:
        """The form whose messages stand at the top."""
        forms = (self.rule_form, self.step_form)
        return next((form for form in forms if form.errors), self.category_form)

    @property
    def faulty_prefix(self) -> str:
        """What the ids of that form's fields begin with."""
        return {id(self.rule_form): "rule-", id(self.step_form): "step-"}.get(id(self.faulty), "category-")
