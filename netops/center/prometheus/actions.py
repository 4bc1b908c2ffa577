"""Alerts of Alertmanager become incidents here, and incidents of the center alerts there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import msgspec
from starlette.applications import Starlette

from netops.center.incidents.actions import close_incident, open_incident
from netops.center.incidents.words import title
from netops.center.models import Incident
from netops.center.nodes.state import Fleet
from netops.center.prometheus.rules import alert_of, severity_of
from shared import clock, i18n, log

TELL_EVERY_SECONDS = 60.0
GONE_AFTER = timedelta(minutes=5)
"""An alert that is not told again for this long is over for Alertmanager, so a dead center does not keep it firing."""

events = log.get_logger()


class Alert(msgspec.Struct, kw_only=True, rename="camel"):
    """One alert in a message of Alertmanager (webhook, version 4)."""

    status: str
    labels: dict[str, str]
    annotations: dict[str, str] = {}
    starts_at: datetime
    ends_at: datetime | None = None


class Message(msgspec.Struct, kw_only=True):
    """What Alertmanager posts; other fields are ignored."""

    alerts: list[Alert]


async def take_alerts(message: Message, fleet: Fleet) -> int:
    """Open and close incidents as the alerts say; how many changed. The same message again changes nothing.

    Alerts that this center itself sent out (label trunkline="center") are left alone: they are incidents already.
    """
    changed = 0
    for alert in message.alerts:
        if alert.labels.get("trunkline") == "center":
            continue
        cause = alert_of(alert.labels)
        found = await Incident.get_or_none(cause=cause, closed_at=None)
        if alert.status == "firing" and found is None:
            await _open(alert, cause, fleet)
        elif alert.status == "resolved" and found is not None:
            await close_incident(found, alert.ends_at or clock.now())
        else:
            continue
        changed += 1
    return changed


async def _open(alert: Alert, cause: str, fleet: Fleet) -> None:
    node = fleet.get(alert.labels.get("node", ""))
    incident = await open_incident(
        "alertmanager",
        cause,
        severity=severity_of(alert.labels),
        opened_at=alert.starts_at,
        node=node,
        nodes=[node.name] if node else [],
        service=alert.labels.get("service", ""),
        facts={"rule": alert.labels.get("alertname", "alert"), "labels": alert.labels},
    )
    summary = alert.annotations.get("summary") or alert.annotations.get("description", "")
    await Incident.filter(id=incident.id).update(detail=summary)


def outgoing(incidents: Sequence[Incident], now: datetime, url: str) -> list[dict[str, Any]]:
    """Incidents as alerts for POST /api/v2/alerts. Pure. What came from Alertmanager is not sent back."""
    alerts = []
    for incident in incidents:
        if incident.kind == "alertmanager" or incident.is_history or incident.caused_by:
            continue
        ends = incident.closed_at or now + GONE_AFTER
        labels: Mapping[str, str] = {
            "alertname": f"trunkline_{incident.kind}",
            "trunkline": "center",
            "incident": f"INC-{incident.number}",
            "severity": {1: "critical", 2: "warning"}.get(incident.severity, "info"),
            "node": incident.node,
            "branch": incident.branch,
            "service": incident.service,
        }
        alerts.append(
            {
                "labels": {name: value for name, value in labels.items() if value},
                "annotations": {"summary": title(incident), "description": incident.detail},
                "startsAt": incident.opened_at.isoformat(),
                "endsAt": ends.isoformat(),
                "generatorURL": f"{url}/incidents/{incident.number}",
            }
        )
    return alerts


async def tell_alertmanager(app: Starlette, client: httpx.AsyncClient) -> int:
    """Tell Alertmanager every open incident, and those closed within the last five minutes; how many. Raises httpx.HTTPError."""
    settings, now = app.state.settings, clock.now()
    found = await Incident.filter(closed_at=None)
    found += await Incident.filter(closed_at__gt=now - GONE_AFTER)
    with i18n.use_locale("en"):
        alerts = outgoing(found, now, settings.public_url)
    answer = await client.post(f"{settings.alertmanager_url}/api/v2/alerts", json=alerts)
    answer.raise_for_status()
    return len(alerts)


async def keep_telling(app: Starlette) -> None:
    """Once a minute, where an Alertmanager is set. One that is away is told again the next minute: it needs no memory."""
    if not app.state.settings.alertmanager_url:
        return
    async with httpx.AsyncClient(timeout=10.0) as client:
        while True:
            try:
                await tell_alertmanager(app, client)
            except httpx.HTTPError as error:
                events.warning("alertmanager not told", error=str(error) or type(error).__name__)
            await asyncio.sleep(TELL_EVERY_SECONDS)
