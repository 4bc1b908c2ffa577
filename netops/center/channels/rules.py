"""Which addresses a channel may have, and how long a failed notification waits. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

ALLOWED_SCHEMES = frozenset(
    [
        "mailto",
        "mailtos",
        "json",
        "jsons",
        "xml",
        "xmls",
        "form",
        "forms",
        "dingtalk",
        "wecombot",
        "feishu",
        "lark",
        "slack",
        "msteams",
        "discord",
        "tgram",
        "telegram",
        "ntfy",
        "ntfys",
        "gotify",
        "gotifys",
        "matrix",
        "matrixs",
        "pagerduty",
        "opsgenie",
        "signal",
        "signals",
        "rocket",
        "rockets",
        "mmost",
        "mmosts",
    ]
)
"""Schemes that only send a message somewhere. Apprise knows others that run programs or write to this machine."""
MOST_TRIES = 8
CLAIM_SECONDS = 120.0
"""A sender that has not finished by then is taken for dead; another one takes the notice over."""


def is_allowed(address: str) -> bool:
    """Whether an address may be used."""
    return scheme_of(address) in ALLOWED_SCHEMES


def scheme_of(address: str) -> str:
    return urlsplit(address.strip()).scheme.lower()


def shown(address: str) -> str:
    """The address without what may be secret: scheme and host."""
    parts = urlsplit(address.strip())
    return f"{parts.scheme}://…@{parts.hostname}" if parts.hostname else f"{parts.scheme}://…"


def pause_seconds(tries: int) -> float:
    """Before the next try: half a minute, doubled each time, an hour at most."""
    return min(3_600.0, 30.0 * 2 ** max(0, tries - 1))
