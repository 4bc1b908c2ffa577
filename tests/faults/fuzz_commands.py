"""Thousands of commands through kills, replays, reordering and tampering; used by a test (short) and by the bench (10,000).

The center is the real one over a database, the node is the agent's real desk, keys and journal. Between them a line drops,
repeats, shuffles and forges; the node is killed before the act, after it, and before its report.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from netops.center.audit.models import NodeAudit
from netops.center.audit.node_audits import take_slice
from netops.center.commands.actions import Commands, Order, Orderer, reconcile, take_result
from netops.center.commands.keys import CenterKeys
from netops.center.commands.models import NodeCommand
from netops.center.commands.rules import ENDED, Right
from netops.center.models import Node
from shared.database import transaction
from shared.nodes.identity import NodeKey
from shared.nodes.report import AuditSlice, CommandResult, SignedCommand
from tests.support.desk_node import VERB, DeskNode

ADA = Orderer(None, "Ada (ada)", [Right("*", "*", "*")])


@dataclass
class Outcome:
    """What came of a run. `lost`: no end at the center, or 'done' there without an effect; `twice`: done more than once;
    `forged`: effects of commands that nobody ordered."""

    ordered: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    forged: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    mangled: int = 0
    audits_equal: bool = False


class Fuzz:
    """One run against one node. `seed` makes it repeatable."""

    def __init__(self, folder: Path, count: int, seed: int, trouble: float = 0.08) -> None:
        self.chance, self.count, self.trouble = random.Random(seed), count, trouble
        self.commands = Commands(CenterKeys(folder / "center"))
        key = self.commands.keys.command.public_text
        self.node = DeskNode("SH", folder / "node", [key])
        self.node.chance = self._kill
        self.seen: list[SignedCommand] = []
        self.outcome = Outcome(ordered=count)

    def _kill(self, _at: str) -> bool:
        killed = self.chance.random() < self.trouble / 3
        self.outcome.kills += killed
        return killed

    async def run(self) -> Outcome:
        await Node.create(name="SH", public_key=self.node.key.public_text)
        ordered = 0
        while ordered < self.count:
            batch = min(self.chance.randint(1, 60), self.count - ordered)
            for _ in range(batch):
                await self.commands.order(ADA, Order(VERB, "a fuzz run", lifetime="until"), ["SH"])
            ordered += batch
            await self._round()
        self.trouble = 0.0
        for _ in range(20):
            await self._round()
        await self._judge()
        return self.outcome

    async def _round(self) -> None:
        handed = await self.commands.hand_out("SH", await self.node.judged())
        self.seen = (self.seen + handed)[-500:]
        for envelope in self._on_the_way(handed):
            await self.node.take(envelope)
        await self._report()

    def _on_the_way(self, handed: list[SignedCommand]) -> list[SignedCommand]:
        """What arrives: some are lost (only from the end on: a body that is cut), old ones are repeated, forged ones appear."""
        chance, arriving = self.chance, list(handed)
        if arriving and chance.random() < self.trouble * 2:
            arriving = arriving[: chance.randrange(len(arriving))]
        for _ in range(len(handed)):
            if self.seen and chance.random() < self.trouble:
                arriving.insert(chance.randrange(len(arriving) + 1), chance.choice(self.seen))
                self.outcome.mangled += 1
            if self.seen and chance.random() < self.trouble:
                arriving.insert(chance.randrange(len(arriving) + 1), self._forge(chance.choice(self.seen)))
                self.outcome.mangled += 1
        if chance.random() < self.trouble:
            chance.shuffle(arriving)
        return arriving

    def _forge(self, real: SignedCommand) -> SignedCommand:
        """A later number under an old signature, another's key, a changed byte, another node's name."""
        payload = msgspec.json.decode(real.payload)
        payload["id"], payload["seq"] = (
            f"forged-{self.chance.random()}",
            payload["seq"] + self.chance.randint(1, 50),
        )
        text = msgspec.json.encode(payload, order="sorted").decode()
        match self.chance.randrange(4):
            case 0:
                return SignedCommand(payload=text, key_id=real.key_id, signature=real.signature)
            case 1:
                stranger = NodeKey.generate()
                signature = stranger.sign(b"trunkline-command-1\n" + text.encode())
                return SignedCommand(payload=text, key_id=real.key_id, signature=signature)
            case 2:
                at = self.chance.randrange(len(real.payload))
                changed = real.payload[:at] + chr((ord(real.payload[at]) + 1) % 126) + real.payload[at + 1 :]
                return SignedCommand(payload=changed, key_id=real.key_id, signature=real.signature)
            case _:
                return SignedCommand(payload=real.payload, key_id="0" * 16, signature=real.signature)

    async def _report(self) -> None:
        """The node's word reaches the center, perhaps twice, perhaps not at all this time; then it says hello."""
        items, self.node.outgoing = self.node.outgoing, []
        if self.chance.random() < self.trouble:
            self.node.outgoing = list(items)
        if self.chance.random() < self.trouble:
            items = []
        if self.chance.random() < self.trouble:
            self.chance.shuffle(items)
        async with transaction():
            for item in items:
                assert isinstance(item, CommandResult)
                await take_result("SH", item)
            missing = await self._greet()
        while missing is not None and self.chance.random() >= self.trouble:
            missing = await self._send_slice(missing)

    async def _send_slice(self, after: str) -> str | None:
        part: AuditSlice = self.node.slice_after(after)
        async with transaction():
            for step in await take_slice("SH", part):
                await take_result("SH", step)
            return await self._greet()

    async def _greet(self) -> str | None:
        return await reconcile("SH", await self.node.judged(), self.node.journal.audit_head())

    async def _judge(self) -> None:
        rows = await NodeCommand.all()
        known = {row.id for row in rows}
        result, effects = self.outcome, self.node.effects
        result.states = Counter(row.state for row in rows)
        result.lost = [
            row.id for row in rows if row.state not in ENDED or (row.state == "done" and effects[row.id] != 1)
        ]
        result.twice = [command for command, count in effects.items() if count > 1]
        result.forged = [command for command in effects if command not in known]
        audit = await NodeAudit.get(node="SH")
        result.audits_equal = audit.state == "equal" and audit.proved == self.node.journal.audit_head()
