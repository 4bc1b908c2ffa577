"""/exports: rows as XLSX, made by a job; progress, download, one's own files only."""

from pathlib import Path
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from hq.asking import branches_of
from hq.exports import actions
from hq.exports.forms import ExportForm
from hq.exports.models import Export
from hq.exports.pages import ExportsPage, FilePart, FileRow
from hq.exports.rules import KEPT, LEDGERS
from hq.figures.freshness import directory
from hq.figures.shape import Question
from shared import clock
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.permissions import Person
from shared.web.export import XLSX_TYPE, disposition
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Field, Job, Option
from shared.web.responses import is_htmx, page, part, redirect

SHOWN = 30


async def show(request: Request) -> Response:
    """The form and the files."""
    kind = request.query_params.get("kind", "")
    return await shown(request, empty_form(kind=kind if kind in LEDGERS else "orders"))


async def shown(request: Request, form: Form[Any], status: int = 200) -> Response:
    """The page with what was typed."""
    person = request.state.person
    rows = await Export.filter(person_id=person.id).order_by("-created_at", "-id").limit(SHOWN)
    fields = await fields_of(request, person)
    labels = {field.name: field.label for field in fields}
    view = ExportsPage([file_row(row, person) for row in rows], form, fields, labels)
    return page(request, "exports/list.html", view, status=status)


async def fields_of(request: Request, person: Person) -> list[Field]:
    """The rows this person may have, days, branches."""
    known = await directory(
        Question(branches=branches_of(person, "figures.view"), locale=request.state.locale)
    )
    kinds = [Option(code, _(one.title)) for code, one in LEDGERS.items() if person.may(one.permission)]
    return [
        Field("kind", _("Which rows"), "radio", options=kinds),
        Field("first", _("From day"), "date", is_optional=True),
        Field("last", _("To day"), "date", is_optional=True),
        Field(
            "branches",
            _("Branches"),
            "checks",
            is_optional=True,
            hint=_("None ticked: all branches."),
            options=[Option(one.code, one.name) for one in known.branches],
        ),
    ]


STATES = {"gone": "expired"}


def file_row(row: Export, person: Person) -> FileRow:
    """A file in words."""
    url, is_done = f"/exports/{row.id}", row.status == "done"
    spent = (clock.now() - row.created_at).total_seconds()
    speed = int(row.done / spent) if row.status == "running" and spent >= 1 else None
    rest = int((row.total - row.done) / speed) if speed else None
    made = Job(
        _(LEDGERS[row.kind].title),
        STATES.get(row.status, row.status),
        row.done,
        row.total or None,
        row.created_at,
        person.name,
        rate_per_second=speed,
        rest_seconds=rest,
        result_url=f"{url}/file" if is_done else "",
        poll_url=url,
        key=f"file-{row.id}",
    )
    days = actions.days_of(row)
    places = ", ".join(row.wanted or [])
    note = " · ".join(one for one in (days, places) if one)
    return FileRow(made, note, row.size_bytes, row.created_at + KEPT if is_done else None, row.trouble)


async def create(request: Request) -> Response:
    """Ask for a file."""
    form = await read_form(request, ExportForm)
    if form.errors:
        return await shown(request, form, 422)
    value = form.value
    try:
        await actions.ask(
            request.state.person, value.kind, value.first, value.last, value.branches, request.state.locale
        )
    except Invalid as refused:
        return await shown(request, with_errors(form, refused), 422)
    return redirect("/exports", toast=_("The file is being made."))


def id_of(request: Request) -> UUID:
    """The file in the address; NotFound when it is none."""
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise NotFound() from None


async def show_one(request: Request) -> Response:
    """How far one file is, as a part of the page of all files; the page itself where the address was opened alone."""
    person = request.state.person
    row = await actions.own_export(person, id_of(request))
    if not is_htmx(request):
        return redirect("/exports")
    return part(request, "exports/file.html", FilePart(file_row(row, person)))


async def download(request: Request) -> Response:
    """The file."""
    folder: Path = request.app.state.settings.data_dir
    row, place = await actions.fetched(request.state.person, id_of(request), folder)
    name = f"{row.kind}-{row.created_at.date().isoformat()}"
    headers = {"cache-control": "no-store", "content-disposition": disposition(name, "xlsx")}
    return FileResponse(place, media_type=XLSX_TYPE, headers=headers)
