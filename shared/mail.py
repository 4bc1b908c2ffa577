"""When a mail is tried again, and how addresses of people and of a mail server are read. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote, urlsplit

PAUSES_MINUTES = (1, 5, 15, 60, 180, 360, 720)
"""Pauses after the first, second ... failed try; after the last one the mail has failed."""
SECURITIES = {"smtp": "starttls", "smtps": "tls", "smtp+plain": "none"}
PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True)
class PostOffice:
    """The mail server of a site. `security` is starttls, tls or none; `sender` the From of every mail."""

    host: str
    port: int
    security: str
    username: str
    password: str
    sender: str
    site_url: str = ""


def is_mail_address(text: str) -> bool:
    """Something before the last @, a dot behind it, and no blank."""
    before, mark, after = text.rpartition("@")
    return bool(before and mark and "." in after and not any(one.isspace() for one in text))


def read_address(url: str, sender: str, site_url: str) -> PostOffice | None:
    """smtp://user:password@host:587 (STARTTLS), smtps://... (TLS from the start), smtp+plain://host:25; None for "".

    ValueError for anything else.
    """
    if not url:
        return None
    parts = urlsplit(url)
    if parts.scheme not in SECURITIES or not parts.hostname:
        raise ValueError("must begin with smtp://, smtps:// or smtp+plain:// and name a host")
    security = SECURITIES[parts.scheme]
    return PostOffice(
        parts.hostname,
        parts.port or PORTS[security],
        security,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
        sender or f"trunkline@{parts.hostname}",
        site_url.rstrip("/"),
    )


def check_address(url: str) -> str | None:
    """What is wrong with the address of a mail server, for the settings; None when nothing is."""
    try:
        read_address(url, "", "")
    except ValueError as wrong:
        return str(wrong)
    return None


def next_try(tries: int, now: datetime) -> datetime | None:
    """When a mail that failed for the `tries`th time is tried again; None when it is given up."""
    if tries > len(PAUSES_MINUTES):
        return None
    return now + timedelta(minutes=PAUSES_MINUTES[tries - 1])


def is_address(text: str) -> bool:
    """Whether a mail can be addressed to this: one address, no line breaks or brackets."""
    name, at, domain = text.strip().rpartition("@")
    return bool(at and name and "." in domain) and not any(char in text for char in " \r\n\t<>,;\"'")
