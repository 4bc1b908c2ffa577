"""Who has whose place: which node was replaced by its standby, which standby serves the branch, and what may be ordered then."""

from __future__ import annotations

from dataclasses import dataclass

from netops.center.nodes.state import Fleet, NodeState
from shared.errors import Conflict, Text
from shared.i18n import N_

ANOTHER_NODE = ""
"""In `Standing.successor` of a node that was fenced: by a node that the center does not know."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a node stands in its branch. `took_from`: the node whose place it has, empty for none. `successor`: who has its own
    place, None while nobody has."""

    took_from: str = ""
    successor: str | None = None

    @property
    def is_replaced(self) -> bool:
        return self.successor is not None


def successors(fleet: Fleet) -> dict[str, str]:
    """Nodes whose place a standby has, with that standby. One that follows the standby again is its standby now; of two that have
    changed places, and both say that they serve, the one that was promoted later has the place."""
    found = {node.standby_of: node.name for node in fleet if node.is_promoted}
    return {name: standby for name, standby in found.items() if not _follows(fleet, name, standby)}


def _follows(fleet: Fleet, name: str, other: str) -> bool:
    node, successor = fleet.get(name), fleet.get(other)
    if node is None or node.standby_of != other or node.is_fenced:
        return False
    mine, theirs = node.promoted_at, successor.promoted_at if successor else None
    return mine is None or theirs is None or mine >= theirs


def standing(node: NodeState, by_primary: dict[str, str]) -> Standing:
    """How a node stands. `by_primary`: what `successors` found."""
    successor = by_primary.get(node.name, ANOTHER_NODE if node.is_fenced else None)
    return Standing(node.standby_of if node.is_promoted else "", successor)


def why_not(node: NodeState, fleet: Fleet, verb: str) -> Text | None:
    """Why this order makes no sense for a node as it stands now; None: it does."""
    if verb not in ("standby.promote", "standby.pair", "standby.invite"):
        return None
    now = standing(node, successors(fleet))
    if now.successor:
        return Text(
            N_("%(standby)s has the place of %(node)s: order this there."),
            node=node.name,
            standby=now.successor,
        )
    if now.is_replaced:
        return Text(N_("Another node has the place of %(node)s: order this there."), node=node.name)
    if verb == "standby.invite" and node.standby_of and not now.took_from:
        return Text(
            N_("%(node)s follows %(primary)s: order this there."), node=node.name, primary=node.standby_of
        )
    if now.took_from and verb == "standby.promote":
        return Text(
            N_("%(node)s has the place of %(primary)s already: it serves the branch."),
            node=node.name,
            primary=now.took_from,
        )
    if now.took_from and verb == "standby.pair":
        return Text(
            N_("%(node)s has the place of %(primary)s: it serves the branch, and the accounts are its own."),
            node=node.name,
            primary=now.took_from,
        )
    return None


def insist_sensible(node: NodeState, fleet: Fleet, verb: str) -> None:
    """Raises Conflict with the reason of `why_not`."""
    reason = why_not(node, fleet, verb)
    if reason is not None:
        raise Conflict(reason, code="standby.place_taken")
