"""The outermost layer of a site: request id, log context, timing, query count, secure headers, last-resort 500.

An ASGI class rather than a stack of middleware, so that the order is in one place and streams pass untouched.
"""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from os import urandom

from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import log
from shared.database import count_queries
from shared.metrics import HTTP_OPEN, HTTP_REQUESTS, HTTP_SECONDS
from shared.web.error_pages import defect_answer
from shared.web.precedence import PAGES_FIRST_SECONDS, Door
from shared.web.signed import SignedEndpoints

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURE_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
MACHINE_HEADERS = [(b"x-content-type-options", b"nosniff")]
STRICT_TRANSPORT = "max-age=31536000"
GIVEN_ID = re.compile(rb"^[A-Za-z0-9._-]{8,64}$")

SECRET_PATHS = ("/shared/",)

events = log.get_logger()


@lru_cache(maxsize=4_096)
def requests_of(site: str, route: str, method: str, status: int) -> Counter:
    """The counter with these labels; looking one up costs more than counting."""
    return HTTP_REQUESTS.labels(site, route, method, str(status))


@lru_cache(maxsize=1_024)
def seconds_of(site: str, route: str) -> Histogram:
    return HTTP_SECONDS.labels(site, route)


@dataclass
class Exchange:
    """One request on its way: its number and what is known of the answer so far."""

    request_id: str
    started_ns: int
    status: int = 0
    is_stream: bool = False

    @property
    def seconds(self) -> float:
        return (time.perf_counter_ns() - self.started_ns) / 1e9


class Envelope:
    """Wraps the whole application of one site."""

    def __init__(
        self,
        app: ASGIApp,
        site: str,
        *,
        https: bool,
        signed: SignedEndpoints | None = None,
        crowded: SignedEndpoints | None = None,
    ) -> None:
        """`signed`: what is answered here, without what the application does for people. `crowded`: the same, where a thousand
        may come at once, so that a page among them is not made last."""
        self.app = app
        self.site = site
        self.crowded = crowded or {}
        self.signed = {**(signed or {}), **self.crowded}
        self.door = Door(lambda: PAGES_FIRST_SECONDS)
        self.open_count = 0
        HTTP_OPEN.labels(site).set_function(lambda: float(self.open_count))
        headers = dict(SECURE_HEADERS)
        if https:
            headers["strict-transport-security"] = STRICT_TRANSPORT
        self.headers = [(name.encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started_ns = time.perf_counter_ns()
        if (scope["method"], scope["path"]) in self.crowded:
            await self.door.through()
        request = Request(scope)
        exchange = Exchange(request_id_of(scope["headers"]), started_ns)
        state = scope.setdefault("state", {})
        state.update(request_id=exchange.request_id, started_ns=exchange.started_ns, route="")
        counter = count_queries()
        dressed = self.dressed(exchange, state, send)
        self.open_count += 1
        with log.context(
            request_id=exchange.request_id, method=scope["method"], path=path_to_log(scope["path"])
        ):
            try:
                app = self.signed.get((scope["method"], scope["path"]), self.app)
                await app(scope, receive, dressed)
            except ClientDisconnect:
                events.info("request cut short")  # nobody is there to be answered
            except Exception as error:
                events.exception("request failed")
                if exchange.status:
                    raise
                await defect_answer(request, error)(scope, receive, dressed)
            finally:
                self.open_count -= 1
                self.note_end(exchange, scope, counter[0])

    def dressed(self, exchange: Exchange, state: Mapping[str, object], send: Send) -> Send:
        """`send` with the headers of every answer, where it has none of its own; notes the status as it passes.

        What only a browser obeys is left out of answers to signed requests: a node is no browser, and a thousand nodes
        are answered at once.
        """

        async def send_dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = dict(message["headers"])
                wanted = MACHINE_HEADERS if state.get("is_signed") else self.headers
                own = [one for one in wanted if one[0] not in given]
                message["headers"] = [
                    *message["headers"],
                    *own,
                    (b"x-request-id", exchange.request_id.encode()),
                ]
                exchange.status = message["status"]
                exchange.is_stream = given.get(b"content-type", b"").startswith(b"text/event-stream")
            await send(message)

        return send_dressed

    def note_end(self, exchange: Exchange, scope: Scope, queries: int) -> None:
        """Metrics and the log line; 499 stands for an answer that never began. What machines send by the second is logged only
        when it went wrong. How long a long poll (`state.waits`) waited for news says nothing about the site and is not observed."""
        route, method = scope["state"]["route"], scope["method"]
        requests_of(self.site, route, method, exchange.status or 499).inc()
        if not exchange.is_stream and not scope["state"].get("waits"):
            seconds_of(self.site, route).observe(exchange.seconds)
        is_routine = scope["state"].get("is_routine", False) and exchange.status < 300
        if not is_routine and not scope["path"].startswith("/static/"):
            milliseconds = round(exchange.seconds * 1e3, 1)
            events.info(
                "request answered", status=exchange.status, milliseconds=milliseconds, queries=queries
            )


def path_to_log(path: str) -> str:
    """The path without the secret of a link that opens by itself."""
    return next((f"{start}…" for start in SECRET_PATHS if path.startswith(start)), path)


def request_id_of(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The number that a proxy gave if it looks like one, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and GIVEN_ID.match(value):
            return value.decode("ascii")
    return urandom(6).hex()
