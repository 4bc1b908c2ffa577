"""What an open overview is told: only the cards and rows whose text has changed since it last heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from hq.dashboard import view
from hq.figures.scoreboard import Board, scoreboard
from hq.frame.page import FreshnessLine, freshness_line
from shared.web.live import Push, partial
from shared.web.parts import Figure, Row, TableView
from shared.web.responses import render


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


class LiveBoard:
    """The board of one open page. Only branches that moved are read (hq.figures.memo), only what reads differently
    is sent, and rows keep the order in which the page was opened."""

    def __init__(
        self, request: Request, board: Board, shapes: Mapping[str, Sequence[int]], compare: str, sort: str
    ) -> None:
        self.request, self.board, self.shapes = request, board, shapes
        self.compare, self.sort = compare, sort
        self.rows = [row.id for row in view.table(board, sort, "").rows]
        self.told: dict[str, str] = {}
        self.pieces(board)

    async def changes(self) -> Sequence[Push]:
        """The messages that bring the page up to date; none when it reads the same."""
        self.board = await scoreboard(self.board.question)
        return [partial(target, text, "outerMorph") for target, text in self.pieces(self.board)]

    def pieces(self, board: Board) -> list[tuple[str, str]]:
        """(place, html) of everything that differs from what was told before."""
        found: list[tuple[str, str]] = []
        for card in view.cards(board, self.shapes, self.compare):
            found.append((f"#figure-{card.key}", self.part("card.html", CardPart(card))))
        found.append(("#freshness", self.part("freshness.html", FreshnessPart(freshness_line(board.figure)))))
        table = view.table(board, self.sort, "")
        for row in table.rows:
            if row.id in self.rows:
                found.append((f"#{table.key}-{row.id}", self.part("row.html", RowPart(table, row))))
        if table.total is not None:
            found.append((f"#{table.key}-total", self.part("row.html", RowPart(table, table.total))))
        fresh = [(target, text) for target, text in found if self.told.get(target) != text]
        self.told.update(fresh)
        return fresh

    def part(self, template: str, part: object) -> str:
        return render(self.request, f"dashboard/{template}", part)
