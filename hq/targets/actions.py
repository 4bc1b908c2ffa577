"""Setting and revising targets; every revision is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from hq.figures.aims import TARGET_MEASURES
from hq.targets.rules import check_lines
from shared import clock
from shared.database import fetch_one, transaction
from shared.errors import Conflict, Invalid
from shared.i18n import N_
from shared.records import COMPANY, Target, TargetLine

UNIT_KINDS = ("company", "branch", "department", "employee")


@dataclass(frozen=True)
class Aimed:
    """For whom a target is: the company, a branch, or a department or person of a branch."""

    kind: str
    branch: str = ""
    id: UUID | None = None


async def set_target(
    unit: Aimed,
    year: int,
    measure: str,
    amount: int,
    currency: str,
    lines: Mapping[str, int],
    reason: str,
    *,
    replaces: int = 0,
) -> Target:
    """Write the target, superseding the one that holds. `replaces` is the revision that was on the screen (0: none).

    Invalid for lines that do not add up, for a revision without reason and a unit that does not exist; Conflict when
    somebody revised it meanwhile.
    """
    check_measure(measure)
    currency = currency if TARGET_MEASURES[measure].is_money else ""
    check_lines(year, amount, lines, currency)
    await require_unit(unit)
    async with transaction():
        held = await target_that_holds(unit, year, measure)
        if (held.number if held else 0) != replaces:
            raise Conflict(
                N_("This target was revised meanwhile. Open it again and compare."), code="target.changed"
            )
        now = clock.now()
        if held is not None:
            if not reason.strip():
                message = N_("Say why the target is revised.")
                raise Invalid(message, fields={"reason": message}, code="target.reason")
            held.superseded_at = now
            await held.save()
        target = await Target.create(
            branch=COMPANY, year=year, measure=measure, unit_kind=unit.kind, unit_branch=unit.branch, unit_id=unit.id,
            number=replaces + 1, currency=currency, amount=amount, reason=reason.strip(), issued_at=now,
        )  # fmt: skip
        for period, part in lines.items():
            await TargetLine.create(branch=COMPANY, target_id=target.id, period=period, amount=part)
    return target


def check_measure(measure: str) -> None:
    """Invalid for a measure on which no targets are set."""
    if measure not in TARGET_MEASURES:
        raise Invalid(fields={"measure": N_("Choose one from the list.")}, code="measure.unknown")


async def target_that_holds(unit: Aimed, year: int, measure: str) -> Target | None:
    """The newest revision of a unit's target; None when there is none."""
    found = Target.filter(year=year, measure=measure, superseded_at=None, deleted_at=None)
    mine = found.filter(unit_kind=unit.kind, unit_branch=unit.branch, unit_id=unit.id)
    return await mine.order_by("-number").first()


async def require_unit(unit: Aimed) -> None:
    """Invalid unless the branch, department or employee exists (and belongs to the branch)."""
    if unit.kind not in UNIT_KINDS:
        raise Invalid(fields={"unit": N_("Choose one from the list.")}, code="unit.unknown")
    if unit.kind == "company":
        return
    table = {"branch": "branch", "department": "department", "employee": "employee"}[unit.kind]
    where = "branch = :branch AND deleted_at IS NULL" + ("" if unit.kind == "branch" else " AND id = :id")
    row = await fetch_one(f"SELECT branch FROM {table} WHERE {where}", branch=unit.branch, id=unit.id)
    if row is None:
        raise Invalid(fields={"unit": N_("Choose one from the list.")}, code="unit.unknown")
