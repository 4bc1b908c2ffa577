"""The block of problems: incidents that are open, and nodes in trouble that no incident names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from netops.center.incidents.words import age, exit_word, state_word, title
from netops.center.models import Incident
from netops.center.nodes.pages import Problem, ProblemsPart
from netops.center.nodes.places import place_lost
from netops.center.nodes.queries import NodeView
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.web.filters import as_of, duration
from shared.web.parts import Status

SHOWN = 12
MEMBERS_SHOWN = 200


def problem_of(incident: Incident, now: datetime) -> Problem:
    """An open incident as a row."""
    text = age(incident, now)
    if incident.detail or incident.exit:
        text += _("; ") + (exit_word(incident.exit) or incident.detail)
    if len(incident.nodes) > 1:
        text += _("; ") + ngettext("%(n)s node", "%(n)s nodes", len(incident.nodes))
    return Problem(
        title(incident),
        text,
        f"/incidents/{incident.number}",
        Status(state_word(incident, now)),
        incident.acknowledged_at is not None,
        incident.nodes[:MEMBERS_SHOWN] if len(incident.nodes) > 1 else (),
    )


def node_problem(view: NodeView, now: datetime) -> Problem:
    """A node in trouble as a row."""
    if view.stands.is_replaced:
        return Problem(view.name, place_lost(view.stands), f"/nodes/{view.name}", Status("fenced"))
    if view.contact in ("silent", "late") and view.received_at is not None:
        text = _(
            "%(time)s without a word, last heard %(at)s",
            time=duration(now - view.received_at),
            at=as_of(view.received_at),
        )
        return Problem(view.name, text, f"/nodes/{view.name}", Status(view.contact))
    troubled = [service.name for service in view.services if service.state in ("crash_loop", "given_up")]
    key = "node_failed" if view.condition == "failed" else view.condition
    text = _("does not run: %(services)s", services=", ".join(troubled)) if troubled else ""
    return Problem(view.name, text, f"/nodes/{view.name}", Status(key))


def node_problems(views: Sequence[NodeView], now: datetime) -> list[Problem]:
    """Nodes in trouble as rows; those that live on one machine and are overloaded are one row, for the machine is."""
    machines: dict[str, list[NodeView]] = {}
    for view in views:
        shares = view.host and view.condition == "overloaded" and view.contact == "live"
        machines.setdefault(view.host if shares else f" {view.name}", []).append(view)
    rows = []
    for found in machines.values():
        one = node_problem(found[0], now)
        if len(found) > 1:
            title_ = _("The machine of %(node)s and others", node=found[0].name)
            text = ngettext("%(n)s node", "%(n)s nodes", len(found))
            one = replace(one, title=title_, text=text, members=[view.name for view in found][:MEMBERS_SHOWN])
        rows.append(one)
    return rows[:SHOWN]


def problems_part(
    incidents: Sequence[Incident], views: Sequence[NodeView], node_count: int, now: datetime, notice: str
) -> ProblemsPart:
    """The block. Nodes that an incident names are not listed twice."""
    named = {name for incident in incidents for name in (*incident.nodes, incident.node)}
    rows = [problem_of(incident, now) for incident in incidents[:SHOWN]]
    rows += node_problems(
        [view for view in views if view.needs_help and (view.name not in named or view.stands.is_replaced)],
        now,
    )
    sentence, busy_count = "", sum(view.condition == "busy" for view in views)
    if not rows and node_count and busy_count:
        sentence = _(
            "Nothing is wrong; %(busy)s of %(n)s nodes are busy, checked %(time)s.",
            busy=busy_count,
            n=node_count,
            time=as_of(now),
        )
    elif not rows and node_count:
        sentence = ngettext(
            "%(n)s node is well, checked %(time)s.",
            "All %(n)s nodes are well, checked %(time)s.",
            node_count,
            time=as_of(now),
        )
    return ProblemsPart(rows, sentence, notice)
