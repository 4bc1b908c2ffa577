"""Changes the key that signs commands, with overlap: nodes believe both until the new one signs.

1. `begin`: the next key is made, and every active node is ordered, under the present key, to believe it. 2. Nodes that
are away take the order when they are back (it waits seven days). 3. `finish`: the next key signs, and every node is
ordered, under it, to forget the old one.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

from netops.center.audit.actions import record
from netops.center.commands.actions import Commands, Order, Orderer
from netops.center.commands.keys import CenterKeys
from netops.center.commands.models import NodeCommand
from netops.center.commands.rules import Right
from netops.center.models import Node
from shared import clock
from shared.database import transaction
from shared.errors import Conflict
from shared.i18n import N_
from shared.nodes.command import LONGEST_LIFE, key_id_of


@dataclass(frozen=True)
class Rotation:
    """The key that signs, the next one ("" = no rotation), and which nodes have said that they believe it."""

    current: str
    next: str
    ready: Sequence[str]
    missing: Sequence[str]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


async def rotation(keys: CenterKeys) -> Rotation:
    """How far a rotation is, by what the nodes' own results say."""
    current = keys.command.public_text
    if not keys.is_rotating:
        return Rotation(current, "", (), ())
    following = keys.next_command().public_text
    ready, missing = [], []
    for node in await Node.filter(status="active").order_by("name"):
        (ready if await _believes(node.name, following) else missing).append(node.name)
    return Rotation(current, following, ready, missing)


async def _believes(node: str, public_text: str) -> bool:
    """Whether the node has said so, as the result of the order."""
    done = await NodeCommand.filter(node=node, verb="keys.trust", state="done")
    return any(row.args.get("public_key") == public_text for row in done)


async def begin(keys: CenterKeys, who: str) -> Rotation:
    """Begin, or remind the nodes that do not know the next key yet."""
    following = keys.next_command().public_text
    found = await rotation(keys)
    async with transaction():
        await record(who, "keys.rotate", "center", begins=following)
    await _order_all(keys, who, "keys.trust", {"public_key": following}, found.missing)
    return found


async def finish(keys: CenterKeys, who: str, *, is_forced: bool = False) -> Rotation:
    """The next key signs. Conflict while nodes would refuse it, unless forced: they then have to be told by hand."""
    found = await rotation(keys)
    if not found.next:
        raise Conflict(N_("No rotation of the command key has begun."))
    if found.missing and not is_forced:
        raise Conflict(
            N_(
                "These nodes do not know the next key yet: %(nodes)s. Wait for them, or force it and enrol them anew."
            ),
            nodes=", ".join(found.missing),
        )
    before = keys.finish_rotation()
    async with transaction():
        await record(who, "keys.rotate", "center", ends=before)
    await _order_all(keys, who, "keys.forget", {"key_id": key_id_of(before)}, found.ready)
    return await rotation(keys)


async def _order_all(
    keys: CenterKeys, who: str, verb: str, args: dict[str, Any], nodes: Sequence[str]
) -> None:
    if nodes:
        by = Orderer(None, who, [Right("keys.*", "*", "*")])
        until = clock.now() + LONGEST_LIFE - timedelta(minutes=1)
        order = Order(verb, "rotation of the command key", args, lifetime="until", until=until)
        await Commands(keys).order(by, order, nodes)
