"""Incidents in words: what happened, in one sentence in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from netops.center.models import Incident
from shared.i18n import N_, known_text
from shared.i18n import gettext as _
from shared.web.filters import duration

TITLES: Mapping[str, str] = {
    "crash_loop": N_("%(service)s on %(node)s does not stay up"),
    "given_up": N_("%(service)s on %(node)s was given up"),
    "unhealthy": N_("%(service)s on %(node)s does not answer"),
    "resource": N_("%(service)s on %(node)s uses too much"),
    "rule": N_("%(node)s: %(rule)s"),
    "silent": N_("%(node)s is silent"),
    "host_down": N_("The machine of %(node)s is silent"),
    "line_down": N_("Branch %(branch)s is cut off"),
    "center": N_("The center may be the problem"),
    "alertmanager": N_("%(rule)s, told by Alertmanager"),
    "recorder": N_("The center cannot keep what it hears"),
}


EXITS = {"unknown": N_("unknown"), "not started": N_("not started")}


def exit_word(told: str) -> str:
    """How a service ended, in the reader's words; its agent says 'exit 3' or 'signal SIGKILL'."""
    how, _space, what = told.partition(" ")
    if how == "exit" and what.isdecimal():
        return _("exit code %(number)s", number=what)
    if how == "signal":
        return _("signal %(name)s", name=what)
    return _(EXITS[told]) if told in EXITS else told


def title(incident: Incident) -> str:
    """What it is about."""
    if incident.kind == "silent" and len(incident.nodes) > 1:
        return _("%(node)s and what lies behind it are silent", node=incident.node)
    if incident.kind == "rule" and len(incident.nodes) > 1:
        return _("The machine of %(node)s and others: %(rule)s", node=incident.node, rule=rule_name(incident))
    values = {
        "node": incident.node,
        "service": incident.service,
        "branch": incident.branch,
        "rule": rule_name(incident),
    }
    return _(TITLES.get(incident.kind, "%(node)s"), **values)


def rule_name(incident: Incident) -> str:
    """The rule's name; those that a new center starts with are translated, what people typed stays."""
    return known_text(str(incident.facts.get("rule", "")))


def state_word(incident: Incident, now: datetime) -> str:
    """The key of its status: firing, acknowledged, snoozed or closed."""
    if incident.closed_at is not None:
        return "closed"
    if incident.snoozed_until is not None and incident.snoozed_until > now:
        return "snoozed"
    return "acknowledged" if incident.acknowledged_at is not None else "firing"


def age(incident: Incident, now: datetime) -> str:
    """How long it has lasted, or lasted."""
    return duration((incident.closed_at or now) - incident.opened_at)
