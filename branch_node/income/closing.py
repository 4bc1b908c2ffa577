"""Closing a month: what blocks it, by a sentence with links; who closed or reopened it, when and why."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from branch_node.home import home, today
from branch_node.income import actions
from branch_node.income.blocking import NAMED_AT_MOST, Document, pending
from branch_node.income.forms import MonthForm, ReopenForm
from branch_node.income.pages import ClosePage, Concern
from branch_node.staff.queries import names_of
from shared import periods
from shared.errors import Conflict
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.periods import Month
from shared.records import AuditEntry, FiscalPeriod
from shared.web import filters as show
from shared.web.forms import Form, empty_form, read_form
from shared.web.parts import AuditRow, Confirm, Crumb, Link
from shared.web.responses import page, redirect

VERBS = ("period.closed", "period.reopened")


async def closed_period(month: Month) -> FiscalPeriod | None:
    """The branch's closed period that holds the month's first day; None while postings are accepted."""
    held = FiscalPeriod.filter(
        branch=home().code, first_on__lte=month.first, after_on__gt=month.first, deleted_at=None
    )
    found = await held.first()
    return found if found is not None and found.closed_at is not None else None


async def closed_text(period: FiscalPeriod | None) -> str:
    """Since when and by whom a period is closed; "" for an open one."""
    if period is None or period.closed_at is None:
        return ""
    names = await names_of([period.closed_by])
    name = names.get(period.closed_by, "") or "—"
    return _("closed %(time)s by %(name)s", time=show.instant(period.closed_at), name=name)


async def show_close(request: Request) -> Response:
    month = asked_month(request)
    return page(request, "income/close.html", await close_page(month))


async def close_page(month: Month) -> ClosePage:
    """What closing the month would mean now."""
    period = await actions.period_shown(month)
    found = await pending(period)
    concerns = concerns_of(
        period, month, found.submitted, found.drafts, found.unallocated, found.earlier_open
    )
    confirm = None
    if period.closed_at is not None:
        sentence = await closed_text(period)
    elif period.after_on > today():
        sentence = _("This month has not ended. Close it from %(day)s on.", day=show.day(period.after_on))
    elif found.submitted:
        sentence = ""
    else:
        sentence = ""
        confirm = Confirm(
            _("Close %(month)s?", month=show.month(month.first)), "/income/close", _("Close the month"),
            f"/income?month={month}",
            [_("No receipt, expense, credit note or cancellation is posted into it any more."),
             _("Whoever may close months can reopen it with a reason.")],
            is_danger=False, hidden={"month": str(month)},
        )  # fmt: skip
    title = _("Close %(month)s", month=show.month(month.first))
    return ClosePage(title, crumbs_to(month), sentence, concerns, confirm, await history_of(period))


def crumbs_to(month: Month) -> list[Crumb]:
    return [
        Crumb(_("Income and expense of %(month)s", month=show.month(month.first)), f"/income?month={month}")
    ]


def concerns_of(
    period: FiscalPeriod,
    month: Month,
    submitted: Sequence[Document],
    drafts: Sequence[Document],
    unallocated: Sequence[Document],
    earlier: Sequence[str],
) -> list[Concern]:
    """One sentence per kind of unfinished document, what blocks first."""
    name = show.month(month.first)
    found = []
    if submitted:
        text = ngettext(
            "To close %(month)s, approve or refuse this expense:",
            "To close %(month)s, approve or refuse these %(n)s expenses:",
            len(submitted), month=name,
        )  # fmt: skip
        found.append(concern(text, submitted, "/expenses", f"status=submitted&period={month}", blocks=True))
    if drafts:
        text = ngettext(
            "One expense of the month is still a draft; once the month is closed its day must be changed:",
            "%(n)s expenses of the month are still drafts; once the month is closed their days must be changed:",
            len(drafts),
        )
        found.append(concern(text, drafts, "/expenses", f"status=draft&period={month}"))
    if unallocated:
        text = ngettext(
            "One receipt of the month is not wholly allocated; it can be allocated later, from an open month on:",
            "%(n)s receipts of the month are not wholly allocated; they can be allocated later, from an open month on:",
            len(unallocated),
        )
        found.append(concern(text, unallocated, "/receipts", f"status=unallocated&period={month}"))
    if earlier:
        text = _("Earlier months are still open: %(months)s.", months=_(", ").join(earlier[-6:]))
        found.append(Concern(text, [], "", blocks=False))
    return found


def concern(text: str, rows: Sequence[Document], url: str, query: str, *, blocks: bool = False) -> Concern:
    links = [
        Link(row.number, f"{url}/{row.id}", f"{show.day(row.day)} · {row.who} · {show.money(row.amount)}")
        for row in rows[:NAMED_AT_MOST]
    ]
    return Concern(text, links, f"{url}?{query}" if len(rows) > NAMED_AT_MOST else "", blocks)


async def history_of(period: FiscalPeriod) -> list[AuditRow]:
    """Who closed and reopened the period, newest first."""
    rows = AuditEntry.filter(entity="fiscal_period", entity_id=period.id, action__in=VERBS, deleted_at=None)
    return [
        AuditRow(
            at=row.recorded_at,
            who=row.person_name or _("the system"),
            text=_("closed the month") if row.action == "period.closed" else _("reopened the month"),
            reason=str(row.details.get("reason", "")),
        )
        for row in await rows.order_by("-recorded_at", "-id").limit(20)
    ]


async def close_month(request: Request) -> Response:
    """Close it; what blocks it is shown on the same page, with links."""
    month = await posted_month(request)
    try:
        row = await actions.close_period(request.state.person, month)
    except Conflict as refused:
        if refused.code != "period.open_items":
            raise
        return page(request, "income/close.html", await close_page(month), status=409)
    return redirect(f"/income?month={month}", toast=_("%(period)s closed.", period=row.code))


async def show_reopen(request: Request) -> Response:
    return page(request, "income/close.html", await reopen_page(asked_month(request), empty_form()))


async def reopen_page(month: Month, form: Form[ReopenForm]) -> ClosePage:
    period = await actions.period_shown(month)
    confirm = None
    if period.closed_at is not None:
        confirm = Confirm(
            _("Reopen %(month)s?", month=show.month(month.first)), "/income/reopen", _("Reopen the month"),
            f"/income?month={month}",
            [_("Figures that were reported may change; headquarters sees that too.")],
            asks_reason=True, hidden={"month": str(month)}, form=form,
        )  # fmt: skip
    sentence = await closed_text(period) or _("This month is open.")
    title = _("Reopen %(month)s", month=show.month(month.first))
    return ClosePage(title, crumbs_to(month), sentence, [], confirm, await history_of(period))


async def reopen_month(request: Request) -> Response:
    form = await read_form(request, ReopenForm)
    month = month_in(form.text("month"))
    if form.errors:
        return page(request, "income/close.html", await reopen_page(month, form), status=422)
    row = await actions.reopen_period(request.state.person, month, form.value.reason)
    return redirect(f"/income?month={month}", toast=_("%(period)s is open again.", period=row.code))


def month_in(text: str) -> Month:
    """The month that a text names; Invalid when it names none."""
    found = periods.parse(text)
    return found if isinstance(found, Month) else Month.containing(found.first)


def asked_month(request: Request) -> Month:
    """The month in the address, else the last one that has ended."""
    text = request.query_params.get("month", "")
    return month_in(text) if text else Month.containing(today()).previous()


async def posted_month(request: Request) -> Month:
    """The month that the form names; Invalid when it names none."""
    return month_in((await read_form(request, MonthForm)).text("month"))
