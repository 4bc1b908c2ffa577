"""/status: static html without a script or a query that costs; it asks for itself again every thirty seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from netops.center.nodes.queries import contact_and_condition
from netops.center.nodes.rules import needs_help
from netops.center.standby.places import standing, successors
from netops.center.status.rules import word_of
from shared import clock, i18n
from shared.web.responses import page

REFRESH_SECONDS = 30


@dataclass(frozen=True)
class BranchLine:
    """How a branch is; the name is empty for nodes of none."""

    name: str
    word: str
    well_count: int
    node_count: int


@dataclass(frozen=True)
class StatusPage:
    """The word, how many nodes are well, the same of each branch, and when it was looked at."""

    word: str
    branches: Sequence[BranchLine]
    well_count: int
    node_count: int
    checked_at: datetime
    refresh_seconds: int


async def show(request: Request) -> Response:
    """Is everything all right?"""
    now, settings, fleet = clock.now(), request.app.state.settings, request.app.state.fleet
    seen = [node for node in fleet if node.received_at is not None]
    by_primary = successors(fleet)
    found: dict[str, list[bool]] = {}
    for node in seen:
        is_fenced = standing(node, by_primary).is_replaced
        needs = needs_help(*contact_and_condition(node, now, settings), node.services)
        found.setdefault(node.branch, []).append(not (needs or is_fenced))
    branches = [branch_line(name, found[name]) for name in sorted(found, key=lambda name: (not name, name))]
    well = sum(line.well_count for line in branches)
    with i18n.use_locale(request.state.locale):
        word = word_of(len(seen), len(seen) - well)
        view = StatusPage(word, branches, well, len(seen), now, REFRESH_SECONDS)
        return page(request, "status/show.html", view)


def branch_line(name: str, are_well: Sequence[bool]) -> BranchLine:
    """A branch by its nodes: ok, busy (some in trouble) or overloaded (all of them)."""
    well, count = sum(are_well), len(are_well)
    return BranchLine(name, "ok" if well == count else "busy" if well else "overloaded", well, count)
