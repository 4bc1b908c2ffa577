"""What a pack holds: its views as one PDF, its figures as XLSX, and the words of the mail."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.applications import Starlette

from hq.asking import question_of, words
from hq.figures import export
from hq.figures.queries import figure_named
from hq.papers.paper import Sheet, pdf_from, sheet_of
from hq.papers.views import asking
from hq.reports.models import Pack
from hq.reports.rules import VIEWS, Content, query_of
from shared.errors import NotAllowed, NotFound
from shared.i18n import N_, use_locale
from shared.i18n import gettext as _
from shared.outbox import File
from shared.periods import Period
from shared.permissions import Person
from shared.web.export import XLSX_TYPE
from shared.web.reader import reading

ROWS_MOST = 10_000


@dataclass(frozen=True)
class Made:
    """A pack, ready to be sent."""

    subject: str
    body: str
    files: Sequence[File]


async def made_for(site: Starlette, pack: Pack, person: Person, period: Period) -> Made:
    """The pack for one person. A view that the person may not see is left out, and the mail says so; NotAllowed when none
    is left."""
    sheets: list[Sheet] = []
    files: list[File] = []
    left_out: list[str] = []
    for content in (VIEWS[code] for code in pack.views if code in VIEWS):
        query = query_of(content, period, pack.branches)
        try:
            sheets.append(await sheet_of(site, f"{content.path}?{query}".rstrip("?"), person, pack.locale))
            if pack.with_xlsx and content.figure:
                files.append(await workbook(site, content, query, person, pack.locale))
        except (NotAllowed, NotFound):
            left_out.append(content.title)
    if not sheets:
        raise NotAllowed(N_("The recipient may see none of the views of this pack."))
    with use_locale(pack.locale):
        shown, name = words(period), pack.name
    if pack.with_pdf:
        pdf = await pdf_from(site, sheets, person, pack.locale)
        files.insert(0, File(f"{name} {shown}.pdf", "application/pdf", pdf))
    return Made(f"{name}: {shown}", body_of(site, pack, sheets, left_out), files)


async def workbook(site: Starlette, content: Content, query: str, person: Person, locale: str) -> File:
    """The figure behind a view as XLSX, within the person's branches."""
    named = figure_named(content.figure)
    request = asking(site, f"/api/v1/figures/{content.figure}", query, {}, person, locale)
    with use_locale(locale), reading(request):
        figure = await named.answer(question_of(request, named.permission, limit=ROWS_MOST))
        data = await export.as_bytes(figure, "xlsx", person.name)
        return File(f"{export.file_name(figure)}.xlsx", XLSX_TYPE, data)


def body_of(site: Starlette, pack: Pack, sheets: Sequence[Sheet], left_out: Sequence[str]) -> str:
    """The mail: what is in it, how complete it is, what was left out, who sends it."""
    with use_locale(pack.locale):
        lines = [f"- {sheet.title}: {sheet.scope}. {sheet.completeness}" for sheet in sheets]
        if left_out:
            titles = _(", ").join(_(title) for title in left_out)
            lines += ["", _("Left out, since you have no right to it: %(views)s", views=titles)]
        url = site.state.settings.public_url.rstrip("/")
        lines += ["", _('%(name)s sends you this pack: "%(pack)s".', name=pack.owner_name, pack=pack.name)]
        return "\n".join(lines + ([f"{url}/reports"] if url else [])) + "\n"
