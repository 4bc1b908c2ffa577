"""The execution plan of an order: made at approval, followed by facts, changed by people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from branch_node.orders.rules import StepFact
from shared import clock
from shared.database import actor, execute
from shared.i18n import N_, active_locale, gettext
from shared.records import ExecutionStep, Order, Receivable, StepKind

DELIVERY_DAYS = 5
"""Days from approval to shipment when the order names no day."""


@dataclass(frozen=True)
class Kind:
    """A kind of step. `label` is a msgid for the built-in ones, a name for those of the branch."""

    code: str
    label: str
    effect: str
    is_builtin: bool = True

    @property
    def shown(self) -> str:
        return gettext(self.label) if self.is_builtin else self.label


BUILTIN: Mapping[str, Kind] = {
    kind.code: kind
    for kind in (
        Kind("collect", N_("Collect payment"), "collect"),
        Kind("pick", N_("Pick goods"), "manual"),
        Kind("ship", N_("Ship goods"), "ship"),
        Kind("stock_out", N_("Take out of stock"), "manual"),
        Kind("stock_in", N_("Put into stock"), "manual"),
        Kind("dunning", N_("Remind of payment"), "manual"),
        Kind("install", N_("Install"), "manual"),
        Kind("other", N_("Other step"), "manual"),
    )
}


async def kinds() -> dict[str, Kind]:
    """The kinds of steps in use: the built-in ones, then those that the branch added or renamed."""
    found = dict(BUILTIN)
    for row in await StepKind.filter(deleted_at=None, active=True).order_by("code"):
        label = row.label_en if row.label_en and active_locale() == "en" else row.label
        found[row.code] = Kind(row.code, label, row.effect, is_builtin=False)
    return found


def effect_of(code: str, known: Mapping[str, Kind]) -> str:
    """What a step of this kind does: collect, ship or manual."""
    return known[code].effect if code in known else "manual"


def facts_of(rows: Sequence[ExecutionStep], known: Mapping[str, Kind]) -> list[StepFact]:
    """Steps as the rules take them."""
    return [StepFact(effect_of(row.kind, known), row.status, row.due_on) for row in rows]


async def plan_steps(order: Order, receivables: Sequence[Receivable]) -> list[ExecutionStep]:
    """Create the steps of an approved order: pick, ship, and one collection for each instalment, by due date.

    Steps that people had added before stay, after these. Inside the caller's transaction.
    """
    assert order.approved_on is not None
    ship_on = order.required_on or order.approved_on + timedelta(days=DELIVERY_DAYS)
    pick_on = max(ship_on - timedelta(days=1), order.approved_on)
    planned = [
        ExecutionStep(kind="pick", due_on=pick_on),
        ExecutionStep(kind="ship", due_on=ship_on),
        *(
            ExecutionStep(
                kind="collect", due_on=row.due_on, receivable_id=row.id, amount_minor=row.amount_minor
            )
            for row in receivables
        ),
    ]
    planned.sort(key=lambda step: step.due_on or date.max)
    for position, step in enumerate(planned, 1):
        step.branch, step.order_id, step.owner_id, step.position = (
            order.branch,
            order.id,
            order.owner_id,
            position,
        )
    await execute(
        "UPDATE execution_step SET position = position + :shift, revision = revision + 1, changed_at = :now, "
        "changed_by = :actor WHERE order_id = :id AND deleted_at IS NULL",
        shift=len(planned),
        id=order.id,
        now=clock.now(),
        actor=actor(),
    )
    await ExecutionStep.bulk_create(planned)
    return planned


async def drop_steps(order_id: UUID, *, all_of_them: bool = False) -> None:
    """Take away the open steps that approval made (all open ones when the order is cancelled); done ones stay."""
    which = "" if all_of_them else "AND kind IN ('pick', 'ship', 'collect') "
    await execute(
        "UPDATE execution_step SET deleted_at = :now, revision = revision + 1, changed_at = :now, changed_by = :actor "
        f"WHERE order_id = :id AND deleted_at IS NULL AND status NOT IN ('done', 'skipped') {which}",
        id=order_id,
        now=clock.now(),
        actor=actor(),
    )
