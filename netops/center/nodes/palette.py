"""What the palette of the center finds beside its menu: nodes, by a part of the name, role or branch."""

from collections.abc import Sequence

from starlette.requests import Request

from shared.i18n import gettext as _
from shared.web.site import PaletteHit


async def palette(request: Request, query: str) -> Sequence[PaletteHit]:
    """Nodes, those whose name begins with the query first. Nothing for an empty one, and for who may not see them."""
    wanted = query.casefold()
    if not wanted or not request.state.person.may("node.view"):
        return []
    found = [
        node
        for node in request.app.state.fleet
        if any(wanted in text.casefold() for text in (node.name, node.branch, node.role))
    ]
    found.sort(key=lambda node: (not node.name.casefold().startswith(wanted), node.name.casefold()))
    return [PaletteHit(_("Nodes"), node.name, f"/nodes/{node.name}", node.branch) for node in found]
