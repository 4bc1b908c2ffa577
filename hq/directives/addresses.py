"""What the addresses of directives mean: the reader's branches, the directive asked for."""

from uuid import UUID

from starlette.requests import Request

from hq.asking import branches_of, house_of
from hq.figures.freshness import Directory, directory
from hq.figures.shape import Question
from shared.errors import NotFound


def scope(request: Request, action: str = "directive.view") -> frozenset[str] | None:
    """The branches on which the reader may do this."""
    return branches_of(request.state.person, action)


async def known_branches(request: Request, codes: frozenset[str] | None) -> Directory:
    """The branches in scope with their names and freshness."""
    house = house_of(request.app.state.settings)
    return await directory(Question(branches=codes, locale=request.state.locale, house=house))


def id_in(request: Request, name: str = "id") -> UUID:
    """The id in the address; NotFound when it is none."""
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise NotFound() from None
