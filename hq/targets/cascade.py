"""/targets/cascade: a unit's year target shared out over the units below it, the gap on one line; /targets/import: from a sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from hq.asking import question_of
from hq.figures.aims import TARGET_MEASURES, TargetMeasure, measure_named
from hq.figures.freshness import directory
from hq.figures.people import Place, place_of
from hq.figures.shape import Question, Unit
from hq.tables import url_with
from hq.targets.actions import Aimed, set_target
from hq.targets.forecast import shared_lines
from hq.targets.queries import Held, children_of, currency_of, revisions
from hq.targets.rules import year_of
from hq.targets.sheet import SheetRow, read_sheet, rows_of_sheet
from shared.database import transaction
from shared.errors import Conflict, Invalid
from shared.i18n import gettext as _
from shared.i18n import ngettext, render
from shared.money import Money, format_amount, parse_amount, split
from shared.web.error_pages import shown as in_words
from shared.web.filters import money_card, number
from shared.web.parts import Crumb
from shared.web.responses import page, redirect

CHILDREN_MOST = 120


@dataclass(frozen=True)
class ChildRow:
    """A unit below with its present target and last year's actual, as the page shows them."""

    code: str
    name: str
    text: str
    previous: Money | int | None
    revision: int
    error: str = ""


@dataclass(frozen=True)
class CascadePage:
    """/targets/cascade"""

    title: str
    crumbs: Sequence[Crumb]
    action_url: str
    whole: str
    sentence: str
    is_shared_out: bool
    unit: str
    is_money: bool
    rows: Sequence[ChildRow]
    reason: str
    error: str
    propose_url: str


@dataclass(frozen=True)
class ImportPage:
    """/targets/import: what the sheet must hold, and what was wrong with the last one."""

    crumbs: Sequence[Crumb]
    faults: Sequence[str]
    measures: Mapping[str, str]


@dataclass(frozen=True)
class Sharing:
    """What the address asks to share out: the unit above with its target, and the units below."""

    unit: Unit
    place: Place | None
    measure: TargetMeasure
    year: int
    currency: str
    whole: int | None
    lines: Mapping[str, int]
    children: Sequence[Held]
    question: Question


async def sharing_of(request: Request) -> Sharing:
    """The unit of the address with the units below it. Invalid for one that has none below."""
    question = question_of(request, "target.edit")
    branches = await directory(question)
    unit = question.unit
    if unit.kind not in ("company", "branch", "department") or (unit.kind == "company" and question.branches is not None):  # fmt: skip
        raise Invalid(fields={}, code="unit.unknown")
    place = await place_of(unit, branches) if unit.kind != "company" else None
    year = year_of(request.query_params.get("year", "")) or question.house.today().year
    measure = measure_named(question.measure)
    held = await revisions(unit, place.branch.code if place else "", year, measure.name)
    currency = currency_of(question, held, place.branch.currency if place else "")
    children = await children_of(unit, place, branches, measure, year, currency)
    lines = held[0].lines if held else {}
    return Sharing(
        unit, place, measure, year, currency, held[0].amount if held else None, lines, children, question
    )


async def show(request: Request) -> Response:
    """The units below with their targets; ?propose=1 fills them by last year's actuals."""
    found = await sharing_of(request)
    texts = {child.code: shown(child.amount, found) for child in found.children}
    if request.query_params.get("propose") and found.whole:
        weights = [max(child.previous or 0, 0) for child in found.children]
        if sum(weights):
            parts = split(found.whole, weights)
            texts = {
                child.code: shown(part, found) for child, part in zip(found.children, parts, strict=True)
            }
    return page(request, "targets/cascade.html", view_of(found, texts))


def shown(amount: int | None, found: Sharing) -> str:
    """An amount as it stands in a box."""
    if amount is None:
        return ""
    return format_amount(amount, found.currency) if found.measure.is_money else str(amount)


def view_of(
    found: Sharing,
    texts: Mapping[str, str],
    errors: Mapping[str, str] | None = None,
    reason: str = "",
    error: str = "",
) -> CascadePage:
    """The page with what stands in the boxes."""
    wrong = errors or {}

    def amount(value: int | None) -> str:
        if value is None:
            return "—"
        return money_card(Money(value, found.currency)) if found.measure.is_money else number(value)

    total = 0
    for text in texts.values():
        try:
            total += read_amount(text, found) or 0
        except Invalid:
            continue
    rest = None if found.whole is None else found.whole - total
    unit_words = {"unit": str(found.unit), "measure": found.measure.name, "year": found.year}
    name = found.place.name if found.place else _("All branches")
    return CascadePage(
        title=_("Share out %(measure)s %(year)s: %(unit)s", measure=_(found.measure.label), year=found.year, unit=name),
        crumbs=[Crumb(_("Targets"), url_with("/targets", unit=str(found.unit), measure=found.measure.name))],
        action_url=url_with("/targets/cascade", **unit_words),
        whole=amount(found.whole),
        sentence=_(
            "Year target %(whole)s, sum below %(child)s, not assigned %(rest)s.",
            whole=amount(found.whole), child=amount(total), rest=amount(rest),
        ),
        is_shared_out=rest == 0,
        unit=found.currency if found.measure.is_money else "",
        is_money=found.measure.is_money,
        rows=[
            ChildRow(
                child.code, child.name, texts.get(child.code, ""),
                None if child.previous is None else Money(child.previous, child.currency) if found.measure.is_money else child.previous,
                child.revision, wrong.get(child.code, ""),
            )
            for child in found.children[:CHILDREN_MOST]
        ],
        reason=reason,
        error=error,
        propose_url=url_with("/targets/cascade", **unit_words, propose="1"),
    )  # fmt: skip


def read_amount(text: str, found: Sharing) -> int | None:
    """What somebody typed; None for nothing. Invalid, with a sentence, for what is no amount or negative."""
    if not text.strip():
        return None
    minor = parse_amount(text, found.currency if found.measure.is_money else "JPY").minor
    if minor < 0:
        raise Invalid(_("Enter 0 or more."))
    return minor


async def save(request: Request) -> Response:
    """Set every target that was changed; the months follow those of the target above. All or none."""
    found = await sharing_of(request)
    typed = await request.form()
    texts = {child.code: str(typed.get(child.code, "")) for child in found.children}
    reason = str(typed.get("reason", "")).strip()[:300]
    errors: dict[str, str] = {}
    changed: list[tuple[Held, int]] = []
    for child in found.children:
        try:
            amount = read_amount(texts[child.code], found)
        except Invalid as wrong:
            errors[child.code] = _(wrong.message, **wrong.params)
            continue
        if amount is not None and amount != child.amount:
            changed.append((child, amount))
    if errors:
        return page(request, "targets/cascade.html", view_of(found, texts, errors, reason), status=422)
    try:
        async with transaction():
            for child, amount in changed:
                await set_target(
                    aimed(child), found.year, found.measure.name, amount, found.currency,
                    shared_lines(amount, found.lines, found.year), reason, replaces=child.revision,
                )  # fmt: skip
    except (Invalid, Conflict) as refused:
        shown_error = render(refused.message, refused.params, in_words)
        return page(
            request, "targets/cascade.html", view_of(found, texts, {}, reason, shown_error), status=422
        )
    text = ngettext("%(n)s target saved and issued.", "%(n)s targets saved and issued.", len(changed))
    return redirect(url_with("/targets", unit=str(found.unit), measure=found.measure.name), toast=text)


def aimed(child: Held) -> Aimed:
    """The unit below as targets keep it."""
    return Aimed(child.kind, child.branch, UUID(child.id) if child.id else None)


# --- from a sheet -------------------------------------------------------------------------------------------------


async def ask_import(request: Request) -> Response:
    """What the sheet must look like."""
    question_of(request, "target.edit")
    return page(request, "targets/import.html", import_page(()))


def import_page(faults: Sequence[str]) -> ImportPage:
    """The page with what was wrong."""
    measures = {name: _(measure.label) for name, measure in TARGET_MEASURES.items()}
    return ImportPage([Crumb(_("Targets"), "/targets")], faults, measures)


async def take_import(request: Request) -> Response:
    """Read the sheet and set all its targets; with any fault none is set and every fault is named."""
    question = question_of(request, "target.edit")
    branches = await directory(question)
    upload = (await request.form()).get("sheet")
    if not isinstance(upload, UploadFile) or not upload.filename:
        return page(
            request, "targets/import.html", import_page([_("Choose a CSV or XLSX file.")]), status=422
        )
    try:
        table = read_sheet(upload.filename, await upload.read())
        rows = await rows_of_sheet(table, branches, question)
    except Invalid as wrong:
        faults = list(wrong.fields.values()) or [_(wrong.message, **wrong.params)]
        return page(request, "targets/import.html", import_page(faults), status=422)
    try:
        await set_all(rows)
    except Invalid as wrong:
        return page(request, "targets/import.html", import_page(list(wrong.fields.values())), status=422)
    text = ngettext("%(n)s target saved and issued.", "%(n)s targets saved and issued.", len(rows))
    return redirect("/targets", toast=text)


async def set_all(rows: Sequence[SheetRow]) -> None:
    """Set the targets of all rows in one transaction. Invalid, naming every fault by row, when one is refused."""
    faults: dict[str, str] = {}
    async with transaction():
        for row in rows:
            try:
                await set_one(row)
            except (Invalid, Conflict) as wrong:
                text = (
                    _("; ").join(wrong.fields.values())
                    if isinstance(wrong, Invalid) and wrong.fields
                    else wrong.message
                )
                faults[str(row.line)] = _(
                    "Row %(row)s: %(text)s", row=row.line, text=render(text, wrong.params, in_words)
                )
        if faults:
            raise Invalid(fields=faults)


async def set_one(row: SheetRow) -> None:
    """Set the target of one row unless it says what holds already."""
    unit = Unit(row.kind, row.unit_id or (row.branch if row.kind == "branch" else ""))  # type: ignore[arg-type]
    held = await revisions(unit, row.branch, row.year, row.measure)
    if held and held[0].amount == row.amount and held[0].lines == row.lines:
        return
    await set_target(
        Aimed(row.kind, row.branch, UUID(row.unit_id) if row.unit_id else None), row.year, row.measure, row.amount,
        row.currency, row.lines, row.reason, replaces=held[0].number if held else 0,
    )  # fmt: skip
