"""What may be done with the view on the screen: take it along as PDF."""

from collections.abc import Sequence

from starlette.requests import Request

from hq.papers.views import VIEWS
from shared.web.parts import Action
from shared.web.pdf import has_pdf
from shared.web.templating import with_query


def tools(request: Request) -> Sequence[Action]:
    """The tools of a view; none on other pages."""
    if request.state.route not in VIEWS or request.state.person is None:
        return ()
    found = []
    if has_pdf():
        found.append(Action("PDF", with_query(request.url.path.rstrip("/") + "/pdf"), "file-text"))
    return found
