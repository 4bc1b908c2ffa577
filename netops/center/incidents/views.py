"""An incident and its timeline as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from netops.center.alerts.rules import FLAP_WINDOW_SECONDS, FLAPPING_FROM
from netops.center.alerts.words import sentence_of, value_text
from netops.center.incidents.pages import IncidentPart
from netops.center.incidents.queries import cause_of, explained_by, notices_of, rule_behind, timeline_of
from netops.center.incidents.words import age, state_word, title
from netops.center.models import Incident, IncidentEvent, Notice
from shared.i18n import N_, known_text
from shared.i18n import gettext as _
from shared.web.filters import as_of, instant
from shared.web.parts import Column, Empty, Happening, Link, Row, Status, TableView

EVENT_WORDS: Mapping[str, tuple[str, str]] = {
    "opened": (N_("opened"), "bell"),
    "reopened": (N_("came again"), "refresh"),
    "closed": (N_("over"), "circle-check"),
    "members": (N_("nodes changed"), "server"),
    "linked": (N_("explained"), "route"),
    "unlinked": (N_("stands for itself"), "route"),
    "told": (N_("told"), "send"),
    "acknowledged": (N_("acknowledged"), "eye"),
    "assigned": (N_("assigned"), "user"),
    "snoozed": (N_("snoozed"), "clock"),
    "escalated": (N_("escalated"), "arrow-up"),
    "note": (N_("note"), "message"),
}
NOTICE_WORDS: Mapping[str, str] = {
    "waiting": "waiting",
    "sending": "sending",
    "sent": "done",
    "failed": "failed",
}


def incidents_table(
    found: Sequence[Incident], now: datetime, next_url: str, empty: Empty, causes: Mapping[str, int]
) -> TableView:
    """`causes`: the numbers of the incidents that explain others, by id."""
    rows = [
        Row(
            {
                "number": f"INC-{incident.number}",
                "title": title(incident),
                "state": Status(state_word(incident, now)),
                "severity": incident.severity,
                "opened": incident.opened_at,
                "age": age(incident, now),
                "nodes": len(incident.nodes) or None,
                "owner": incident.assigned_to or incident.acknowledged_by or None,
                "cause": f"INC-{causes[incident.caused_by]}" if incident.caused_by in causes else None,
            },
            id=str(incident.number),
            url=f"/incidents/{incident.number}",
            links={
                "title": f"/incidents/{incident.number}",
                **(
                    {"cause": f"/incidents/{causes[incident.caused_by]}"}
                    if incident.caused_by in causes
                    else {}
                ),
            },
            is_muted=incident.closed_at is not None,
        )
        for incident in found
    ]
    return TableView(
        key="incidents",
        caption=_("Incidents"),
        columns=[
            Column("number", _("Incident")),
            Column("title", _("What"), phone="head"),
            Column("state", _("State"), "status", phone="second"),
            Column("severity", _("Severity"), "number"),
            Column("opened", _("Open since"), "instant", phone="second"),
            Column("age", _("Lasted"), is_short=True),
            Column("nodes", _("Nodes"), "number"),
            Column("owner", _("In hand")),
            *([Column("cause", _("Caused by"), phone="second")] if causes else []),
        ],
        rows=rows,
        empty=empty,
        next_url=next_url,
    )


async def part_of(incident: Incident, now: datetime) -> IncidentPart:
    """State, timeline and notifications as they are now."""
    events = await timeline_of(incident)
    return IncidentPart(
        Status(state_word(incident, now)),
        age(incident, now),
        incident.severity,
        incident.assigned_to,
        acknowledged_text(incident),
        incident.snoozed_until if incident.snoozed_until and incident.snoozed_until > now else None,
        flaps_in(events, now),
        [happening(event) for event in events],
        notices_table(await notices_of(incident), Empty("nothing", untold(incident))),
        *await family(incident),
    )


def untold(incident: Incident) -> str:
    """Why nobody was told."""
    if incident.caused_by:
        return _("Nobody was told of it: its cause is told.")
    return _("Nobody was told of it.")


async def family(incident: Incident) -> tuple[Link | None, list[Link]]:
    """What explains it, and what it explains."""

    def linked(one: Incident) -> Link:
        return Link(f"INC-{one.number} {title(one)}", f"/incidents/{one.number}")

    cause = await cause_of(incident)
    return linked(cause) if cause else None, [linked(one) for one in await explained_by(incident)]


def flaps_in(events: Sequence[IncidentEvent], now: datetime) -> int:
    """How often an incident came within the last hour, when that is often enough to be called flapping."""
    since = now - timedelta(seconds=FLAP_WINDOW_SECONDS)
    count = sum(event.kind in ("opened", "reopened") and event.at >= since for event in events)
    return count if count >= FLAPPING_FROM else 0


def acknowledged_text(incident: Incident) -> str:
    if incident.acknowledged_at is None:
        return ""
    return _("%(name)s, %(time)s", name=incident.acknowledged_by, time=as_of(incident.acknowledged_at))


def happening(event: IncidentEvent) -> Happening:
    """A line of the timeline."""
    word, icon = EVENT_WORDS.get(event.kind, (event.kind, "dots"))
    return Happening(event.at, _(word), event_text(event), icon, event.actor)


def event_text(event: IncidentEvent) -> str:
    """What a line says besides its kind."""
    facts: Mapping[str, Any] = event.facts
    match event.kind:
        case "opened" | "reopened" if facts.get("value") is not None:
            return _(
                "%(value)s, limit %(limit)s",
                value=value_text(facts["metric"], facts["value"]),
                limit=value_text(facts["metric"], facts["limit"]),
            )
        case "members":
            parts = []
            if facts["joined"]:
                parts.append(_("joined: %(names)s", names=_(", ").join(facts["joined"])))
            if facts["left"]:
                parts.append(_("left: %(names)s", names=_(", ").join(facts["left"])))
            return _("; ").join(parts)
        case "linked":
            return _("caused by INC-%(number)s", number=facts["number"])
        case "unlinked" if facts.get("number"):
            return _("INC-%(number)s is over, this is not", number=facts["number"])
        case "told":
            return str(facts.get("channel", ""))
        case "assigned":
            return str(facts.get("to", ""))
        case "snoozed":
            until = instant(datetime.fromisoformat(facts["until"]))
            return _("until %(time)s", time=until) + (_("; ") + event.text if event.text else "")
    return event.text


def notices_table(found: Sequence[tuple[Notice, str]], empty: Empty) -> TableView:
    return TableView(
        key="notices",
        caption=_("Notifications"),
        columns=[
            Column("at", _("When"), "instant", phone="head"),
            Column("channel", _("Channel"), phone="second"),
            Column("state", _("State"), "status", phone="second"),
            Column("tries", _("Tries"), "number"),
            Column("error", _("Problem")),
        ],
        rows=[
            Row(
                {
                    "at": notice.made_at,
                    "channel": name,
                    "state": Status(NOTICE_WORDS.get(notice.state, "unknown")),
                    "tries": notice.tries,
                    "error": known_text(notice.error) or None,
                }
            )
            for notice, name in found
        ],
        empty=empty,
        shows_caption=True,
    )


async def sentence(incident: Incident) -> tuple[str, str]:
    """The rule in one sentence, and its advice; empty for what no rule found."""
    rule = await rule_behind(incident)
    if rule is None:
        return "", ""
    return sentence_of(rule), known_text(rule.advice)
