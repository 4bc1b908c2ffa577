"""/rules: each rule a sentence; edit, try on the last days, delete."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from starlette.requests import Request
from starlette.responses import Response

from netops.center.alerts.actions import check_levels, delete_rule, save_rule, would_have_fired
from netops.center.alerts.forms import RuleForm, typed_of
from netops.center.alerts.pages import RuleLine, RulePage, RulesPage
from netops.center.alerts.words import METRICS, sentence_of
from netops.center.models import AlertRule, Incident
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.i18n import known_text
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Action, Field, Option
from shared.web.responses import page, redirect

NEW = {
    "kind": "above",
    "window_minutes": "5",
    "for_minutes": "3",
    "keep_minutes": "5",
    "severity": 2,
    "is_enabled": True,
    "least_change": "0",
}


async def show_list(request: Request) -> Response:
    """All rules, with how many incidents each holds open."""
    causes = [incident.cause for incident in await Incident.filter(kind="rule", closed_at=None)]
    counts = Counter(int(cause.split(" ")[1]) for cause in causes)
    may_edit = request.state.person.may("node.control")
    view = RulesPage(
        [Action(_("New rule"), "/rules/new", "plus", is_primary=True, key="n")] if may_edit else [],
        [
            RuleLine(rule, known_text(rule.name), sentence_of(rule), counts[rule.id])
            for rule in await AlertRule.all().order_by("id")
        ],
        may_edit,
    )
    return page(request, "alerts/list.html", view)


async def show(request: Request) -> Response:
    """The form of one rule."""
    held = await rule_of_address(request)
    form: Form[RuleForm] = empty_form(**(typed_of(held) if held else NEW))
    return page(request, "alerts/edit.html", edit_page(request, held, form))


async def rule_of_address(request: Request) -> AlertRule | None:
    """The rule of the address, None for a new one. Raises NotFound."""
    number = request.path_params.get("id")
    if number is None:
        return None
    held = await AlertRule.get_or_none(id=number)
    if held is None:
        raise NotFound()
    return held


async def save(request: Request) -> Response:
    """Keep the rule; it counts from the next look."""
    held, form = await rule_of_address(request), await read_form(request, RuleForm)
    if not form.errors:
        try:
            await save_rule(request.state.person.name, held, form.value)
            await request.app.state.engine.load_rules()
            return redirect("/rules", toast=_("Rule saved"))
        except Invalid as refused:
            form = with_errors(form, refused)
    return page(request, "alerts/edit.html", edit_page(request, held, form), status=422)


async def try_rule(request: Request) -> Response:
    """What the rule would have done in the last seven days; nothing is saved."""
    held, form = await rule_of_address(request), await read_form(request, RuleForm)
    if not form.errors:
        try:
            rule = form.value.rule(held.id if held else 0)
            check_levels(rule)
            counts = await would_have_fired(request.app, rule)
            return page(request, "alerts/edit.html", edit_page(request, held, form, counts))
        except Invalid as refused:
            form = with_errors(form, refused)
    return page(request, "alerts/edit.html", edit_page(request, held, form), status=422)


async def delete(request: Request) -> Response:
    held = await rule_of_address(request)
    if held is not None:
        await delete_rule(request.state.person.name, held)
        await request.app.state.engine.load_rules()
    return redirect("/rules", toast=_("Rule deleted"))


def edit_page(
    request: Request, held: AlertRule | None, form: Form[RuleForm], tried: Mapping[str, int] | None = None
) -> RulePage:
    base = f"/rules/{held.id}" if held else "/rules/new"
    return RulePage(
        title=known_text(held.name) if held else _("New rule"),
        form=form,
        fields=fields_of(request, form.text("metric"), is_deviation=form.text("kind") == "deviation"),
        action_url=base,
        try_url=f"{base}/try",
        delete_url=f"/rules/{held.id}/delete" if held else "",
        tried=sorted(tried.items(), key=lambda pair: -pair[1]) if tried is not None else None,
        tried_total=sum(tried.values()) if tried else 0,
    )


def metrics_shown(known: Sequence[str]) -> list[str]:
    """Of the metrics that nodes send, those that rules are mostly about: the ones with a name of their own, then those of any service."""
    own = [name for name in METRICS if name in known]
    ends = ("replication_lag_seconds", "jobs_waiting")
    services = [f"service.*.{end}" for end in ends if any(name.endswith(end) for name in known)]
    return [*own, *services] or list(known[:12])


def fields_of(request: Request, metric: str, *, is_deviation: bool) -> list[Field]:
    """The fields, with the units that the metric has."""
    unit = "%" if metric.endswith("_ratio") else _("seconds") if metric.endswith("_seconds") else ""
    limit_unit = _("deviations") if is_deviation else unit
    known = sorted({name for node in request.app.state.fleet for name in node.values})[:200]
    kinds = [
        Option("above", _("above a limit")),
        Option("below", _("below a limit")),
        Option("deviation", _("far above the last day")),
    ]
    hint = _("Such as: %(names)s", names=", ".join(metrics_shown(known))) if known else ""
    minutes = _("minutes")
    return [
        Field("name", _("Name"), width="l", max_length=80),
        Field("metric", _("Metric"), width="l", hint=hint),
        Field("kind", _("Kind"), "select", options=kinds),
        Field("fire", _("Fires at"), "number", unit=limit_unit, width="s"),
        Field("clear", _("Clears at"), "number", unit=limit_unit, width="s"),
        Field(
            "least_change",
            _("At least this much more than usual"),
            "number",
            unit=unit,
            width="s",
            is_optional=True,
        ),
        Field("window_minutes", _("Mean over"), "number", unit=minutes, width="s"),
        Field("for_minutes", _("Held for"), "number", unit=minutes, width="s"),
        Field("keep_minutes", _("Clear for"), "number", unit=minutes, width="s"),
        Field(
            "severity", _("Severity"), "select",
            options=[Option("1", _("1 gravest")), Option("2", _("2 grave")), Option("3", _("3 worth a look"))],
        ),
        Field("roles", _("Only roles"), is_optional=True, hint=_("Separated by commas; empty means all.")),
        Field("nodes", _("Only nodes"), is_optional=True, hint=_("Separated by commas; empty means all.")),
        Field("advice", _("What to do then"), width="full", is_optional=True, max_length=300),
        Field("is_enabled", _("Switched on"), "tick"),
    ]  # fmt: skip
