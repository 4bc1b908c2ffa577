"""Figure cards of a figure's total: each carries its freshness and says when it is partial."""

from dataclasses import dataclass, replace
from typing import Literal

from hq.figures.shape import Figure, Line
from hq.tables import total_mark
from shared.money import Money
from shared.web import parts

State = Literal["normal", "partial", "unproven", "no_data"]


@dataclass(frozen=True)
class CardMaker:
    """Makes cards of one total; all have its watermark, in its short form."""

    total: Line
    mark: parts.Watermark

    def money(self, key: str) -> Money | None:
        """An amount of the total; None when it is unknown."""
        value = self.total.number(key)
        return None if value is None else Money(value, self.total.currency)

    def card(self, key: str, label: str, url: str = "") -> parts.Figure:
        """An amount."""
        return self._made(key, label, url, self.money(key))

    def number(self, key: str, label: str, url: str = "", unit: str = "") -> parts.Figure:
        """A count."""
        return replace(self._made(key, label, url, self.total.number(key)), kind="number", unit=unit)

    def _made(self, key: str, label: str, url: str, value: Money | int | None) -> parts.Figure:
        return parts.Figure(label, value, key=key, url=url, state=self.state(value), watermark=self.mark)

    def state(self, value: object) -> State:
        """How the card looks: unknown, partial, unproven or plain."""
        if value is None:
            return "no_data"
        if self.mark.state in ("partial", "delayed", "unreachable"):
            return "partial"
        return "unproven" if self.mark.state == "unproven" else "normal"


def maker_of(figure: Figure) -> CardMaker:
    """The maker of a figure's cards."""
    return CardMaker(figure.total, replace(total_mark(figure), missing=(), url=""))
