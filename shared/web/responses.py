"""Answers of handlers: a page, a part of one, a redirect, JSON."""

import time
from dataclasses import is_dataclass
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from shared.database import queries_made
from shared.web import csrf
from shared.web.access import local_path
from shared.web.reader import current_request
from shared.web.session import cookie_name, drop_cookie, set_cookie

TOAST_COOKIE = "toast"
UNDO_COOKIE = "toast_undo"
TOAST_SECONDS = 60


def page(request: Request, template: str, view: Any, *, status: int = 200) -> Response:
    """The whole page `template`; it receives the dataclass as `page`. A failed form is given with status 422."""
    response = HTMLResponse(render(request, template, view), status_code=status)
    response.headers["cache-control"] = "no-store"
    csrf.keep_visit(request, response)
    for name in (TOAST_COOKIE, UNDO_COOKIE):
        if cookie_name(request, name) in request.cookies:
            drop_cookie(request, response, name)
    return response


def part(request: Request, template: str, view: Any, *, block: str = "", status: int = 200) -> Response:
    """A piece of a page for htmx: a whole small template, or one block of a page's template."""
    response = HTMLResponse(render(request, template, view, block=block), status_code=status)
    response.headers["cache-control"] = "no-store"
    csrf.keep_visit(request, response)
    return response


def render(request: Request, template: str, view: Any, *, block: str = "") -> str:
    """The text of a template. Raises UndefinedError when the dataclass lacks what the template uses."""
    if not is_dataclass(view):
        raise TypeError(f"{template} needs a dataclass, not {type(view).__name__}")
    state = request.app.state
    values = {
        "page": view,
        "site": state.site,
        "request": request,
        "person": request.state.person,
        "account": request.state.account,
        "locale": request.state.locale,
        "theme": request.state.theme,
        "menu": state.site.menu_for(request.state.person),
        "notices": getattr(request.state, "notices", ()),
        "unread": getattr(request.state, "unread", 0),
        "toast_text": unquote(request.cookies.get(cookie_name(request, TOAST_COOKIE), "")),
        "toast_undo": local_path(unquote(request.cookies.get(cookie_name(request, UNDO_COOKIE), ""))),
        "made": Made(request),
    }
    found = state.templates.get_template(template)
    if not block:
        return str(found.render(values))
    context = found.new_context(values)
    next(found.root_render_func(context), None)  # as far as the imports at the top of the template
    return "".join(context.blocks[block][0](context))


class Made:
    """What the footer tells about the page; read while the footer is written, at the end."""

    def __init__(self, request: Request) -> None:
        self.request = request

    @property
    def request_id(self) -> str:
        return str(self.request.state.request_id)

    @property
    def milliseconds(self) -> int:
        return int((time.perf_counter_ns() - self.request.state.started_ns) // 1_000_000)

    @property
    def queries(self) -> int:
        return queries_made()


def redirect(url: str, *, toast: str = "", undo: str = "") -> Response:
    """See other: after a post. `toast` is a translated sentence shown once on the next page; `undo` the path that its
    button posts to, to take back what was done."""
    response = RedirectResponse(url, status_code=303)
    if toast:
        set_cookie(current_request(), response, TOAST_COOKIE, quote(toast), TOAST_SECONDS)
        if undo:
            set_cookie(current_request(), response, UNDO_COOKIE, quote(undo), TOAST_SECONDS)
        else:
            drop_cookie(current_request(), response, UNDO_COOKIE)
    return response


def is_htmx(request: Request) -> bool:
    """Whether htmx asks for a part of a page."""
    return request.headers.get("hx-request") == "true" and request.headers.get("hx-request-type") != "full"


def json_answer(value: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON of dataclasses, msgspec structs and plain values; UUIDs and instants become text."""
    content = msgspec.json.encode(value)
    return Response(content, status_code=status, media_type="application/json", headers=headers)
