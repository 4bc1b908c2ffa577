"""The question that the address of /logs asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from netops.center.telemetry.lines import LEVELS, LineQuestion
from shared.errors import Invalid
from shared.i18n import N_

SPANS: Mapping[str, tuple[str, timedelta]] = {
    "15m": (N_("last 15 min"), timedelta(minutes=15)),
    "1h": (N_("last hour"), timedelta(hours=1)),
    "24h": (N_("last 24 hours"), timedelta(hours=24)),
    "7d": (N_("last 7 days"), timedelta(days=7)),
    "all": (N_("all that is kept"), timedelta(days=400)),
}
AROUND = timedelta(minutes=5)
AHEAD = timedelta(days=1)
"""A node's clock may be ahead of ours; its lines are newest all the same."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What was typed: words, a node, a service, a least level, a span or a moment to look around."""

    text: str
    node: str
    service: str
    level: str
    span: str
    around: datetime | None
    before: tuple[int, int] | None

    def question(self, now: datetime) -> LineQuestion:
        """The question to the store."""
        first, last = now - SPANS[self.span][1], now + AHEAD
        if self.around is not None:
            first, last = self.around - AROUND, self.around + AROUND
        nodes = self.node.replace(",", " ").split()
        return LineQuestion(first, last, nodes, self.service, self.level, self.text, self.before)


def filter_of(params: Mapping[str, str]) -> LogFilter:
    """From the address; unknown words fall back. Invalid for a moment or a cursor that cannot be read."""
    around, before = params.get("around", ""), params.get("before", "")
    try:
        moment = datetime.fromisoformat(around) if around else None
        at_us, _, number = before.partition("-")
        place = (int(at_us), int(number)) if before else None
    except ValueError:
        raise Invalid(N_("This page of the log cannot be found. Open the log from its start.")) from None
    if moment is not None and moment.tzinfo is None:
        raise Invalid(N_("This page of the log cannot be found. Open the log from its start."))
    level, span = params.get("level", ""), params.get("span", "")
    return LogFilter(
        params.get("q", "")[:200].strip(),
        params.get("node", "")[:200].strip(),
        params.get("service", "")[:64].strip(),
        level if level in LEVELS else "debug",
        span if span in SPANS else "15m",
        moment,
        place,
    )
