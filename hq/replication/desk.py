"""Where the receiver hands in what a branch sent: taken here, by the applier of this process, or apart (`apart`)."""

import asyncio
from typing import Any, Protocol

from hq.replication.batch import unpack
from hq.replication.groups import Groups
from hq.replication.outcome import Applied, Contact, check_schema
from shared.errors import Refused
from shared.i18n import N_
from shared.nodes.identity import SignedRequest

LARGE_BYTES = 32 * 1024


class Applier(Protocol):
    """What a desk needs of an engine: each call returns after its commit."""

    groups: Groups

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def apply(self, batch: Any, contact: Contact) -> Applied: ...

    async def cursor(self, contact: Contact) -> Applied: ...


class Desk(Protocol):
    """`batch` and `cursor` return after the commit and raise what was refused."""

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def batch(self, body: bytes, signed: SignedRequest, key: str) -> Applied:
        """Apply the batch in the body of a request that `key` proved. Raises BadBatch, Outdated, Gap, Fork, Replayed, StaleKey,
        Held, Cloned, EnvironmentFailure."""

    async def cursor(self, contact: Contact) -> Applied:
        """Note a contact and return the cursor. Raises Replayed, StaleKey, EnvironmentFailure."""


class Here:
    """The desk over an applier of this process."""

    def __init__(self, applier: Applier) -> None:
        self.applier = applier

    async def start(self) -> None:
        await self.applier.start()

    async def stop(self) -> None:
        await self.applier.stop()

    async def batch(self, body: bytes, signed: SignedRequest, key: str) -> Applied:
        received = await asyncio.to_thread(unpack, body) if len(body) > LARGE_BYTES else unpack(body)
        head = received.head
        if head.branch != signed.node:
            raise Refused(N_("A node sends only for its own branch."), code="bad_batch")
        check_schema(head.schema)
        return await self.applier.apply(received, Contact(signed.node, head.epoch, head.head, signed, key))

    async def cursor(self, contact: Contact) -> Applied:
        return await self.applier.cursor(contact)
