"""/people: users of headquarters, their roles and their branches."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from hq.figures.freshness import directory
from hq.figures.shape import Question
from hq.people import actions
from hq.people.forms import NewPersonForm, PasswordForm, PersonForm
from hq.people.pages import LockPage, PeoplePage, PersonPage
from hq.people.queries import PersonRow, people, person_named
from hq.people.rules import HQ_ROLES
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.permissions import ROLES_BY_CODE
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.me.pages import company_link
from shared.web.models import Account
from shared.web.parts import Action, Column, Confirm, Empty, Field, Option, Row, TableView
from shared.web.responses import page, redirect


async def show(request: Request) -> Response:
    """Everybody with roles and branches."""
    may_edit = request.state.person.may("role.edit")
    rows = [person_row(row, may_edit) for row in await people()]
    columns = [
        Column("name", _("Name"), phone="head"),
        Column("username", _("User name"), phone="second"),
        Column("roles", _("Roles"), phone="second"),
        Column("branches", _("Branches")),
        Column("state", _("State"), "status"),
    ]
    table = TableView(
        "people", _("Users of headquarters"), columns, rows, empty=Empty("nothing", _("Nobody yet."))
    )
    add = [Action(_("New user"), "/people/new", "plus", is_primary=True, key="n")] if may_edit else []
    return page(request, "people/list.html", PeoplePage(table, add))


def person_row(row: PersonRow, may_edit: bool) -> Row:
    """One line of the list."""
    roles = [_(ROLES_BY_CODE[code].label) for code in row.roles if code in ROLES_BY_CODE]
    cells = {
        "name": row.name,
        "username": row.username,
        "roles": _(", ").join(roles),
        "branches": _("All branches") if row.branches is None else _(", ").join(row.branches),
        "state": "active" if row.is_active and not row.is_disabled else "disabled",
    }
    return Row(cells, id=row.id, url=f"/people/{row.id}" if may_edit else "", is_muted=not row.is_active)


async def fields_of(request: Request) -> list[Field]:
    """The fields of a person."""
    found = await directory(Question(locale=request.state.locale))
    return [
        Field("name", _("Name"), is_focused=True, max_length=80),
        Field("email", _("E-mail"), "email", is_optional=True),
        Field("roles", _("Roles"), "checks", options=[Option(role.code, _(role.label)) for role in HQ_ROLES]),
        Field("all_branches", _("All branches"), "tick", hint=_("Also those that are added later.")),
        Field(
            "branches",
            _("Branches"),
            "checks",
            hint=_("Counts only without the tick above."),
            options=[Option(branch.code, branch.name) for branch in found.branches],
        ),
    ]


async def new(request: Request) -> Response:
    """The empty form."""
    return await show_new(request, empty_form(all_branches=True, roles=["executive"]))


async def show_new(request: Request, form: Form[Any], status: int = 200) -> Response:
    """The form for a new person."""
    fields = [
        *await fields_of(request),
        Field("username", _("User name"), autocomplete="off", max_length=64),
        Field("password", _("First password"), "password", autocomplete="new-password"),
    ]
    view = PersonPage(_("New user"), form, fields, labels_of(fields), _("Save user"), "/people/new")
    return page(request, "people/edit.html", view, status=status)


def labels_of(fields: list[Field]) -> dict[str, str]:
    return {field.name: field.label for field in fields}


async def create(request: Request) -> Response:
    """Add the person and the account."""
    form = await read_form(request, NewPersonForm)
    if form.errors:
        return await show_new(request, form, 422)
    value = form.value
    try:
        await actions.add_person(
            request.app.state.passwords,
            name=value.name,
            email=value.email,
            roles=value.roles,
            branches=None if value.all_branches else value.branches,
            username=value.username,
            password=value.password,
            locale=request.state.locale,
            timezone=request.app.state.settings.timezone.key,
        )
    except Invalid as refused:
        return await show_new(request, with_errors(form, refused), 422)
    return redirect("/people", toast=_("%(name)s added.", name=value.name))


def id_of(request: Request) -> UUID:
    """The id in the address; NotFound when it is none."""
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise NotFound() from None


async def edit(request: Request) -> Response:
    """The form of an existing person."""
    row = await person_named(id_of(request))
    form = empty_form(
        name=row.name,
        email=row.email,
        roles=row.roles,
        all_branches=row.branches is None,
        branches=row.branches or [],
    )
    return await show_edit(request, form)


async def show_edit(
    request: Request, form: Form[Any], password: Form[Any] | None = None, status: int = 200
) -> Response:
    """The form, the password box and the lock."""
    row = await person_named(id_of(request))
    fields = await fields_of(request)
    url = f"/people/{row.id}"
    lock = (
        Action(_("Lock out"), f"{url}/lock", "lock", is_danger=True)
        if row.active
        else Action(_("Let in again"), f"{url}/unlock", "check", method="POST")
    )
    view = PersonPage(
        row.name,
        form,
        fields,
        labels_of(fields),
        _("Save user"),
        url,
        password or empty_form(),
        Field("password", _("New password"), "password", autocomplete="new-password"),
        lock,
        company_action(request, await Account.get_or_none(person_id=row.id), url),
    )
    return page(request, "people/edit.html", view, status=status)


async def save(request: Request) -> Response:
    """Change name, roles and branches."""
    form = await read_form(request, PersonForm)
    if form.errors:
        return await show_edit(request, form, status=422)
    value = form.value
    try:
        await actions.change_person(
            id_of(request),
            name=value.name,
            email=value.email,
            roles=value.roles,
            branches=None if value.all_branches else value.branches,
        )
    except Invalid as refused:
        return await show_edit(request, with_errors(form, refused), status=422)
    return redirect("/people", toast=_("%(name)s saved.", name=value.name))


async def save_password(request: Request) -> Response:
    """Give a new password."""
    row = await person_named(id_of(request))
    form = await read_form(request, PasswordForm)
    known = empty_form(
        name=row.name,
        email=row.email,
        roles=row.roles,
        all_branches=row.branches is None,
        branches=row.branches or [],
    )
    if form.errors:
        return await show_edit(request, known, form, 422)
    try:
        await actions.give_password(request.app.state.passwords, row.id, form.value.password)
    except Invalid as refused:
        return await show_edit(request, known, with_errors(form, refused), 422)
    return redirect(
        "/people", toast=_("%(name)s has a new password and is signed out everywhere.", name=row.name)
    )


async def unlink_company(request: Request) -> Response:
    """Take the company's sign-in off somebody's account."""
    row = await person_named(id_of(request))
    await actions.unlink_company(row.id)
    return redirect(
        f"/people/{row.id}",
        toast=_("The company's sign-in no longer opens the account of %(name)s.", name=row.name),
    )


async def allow_company(request: Request) -> Response:
    """Let the next sign-in through the company be linked again."""
    row = await person_named(id_of(request))
    await actions.allow_company(row.id)
    return redirect(f"/people/{row.id}", toast=_("The next sign-in through the company is linked."))


def company_action(request: Request, account: Account | None, url: str) -> Action | None:
    """What can be done with the account's link to the company's sign-in; None where there is none."""
    link = company_link(request.app.state.settings, account) if account else ""
    if not link:
        return None
    if link == "off":
        return Action(_("Allow sign-in through the company"), f"{url}/company/allow", "check", method="POST")
    return Action(
        _("Unlink from the company's sign-in"), f"{url}/company/unlink", "lock", method="POST", is_danger=True
    )


async def ask_lock(request: Request) -> Response:
    """The question before somebody is locked out."""
    row = await person_named(id_of(request))
    confirm = Confirm(
        _("Lock out %(name)s?", name=row.name),
        f"/people/{row.id}/lock",
        _("Lock out %(name)s", name=row.name),
        f"/people/{row.id}",
        [_("All sessions and tokens of this person end at once.")],
    )
    return page(request, "people/lock.html", LockPage(confirm))


async def lock(request: Request) -> Response:
    """Lock somebody out."""
    await actions.lock_person(id_of(request))
    return redirect("/people", toast=_("Locked out."))


async def unlock(request: Request) -> Response:
    """Let somebody in again."""
    await actions.unlock_person(id_of(request))
    return redirect("/people", toast=_("Can sign in again."))
