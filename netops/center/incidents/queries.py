"""Reads of incidents."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from netops.center.models import AlertRule, Incident, IncidentEvent, Notice
from shared.database import fetch_all

SHOWN = 200


async def listed(*, only_open: bool, before: int | None = None, limit: int = 50) -> list[Incident]:
    """Open incidents, unacknowledged and gravest first; or all, newest first, those below a number."""
    if only_open:
        found = await Incident.filter(closed_at=None).order_by("severity", "-number").limit(SHOWN)
        return sorted(found, key=lambda incident: incident.acknowledged_at is not None)
    query = Incident.all() if before is None else Incident.filter(number__lt=before)
    return await query.order_by("-number").limit(limit)


async def numbers_of(ids: Collection[str]) -> dict[str, int]:
    """The number of each incident by its id."""
    found = await Incident.filter(id__in=set(ids) - {""}).only("id", "number")
    return {one.id: one.number for one in found}


async def cause_of(incident: Incident) -> Incident | None:
    """The incident that explains this one."""
    return await Incident.get_or_none(id=incident.caused_by) if incident.caused_by else None


async def explained_by(incident: Incident) -> Sequence[Incident]:
    """The incidents that this one explains or explained, open ones first."""
    found = await Incident.filter(caused_by=incident.id).order_by("number").limit(SHOWN)
    return sorted(found, key=lambda one: one.closed_at is not None)


async def open_count() -> int:
    return await Incident.filter(closed_at=None).count()


async def timeline_of(incident: Incident) -> list[IncidentEvent]:
    """Newest first."""
    return await IncidentEvent.filter(incident=incident.id).order_by("-at", "-id").limit(500)


async def notices_of(incident: Incident) -> list[tuple[Notice, str]]:
    """The notifications that told of it, with the names of their channels, newest first."""
    names = {str(row["id"]): row["name"] for row in await fetch_all("SELECT id, name FROM channel")}
    found = await Notice.filter(made_at__gte=incident.known_at).order_by("-made_at").limit(200)
    mine = [notice for notice in found if incident.id in notice.incidents]
    return [(notice, names.get(str(notice.channel), "")) for notice in mine[:20]]


async def like_before(incident: Incident) -> Sequence[Incident]:
    """Earlier incidents of the same cause."""
    if incident.kind in ("crash_loop", "given_up", "unhealthy", "resource"):
        same = Incident.filter(kind=incident.kind, node=incident.node, service=incident.service)
    else:
        same = Incident.filter(cause=incident.cause)
    return await same.filter(number__lt=incident.number).order_by("-number").limit(5)


async def rule_behind(incident: Incident) -> AlertRule | None:
    """The rule of an incident by rule; None when it was deleted or there is none."""
    words = incident.cause.split(" ")
    return await AlertRule.get_or_none(id=int(words[1])) if incident.kind == "rule" else None
