"""What open overviews are told: only the cards and rows that read differently from what they were told before.

Pages that show the same (branches, days, order, language, time zone, rights) share one board. It is made once per change and at most
once per gap, a card or row that has not changed keeps its text, and the message from what a page was told to what holds
now is put together once for all of them: a hundred open pages cost little more than one.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from weakref import WeakSet, WeakValueDictionary

from starlette.requests import Request

from hq.dashboard import view
from hq.dashboard.queries import Alert, series, waiting_warnings
from hq.dayclose.queries import red_lines
from hq.figures.scoreboard import Board, scoreboard
from hq.figures.shape import Line, Question, Watermark
from hq.figures.units import scope_of
from hq.frame.page import FreshnessLine, freshness_line
from hq.live import Shared, actions_of
from hq.tables import row_id
from shared import clock
from shared.web.live import Hub, Push, partial, wire_of
from shared.web.parts import Figure, Row, TableView
from shared.web.reader import reader_zone
from shared.web.responses import render

PAGE = "/"
STATES_KEPT = 16
"""How many states back a page is told only what differs; one that was told nothing for longer gets everything."""


@dataclass(frozen=True)
class CardPart:
    """One card."""

    card: Figure


@dataclass(frozen=True)
class RowPart:
    """The cells of one row."""

    table: TableView
    row: Row


@dataclass(frozen=True)
class FreshnessPart:
    """The sentence of freshness."""

    freshness: FreshnessLine


@dataclass(frozen=True)
class AlertsPart:
    """What needs somebody."""

    alerts: Sequence[Alert]


@dataclass(frozen=True)
class Shown:
    """What a page shows, as far as its text depends on it: equal pages share a board. `actions` are what its reader may do: numbers
    link only to pages that open."""

    question: Question
    compare: str
    sort: str
    query: str
    zone: str
    actions: frozenset[str]


class LiveBoard(Shared):
    """The board that pages showing the same share.

    `texts` are the present html by place, `made` what each was made of and its html; `number` grows with each state that reads
    differently. A state is made of what the database held after the hub's `version`, with the rows `wanted` by its pages.
    """

    def __init__(self, hub: Hub, shown: Shown, gap_seconds: float) -> None:
        super().__init__(hub, gap_seconds)
        self.shown = shown
        self.number = 0
        self.texts: dict[str, str] = {}
        self.states: OrderedDict[int, Mapping[str, str]] = OrderedDict()
        self.messages: dict[tuple[int, frozenset[str]], Push | None] = {}
        self.made: dict[str, tuple[object, str]] = {}
        self.wanted: frozenset[str] = frozenset()
        self.day: date | None = None
        self.pages: WeakSet[OpenPage] = WeakSet()

    async def refresh(self, request: Request, rows: frozenset[str]) -> None:
        """Make the board anew when something was told since it was made, some of the rows are not in it, or it is of another day."""

        async def make() -> None:
            board = await scoreboard(self.shown.question)
            last = board.question.last
            assert last is not None
            shapes = await series(board.question, board.branches, last, board.rates)
            scope = scope_of(board.question, board.branches.codes)
            needs = view.needs(board, await waiting_warnings(scope), await red_lines(scope))
            self.take(request, board, shapes, needs)

        await self.anew(make, lambda: rows <= self.wanted and self.day == self.today())

    def today(self) -> date:
        """The reader's day: moments of another one are written with their date."""
        return clock.now().astimezone(reader_zone()).date()

    def take(
        self, request: Request, board: Board, shapes: Mapping[str, Sequence[int]], needs: Sequence[Alert]
    ) -> None:
        """The texts of a board; a new state when any of them differs."""
        if self.day != self.today():
            self.day = self.today()
            self.made.clear()
        texts: dict[str, str] = {}
        for card in view.cards(board, shapes, self.shown.compare):
            place = f"#figure-{card.key}"
            texts[place] = self.text(request, place, "card.html", CardPart(card))
        freshness = FreshnessPart(freshness_line(board.figure, PAGE))
        texts["#freshness"] = self.text(request, "#freshness", "freshness.html", freshness)
        texts["#alerts"] = self.text(request, "#alerts", "alerts.html", AlertsPart(needs))
        texts |= self.rows(request, board)
        if texts != self.texts:
            self.number += 1
            self.texts = texts
            self.states[self.number] = texts
            self.messages.clear()
            while len(self.states) > STATES_KEPT:
                self.states.popitem(last=False)

    def text(self, request: Request, place: str, template: str, part: object) -> str:
        """The html of a part, the same as before when the part is."""
        held = self.made.get(place)
        if held is None or held[0] != part:
            held = self.made[place] = (part, render(request, f"dashboard/{template}", part))
        return held[1]

    def rows(self, request: Request, board: Board) -> dict[str, str]:
        """The rows that any of the pages shows, and the total. Only those whose line or freshness changed are laid out."""
        self.wanted = frozenset[str]().union(*(page.rows for page in self.pages))
        marks = {mark.branch: mark for mark in board.figure.watermarks}
        scale = view.scale_of(board)
        found: dict[str, str] = {}
        changed: dict[str, tuple[Line, object]] = {}
        for line in board.figure.rows:
            if (key := row_id(line)) in self.wanted:
                place, made_of = f"#branches-{key}", (line, shown_of(marks.get(line.branch)), scale)
                held = self.made.get(place)
                if held is not None and held[0] == made_of:
                    found[place] = held[1]
                else:
                    changed[place] = (line, made_of)
        table = view.table(board, self.shown.sort, "", only=[line for line, _ in changed.values()])
        for row in table.rows:
            place = f"#{table.key}-{row.id}"
            found[place] = render(request, "dashboard/row.html", RowPart(table, row))
            self.made[place] = (changed[place][1], found[place])
        assert table.total is not None
        found["#branches-total"] = render(request, "dashboard/row.html", RowPart(table, table.total))
        return found

    def message(self, told: int, rows: frozenset[str]) -> Push | None:
        """What brings a page with these rows from the state `told` to the present one; None when it reads the same."""
        if told == self.number:
            return None
        key = (told, rows)
        if key not in self.messages:
            before = self.states.get(told, {})
            pieces = [
                partial(place, text, "outerMorph").data
                for place, text in self.texts.items()
                if before.get(place) != text
                and (not is_row(place) or place.removeprefix("#branches-") in rows)
            ]
            position = f"{self.hub.epoch}-{self.version}"
            self.messages[key] = wire_of("".join(pieces), position) if pieces else None
        return self.messages[key]


def shown_of(mark: Watermark | None) -> Any:
    """What a row shows of a mark."""
    return mark and (mark.state, mark.complete_to)


def is_row(place: str) -> bool:
    """Whether a place is the row of a branch, which not every page shows."""
    return place.startswith("#branches-") and place != "#branches-total"


_boards: WeakValueDictionary[tuple[int, Shown], LiveBoard] = WeakValueDictionary()


class OpenPage:
    """One open overview: the rows it shows, which keep their order, and the state it was told last (0: none, so that the first
    message holds everything, also what changed while the page was on its way)."""

    def __init__(self, request: Request, board: Board, compare: str, sort: str) -> None:
        self.request, self.told = request, 0
        hub: Hub = request.app.state.hub
        shown = Shown(
            replace(board.question, limit=0, offset=0), compare, sort, request.url.query, str(reader_zone()),
            actions_of(request),
        )  # fmt: skip
        gap_seconds = request.app.state.settings.live_gap_seconds
        self.rows = frozenset(row.id for row in view.table(board, sort, "").rows)
        self.board = _boards.setdefault((id(hub), shown), LiveBoard(hub, shown, gap_seconds))
        self.board.pages.add(self)

    async def changes(self) -> Sequence[Push]:
        """The message that brings the page up to date; none when it reads the same."""
        await self.board.refresh(self.request, self.rows)
        push = self.board.message(self.told, self.rows)
        self.told = self.board.number
        return [push] if push is not None else []
