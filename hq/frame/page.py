"""The line of freshness and the check that rows add up: on every page that shows a figure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request

from hq.asking import Span, span_of
from hq.figures.freshness import Directory, directory, oldest_common
from hq.figures.shape import BASE, COMPANY_UNIT, Figure, Question
from hq.figures.words import completeness
from hq.tables import unit_urls, url_with
from shared import log
from shared.i18n import N_, sentences
from shared.i18n import gettext as _
from shared.money import format_amount
from shared.vocabulary import region_word
from shared.web.parts import Crumb, Tab
from shared.web.reader import current_request
from shared.web.templating import with_query

events = log.get_logger()


@dataclass(frozen=True)
class FreshnessLine:
    """How complete the figures of a page are, in one sentence, and how to leave out what is not, or to see every branch
    at the oldest moment up to which all are complete."""

    text: str
    is_complete: bool
    leave_out_url: str = ""
    take_back_url: str = ""
    align_url: str = ""
    align_to: datetime | None = None
    now_url: str = ""
    late_url: str = ""


def freshness_line(figure: Figure, path: str = "") -> FreshnessLine:
    """The sentence of one figure; all figures of a page share their branches. `path` is the page that its links lead to, by
    default the present address."""
    question = figure.question
    stale = sorted(mark.branch for mark in figure.watermarks if not mark.is_current)
    text = completeness(figure)
    if question.left_out:
        left_out = _(", ").join(sorted(question.left_out))
        text = sentences(text, _("Left out: %(branches)s.", branches=left_out))
    can_leave = bool(stale) and len(stale) < len(figure.watermarks) and question.unit.kind == "company"
    known_at = question.known_at
    common = oldest_common([mark for mark in figure.watermarks if mark.state != "unproven"])
    can_align = bool(stale) and known_at is None and common is not None and len(figure.watermarks) > 1
    late = {"unit": None if question.unit.kind == "company" else str(question.unit), "as_of": question.as_of}
    return FreshnessLine(
        text,
        figure.complete,
        with_query(path, without=",".join(sorted({*stale, *question.left_out}))) if can_leave else "",
        with_query(path, without=None) if question.left_out else "",
        with_query(path, known_at=moment(common), offset=None) if can_align and common else "",
        common,
        with_query(path, known_at=None, offset=None) if known_at else "",
        url_with("/late", **late, known_at=moment(known_at)) if known_at else "",
    )


def moment(at: datetime) -> str:
    """A moment as the address carries it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Check:
    """Whether the rows of a figure add up to its total in every money column."""

    holds: bool
    difference: str = ""
    request_id: str = ""


NOT_ADDED = ("target", "gap", "children_target", "unassigned_target")
"""The company's own target is set, not summed: the gap to the sum of the branches' is shown, not an error."""


def adds_up(figure: Figure) -> Check:
    """The check of a figure whose rows are all there; a difference is logged and shown, never hidden."""
    for key, rows in figure.sums().items():
        if key in NOT_ADDED or key.startswith("goal_") or key.endswith(("_target", "_gap")):
            continue
        total = figure.total.number(key)
        if total is not None and rows != total:
            events.error("figure does not add up", figure=figure.name, column=key, difference=rows - total)
            request_id = str(current_request().state.request_id)
            return Check(False, format_amount(rows - total, figure.total.currency, signed=True), request_id)
    return Check(True)


def month_span(figure: Figure, lengths: tuple[str, ...] = ("month", "quarter", "year")) -> Span:
    """The span that the figure took."""
    question = figure.question
    today = question.house.today()
    return span_of(question.first or today, question.last or today, lengths)


def crumbs_of(request: Request, figure: Figure, title: str) -> list[Crumb]:
    """The way back: the page of the company, then the branch of a narrower unit."""
    unit = figure.question.unit
    if unit.kind == "company":
        return []
    found = [Crumb(title, with_query(unit=None, by=None, offset=None))]
    if unit.kind not in ("branch", "region") and figure.total.branch:
        mark = next((mark for mark in figure.watermarks if mark.branch == figure.total.branch), None)
        name = mark.name if mark else figure.total.branch
        found.append(Crumb(name, with_query(unit=f"branch:{figure.total.branch}", by=None, offset=None)))
    return found


async def region_tabs(question: Question, shown: Directory) -> list[Tab]:
    """The regions of the reader's branches, to show one of them alone; none when there is at most one. A statement only
    where `shown` is one region already."""
    present = question.unit.key if question.unit.kind == "region" else ""
    known = await directory(replace(question, unit=COMPANY_UNIT)) if present else shown
    names = sorted({branch.region for branch in known.branches if branch.region})
    if len(names) < 2:
        return []
    tabs = [Tab(_("All regions"), with_query(unit=None, offset=None), not present)]
    return tabs + [
        Tab(region_word(name), with_query(unit=f"region:{name}", offset=None), name == present)
        for name in names
    ]


BY_WORDS = {
    "employee": N_("By person"),
    "department": N_("By department"),
    "customer": N_("By customer"),
    "category": N_("By category"),
    "month": N_("By month"),
    "order": N_("By order"),
}


def switches(figure: Figure, by: Sequence[str] = ()) -> list[list[Tab]]:
    """Below the company: what the rows are (the first of `by` is the usual one), and in which currency."""
    question, unit = figure.question, figure.question.unit
    if unit.kind in ("company", "region"):
        return []
    found = []
    if len(by) > 1:
        present = question.by if question.by in by else by[0]
        found.append(
            [Tab(_(BY_WORDS[name]), with_query(by=name, offset=None), name == present) for name in by]
        )
    own, home = figure.own_currency, question.house.currency
    if own and own != home:
        is_base = question.currency in (BASE, own)
        found.append(
            [
                Tab(home, with_query(currency=None, offset=None), not is_base),
                Tab(own, with_query(currency=BASE, offset=None), is_base),
            ]
        )
    return found


UNITS = frozenset({"company", "region", "branch", "department", "employee", "unassigned", "customer"})


def carried(question: Question) -> dict[str, str | None]:
    """How the figures of a question are shown, as every link from them to another page keeps it: the moment as known at,
    the currency, the branches left out."""
    return {
        "known_at": moment(question.known_at) if question.known_at else None,
        "currency": question.currency if question.currency != question.house.currency else None,
        "without": ",".join(sorted(question.left_out)) or None,
    }


def page_url(path: str, question: Question, **more: Any) -> str:
    """Another page about the unit of the question, shown as the question shows it. Its days are not carried along."""
    unit = str(question.unit) if question.unit.kind != "company" else None
    return url_with(path, **{"unit": unit, **more}, **carried(question))


def drill_urls(path: str, question: Question, **more: Any) -> Callable[[str], str]:
    """Gives the page of each unit of a list with the days, currency and branches of the question carried along; a row that is
    a month leads to the same unit in that month, one that is no unit nowhere ("")."""
    days: dict[str, Any] = {"from": question.first, "to": question.last, "as_of": question.as_of}
    kept: dict[str, Any] = {**carried(question), **more}
    of_unit, company = unit_urls(path, **days, **kept), url_with(path, **days, **kept)

    def url(unit: str) -> str:
        kind, _colon, key = unit.partition(":")
        if kind == "company":
            return company
        if kind == "month":
            own = str(question.unit)
            return url_with(path, unit=own if own != "company" else None, period=key, **kept)
        return of_unit(unit) if kind in UNITS else ""

    return url


def drill_url(path: str, question: Question, unit: str, **more: Any) -> str:
    """The same for one unit."""
    return drill_urls(path, question, **more)(unit)
