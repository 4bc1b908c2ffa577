"""What the templates of rules receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from netops.center.models import AlertRule
from shared.web.forms import Form
from shared.web.parts import Action, Field


@dataclass(frozen=True)
class RuleLine:
    """A rule as a sentence, with what it holds open now."""

    rule: AlertRule
    name: str
    sentence: str
    open_count: int


@dataclass(frozen=True)
class RulesPage:
    """/rules."""

    actions: Sequence[Action]
    rules: Sequence[RuleLine]
    may_edit: bool


@dataclass(frozen=True)
class RulePage:
    """/rules/{id} and /rules/new: the form, and what the rule would have done when it was tried."""

    title: str
    form: Form[Any]
    fields: Sequence[Field]
    action_url: str
    try_url: str
    delete_url: str
    tried: Sequence[tuple[str, int]] | None
    tried_total: int
