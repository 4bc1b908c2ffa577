"""The outermost layer of a site: request id, log context, timing, query count, secure headers, last-resort 500.

An ASGI class rather than a stack of middleware, so that the order is in one place and streams pass untouched.
"""

import re
import time

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import log
from shared.database import count_queries
from shared.ids import new_id
from shared.metrics import HTTP_OPEN, HTTP_REQUESTS, HTTP_SECONDS
from shared.web.error_pages import defect_answer

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
STRICT_TRANSPORT = "max-age=31536000"
GIVEN_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")

events = log.get_logger()


class Envelope:
    """Wraps the whole application of one site."""

    def __init__(self, app: ASGIApp, site: str, *, https: bool) -> None:
        self.app = app
        self.site = site
        self.open_count = 0
        self.headers = dict(SECURE_HEADERS)
        if https:
            self.headers["strict-transport-security"] = STRICT_TRANSPORT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        given = request.headers.get("x-request-id", "")
        request_id = given if GIVEN_ID.match(given) else new_id().hex[-12:]
        started_ns = time.perf_counter_ns()
        state = scope.setdefault("state", {})
        state.update(request_id=request_id, started_ns=started_ns, route="")
        counter = count_queries()
        status = 0
        is_stream = False

        async def send_dressed(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
                headers["x-request-id"] = request_id
                is_stream = headers.get("content-type", "").startswith("text/event-stream")
            await send(message)

        self.open_count += 1
        HTTP_OPEN.labels(self.site).set(self.open_count)
        with log.context(request_id=request_id, method=scope["method"], path=scope["path"]):
            try:
                await self.app(scope, receive, send_dressed)
            except Exception:
                events.exception("request failed")
                if status:
                    raise
                await defect_answer(request)(scope, receive, send_dressed)
            finally:
                seconds = (time.perf_counter_ns() - started_ns) / 1e9
                self.open_count -= 1
                HTTP_OPEN.labels(self.site).set(self.open_count)
                HTTP_REQUESTS.labels(self.site, state["route"], scope["method"], str(status or 499)).inc()
                if not is_stream:
                    HTTP_SECONDS.labels(self.site, state["route"]).observe(seconds)
                if not scope["path"].startswith("/static/"):
                    events.info(
                        "request answered",
                        status=status,
                        milliseconds=round(seconds * 1e3, 1),
                        queries=counter[0],
                    )
