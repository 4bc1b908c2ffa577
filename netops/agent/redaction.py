"""Takes secrets out of log lines before they leave the node: by key in JSON, by pattern in plain text."""

from __future__ import annotations

import re
from typing import Any

HIDDEN = "[redacted]"
_SECRET_KEY = re.compile(
    r"passw|secret|token|authori[sz]ation|cookie|api[_-]?key|private[_-]?key|credential|session[_-]?id|\botp\b|\biban\b|bank_account",
    re.I,
)
_PLAIN = (
    (
        re.compile(
            r"(?i)\b((?:[\w-]*(?:passw(?:or)?d|secret|token|api[_-]?key)[\w-]*)\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;&]+)"
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(r"(?<=://)([^/\s:@]+):([^/\s@]+)@"), rf"\1:{HIDDEN}@"),
)
_DEEPEST = 8


def redact_text(text: str) -> str:
    """Plain text without password=..., Bearer ..., user:password@ values."""
    for pattern, replacement in _PLAIN:
        text = pattern.sub(replacement, text)
    return text


def redact(value: Any, depth: int = 0) -> Any:
    """A decoded JSON value without the values under secret-looking keys; deeper than eight levels everything is hidden."""
    if depth > _DEEPEST:
        return HIDDEN
    if isinstance(value, dict):
        return {
            key: HIDDEN
            if _SECRET_KEY.search(str(key)) and part not in (None, "", True, False)
            else redact(part, depth + 1)
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [redact(part, depth + 1) for part in value]
    return redact_text(value) if isinstance(value, str) else value
