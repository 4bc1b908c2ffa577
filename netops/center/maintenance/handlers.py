"""/maintenance."""

from __future__ import annotations

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from netops.center.maintenance.actions import (
    Plan,
    apply_windows,
    change_window,
    end_window,
    fault_of_times,
    make_window,
    window_of,
)
from netops.center.maintenance.forms import PlaceForm, TimesForm, WindowForm
from netops.center.maintenance.pages import MaintenancePage, WindowLine
from netops.center.models import MaintenanceWindow
from netops.center.nodes.state import Fleet
from shared import clock
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.web.forms import Form, empty_form, parse, read_form, with_error, with_errors
from shared.web.parts import Field, Option
from shared.web.reader import reader_zone
from shared.web.responses import page, redirect


def typed(moment: datetime) -> str:
    """A moment as the form shows it."""
    return moment.astimezone(reader_zone()).strftime("%Y-%m-%d %H:%M")


async def show(request: Request) -> Response:
    """What is on, what comes; `?node=` fills the form."""
    now = clock.now()
    node = request.query_params.get("node", "")
    form: Form[WindowForm] = empty_form(
        scope="node", name=node, starts_at=typed(now), ends_at=typed(now + timedelta(hours=2))
    )
    return await shown(request, form)


async def show_edit(request: Request) -> Response:
    """The form filled with a window. NotFound for one that was ended."""
    window = await window_asked(request)
    form: Form[WindowForm] = empty_form(
        scope="node" if window.node else "branch" if window.branch else "all", name=window.node or window.branch,
        starts_at=typed(window.starts_at), ends_at=typed(window.ends_at), repeats=window.repeats,
        reason=window.reason,
    )  # fmt: skip
    return await shown(request, form, window)


async def window_asked(request: Request) -> MaintenanceWindow:
    """The window of the address that nobody ended. Raises NotFound."""
    window = await MaintenanceWindow.get_or_none(id=request.path_params["id"], ended_at=None)
    if window is None:
        raise NotFound()
    return window


async def shown(
    request: Request, form: Form[WindowForm], window: MaintenanceWindow | None = None, status: int = 200
) -> Response:
    """The page with a form: of a new window, or of one that is changed."""
    now = clock.now()
    found = await MaintenanceWindow.filter(ended_at=None).order_by("starts_at")
    lines = [line_of(one, now) for one in found]
    live = [line for line in lines if line.is_on or line.starts_at is not None]
    view = MaintenancePage(
        sorted(live, key=lambda line: not line.is_on), form, fields_of(), request.state.person.may("node.control"),
        _("Change the window") if window else _("New window"),
        f"/maintenance/{window.id}" if window else "/maintenance",
    )  # fmt: skip
    return page(request, "maintenance/show.html", view, status=status)


def repetitions() -> dict[str, str]:
    """How often a window comes, in words."""
    return {
        "": _("never"),
        "daily": _("every day at this time"),
        "weekly": _("every week at this time"),
        "monthly": _("every month on this day"),
    }


def fields_of() -> list[Field]:
    scopes = [
        Option("node", _("one node")),
        Option("branch", _("a branch")),
        Option("all", _("all nodes")),
    ]
    repeats = [Option(value, text) for value, text in repetitions().items()]
    hint = _("Write day and time as 2026-11-28 14:05.")
    by_wall = _("By the clock of %(zone)s, also when summer time begins or ends.", zone=reader_zone().key)
    return [
        Field("scope", _("Applies to"), "select", options=scopes),
        Field("name", _("Node or branch"), max_length=64),
        Field("starts_at", _("Starts"), hint=hint),
        Field("ends_at", _("Ends")),
        Field("repeats", _("Repeats"), "select", options=repeats, hint=by_wall),
        Field("reason", _("Reason"), width="l", max_length=300),
    ]


def line_of(found: MaintenanceWindow, now: datetime) -> WindowLine:
    window = window_of(found)
    until = window.on_until(now)
    starts = None if until else window.next_start(now)
    length = found.ends_at - found.starts_at
    return WindowLine(
        found.id,
        found.node or (_("Branch %(name)s", name=found.branch) if found.branch else _("all nodes")),
        until is not None,
        until - length if until else starts,
        until or (starts + length if starts else None),
        repetitions()[window.repeats] if window.repeats else "",
        found.reason,
        found.made_by,
    )


def plan_of_form(value: WindowForm) -> Plan:
    """What was typed; it repeats by the clock of whoever typed it."""
    return Plan(
        branch=value.name if value.scope == "branch" else "", node=value.name if value.scope == "node" else "",
        starts_at=value.starts_at, ends_at=value.ends_at, repeats=value.repeats, zone=reader_zone().key,
        reason=value.reason,
    )  # fmt: skip


async def make(request: Request) -> Response:
    """A new window; agents hear of it with their next report."""
    return await _save(request, None)


async def change(request: Request) -> Response:
    """Other times, nodes or reason for a window."""
    return await _save(request, await window_asked(request))


async def _save(request: Request, window: MaintenanceWindow | None) -> Response:
    form = checked(request.app.state.fleet, await read_form(request, WindowForm))
    if form.errors:
        return await shown(request, form, window, status=422)
    actor, plan = request.state.person.name, plan_of_form(form.value)
    try:
        if window is None:
            await make_window(actor, plan)
        else:
            await change_window(actor, window, plan)
    except Invalid as refused:
        return await shown(request, with_errors(form, refused), window, status=422)
    await apply_windows(request.app.state.fleet, clock.now())
    return redirect("/maintenance", toast=_("Maintenance window saved"))


def checked(fleet: Fleet, form: Form[WindowForm]) -> Form[WindowForm]:
    """The form with all that is wrong at once: also its place and its times where those could be read."""
    place, times = parse(form.typed, PlaceForm), parse(form.typed, TimesForm)
    if not place.errors and (fault := fault_of_place(fleet, place.value)):
        form = with_error(form, "name", fault)
    if not times.errors:
        typed_times = times.value
        fault = fault_of_times(typed_times.starts_at, typed_times.ends_at, typed_times.repeats, clock.now())
        form = with_error(form, "ends_at", _(fault)) if fault else form
    return form


def fault_of_place(fleet: Fleet, place: PlaceForm) -> str:
    """Why no window can be made there; nothing when it can."""
    if place.scope != "all" and not place.name:
        return _("Enter the node or the branch, or choose all nodes.")
    if place.scope == "node" and fleet.get(place.name) is None:
        return _("No node has this name.")
    if place.scope == "branch" and not fleet.of_branch(place.name):
        return _("No branch with nodes has this name.")
    return ""


async def end(request: Request) -> Response:
    """End a window now, or call it off."""
    window = await MaintenanceWindow.get_or_none(id=request.path_params["id"])
    if window is None:
        raise NotFound()
    await end_window(request.state.person.name, window)
    await apply_windows(request.app.state.fleet, clock.now())
    return redirect("/maintenance", toast=_("Maintenance window ended"))
