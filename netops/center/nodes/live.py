"""The live streams of the fleet and of a node: only what reads differently is sent, rows keep their places."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from netops.center.commands.node_page import commands_of, order_links
from netops.center.ingest.topics import FLEET, INCIDENTS, of_node
from netops.center.nodes import queries
from netops.center.nodes.charts import charts_for
from netops.center.nodes.handlers import (
    center_notice,
    fleet_table,
    latest_lines,
    question_of,
    sentence,
    statuses,
)
from netops.center.nodes.pages import NodeLivePart, RowPart
from netops.center.nodes.places import place_of
from netops.center.nodes.problems import problem_of, problems_part
from netops.center.nodes.state import NodeState
from netops.center.nodes.tables import recoveries_table, services_table
from shared import clock
from shared.web.live import Push, live, partial
from shared.web.parts import TableView
from shared.web.responses import render

INTERVAL_SECONDS = 1.0


class Told:
    """What an open page was told before, so that only differences are sent."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def news(self, pieces: Mapping[str, str]) -> list[Push]:
        """Messages for the places whose text differs."""
        fresh = {place: text for place, text in pieces.items() if self._texts.get(place) != text}
        self._texts.update(fresh)
        return [partial(place, text, "outerMorph") for place, text in fresh.items()]

    def is_news(self, place: str, text: str) -> bool:
        """Whether a place reads differently; it counts as told from now on."""
        is_fresh = self._texts.get(place) != text
        self._texts[place] = text
        return is_fresh


async def fleet_stream(request: Request) -> Response:
    """What has changed on the open fleet page: rows where they are, all of them when their order is another one."""
    fleet, settings = request.app.state.fleet, request.app.state.settings
    question, told = question_of(request), Told()
    names: list[str] = []

    async def changes(_changed: Collection[str]) -> Sequence[Push]:
        now = clock.now()
        answer = queries.fleet_page(fleet, question, now, settings)
        incidents = await queries.open_incidents()
        part = problems_part(incidents, answer.views, len(fleet), now, center_notice(request))
        pushes = rows_news(request, told, names, fleet_table(question, answer))
        return [*pushes, *told.news({"#problems": render(request, "nodes/problems.html", part)})]

    await changes(())
    return live(request, topics=[FLEET, INCIDENTS], render=changes, interval_seconds=INTERVAL_SECONDS)


def rows_news(request: Request, told: Told, names: list[str], table: TableView) -> list[Push]:
    """Rows that read differently; the whole body when nodes came, went or changed places. `names` is kept up to date."""
    found = {
        f"#nodes-{row.id}": render(request, "nodes/rows.html", RowPart(replace(table, rows=[row])))
        for row in table.rows
    }
    if [row.id for row in table.rows] == names:
        return told.news(found)
    names[:] = [row.id for row in table.rows]
    told.news(found)
    return [partial("#nodes-rows", render(request, "nodes/rows.html", RowPart(table)), "innerMorph")]


async def node_stream(request: Request) -> Response:
    """A node's page: state, services, newest lines, and each new sample as event "s" for the charts."""
    node = queries.node_named(request.app.state.fleet, request.path_params["name"])
    told, last_us = Told(), node.measured_us

    async def changes(_changed: Collection[str]) -> Sequence[Push]:
        nonlocal last_us
        node.watch()
        part = await live_part(request, node)
        pushes = told.news({"#node-state": render(request, "nodes/state.html", part)})
        if told.is_news("#node-lines", text := render(request, "nodes/newest.html", part)):
            pushes.append(partial("#node-lines", text, "innerMorph"))
        if told.is_news("#node-acts", text := render(request, "nodes/acts.html", part)):
            pushes.append(partial("#node-acts", text, "innerMorph"))
        if node.measured_us > last_us:
            last_us = node.measured_us
            pushes.append(Push(sample_json(node), "s"))
        return pushes

    node.watch()
    return live(
        request, topics=[of_node(node.name), INCIDENTS], render=changes, interval_seconds=INTERVAL_SECONDS
    )


async def live_part(request: Request, node: NodeState) -> NodeLivePart:
    """What of the page changes by itself, as it is now."""
    now = clock.now()
    view = queries.view_in(request.app.state.fleet, node, now, request.app.state.settings)
    incidents = await queries.open_incidents(node.name)
    return NodeLivePart(
        statuses(view),
        view.received_at,
        place_of(view),
        sentence(view, now, has_incidents=bool(incidents)),
        [problem_of(incident, now) for incident in incidents],
        services_table(view.services, await order_links(request, node)),
        await commands_of(node.name),
        recoveries_table(await queries.recoveries(node.name)),
        await latest_lines(request, node),
    )


def sample_json(node: NodeState) -> str:
    """The newest sample for the charts: second, and the values of each chart's curves."""
    values = {
        chart.key: [node.values.get(metric) for metric, _label in chart.curves] for chart in charts_for(node)
    }
    return msgspec.json.encode({"at": node.measured_us // 1_000_000, "charts": values}).decode()
