"""The two steps of a sign-in at the company's identity provider: away, and back with a code."""

from starlette.requests import Request
from starlette.responses import Response

from shared.errors import Invalid, NotFound, Refused, Unavailable
from shared.i18n import render
from shared.web.access import local_path
from shared.web.forms import Form
from shared.web.me.forms import SignInForm
from shared.web.me.pages import SignInPage, company_sign_in
from shared.web.responses import page, redirect
from shared.web.session import cookie_name, drop_cookie, set_cookie, start_session
from shared.web.settings import WebSettings

COOKIE = "company_sign_in"
ATTEMPT_SECONDS = 600
BACK = "/sign-in/company/back"


async def leave_for_provider(request: Request) -> Response:
    """To the provider; what must come back waits in a cookie of this browser."""
    from shared.web.me import oidc  # here and below: 9 MB that only sites with a provider need

    settings = settings_of(request)
    back = local_path(request.query_params.get("next"))
    try:
        url, attempt = await oidc.begin(settings, own_address(request), back)
    except Unavailable as refused:
        return refused_page(request, refused, back)
    response = redirect(url)
    set_cookie(request, response, COOKIE, attempt.text(), ATTEMPT_SECONDS)
    return response


async def come_back(request: Request) -> Response:
    """From the provider: signed in, or the sign-in page with the reason why not."""
    from shared.web.me import oidc

    settings = settings_of(request)
    attempt = oidc.attempt_of(request.cookies.get(cookie_name(request, COOKIE), ""))
    query = request.query_params
    back = local_path(attempt.back if attempt else None)
    try:
        account = await oidc.finish(
            settings, own_address(request), attempt, query.get("state", ""), query.get("code", "")
        )
    except (Invalid, Unavailable) as refused:
        response = refused_page(request, refused, back)
    else:
        response = redirect(back)
        await start_session(request, response, account)
    drop_cookie(request, response, COOKIE)
    return response


def settings_of(request: Request) -> WebSettings:
    """The site's settings; NotFound where no provider is configured."""
    settings: WebSettings = request.app.state.settings
    if not settings.oidc_issuer:
        raise NotFound()
    return settings


def own_address(request: Request) -> str:
    """Where the provider sends the browser back to: under the site's public address."""
    public_url: str = request.app.state.settings.public_url
    return f"{(public_url or str(request.base_url)).rstrip('/')}{BACK}"


def refused_page(request: Request, refused: Refused, back: str) -> Response:
    form: Form[SignInForm] = Form({"next": back}, {"": render(refused.message, refused.params)})
    view = SignInPage(form, company=company_sign_in(request.app.state.settings))
    return page(request, "me/sign_in.html", view, status=refused.status)
