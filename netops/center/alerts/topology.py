"""What silence means: one node, a line with all behind it, or the center's own ears. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

SUSPICION_SHARE = 0.3
SUSPICION_SECONDS = 60.0
FEWEST_NODES = 5
"""Below this many nodes a share says nothing about the center."""
TRUST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node stands: its branch, the node through which its line runs ("" for its own line), and its machine; whether
    headquarters itself runs there."""

    branch: str = ""
    behind: str = ""
    host: str = ""
    is_headquarters: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """One cause with all the nodes that it holds; `cause` is the key under which it is one incident."""

    cause: str
    kind: str
    severity: int
    node: str = ""
    branch: str = ""
    nodes: tuple[str, ...] = ()


def troubles_of_silence(places: Mapping[str, Place], silent: Collection[str]) -> list[Trouble]:
    """The causes behind the silent nodes; every silent node is in exactly one.

    1. A branch of several nodes that are all silent is cut off: one trouble.
    2. A node behind a silent one is muted: it joins the trouble of the first silent node on its way.
    3. What is left of a machine of several nodes, all of them silent, is one trouble of that machine.
    4. What is left then is silent by itself.
    """
    by_branch: dict[str, list[str]] = {}
    for name, place in places.items():
        if place.branch:
            by_branch.setdefault(place.branch, []).append(name)
    cut = {
        branch
        for branch, names in by_branch.items()
        if len(names) > 1 and all(name in silent for name in names)
    }
    lines: dict[str, list[str]] = {branch: list(by_branch[branch]) for branch in sorted(cut)}
    alone: dict[str, list[str]] = {}
    for name in sorted(silent):
        if name not in places or places[name].branch in cut:
            continue
        first = _first_silent(name, places, silent)
        branch = places[first].branch
        (lines[branch] if branch in cut else alone.setdefault(first, [])).append(name)
    down = _hosts_down(places, silent)
    hosts: dict[str, list[str]] = {}
    for name in [name for name in alone if places[name].host in down]:
        hosts.setdefault(places[name].host, []).extend(alone.pop(name))
    return [
        *(
            Trouble(f"line {branch}", "line_down", 1, branch=branch, nodes=tuple(sorted(names)))
            for branch, names in lines.items()
        ),
        *(
            Trouble(f"host {host}", "host_down", 1, min(names), "", tuple(sorted(names)))
            for host, names in hosts.items()
        ),
        *(
            Trouble(f"silent {name}", "silent", 1, name, places[name].branch, tuple(sorted(names)))
            for name, names in alone.items()
        ),
    ]


def _hosts_down(places: Mapping[str, Place], silent: Collection[str]) -> set[str]:
    """Machines of several nodes of which none is heard."""
    nodes_of: dict[str, list[str]] = {}
    for name, place in places.items():
        if place.host:
            nodes_of.setdefault(place.host, []).append(name)
    return {
        host for host, names in nodes_of.items() if len(names) > 1 and all(name in silent for name in names)
    }


def _first_silent(name: str, places: Mapping[str, Place], silent: Collection[str]) -> str:
    """The silent node nearest to the center on the way of this one; of a circle of records the least name."""
    way = [name]
    while (ahead := places[way[-1]].behind) in silent and ahead in places:
        if ahead in way:
            return min(way[way.index(ahead) :])
        way.append(ahead)
    return way[-1]


def suspects_itself(before: bool, late_since: Sequence[float], node_count: int, at: float) -> bool:
    """Whether the center should doubt its own hearing: more than 30 % of all nodes went late within the last minute. The
    doubt ends when less than a tenth is late. `late_since` has the second at which each late node went late."""
    if node_count < FEWEST_NODES:
        return False
    if before:
        return len(late_since) >= TRUST_SHARE * node_count
    lately = sum(1 for since in late_since if at - since <= SUSPICION_SECONDS)
    return lately > SUSPICION_SHARE * node_count
