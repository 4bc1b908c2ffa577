"""/ and its live stream."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import question_of
from hq.dashboard import view as parts
from hq.dashboard.live import OpenPage
from hq.dashboard.pages import OverviewPage
from hq.dashboard.queries import Waiting, series, strip, waiting_warnings
from hq.dayclose.queries import red_lines
from hq.figures import crowd
from hq.figures.scoreboard import Board, scoreboard
from hq.figures.shape import Question
from hq.figures.units import scope_of
from hq.figures.words import scope_name
from hq.frame.page import adds_up, freshness_line, month_span, page_url, region_tabs
from hq.live import topics_of
from shared.i18n import gettext as _
from shared.web.live import Push, live
from shared.web.parts import Tab
from shared.web.responses import page
from shared.web.templating import with_query

DEFAULT_SORT = "gap"


def asked(request: Request) -> tuple[Question, str, str]:
    """The question of the page, what it compares with, and its order."""
    params = request.query_params
    question = question_of(request, "figures.view")
    compare = "py" if params.get("compare") == "py" else "plan"
    return question, compare, params.get("sort", DEFAULT_SORT)


async def show(request: Request) -> Response:
    """How are we doing, who needs me?"""
    question, compare, sort = asked(request)
    board = await scoreboard(question)
    shapes = await series(board.question, board.branches, last_of(board), board.rates)
    found = await strip(board.question, board.branches, question.house.today())
    scope = scope_of(board.question, board.branches.codes)
    waiting = await waiting_warnings(scope)
    red = await crowd.kept(("red lines", scope), board.branches.own_seq, lambda: red_lines(scope))
    view = replace(
        view_of(board, shapes, compare, sort, found, waiting, red),
        regions=await region_tabs(question, board.branches),
    )
    return page(request, "dashboard/show.html", view)


def last_of(board: Board) -> date:
    last = board.question.last
    assert last is not None
    return last


def view_of(
    board: Board,
    shapes: Mapping[str, Sequence[int]],
    compare: str,
    sort: str,
    found: Mapping[str, Sequence[object]],
    waiting: Waiting,
    red: int,
) -> OverviewPage:
    """The page from what was read."""
    return OverviewPage(
        scope=scope_name(board.figure),
        span=month_span(board.figure),
        compare=[
            Tab(_("vs plan"), with_query(compare=None), compare == "plan"),
            Tab(_("vs last year"), with_query(compare="py"), compare == "py"),
        ],
        freshness=freshness_line(board.figure),
        check=adds_up(board.figure),
        cards=parts.cards(board, shapes, compare),
        alerts=parts.needs(board, waiting, red),
        table=parts.table(board, sort, _("HQ and branches")),
        strip=found,  # type: ignore[arg-type]
        strip_urls={
            "newest": page_url("/customers", board.question),
            "signed": page_url("/customers", board.question, tab="signed"),
            "due": page_url("/customers", board.question, tab="followup"),
            "news": "/news",
        },
        live_url=with_query("/live/overview"),
    )


async def stream(request: Request) -> Response:
    """What has changed on the open overview: cards, the sentence, single rows. Never the order of the rows."""
    question, compare, sort = asked(request)
    board = await scoreboard(question)
    held = OpenPage(request, board, compare, sort)

    async def render(_changed: Collection[str]) -> Sequence[Push]:
        return await held.changes()

    return live(request, topics=topics_of(board.branches.codes), render=render, interval_seconds=0)
