"""/logs: search, filters, live tail, export."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from netops.center.ingest.topics import LINES
from netops.center.logs.forms import SPANS, LogFilter, filter_of
from netops.center.logs.pages import LinesPart, LogsPage
from netops.center.telemetry.lines import (
    LEVELS,
    LineQuestion,
    StoredLine,
    count_lines,
    find_lines,
    lines_since,
    newest_place,
    older,
    services_of,
)
from shared import clock
from shared.canonical import to_micros
from shared.i18n import N_, ngettext
from shared.i18n import gettext as _
from shared.web.export import Heading, export
from shared.web.filters import instant, number
from shared.web.forms import empty_form
from shared.web.lists import with_own_views
from shared.web.live import Push, live, partial
from shared.web.parts import Action, Column, Empty, Field, Filters, Link, Option
from shared.web.responses import page, render
from shared.web.templating import with_query

SHOWN = 200
TAIL_AT_ONCE = 200
EXPORT_LIMIT = 100_000
BATCH = 1_000
LEVEL_LABELS: Mapping[str, str] = {
    "debug": N_("everything"),
    "info": N_("info and graver"),
    "warning": N_("warnings and graver"),
    "error": N_("errors and graver"),
    "critical": N_("critical only"),
}


async def show(request: Request) -> Response:
    """The newest lines that answer the question."""
    asked = filter_of(request.query_params)
    question = asked.question(clock.now())
    with request.app.state.telemetry.reading():
        found = await find_lines(question, SHOWN + 1)
        total = await count_lines(question) if asked.text else None
        services = await services_of(asked.node.split())
    lines = found[:SHOWN]
    is_tail = request.query_params.get("tail") == "1"
    view = LogsPage(
        filters=filters_of(asked, services),
        lines=lines,
        sentence=sentence_of(asked, total, len(found)),
        older_url=with_query(before="{}-{}".format(*lines[-1].place), tail=None)
        if len(found) > SHOWN
        else "",
        exports=[
            Link("CSV", with_query("/logs/export", format="csv", before=None, tail=None)),
            Link("XLSX", with_query("/logs/export", format="xlsx", before=None, tail=None)),
        ],
        empty=Empty("filter", _("No line for this question."), Action(_("Clear filters"), "/logs?span=24h")),
        tail_url=with_query("/live/logs", before=None),
        is_tail=is_tail,
        tail_switch=Link(_("Pause"), with_query(tail=None))
        if is_tail
        else Link(_("Follow live"), with_query(tail="1", before=None)),
        views=await with_own_views(request, []),
    )
    return page(request, "logs/show.html", view)


def filters_of(asked: LogFilter, services: Sequence[str]) -> Filters:
    """The query line."""
    span = [Option(key, _(label)) for key, (label, _delta) in SPANS.items()]
    level = [Option(key, _(LEVEL_LABELS[key])) for key in LEVELS]
    service = [Option("", _("all")), *(Option(name, name) for name in services)]
    form = empty_form(
        q=asked.text, node=asked.node, service=asked.service, level=asked.level, span=asked.span
    )
    return Filters(
        [
            Field("q", _("Words in the line"), "search", width="l"),
            Field("node", _("Node"), width="s"),
            Field("service", _("Service"), "select", options=service),
            Field("level", _("Level"), "select", options=level),
            Field("span", _("Time"), "select", options=span),
        ],
        form,
        action="/logs",
        keep={"around": asked.around.isoformat()} if asked.around else {},
    )


def sentence_of(asked: LogFilter, total: int | None, found_count: int) -> str:
    """What is shown, in words."""
    if asked.around is not None:
        return _("Five minutes before and after %(time)s.", time=instant(asked.around, seconds=True))
    if total is not None:
        return ngettext("%(shown)s line found.", "%(shown)s lines found.", total, shown=number(total))
    if found_count > SHOWN:
        return _("The newest %(n)s lines.", n=number(SHOWN))
    return ngettext("%(shown)s line.", "%(shown)s lines.", found_count, shown=number(found_count))


async def tail(request: Request) -> Response:
    """New lines that answer the question, in the order of their arrival, at most once a second."""
    asked = replace(filter_of(request.query_params), before=None, around=None)
    place = await newest_place(clock.now())

    async def changes(_changed: Collection[str]) -> Sequence[Push]:
        nonlocal place
        question = replace(asked.question(clock.now()), after=place)
        with request.app.state.telemetry.reading():
            fresh = await lines_since(question, TAIL_AT_ONCE)
        if not fresh:
            return []
        place = (to_micros(fresh[-1].received_at), fresh[-1].id)
        newest_first = list(reversed(fresh))
        return [
            partial("#log-lines", render(request, "logs/lines.html", LinesPart(newest_first)), "afterbegin")
        ]

    return live(request, topics=[LINES], render=changes, interval_seconds=1.0)


async def download(request: Request) -> Response:
    """The lines of the question as a file, newest first, 100,000 at most; read and sent in pieces."""
    asked = replace(filter_of(request.query_params), before=None)
    kind = "xlsx" if request.query_params.get("format") == "xlsx" else "csv"
    heading = Heading(
        _("Log lines"),
        asked.node or _("all nodes"),
        _("; ").join(
            part
            for part in (asked.text, asked.service, _(LEVEL_LABELS[asked.level]), _(SPANS[asked.span][0]))
            if part
        ),
        instant(clock.now(), seconds=True),
        request.state.person.name,
    )
    columns = [
        Column("at", _("Time at the node"), "instant"),
        Column("received", _("Arrived"), "instant"),
        Column("node", _("Node")),
        Column("service", _("Service")),
        Column("level", _("Level")),
        Column("text", _("Text")),
    ]
    rows = rows_of(request, asked.question(clock.now()))
    return await export(request, kind=kind, name="logs", heading=heading, columns=columns, rows=rows)


async def rows_of(request: Request, question: LineQuestion) -> AsyncIterator[Mapping[str, Any]]:
    """The lines one by one, read a thousand at a time."""
    left = EXPORT_LIMIT
    while left > 0:
        with request.app.state.telemetry.reading():
            found = await find_lines(question, min(BATCH, left))
        for line in found:
            yield row_of(line)
        if len(found) < min(BATCH, left):
            return
        left -= len(found)
        question = older(question, found[-1])


def row_of(line: StoredLine) -> Mapping[str, Any]:
    return {
        "at": line.at,
        "received": line.received_at,
        "node": line.node,
        "service": line.service,
        "level": line.level,
        "text": line.text,
    }
