"""/incidents and the page of one."""

import csv
import io
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from netops.center.incidents import actions, queries
from netops.center.incidents.forms import AssignForm, EscalateForm, NoteForm, SnoozeForm
from netops.center.incidents.pages import IncidentPage, IncidentsPage, SmallForm
from netops.center.incidents.views import event_text, incidents_table, part_of, sentence
from netops.center.incidents.words import age, exit_word, title
from netops.center.ingest.topics import INCIDENTS
from netops.center.models import Incident
from netops.center.telemetry.lines import readable_with_time
from shared import clock
from shared.digits import whole_number
from shared.errors import Invalid
from shared.i18n import gettext as _
from shared.web.export import disposition, neutral
from shared.web.filters import instant
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.live import Push, live, partial
from shared.web.parts import Action, Empty, Field, Link, Tab
from shared.web.responses import page, redirect, render
from shared.web.templating import with_query

PAGE_SIZE = 50
REFRESH_SECONDS = 5.0
"""How often an open page says anew how long what is open has lasted."""


async def show_list(request: Request) -> Response:
    """What waits for somebody; or all that ever happened."""
    return page(request, "incidents/list.html", await list_page(request))


async def list_page(request: Request) -> IncidentsPage:
    params = request.query_params
    only_open = params.get("show") != "all"
    before = whole_number(params.get("before", ""))
    found = await queries.listed(only_open=only_open, before=before, limit=PAGE_SIZE + 1)
    has_more = not only_open and len(found) > PAGE_SIZE
    shown = found if only_open else found[:PAGE_SIZE]
    empty = Empty("nothing", _("Nothing waits for you.") if only_open else _("No incident has happened yet."))
    next_url = with_query(before=shown[-1].number) if has_more else ""
    return IncidentsPage(
        [
            Tab(_("open"), "/incidents", only_open, await queries.open_count()),
            Tab(_("all"), "/incidents?show=all", not only_open),
        ],
        incidents_table(
            shown, clock.now(), next_url, empty, await queries.numbers_of([one.caused_by for one in shown])
        ),
        with_query("/live/incidents"),
    )


async def list_stream(request: Request) -> Response:
    """The list, rendered anew when an incident changes, and while one lasts."""

    async def changes(changed: Collection[str]) -> Sequence[Push]:
        shown = await list_page(request)
        if not changed and all(row.is_muted for row in shown.table.rows):
            return []
        text = render(request, "incidents/list.html", shown, block="listed")
        return [partial("#listed", text, "innerMorph")]

    return live(
        request, topics=[INCIDENTS], render=changes, interval_seconds=1.0, refresh_seconds=REFRESH_SECONDS
    )


async def show(request: Request) -> Response:
    """One incident: what, what was done, what you can do."""
    incident = await incident_of(request)
    return page(request, "incidents/show.html", await page_of(request, incident, {}))


async def incident_of(request: Request) -> Incident:
    """The incident of the address. Raises NotFound."""
    return await actions.incident_numbered(request.path_params["number"])


async def page_of(request: Request, incident: Incident, typed: dict[str, Form[Any]]) -> IncidentPage:
    """The page; `typed` holds forms that came back with errors, by key."""
    rule_sentence, advice = await sentence(incident)
    base = f"/incidents/{incident.number}"
    may_act = request.state.person.may("node.control")
    header = []
    if may_act and incident.closed_at is None and incident.acknowledged_at is None:
        header.append(
            Action(_("Acknowledge"), f"{base}/acknowledge", "eye", is_primary=True, method="POST", key="a")
        )
    return IncidentPage(
        number=incident.number,
        title=title(incident),
        actions=header,
        part=await part_of(incident, clock.now()),
        sentence=rule_sentence,
        advice=advice,
        nodes=incident.nodes or ([incident.node] if incident.node else []),
        detail=_("; ").join(text for text in (exit_word(incident.exit), incident.detail) if text),
        last_lines=[readable_with_time(line) for line in incident.last_lines],
        links=links_of(incident),
        before=[
            Link(
                f"INC-{other.number}",
                f"/incidents/{other.number}",
                f"{instant(other.opened_at)}, {age(other, clock.now())}",
            )
            for other in await queries.like_before(incident)
        ],
        forms=forms_of(incident, request.state.person.name, typed) if may_act else [],
        live_url=f"{base}/live",
    )


def links_of(incident: Incident) -> list[Link]:
    """Where to look next."""
    found = []
    if incident.node:
        found.append(
            Link(_("Curves and services of %(node)s", node=incident.node), f"/nodes/{incident.node}")
        )
        around = f"/logs?node={incident.node}&around={incident.opened_at.isoformat().replace('+', '%2B')}"
        found.append(Link(_("Log lines around it"), around))
    base = f"/incidents/{incident.number}/timeline"
    return [*found, Link(_("Timeline as CSV"), f"{base}.csv"), Link(_("Timeline as text"), f"{base}.md")]


def forms_of(incident: Incident, me: str, typed: dict[str, Form[Any]]) -> list[SmallForm]:
    """Assign, snooze, escalate, add a note."""
    base = f"/incidents/{incident.number}"
    found = []
    if incident.closed_at is None:
        found += [
            SmallForm(
                "assign", _("Assign"), f"{base}/assign", [Field("to", _("Person"), max_length=80, prefix="assign-")],
                _("Assign incident"), typed.get("assign", empty_form(to=incident.assigned_to or me)),
            ),
            SmallForm(
                "snooze", _("Snooze"), f"{base}/snooze",
                [
                    Field("hours", _("Hours"), "number", width="s", prefix="snooze-"),
                    Field("reason", _("Reason"), max_length=500, width="l", prefix="snooze-"),
                ],
                _("Snooze incident"), typed.get("snooze", empty_form(hours=1)),
            ),
        ]  # fmt: skip
        if incident.escalated_at is None:
            found.append(
                SmallForm(
                    "escalate",
                    _("Escalate"),
                    f"{base}/escalate",
                    [Field("reason", _("Reason"), max_length=500, width="l", prefix="escalate-")],
                    _("Escalate incident"),
                    typed.get("escalate", empty_form()),
                )
            )
    note = Field("text", _("Note"), "area", rows=2, max_length=2_000, width="full", prefix="note-")
    found.append(
        SmallForm(
            "note",
            _("Add a note"),
            f"{base}/note",
            [note],
            _("Add note"),
            typed.get("note", empty_form()),
        )
    )
    return found


async def acknowledge(request: Request) -> Response:
    incident = await incident_of(request)
    await actions.acknowledge(incident, request.state.person.name)
    return told(request, incident, _("INC-%(number)s is in your hands.", number=incident.number))


async def assign(request: Request) -> Response:
    async def act(incident: Incident, actor: str, form: AssignForm) -> None:
        await actions.assign(incident, actor, form.to)

    return await act_on(request, "assign", AssignForm, act)


async def snooze(request: Request) -> Response:
    async def act(incident: Incident, actor: str, form: SnoozeForm) -> None:
        await actions.snooze(incident, actor, clock.now() + timedelta(hours=form.hours), form.reason)

    return await act_on(request, "snooze", SnoozeForm, act)


async def escalate(request: Request) -> Response:
    async def act(incident: Incident, actor: str, form: EscalateForm) -> None:
        await actions.escalate(incident, actor, form.reason)

    return await act_on(request, "escalate", EscalateForm, act)


async def note(request: Request) -> Response:
    async def act(incident: Incident, actor: str, form: NoteForm) -> None:
        await actions.add_note(incident, actor, form.text)

    return await act_on(request, "note", NoteForm, act)


async def act_on(
    request: Request, key: str, model: type[Any], act: Callable[[Incident, str, Any], Awaitable[None]]
) -> Response:
    """Read a small form and do what it asks; the page again with 422 when it cannot be done."""
    incident = await incident_of(request)
    form = await read_form(request, model)
    if not form.errors:
        try:
            await act(incident, request.state.person.name, form.value)
            return told(request, incident, _("Noted in INC-%(number)s.", number=incident.number))
        except Invalid as refused:
            form = with_errors(form, refused)
    return page(request, "incidents/show.html", await page_of(request, incident, {key: form}), status=422)


def told(request: Request, incident: Incident, toast: str) -> Response:
    """Back to the incident; open pages hear of it."""
    request.app.state.hub.publish(INCIDENTS)
    return redirect(f"/incidents/{incident.number}", toast=toast)


async def stream(request: Request) -> Response:
    """State and timeline of one incident, rendered anew when one changes, and while it lasts."""
    number = (await incident_of(request)).number

    async def changes(changed: Collection[str]) -> Sequence[Push]:
        incident = await actions.incident_numbered(number)
        if not changed and incident.closed_at is not None:
            return []
        text = render(request, "incidents/part.html", await part_of(incident, clock.now()))
        return [partial("#incident", text, "outerMorph")]

    return live(
        request, topics=[INCIDENTS], render=changes, interval_seconds=1.0, refresh_seconds=REFRESH_SECONDS
    )


async def timeline_csv(request: Request) -> Response:
    """The timeline as a file, oldest first."""
    incident = await incident_of(request)
    buffer = io.StringIO()
    buffer.write("\ufeff")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([neutral(f"INC-{incident.number} {title(incident)}")])
    writer.writerow([_("When"), _("What"), _("By whom"), _("Text")])
    for event in reversed(await queries.timeline_of(incident)):
        writer.writerow(
            [
                event.at.isoformat(),
                event.kind,
                neutral(event.actor),
                neutral(event_text(event)),
            ]
        )
    headers = {
        "content-disposition": disposition(f"INC-{incident.number}", "csv"),
        "cache-control": "no-store",
    }
    return Response(buffer.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


async def timeline_text(request: Request) -> Response:
    """The timeline as Markdown, oldest first."""
    incident = await incident_of(request)
    lines = [f"# INC-{incident.number} {title(incident)}", ""]
    for event in reversed(await queries.timeline_of(incident)):
        who = f" ({event.actor})" if event.actor else ""
        lines.append(f"- {instant(event.at, seconds=True)} {event.kind}{who} {event_text(event)}".rstrip())
    headers = {
        "content-disposition": disposition(f"INC-{incident.number}", "md"),
        "cache-control": "no-store",
    }
    return Response("\n".join(lines) + "\n", media_type="text/markdown; charset=utf-8", headers=headers)
