"""The figures of the branch in the JSON API, also as CSV and XLSX."""

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.figures.queries import figure_of
from branch_node.figures.rules import RIGHTS, Column, Figure, in_currency, parameters_of, written
from shared import clock
from shared.errors import Invalid
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.money import Money
from shared.permissions import SCOPE_LABELS, Person, reach
from shared.web import export, filters, parts
from shared.web.responses import json_answer

KINDS: dict[str, parts.Kind] = {
    "money": "money_plain",
    "count": "number",
    "share": "percent",
    "text": "text",
    "day": "day",
}
FORMATS = ("json", "csv", "xlsx")


async def show(request: Request) -> Response:
    """GET /api/v1/figures/NAME?from=&to=&as_of=&currency=&measure=&format=json|csv|xlsx; the unit is the branch."""
    name = request.url.path.rsplit("/", 1)[-1]
    person: Person = request.state.person
    kind = request.query_params.get("format", "json")
    if kind not in FORMATS:
        raise Invalid(fields={"format": N_("Choose json, csv or xlsx.")})
    found = await figure_of(name, parameters_of(request.query_params), person)
    if kind == "json":
        return json_answer(translated(written(found)))
    return await export.export(
        request,
        kind=kind,
        name=name,
        heading=heading(found, person),
        columns=columns(found),
        rows=rows(found),
    )


def translated(found: dict[str, Any]) -> dict[str, Any]:
    """Column labels in the reader's language."""
    labels = [str(column["label"]) for column in found["columns"]]
    columns = [{**column, "label": _(text)} for column, text in zip(found["columns"], labels, strict=True)]
    return {**found, "columns": columns}


def heading(figure: Figure, person: Person) -> export.Heading:
    """What the first lines of a file say."""
    days = [day.isoformat() for day in (figure.first, figure.last) if day]
    chosen = [" – ".join(dict.fromkeys(days))] if days else []
    if figure.as_of:
        chosen.append(_("as of %(day)s", day=figure.as_of.isoformat()))
    chosen.append(_("amounts in %(currency)s", currency=figure.currency))
    return export.Heading(
        title=figure.name,
        scope=f"{figure.branch} · {_(SCOPE_LABELS[reach(person, RIGHTS[figure.name]).kind])}",
        filters=", ".join(chosen),
        as_of=filters.instant(clock.now()),
        made_by=person.name,
    )


def columns(figure: Figure) -> list[parts.Column]:
    """The figure's columns between name and currency."""
    return [
        parts.Column("name", _("Name")),
        *(parts.Column(one.key, _(one.label), KINDS[one.kind]) for one in figure.columns),
        parts.Column("currency", _("Currency")),
    ]


async def rows(figure: Figure) -> AsyncIterator[dict[str, Any]]:
    """Every line and then the total."""
    for line in (*figure.rows, figure.total):
        found: dict[str, Any] = {
            one.key: cell(line.values.get(one.key), one, figure) for one in figure.columns
        }
        found["name"] = _("Total") if line is figure.total else line.name
        found["currency"] = figure.currency
        yield found


def cell(value: Any, column: Column, figure: Figure) -> Any:
    """A value as the writers of files take it."""
    if column.kind == "money" and isinstance(value, int):
        minor = in_currency(value, figure)
        return None if minor is None else Money(minor, figure.currency)
    return value
