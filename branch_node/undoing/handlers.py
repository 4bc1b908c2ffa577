"""The button of a message that says what was just done."""

from starlette.requests import Request
from starlette.responses import Response

from branch_node.requests import path_id
from branch_node.undoing.actions import undo
from shared.digits import whole_number
from shared.errors import NotFound
from shared.i18n import gettext as _
from shared.web.error_pages import back_of
from shared.web.responses import redirect


async def take_back(request: Request) -> Response:
    """Undo, and back to the page where the button stood."""
    revision = whole_number(request.path_params["revision"], 10**9)
    if revision is None:
        raise NotFound()
    await undo(request.state.person, request.path_params["table"], path_id(request), revision)
    return redirect(back_of(request), toast=_("Undone."))
