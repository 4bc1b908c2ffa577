"""Reads of commands and rights."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

from netops.center.commands.models import CommandRight, NodeCommand
from netops.center.commands.rules import DISRUPTIVE, Right
from shared import clock
from shared.canonical import to_micros
from shared.database import engine, fetch_all, fetch_one, fetch_rows
from shared.database.access import connection
from shared.errors import NotFound

PAGE = 100
ROWS_AT_ONCE = 125
"""SQLite reads a statement of so many rows in 2 ms the first time and one of 250 in 6; once kept both are as quick."""
READ_ALL_FROM = 100
"""From so many nodes on all are read in a row: finding one by its name takes three times as long."""
OWN_COLUMNS = {
    "id": "text", "node": "text", "seq": "bigint", "payload": "text", "signature": "text", "path": "text",
    "sent_at": "bigint",
}  # fmt: skip
"""In what commands of one order differ, with the type."""


class OwnColumns(NamedTuple):
    """Of one command what others of its order have otherwise; named and ordered as OWN_COLUMNS, as it is written."""

    id: str
    node: str
    seq: int | None = None
    payload: str = ""
    signature: str = ""
    path: str = ""
    sent_at_us: int | None = None


DISTURBED_FOR = timedelta(minutes=15)


def places(name: str, branch: str) -> list[str]:
    """What a right's place may name a node by: its name and its branch."""
    return [name, branch] if branch else [name]


_LAST_NUMBERS = (
    " (SELECT max(seq) FROM node_command c WHERE c.node = n.name), a.judged"
    " FROM node n LEFT JOIN node_audit a ON a.node = n.name"
)


@dataclass(frozen=True, slots=True)
class Target:
    """A node to be ordered at, and the greatest number known for it: of our tables, and of what it said to have judged (our
    tables may be an older copy than the node's journal)."""

    branch: str
    last_number: int


async def lock_active(names: Sequence[str]) -> dict[str, Target]:
    """Those of these nodes that take commands, locked until the end of the transaction."""
    if engine() == "postgres":
        sql = "SELECT name, branch FROM node WHERE status = 'active' AND name IN :names ORDER BY name FOR UPDATE"
        branches = await fetch_rows(sql, names=list(names))
        numbers = await last_numbers(
            names
        )  # a look of its own: one that waited for the lock saw what was before
        return {str(name): Target(str(branch), numbers[name]) for name, branch in branches}
    active = f"SELECT name, branch,{_LAST_NUMBERS} WHERE n.status = 'active'"
    if len(names) < READ_ALL_FROM:
        rows = await fetch_rows(f"{active} AND n.name IN :names", names=list(names))
    else:
        rows = await fetch_rows(active)
    found = {name: Target(branch, max(ordered or 0, judged or 0)) for name, branch, ordered, judged in rows}
    return {name: found[name] for name in names if name in found}


async def last_numbers(names: Sequence[str]) -> dict[str, int]:
    """The number of the last command of each of these nodes, 0 for none."""
    rows = await fetch_rows(f"SELECT name,{_LAST_NUMBERS} WHERE n.name IN :names", names=list(names))
    return {str(name): max(ordered or 0, judged or 0) for name, ordered, judged in rows}


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


async def insert_commands(order: NodeCommand, own: Sequence[OwnColumns]) -> None:
    """Write commands of one order; what its rows share is encoded and bound once. PostgreSQL takes all of them as columns in one
    statement, SQLite ROWS_AT_ONCE rows by a statement that it keeps prepared."""
    fields = NodeCommand._meta.fields_map
    in_common = tuple(sorted(NodeCommand._meta.db_fields - set(OWN_COLUMNS)))
    shared = [fields[name].to_db_value(getattr(order, name), order) for name in in_common]
    if engine() == "postgres":
        await connection().execute_query(
            _insertion_of_columns(in_common), [*shared, *map(list, zip(*own, strict=True))]
        )
        return
    for start in range(0, len(own), ROWS_AT_ONCE):
        part = own[start : start + ROWS_AT_ONCE]
        await connection().execute_query(
            _insertion_of_rows(in_common, len(part)), [*shared, *chain.from_iterable(part)]
        )


@lru_cache(maxsize=1)
def _insertion_of_columns(in_common: Sequence[str]) -> str:
    """PostgreSQL: first the values in common, then a list for each own column."""
    shared = ", ".join(f"${at + 1}" for at in range(len(in_common)))
    lists = ", ".join(f"${len(in_common) + at + 1}::{kind}[]" for at, kind in enumerate(OWN_COLUMNS.values()))
    return (
        f"INSERT INTO node_command ({', '.join((*OWN_COLUMNS, *in_common))})"
        f" SELECT own.*, {shared} FROM unnest({lists}) AS own"
    )


@lru_cache(maxsize=8)
def _insertion_of_rows(in_common: Sequence[str], count: int) -> str:
    """SQLite: first the values in common, then those of each of `count` rows."""
    shared = ", ".join(f"?{at + 1}" for at in range(len(in_common)))
    width, rows = len(OWN_COLUMNS), []
    for row in range(count):
        first = len(in_common) + row * width + 1
        rows.append("(" + ", ".join(f"?{first + at}" for at in range(width)) + f", {shared})")
    return f"INSERT INTO node_command ({', '.join((*OWN_COLUMNS, *in_common))}) VALUES {', '.join(rows)}"


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
