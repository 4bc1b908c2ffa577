"""Finds a request's route among hundreds without trying each: routes are kept by the first words of their address."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import cast

from starlette.routing import BaseRoute, Match
from starlette.routing import Route as StarletteRoute
from starlette.types import Receive, Scope, Send

from shared.web.endpoint import Endpoint
from shared.web.routing import Permission, RouteError

API_WORDS = 3
ADDRESSES = 2_000
"""So many addresses are remembered with what they need: a list asks for each of its links, at every look."""


class Switch(BaseRoute):
    """Some routes as one, each at an address that begins with fixed words. The first that fits is taken, as Starlette does."""

    def __init__(self, routes: Sequence[StarletteRoute]) -> None:
        kept: defaultdict[str, list[StarletteRoute]] = defaultdict(list)
        for route in routes:
            head = head_of(route.path)
            if "{" in head:
                raise RouteError(f"{route.path}: the address must begin with fixed words")
            kept[head].append(route)
        self.kept: Mapping[str, Sequence[StarletteRoute]] = dict(kept)
        self.permission_of: Callable[[str], Permission | None] = lru_cache(ADDRESSES)(self._permission_of)
        """What reading the page at an address needs; None where there is none."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """The first route of this address and method; else one of the address alone, which answers 405."""
        if scope["type"] != "http":
            return Match.NONE, {}
        partly: tuple[Match, Scope] = Match.NONE, {}
        for route in self.kept.get(head_of(scope["path"]), ()):
            match, child = route.matches(scope)
            if match is Match.FULL:
                return match, {**child, "route": route}
            if match is Match.PARTIAL and partly[0] is Match.NONE:
                partly = match, {**child, "route": route}
        return partly

    def _permission_of(self, path: str) -> Permission | None:
        asked = {"type": "http", "method": "GET", "path": path, "root_path": ""}
        for route in self.kept.get(head_of(path), ()):
            if route.matches(asked)[0] is Match.FULL:
                return cast("Endpoint", route.endpoint).route.permission
        return None

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["route"].handle(scope, receive, send)


def head_of(path: str) -> str:
    """The first word of an address; the first three below /api, where the first two are always the same."""
    words = path.split("/", API_WORDS + 1)[1:]
    return "/".join(words[: API_WORDS if words[:1] == ["api"] else 1])
