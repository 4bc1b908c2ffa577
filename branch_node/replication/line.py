"""The HTTP client to headquarters."""

import ssl
from functools import cache

import httpx

CONNECT_SECONDS = 5.0


def line_to(hq_url: str, seconds: float) -> httpx.AsyncClient:
    """A client for headquarters' address; an answer may take `seconds`, a connection CONNECT_SECONDS."""
    timeout = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
    return httpx.AsyncClient(base_url=hq_url, timeout=timeout, verify=_trust(hq_url.startswith("https:")))


@cache
def _trust(is_secure: bool) -> ssl.SSLContext:
    """The public authorities, read once for all clients; nobody where the line is not encrypted anyway."""
    return httpx.create_ssl_context() if is_secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
