"""The text of a notification, in the language of its channel; every node of every incident is named."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from netops.center.incidents.words import age, title
from netops.center.models import Incident
from netops.center.settings import CenterSettings
from shared.i18n import gettext as _
from shared.i18n import ngettext, use_locale
from shared.web.filters import instant


def message(
    locale: str,
    told: Sequence[Incident],
    ended: Sequence[Incident],
    now: datetime,
    settings: CenterSettings,
) -> tuple[str, str]:
    """Subject and body."""
    with use_locale(locale):
        return subject(told, ended), body(told, ended, now, settings)


def subject(told: Sequence[Incident], ended: Sequence[Incident]) -> str:
    """The gravest trouble and how many more."""
    listed = sorted(told or ended, key=lambda incident: (incident.severity, incident.number))
    text = title(listed[0])
    if len(listed) > 1:
        text = _("%(title)s, and %(n)s more", title=text, n=len(listed) - 1)
    return text if told else _("Over: %(title)s", title=text)


def body(told: Sequence[Incident], ended: Sequence[Incident], now: datetime, settings: CenterSettings) -> str:
    """A paragraph per incident."""
    parts = [paragraph(incident, now, settings) for incident in sorted(told, key=lambda one: one.severity)]
    if ended:
        lines = [f"INC-{incident.number} {title(incident)} ({age(incident, now)})" for incident in ended]
        parts.append(_("Over:") + "\n" + "\n".join(lines))
    return "\n\n".join(parts)


def paragraph(incident: Incident, now: datetime, settings: CenterSettings) -> str:
    """Number, title, since when, what is known, which nodes, where to look."""
    zone = settings.timezone.key
    lines = [
        f"INC-{incident.number} {title(incident)}",
        _(
            "since %(time)s (%(age)s)",
            time=instant(incident.opened_at, zone, seconds=True),
            age=age(incident, now),
        ),
    ]
    lines += [text for text in (incident.exit, incident.detail) if text]
    if len(incident.nodes) > 1:
        lines.append(
            ngettext("%(n)s node", "%(n)s nodes", len(incident.nodes))
            + _(": ")
            + _(", ").join(incident.nodes)
        )
    if settings.public_url:
        lines.append(f"{settings.public_url.rstrip('/')}/incidents/{incident.number}")
    return "\n".join(lines)
