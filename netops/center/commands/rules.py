"""The life of a command, how long it may wait, and who may order it. Pure."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from shared.nodes.command import LONGEST_LIFE, VERBS

NOW_LIFE = timedelta(seconds=60)
"""'Now or never': how long such a command may be on its way."""
APPROVAL_LIFE = timedelta(hours=1)
"""How long a command waits for its second person."""

DISRUPTIVE = frozenset(
    {"service.stop", "service.restart", "service.drain", "node.reboot", "standby.promote", "process.kill"}
)
"""Verbs that take a node out of work for a moment: not too many nodes at once."""

SECRET_VALUES = frozenset({"invitation"})
"""Arguments and results that only whoever ordered sees, and that no audit keeps."""


def without_secrets(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same, with a sign in the place of what is secret."""
    return {name: HIDDEN if name in SECRET_VALUES else value for name, value in values.items()}


HIDDEN = "•••"

WAITING = frozenset({"approval", "requested"})
ENDED = frozenset({"done", "failed", "refused", "expired", "unknown", "cancelled"})
STATES = WAITING | {"accepted"} | ENDED

# What the center may do by itself. The word of the node stands above it: see `told`.
MOVES: Mapping[str, frozenset[str]] = {
    "approval": frozenset({"requested", "expired", "cancelled"}),
    "requested": frozenset({"expired", "unknown", "cancelled"}),
}
_RANK = {"approval": 0, "requested": 1, "expired": 2, "cancelled": 2, "unknown": 2, "accepted": 3}


def may_move(state: str, to: str) -> bool:
    """Whether the center may move a command; nothing leaves an end except by the node's word."""
    return to in MOVES.get(state, frozenset())


def told(state: str, said: str, code: str, *, by_node: bool) -> str | None:
    """The state after the node said what became of a command; None: that changes nothing.

    The node's word corrects what the center only supposed (expired, unknown without an answer), and never goes back:
    'accepted' that arrives after 'done' is old news. `by_node`: the present state came from the node.
    """
    if said == "refused" and code == "command.expired":
        said = "expired"
    if state in ENDED and by_node:
        return None
    if said == "accepted" and state == "accepted":
        return None
    return said


@dataclass(frozen=True)
class Right:
    """What one row of rights allows: patterns of verb, place (node or branch) and service."""

    verb: str
    place: str
    service: str


def may_order(rights: Collection[Right], verb: str, places: Collection[str], service: str) -> bool:
    """Whether one of the rights covers the verb at a node (by name or branch) for a service ("" = the node itself)."""
    return any(
        fnmatchcase(verb, right.verb)
        and any(fnmatchcase(place, right.place) for place in places)
        and (right.service == "*" or (service != "" and fnmatchcase(service, right.service)))
        for right in rights
    )


def may_order_everywhere(rights: Collection[Right], verb: str, service: str) -> bool:
    """Whether one of the rights covers the verb for a service at every node, so that nobody needs to look at each."""
    return may_order([right for right in rights if right.place == "*"], verb, ["*"], service)


EVERYTHING = Right("*", "*", "*")


def may_grant(rights: Collection[Right]) -> bool:
    """Whether somebody with these rights may give and take rights: only who may order everything everywhere."""
    return EVERYTHING in rights


def is_offered(allowed: Collection[str], verb: str, service: str) -> bool:
    """Whether the node's own allow-list has the verb; the node checks again for itself."""
    group = verb.partition(".")[0] + ".*"
    rules = {"*", group, verb}
    if service:
        rules |= {f"{verb} {service}", f"{group} {service}"}
    return not rules.isdisjoint(allowed)


def expiry(lifetime: str, until: datetime | None, now: datetime) -> datetime:
    """When a command signed now ends to be valid. 'until' beyond seven days is cut there; without a time it is a day."""
    if lifetime == "now":
        return now + NOW_LIFE
    return min(until or now + timedelta(days=1), now + LONGEST_LIFE - timedelta(seconds=1))


def needs_approval(verb: str) -> bool:
    return VERBS[verb].needs_approval
