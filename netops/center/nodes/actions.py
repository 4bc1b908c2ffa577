"""Letting nodes report, and no longer."""

from netops.center.audit.actions import record
from netops.center.models import Node
from netops.center.nodes.state import Fleet
from shared import clock
from shared.database import transaction
from shared.errors import Conflict
from shared.i18n import N_
from shared.nodes.identity import read_public_text


async def enrol(
    name: str, role: str, public_key: str, *, branch: str = "", behind: str = "", fleet: Fleet | None = None
) -> Node:
    """Let a node report. The same key again changes nothing; another key for a known name is refused.

    `fleet` is the state table of the running site; without it (the command line) the site takes the node up by itself.
    """
    try:
        read_public_text(public_key)
    except ValueError:
        raise Conflict(N_("The public key cannot be read.")) from None
    found = await Node.get_or_none(name=name)
    if found is None:
        found = await Node.create(name=name, role=role, branch=branch, behind=behind, public_key=public_key)
    elif found.public_key != public_key:
        raise Conflict(N_("Node %(name)s is known with another key. Remove it first."), name=name)
    if fleet is not None:
        fleet.put(found)
    return found


async def revoke(node: Node, actor: str, reason: str, fleet: Fleet) -> None:
    """The node may not report any more; its record and its name stay. A second call changes nothing."""
    async with transaction():
        if await Node.filter(name=node.name, status="active").update(
            status="revoked", revoked_at=clock.now()
        ):
            await record(actor, "node.revoke", node.name, reason=reason)
    node.status = "revoked"
    fleet.put(node)
