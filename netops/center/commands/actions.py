"""What people do with commands, and what nodes answer: order, approve, cancel; hand out, take results, expire.

Every step is one transaction with its audit entry. Commands leave the center only after the commit, and come back as the
node's own word, which is written down once however often it arrives.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sse_starlette.sse import AppStatus
from starlette.applications import Starlette

from netops.center.audit.actions import Act, record, record_all
from netops.center.audit.node_audits import compare, is_equal, note_step
from netops.center.commands import queries, rules
from netops.center.commands.keys import CenterKeys
from netops.center.commands.models import CommandRight, NodeCommand
from netops.center.commands.outbox import Outbox
from netops.center.commands.queries import OwnColumns
from netops.center.commands.words import WORDS
from netops.center.models import Node
from shared import clock
from shared.canonical import from_micros, to_micros
from shared.database import fetch_all, transaction
from shared.errors import Conflict, Invalid, NotAllowed, NotFound
from shared.i18n import N_
from shared.ids import new_id, new_id_texts
from shared.nodes.command import (
    VERBS,
    Address,
    Command,
    CommandMalformed,
    sign_alone,
    sign_command,
    sign_order,
)
from shared.nodes.report import TREE_FORM, CommandResult, SignedCommand
from shared.web.models import Account
from shared.web.serving import collect_later

NODES_PER_ENTRY = 20
MANY_NODES = 100
ANSWERED_WITHIN_SECONDS = 1.0
"""The lines of an order at MANY_NODES are answered in that time."""


@dataclass(frozen=True)
class Orderer:
    """Somebody who orders or approves: account, and the words by which nodes and audit know them."""

    account_id: UUID | None
    words: str
    rights: Sequence[rules.Right]


@dataclass(frozen=True)
class Order:
    """What is wanted of one or many nodes. `until` only with lifetime "until"."""

    verb: str
    reason: str
    args: dict[str, Any] = field(default_factory=dict)
    instance: str = ""
    lifetime: str = "now"
    until: datetime | None = None


def insist_allowed(rights: Sequence[rules.Right], verb: str, places: Collection[str], service: str) -> None:
    """NotAllowed unless one of the rights covers the verb at a node (by its name or branch)."""
    if not rules.may_order(rights, verb, places, service):
        raise NotAllowed(
            N_("Your account may not order '%(verb)s' here. An administrator of the center grants it."),
            verb=WORDS[verb].label,
        )


class Commands:
    """The channel of one center process: its keys and the lines that wait. Made once, kept in app.state."""

    def __init__(
        self, keys: CenterKeys, outbox: Outbox | None = None, *, acts_at_once: int = sys.maxsize
    ) -> None:
        self.keys, self.outbox, self.acts_at_once = keys, outbox or Outbox(), acts_at_once

    async def order(self, by: Orderer, order: Order, nodes: Sequence[str]) -> list[NodeCommand]:
        """Order `order` at each of `nodes`; the commands, in that order. All or none.

        1. The person may and the arguments fit. 2. In one transaction: numbers, signatures, rows, audit; a starred verb
        is not signed yet. 3. After the commit the nodes that wait have them at once.
        NotFound, NotAllowed, Invalid, Conflict (too many nodes would be out of work at the same moment).
        """
        check_arguments(order)
        now = clock.now()
        if len(nodes) >= MANY_NODES:
            collect_later(ANSWERED_WITHIN_SECONDS)
        async with transaction():
            last = await self._last_numbers(by, order, nodes)
            await self._refuse_too_many(order, nodes)
            shared, ids = self._shared(by, order, now), new_id_texts(len(nodes))
            if rules.needs_approval(order.verb):
                own, signed = [OwnColumns(id, node) for id, node in zip(ids, nodes, strict=True)], {}
            else:
                own, signed = self._sign(shared, _addresses(ids, nodes, last), now)
            delivery = self.outbox.delivery(signed)
            asyncio.get_running_loop().call_soon(delivery.prepare)  # while the database writes
            await queries.insert_commands(shared, own)
            await record_all(_requested(by.words, shared, own))
        await delivery.run()
        return [_row(shared, one) for one in own]

    async def _last_numbers(self, by: Orderer, order: Order, names: Sequence[str]) -> dict[str, int]:
        """The number of the last command of each node; all are there, locked so that their numbers grow one by one, and the
        person may order this at each."""
        nodes = await queries.lock_active(names)
        service = str(order.args.get("service", ""))
        is_everywhere = rules.may_order_everywhere(by.rights, order.verb, service)
        for name in names:
            if name not in nodes:
                raise NotFound(N_("There is no node %(name)s that takes commands."), name=name)
            if not is_everywhere:
                insist_allowed(by.rights, order.verb, queries.places(name, nodes[name].branch), service)
        return {name: node.last_number for name, node in nodes.items()}

    async def _refuse_too_many(self, order: Order, names: Sequence[str]) -> None:
        """The fleet's cap: whoever orders a restart everywhere by mistake stops a few nodes, not the company."""
        if order.verb not in rules.DISRUPTIVE:
            return
        others = await queries.disturbed_nodes(names)
        if len(others) + len(names) > self.acts_at_once:
            raise Conflict(
                N_("%(n)s nodes are restarted, stopped or drained just now, and %(most)s at once are allowed. Wait for them."),
                n=len(others), most=self.acts_at_once,
            )  # fmt: skip

    def _shared(self, by: Orderer, order: Order, now: datetime) -> NodeCommand:
        """What the commands of an order have in common, as a row without an address."""
        is_starred = rules.needs_approval(order.verb)
        expires = now + rules.APPROVAL_LIFE if is_starred else rules.expiry(order.lifetime, order.until, now)
        return NodeCommand(
            id="", node="", verb=order.verb, args=order.args, instance=order.instance, reason=order.reason,
            lifetime=order.lifetime, requested_by=by.words, requested_by_id=by.account_id,
            state="approval" if is_starred else "requested", requested_at=now, expires_at=expires,
        )  # fmt: skip

    def _sign(
        self, shared: NodeCommand, addresses: Sequence[Address], now: datetime
    ) -> tuple[list[OwnColumns], dict[str, list[SignedCommand]]]:
        """Signs an order at each address: what is to be written of each command, and the envelopes by node. Notes in `shared`
        when and by which key."""
        envelopes = sign_order(self.keys.command, _command_of(shared, 0, now), addresses)
        shared.issued_at, shared.key_id = now, envelopes[0].key_id
        own, signed, now_us = [], defaultdict(list), to_micros(now)
        for (id, node, seq), envelope in zip(addresses, envelopes, strict=True):
            path, _, signature = envelope.signature.rpartition(".")
            sent_at_us = now_us if self.outbox.is_waiting(node) else None
            own.append(OwnColumns(id, node, seq, envelope.payload, signature, path, sent_at_us))
            signed[node].append(envelope)
        return own, signed

    def _sign_alone(self, row: NodeCommand, seq: int, now: datetime) -> SignedCommand:
        """Numbers and signs one row."""
        envelope = sign_command(self.keys.command, _command_of(row, seq, now))
        row.seq, row.issued_at, row.sent_at = seq, now, now if self.outbox.is_waiting(row.node) else None
        row.payload, row.key_id, row.signature = envelope.payload, envelope.key_id, envelope.signature
        return envelope

    async def approve(self, by: Orderer, command_id: str) -> NodeCommand:
        """A second person wants it too: it is signed and sent. Conflict when it no longer waits; NotAllowed for the first
        person and for anybody who may not order it."""
        now = clock.now()
        async with transaction():
            row = await _locked(command_id)
            node = await Node.filter(name=row.node).select_for_update().get()
            if row.state != "approval" or row.expires_at <= now:
                raise Conflict(N_("This command no longer waits for approval."))
            if by.account_id is None or by.account_id == row.requested_by_id:
                raise NotAllowed(N_("A second person has to approve this; you ordered it."))
            service = str(row.args.get("service", ""))
            insist_allowed(by.rights, row.verb, queries.places(node.name, node.branch), service)
            row.approved_by, row.state = by.words, "requested"
            row.expires_at = now + rules.NOW_LIFE if row.lifetime == "now" else row.expires_at
            last = await queries.last_numbers([row.node])
            envelope = self._sign_alone(row, last[row.node] + 1, now)
            await row.save()
            await record_all([_act(by.words, "command.approve", row)])
        await self.outbox.delivery({row.node: [envelope]}).run()
        return row

    async def hand_out(self, node: str, after: int) -> list[SignedCommand]:
        """What waits for a node beyond the number it has judged, oldest first; marks it as sent.

        A command that is over is not handed out: if it was never judged it is expired, and now that is certain.
        """
        if not await queries.is_anything_waiting(node, after):
            return []
        now = clock.now()
        rows = await NodeCommand.filter(node=node, state="requested", seq__gt=after).order_by("seq")
        over = [row for row in rows if row.expires_at <= now]
        if over:
            await self._expire(over, now)
        fresh = [row for row in rows if row.expires_at > now]
        unsent = [row.id for row in fresh if row.sent_at is None]
        if unsent:
            await NodeCommand.filter(id__in=unsent).update(sent_at=now)
        return [
            SignedCommand(
                payload=row.payload,
                key_id=row.key_id,
                signature=f"{row.path}.{row.signature}" if row.path else row.signature,
            )
            for row in fresh
        ]

    def for_line(self, found: Sequence[SignedCommand], forms: str) -> Sequence[SignedCommand]:
        """What a poll is answered with: an agent that does not say that it checks commands signed together has each signed for
        itself, by the key that signs now. `forms` as in shared.nodes.report."""
        if TREE_FORM in forms.split(","):
            return found
        return [sign_alone(self.keys.command, envelope) for envelope in found]

    async def _expire(self, rows: Sequence[NodeCommand], now: datetime) -> None:
        async with transaction():
            for row in rows:
                moved = await NodeCommand.filter(id=row.id, state=row.state).update(
                    state="expired", ended_at=now, code="command.expired"
                )
                if moved:
                    await record_all([_act("center", "command.expired", row)])

    async def expire(self) -> int:
        """Commands whose time is over: never handed out ones are expired; handed out ones without an answer become
        unknown until the node speaks. How many."""
        now = clock.now()
        rows = await NodeCommand.filter(state__in=list(rules.WAITING), expires_at__lte=now).limit(500)
        unsent = [row for row in rows if row.sent_at is None]
        await self._expire(unsent, now)
        for row in [row for row in rows if row.sent_at is not None]:
            async with transaction():
                moved = await NodeCommand.filter(id=row.id, state="requested").update(
                    state="unknown", code="command.no_answer"
                )
                if moved:
                    await record_all([_act("center", "command.unanswered", row)])
        return len(rows)


async def cancel(by: Orderer, command_id: str) -> NodeCommand:
    """Take back what has not been handed to the node. Conflict when it has, for then the node decides, and when it is over."""
    async with transaction():
        row = await _locked(command_id)
        if row.sent_at is None and not rules.may_move(row.state, "cancelled"):
            raise Conflict(N_("This command is over; there is nothing to take back."))
        if row.sent_at is not None:
            raise Conflict(N_("The node already has this command; it cannot be taken back."))
        row.state, row.ended_at = "cancelled", clock.now()
        await row.save()
        await record_all([_act(by.words, "command.cancel", row)])
    return row


async def take_result(node: str, step: CommandResult) -> bool:
    """Write down what a node says of a command, inside its report's transaction. Whether the command moved.

    May arrive many times and out of order; a node speaks for its own commands only.
    """
    if step.audit:
        await note_step(node, step)
    row = await NodeCommand.get_or_none(id=step.id, node=node)
    if row is None:
        return False
    to = rules.told(row.state, step.state, step.code, by_node=is_nodes_word(row))
    if to is None:
        if step.result and not row.result and row.state == step.state:
            await NodeCommand.filter(id=row.id).update(result=step.result, detail=step.detail)
        return False
    row.state, row.code, row.detail = to, step.code, step.detail
    row.result = step.result or row.result
    row.sent_at = row.sent_at or clock.now()
    if to == "accepted":
        row.accepted_at, row.ended_at = step.at, None
    else:
        row.ended_at = step.at
    await row.save()
    await record_all([_act(node, f"command.{to}", row)])
    return True


async def reconcile(node: str, judged: int, audit_head: str) -> str | None:
    """Compare audits after a node's greeting; the hash after which it should send its own, None: both are equal.

    Once they are equal, everything the node did is known here. A command it has passed over (a later one reached it
    first) was never judged and never will be: that is a refusal, and nothing was done.
    """
    missing = await compare(node, audit_head, judged)
    if missing is None and await is_equal(node):
        rows = await NodeCommand.filter(node=node, state__in=["requested", "unknown"], seq__lte=judged)
        for row in rows:
            if row.state == "requested" or row.code == "command.no_answer":
                row.state, row.code, row.ended_at = "refused", "command.passed_over", clock.now()
                await row.save()
                await record_all([_act(node, "command.refused", row)])
    return missing


def is_nodes_word(row: NodeCommand) -> bool:
    """Whether the command's end was told by the node, and not only supposed here."""
    return row.state in rules.ENDED and row.code not in ("command.no_answer", "command.expired")


def check_arguments(order: Order) -> None:
    """Raises Invalid when the verb does not exist or does not take these arguments."""
    verb = VERBS.get(order.verb)
    if verb is None:
        raise Invalid(N_("There is no such command."))
    if verb.needs_instance and not order.instance:
        raise Invalid(N_("Nothing of this service runs at the node, so there is nothing to act on."))
    if len(order.reason.strip()) < 3:
        too_short = N_("Say why, in three characters or more: it is kept in the audit.")
        raise Invalid(too_short, fields={"reason": too_short})
    probe = Command(
        id="x" * 8, node="x", seq=1, verb=order.verb, args=order.args, instance=order.instance,
        issued_at=clock.now(), expires_at=clock.now(), requested_by="nobody", approved_by="", reason=order.reason,
    )  # fmt: skip
    try:
        probe.arguments()
    except CommandMalformed as wrong:
        raise Invalid(N_("These values do not fit the command: %(why)s"), why=str(wrong)) from None


def _command_of(row: NodeCommand, seq: int, now: datetime) -> Command:
    return Command(
        id=row.id, node=row.node, seq=seq, verb=row.verb, args=row.args, instance=row.instance,
        issued_at=now, expires_at=row.expires_at, requested_by=row.requested_by, approved_by=row.approved_by,
        reason=row.reason,
    )  # fmt: skip


def _addresses(ids: Sequence[str], nodes: Sequence[str], last: Mapping[str, int]) -> list[Address]:
    """The number of each command, of any number per node, in their order; `last` is what each node's last command had."""
    known, found = dict(last), []
    for id, node in zip(ids, nodes, strict=True):
        known[node] += 1
        found.append(Address(id, node, known[node]))
    return found


def _row(shared: NodeCommand, own: OwnColumns) -> NodeCommand:
    """One command of an order as a row, past the model's checks: making a model costs more than signing it."""
    row, sent = NodeCommand.__new__(NodeCommand), own.sent_at_us
    object.__setattr__(
        row,
        "__dict__",
        {**vars(shared), **own._asdict(), "sent_at": None if sent is None else from_micros(sent)},
    )
    return row


def _requested(who: str, shared: NodeCommand, own: Sequence[OwnColumns]) -> list[Act]:
    """One entry per command; one for all of them when an order went to more nodes than a person reads line by line."""
    if len(own) <= NODES_PER_ENTRY:
        return [_act(who, "command.request", _row(shared, one)) for one in own]
    first = _act(who, "command.request", _row(shared, own[0]))
    numbers = {one.node: [one.id, one.seq] for one in own}
    return [replace(first, subject=f"{len(own)} nodes", facts={**first.facts, "commands": numbers})]


def _act(who: str, action: str, row: NodeCommand) -> Act:
    detail: Mapping[str, Any] = {
        "command": row.id, "verb": row.verb, "args": rules.without_secrets(row.args), "instance": row.instance, "seq": row.seq,
        "code": row.code,
    }  # fmt: skip
    return Act(who, action, row.node, row.reason, dict(detail))


async def _locked(command_id: str) -> NodeCommand:
    row = await NodeCommand.filter(id=command_id).select_for_update().first()
    if row is None:
        raise NotFound()
    return row


async def grant(account_id: UUID, right: rules.Right, by: str) -> None:
    """Allow an account to order. The same right again changes nothing."""
    async with transaction():
        fits = {"verb": right.verb, "place": right.place, "service": right.service}
        if not await CommandRight.exists(account_id=account_id, **fits):
            await CommandRight.create(id=new_id(), account_id=account_id, **fits)
            await record(by, "right.grant", await _name_of(account_id), **fits)


async def withdraw(account_id: UUID, by: str) -> int:
    """Take all rights to order from an account; how many there were."""
    async with transaction():
        count = await CommandRight.filter(account_id=account_id).delete()
        if count:
            await record(by, "right.withdraw", await _name_of(account_id))
    return count


async def _name_of(account_id: UUID) -> str:
    """The name under which the audit knows an account."""
    found = await Account.get_or_none(id=account_id)
    return found.username if found else str(account_id)


async def withdraw_one(right_id: str, by: str) -> None:
    """Take one right away. NotFound; Conflict when nobody could grant any more."""
    async with transaction():
        found = await CommandRight.filter(id=_uuid(right_id)).select_for_update().first()
        if found is None:
            raise NotFound()
        fits = {"verb": found.verb, "place": found.place, "service": found.service}
        if rules.Right(**fits) == rules.EVERYTHING and await CommandRight.filter(**fits).count() == 1:
            raise Conflict(N_("This is the last right to order everything: grant it to somebody else first."))
        await found.delete()
        await record(by, "right.withdraw", await _name_of(found.account_id), **fits)


def _uuid(text: str) -> UUID:
    """Raises NotFound for what is no id."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound() from None


async def watch_for_orders(app: Starlette, seconds: float = 0.5) -> None:
    """For ever: lines of this process look again when another process (the command line) has ordered something.

    One small query each time, whatever the number of nodes.
    """
    commands: Commands = app.state.commands
    while True:
        rows = await fetch_all(
            "SELECT DISTINCT node FROM node_command WHERE state = 'requested' AND sent_at IS NULL LIMIT 1000"
        )
        commands.outbox.look(str(row["node"]) for row in rows)
        await asyncio.sleep(seconds)


async def end_lines(app: Starlette, seconds: float = 0.25) -> None:
    """Lines that wait are answered when the process is told to end; the nodes wait at the next one."""
    commands: Commands = app.state.commands
    while True:
        await asyncio.sleep(seconds)
        if AppStatus.should_exit:
            return commands.outbox.end()


async def keep_time(app: Starlette, seconds: float = 5.0) -> None:
    """For ever: commands whose time is over."""
    commands: Commands = app.state.commands
    while True:
        await commands.expire()
        await asyncio.sleep(seconds)
