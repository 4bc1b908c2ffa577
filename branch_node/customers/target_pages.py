"""The page on which target customers are looked for; its answer is the list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.forms import FilterForm
from branch_node.customers.rules import GROUPS, INDUSTRIES, KINDS, SOURCES, STATUSES
from branch_node.home import home
from branch_node.own_fields import criterion_texts, custom_criterion, custom_fields
from shared.i18n import gettext as _
from shared.money import format_amount
from shared.permissions import Person
from shared.records import CustomFieldDef
from shared.web import filters as show
from shared.web.forms import Form
from shared.web.parts import Field, Option
from shared.web.responses import page


@dataclass(frozen=True)
class TargetsPage:
    """customers/targets.html: criteria in groups; sent to the list."""

    form: Form[Any]
    groups: Sequence[tuple[str, Sequence[Field]]]


async def show_targets(request: Request) -> Response:
    """The criteria, filled in with what the address says, so that a list can be narrowed further."""
    definitions = await custom_fields()
    view = TargetsPage(Form(dict(request.query_params)), groups(request.state.person, definitions))
    return page(request, "customers/targets.html", view)


def _options(known: dict[str, str]) -> list[Option]:
    return [Option("", _("any")), *(Option(code, _(label)) for code, label in known.items() if code)]


def groups(person: Person, definitions: Sequence[CustomFieldDef]) -> list[tuple[str, list[Field]]]:
    """Who they are, what they bought, how they are followed up, own fields."""
    who = [
        Field("q", _("Name, code or phone"), "search"),
        Field("status", _("State"), "select", options=_options(dict(STATUSES)), width="s"),
        Field("group", _("Group"), "select", options=_options(dict(GROUPS)), width="s"),
        Field("kind", _("Type"), "select", options=_options(dict(KINDS)), width="s"),
        Field("industry", _("Industry"), "select", options=_options(dict(INDUSTRIES)), width="m"),
        Field("source", _("Source"), "select", options=_options(dict(SOURCES)), width="m"),
        Field("city", _("City"), width="m", max_length=80),
    ]
    bought = [
        Field("ordered_from", _("Ordered in 12 months, at least"), "number", unit=home().currency),
        Field("bought", _("Bought a product like"), width="m", max_length=80),
        Field("unordered_days", _("No order for so many days"), "number", width="s", unit=_("days")),
        Field(
            "opportunity",
            _("Open opportunity"),
            "select",
            options=[Option("", _("any")), Option("1", _("yes"))],
            width="s",
        ),
    ]
    followed = [
        Field("silent_days", _("Not contacted for so many days"), "number", width="s", unit=_("days")),
        Field("acquired_from", _("Customer since, from"), "date"),
        Field("acquired_to", _("Customer since, to"), "date"),
    ]
    found = [(_("Who"), who), (_("What they bought"), bought), (_("Follow-ups"), followed)]
    if definitions:
        found.append((_("Own fields"), [custom_criterion(one) for one in definitions]))
    return found


def target_texts(wanted: FilterForm, definitions: Sequence[CustomFieldDef]) -> list[tuple[str, str]]:
    """Each active criterion of this page as (name, words)."""
    texts: list[tuple[str, str]] = []
    if wanted.industry:
        texts.append(("industry", _(INDUSTRIES.get(wanted.industry, wanted.industry))))
    if wanted.source:
        texts.append(("source", _(SOURCES.get(wanted.source, wanted.source))))
    if wanted.city:
        texts.append(("city", wanted.city))
    if wanted.ordered_from is not None:
        amount = f"{format_amount(wanted.ordered_from, home().currency)} {home().currency}"
        texts.append(("ordered_from", _("ordered at least %(amount)s in 12 months", amount=amount)))
    if wanted.bought:
        texts.append(("bought", _('bought "%(text)s"', text=wanted.bought)))
    if wanted.unordered_days is not None:
        texts.append(("unordered_days", _("no order for %(n)s days", n=show.number(wanted.unordered_days))))
    if wanted.opportunity:
        texts.append(("opportunity", _("with an open opportunity")))
    return texts + criterion_texts(wanted.custom, definitions)
