"""Routes as data: method, url, handler and the permission it needs.

A site's routes.py is a list of Route. `check_routes` refuses a list in which one lacks its permission, so a
page without access control cannot start.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

Handler = Callable[[Request], Awaitable[Response]]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
ACTION = re.compile(r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")


class Access(Enum):
    """Who may call a route that needs no particular right."""

    PUBLIC = "public"
    SIGNED_IN = "signed in"


PUBLIC = Access.PUBLIC
SIGNED_IN = Access.SIGNED_IN

Permission = str | Access


class RouteError(ValueError):
    """A route list that cannot be served; the message names every fault."""


@dataclass(frozen=True)
class ApiDoc:
    """What the OpenAPI document says about a route of the JSON API.

    `query` and `body` are pydantic models; `response` a pydantic model or a JSON schema; `errors` the
    statuses beside those every route may give.
    """

    summary: str
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    response: type[BaseModel] | Mapping[str, Any] | None = None
    status: int = 200
    errors: Sequence[int] = ()
    media_types: Sequence[str] = ("application/json",)


@dataclass(frozen=True)
class Route:
    """One method at one url. `permission` is an action such as "customer.view", PUBLIC or SIGNED_IN.

    `body_limit_bytes` overrides the site's limit (a page that takes files). `is_heavy` work is refused with 503 while the
    machine is under load. `api` marks a route of the JSON
    API: it accepts bearer tokens and answers errors as JSON.
    """

    method: str
    url: str
    handler: Handler
    permission: Permission
    api: ApiDoc | None = None
    body_limit_bytes: int | None = None
    is_signed: bool = False
    is_heavy: bool = False

    @property
    def is_api(self) -> bool:
        return self.api is not None or self.url.startswith("/api/")


def check_routes(routes: Sequence[Route], known_actions: Collection[str] | None = None) -> None:
    """Raise RouteError naming every route without a usable permission, with an odd method, or given twice."""
    faults = []
    seen: set[tuple[str, str]] = set()
    for route in routes:
        label = f"{route.method} {route.url}"
        if route.method not in METHODS:
            faults.append(f"{label}: unknown method")
        if not route.url.startswith("/"):
            faults.append(f"{label}: the url must begin with /")
        if not isinstance(route.permission, Access) and not (
            isinstance(route.permission, str) and ACTION.match(route.permission)
        ):
            faults.append(f"{label}: no permission ({route.permission!r})")
        elif isinstance(route.permission, str) and route.permission not in (
            known_actions or [route.permission]
        ):
            faults.append(f"{label}: nobody can be granted {route.permission!r}")
        if (route.method, route.url) in seen:
            faults.append(f"{label}: given twice")
        seen.add((route.method, route.url))
    if faults:
        raise RouteError("These routes cannot be served:\n" + "\n".join(faults))
