"""Reads of commands and rights."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from netops.center.commands.models import CommandRight, NodeCommand
from netops.center.commands.rules import DISRUPTIVE, Right
from shared import clock
from shared.database import engine, execute_many, fetch_all, fetch_one
from shared.database.fields import to_micros
from shared.errors import NotFound

PAGE = 100
DISTURBED_FOR = timedelta(minutes=15)


def places(name: str, branch: str) -> list[str]:
    """What a right's place may name a node by: its name and its branch."""
    return [name, branch] if branch else [name]


async def last_numbers(nodes: Sequence[str]) -> dict[str, int]:
    """The greatest number known for each node that has one: of those given here, and of those it said to have judged (our
    tables may be an older copy than the node's journal)."""
    sql = "SELECT node, max(seq) AS seq FROM node_command {where} GROUP BY node UNION ALL SELECT node, judged FROM node_audit {where}"
    if len(nodes) == 1:
        rows = await fetch_all(sql.format(where="WHERE node = :node"), node=nodes[0])
    else:
        rows = await fetch_all(sql.format(where=""))
    found: dict[str, int] = {}
    for row in rows:
        found[str(row["node"])] = max(found.get(str(row["node"]), 0), int(row["seq"] or 0))
    return found


async def lock_active(names: Sequence[str]) -> dict[str, str]:
    """The branch of each of these nodes that takes commands, locked until the end of the transaction."""
    lock = " FOR UPDATE" if engine() == "postgres" else ""
    sql = f"SELECT name, branch FROM node WHERE status = 'active' AND name IN :names ORDER BY name{lock}"
    return {str(row["name"]): str(row["branch"]) for row in await fetch_all(sql, names=list(names))}


async def is_anything_waiting(node: str, after: int) -> bool:
    """Whether a node has a command to judge beyond this number: what each of its polls asks, so without models."""
    sql = "SELECT 1 AS one FROM node_command WHERE node = :node AND state = 'requested' AND seq > :after LIMIT 1"
    return await fetch_one(sql, node=node, after=after) is not None


async def disturbed_nodes(but: Sequence[str]) -> set[str]:
    """Nodes, other than these, that act on a disruptive command or are about to: it was accepted within a quarter of an hour,
    or is on its way 'now or never'. What waits for a node that is away does not count."""
    sql = (
        "SELECT DISTINCT node FROM node_command WHERE verb IN :verbs"
        " AND ((state = 'accepted' AND accepted_at >= :since) OR (state = 'requested' AND lifetime = 'now'))"
    )
    rows = await fetch_all(sql, verbs=sorted(DISRUPTIVE), since=to_micros(clock.now() - DISTURBED_FOR))
    return {str(row["node"]) for row in rows} - set(but)


async def insert_commands(rows: Sequence[NodeCommand]) -> None:
    """Write commands of one order. What they share is encoded once: a thousand models cost more than their signatures."""
    fields, first = NodeCommand._meta.fields_map, rows[0]
    columns = sorted(NodeCommand._meta.db_fields)
    shared = {name: fields[name].to_db_value(getattr(first, name), first) for name in columns}
    names, places_ = ", ".join(columns), ", ".join(f":{name}" for name in columns)
    await execute_many(
        f"INSERT INTO node_command ({names}) VALUES ({places_})",
        [
            shared | {"id": row.id, "node": row.node, "seq": row.seq, "payload": row.payload,
                      "signature": row.signature, "path": row.path, "sent_at": row.sent_at and to_micros(row.sent_at)}
            for row in rows
        ],
    )  # fmt: skip


async def rights_of(account_id: UUID) -> list[Right]:
    """What an account may order."""
    rows = await CommandRight.filter(account_id=account_id)
    return [Right(row.verb, row.place, row.service) for row in rows]


async def command(command_id: str) -> NodeCommand:
    """Raises NotFound."""
    found = await NodeCommand.get_or_none(id=command_id)
    if found is None:
        raise NotFound()
    return found


@dataclass(frozen=True)
class CommandList:
    """A page of commands: those that wait or are unknown first (all of them), then the others, newest first."""

    open: Sequence[NodeCommand]
    ended: Sequence[NodeCommand]
    older: str


async def commands(node: str = "", before: str = "") -> CommandList:
    """Commands of one node or of all; `before` is the id of the last row of the page before (ids grow with time)."""
    found = NodeCommand.filter(node=node) if node else NodeCommand.all()
    still = ("approval", "requested", "accepted", "unknown")
    waiting: list[Any] = [] if before else await found.filter(state__in=still).order_by("-id").limit(PAGE)
    rest = found.exclude(state__in=still).order_by("-id")
    if before:
        rest = rest.filter(id__lt=before)
    rows = await rest.limit(PAGE + 1)
    return CommandList(waiting, rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else "")


async def latest(node: str, limit: int = 10) -> Sequence[NodeCommand]:
    """The newest commands of a node."""
    return await NodeCommand.filter(node=node).order_by("-requested_at").limit(limit)


async def taken_since(node: str, since: datetime, limit: int = 50) -> Sequence[NodeCommand]:
    """What a node accepted since then, newest first."""
    found = NodeCommand.filter(node=node, accepted_at__gte=since)
    return await found.order_by("-accepted_at").limit(limit)


@dataclass(frozen=True)
class RightRow:
    """Who may order what, for people."""

    id: UUID
    account: str
    right: Right


async def all_rights() -> list[RightRow]:
    rows = await fetch_all(
        "SELECT r.id, a.username, r.verb, r.place, r.service FROM command_right r"
        " JOIN web_account a ON a.id = r.account_id ORDER BY a.username, r.verb, r.place"
    )
    return [
        RightRow(UUID(str(row["id"])), str(row["username"]), Right(row["verb"], row["place"], row["service"]))
        for row in rows
    ]
