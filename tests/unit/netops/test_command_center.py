"""Orders, expiry, rotation and audits at the center, on both engines, with desk nodes."""

import asyncio
from datetime import timedelta

import pytest

from netops.center.audit import queries as audit_queries
from netops.center.audit.models import NodeAudit
from netops.center.audit.node_audits import take_slice
from netops.center.commands import rotation
from netops.center.commands.actions import Commands, Order, Orderer, reconcile, take_result
from netops.center.commands.keys import CenterKeys
from netops.center.commands.models import NodeCommand
from netops.center.commands.rules import Right
from netops.center.models import AuditEntry, Node
from shared import clock
from shared.clock import FixedClock
from shared.database import transaction
from shared.errors import Conflict
from shared.nodes.report import AuditSlice, AuditStep
from tests.support.desk_node import VERB, DeskNode

ADA = Orderer(None, "Ada (ada)", [Right("*", "*", "*")])
ORDER = Order(VERB, "a test", lifetime="until")


@pytest.fixture
async def commands(center_database, tmp_path):
    return Commands(CenterKeys(tmp_path / "center"))


async def node_of(commands, folder, name="SH"):
    node = DeskNode(name, folder / name, [commands.keys.command.public_text])
    await Node.create(name=name, public_key=node.key.public_text)
    return node


async def obey(commands, node):
    """One poll and its report."""
    for envelope in await commands.hand_out(node.name, await node.judged()):
        await node.take(envelope)
    await tell(node)


async def tell(node):
    async with transaction():
        for step in node.steps():
            await take_result(node.name, step)
        node.outgoing = []
        missing = await reconcile(node.name, await node.judged(), node.journal.audit_head())
    if missing is not None:
        async with transaction():
            for step in await take_slice(node.name, node.slice_after(missing)):
                await take_result(node.name, step)
            await reconcile(node.name, await node.judged(), node.journal.audit_head())


async def states(*rows):
    return [(await NodeCommand.get(id=row.id)).state for row in rows]


async def test_a_command_waits_for_an_offline_node_and_expires_there(commands, tmp_path):
    node = await node_of(commands, tmp_path)
    [short] = await commands.order(ADA, Order(VERB, "a test"), ["SH"])
    [long] = await commands.order(ADA, ORDER, ["SH"])
    with clock.use(FixedClock(clock.now() + timedelta(minutes=2))):
        assert await commands.expire() == 1
        assert await states(short, long) == ["expired", "requested"]
        await obey(commands, node)
    assert await states(short, long) == ["expired", "done"]
    assert node.effects == {long.id: 1}


async def test_a_handed_out_command_without_an_answer_is_unknown_until_the_node_speaks(commands, tmp_path):
    node = await node_of(commands, tmp_path)
    [row] = await commands.order(ADA, Order(VERB, "a test"), ["SH"])
    [envelope] = await commands.hand_out("SH", 0)
    await node.take(envelope)
    with clock.use(FixedClock(clock.now() + timedelta(minutes=2))):
        await commands.expire()
        assert await states(row) == ["unknown"]
        await tell(node)
    assert await states(row) == ["done"]


async def test_a_waiting_line_has_the_command_at_once(commands, tmp_path):
    await node_of(commands, tmp_path)
    async with commands.outbox.line("SH") as line:
        waiting = asyncio.create_task(line.wait(5))
        [row] = await commands.order(ADA, ORDER, ["SH"])
        assert await waiting
    assert [one.payload for one in line.commands] == [row.payload]
    assert (await NodeCommand.get(id=row.id)).sent_at is not None


async def test_lines_are_answered_with_nothing_when_the_center_ends(commands):
    async with commands.outbox.line("SH") as one, commands.outbox.line("PAR") as other:
        waiting = asyncio.gather(one.wait(30), other.wait(30))
        commands.outbox.end()
        assert await waiting == [False, False]
    async with commands.outbox.line("SH") as late:
        assert not await late.wait(30)
    assert one.commands == other.commands == []


async def test_one_order_for_many_nodes_is_all_or_none(commands, tmp_path):
    for name in ("SH", "PAR"):
        await node_of(commands, tmp_path, name)
    rows = await commands.order(ADA, ORDER, ["PAR", "SH"])
    assert [row.node for row in rows] == ["PAR", "SH"]
    with pytest.raises(Exception, match="takes commands"):
        await commands.order(ADA, ORDER, ["SH", "nowhere"])
    assert await NodeCommand.all().count() == 2


async def test_an_order_at_more_nodes_than_a_statement_takes_is_whole_and_numbered_on(commands):
    names = [f"n{number:03d}" for number in range(600)]
    await Node.bulk_create([Node(name=name, public_key="ed25519:x") for name in names])
    await commands.order(ADA, ORDER, names[:2])
    rows = await commands.order(ADA, ORDER, names)
    kept = {row.id: row for row in await NodeCommand.filter(seq__isnull=False)}
    assert len(kept) == 602 and [row.seq for row in rows] == [2, 2, *[1] * 598]
    for row in rows:
        found = kept[row.id]
        assert (found.node, found.seq, found.payload, found.path) == (
            row.node,
            row.seq,
            row.payload,
            row.path,
        )
        assert (found.args, found.state, found.reason, found.sent_at) == ({}, "requested", "a test", None)
    assert (await audit_queries.verify()).broken_at is None


async def test_an_order_at_many_nodes_is_signed_once_and_each_obeys_its_own(commands, tmp_path):
    nodes = [await node_of(commands, tmp_path, f"n{number}") for number in range(6)]
    async with commands.outbox.line("n0") as line:
        rows = await commands.order(ADA, ORDER, [node.name for node in nodes])
    assert len({row.signature for row in rows}) == 1
    await nodes[0].take(line.commands[0])
    [other] = await commands.hand_out("n1", 0)
    await nodes[2].take(other)  # of another node: nothing happens
    for node in nodes[1:]:
        await obey(commands, node)
    await tell(nodes[0])
    assert await states(*rows) == ["done"] * 6
    assert [node.effects for node in nodes] == [{row.id: 1} for row in rows]


async def test_what_was_journaled_and_never_reported_comes_with_the_audit(commands, tmp_path):
    node = await node_of(commands, tmp_path)
    [row] = await commands.order(ADA, ORDER, ["SH"])
    for envelope in await commands.hand_out("SH", 0):
        await node.take(envelope)
    node.outgoing = []
    await tell(node)
    assert await states(row) == ["done"]
    assert (await NodeAudit.get(node="SH")).state == "equal"


async def test_a_rewritten_audit_at_the_node_is_seen_and_told_once(commands, tmp_path):
    node = await node_of(commands, tmp_path)
    await commands.order(ADA, ORDER, ["SH"])
    await obey(commands, node)
    proved = (await NodeAudit.get(node="SH")).proved
    forged = AuditSlice(after=proved, is_known=True, entries=[AuditStep("0" * 64, '["x",9,"done"]')])
    async with transaction():
        await take_slice("SH", forged)
        await take_slice("SH", AuditSlice(after=proved, is_known=False))
    found = await NodeAudit.get(node="SH")
    assert (found.state, found.proved) == ("broken", proved)
    assert await AuditEntry.filter(action="audit.broken").count() == 1
    await tell(node)
    assert (await NodeAudit.get(node="SH")).state == "broken"


async def test_a_changed_row_of_the_centers_audit_is_named(commands, tmp_path):
    node = await node_of(commands, tmp_path)
    await commands.order(ADA, ORDER, ["SH"])
    await obey(commands, node)
    assert (await audit_queries.verify()).broken_at is None
    row = await AuditEntry.all().order_by("seq").first()
    await AuditEntry.filter(seq=row.seq).update(actor="nobody")
    assert (await audit_queries.verify()).broken_at == row.seq
    await AuditEntry.filter(seq=row.seq).delete()
    assert (await audit_queries.verify()).broken_at == row.seq


async def test_the_command_key_is_rotated_with_overlap(commands, tmp_path):
    near, far = await node_of(commands, tmp_path, "SH"), await node_of(commands, tmp_path, "PAR")
    keys, before = commands.keys, commands.keys.command.public_text
    await rotation.begin(keys, "Ada (ada)")
    await obey(commands, near)
    assert (await rotation.rotation(keys)).missing == ["PAR"]
    with pytest.raises(Exception, match="PAR"):
        await rotation.finish(keys, "Ada (ada)")
    await obey(commands, far)
    await rotation.finish(keys, "Ada (ada)")
    assert keys.command.public_text != before
    [row] = await commands.order(ADA, ORDER, ["SH"])
    await obey(commands, near)
    assert near.effects[row.id] == 1
    assert list(near.desk.policy.keys.values()) == [keys.command.public_text]
    await near.restart()
    assert list(near.desk.policy.keys.values()) == [keys.command.public_text]


async def test_no_more_nodes_than_allowed_are_disturbed_at_the_same_moment(commands, tmp_path):
    for name in ("A", "B", "C"):
        await node_of(commands, tmp_path, name)
    commands.acts_at_once = 2
    restart = Order("service.restart", "a test", {"service": "web"}, instance="i1")
    with pytest.raises(Conflict):
        await commands.order(ADA, restart, ["A", "B", "C"])
    await commands.order(ADA, restart, ["A", "B"])
    with pytest.raises(Conflict):
        await commands.order(ADA, restart, ["C"])
    assert await commands.order(ADA, ORDER, ["C"]), "what disturbs nobody goes on"
    with clock.use(FixedClock(clock.now() + timedelta(minutes=2))):
        await commands.expire()
        assert await commands.order(ADA, restart, ["C"])
