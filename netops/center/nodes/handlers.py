"""The fleet page and the page of a node."""

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from netops.center.commands.node_page import commands_of, order_links
from netops.center.nodes import queries
from netops.center.nodes.charts import RANGES, charts_of, range_asked
from netops.center.nodes.pages import FleetPage, NodePage
from netops.center.nodes.places import place_of
from netops.center.nodes.problems import problem_of, problems_part
from netops.center.nodes.queries import FleetQuestion, NodeView
from netops.center.nodes.state import Fleet, NodeState
from netops.center.nodes.tables import node_row, nodes_table, recoveries_table, services_table, status_of
from netops.center.telemetry.lines import LineQuestion, StoredLine, find_lines
from shared import clock
from shared.digits import whole_number
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.web.filters import duration
from shared.web.forms import empty_form
from shared.web.parts import Action, Empty, Field, Filters, Link, Option, Status, Tab, TableView
from shared.web.responses import page
from shared.web.templating import with_query

STATES = (
    "live",
    "late",
    "silent",
    "never_seen",
    "busy",
    "overloaded",
    "failed",
    "fenced",
    "maintenance",
    "draining",
)
LINES_SHOWN = 20


def question_of(request: Request) -> FleetQuestion:
    """The filter in the address."""
    params = request.query_params
    return FleetQuestion(
        params.get("q", "")[:80],
        params.get("branch", "")[:32],
        params.get("state", "") if params.get("state") in STATES else "",
        whole_number(params.get("page", ""), 99_999) or 1,
    )


async def show_fleet(request: Request) -> Response:
    """Is anything wrong?"""
    question, now = question_of(request), clock.now()
    fleet: Fleet = request.app.state.fleet
    answer = queries.fleet_page(fleet, question, now, request.app.state.settings)
    incidents = await queries.open_incidents()
    healed = [
        recovery for recovery in await queries.recoveries(limit=1_000) if recovery.outcome == "recovered"
    ]
    view = FleetPage(
        scope=ngettext("%(n)s node", "%(n)s nodes", answer.node_count),
        problems=problems_part(incidents, answer.views, answer.node_count, now, center_notice(request)),
        filters=filters_of(question, answer),
        table=fleet_table(question, answer),
        counts=counts_sentence(answer.counts),
        healed=Link(
            ngettext(
                "%(n)s recovery in the last 24 hours", "%(n)s recoveries in the last 24 hours", len(healed)
            ),
            "/recovery",
        )
        if healed
        else None,
        live_url=with_query("/live/fleet"),
    )
    return page(request, "nodes/list.html", view)


def center_notice(request: Request) -> str:
    """A warning about the center itself; set by the alert engine."""
    if request.app.state.engine.suspects_itself:
        return _("Many nodes went late within a minute: the center itself may be the problem.")
    return ""


def fleet_table(question: FleetQuestion, answer: queries.FleetAnswer) -> TableView:
    """The table of a page, with its neighbours."""
    pages = -(-answer.found_count // queries.PAGE_SIZE)
    empty = Empty("filter", _("No node for this filter."), Action(_("Clear filters"), "/"))
    if not answer.node_count:
        empty = Empty(
            "nothing",
            _("No node has been enrolled yet. An agent appears here once it has reported."),
            Action(_("Enrol a node"), "/enrol", is_primary=True),
        )
    return nodes_table(
        [node_row(view) for view in answer.views],
        answer.found_count,
        empty,
        with_query(page=question.page + 1) if question.page < pages else "",
        with_query(page=question.page - 1) if question.page > 1 else "",
    )


def filters_of(question: FleetQuestion, answer: queries.FleetAnswer) -> Filters:
    everything = Option("", _("all"))
    return Filters(
        [
            Field("q", _("Name, role, branch"), is_optional=False, width="m"),
            Field(
                "branch",
                _("Branch"),
                "select",
                options=[everything, *(Option(branch, branch) for branch in answer.branches)],
            ),
            Field(
                "state",
                _("State"),
                "select",
                options=[everything, *(Option(state, status_text(state)) for state in STATES)],
            ),
        ],
        empty_form(q=question.text, branch=question.branch, state=question.state),
        action="/",
        clear_url="/" if question != FleetQuestion(page=question.page) else "",
    )


def status_text(state: str) -> str:
    from shared.web.words import status_word

    return status_word(status_of(state).key)


def counts_sentence(counts: dict[str, int]) -> str:
    """How many are in which state, in one line."""
    shown = [f"{status_text(word)} {count:,}" for word, count in counts.items()]
    return " · ".join(shown)


# --- one node ---------------------------------------------------------------------------------------------------


async def show_node(request: Request) -> Response:
    """What is it doing, and what is wrong with it?"""
    node = queries.node_named(request.app.state.fleet, request.path_params["name"])
    node.watch()
    now, settings = clock.now(), request.app.state.settings
    view = queries.view_in(request.app.state.fleet, node, now, settings)
    span = range_asked(request)
    base = f"/nodes/{node.name}"
    incidents = await queries.open_incidents(node.name)
    return page(
        request,
        "nodes/show.html",
        NodePage(
            name=node.name,
            scope=" · ".join(part for part in (node.branch, node.role) if part),
            actions=[
                Action(_("Edit"), f"{base}/edit", "pencil"),
                Action(_("All commands"), f"{base}/commands", "send", key="o"),
            ],
            statuses=statuses(view),
            received_at=view.received_at,
            place=place_of(view),
            sentence=sentence(view, now, has_incidents=bool(incidents)),
            problems=[problem_of(incident, now) for incident in incidents],
            ranges=[Tab(_(label), with_query(range=key), key == span) for key, (label, _s) in RANGES.items()],
            range_seconds=RANGES[span][1],
            series_url=f"{base}/series?range={span}",
            charts=charts_of(node),
            services=services_table(view.services, await order_links(request, node)),
            commands=await commands_of(node.name),
            recoveries=recoveries_table(await queries.recoveries(node.name)),
            lines=await latest_lines(request, node),
            logs_url=f"/logs?node={node.name}",
            live_url=f"{base}/live",
        ),
    )


def statuses(view: NodeView) -> list[Status]:
    """Contact, condition and, where it is not the usual, mode."""
    found = [status_of(view.contact), status_of(view.condition)]
    return [*found, Status(view.mode)] if view.mode != "normal" else found


def sentence(view: NodeView, now: datetime, *, has_incidents: bool) -> str:
    """What is wrong, or that nothing is."""
    if view.contact == "never_seen":
        return _("This node has not reported yet.")
    if view.contact == "silent" and view.received_at is not None:
        return _(
            "Nothing was heard for %(time)s. The values below are the last ones.",
            time=duration(now - view.received_at),
        )
    troubled = [service.name for service in view.services if service.state in ("crash_loop", "given_up")]
    if troubled:
        return _("does not run: %(services)s", services=", ".join(troubled))
    spared = [service.name for service in view.services if service.rung in ("throttle", "drain")]
    if spared:
        return _("takes less work under load: %(services)s", services=", ".join(spared))
    if view.condition in ("overloaded", "failed", "fenced", "busy") or has_incidents:
        return ""
    return _("Nothing is wrong.")


async def latest_lines(request: Request, node: NodeState) -> list[StoredLine]:
    """The newest warnings and errors of the last day."""
    now = clock.now()
    question = LineQuestion(
        now - timedelta(days=1), now + timedelta(days=1), nodes=[node.name], level="warning"
    )
    with request.app.state.telemetry.reading():
        return await find_lines(question, LINES_SHOWN)
