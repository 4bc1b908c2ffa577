"""The ten figures by name: what pages, the JSON API, exports and the command line ask for."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from hq.figures.followup import follow_up
from hq.figures.lists import newest_customers, news, signed_customers
from hq.figures.profit import profit
from hq.figures.receivables import ageing, receivables
from hq.figures.sales import sales
from hq.figures.shape import Figure, Question
from hq.figures.staff import staff_activity
from hq.figures.targets import targets
from shared.errors import NotFound
from shared.i18n import N_


@dataclass(frozen=True)
class NamedFigure:
    """A figure: its name in the API, its title, the right it needs, and the function that answers."""

    name: str
    title: str
    permission: str
    answer: Callable[[Question], Awaitable[Figure]]


FIGURES: Mapping[str, NamedFigure] = {
    figure.name: figure
    for figure in (
        NamedFigure("newest-customers", N_("Newest customers"), "customer.view", newest_customers),
        NamedFigure("signed-customers", N_("Signed customers"), "customer.view", signed_customers),
        NamedFigure("follow-up", N_("Follow-up"), "customer.view", follow_up),
        NamedFigure("sales", N_("Sales"), "figures.view", sales),
        NamedFigure("targets", N_("Targets"), "target.view", targets),
        NamedFigure("receivables", N_("Receivables"), "receivable.view", receivables),
        NamedFigure("ageing", N_("Ageing"), "receivable.view", ageing),
        NamedFigure("profit", N_("Operating profit"), "figures.view", profit),
        NamedFigure("staff-activity", N_("Staff activity"), "plan.view", staff_activity),
        NamedFigure("news", N_("News"), "news.view", news),
    )
}


def figure_named(name: str) -> NamedFigure:
    """The figure; NotFound, naming all of them, when there is none of that name."""
    if name not in FIGURES:
        raise NotFound(
            N_('There is no figure "%(name)s"; there are %(names)s.'),
            code="figure.unknown",
            name=name,
            names=", ".join(FIGURES),
        )
    return FIGURES[name]


async def answer(name: str, question: Question) -> Figure:
    """The figure's answer; NotFound for an unknown name or unit, Invalid for what cannot be asked."""
    return await figure_named(name).answer(question)
