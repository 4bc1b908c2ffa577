"""/directives/new and drafts: title, text, files, who it is for; before it is issued."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hq.directives import actions
from hq.directives.addresses import id_in, known_branches, scope
from hq.directives.forms import DirectiveForm, UnitForm
from hq.directives.pages import PickPage, WritePage
from hq.directives.queries import (
    directive_for,
    files_of,
    unit_named,
    units_in,
    units_like,
)
from hq.directives.rules import Unit, with_unit
from hq.figures.freshness import Directory
from shared.errors import Invalid
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.records import Directive
from shared.vocabulary import DIRECTIVE_KINDS
from shared.web.forms import Form, empty_form, read_form, with_error, with_errors
from shared.web.parts import Field, Option
from shared.web.responses import page, part, redirect

TICKED_MOST = 40
UNIT_WORDS = {
    "company": N_("All branches"),
    "branch": N_("Branch"),
    "department": N_("Department"),
    "employee": N_("Employee"),
}


# --- writing ------------------------------------------------------------------------------------------------------


async def new(request: Request) -> Response:
    """The empty form."""
    return await write_page(request, empty_form(kind="decision"))


async def write_page(
    request: Request, form: Form[Any], directive: Directive | None = None, status: int = 200
) -> Response:
    """The form of a new directive or a draft."""
    codes = scope(request, "directive.issue")
    branches = await known_branches(request, codes)
    fields = [
        Field("title", _("Title"), width="full", max_length=200, is_focused=directive is None),
        Field(
            "kind",
            _("Kind"),
            "select",
            options=[Option(key, _(label)) for key, label in DIRECTIVE_KINDS.items()],
        ),
        Field("body", _("Text"), "area", is_optional=True, width="full", rows=8),
        Field("deadline_on", _("Acknowledge by"), "date", is_optional=True),
    ]
    pick = Field("unit", _("Add a branch, department or person"), "pick", pick_url="/directives/recipients")
    if directive is None:
        fields.append(Field("branches", _("Sent to"), "checks", options=branch_options(branches, codes)))
    fields.append(
        Field(
            "document",
            _("Attachment"),
            "file",
            _("At most 5 MB; more can be added to the draft."),
            is_optional=True,
        )
    )
    labels = {field.name: field.label for field in fields}
    view = WritePage(
        title=_("Write directive") if directive is None else _("Draft: %(title)s", title=directive.title),
        form=form,
        fields=fields,
        labels=labels,
        action_url="/directives/new" if directive is None else f"/directives/{directive.id}",
        is_draft=directive is not None,
        units=[(unit, unit_text(unit, branches)) for unit in units_in(directive)] if directive else (),
        files=await files_of(directive.id) if directive else (),
        url=f"/directives/{directive.id}" if directive else "",
        pick=pick if directive else None,
    )
    return page(request, "directives/write.html", view, status=status)


def branch_options(branches: Directory, codes: frozenset[str] | None) -> list[Option]:
    """The whole company and its branches to tick; with very many branches they are added one by one to the draft."""
    options = [Option("*", _("All branches"))] if codes is None else []
    if len(branches.branches) <= TICKED_MOST:
        options += [Option(branch.code, branch.name) for branch in branches.branches]
    return options


def unit_text(unit: Unit, branches: Directory) -> str:
    """A recipient in words: Shanghai; Sales (Shanghai); Lin Na (Shanghai)."""
    if unit.kind == "company":
        return _("All branches")
    branch = branches.get(unit.branch)
    place = branch.name if branch else unit.branch
    return place if unit.kind == "branch" else f"{unit.name} ({place})"


async def create(request: Request) -> Response:
    """Keep the draft; the next page asks whether to issue it."""
    codes = scope(request, "directive.issue")
    form = await read_form(request, DirectiveForm)
    if form.errors:
        return await write_page(request, form, status=422)
    value = form.value
    chosen: list[Unit] = []
    for code in value.branches:
        unit = await unit_named("company" if code == "*" else f"branch:{code}", codes)
        if unit is not None:
            chosen = with_unit(chosen, unit)
    directive = await actions.write_directive(
        title=value.title, kind=value.kind, body=value.body, deadline_on=value.deadline_on, units=chosen,
        author=request.state.person.name,
    )  # fmt: skip
    refused = await attached(form, directive)
    if refused is not None:
        return redirect(
            f"/directives/{directive.id}",
            toast=_("Draft saved without the document: it is empty or over 5 MB."),
        )
    after = f"/directives/{directive.id}/issue" if chosen else f"/directives/{directive.id}"
    return redirect(after, toast=_("Draft saved."))


async def attached(form: Form[DirectiveForm], directive: Directive) -> Invalid | None:
    """Attach the chosen file, if any; what was wrong with it."""
    upload = form.value.upload
    if upload is None:
        return None
    try:
        await actions.attach(
            directive,
            upload.filename or "document",
            upload.content_type or "application/octet-stream",
            await upload.read(),
        )
    except Invalid as wrong:
        return wrong
    return None


async def save(request: Request) -> Response:
    """Change the words of a draft, attach one more document."""
    directive = await directive_for(id_in(request), scope(request, "directive.issue"))
    form = await read_form(request, DirectiveForm)
    if form.errors:
        return await write_page(request, form, directive, 422)
    value = form.value
    await actions.change_directive(
        directive, title=value.title, kind=value.kind, body=value.body, deadline_on=value.deadline_on
    )
    refused = await attached(form, directive)
    if refused is not None:
        return await write_page(request, with_errors(form, refused), directive, 422)
    return redirect(f"/directives/{directive.id}", toast=_("Draft saved."))


async def add_unit(request: Request) -> Response:
    """One more recipient of a draft."""
    codes = scope(request, "directive.issue")
    directive = await directive_for(id_in(request), codes)
    form = await read_form(request, UnitForm)
    unit = None if form.errors else await unit_named(form.value.unit, codes)
    if unit is None:
        shown = with_error(form_of(directive), "unit", _("Choose one from the list."))
        return await write_page(request, shown, directive, 422)
    await actions.set_units(directive, with_unit(units_in(directive), unit))
    return redirect(f"/directives/{directive.id}")


async def remove_unit(request: Request) -> Response:
    """One recipient less."""
    directive = await directive_for(id_in(request), scope(request, "directive.issue"))
    form = await read_form(request, UnitForm)
    code = "" if form.errors else form.value.unit
    await actions.set_units(directive, [unit for unit in units_in(directive) if unit.code != code])
    return redirect(f"/directives/{directive.id}")


async def detach(request: Request) -> Response:
    """Take a document off a draft."""
    directive = await directive_for(id_in(request), scope(request, "directive.issue"))
    await actions.detach(directive, id_in(request, "file_id"))
    return redirect(f"/directives/{directive.id}")


async def recipients(request: Request) -> Response:
    """The typeahead of recipients."""
    text = request.query_params.get("q", "").strip()[:60]
    codes = scope(request, "directive.issue")
    branches = await known_branches(request, codes)
    found = await units_like(text, codes) if text else []
    hits = [Option(unit.code, unit_text(unit, branches), _(UNIT_WORDS[unit.kind])) for unit in found]
    return part(request, "directives/pick.html", PickPage(hits))


def form_of(directive: Directive) -> Form[Any]:
    """The form that shows a draft."""
    return empty_form(
        title=directive.title, kind=directive.kind, body=directive.body, deadline_on=directive.deadline_on
    )
