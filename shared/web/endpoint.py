"""What stands between a route and its handler: body limit, identity, CSRF, permission, language, once.

One class, so that the order can be read in one place.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from urllib.parse import unquote

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from shared import i18n, log
from shared.database import as_actor
from shared.errors import Invalid
from shared.i18n import N_
from shared.web import csrf
from shared.web.access import A_MACHINE, NotSignedIn, check_permission, identify, to_sign_in
from shared.web.load import refuse_under_load, refuse_while_fenced
from shared.web.once import FIELD, HEADER, once
from shared.web.precedence import making
from shared.web.reader import reading
from shared.web.responses import is_htmx
from shared.web.routing import Access, Route
from shared.web.site import Site

FORM_FIELDS = 2_000
FORM_FILES = 20


class Endpoint:
    """The ASGI application of one route."""

    def __init__(self, route: Route, body_limit_bytes: int, *, for_machines: bool = False) -> None:
        """`for_machines`: no identity, no database, no language (health and metrics)."""
        self.route = route
        self.for_machines = for_machines
        self.body_limit_bytes = route.body_limit_bytes or body_limit_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["route"] = self.route.url
        scope["state"]["is_signed"] = self.route.is_signed
        scope["state"]["is_api"] = self.route.is_api
        scope["state"]["is_routine"] = self.route.is_signed or self.for_machines
        request = Request(scope, limited(scope, receive, self.body_limit_bytes))
        if self.for_machines:
            response = await self.route.handler(request)
            await response(scope, receive, send)
            return
        use_database: Callable[[], AbstractContextManager[None]] = getattr(
            request.app.state, "use_database", nullcontext
        )
        with use_database():
            try:
                with nullcontext() if self.route.is_signed else making():
                    response = await self.respond(request)
                await response(scope, receive, send)
            finally:
                await request.close()  # uploaded files

    async def respond(self, request: Request) -> Response:
        """1. who asks  2. may they?  3. from our own page?  4. the handler, in their language and name.

        Rights come before the body is read: nobody unknown can send us a large file.
        """
        if self.route.is_signed:
            request.scope["state"].update(A_MACHINE)
            return await self.route.handler(request)
        bearer = self.route.is_api and "authorization" in request.headers
        try:
            await identify(request, bearer=bearer)
            check_permission(request, self.route.permission)
            refuse_nul(f"{request.url.path}?{unquote(request.url.query)}")
            if not bearer:
                await read_form_bounded(request, self.body_limit_bytes)
                await csrf.check_csrf(request)
        except NotSignedIn:
            if self.route.is_api or self.route.permission is Access.PUBLIC:
                raise
            return to_sign_in(request)
        person = request.state.person
        if person is not None:
            log.bind(person=str(person.id))
            await add_notices(request, self.route)
        with i18n.use_locale(request.state.locale), reading(request), as_actor(person.id if person else None):
            if self.route.is_heavy:
                refuse_under_load(request)
            if isinstance(self.route.permission, str) and request.method not in csrf.SAFE_METHODS:
                refuse_while_fenced(request)
            key = await once_key(request)
            if key:
                return await once(request, key, self.route.handler)
            return await self.route.handler(request)


async def add_notices(request: Request, route: Route) -> None:
    """Ask the site for its status line and the unread messages where a whole page may be shown."""
    site: Site = request.app.state.site
    if route.is_api or is_htmx(request) or request.method not in csrf.SAFE_METHODS:
        return
    if site.unread is not None:
        request.state.unread = await site.unread(request.state.person)
    if site.notices is not None:
        with i18n.use_locale(request.state.locale), reading(request):
            request.state.notices = await site.notices(request)


async def once_key(request: Request) -> str:
    """The key under which a post is done only once; empty when the sender gave none."""
    if request.method in csrf.SAFE_METHODS:
        return ""
    if header := request.headers.get(HEADER):
        return header[:80]
    if csrf.is_form(request):
        field = (await request.form()).get(FIELD)
        return field[:80] if isinstance(field, str) else ""
    return ""


async def read_form_bounded(request: Request, limit_bytes: int) -> None:
    """Parse a form once with bounds; later request.form() calls give the same result."""
    if request.method not in csrf.SAFE_METHODS and csrf.is_form(request):
        form = await request.form(max_fields=FORM_FIELDS, max_files=FORM_FILES, max_part_size=limit_bytes)
        refuse_nul("".join(text for name, value in form.multi_items() for text in (name, sent_text(value))))


def sent_text(value: str | UploadFile) -> str:
    """What was typed, or what a file is called."""
    return value if isinstance(value, str) else value.filename or ""


def refuse_nul(text: str) -> None:
    """Invalid for a text with the character 0, which no database keeps."""
    if "\0" in text:
        raise Invalid(
            N_("What was sent holds a character that cannot be kept (0). Remove it."), code="text.nul"
        )


def limited(scope: Scope, receive: Receive, limit_bytes: int) -> Receive:
    """`receive` that raises 413 as soon as the announced or the received body is larger than the limit."""
    announced = dict(scope["headers"]).get(b"content-length", b"0")
    if announced.isdigit() and int(announced) > limit_bytes:
        too_large = True
    else:
        too_large = False
    got = 0

    async def guarded() -> Message:
        nonlocal got
        if too_large:
            raise HTTPException(413)
        message = await receive()
        if message["type"] == "http.request":
            got += len(message.get("body", b""))
            if got > limit_bytes:
                raise HTTPException(413)
        return message

    return guarded
