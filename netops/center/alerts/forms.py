"""What people type about a rule. Limits of shares are typed in percent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from netops.center.alerts.rules import Rule
from netops.center.models import AlertRule
from shared.i18n import N_, known_text
from shared.web.forms import FormModel, WholeNumber, plain_width, wrong_entry


def read_number(value: object) -> float:
    """'97.5', full-width digits, '97.5%'."""
    try:
        return float(plain_width(str(value)).rstrip("%").replace(",", ""))
    except ValueError:
        raise wrong_entry(N_("Enter a number in digits, such as 12.5.")) from None


Number = Annotated[float, BeforeValidator(read_number)]


class RuleForm(FormModel):
    """`fire`, `clear` and `least_change` in percent for shares (metrics that end in _ratio), else in the metric's unit."""

    name: str = Field(min_length=3, max_length=80)
    metric: str = Field(min_length=3, max_length=120, pattern=r"^(service\.\*\.)?[a-z][A-Za-z0-9_.-]*$")
    kind: Literal["above", "below", "deviation"] = "above"
    fire: Number
    clear: Number
    least_change: Number = 0.0
    window_minutes: Number = Field(5, gt=0, le=1_440)
    for_minutes: Number = Field(3, ge=0, le=1_440)
    keep_minutes: Number = Field(5, ge=0, le=1_440)
    severity: WholeNumber = Field(2, ge=1, le=3)
    roles: str = Field("", max_length=200)
    nodes: str = Field("", max_length=200)
    advice: str = Field("", max_length=300)
    is_enabled: str = ""

    def rule(self, id: int) -> Rule:
        """The pure rule that these entries mean."""
        scale = scale_of(self.metric)
        limits = 1.0 if self.kind == "deviation" else scale
        return Rule(
            id, self.name, self.metric, self.kind, round(self.window_minutes * 60), self.fire / limits, self.clear / limits,
            round(self.for_minutes * 60), round(self.keep_minutes * 60), self.severity, self.least_change / scale,
            frozenset(self.roles.replace(",", " ").split()), frozenset(self.nodes.replace(",", " ").split()), self.advice,
        )  # fmt: skip


def scale_of(metric: str) -> float:
    """What a typed limit is divided by."""
    return 100.0 if metric.endswith("_ratio") else 1.0


def typed_of(record: AlertRule) -> dict[str, object]:
    """How a rule stands in its form: the center's own words in the reader's language, as `kept_words` takes them back."""
    scale = scale_of(record.metric)
    limits = 1.0 if record.kind == "deviation" else scale
    return {
        "name": known_text(record.name),
        "metric": record.metric,
        "kind": record.kind,
        "fire": f"{record.fire_at * limits:g}",
        "clear": f"{record.clear_at * limits:g}",
        "least_change": f"{record.least_change * scale:g}",
        "window_minutes": f"{record.window_seconds / 60:g}",
        "for_minutes": f"{record.for_seconds / 60:g}",
        "keep_minutes": f"{record.keep_seconds / 60:g}",
        "severity": record.severity,
        "roles": record.roles,
        "nodes": record.nodes,
        "advice": known_text(record.advice),
        "is_enabled": record.is_enabled,
    }


def kept_words(typed: str, held: str) -> str:
    """What to keep of a name or advice: `held` when what was typed is only its translation, so that a rule of the center's own
    goes on to have its name in every language."""
    return held if held and typed == known_text(held) else typed
