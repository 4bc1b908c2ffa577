"""The network-management center in process, and agents that sign their reports as the real ones do."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from starlette.applications import Starlette

from netops.center.app import center_app
from netops.center.nodes.actions import enrol
from netops.center.settings import CenterSettings
from netops.center.setup import prepare
from shared import clock
from shared.canonical import to_micros
from shared.nodes.identity import NodeKey, RequestSigner
from shared.nodes.report import (
    REPORT_PATH,
    Ack,
    Hello,
    Incident,
    LogBatch,
    LogLine,
    Report,
    SampleBatch,
    SampleRow,
    ServiceState,
    StateReport,
    encode_body,
)
from tests.support import shelf


def settings_of(folder: Path, **values: Any) -> CenterSettings:
    """Settings with password hashes that cost nothing."""
    shelf.share_templates(folder)
    given = {"data_dir": folder, "argon2_memory_kib": 64, "argon2_rounds": 1, **values}
    return CenterSettings(**given)


@asynccontextmanager
async def running_center(settings: CenterSettings) -> AsyncIterator[Starlette]:
    """A prepared center that answers, with its background work."""
    await prepare(settings)
    app = center_app(settings)
    async with app.router.lifespan_context(app):
        yield app


class Agent:
    """One node's agent: known to the center, signs what it sends."""

    def __init__(self, app: Starlette, name: str, key: NodeKey | None = None) -> None:
        self.app, self.name, self.key = app, name, key or NodeKey.generate()
        boot = f"{int(clock.now().timestamp() * 1000):013d}-00000000"
        self.signer = RequestSigner(self.key, name, boot)
        self._number = 0
        self._open: set[str] = set()

    @classmethod
    async def enrolled(cls, app: Starlette, name: str, *, branch: str = "", behind: str = "") -> "Agent":
        agent = cls(app, name)
        with app.state.use_database():
            await enrol(
                name, "app", agent.key.public_text, branch=branch, behind=behind, fleet=app.state.fleet
            )
        return agent

    async def post(self, report: Report, headers: dict[str, str] | None = None) -> Any:
        """The center's answer to a signed report."""
        body, encoding = encode_body(report)
        signed = headers or self.signer.headers("POST", REPORT_PATH, body)
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app=self.app), base_url="http://center.test"
        ) as client:
            return await client.post(REPORT_PATH, content=body, headers={**encoding, **signed})

    async def says(self, *items: Any, condition: str = "ok", services: Sequence[ServiceState] = ()) -> Ack:
        """Report a state with these items, and what incidents they left open; the acknowledgement."""
        for item in items:
            if isinstance(item, Incident):
                (self._open.discard if item.closed_at else self._open.add)(item.id)
        said = report(*items, condition=condition, services=services, open_incidents=sorted(self._open))
        answer = await self.post(said)
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=Ack)

    def is_heard(self, **values: float | None) -> None:
        """The state table after a report of one sample, without the way there: for what is decided from it alone."""
        node = self.app.state.fleet.get(self.name)
        now, batch = clock.now(), self.samples(**values)
        node.received_at = now
        node.took(batch)
        node.remember(batch, now.timestamp(), self.app.state.fleet.windows)

    def lives_on(self, host: str) -> None:
        """The state table after a greeting from this machine."""
        self.app.state.fleet.get(self.name).hello = Hello(
            node=self.name, role="app", version="0", boot=self.signer.boot, host_boot=host, started_at=clock.now(),
            platform="linux", cpu_count=2, memory_bytes=1, services=[], metrics={}, command_seq=0, audit_head="",
        )  # fmt: skip

    def key_number(self) -> int:
        self._number += 1
        return self._number

    def samples(self, *, history: bool = False, at: Any = None, **values: float | None) -> SampleBatch:
        """One row of measurements, now or at a time."""
        row = SampleRow(to_micros(at or clock.now()), list(values.values()))
        return SampleBatch(key=self.key_number(), names=list(values), rows=[row], history=history)

    def lines(
        self, *texts: str, level: str = "info", service: str = "web", first: int = 0, history: bool = False
    ) -> LogBatch:
        """Lines of one file, one byte after the other from `first`."""
        found = [
            LogLine(offset=first + place, at=clock.now(), level=level, text=text)
            for place, text in enumerate(texts)
        ]
        return LogBatch(
            key=self.key_number(), service=service, source="output", host_boot="b", inode=7, generation=1,
            lines=found, history=history,
        )  # fmt: skip


def report(*items: Any, condition: str = "ok", services: Sequence[ServiceState] = (), **more: Any) -> Report:
    """A report of the present state."""
    now = clock.now()
    state = StateReport(at=now, condition=condition, services=list(services), **more)  # type: ignore[arg-type]
    return Report(at=now, state=state, items=list(items))
