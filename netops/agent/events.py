"""The agent's own log: the same JSON lines as shared/log.py writes, without the seven megabytes that structlog takes."""

from __future__ import annotations

import sys
import traceback

import msgspec

from shared.clock import now

_SITE = {"site": "agent"}


def info(event: str, **fields: object) -> None:
    """A static event name and identifiers as keywords. Never raises: a full disk must not stop a supervisor."""
    _write("info", event, fields)


def warning(event: str, **fields: object) -> None:
    _write("warning", event, fields)


def error(event: str, **fields: object) -> None:
    """Called from an except block, it adds the traceback."""
    if sys.exc_info()[0] is not None:
        fields["exception"] = traceback.format_exc()
    _write("error", event, fields)


def _write(level: str, event: str, fields: dict[str, object]) -> None:
    line = {"event": event, "level": level, "timestamp": now(), **_SITE, **fields}
    try:
        sys.stdout.write(msgspec.json.encode(line, enc_hook=str).decode() + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):
        pass
