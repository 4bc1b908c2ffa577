"""Changing rules, and trying one on what the nodes did in the last days."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette

from netops.center.alerts.forms import RuleForm, kept_words
from netops.center.alerts.rules import Rule, episodes
from netops.center.audit.actions import record
from netops.center.models import AlertRule
from netops.center.nodes.state import places_fitting
from netops.center.telemetry.rollup import merged
from netops.center.telemetry.samples import chunks, hot_table
from shared import clock
from shared.canonical import to_micros
from shared.database import transaction
from shared.errors import Invalid
from shared.i18n import N_

TRIED_DAYS = 7
TRIED_NODES = 20
MINUTE = 60


async def save_rule(actor: str, held: AlertRule | None, form: RuleForm) -> AlertRule:
    """Write a new rule or change one. Invalid when the clear level lies on the wrong side of the fire level."""
    rule = form.rule(held.id if held else 0)
    check_levels(rule)
    name = kept_words(form.name, held.name if held else "")
    advice = kept_words(form.advice, held.advice if held else "")
    values: dict[str, Any] = {
        "name": name, "metric": rule.metric, "kind": rule.kind, "window_seconds": rule.window_seconds,
        "fire_at": rule.fire_at, "clear_at": rule.clear_at, "least_change": rule.least_change,
        "for_seconds": rule.for_seconds, "keep_seconds": rule.keep_seconds, "severity": rule.severity,
        "roles": form.roles, "nodes": form.nodes, "advice": advice, "is_enabled": bool(form.is_enabled),
        "changed_at": clock.now(),
    }  # fmt: skip
    shown = {key: value for key, value in values.items() if key != "changed_at"}
    async with transaction():
        if held is None:
            held = await AlertRule.create(**values)
            await record(actor, "rule.make", name, **shown)
        else:
            before = {key: getattr(held, key) for key in shown}
            await AlertRule.filter(id=held.id).update(**values)
            changed = {key: [before[key], shown[key]] for key in shown if before[key] != shown[key]}
            await record(actor, "rule.change", name, **changed)
    return held


async def delete_rule(actor: str, held: AlertRule) -> None:
    """Its open incidents end at the next look."""
    async with transaction():
        if await AlertRule.filter(id=held.id).delete():
            await record(actor, "rule.delete", held.name)


def check_levels(rule: Rule) -> None:
    """Invalid for levels that would never clear or never fire."""
    wrong = rule.clear_at > rule.fire_at if rule.kind != "below" else rule.clear_at < rule.fire_at
    if wrong:
        text = N_("The rule would clear while it fires. Put this level on the good side of the other.")
        raise Invalid(fields={"clear": text}, code="rule.levels")
    if rule.kind == "deviation" and rule.fire_at <= 0:
        raise Invalid(fields={"fire": N_("Enter more than 0.")}, code="rule.levels")


async def would_have_fired(app: Starlette, rule: Rule) -> Mapping[str, int]:
    """How often the rule would have fired in the last seven days, by node: on values per minute of at most twenty nodes."""
    now = to_micros(clock.now())
    since = now - to_micros_of(timedelta(days=TRIED_DAYS))
    found: dict[str, int] = {}
    nodes = [node for node in app.state.fleet if rule.is_for(node.name, node.role)]
    for node in nodes[:TRIED_NODES]:
        name, known = node.name, list(node.values)
        metrics = {rule.metric}
        if "*" in rule.metric:
            metrics = {known[place] for place in places_fitting(known, rule.metric)}
        with app.state.telemetry.reading():
            sealed = await chunks(name, MINUTE, since, now, metrics)
            hot = await hot_table(app.state.writer.names, name, since, now, metrics)
        table = merged(*sealed, hot)
        columns = [table.columns[metric] for metric in metrics if metric in table.columns]
        points = [
            (at_us / 1e6, max(present))
            for at_us, *values in zip(table.at_us, *columns, strict=False)
            if (present := [value for value in values if value is not None])
        ]
        found[name] = len(await asyncio.to_thread(episodes, rule, points, looks_every=30.0))
    return found


def to_micros_of(span: timedelta) -> int:
    return int(span.total_seconds() * 1_000_000)
