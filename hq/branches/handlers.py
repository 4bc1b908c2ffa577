"""/branches: freshness of every branch; /branches/{code}: one branch."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import PAGE_ROWS, branches_of, question_of
from hq.branches.pages import BranchesPage, BranchPage
from hq.dashboard import view as overview
from hq.dashboard.queries import series
from hq.figures.freshness import Branch, directory, oldest_common
from hq.figures.sales import sales
from hq.figures.scoreboard import Board, scoreboard
from hq.figures.shape import Column, Figure, Line, Question, Unit
from hq.frame.page import carried, drill_url, freshness_line, month_span
from hq.live import shared_part, topics_of
from hq.tables import Look, mark_of, pages, table_of, url_with
from shared.errors import NotFound
from shared.i18n import gettext as _
from shared.money import Money
from shared.web import parts
from shared.web.filters import instant, money_card, percent
from shared.web.live import live
from shared.web.parts import Crumb, Row, TableView
from shared.web.responses import page, render
from shared.web.templating import with_query

WORST_FIRST = ("unreachable", "unproven", "delayed", "current", "never")


async def show(request: Request) -> Response:
    """Every branch: state, complete to in its own and in the reader's time, position, what waits."""
    question = question_of(request, "figures.view")
    known = await directory(question)
    total = Line("company", "", "", question.currency, {})
    figure = Figure("sales", question, (Column("", ""),), (), total, known.marks)
    worst_first = sorted(known.branches, key=lambda branch: WORST_FIRST.index(branch.mark.state))
    view = BranchesPage(
        freshness_line(figure), branch_table(worst_first, question.offset), oldest_common(known.marks)
    )
    return page(request, "branches/list.html", view)


def branch_table(branches: Sequence[Branch], offset: int) -> TableView:
    """One row for each branch, a page of them."""
    following, previous = pages(offset, PAGE_ROWS, len(branches))
    columns = [
        parts.Column("name", _("Branch"), phone="head", is_short=True),
        parts.Column("state", _("State"), "status", phone="second"),
        parts.Column("complete_to", _("Complete to"), phone="second", is_short=True),
        parts.Column("own_time", _("In its own time"), is_short=True),
        parts.Column("contact", _("Last heard of"), "instant"),
        parts.Column("position", _("Log position"), "number"),
        parts.Column(
            "waiting",
            _("Waiting"),
            "number",
            title=_("Changes that the branch has announced and that are not here yet."),
        ),
        parts.Column(
            "quarantined", _("Set aside"), "number", title=_("Changes that could not be taken over.")
        ),
        parts.Column("currency", _("Currency")),
    ]
    return TableView(
        "branches",
        _("Branches"),
        columns,
        [branch_row(branch) for branch in branches[offset : offset + PAGE_ROWS]],
        count=parts.Count(len(branches)),
        next_url=following,
        previous_url=previous,
        empty=parts.Empty(
            "nothing", _("No branch is connected yet. Issue a token with: python -m hq branches enrol CODE")
        ),
    )


def branch_row(branch: Branch) -> Row:
    """One branch."""
    mark = branch.mark
    return Row(
        {
            "name": f"{branch.name} ({branch.code})",
            "state": mark.state,
            "complete_to": instant(mark.complete_to, seconds=True) if mark.complete_to else None,
            "own_time": instant(mark.complete_to, branch.timezone) if mark.complete_to else None,
            "contact": mark.contact_at,
            "position": mark.position,
            "waiting": branch.waiting,
            "quarantined": branch.quarantined,
            "currency": branch.currency or None,
        },
        id=branch.code,
        url=f"/branches/{branch.code}",
        is_muted=mark.state in ("unreachable", "never"),
    )


async def show_one(request: Request) -> Response:
    """One branch: its gap in a sentence, the cards of the overview, its people."""
    view = await view_of(request)
    return page(request, "branches/one.html", view)


async def asked(request: Request) -> tuple[Question, str]:
    """The question narrowed to the branch of the address. NotFound outside the reader's branches."""
    code = request.path_params["code"]
    codes = branches_of(request.state.person, "figures.view")
    if codes is not None and code not in codes:
        raise NotFound()
    question = question_of(
        request, "figures.view", branches=frozenset({code}), unit=Unit(), left_out=frozenset()
    )
    return question, code


async def view_of(request: Request) -> BranchPage:
    """The page from one board of one branch."""
    question, code = await asked(request)
    board = await scoreboard(question)
    branch = board.branches.get(code)
    if branch is None:
        raise NotFound()
    assert board.question.last is not None
    shapes = await series(board.question, board.branches, board.question.last, board.rates)
    unit = f"branch:{code}"
    people = await sales(replace(board.question, unit=Unit("branch", code), limit=50, offset=0))
    cards = [retargeted(card, unit) for card in overview.cards(board, shapes, "plan")]
    return BranchPage(
        code=code,
        name=branch.name,
        city=branch.city,
        timezone=branch.timezone,
        currency=branch.currency,
        own_date=branch.today,
        is_other_date=branch.today != question.house.today(),
        mark=mark_of(branch.mark),
        position=branch.mark.position,
        waiting=branch.waiting,
        quarantined=branch.quarantined,
        crumbs=[Crumb(_("Branches"), "/branches")],
        span=month_span(board.figure),
        sentence=sentence(board),
        cards=cards,
        people=table_of(people, people_look(people), is_ranked=False),
        live_url=with_query(f"/live/branches/{code}"),
        carried=url_with("", **carried(question)).replace("?", "&", 1),
    )


def retargeted(card: parts.Figure, unit: str) -> parts.Figure:
    """The card leading to the branch's own rows."""
    path, _mark, query = card.url.partition("?")
    joined = "&".join(filter(None, [query, url_with("", unit=unit).removeprefix("?")]))
    return replace(card, url=f"{path}?{joined}" if path else "")


def sentence(board: Board) -> str:
    """How the branch stands to its plan."""
    line = board.figure.rows[0] if board.figure.rows else board.figure.total
    gap, completion = line.number("gap"), line.number("completion")
    if gap is None:
        return _("No target is set for these days.")
    amount = money_card(Money(abs(gap), line.currency))
    share = percent(completion) if completion is not None else "—"
    if gap < 0:
        return _("%(amount)s short of plan: %(share)s done.", amount=amount, share=share)
    return _("%(amount)s above plan: %(share)s done.", amount=amount, share=share)


def people_look(figure: Figure) -> Look:
    """Sales by person, each leading to the person's orders."""
    question = figure.question

    def drill(line: Line, _key: str) -> str:
        return drill_url("/sales", question, line.unit)

    return Look(
        key="people",
        caption=_("Sales by person"),
        keys=("orders", "ordered", "cancelled", "sales"),
        big=False,
        drill=drill,
        phone=("sales",),
        first_label=_("Name"),
        can_sort=False,
    )


async def live_part(request: Request) -> str:
    """What changes on the page of a branch."""
    return render(request, "branches/one.html", await view_of(request), block="live")


async def stream(request: Request) -> Response:
    """The open page of a branch, brought up to date when the branch has sent something."""
    question, code = await asked(request)
    gap = max(request.app.state.settings.live_gap_seconds, 0.5)
    part = shared_part(request, "#branch-live", question, gap, live_part)
    return live(request, topics=topics_of({code}), render=part, interval_seconds=0)
