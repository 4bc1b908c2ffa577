"""All routes of headquarters: one list per feature."""

from hq.api import handlers as api
from hq.api.forms import FigureModel, FigureQuery
from hq.dashboard import handlers as dashboard
from hq.people import handlers as people
from hq.profit import handlers as profit
from hq.rates import handlers as rates
from hq.receivables import handlers as receivables
from hq.sales import handlers as sales
from shared.web.routing import ApiDoc, Route

DASHBOARD = [
    Route("GET", "/", dashboard.show, "figures.view"),
    Route("GET", "/live/overview", dashboard.stream, "figures.view"),
]
SALES = [Route("GET", "/sales", sales.show, "figures.view")]
PEOPLE = [
    Route("GET", "/people", people.show, "role.view"),
    Route("GET", "/people/new", people.new, "role.edit"),
    Route("POST", "/people/new", people.create, "role.edit"),
    Route("GET", "/people/{id}", people.edit, "role.edit"),
    Route("POST", "/people/{id}", people.save, "role.edit"),
    Route("POST", "/people/{id}/password", people.save_password, "role.edit"),
    Route("GET", "/people/{id}/lock", people.ask_lock, "role.edit"),
    Route("POST", "/people/{id}/lock", people.lock, "role.edit"),
    Route("POST", "/people/{id}/unlock", people.unlock, "role.edit"),
]
RECEIVABLES = [
    Route("GET", "/receivables", receivables.show, "receivable.view"),
    Route("GET", "/receivables/receipts", receivables.receipts, "receipt.view"),
    Route("GET", "/receivables/{id}", receivables.entries, "receivable.view"),
]
PROFIT = [Route("GET", "/profit", profit.show, "figures.view")]
RATES = [
    Route("GET", "/rates", rates.show, "figures.view"),
    Route("POST", "/rates", rates.save, "settings.edit"),
]
API = [
    Route(
        "GET", "/api/v1/figures", api.names, "figures.view", ApiDoc("The names and titles of the figures.")
    ),
    Route(
        "GET",
        "/api/v1/figures/{name}",
        api.show,
        "figures.view",
        ApiDoc(
            "One figure: per branch, with watermarks and completeness.",
            query=FigureQuery,
            response=FigureModel,
            errors=(404, 422),
            media_types=(
                "application/json",
                "text/csv",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
        ),
    ),
]


def all_routes() -> list[Route]:
    """Every route, in the order of the menu."""
    return [*DASHBOARD, *SALES, *RECEIVABLES, *PROFIT, *RATES, *PEOPLE, *API]
