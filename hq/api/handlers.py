"""GET /api/v1/figures and /api/v1/figures/{name}."""

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import API_ROWS, question_of
from hq.figures import export
from hq.figures.contract import as_contract
from hq.figures.queries import FIGURES, figure_named
from shared.errors import Invalid
from shared.i18n import N_, gettext
from shared.web.export import export as file_answer
from shared.web.responses import json_answer


async def names(_request: Request) -> Response:
    """The figures there are, with their titles."""
    return json_answer([{"name": name, "title": gettext(figure.title)} for name, figure in FIGURES.items()])


async def show(request: Request) -> Response:
    """One figure, within the branches on which the reader has its own right."""
    named = figure_named(request.path_params["name"])
    kind = request.query_params.get("format", "json")
    if kind not in export.FORMATS:
        raise Invalid(
            N_('There is no format "%(text)s"; choose json, csv or xlsx.'), code="format.unknown", text=kind
        )
    defaults = {} if "limit" in request.query_params else {"limit": API_ROWS if kind == "json" else 10_000}
    figure = await named.answer(question_of(request, named.permission, **defaults))
    if kind == "json":
        return json_answer(as_contract(figure), headers={"cache-control": "no-store"})
    return await file_answer(
        request,
        kind=kind,
        name=export.file_name(figure),
        heading=export.heading(figure, request.state.person.name),
        columns=export.columns(figure),
        rows=export.rows(figure),
    )
