"""/staff: what did people do today, branch by branch and person by person."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from hq.activity.pages import CalendarCell, PersonDayPage, StaffPage
from hq.activity.queries import CalendarDay, calendars, no_days, person_day
from hq.asking import branches_of, day_of, house_of, question_of, span_of
from hq.cards import maker_of
from hq.figures.freshness import directory
from hq.figures.shape import Figure, Line, Question
from hq.figures.staff import CONTACTS, staff_activity
from hq.figures.words import scope_name
from hq.frame.page import adds_up, carried, crumbs_of, freshness_line, switches
from hq.live import shared_part, topics_of
from hq.tables import Look, table_of, url_with
from shared.errors import NotFound
from shared.i18n import N_, ngettext, sentences
from shared.i18n import gettext as _
from shared.web import parts
from shared.web.filters import number
from shared.web.live import live
from shared.web.parts import Cell, Column, Crumb, Share
from shared.web.responses import page, render
from shared.web.templating import with_query

LIVE_SECONDS = 10.0
PROOFS = {
    "activity": N_("follow-up"),
    "quotation": N_("quote"),
    "order": N_("order"),
    "receipt": N_("receipt"),
    "feedback": N_("feedback"),
}
COMPANY_KEYS = (
    "plans",
    "planned",
    "done",
    "carried_over",
    "followups",
    "customers_new",
    "orders",
    "ordered",
    "receipts",
)  # fmt: skip


async def show(request: Request) -> Response:
    """The day of everybody."""
    figure = await staff_activity(asked(request))
    return page(request, "activity/show.html", view_of(request, figure, await calendars_of(figure)))


async def calendars_of(figure: Figure) -> Mapping[str, Sequence[CalendarDay]]:
    """The last thirty days of the people of a branch; none above it."""
    unit, last = figure.question.unit, figure.question.last
    if unit.kind in ("company", "region") or not figure.total.branch or last is None:
        return {}
    return await calendars(figure.total.branch, last)


def strip_of(days: Sequence[CalendarDay]) -> list[Cell]:
    """Thirty days as a strip: each with what was done on it."""
    return [Cell(one.state, f"{one.day.isoformat()}: {words_of(one)}") for one in days]


def words_of(one: CalendarDay) -> str:
    """What a day holds, in words."""
    if one.state == "unknown":
        return _("nothing entered")
    text = _("done %(done)s of %(planned)s, follow-ups %(followups)s", done=one.done, planned=one.planned, followups=one.followups)  # fmt: skip
    return text if one.is_submitted else _(", ").join([text, _("no plan")])


def weeks_of(days: Sequence[CalendarDay], shown: date) -> list[list[CalendarCell | None]]:
    """The days as rows of a calendar, Monday first."""
    cells: list[CalendarCell | None] = [None] * days[0].day.weekday()
    cells += [
        CalendarCell(one.day, with_query(day=one.day), one.state, words_of(one), one.day == shown)
        for one in days
    ]
    cells += [None] * (-len(cells) % 7)
    return [cells[start : start + 7] for start in range(0, len(cells), 7)]


def view_of(
    request: Request, figure: Figure, days: Mapping[str, Sequence[CalendarDay]] = MappingProxyType({})
) -> StaffPage:
    """The page from the figure."""
    question = figure.question
    is_company = question.unit.kind in ("company", "region")
    today = question.house.today()
    first, last = question.first or today, question.last or today
    return StaffPage(
        scope=scope_name(figure),
        crumbs=crumbs_of(request, figure, _("Staff today")),
        span=span_of(first, last, ("day", "month")),
        is_today=not request.query_params.get("period") and not request.query_params.get("from"),
        switches=switches(
            figure, ("employee", "department") if figure.question.unit.kind != "customer" else ()
        ),
        freshness=freshness_line(figure),
        check=adds_up(figure),
        sentence=sentence(figure),
        missing=[
            line.name
            for line in figure.rows
            if not is_company and line.number("staff") and not line.number("plans")
        ],
        cards=cards(figure),
        shares=shares(figure),
        table=table_of(figure, look_of(request, figure, days), is_ranked=is_company),
        live_url=with_query("/live/staff"),
    )


def is_span(question: Question) -> bool:
    """Whether more than a day is asked for: people then have many plans, and rows no day of their own."""
    return question.first != question.last


def reachable(figure: Figure, key: str) -> int:
    """The sum over units that can be heard of: a silent branch is not missing a plan."""
    return sum(line.number(key) or 0 for line in figure.rows if line.state not in ("unreachable", "never"))


def sentence(figure: Figure) -> str:
    """How many plans are in, and what became of what was planned; only who is left out while nothing is known."""
    total, plans, staff = figure.total, reachable(figure, "plans"), reachable(figure, "staff")
    if is_span(figure.question):
        submitted = _(
            "Plans submitted by %(staff)s people: %(plans)s.", plans=number(plans), staff=number(staff)
        )
    else:
        submitted = _("%(plans)s of %(staff)s submitted.", plans=number(plans), staff=number(staff))
    became = _(
        "Planned %(planned)s: done %(done)s, carried over %(carried)s, open %(open)s.",
        planned=number(total.number("planned")),
        done=number(total.number("done")),
        carried=number(total.number("carried_over")),
        open=number(total.number("open_items")),
    )
    text = "" if total.number("planned") is None else sentences(submitted, became)
    silent = sum(1 for mark in figure.watermarks if mark.state in ("unreachable", "never"))
    if silent:
        text += " " + ngettext(
            "%(n)s branch is not counted in this.", "%(n)s branches are not counted in this.", silent
        )
    return text.strip()


def cards(figure: Figure) -> list[parts.Figure]:
    """Plans, follow-ups, orders, money in."""
    maker = maker_of(figure)
    staff = "" if is_span(figure.question) else _("of %(n)s", n=figure.total.number("staff") or 0)
    return [
        maker.number("plans", _("Plans in"), unit=staff),
        maker.number("followups", _("Follow-ups")),
        maker.card("ordered", _("Ordered")),
        maker.card("receipts", _("Receipts")),
    ]


def shares(figure: Figure) -> list[Share]:
    """What became of the planned items."""
    total = figure.total
    rows = (
        ("done", _("Done"), "done"),
        ("open_items", _("Open"), "open"),
        ("carried_over", _("Carried over"), "age1"),
        ("cancelled_items", _("Cancelled items"), "cancelled"),
    )
    return [
        Share(label, total.number(key) or 0, number(total.number(key)), tone) for key, label, tone in rows
    ]


def unit_url(line: Line, question: Question, days: Mapping[str, Any]) -> str:
    """The day of a person, the people of a branch."""
    kind, _colon, key = line.unit.partition(":")
    if kind == "employee":
        return url_with(f"/staff/{key}", day=question.last)
    return url_with("/staff", unit=line.unit, **days, **carried(question)) if kind == "branch" else ""


def records_url(line: Line, key: str, question: Question) -> str:
    """The records behind a number, on the row's own day or in the span asked for; "" where the number has no list."""
    own = None if is_span(question) else line.values.get("own_date")
    dates: Mapping[str, Any] = {"from": own or question.first, "to": own or question.last}
    paths = {
        "orders": "/sales",
        "ordered": "/sales",
        "receipts": "/receivables/receipts",
        "customers_new": "/customers",
    }
    return url_with(paths[key], unit=line.unit, **dates, **carried(question)) if key in paths else ""


def look_of(request: Request, figure: Figure, calendar: Mapping[str, Sequence[CalendarDay]]) -> Look:
    """Branches with their own date, below them people, those without a plan first."""
    question = figure.question
    is_company = question.unit.kind in ("company", "region")
    days = {name: request.query_params.get(name) for name in ("period", "from", "to")}

    def open_unit(line: Line) -> str:
        return unit_url(line, question, days)

    def drill(line: Line, key: str) -> str:
        return records_url(line, key, question) or open_unit(line)

    own_date = () if is_span(question) else (Column("own_date", _("Own date"), "day"),)
    extra = (
        own_date
        if is_company
        else (Column("department", _("Department")), Column("days", _("Last 30 days"), "strip"))
    )
    last = question.last or question.house.today()

    def extra_cells(line: Line) -> Mapping[str, Any]:
        if is_company:
            return {column.key: line.values.get(column.key) for column in own_date}
        days_of = calendar.get(line.unit.partition(":")[2]) or no_days(last)
        return {"department": line.values.get("department"), "days": strip_of(days_of)}

    return Look(
        key="staff",
        caption=_("Staff activity by branch") if is_company else _("Staff activity by person"),
        keys=("staff", *COMPANY_KEYS) if is_company else COMPANY_KEYS,
        big=is_company,
        drill=drill,
        open_row=open_unit,
        phone=("plans", "done"),
        first_label=_("Branch") if is_company else _("Name"),
        extra=extra,
        extra_cells=extra_cells,
        sort=request.query_params.get("sort", "") if is_company else "",
        can_sort=is_company,
    )


def asked(request: Request) -> Question:
    """The day and unit of the address."""
    return question_of(request, "plan.view", limit=1_000, offset=0)


async def live_part(request: Request) -> str:
    """What changes on the page."""
    figure = await staff_activity(asked(request))
    view = view_of(request, figure, await calendars_of(figure))
    return render(request, "activity/show.html", view, block="live")


async def stream(request: Request) -> Response:
    """The counts of the open page, at most every ten seconds."""
    question = asked(request)
    codes = (await directory(question)).codes
    part = shared_part(request, "#staff-live", question, LIVE_SECONDS, live_part)
    return live(request, topics=topics_of(codes), render=part, interval_seconds=0)


async def show_person(request: Request) -> Response:
    """One person's day with the evidence."""
    codes = branches_of(request.state.person, "plan.view")
    try:
        wanted = str(UUID(request.path_params["id"]))
    except ValueError:
        raise NotFound() from None
    known = await directory(Question(branches=codes, locale=request.state.locale))
    on = day_of(request.query_params, "day")
    found = await person_day(wanted, on or house_of(request.app.state.settings).today())
    branch = known.get(found.branch) if found else None
    if found is None or branch is None:
        raise NotFound()
    if on is None and branch.today != found.day:
        found = await person_day(wanted, branch.today)
        assert found is not None
    step = timedelta(days=1)
    view = PersonDayPage(
        found,
        branch.name,
        [
            Crumb(_("Staff today"), "/staff"),
            Crumb(branch.name, url_with("/staff", unit=f"branch:{branch.code}")),
        ],
        with_query(day=found.day - step),
        with_query(day=found.day + step),
        found.day,
        {key: _(label) for key, label in CONTACTS.items()},
        {key: _(label) for key, label in PROOFS.items()},
        weeks_of(
            (await calendars(branch.code, branch.today)).get(wanted) or no_days(branch.today), found.day
        ),
    )
    return page(request, "activity/person.html", view)
