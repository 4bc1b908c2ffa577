"""/maintenance."""

from __future__ import annotations

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from netops.center.maintenance.actions import apply_windows, end_window, make_window, window_of
from netops.center.maintenance.forms import WindowForm
from netops.center.maintenance.pages import MaintenancePage, WindowLine
from netops.center.models import MaintenanceWindow
from shared import clock
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.web.forms import Form, empty_form, read_form, with_error, with_errors
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
    return page(request, "maintenance/show.html", await page_of(request, form))


async def page_of(request: Request, form: Form[WindowForm]) -> MaintenancePage:
    now = clock.now()
    found = await MaintenanceWindow.filter(ended_at=None).order_by("starts_at")
    lines = [line_of(window, now) for window in found]
    live = [line for line in lines if line.is_on or line.starts_at is not None]
    scopes = [
        Option("node", _("one node")),
        Option("branch", _("a branch")),
        Option("all", _("all nodes")),
    ]
    repeats = [
        Option("", _("never")),
        Option("daily", _("every day at this time")),
        Option("weekly", _("every week at this time")),
    ]
    hint = _("Write day and time as 2026-11-28 14:05.")
    fields = [
        Field("scope", _("Applies to"), "select", options=scopes),
        Field("name", _("Node or branch"), max_length=64),
        Field("starts_at", _("Starts"), hint=hint),
        Field("ends_at", _("Ends")),
        Field("repeats", _("Repeats"), "select", options=repeats),
        Field("reason", _("Reason"), width="l", max_length=300),
    ]
    return MaintenancePage(
        sorted(live, key=lambda line: not line.is_on), form, fields, request.state.person.may("node.control")
    )


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
        window.repeats,
        found.reason,
        found.made_by,
    )


async def make(request: Request) -> Response:
    """A new window; agents hear of it with their next report."""
    form = await read_form(request, WindowForm)
    if not form.errors:
        form = checked(request, form)
    if form.errors:
        return page(request, "maintenance/show.html", await page_of(request, form), status=422)
    value = form.value
    try:
        await make_window(
            request.state.person.name,
            branch=value.name if value.scope == "branch" else "",
            node=value.name if value.scope == "node" else "",
            starts_at=value.starts_at,
            ends_at=value.ends_at,
            repeats=value.repeats,
            reason=value.reason,
        )
    except Invalid as refused:
        shown = with_errors(form, refused)
        return page(request, "maintenance/show.html", await page_of(request, shown), status=422)
    await apply_windows(request.app.state.fleet, clock.now())
    return redirect("/maintenance", toast=_("Maintenance window saved"))


def checked(request: Request, form: Form[WindowForm]) -> Form[WindowForm]:
    """The form, with a message when its node or branch does not exist."""
    fleet, value = request.app.state.fleet, form.value
    if value.scope == "node" and fleet.get(value.name) is None:
        return with_error(form, "name", _("No node has this name."))
    if value.scope == "branch" and not fleet.of_branch(value.name):
        return with_error(form, "name", _("No branch with nodes has this name."))
    return form


async def end(request: Request) -> Response:
    """End a window now, or call it off."""
    window = await MaintenanceWindow.get_or_none(id=request.path_params["id"])
    if window is None:
        raise NotFound()
    await end_window(request.state.person.name, window)
    await apply_windows(request.app.state.fleet, clock.now())
    return redirect("/maintenance", toast=_("Maintenance window ended"))
