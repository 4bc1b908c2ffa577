"""The page of rights: who may order what. Whoever may order everything grants and withdraws; the first is granted on the machine."""

from typing import Annotated

from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from netops.center.commands import actions, queries, rules
from netops.center.commands.handlers import orderer, step_up
from netops.center.commands.pages import RightLine, RightsPage
from netops.center.commands.words import WORDS
from shared.errors import Invalid, NotAllowed
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.web.forms import Form, FormModel, empty_form, read_form, with_error, with_errors
from shared.web.models import Account
from shared.web.parts import Field, Option
from shared.web.responses import page, redirect

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.*?-]+$")]


class RightForm(FormModel):
    """Who, and patterns of verb, place and service; the granter's own password."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    verb: Annotated[Pattern, StringConstraints(max_length=40)]
    place: Pattern
    service: Pattern
    password: Annotated[str, StringConstraints(min_length=1)]
    code: str = ""


async def show_rights(request: Request) -> Response:
    return await _show(request, empty_form(verb="*", place="*", service="*"))


async def _show(request: Request, form: Form[RightForm], status: int = 200) -> Response:
    rows = await queries.all_rights()
    may_edit = rules.may_grant((await orderer(request)).rights)
    lines = [
        RightLine(row.id, row.account, row.right.verb, row.right.place, row.right.service) for row in rows
    ]
    shown = RightsPage(lines, await _fields() if may_edit else [], form, may_edit)
    return page(request, "commands/rights.html", shown, status=status)


async def _fields() -> list[Field]:
    people = await Account.filter(disabled_at=None).order_by("username")
    names = [Option(one.username, f"{one.display_name or one.username} ({one.username})") for one in people]
    verbs = [Option("*", _("all")), *(Option(verb, _(words.label)) for verb, words in WORDS.items())]
    any_hint = _("* is all; names may hold * and ?.")
    return [
        Field("username", _("User"), "select", options=names),
        Field("verb", _("Command"), "select", options=verbs),
        Field("place", _("Node or branch"), hint=any_hint, max_length=64, width="m"),
        Field("service", _("Service"), max_length=64, width="m"),
        Field("password", _("Your password, once more"), "password", autocomplete="current-password"),
        Field("code", _("Code of your app"), is_optional=True, width="s", autocomplete="one-time-code"),
    ]


async def _granter(request: Request) -> actions.Orderer:
    """Raises NotAllowed for whoever may not order everything."""
    by = await orderer(request)
    if not rules.may_grant(by.rights):
        raise NotAllowed(N_("Only who may order everything grants and withdraws rights."))
    return by


async def grant_right(request: Request) -> Response:
    by = await _granter(request)
    form = await read_form(request, RightForm)
    if form.errors:
        return await _show(request, form, 422)
    typed = form.value
    account = await Account.get_or_none(username=typed.username, disabled_at=None)
    if account is None:
        return await _show(request, with_error(form, "username", _("There is no such user.")), 422)
    try:
        await step_up(request, typed.password, typed.code)
    except Invalid as refused:
        return await _show(request, with_errors(form, refused), 422)
    await actions.grant(account.id, rules.Right(typed.verb, typed.place, typed.service), by.words)
    return redirect("/commands/rights", toast=_("The right was granted."))


async def withdraw_right(request: Request) -> Response:
    by = await _granter(request)
    await actions.withdraw_one(request.path_params["id"], by.words)
    return redirect("/commands/rights", toast=_("The right was withdrawn."))
