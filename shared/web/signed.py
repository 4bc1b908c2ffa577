"""The short way of signed requests: those of machines, which come by the hundred in a second.

They carry no cookie and no form, are answered in no language and are never compressed. So their address is looked up once, and
of what stands between a page and its handler only the body's limit and the database are left.
"""

from collections.abc import Mapping, Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.errors import Refused
from shared.web.access import A_MACHINE
from shared.web.endpoint import limited
from shared.web.error_pages import refusal_answer
from shared.web.routing import Route


class SignedEndpoint:
    """The ASGI application of one signed route. A refusal is answered as everywhere; other errors are raised."""

    def __init__(self, route: Route, body_limit_bytes: int) -> None:
        self.handler = route.handler
        self.body_limit_bytes = route.body_limit_bytes or body_limit_bytes
        self.known = {
            "route": route.url,
            "is_signed": True,
            "is_api": route.is_api,
            "is_routine": True,
            **A_MACHINE,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"].update(self.known)
        request = Request(scope, limited(scope, receive, self.body_limit_bytes))
        with request.app.state.use_database():
            try:
                response = await self.handler(request)
            except (Refused, HTTPException) as error:
                response = await refusal_answer(request, error)
            await response(scope, receive, send)


SignedEndpoints = Mapping[tuple[str, str], ASGIApp]
"""By method and address."""


def signed_endpoints(routes: Sequence[Route], body_limit_bytes: int) -> SignedEndpoints:
    """By method and address, of the signed routes whose address has no parameters. Another method at such an address goes the
    long way, and is answered there."""
    return {
        (route.method, route.url): SignedEndpoint(route, body_limit_bytes)
        for route in routes
        if route.is_signed and "{" not in route.url
    }
