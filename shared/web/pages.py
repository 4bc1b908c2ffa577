"""Pages that every site has: menu without scripts, key list, language and theme, amounts as understood."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared.errors import Invalid, NotFound
from shared.i18n import LOCALES, gettext
from shared.money import parse_amount
from shared.web.access import THEMES, local_path
from shared.web.filters import money
from shared.web.models import Account
from shared.web.palette import ROUTES as PALETTE_ROUTES
from shared.web.patterns.page import ROUTES as PATTERN_ROUTES
from shared.web.reader import base_currency
from shared.web.responses import page, redirect
from shared.web.routing import PUBLIC, SIGNED_IN, Route
from shared.web.session import set_cookie
from shared.web.site import Site

YEAR_SECONDS = 365 * 86_400


@dataclass(frozen=True)
class MenuPage:
    """The menu as a page of its own; its entries are the frame's."""


@dataclass(frozen=True)
class KeysPage:
    """Keys and what they do."""

    rows: Sequence[tuple[str, str]]


async def show_menu(request: Request) -> Response:
    return page(request, "menu.html", MenuPage())


async def read_amount(request: Request) -> Response:
    """What an amount being typed means: the server's own reading, shown below the box; empty when it is plain."""
    typed = next(iter(request.query_params.values()), "")[:40]
    try:
        amount = parse_amount(typed, base_currency())
    except Invalid:
        return PlainTextResponse("")
    shown = money(amount)
    return PlainTextResponse("" if typed.strip() in shown else f"= {shown} ")


async def show_keys(request: Request) -> Response:
    site: Site = request.app.state.site
    rows = [
        ("/", gettext("Search and go to")),
        ("Ctrl+K", gettext("Search and go to")),
        ("?", gettext("This list")),
        *((f"g {item.key}", gettext(item.label)) for item in site.menu_for(request.state.person) if item.key),
        ("j / k", gettext("Next and previous row")),
        ("Enter", gettext("Open the row")),
        ("f", gettext("To the filters")),
        ("n", gettext("New")),
        ("Ctrl+Enter", gettext("Save")),
        ("Esc", gettext("Close")),
    ]
    return page(request, "keys.html", KeysPage(rows))


async def choose_language(request: Request) -> Response:
    """Switch the language: for a signed-in person for good, else in this browser."""
    form = await request.form()
    chosen, back = str(form.get("to", "")), local_path(str(form.get("back", "/")))
    if chosen not in LOCALES:
        raise NotFound()
    response = redirect(back)
    if request.state.account is not None:
        await Account.filter(id=request.state.account.id).update(locale=chosen)
    set_cookie(request, response, "locale", chosen, YEAR_SECONDS)
    return response


async def choose_theme(request: Request) -> Response:
    """Light, dark, or as the device says."""
    form = await request.form()
    chosen, back = str(form.get("to", "")), local_path(str(form.get("back", "/")))
    if chosen not in THEMES:
        raise NotFound()
    response = redirect(back)
    if request.state.account is not None:
        await Account.filter(id=request.state.account.id).update(theme=chosen)
    set_cookie(request, response, "theme", chosen, YEAR_SECONDS)
    return response


ROUTES = [
    Route("GET", "/menu", show_menu, SIGNED_IN),
    *PALETTE_ROUTES,
    Route("GET", "/amount", read_amount, SIGNED_IN),
    Route("GET", "/keys", show_keys, SIGNED_IN),
    Route("POST", "/language", choose_language, PUBLIC),
    Route("POST", "/theme", choose_theme, PUBLIC),
    *PATTERN_ROUTES,
]
