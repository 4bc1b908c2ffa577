"""Rules of staff: the subtree of a department, who is whose superior, dated assignments. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import TypeVar
from uuid import UUID

from shared.errors import Invalid, Text
from shared.i18n import N_

K = TypeVar("K")

DEPARTMENT_KINDS: Mapping[str, str] = {
    "management": N_("Management"),
    "sales": N_("Sales"),
    "customer": N_("Customer service"),
    "finance": N_("Finance"),
    "other": N_("Other"),
}


def mark_of(values: Iterable[str]) -> str:
    """Sixteen characters that differ when the values do, whatever their order: what a form says it was made from."""
    return sha256("\n".join(sorted(values)).encode()).hexdigest()[:16]


def mark_of_grants(grants: Mapping[str, str]) -> str:
    """The mark of the rights of a role: scope by action."""
    return mark_of(f"{action} {scope}" for action, scope in grants.items())


def subtree(root: K, parents: Mapping[K, K | None]) -> frozenset[K]:
    """`root` and everything below it; a loop in the data ends the walk instead of hanging it."""
    found = {root}
    frontier = [root]
    while frontier:
        below = [node for node, parent in parents.items() if parent in frontier and node not in found]
        found.update(below)
        frontier = below
    return frozenset(found)


def refuse_loop(node: UUID, new_parent: UUID | None, parents: Mapping[UUID, UUID | None], field: str) -> None:
    """Invalid when `new_parent` lies below `node` (or is it): a tree must stay one."""
    if new_parent is not None and new_parent in subtree(node, parents):
        raise Invalid(fields={field: N_("This would put it below itself. Choose another one.")})


@dataclass(frozen=True)
class Placement:
    """Where somebody works from a day on."""

    from_on: date
    until_on: date | None
    department_id: UUID | None
    manager_id: UUID | None
    position: str


def placed_on(placements: Sequence[Placement], day: date) -> Placement | None:
    """The placement in force on a day, None before the first."""
    for placement in sorted(placements, key=lambda one: one.from_on, reverse=True):
        if placement.from_on <= day:
            return placement if placement.until_on is None or day <= placement.until_on else None
    return None


def end_before(next_from_on: date) -> date:
    """The last day of a placement that is followed by one beginning on `next_from_on`."""
    return next_from_on - timedelta(days=1)


def check_new_start(starts: Iterable[date], from_on: date) -> None:
    """A new placement begins after the latest one, or on the same day (then it replaces it)."""
    latest = max(starts, default=None)
    if latest is not None and from_on < latest:
        raise Invalid(
            fields={
                "starts_on": Text(
                    N_("There is a later assignment, from %(day)s. Choose that day or a later one."),
                    day=latest,
                )
            }
        )


def check_deputy(employee: UUID, deputy: UUID, from_on: date, until_on: date) -> None:
    """A deputy is somebody else, for at least a day."""
    fields: dict[str, str] = {}
    if employee == deputy:
        fields["deputy_id"] = N_("Nobody is his own deputy. Choose somebody else.")
    if until_on < from_on:
        fields["until_on"] = N_("The last day lies before the first. Choose a later one.")
    if fields:
        raise Invalid(fields=fields)
