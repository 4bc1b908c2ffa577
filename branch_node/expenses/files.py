"""Pictures and PDFs of the receipts behind an expense: added and taken away while it is a draft, seen with it."""

from urllib.parse import quote

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from branch_node.attachments import actions as files
from branch_node.attachments.rules import LARGEST_BYTES
from branch_node.expenses.handlers import show_page
from branch_node.expenses.queries import expense_for
from branch_node.expenses.rules import EXPENSE
from branch_node.home import today
from branch_node.requests import path_id
from shared.errors import Invalid
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.web.forms import empty_form, with_errors
from shared.web.responses import page, redirect
from shared.web.routing import Route


async def add_file(request: Request) -> Response:
    """Keep the chosen file with a draft or a refused expense."""
    person = request.state.person
    row = await expense_for(person, path_id(request), "expense.edit")
    EXPENSE.target("edit", row.status, row.number)
    chosen = (await request.form()).get("file")
    try:
        if not isinstance(chosen, UploadFile) or not chosen.filename:
            raise Invalid(fields={"file": N_("Choose a file first.")})
        found = await files.attach(
            person, "expense", row.id, chosen.filename, await chosen.read(LARGEST_BYTES + 1)
        )
    except Invalid as refused:
        form = with_errors(empty_form(paid_on=today()), refused)
        return page(request, "expenses/show.html", await show_page(request, row, form), status=422)
    return redirect(f"/expenses/{row.id}", toast=_("%(name)s is kept with the expense.", name=found.name))


async def show_file(request: Request) -> Response:
    """The file itself; never run by the browser, whatever it holds."""
    row = await expense_for(request.state.person, path_id(request))
    found = await files.file_of("expense", row.id, path_id(request, "file"))
    return Response(
        bytes(found.content),
        media_type=found.media_type,
        headers={
            "content-disposition": f"inline; filename*=UTF-8''{quote(found.name)}",
            "content-security-policy": "default-src 'none'; sandbox",
            "x-content-type-options": "nosniff",
            "cache-control": "private, no-store",
        },
    )


async def remove_file(request: Request) -> Response:
    person = request.state.person
    row = await expense_for(person, path_id(request), "expense.edit")
    EXPENSE.target("edit", row.status, row.number)
    await files.detach(person, "expense", row.id, path_id(request, "file"))
    return redirect(f"/expenses/{row.id}", toast=_("File taken away."))


ROUTES = [
    Route("POST", "/expenses/{id}/files", add_file, "expense.edit", body_limit_bytes=LARGEST_BYTES + 100_000),
    Route("GET", "/expenses/{id}/files/{file}", show_file, "expense.view"),
    Route("POST", "/expenses/{id}/files/{file}/remove", remove_file, "expense.edit"),
]
