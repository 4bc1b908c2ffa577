"""/warnings: what needs somebody, not yet acknowledged first."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import PAGE_ROWS, branches_of, house_of, number_of, question_of
from hq.figures.freshness import directory
from hq.figures.shape import Question
from hq.figures.units import scope_of
from hq.figures.words import scope_of_branches
from hq.frame.page import region_tabs
from hq.models import Warning
from hq.tables import pages
from hq.warnings import actions
from hq.warnings.pages import WarningRow, WarningsPage
from hq.warnings.words import sentence
from shared.errors import NotFound
from shared.i18n import gettext as _
from shared.web.export import Heading, export
from shared.web.filters import instant
from shared.web.parts import Column, Tab
from shared.web.responses import page, redirect
from shared.web.templating import with_query

LISTED_MOST = 2_000


async def show(request: Request) -> Response:
    """Open ones, the gravest and newest first; or those that are over."""
    is_open = request.query_params.get("list") != "over"
    question = question_of(request, "figures.view")
    known = await directory(question)
    rows = await listed(scope_of(question, known.codes), is_open)
    names = await names_of_branches(request)
    scope = scope_of_branches(question, [branch.name for branch in known.branches])
    newest = await Warning.all().order_by("-checked_at").first()
    checked_at = newest.checked_at if newest else None
    lists = {True: _("Open warnings"), False: _("Resolved")}
    if request.query_params.get("format") == "csv":
        as_of = instant(checked_at) if checked_at else ""
        heading = Heading(_("Early warnings"), scope, lists[is_open], as_of, request.state.person.name)
        return await as_file(request, rows, names, heading)
    offset = number_of(request.query_params, "offset", 0, LISTED_MOST)
    following, previous = pages(offset, PAGE_ROWS, len(rows))
    view = WarningsPage(
        scope=scope,
        regions=await region_tabs(question, known),
        tabs=[
            Tab(lists[True], with_query(list=None, offset=None), is_open),
            Tab(lists[False], with_query(list="over", offset=None), not is_open),
        ],
        rows=[row_of(row, names) for row in rows[offset : offset + PAGE_ROWS]],
        is_open=is_open,
        checked_at=checked_at,
        export_url=with_query(format="csv"),
        next_url=following,
        previous_url=previous,
    )
    return page(request, "warnings/list.html", view)


async def listed(codes: frozenset[str] | None, is_open: bool) -> list[Warning]:
    """The warnings of these branches, None for all."""
    found = Warning.filter(cleared_at__isnull=is_open)
    if codes is not None:
        found = found.filter(branch__in=sorted(codes))
    rows = await found.order_by("-seen_at").limit(LISTED_MOST)
    return sorted(rows, key=lambda row: (row.acknowledged_at is not None, row.severity)) if is_open else rows


async def names_of_branches(request: Request) -> dict[str, str]:
    """The branches in the reader's language."""
    house = house_of(request.app.state.settings)
    known = await directory(Question(locale=request.state.locale, house=house))
    return {branch.code: branch.name for branch in known.branches}


def text_of(row: Warning, names: Mapping[str, str]) -> str:
    """The sentence of a warning, its branch named in the reader's language."""
    named = {"name": names[row.branch]} if row.branch in names else {}
    return sentence(row.kind, {**row.values, **named})


def row_of(row: Warning, names: Mapping[str, str]) -> WarningRow:
    """A warning in words."""
    return WarningRow(
        str(row.id), text_of(row, names), row.url, row.severity, row.seen_at, row.cleared_at,
        row.acknowledged_by, row.acknowledged_at, row.assigned_to, row.is_false_alarm,
    )  # fmt: skip


async def as_file(
    request: Request, rows: Sequence[Warning], names: Mapping[str, str], heading: Heading
) -> Response:
    """The list as CSV."""
    columns = [
        Column("text", _("Warning")),
        Column("seen_at", _("First seen"), "instant"),
        Column("cleared_at", _("Resolved"), "instant"),
        Column("acknowledged_by", _("Acknowledged by")),
        Column("assigned_to", _("Taken on by")),
    ]

    async def cells() -> AsyncIterator[dict[str, Any]]:
        for row in rows:
            yield {
                "text": text_of(row, names),
                "seen_at": row.seen_at,
                "cleared_at": row.cleared_at,
                "acknowledged_by": row.acknowledged_by,
                "assigned_to": row.assigned_to,
            }

    return await export(request, kind="csv", name="warnings", heading=heading, columns=columns, rows=cells())


async def wanted(request: Request) -> Warning:
    """The warning of the address, within the reader's branches."""
    try:
        key = UUID(request.path_params["id"])
    except ValueError:
        raise NotFound() from None
    return await actions.warning_for(key, branches_of(request.state.person, "figures.view"))


async def acknowledge(request: Request) -> Response:
    """Seen."""
    await actions.acknowledge(await wanted(request), request.state.person.name)
    return redirect("/warnings", toast=_("Acknowledged."))


async def false_alarm(request: Request) -> Response:
    """Not worth a warning."""
    await actions.acknowledge(await wanted(request), request.state.person.name, is_false_alarm=True)
    return redirect("/warnings", toast=_("Marked as a false alarm."))


async def assign(request: Request) -> Response:
    """The reader takes it on."""
    await actions.assign(await wanted(request), request.state.person.name)
    return redirect("/warnings", toast=_("Taken on."))
