"""Letting nodes report, and no longer."""

from netops.center.audit.actions import record
from netops.center.models import Node
from netops.center.nodes.state import Fleet
from shared import clock
from shared.database import transaction
from shared.errors import Conflict, Invalid
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


async def change(
    name: str, actor: str, fleet: Fleet, *, role: str, branch: str = "", behind: str = ""
) -> Node:
    """Say anew where a node stands. Invalid when its line would run through nobody, itself, or in a circle."""
    way, ahead = {name}, behind
    while ahead:
        upstream = fleet.get(ahead)
        if upstream is None or ahead in way:
            wrong = N_(
                "Its line cannot run through itself, in a circle, or through a node that is not known."
            )
            raise Invalid(wrong, fields={"behind": wrong})
        way.add(ahead)
        ahead = upstream.behind
    async with transaction():
        found = await Node.filter(name=name).select_for_update().get()
        facts = {"before": {"role": found.role, "branch": found.branch, "behind": found.behind}}
        found.role, found.branch, found.behind = role, branch, behind
        await found.save(update_fields=["role", "branch", "behind"])
        await record(actor, "node.edit", name, **facts)
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
