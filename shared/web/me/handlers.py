"""Requests of the account pages."""

from typing import Any

import pyotp
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import Invalid
from shared.i18n import gettext
from shared.permissions import LABELS
from shared.web import accounts
from shared.web.access import local_path
from shared.web.forms import Form, empty_form, read_form, with_error, with_errors
from shared.web.me import actions, queries
from shared.web.me.forms import (
    PasswordForm,
    PreferencesForm,
    RevokeForm,
    SecondFactorForm,
    SessionForm,
    SignInForm,
    StopSecondFactorForm,
    TokenForm,
    UnlinkForm,
)
from shared.web.me.pages import MePage, SecondFactorPage, SignInPage, company_link, company_sign_in
from shared.web.parts import Option
from shared.web.responses import page, redirect
from shared.web.session import client_address, end_all_sessions, start_session
from shared.web.session import end_session as leave
from shared.web.site import Site

ZONES = (
    "Asia/Shanghai", "Asia/Urumqi", "Asia/Hong_Kong", "Asia/Tokyo", "Asia/Singapore", "Asia/Dubai",
    "Europe/Moscow", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "UTC",
)  # fmt: skip


async def show_sign_in(request: Request) -> Response:
    back = local_path(request.query_params.get("next"))
    if request.state.person is not None:
        return redirect(back)
    return page(
        request,
        "me/sign_in.html",
        SignInPage(empty_form(next=back), company=company_sign_in(request.app.state.settings)),
    )


async def sign_in(request: Request) -> Response:
    form = await read_form(request, SignInForm)
    if not form.errors:
        value = form.value
        try:
            account = await actions.sign_in(
                request.app.state.passwords,
                request.app.state.settings,
                username=value.username,
                password=value.password,
                code=value.code,
                address=client_address(request),
            )
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            response = redirect(local_path(value.next))
            await start_session(request, response, account)
            return response
    company = company_sign_in(request.app.state.settings)
    view = SignInPage(form, asks_code="code" in form.errors, company=company)
    return page(request, "me/sign_in.html", view, status=422)


async def sign_out(request: Request) -> Response:
    response = redirect("/sign-in")
    await leave(request, response)
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


async def show_me(request: Request) -> Response:
    return page(request, "me/show.html", await me_page(request))


async def me_page(request: Request, token: str = "", **forms: Form[Any]) -> MePage:
    """The account page, with the forms that failed in place of the fresh ones."""
    account, person = request.state.account, request.state.person
    fresh: dict[str, Form[Any]] = {
        "preferences": empty_form(
            locale=account.locale,
            theme=account.theme,
            timezone=account.timezone,
            letter_keys=account.letter_keys,
        ),
        "password": empty_form(),
        "second_factor": empty_form(),
        "company": empty_form(),
        "token_form": empty_form(days=365),
    }
    shown = {**fresh, **forms}
    return MePage(
        preferences=shown["preferences"],
        password=shown["password"],
        second_factor=shown["second_factor"],
        company=shown["company"],
        token_form=shown["token_form"],
        zones=[Option("", gettext("as the branch")), *(Option(zone, zone) for zone in ZONES)],
        sessions=await queries.sessions_of(account, request.state.session),
        tokens=await queries.tokens_of(account),
        rights=[Option(action, gettext(LABELS[action])) for action in sorted(person.grants)],
        has_second_factor=bool(account.totp_secret),
        company_link=company_link(request.app.state.settings, account),
        has_password=bool(account.password_hash),
        can_make_tokens=person.may("token.edit"),
        token=token,
    )


async def failed(request: Request, **forms: Form[Any]) -> Response:
    """The account page again with what was typed and the messages."""
    return page(request, "me/show.html", await me_page(request, "", **forms), status=422)


async def save_preferences(request: Request) -> Response:
    form = await read_form(request, PreferencesForm)
    if form.errors:
        return await failed(request, preferences=form)
    value = form.value
    if value.timezone and value.timezone not in ZONES:
        return await failed(
            request, preferences=with_error(form, "timezone", gettext("Choose one from the list."))
        )
    await actions.save_preferences(
        request.state.account,
        locale=value.locale,
        theme=value.theme,
        timezone=value.timezone,
        letter_keys=value.letter_keys,
    )
    return redirect("/me", toast=gettext("Preferences saved"))


async def change_password(request: Request) -> Response:
    form = await read_form(request, PasswordForm)
    if form.errors:
        return await failed(request, password=form)
    account, passwords = request.state.account, request.app.state.passwords
    if form.value.password != form.value.again:
        return await failed(
            request, password=with_error(form, "again", gettext("The two passwords differ. Type them again."))
        )
    session = request.state.session
    try:
        await actions.confirm_password(passwords, account, form.value.present)
        await accounts.set_password(
            passwords, account, form.value.password, keep_session=session.id if session else None
        )
    except Invalid as refused:
        return await failed(request, password=with_errors(form, refused))
    return redirect("/me", toast=gettext("Password changed; other browsers are signed out"))


async def end_session(request: Request) -> Response:
    form = await read_form(request, SessionForm)
    if not form.errors:
        await request.state.account.sessions.filter(id=form.value.id).delete()
    return redirect("/me", toast=gettext("That browser is signed out"))


async def end_all(request: Request) -> Response:
    session = request.state.session
    count = await end_all_sessions(request.state.account.id, except_id=session.id if session else None)
    return redirect("/me", toast=gettext("Signed out elsewhere: %(count)s", count=count))


async def show_second_factor(request: Request) -> Response:
    view = second_factor_page(request, empty_form(), actions.new_secret())
    return page(request, "me/second_factor.html", view)


def second_factor_page(request: Request, form: Form[Any], secret: str) -> SecondFactorPage:
    """The set-up page with the secret as a picture to scan."""
    import segno

    account = request.state.account
    link = pyotp.TOTP(secret).provisioning_uri(
        name=account.username, issuer_name=f"Trunkline {request.app.state.site.code}"
    )
    picture = segno.make(link, error="m").svg_inline(scale=4, border=2, svgclass="ops-code", lineclass="")
    return SecondFactorPage(form, secret, link, picture)


async def start_second_factor(request: Request) -> Response:
    form = await read_form(request, SecondFactorForm)
    if not form.errors:
        try:
            await actions.start_second_factor(request.state.account, form.value.secret, form.value.code)
            return redirect("/me", toast=gettext("Second factor switched on"))
        except Invalid as refused:
            form = with_errors(form, refused)
    secret = form.text("secret") if "secret" not in form.errors else actions.new_secret()
    return page(request, "me/second_factor.html", second_factor_page(request, form, secret), status=422)


async def stop_second_factor(request: Request) -> Response:
    form = await read_form(request, StopSecondFactorForm)
    if not form.errors:
        try:
            await actions.stop_second_factor(
                request.app.state.passwords, request.state.account, form.value.current
            )
            return redirect("/me", toast=gettext("Second factor switched off"))
        except Invalid as refused:
            form = with_errors(form, refused)
    return await failed(request, second_factor=form)


def noted_by(request: Request) -> actions.Noted:
    """Writes an act on one's own account into the site's audit trail."""
    site: Site = request.app.state.site

    async def noted(action: str) -> None:
        if site.audited is not None:
            await site.audited(request.state.person, action, request.state.account.username)

    return noted


async def unlink_company(request: Request) -> Response:
    form = await read_form(request, UnlinkForm)
    if form.errors:
        return await failed(request, company=form)
    session = request.state.session
    try:
        await actions.unlink_company(
            request.app.state.passwords,
            request.state.account,
            form.value.company_current,
            keep_session=session.id if session else None,
            noted=noted_by(request),
        )
    except Invalid as refused:
        return await failed(request, company=with_errors(form, refused))
    return redirect("/me", toast=gettext("The company's sign-in no longer opens this account"))


async def allow_company(request: Request) -> Response:
    await actions.allow_company(request.state.account, noted_by(request))
    return redirect("/me", toast=gettext("The next sign-in through the company is linked"))


async def make_token(request: Request) -> Response:
    form = await read_form(request, TokenForm)
    if form.errors:
        return await failed(request, token_form=form)
    value = form.value
    try:
        token = await actions.make_token(
            request.state.account, request.state.person, name=value.name, scopes=value.scopes, days=value.days
        )
    except Invalid as refused:
        return await failed(request, token_form=with_errors(form, refused))
    return page(request, "me/show.html", await me_page(request, token))


async def revoke_token(request: Request) -> Response:
    form = await read_form(request, RevokeForm)
    if not form.errors:
        await actions.revoke_token(request.state.account, form.value.id)
    return redirect("/me", toast=gettext("Token revoked"))
