"""/targets/edit: the form that sets or revises a target."""

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import question_of
from hq.figures.aims import TargetMeasure, measure_named
from hq.figures.freshness import Branch, directory
from hq.figures.people import Place, place_of
from hq.figures.shape import Question, Unit
from hq.tables import url_with
from hq.targets.actions import Aimed, set_target
from hq.targets.forms import TargetForm
from hq.targets.pages import EditPage
from hq.targets.queries import Revision, currency_of, revisions
from hq.targets.rules import AIMABLE, even_lines, period_codes, year_of
from shared.errors import Invalid
from shared.i18n import gettext as _
from shared.i18n import render
from shared.money import Money, format_amount, parse_amount
from shared.web.forms import Form, empty_form, read_form, require_least, with_errors
from shared.web.parts import Crumb, Field, Option
from shared.web.responses import page, redirect


async def edit(request: Request) -> Response:
    """The form with the target that holds."""
    unit, place, measure, year, question = await wanted(request)
    held = await revisions(unit, place.branch.code if place else "", year, measure.name)
    currency = currency_of(question, held, place.branch.currency if place else "")
    return await edit_page(
        request, unit, place, measure, year, held, form_of_target(held, measure, year, currency)
    )


async def wanted(
    request: Request,
) -> tuple[Unit, Place | None, TargetMeasure, int, Question]:
    """What the address asks to edit, within the reader's branches."""
    question = question_of(request, "target.edit")
    branches = await directory(question)
    unit = question.unit
    if unit.kind not in AIMABLE or (unit.kind == "company" and question.branches is not None):
        raise Invalid(fields={}, code="unit.unknown")
    place = await place_of(unit, branches) if unit.kind != "company" else None
    year = year_of(request.query_params.get("year", "")) or question.house.today().year
    return unit, place, measure_named(question.measure), year, question


def form_of_target(held: list[Revision], measure: TargetMeasure, year: int, currency: str) -> Form[Any]:
    """The form that shows the present revision, or nothing."""

    def shown(amount: int) -> str:
        return format_amount(amount, currency) if measure.is_money else str(amount)

    values: dict[str, object] = {"year": year, "measure": measure.name, "currency": currency, "replaces": 0}
    if held:
        values |= {"amount": shown(held[0].amount), "replaces": held[0].number}
        for code, part in held[0].lines.items():
            values[f"m{int(code[5:7])}"] = shown(part)
    return empty_form(**values)


async def edit_page(
    request: Request,
    unit: Unit,
    place: Place | None,
    measure: TargetMeasure,
    year: int,
    held: list[Revision],
    form: Form[Any],
    status: int = 200,
) -> Response:
    """The form with its revisions."""
    name = place.name if place else _("All branches")
    kind = "money" if measure.is_money else "number"
    unit_text = form.text("currency") if measure.is_money else ""
    fields = [
        Field("amount", _("Target of the year"), kind, unit=unit_text, is_focused=True),
        Field("spread", _("Months"), "select", options=[
            Option("", _("as entered below")), Option("even", _("spread evenly over the year")),
        ]),
    ]  # fmt: skip
    if held:
        fields.append(Field("reason", _("Why it is revised"), width="l", max_length=300))
    month_fields = [Field(f"m{number}", code, kind) for number, code in enumerate(period_codes(year), 1)]
    labels = {field.name: field.label for field in (*fields, *month_fields)}
    title = _("%(measure)s %(year)s: %(unit)s", measure=_(measure.label), year=year, unit=name)
    view = EditPage(
        title=title,
        crumbs=[Crumb(_("Targets"), url_with("/targets", unit=str(unit), measure=measure.name))],
        form=form,
        action_url=url_with("/targets/edit", unit=str(unit), measure=measure.name, year=year),
        fields=fields,
        month_fields=month_fields,
        labels=labels,
        revisions=[
            (found, Money(found.amount, found.currency) if measure.is_money else found.amount)
            for found in held
        ],
        is_money=measure.is_money,
        unit=unit_text,
    )
    return page(request, "targets/edit.html", view, status=status)


async def save(request: Request) -> Response:
    """Set or revise the target."""
    unit, place, measure, year, question = await wanted(request)
    code = place.branch.code if place else ""
    held = await revisions(unit, code, year, measure.name)
    currency = currency_of(question, held, place.branch.currency if place else "")
    form = await read_form(request, TargetForm)
    amount, lines, wrong = amounts_of(form, measure, year, currency)
    if form.errors or wrong:
        form = Form(form.typed, {**form.errors, **wrong})
        return await edit_page(request, unit, place, measure, year, held, form, 422)
    try:
        target = await set_target(
            aimed(unit, place.branch if place else None), year, measure.name, amount, currency, lines,
            form.value.reason, replaces=form.value.replaces,
        )  # fmt: skip
    except Invalid as refused:
        return await edit_page(request, unit, place, measure, year, held, with_errors(form, refused), 422)
    toast = _("Target saved, revision %(number)s.", number=target.number)
    return redirect(url_with("/targets", unit=str(unit), measure=measure.name), toast=toast)


def aimed(unit: Unit, branch: Branch | None) -> Aimed:
    """The unit as targets keep it."""
    is_within = unit.kind in ("department", "employee")
    return Aimed(unit.kind, branch.code if branch else "", UUID(unit.key) if is_within else None)


def amounts_of(
    form: Form[TargetForm], measure: TargetMeasure, year: int, currency: str
) -> tuple[int, dict[str, int], dict[str, str]]:
    """The year's amount, its months, and what is wrong with the boxes that cannot be read; from what was typed, so that
    all faults of the form are told at once."""
    wrong: dict[str, str] = {}

    def read(name: str) -> int:
        try:
            amount = parse_amount(form.text(name), currency if measure.is_money else "JPY").minor
            require_least(amount, 0)
        except Invalid as refused:
            wrong[name] = render(refused.message, refused.params)
            return 0
        return amount

    amount = read("amount")
    if form.text("spread") == "even":
        return amount, even_lines(year, amount), wrong
    boxes = {code: f"m{int(code[5:])}" for code in period_codes(year)}
    return amount, {code: read(box) if form.text(box) else 0 for code, box in boxes.items()}, wrong
