"""{view}/pdf: the view of the address as PDF, with the same right and the same branches."""

from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from hq.audit.actions import note
from hq.papers.paper import pdf_of
from shared.i18n import LOCALES

ENDING = "/pdf"
LANGUAGE = "lang"


def address_of(request: Request) -> str:
    """The view that a PDF is asked of, with everything the address says but the language of the paper."""
    path = request.url.path.removesuffix(ENDING) or "/"
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name != LANGUAGE]
    return f"{path}?{urlencode(pairs)}" if pairs else path


async def show_pdf(request: Request) -> Response:
    """The PDF, in the reader's language or in ?lang=; who took it is noted."""
    address, person = address_of(request), request.state.person
    asked = request.query_params.get(LANGUAGE, "")
    content = await pdf_of(request.app, address, person, asked if asked in LOCALES else request.state.locale)
    await note("view.printed", "view", None, {"address": address[:300]})
    name = address.partition("?")[0].strip("/").replace("/", "-") or "overview"
    disposition = f"inline; filename*=UTF-8''{quote(name)}.pdf"
    return Response(
        content,
        media_type="application/pdf",
        headers={"content-disposition": disposition, "cache-control": "no-store"},
    )
