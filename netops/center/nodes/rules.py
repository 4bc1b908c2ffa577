"""How a node is, from what was received and when. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from shared.nodes.report import ServiceState

SERVICE_WORDS: Mapping[str, str] = {
    "running": "ok",
    "unready": "busy",
    "waiting": "waiting",
    "starting": "waiting",
    "stopping": "waiting",
    "backoff": "waiting",
    "stopped": "stopped",
    "crash_loop": "crash_loop",
    "given_up": "node_failed",
}
CONTACTS = ("live", "late", "silent", "never_seen")


def contact(
    received_at: datetime | None, now: datetime, *, late_seconds: float, silent_seconds: float
) -> str:
    """live, late, silent or never_seen, by the age of what was received; the node's own clock plays no part."""
    if received_at is None:
        return "never_seen"
    age = (now - received_at).total_seconds()
    if age > silent_seconds:
        return "silent"
    return "late" if age > late_seconds else "live"


def service_status(state: str, rung: str = "none", *, is_fenced: bool = False) -> str:
    """The word for a service: running, starting, stopped, or what keeps it from running; what runs and is fenced, or takes
    less work under load, says so."""
    if state in ("running", "unready") and is_fenced:
        return "fenced"
    if state in ("running", "unready") and rung in ("throttle", "drain"):
        return "throttled" if rung == "throttle" else "draining"
    return SERVICE_WORDS.get(state, "unknown")


def urgency(found_contact: str, condition: str, services: Sequence[ServiceState]) -> int:
    """Where the node stands in the list: 0 silent or with something that does not run, 1 late or overloaded, 2 well."""
    if found_contact == "silent" or condition == "failed":
        return 0
    if any(service.state in ("crash_loop", "given_up") for service in services):
        return 0
    return 1 if needs_help(found_contact, condition, services) else 2


def needs_help(found_contact: str, condition: str, services: Sequence[ServiceState]) -> bool:
    """Whether the node belongs into the block at the top of the page."""
    if found_contact in ("silent", "late"):
        return True
    troubled = any(service.state in ("crash_loop", "given_up") for service in services)
    return troubled or condition in ("overloaded", "failed", "fenced")
