"""/pipeline: opportunities by stage, lost reasons, the list behind each number."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import question_of
from hq.cards import maker_of
from hq.figures.freshness import directory
from hq.figures.lists import as_date
from hq.figures.people import names_of
from hq.figures.shape import Figure, Line
from hq.figures.words import scope_name
from hq.frame.page import adds_up, crumbs_of, drill_url, freshness_line, month_span, region_tabs
from hq.pipeline.pages import PipelinePage, ReasonRow
from hq.pipeline.queries import lost_reasons, opportunities, pipeline, sorts_of
from hq.tables import Look, table_of, titled
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.money import Money
from shared.vocabulary import LOST_REASONS, OPEN_STAGES, STAGES
from shared.web import parts
from shared.web.filters import money_card, percent
from shared.web.keyset import neighbours, paging
from shared.web.parts import Column, Row, Share, Tab, TableView
from shared.web.responses import page
from shared.web.templating import with_query

TONES = dict(zip(OPEN_STAGES, ("age0", "age1", "age2", "age3"), strict=True))
KINDS = ("open", *STAGES)


async def show(request: Request) -> Response:
    """What may come, what came, and why some did not."""
    params = request.query_params
    question = question_of(request, "opportunity.view", limit=1_000, offset=0)
    known = await directory(question)
    figure = await pipeline(question, known)
    kind = params.get("list", "open")
    kind = kind if kind in KINDS else "open"
    reason = params.get("reason", "")[:24]
    wanted = paging(params, sorts_of(kind), "-day" if kind in ("won", "lost") else "day")
    cut = await opportunities(figure, kind, reason, wanted)
    reasons = await lost_reasons(figure, known)
    is_company = question.unit.kind in ("company", "region")
    names = {branch.code: branch.name for branch in known.branches}
    owners = await names_of("employee", {str(row["owner_id"] or "") for row in cut.rows})
    customers = await names_of("customer", {str(row["customer_id"]) for row in cut.rows})
    view = PipelinePage(
        scope=scope_name(figure),
        crumbs=crumbs_of(request, figure, _("Pipeline")),
        span=month_span(figure),
        freshness=freshness_line(figure),
        regions=await region_tabs(question, known) if is_company else [],
        cards=cards(figure),
        shares=shares(figure),
        check=adds_up(figure),
        table=replace(table_of(figure, look_of(request, figure), is_ranked=is_company), exports=()),
        reasons=[reason_row(figure, *one) for one in reasons],
        lists=lists(figure, kind),
        opportunities=listed(
            [opportunity_row(row, names, owners, customers) for row in cut.rows], kind, neighbours(cut)
        ),
        is_of_then=question.known_at is not None or question.as_of is not None,
    )
    return page(request, "pipeline/show.html", view)


def counted(number: int | None) -> str:
    """So many opportunities."""
    return ngettext("%(n)s opportunity", "%(n)s opportunities", number or 0)


def cards(figure: Figure) -> list[parts.Figure]:
    """Open, weighted, won, lost."""
    maker, total = maker_of(figure), figure.total
    rate = total.number("win_rate")
    won = replace(maker.card("won", _("Won")), note=_("%(share)s of what was closed", share=percent(rate)) if rate is not None else "")  # fmt: skip
    return [
        replace(maker.card("open", _("Open amount")), note=counted(total.number("number_open"))),
        maker.card("weighted", _("Weighted")),
        won,
        replace(maker.card("lost", _("Lost")), note=counted(total.number("number_lost"))),
    ]  # fmt: skip


def shares(figure: Figure) -> list[Share]:
    """The open stages as parts of one bar."""
    total = figure.total
    return [
        Share(
            titled(_(label)),
            max(total.number(stage) or 0, 0),
            money_card(Money(total.number(stage) or 0, total.currency)),
            TONES[stage],
            with_query(list=stage, reason=None, after=None, before=None) + "#list",
        )
        for stage, label in OPEN_STAGES.items()
    ]


def look_of(request: Request, figure: Figure) -> Look:
    """Branches or people; a number leads to the opportunities behind it."""
    question = figure.question
    is_company = question.unit.kind in ("company", "region")
    lists_of = {**{stage: stage for stage in OPEN_STAGES}, "number_won": "won", "won": "won", "number_lost": "lost", "lost": "lost"}  # fmt: skip

    def drill(line: Line, key: str) -> str:
        url = drill_url("/pipeline", question, line.unit, list=lists_of.get(key))
        return f"{url}#list" if url else ""

    return Look(
        key="pipeline",
        caption=_("Pipeline by branch") if is_company else _("Pipeline by person"),
        keys=("number_open", *OPEN_STAGES, "weighted", "won", "lost", "win_rate"),
        big=is_company,
        drill=drill,
        open_row=lambda line: drill_url("/pipeline", question, line.unit),
        phone=("weighted",),
        shows_mark=False,
        first_label=_("Branch") if is_company else _("Name"),
        sort=request.query_params.get("sort", "-weighted") if is_company else "",
        can_sort=is_company,
    )


def reason_row(figure: Figure, reason: str, number: int, amount: int) -> ReasonRow:
    """One reason."""
    label = _(LOST_REASONS[reason]) if reason in LOST_REASONS else reason or _("no reason given")
    url = with_query(list="lost", reason=reason or None, after=None, before=None) + "#list"
    return ReasonRow(label, number, Money(amount, figure.total.currency), url)


def lists(figure: Figure, kind: str) -> list[Tab]:
    """Open (all stages or one), won, lost."""
    labels = {"open": _("open"), **{stage: _(label) for stage, label in STAGES.items()}}
    counts = {name: figure.total.number(f"number_{name}") for name in ("open", "won", "lost")}
    return [
        Tab(
            titled(label),
            with_query(list=name, reason=None, after=None, before=None) + "#list",
            name == kind,
            counts.get(name),
        )
        for name, label in labels.items()
    ]


def listed(rows: list[Row], kind: str, around: tuple[str, str]) -> TableView:
    """The opportunities of one list."""
    is_closed = kind in ("won", "lost")
    columns = [
        Column("title", _("Opportunity"), phone="head"),
        Column("customer", _("Customer"), "link", phone="second"),
        Column("branch", _("Branch"), phone="second", is_short=True),
        Column("owner", _("Owner")),
        Column("stage", _("Stage"), is_short=True),
        Column("amount", _("Amount"), "money", phone="second"),
        Column("probability", _("Probability"), "percent"),
        Column("closed_on", _("Closed on"), "day")
        if is_closed
        else Column("expected_on", _("Expected"), "day"),
    ]
    if kind == "lost":
        columns += [Column("reason", _("Reason")), Column("competitor", _("Competitor"))]
    empty = parts.Empty("nothing", _("No opportunities here."))
    return TableView(
        "opportunities",
        _("Opportunities"),
        columns,
        rows,
        next_url=around[0],
        previous_url=around[1],
        empty=empty,
    )


def opportunity_row(
    row: Mapping[str, Any], names: Mapping[str, str], owners: Mapping[str, str], customers: Mapping[str, str]
) -> Row:
    """One opportunity."""
    stage, reason = str(row["stage"]), str(row["lost_reason"])
    return Row(
        {
            "title": str(row["title"]),
            "customer": parts.Link(customers[str(row["customer_id"])], f"/customers/{row['customer_id']}"),
            "branch": names.get(str(row["branch"]), str(row["branch"])),
            "owner": owners[str(row["owner_id"] or "")],
            "stage": _(STAGES[stage]) if stage in STAGES else stage,
            "amount": Money(int(row["amount_minor"]), str(row["currency"])),
            "probability": int(row["probability_percent"]) * 100,
            "expected_on": as_date(row["expected_on"]),
            "closed_on": as_date(row["closed_on"]),
            "reason": _(LOST_REASONS[reason]) if reason in LOST_REASONS else reason,
            "competitor": str(row["competitor"]),
        },
        id=str(row["id"]),
    )
