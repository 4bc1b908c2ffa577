"""The paper of an order or quote: as a page to print, and as PDF."""

import asyncio
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from branch_node.audit import note
from branch_node.printing.paper import Paper, paper_of
from branch_node.requests import path_id
from shared.i18n import LOCALES, use_locale
from shared.permissions import Person
from shared.web.pdf import write_pdf
from shared.web.responses import page, render

CSS = Path(__file__).resolve().parent.parent / "static" / "paper.css"


def language(request: Request) -> str:
    """?lang=, else the reader's."""
    asked = request.query_params.get("lang", "")
    return asked if asked in LOCALES else str(request.state.locale)


async def printed(request: Request, entity: str) -> Response:
    lang = language(request)
    with use_locale(lang):
        return page(
            request,
            "printing/paper.html",
            await paper_of(request.state.person, entity, path_id(request), lang),
        )


async def as_pdf(request: Request, entity: str) -> Response:
    """The PDF; who took it is noted."""
    person: Person = request.state.person
    lang = language(request)
    with use_locale(lang):
        paper: Paper = await paper_of(person, entity, path_id(request), lang)
        html = render(request, "printing/paper.html", replace(paper, css=CSS.read_text()))
    content = await asyncio.to_thread(write_pdf, html)
    await note(person, f"{entity}.printed", entity, paper.row.id, number=paper.number, language=lang)
    name = quote(f"{paper.number}.pdf")
    return Response(
        content,
        media_type="application/pdf",
        headers={"content-disposition": f"inline; filename*=UTF-8''{name}", "cache-control": "no-store"},
    )


async def print_order(request: Request) -> Response:
    return await printed(request, "order")


async def print_quotation(request: Request) -> Response:
    return await printed(request, "quotation")


async def order_pdf(request: Request) -> Response:
    return await as_pdf(request, "order")


async def quotation_pdf(request: Request) -> Response:
    return await as_pdf(request, "quotation")
