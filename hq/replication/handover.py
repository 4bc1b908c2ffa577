"""Nodes that were fenced: known by their key, refused by name, and heard out over what headquarters had not seen."""

from collections.abc import Mapping

import structlog

from hq.replication.feed_models import FencedNode, HandedRow
from shared import clock
from shared.database import transaction
from shared.errors import Refused
from shared.i18n import N_
from shared.nodes.identity import IdentityRefused, claimed_node, verify_request
from shared.replication.handover import FENCED, ROWS_AT_ONCE, HandedAsked, HandedReply, Handover, Row
from shared.replication.messages import CursorReply

log = structlog.get_logger(__name__)


class NodeFenced(Refused):
    """Another node is the branch's. `cursor` is where this node's log ended for headquarters."""

    status = 403
    code = FENCED

    def __init__(self, cursor: CursorReply) -> None:
        super().__init__(
            N_("Another node has taken this branch over. This one may hand over what headquarters had not seen, and no more.")
        )  # fmt: skip
        self.cursor = cursor


async def fence(branch: str, public_key: str, cursor: CursorReply) -> None:
    """From now on the node with this key is one that was, also when it was fenced once, set up anew and the branch's node again:
    what counts is where its log ends this time. In the caller's transaction."""
    if public_key:
        await FencedNode.update_or_create(
            public_key=public_key,
            defaults={
                "branch": branch, "epoch": cursor.epoch, "seq": cursor.seq, "chain": cursor.chain, "fenced_at": clock.now(),
                "handed_at": None,
            },
        )  # fmt: skip


async def fenced_node(headers: Mapping[str, str], method: str, path: str, body: bytes) -> FencedNode | None:
    """The fenced node that signed a request; None: nobody of them did. Replays are not remembered: what a fenced node may
    do can be done twice."""
    for node in await FencedNode.filter(branch=claimed_node(headers)):
        try:
            verify_request(node.public_key, headers, method, path, body)
        except IdentityRefused:
            continue
        return node
    return None


async def keep(node: FencedNode, said: Handover) -> None:
    """Keep rows for the branch's present node; a row that is already there as it is stays taken."""
    async with transaction():
        for row in said.rows:
            found = await HandedRow.get_or_none(branch=node.branch, tbl=row.table, row_id=row.id)
            if found is not None and found.after == row.after:
                continue
            if found is not None:
                await found.delete()
            await HandedRow.create(
                branch=node.branch, tbl=row.table, row_id=row.id, before=row.before, after=row.after
            )
        if said.is_all and node.handed_at is None:
            node.handed_at = clock.now()
            await node.save()
            log.warning("fenced_node_heard_out", branch=node.branch)


async def waiting(asked: HandedAsked) -> HandedReply:
    """What the branch's present node has not taken yet."""
    if asked.taken:
        await HandedRow.filter(branch=asked.branch, id__lte=asked.taken, taken_at=None).update(
            taken_at=clock.now()
        )
    rows = await HandedRow.filter(branch=asked.branch, taken_at=None).order_by("id").limit(ROWS_AT_ONCE)
    return HandedReply([Row(row.tbl, row.row_id, row.before, row.after, row.id) for row in rows])
