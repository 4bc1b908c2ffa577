"""What handlers read from an address: ids, days, the search box of a typeahead."""

from datetime import date, timedelta
from uuid import UUID

from starlette.requests import Request

from branch_node.home import today
from shared.errors import NotFound
from shared.periods import day_in


def path_id(request: Request, name: str = "id") -> UUID:
    """The id in the path; NotFound when it is none."""
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise NotFound() from None


def query_id(request: Request, name: str) -> UUID | None:
    """The id in ?name=, None when it is missing or none."""
    return id_in(request.query_params.get(name, ""))


def id_in(text: str) -> UUID | None:
    """The id that stands in a box, None when it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None


def asked_day(request: Request, name: str = "day") -> date:
    """The day in ?name=, today when it is missing or none; at most 60 days ahead."""
    try:
        return min(day_in(request.query_params.get(name, "")), today() + timedelta(days=60))
    except ValueError:
        return today()


def typed_query(request: Request) -> str:
    """What was typed into a typeahead."""
    return request.query_params.get("q", "").strip()[:80]
