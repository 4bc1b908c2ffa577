"""What may be done with an incident and how grave it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping

SNOOZE_LIMIT = 7
"""Days."""
_AGENT_SEVERITY: Mapping[str, int] = {"crash_loop": 1, "given_up": 1, "unhealthy": 2, "resource": 2}


def severity_of_agent(kind: str) -> int:
    """1 is the gravest: something does not run and nobody but a person will change that."""
    return _AGENT_SEVERITY.get(kind, 2)
