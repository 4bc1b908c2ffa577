"""Pages of imports: the list, sending files in, one import with its progress and account, undo, the reference."""

import contextlib
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from branch_node.imports import actions, queries, views
from branch_node.imports.forms import UploadForm
from branch_node.imports.jobs import do_import_work
from branch_node.imports.mapping import json_schema
from branch_node.imports.models import ImportJob
from branch_node.imports.pages import AskPage, ListPage, NewPage
from branch_node.imports.uploads import LARGEST_UPLOAD_BYTES, Upload
from branch_node.lists import neighbours, paging
from branch_node.requests import path_id
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.jobs import enqueue
from shared.permissions import Person
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Action, Confirm, Field
from shared.web.responses import page, part, redirect

AFTER_COMMIT_SECONDS = 1
"""A post that is done once commits after its handler: the job must find its row."""


async def show_list(request: Request) -> Response:
    """What runs now, then everything that ran."""
    pages = paging(request.query_params, queries.SORTS, "-created")
    cut = await queries.job_page(pages)
    running = [views.job_part(job) for job in await queries.running_jobs()]
    buttons = [
        Action(_("Mapping files"), "/imports/mapping", "help"),
        Action(_("New import"), "/imports/new", "plus", is_primary=True, key="n"),
    ]
    table = views.list_table(cut.rows, *neighbours(cut))
    return page(request, "imports/list.html", ListPage(running, table, buttons))


# --- sending files in ---------------------------------------------------------------------------------------------


async def new_import(request: Request) -> Response:
    return page(request, "imports/new.html", new_page(empty_form()))


def new_page(form: Form[Any]) -> NewPage:
    fields = [
        Field(
            "files", _("Files"), "file", _("CSV or XLSX files, or one ZIP of them with the mapping file inside."),
            width="full", accept=".csv,.tsv,.txt,.xlsx,.zip",
        ),
        Field("mapping", _("Mapping file"), "file", is_optional=True, width="full", accept=".toml"),
    ]  # fmt: skip
    labels = {field.name: field.label for field in fields}
    return NewPage(form, fields, labels, LARGEST_UPLOAD_BYTES // 1_000_000)


async def send_files(request: Request) -> Response:
    """Keep the files and look at them in a dry run; nothing is imported yet."""
    person: Person = request.state.person
    form = await read_form(request, UploadForm)
    uploads = [] if form.errors else _uploads(form.value.files)
    mapping = None if form.errors else _upload(form.value.mapping)
    try:
        job = await actions.send_files(person, request.app.state.settings.data_dir, uploads, mapping)
    except Invalid as refused:
        shown = with_errors(empty_form(), refused)
        return page(request, "imports/new.html", new_page(shown), status=422)
    await _start(job)
    return redirect(f"/imports/{job.id}")


def _uploads(values: list[Any]) -> list[Upload]:
    return [found for value in values if (found := _upload(value)) is not None]


def _upload(value: Any) -> Upload | None:
    """A chosen file; None for an empty box."""
    if not isinstance(value, UploadFile) or not value.filename:
        return None
    return Upload(value.filename, value.file)


async def _start(job: ImportJob) -> None:
    """Have the job done soon; without a queue the sweeper of the site that has one finds it."""
    with contextlib.suppress(LookupError):
        await enqueue(do_import_work, _unique=str(job.id), _after=AFTER_COMMIT_SECONDS, job_id=job.id)


# --- one import ---------------------------------------------------------------------------------------------------


async def show_import(request: Request) -> Response:
    job = await queries.job_for(path_id(request))
    return page(request, "imports/show.html", await views.show_page(job))


async def show_live(request: Request) -> Response:
    """The changing part of the page, for htmx."""
    job = await queries.job_for(path_id(request))
    return part(request, "imports/live.html", await views.show_page(job))


async def download_result(request: Request) -> Response:
    """The result file: failed rows with their reasons. NotFound when there is none (any more)."""
    job = await queries.job_for(path_id(request))
    path = actions.result_path(job)
    if not job.folder or not path.is_file():
        raise NotFound()
    return FileResponse(
        path, media_type="text/csv; charset=utf-8", filename=f"import-{job.created_at:%Y-%m-%d}.csv"
    )


async def import_now(request: Request) -> Response:
    job = await actions.import_now(request.state.person, path_id(request))
    await _start(job)
    return redirect(f"/imports/{job.id}")


async def stop(request: Request) -> Response:
    job = await actions.stop(request.state.person, path_id(request))
    return redirect(f"/imports/{job.id}")


async def ask_undo(request: Request) -> Response:
    """The question, with what would go."""
    job = await queries.job_for(path_id(request))
    total = job.account.get("total", {}) if job.account else {}
    created, updated = int(total.get("created", 0)), int(total.get("updated", 0))
    going = ngettext("%(n)s created row is taken back.", "%(n)s created rows are taken back.", created)
    restored = ngettext(
        "%(n)s changed row gets its former values.", "%(n)s changed rows get their former values.", updated
    )
    lines = [
        *([going] if created or not updated else []),
        *([restored] if updated else []),
        _("Rows that somebody has changed or used since stay as they are."),
    ]
    confirm = Confirm(
        title=_("Undo the import %(title)s?", title=job.title),
        action=f"/imports/{job.id}/undo",
        verb=_("Undo import"),
        cancel_url=f"/imports/{job.id}",
        consequences=lines,
    )
    return page(request, "imports/ask.html", AskPage(confirm))


async def undo(request: Request) -> Response:
    job = await actions.take_back(request.state.person, path_id(request))
    await _start(job)
    return redirect(f"/imports/{job.id}")


# --- reference ----------------------------------------------------------------------------------------------------


async def show_mapping_help(request: Request) -> Response:
    """Every record and field that a mapping may fill, from the same list that checks mappings."""
    return page(request, "imports/mapping.html", views.help_page())


async def download_schema(request: Request) -> Response:
    return Response(
        json_schema(),
        media_type="application/schema+json",
        headers={"content-disposition": 'attachment; filename="mapping.schema.json"'},
    )
