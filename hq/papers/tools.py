"""What may be done with the view on the screen: take it along as PDF, share it."""

from collections.abc import Sequence
from urllib.parse import urlencode

from starlette.requests import Request

from hq.papers.views import VIEWS
from shared.i18n import gettext as _
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
    if request.state.account is not None:
        found.append(Action(_("Share a link"), f"/shares/new?{urlencode({'address': with_query()})}", "link"))
    return found
