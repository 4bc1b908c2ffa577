"""/reports: the packs, their last runs and the next ones; make, change, stop, run now."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import branches_of, words
from hq.figures.freshness import directory
from hq.figures.shape import Question
from hq.models import HqPerson
from hq.reports import actions
from hq.reports.forms import PackForm
from hq.reports.models import Pack
from hq.reports.pages import PackPage, PackRow, ReportsPage, RunRow
from hq.reports.queries import Run, packs_of, runs_of
from hq.reports.rules import RHYTHMS, VIEWS
from shared import clock
from shared.errors import NotFound
from shared.i18n import gettext as _
from shared.i18n import ngettext, sentences
from shared.periods import parse
from shared.permissions import Person
from shared.web.forms import Form, empty_form, read_form
from shared.web.parts import Action, Crumb, Field, Option
from shared.web.pdf import has_pdf
from shared.web.responses import page, redirect


async def show(request: Request) -> Response:
    """One's own packs and those one gets; for an administrator of users all."""
    person = request.state.person
    packs = await packs_of(person)
    names = dict(await HqPerson.all().values_list("id", "name"))
    names_of = {str(key): str(name) for key, name in names.items()}
    rows = [
        await row_of(pack, names_of, is_own=pack.owner_id == person.id or person.may("role.edit"))
        for pack in packs
    ]
    runs = [run_row(run) for run in await runs_of(person, packs)]
    add = [Action(_("New pack"), "/reports/new", "plus", is_primary=True, key="n")]
    has_mail = request.app.state.settings.post_office is not None
    note = "" if has_mail else mail_note(person)
    return page(request, "reports/list.html", ReportsPage(rows, runs, add, note, has_pdf()))


def mail_note(person: Person) -> str:
    """What no mail server means, and who can set one up: to whom may change settings, by which setting."""
    note = _("No mail server is set up: packs are made and kept, and go out once there is one.")
    what_to_do = _("Ask those who run the server of headquarters to set it up.")
    if person.may("settings.edit"):
        what_to_do = _("The setting is TRUNKLINE_MAIL_URL, where headquarters is started.")
    return sentences(note, what_to_do)


async def row_of(pack: Pack, names: dict[str, str], *, is_own: bool) -> PackRow:
    """A pack in words."""
    views = _(", ").join(_(VIEWS[code].title) for code in pack.views if code in VIEWS)
    people = _(", ").join(names[key] for key in pack.recipients if key in names)
    now, when = clock.now(), actions.timing(pack)
    zones = {one.timezone for one in await actions.recipients_of(pack)} if pack.active else set()
    following = min((when.following(now, timezone) for timezone in zones), default=None)
    return PackRow(
        str(pack.id),
        pack.name,
        views,
        people,
        when_words(pack),
        pack.owner_name,
        following,
        pack.active,
        is_own,
    )


def when_words(pack: Pack) -> str:
    """Every week on Monday at 07:30."""
    words_of = {
        "daily": lambda: _("every day at %(time)s", time=pack.at_time),
        "weekly": lambda: _("every %(day)s at %(time)s", day=weekdays()[pack.weekday], time=pack.at_time),
        "monthly": lambda: _(
            "on day %(day)s of each month at %(time)s", day=pack.month_day, time=pack.at_time
        ),
    }
    return words_of[pack.rhythm]()


def weekdays() -> dict[int, str]:
    """The days of the week, 1 is Monday."""
    names = (
        _("Monday"),
        _("Tuesday"),
        _("Wednesday"),
        _("Thursday"),
        _("Friday"),
        _("Saturday"),
        _("Sunday"),
    )
    return dict(enumerate(names, 1))


STATES = {"waiting": "waiting", "making": "running", "failed": "failed", "sent": "sent"}


def run_row(run: Run) -> RunRow:
    """A run in words; a posted one is as far as its mail."""
    state = run.mail_status if run.status == "posted" and run.mail_status else run.status
    return RunRow(
        run.pack, run.person, words(parse(run.period)), run.at, STATES.get(state, "waiting"), run.trouble
    )


async def new(request: Request) -> Response:
    """The empty form."""
    form = empty_form(
        views=["overview", "receivables", "targets"], rhythm="weekly", weekday="1", month_day="1", at_time="07:30",
        locale=request.state.locale, with_pdf=has_pdf(), with_xlsx=not has_pdf(), recipients=[str(request.state.person.id)],
    )  # fmt: skip
    return await shown(request, _("New pack"), "/reports/new", form)


async def shown(request: Request, title: str, url: str, form: Form[Any], status: int = 200) -> Response:
    """The form of a pack."""
    fields = await fields_of(request)
    labels = {field.name: field.label for field in fields}
    view = PackPage(title, form, fields, labels, url, [Crumb(_("Reports"), "/reports")])
    return page(request, "reports/edit.html", view, status=status)


async def fields_of(request: Request) -> list[Field]:
    """What is sent, of which branches, to whom, when, how."""
    known = await directory(
        Question(branches=branches_of(request.state.person, "figures.view"), locale=request.state.locale)
    )
    people = await HqPerson.filter(active=True).order_by("name", "id")
    zone_hint = _("In the time zone of each recipient.")
    own_hint = _("Everybody gets only what both of you may see.")
    mails = [Option(str(row.id), row.name, row.email or _("no e-mail address")) for row in people]
    return [
        Field("name", _("Name"), is_focused=True, max_length=80),
        Field("views", _("Views"), "checks", options=[Option(code, _(one.title)) for code, one in VIEWS.items()]),
        Field("branches", _("Branches"), "checks", is_optional=True, hint=_("None ticked: all branches."), options=[Option(one.code, one.name) for one in known.branches]),
        Field("recipients", _("Sent to"), "checks", hint=own_hint, options=mails),
        Field("rhythm", _("How often"), "radio", options=[Option(code, _(label)) for code, label in RHYTHMS.items()]),
        Field("weekday", _("Weekday"), "select", hint=_("Counts for a weekly pack."), options=[Option(str(number), name) for number, name in weekdays().items()]),
        Field("month_day", _("Day of the month"), "number", width="s", hint=_("1 to 28; counts for a monthly pack.")),
        Field("at_time", _("Time"), width="s", hint=zone_hint),
        Field("locale", _("Language"), "select", options=[Option("zh_CN", "中文"), Option("en", "English")]),
        Field("with_pdf", "PDF", "tick"),
        Field("with_xlsx", "XLSX", "tick", hint=_("A sheet for each view that is one figure.")),
    ]  # fmt: skip


async def create(request: Request) -> Response:
    """Keep a new pack."""
    return await keep(request, None, _("New pack"), "/reports/new")


async def edit(request: Request) -> Response:
    """The form of a pack that is there."""
    row = await actions.own(request.state.person, id_of(request))
    values = {name: getattr(row, name) for name in PackForm.model_fields}
    form = empty_form(**{**values, "branches": row.branches or []})
    return await shown(request, row.name, f"/reports/{row.id}", form)


async def save(request: Request) -> Response:
    """Change a pack."""
    row = await actions.own(request.state.person, id_of(request))
    return await keep(request, row.id, row.name, f"/reports/{row.id}")


async def keep(request: Request, pack_id: UUID | None, title: str, url: str) -> Response:
    """The pack as typed, or the form with what is wrong."""
    form = await read_form(request, PackForm)
    errors = {**form.errors, **await wrong_choices(request, form)}
    if errors:
        return await shown(request, title, url, Form(form.typed, errors), 422)
    values = form.value.model_dump()
    values["branches"] = values["branches"] or None
    row = await actions.keep_pack(request.state.person, pack_id, values)
    return redirect("/reports", toast=_('"%(name)s" is kept.', name=row.name))


async def wrong_choices(request: Request, form: Form[PackForm]) -> dict[str, str]:
    """What can only be told with the people and branches at hand, from what was typed."""
    found = {}
    codes = branches_of(request.state.person, "figures.view")
    if codes is not None and not set(form.texts("branches")) <= codes:
        found["branches"] = _("Choose from the list.")
    known = {str(key) for key in await HqPerson.filter(active=True).values_list("id", flat=True)}
    recipients = form.texts("recipients")
    if not recipients or not set(recipients) <= known:
        found["recipients"] = _("Choose at least one recipient.")
    if not form.text("with_pdf") and not form.text("with_xlsx"):
        found["with_pdf"] = _("Choose PDF, XLSX or both.")
    return found


def id_of(request: Request) -> UUID:
    """The pack in the address; NotFound when it is none."""
    try:
        return UUID(request.path_params["id"])
    except ValueError:
        raise NotFound() from None


async def run_now(request: Request) -> Response:
    """Send it once more, at once."""
    count = await actions.run_now(request.state.person, id_of(request))
    text = ngettext("%(n)s mail is being made.", "%(n)s mails are being made.", count)
    return redirect("/reports", toast=text)


async def stop(request: Request) -> Response:
    """No more mails."""
    row = await actions.set_active(request.state.person, id_of(request), False)
    return redirect("/reports", toast=_('"%(name)s" is stopped.', name=row.name))


async def resume(request: Request) -> Response:
    """Mails again, from now on."""
    row = await actions.set_active(request.state.person, id_of(request), True)
    return redirect("/reports", toast=_('"%(name)s" is sent again.', name=row.name))
