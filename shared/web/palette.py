"""Search and go to: the page /find and the palette that asks it, over the menu and the sources of a site."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from shared.i18n import gettext
from shared.web.responses import is_htmx, page, part
from shared.web.routing import SIGNED_IN, Route
from shared.web.site import PaletteHit, Site

HIT_LIMIT = 20


@dataclass(frozen=True)
class HitGroup:
    """Hits under one heading."""

    number: int
    name: str
    hits: Sequence[PaletteHit]


@dataclass(frozen=True)
class FindPage:
    """What find.html receives."""

    query: str
    groups: Sequence[HitGroup] = field(default_factory=tuple)


async def find(request: Request) -> Response:
    """Search everything; the palette asks for the hits alone."""
    query = request.query_params.get("q", "").strip()[:100]
    site: Site = request.app.state.site
    found = menu_hits(request, query)
    for source in site.palette:
        found.extend(await source(request, query))
    names = list(dict.fromkeys(hit.group for hit in found[:HIT_LIMIT]))
    groups = [
        HitGroup(number, name, [hit for hit in found[:HIT_LIMIT] if hit.group == name])
        for number, name in enumerate(names)
    ]
    view = FindPage(query, groups)
    if is_htmx(request):
        return part(request, "palette.html", view)
    return page(request, "find.html", view)


def menu_hits(request: Request, query: str) -> list[PaletteHit]:
    """Entries of the menu whose label contains the query (or starts like its pinyin); all for an empty query."""
    site: Site = request.app.state.site
    wanted = query.casefold()
    entries = [(gettext(item.label), item.url) for item in site.menu_for(request.state.person)]
    entries.append((gettext("My account"), "/me"))
    return [
        PaletteHit(gettext("Go to"), label, url)
        for label, url in entries
        if wanted in label.casefold()
        or (wanted.isascii() and wanted and initials_of(label).startswith(wanted))
    ]


def initials_of(label: str) -> str:
    """Pinyin initials; the reading table is loaded when somebody first searches in Latin letters."""
    from shared.i18n import pinyin_initials

    return pinyin_initials(label)


ROUTES = [Route("GET", "/find", find, SIGNED_IN)]
