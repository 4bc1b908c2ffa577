"""Fills an empty database with the branch's rows from headquarters, proves it, and opens it under a new epoch.

A page and how far we are go into one transaction, so that a run may be cut anywhere and goes on where it was. Passes
over all tables are repeated, each only for what changed since, until headquarters' cursor stood still during one: that
copy is consistent at (epoch, seq) and its digests must be headquarters'. Capture is off until it is opened.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import msgspec
import structlog

from branch_node.home import home
from branch_node.numbers import catch_up_numbers
from branch_node.replication.applying import collapse
from branch_node.replication.epochs import begin_epoch, write_epoch
from branch_node.replication.line import line_to
from branch_node.replication.models import ReplicationEpoch, ReplicationState
from branch_node.replication.rows import delete_rows, write_rows
from branch_node.replication.snapshot_models import SnapshotState
from shared import clock
from shared.database import engine, execute, fetch_all, fetch_value, transaction
from shared.errors import Conflict, Refused
from shared.i18n import N_
from shared.nodes.identity import RequestSigner
from shared.replication import capture
from shared.replication.change import Digest
from shared.replication.columns import Table, replicated_tables
from shared.replication.messages import EPOCH_PATH, CursorReply, EpochBegin, Refusal
from shared.replication.snapshot import SNAPSHOT_PATH, BadPage, SnapshotAsked, SnapshotHead, unpack_page

log = structlog.get_logger(__name__)
SCAN_ROWS = 5_000
MAX_BACKOFF_SECONDS = 30.0
Told = Callable[[SnapshotState], None]


class NotNow(Exception):
    """Headquarters did not answer, or with something else: ask again later."""


class NotEqual(Refused):
    """What was fetched is not what headquarters holds: nothing was opened."""

    status = 409
    code = "snapshot.not_equal"


class Headquarters:
    """Signed requests to headquarters as the branch's node or its standby."""

    def __init__(self, url: str, signer: RequestSigner) -> None:
        self._http = line_to(url, 60.0)
        self._signer = signer

    async def __aenter__(self) -> "Headquarters":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def ask(self, path: str, question: msgspec.Struct) -> bytes:
        """The body of the answer. Raises NotNow, or Conflict with headquarters' words when asking again is no use."""
        return await self.post(path, msgspec.json.encode(question))

    async def post(self, path: str, body: bytes) -> bytes:
        """The same for a question that is encoded already."""
        try:
            answer = await self._http.post(
                path, content=body, headers=self._signer.headers("POST", path, body)
            )
        except httpx.HTTPError as error:
            raise NotNow(repr(error)) from error
        if answer.status_code == 200:
            return answer.content
        try:
            refusal = msgspec.json.decode(answer.content, type=Refusal)
        except msgspec.MsgspecError:
            raise NotNow(f"headquarters answered {answer.status_code}") from None
        if refusal.retry or answer.status_code >= 500:
            raise NotNow(refusal.message)
        raise Conflict(N_("Headquarters refuses: %(reason)s"), reason=refusal.message, code=refusal.code)

    async def insist(self, path: str, question: msgspec.Struct) -> bytes:
        """The same, asked again with growing pauses until headquarters answers."""
        failures = 0
        while True:
            try:
                return await self.ask(path, question)
            except NotNow as reason:
                failures += 1
                log.warning("headquarters_waits", reason=str(reason), failures=failures)
                ceiling = min(MAX_BACKOFF_SECONDS, 0.2 * 2 ** min(failures, 10))
                await asyncio.sleep(random.uniform(0.0, ceiling))


async def begin(role: str) -> SnapshotState:
    """The state of this database. Conflict when it holds a living branch's rows, or was made for the other purpose."""
    state = await SnapshotState.get_or_none(id=1)
    if state is not None:
        if state.role != role and state.status != "open":
            raise Conflict(N_("This database was begun as %(role)s. Use an empty one."), role=state.role)
        return state
    if await fetch_value("SELECT 1 AS one FROM branch LIMIT 1") or await ReplicationState.exists(id=1):
        raise Conflict(
            N_("This database holds a branch already. Move it away; a rebuild begins with an empty one.")
        )
    return await SnapshotState.create(id=1, role=role)


async def fetch_until_whole(hq: Headquarters, told: Told = lambda _state: None) -> SnapshotState:
    """Passes until one during which headquarters' cursor stood still. `told` hears of each page."""
    while True:
        state = await fetch_page(hq)
        told(state)
        if state.status == "whole" and not state.tbl:
            return state


async def fetch_page(hq: Headquarters) -> SnapshotState:
    """One page, stored with how far we are, committed."""
    state = await SnapshotState.get(id=1)
    asked = SnapshotAsked(home().code, state.after_seq, state.tbl, state.after_id)
    while True:
        try:
            head, lines = await asyncio.to_thread(unpack_page, await hq.insist(SNAPSHOT_PATH, asked))
            break
        except BadPage as reason:
            log.warning("page_asked_again", reason=str(reason))
            await asyncio.sleep(0.2)
    async with transaction():
        for name, changes in collapse(lines, replicated_tables()).items():
            table = replicated_tables()[name]
            await write_rows(table, [(0, row) for _seq, row in changes.rows.values()], home().code)
            await delete_rows(table, changes.gone, home().code)
        note_page(state, head, len(lines))
        await state.save()
    return state


def note_page(state: SnapshotState, head: SnapshotHead, rows: int) -> None:
    """Where the next page begins; at the end of a pass what it proved."""
    here = (head.epoch, head.seq, head.chain)
    if not state.tbl:
        state.pass_epoch, state.pass_seq, state.pass_chain = here
        state.pass_moved, state.status = False, "fetching"
    elif here != (state.pass_epoch, state.pass_seq, state.pass_chain):
        state.pass_moved = True
    state.row_count += rows
    state.total = head.total or state.total
    state.seen_at = clock.now()
    state.tbl, state.after_id = head.table, head.after_id
    if not head.table:
        state.after_seq = state.pass_seq
        if not state.pass_moved:
            state.epoch, state.seq, state.chain, state.digests = *here, head.digests
            state.status = "whole"


async def unequal(state: SnapshotState) -> list[str]:
    """The tables whose digest recomputed here is not headquarters'."""
    wrong = []
    for name, table in replicated_tables().items():
        expected = Digest.parse(state.digests.get(name, ""))
        if await digest_of(table, home().code) != expected:
            wrong.append(name)
    return wrong


async def fetch_again(hq: Headquarters, tables: Sequence[str]) -> SnapshotState:
    """These tables from nothing: what headquarters mended since they were copied lies below the position of the copy."""
    log.warning("copy_fetched_again", tables=list(tables))
    async with transaction():
        for name in tables:
            await execute(f'DELETE FROM "{name}" WHERE branch = :own', own=home().code)
        await SnapshotState.filter(id=1).update(after_seq=0, tbl="", after_id="", status="fetching")
    return await fetch_until_whole(hq)


async def prove(state: SnapshotState) -> None:
    """Raise NotEqual, naming the tables, unless every table's digest recomputed here is headquarters'."""
    if wrong := await unequal(state):
        raise NotEqual(
            N_(
                "Fetched twice, the rows of %(tables)s are not those that the branch had proved: they were changed at headquarters itself. The page of the branch there, under Replication, names the rows that were found; put them right, or restore the backup of headquarters, then delete this database and begin again."
            ),
            tables=", ".join(wrong),
        )


async def digest_of(table: Table, owner: str) -> Digest:
    """The digest of the owner's rows of a table, recomputed in pages."""
    digest = Digest()
    bound = ":last" if engine() == "sqlite" else ":last::text::uuid"
    sql = (
        f"SELECT CAST(r.id AS VARCHAR(36)) AS id, {table.canonical_sql('r', engine())} AS row "
        f'FROM "{table.name}" r WHERE r.branch = :owner AND r.id > {bound} ORDER BY r.id LIMIT {SCAN_ROWS}'
    )
    last = "00000000-0000-0000-0000-000000000000"
    while rows := await fetch_all(sql, owner=owner, last=last):
        for row in rows:
            digest.add(row["row"].encode())
        last = rows[-1]["id"]
    return digest


async def open_database(hq: Headquarters, folder: Path) -> SnapshotState:
    """Open a copy that is equal to headquarters, else fetched once more where it is not: 1 capture, 2 the new epoch at its position and the number series, committed, 3 the epoch
    noted outside, 4 headquarters is told. May be repeated; raises what `prove` and headquarters say."""
    state = await SnapshotState.get(id=1)
    if state.status != "open":
        if wrong := await unequal(state):
            state = await fetch_again(hq, wrong)
        await prove(state)
        await capture.install(home().code)
        origin = CursorReply(state.epoch, state.seq, state.chain)
        async with transaction():
            await begin_epoch(0, state.seq, msgspec.json.encode(state.digests).decode(), origin, "rebuilt")
            await catch_up_numbers()
            state.status = "open"
            await state.save()
    era = await ReplicationEpoch.get(epoch=(await ReplicationState.get(id=1)).epoch)
    write_epoch(folder, era.epoch)
    if era.told_at is None:
        said = EpochBegin(
            home().code, era.epoch, era.base, era.origin_epoch, era.origin_seq, era.origin_chain, era.reason
        )  # fmt: skip
        await hq.insist(EPOCH_PATH, said)
        era.told_at = clock.now()
        await era.save()
    return state


async def is_closed() -> str:
    """Why this database must not be served as a branch: `rebuild` or `standby`; empty when it may."""
    state = await SnapshotState.get_or_none(id=1)
    return "" if state is None or state.status == "open" else state.role
