"""/status: static html without a script or a query that costs; it asks for itself again every thirty seconds."""

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from netops.center.nodes.queries import contact_and_condition
from netops.center.nodes.rules import needs_help
from netops.center.status.rules import word_of
from shared import clock, i18n
from shared.web.responses import page

REFRESH_SECONDS = 30


@dataclass(frozen=True)
class StatusPage:
    """The word, how many nodes are well, and when it was looked at."""

    word: str
    well_count: int
    node_count: int
    checked_at: datetime
    refresh_seconds: int


async def show(request: Request) -> Response:
    """Is everything all right?"""
    now, settings = clock.now(), request.app.state.settings
    seen = [node for node in request.app.state.fleet if node.received_at is not None]
    troubled = sum(needs_help(*contact_and_condition(node, now, settings), node.services) for node in seen)
    with i18n.use_locale(request.state.locale):
        view = StatusPage(word_of(len(seen), troubled), len(seen) - troubled, len(seen), now, REFRESH_SECONDS)
        return page(request, "status/show.html", view)
