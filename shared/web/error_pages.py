"""Refusals and defects as answers: one page and one JSON shape for every status.

JSON: {"error": {"code", "message", "request_id", "fields"?, "retry_after"?}}; given to /api/ and to clients
that ask for JSON. Html says what happened and what to do next, and keeps the frame of the site.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared import i18n, log
from shared.database.room import is_disk_full
from shared.errors import Invalid, Refused
from shared.i18n import N_
from shared.money import Money
from shared.web import filters
from shared.web.access import NotSignedIn, identify, nobody
from shared.web.reader import reading
from shared.web.responses import json_answer, page

events = log.get_logger()

TITLES = {
    400: N_("This request cannot be read"),
    401: N_("Sign in"),
    403: N_("Not permitted"),
    404: N_("Nothing here"),
    405: N_("Not done this way"),
    409: N_("Not possible now"),
    413: N_("Too large"),
    422: N_("Some entries need correcting"),
    429: N_("Too often"),
    500: N_("Something failed here"),
    503: N_("Not reachable at the moment"),
    507: N_("The disk is full"),
}
CHANGED = N_("Changed meanwhile")
"""The title of a Conflict whose code ends in .changed: somebody else was faster."""
SENTENCES = {
    400: N_("The request is incomplete or garbled. Open the page anew and repeat the step."),
    404: N_("Nothing is kept at this address, or it lies outside what you may see."),
    405: N_("This address does not answer this kind of request. Go back and use the button on the page."),
    413: N_("What you sent is larger than this page accepts. Send it in smaller parts."),
    500: N_(
        "Something failed here and was recorded (%(number)s). Nothing you typed is lost; try later or give the "
        "number to the administrator."
    ),
    503: N_("Something this page needs does not answer. Nothing is lost; try again in a minute."),
    507: N_(
        "The disk of this site is full, so nothing of this was stored; what was stored before is safe. Ask the administrator to "
        "make room, then send it again (%(number)s)."
    ),
}
CODES = {
    400: "bad_request",
    404: "not_found",
    405: "method",
    413: "too_large",
    500: "defect",
    503: "unavailable",
    507: "disk_full",
}


@dataclass(frozen=True)
class ErrorPage:
    """What error.html receives. `fields` are the messages of a form that had no page of its own."""

    status: int
    title: str
    message: str
    request_id: str
    fields: tuple[str, ...] = ()
    retry_after: int | None = None
    back_url: str = "/"


def shown(value: object) -> object:
    """A value inside a message, as the reader writes it."""
    if isinstance(value, Money):
        return filters.money(value)
    if isinstance(value, datetime):
        return filters.instant(value)
    if isinstance(value, date):
        return filters.day(value)
    if isinstance(value, str):
        return i18n.gettext(value) if "%" not in value else value
    return value


def message_of(refused: Refused) -> str:
    """The sentence of a refusal in the active language."""
    return i18n.render(refused.message, refused.params, shown)


def wants_json(request: Request) -> bool:
    """The JSON API, or a client that prefers JSON to html."""
    accept = request.headers.get("accept", "")
    return request.url.path.startswith("/api/") or (
        "application/json" in accept and "text/html" not in accept
    )


async def on_refused(request: Request, error: Exception) -> Response:
    """Answer for a Refused raised anywhere below a route."""
    assert isinstance(error, Refused)
    retry_after: int | None = getattr(error, "retry_after", None)
    fields = error.fields if isinstance(error, Invalid) else {}
    await known(request)
    with use_database(request)(), i18n.use_locale(request.state.locale), reading(request):
        message = message_of(error)
        texts = {name: i18n.render(text, {}, shown) for name, text in fields.items()}
        if wants_json(request):
            response = json_error(request, error.status, error.code, message, texts, retry_after)
        else:
            title = CHANGED if error.code.endswith(".changed") else ""
            response = error_page(request, error.status, message, tuple(texts.values()), retry_after, title)
    if isinstance(error, NotSignedIn) and wants_json(request):
        response.headers["www-authenticate"] = "Bearer"
    return response


async def refusal_answer(request: Request, error: Refused | HTTPException) -> Response:
    """Answer for either kind."""
    return await (on_refused if isinstance(error, Refused) else on_http)(request, error)


async def on_http(request: Request, error: Exception) -> Response:
    """Answer for Starlette's own 400, 404, 405 and 413."""
    assert isinstance(error, HTTPException)
    status = error.status_code
    await known(request)
    with use_database(request)(), i18n.use_locale(request.state.locale), reading(request):
        message = i18n.gettext(SENTENCES.get(status, SENTENCES[400]), number=request.state.request_id)
        if wants_json(request):
            response = json_error(request, status, CODES.get(status, "bad_request"), message)
        else:
            response = error_page(request, status, message)
    response.headers.update(error.headers or {})
    return response


def defect_answer(request: Request, error: Exception) -> Response:
    """The 500 answer, 507 for a full disk. Uses no database: it may be what failed. Plain text when even the page fails."""
    status = 507 if is_disk_full(error) else 500
    try:
        if getattr(request.state, "person", None) is None:
            nobody(request)
        with i18n.use_locale(request.state.locale), reading(request):
            message = i18n.gettext(SENTENCES[status], number=request.state.request_id)
            if wants_json(request):
                return json_error(request, status, CODES[status], message)
            return error_page(request, status, message)
    except Exception:
        events.exception("error page failed")
        return PlainTextResponse(f"Something failed here ({request.state.request_id}).", status_code=status)


async def known(request: Request) -> None:
    """Find out who asks where the route has not: the frame of an error page shows their menu and language."""
    if getattr(request.state, "locale", None) is not None:
        return
    try:
        with use_database(request)():
            await identify(request)
    except Exception:
        events.exception("identity for error page failed")
        nobody(request)


def use_database(request: Request) -> Callable[[], AbstractContextManager[None]]:
    """What makes the site's database current for this task."""
    found: Callable[[], AbstractContextManager[None]] = getattr(
        request.app.state, "use_database", nullcontext
    )
    return found


def json_error(
    request: Request,
    status: int,
    code: str,
    message: str,
    fields: dict[str, str] | None = None,
    retry_after: int | None = None,
) -> Response:
    """The one error shape of the JSON API."""
    error: dict[str, object] = {"code": code, "message": message, "request_id": request.state.request_id}
    if fields:
        error["fields"] = fields
    if retry_after is not None:
        error["retry_after"] = retry_after
    return json_answer({"error": error}, status=status, headers=retry_header(retry_after))


def error_page(
    request: Request,
    status: int,
    message: str,
    fields: tuple[str, ...] = (),
    retry_after: int | None = None,
    title: str = "",
) -> Response:
    """The html page of a status, in the site's frame; `title` is the msgid of another one than the status has."""
    title = i18n.gettext(title or TITLES.get(status, TITLES[400]))
    view = ErrorPage(status, title, message, request.state.request_id, fields, retry_after, back_of(request))
    response = page(request, "error.html", view, status=status)
    response.headers.update(retry_header(retry_after))
    return response


def retry_header(retry_after: int | None) -> dict[str, str]:
    return {} if retry_after is None else {"retry-after": str(retry_after)}


def back_of(request: Request) -> str:
    """Where 'back' leads: the page the person came from if it is ours."""
    came_from = request.headers.get("referer", "")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}/"
    return "/" + came_from.removeprefix(own) if came_from.startswith(own) else "/"
