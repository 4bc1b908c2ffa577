"""A branch and headquarters in one process, the real sender against the real receiver over a line that misbehaves as told.

    async with Model(templates, engine, folder, seed=7) as company:
        await company.write()
        company.line.plan(["lose_answer", "duplicate"])
        await company.sync()
        await company.check()

Nothing sleeps and nothing runs beside the test: a seed gives the same run. Databases are copied, torn out and put back as
files (SQLite) or from a template (PostgreSQL).
"""

import datetime
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.routing import Route
from tortoise.exceptions import OperationalError

from branch_node.home import Home, at_home
from branch_node.replication.epochs import ensure_epoch
from branch_node.replication.recovery import log_head
from branch_node.replication.refusals import AskAgain, Forked, Unreachable
from branch_node.replication.sender import Identity, Sender, open_log
from hq.app import SYNC, SyncEndpoint
from hq.figures import rebuild
from hq.replication import enrolment, verify
from hq.replication.apply_sql import table_sql
from hq.replication.desk import Here
from hq.replication.engine import applier_for
from hq.replication.models import BranchNode
from hq.replication.receiver import Receiver
from shared import clock
from shared.database import Database, execute, fetch_all, fetch_value, transaction
from shared.database.context import connect
from shared.database.nudge import Nudge
from shared.ids import new_id
from shared.nodes.identity import NodeKey, RequestSigner
from shared.records import Allocation, Customer, Receipt
from shared.replication.columns import replicated_tables
from shared.replication.messages import BATCH_PATH, CursorReply
from tests.support.databases import BRANCH, KINDS, Templates, postgres_url
from tests.support.kill_points import Crash, Plan, played

DAY = datetime.date(2026, 3, 31)
FAULTS = ("lose_request", "lose_answer", "duplicate", "overtaken", "tear", "flip", "refuse", "replay")
TRIES = 40
ROOMY = 1_073_741_823


class Line(httpx.AsyncBaseTransport):
    """Carries requests to headquarters' application; each takes the next fault of the plan, if there is one."""

    def __init__(self, dice: Random, target: Callable[[], httpx.ASGITransport]) -> None:
        self.dice, self.target = dice, target
        self.faults: list[str] = []
        self.earlier: list[httpx.Request] = []
        self.late: list[httpx.Request] = []
        self.is_cut = False
        self.acked = 0

    def plan(self, faults: list[str]) -> None:
        self.faults += faults

    def mend(self) -> None:
        self.faults, self.is_cut = [], False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        fault = self.faults.pop(0) if self.faults else ""
        if self.is_cut or fault == "lose_request":
            raise httpx.ConnectError("the line is cut")
        if fault == "refuse":
            return httpx.Response(503, headers={"retry-after": "0"}, text="busy")
        body = bytearray(await request.aread())
        if fault == "tear" and body:
            del body[self.dice.randrange(len(body)) :]
        if fault == "flip" and body:
            body[self.dice.randrange(len(body))] ^= 1 << self.dice.randrange(8)
        sent = httpx.Request(request.method, request.url, headers=_plain(request), content=bytes(body))
        if fault == "overtaken" and request.url.path == BATCH_PATH:
            self.late.append(sent)
            raise httpx.ReadError("it is still on its way")
        answer = await self._carry(sent)
        while self.late:
            await self._carry(self.late.pop(0))
        if fault == "duplicate":
            await self._carry(_again(sent))
        if fault == "replay" and self.earlier:
            await self._carry(_again(self.dice.choice(self.earlier)))
        self.earlier = [*self.earlier[-7:], sent]
        if fault == "lose_answer":
            raise httpx.ReadError("the answer never came")
        if answer.status_code == 200 and request.url.path == BATCH_PATH:
            self.acked = max(self.acked, msgspec.json.decode(answer.content, type=CursorReply).seq)
        return answer

    async def _carry(self, request: httpx.Request) -> httpx.Response:
        answer = await self.target().handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


def _plain(request: httpx.Request) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.headers.items() if name != "content-length"]


def _again(request: httpx.Request) -> httpx.Request:
    return httpx.Request(request.method, request.url, headers=_plain(request), content=request.content)


class Drained(Nudge):
    """Ends a push when nothing is left instead of waiting for more."""

    def __init__(self) -> None:
        super().__init__()
        self.sender: Sender | None = None

    async def wait(self, timeout_seconds: float) -> bool:
        assert self.sender is not None
        self.sender.stop()
        return True


class Model:
    """The company. `branch` and `hq` are its databases; `violations` of P come from `check`.

    `known` are the receipts that at least one side still had after the last restore; only people delete them (`deleted`)."""

    def __init__(self, templates: Templates, folder: Path, seed: int, engine: str = "sqlite") -> None:
        self.templates, self.folder, self.dice, self.engine = templates, folder, Random(seed), engine
        self.names: dict[str, str] = {}
        self.signers: dict[str, RequestSigner] = {}
        self.lies: list[str] = []
        self.known: set[str] = set()
        self.deleted: set[str] = set()
        self.clock = JumpingClock()
        self.plan = Plan()
        self.line = Line(self.dice, lambda: self.transport)
        self.identity = Identity(BRANCH, folder / "node")
        self.stack = AsyncExitStack()
        self.transport: httpx.ASGITransport
        self.branch: Database
        self.hq: Database

    async def __aenter__(self) -> "Model":
        for kind in ("branch", "hq"):
            if self.engine == "postgres":
                self.names[kind] = await self.templates.borrow(kind)
            else:
                shutil.copyfile(self.templates.sqlite(kind), self.place(kind))
        self.stack.enter_context(at_home(Home(BRANCH)))
        self.stack.enter_context(clock.use(self.clock))
        self.stack.enter_context(played(self.plan))
        await self.open_branch()
        await self.open_hq()
        key = NodeKey.load_or_create(self.identity.folder / "node.key")
        with self.hq.use():
            await BranchNode.create(branch=BRANCH, name=BRANCH, public_key=key.public_text)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close_hq()
        await self.branch.close()
        await self.stack.aclose()
        for name in self.names.values():
            await self.templates.give_back(name)

    def place(self, name: str) -> str:
        """The file or the database that has this name."""
        return str(self.folder / f"{name}.db") if self.engine == "sqlite" else self.names[name]

    def url(self, name: str) -> str:
        return f"sqlite:///{self.place(name)}" if self.engine == "sqlite" else postgres_url(self.place(name))

    async def _copy(self, kind: str, source: str, target: str) -> None:
        """A database of this kind under another name; nobody may be connected to either on PostgreSQL."""
        if self.engine == "postgres":
            if target in self.names:
                await self.templates.give_back(self.names[target])
            self.names[target] = await self.templates.copied(kind, self.names[source])
            return
        for ending in ("", "-wal", "-shm"):
            Path(self.place(target) + ending).unlink(missing_ok=True)
        shutil.copyfile(self.place(source), self.place(target))

    async def open_branch(self) -> None:
        self.branch = await connect(self.url("branch"), KINDS["branch"][0]())

    async def open_hq(self) -> None:
        self.hq = await connect(self.url("hq"), KINDS["hq"][0]())
        self.applier = applier_for(self.hq)
        await self.applier.start()
        app = Starlette(routes=[Route(p, SyncEndpoint(h), methods=["POST"]) for p, h in SYNC.items()])
        app.state.receiver, app.state.use_database = Receiver(Here(self.applier)), self.hq.use
        self.transport = httpx.ASGITransport(app)

    async def close_hq(self) -> None:
        await self.applier.stop()
        await self.hq.close()

    # --- files torn out and put back ----------------------------------------------------------------------------

    async def _stop(self, kind: str) -> None:
        await (self.branch.close() if kind == "branch" else self.close_hq())

    async def _start(self, kind: str) -> None:
        await (self.open_branch() if kind == "branch" else self.open_hq())

    async def backup(self, kind: str, name: str) -> None:
        """A copy of a site's database under a name; the site stops meanwhile."""
        await self._stop(kind)
        await self._copy(kind, kind, f"{kind}_{name}")
        await self._start(kind)

    async def restore(self, kind: str, name: str) -> None:
        """The site stops, its database is replaced by the copy, the site starts again."""
        await self._stop(kind)
        await self._copy(kind, f"{kind}_{name}", kind)
        await self._started_with_another(kind)

    async def _started_with_another(self, kind: str) -> None:
        await self._start(kind)
        self.line.acked = 0
        self.known = await self._receipts(self.branch) | await self._receipts(self.hq)

    async def _receipts(self, database: Database) -> set[str]:
        with database.use():
            return {str(one) for one in await Receipt.filter(branch=BRANCH).values_list("id", flat=True)}

    # --- operations that go wrong, or change something in mid-stream ------------------------------------------------

    async def fail_at(self, label: str) -> None:
        """Write and sync with one step failing where it is at that point, then without."""
        await self.write()
        self.plan.next = label
        await self.sync()
        self.plan.next = ""

    async def fill_disk(self, kind: str) -> None:
        """SQLite: the disk of a site is full for a while ("database or disk is full"); elsewhere nothing."""
        if self.engine != "sqlite":
            return
        if kind == "hq":
            await self.applier.run(_full)  # type: ignore[arg-type]
            await self.write(3)
            await self.sync()
            await self.applier.run(_roomy)  # type: ignore[arg-type]
            return
        with self.branch.use():
            await execute("PRAGMA max_page_count = 1")  # not below what it has
            try:
                for _ in range(40):
                    await insert_some(self.dice)
            except OperationalError:
                pass
            await execute(f"PRAGMA max_page_count = {ROOMY}")

    async def rotate_key(self) -> None:
        """Headquarters revokes the node, which then enrols with a new key; the old key is refused."""
        old = self.identity.signer()
        with self.hq.use():
            await enrolment.revoke(BRANCH)
            token = await enrolment.issue_token(BRANCH)
        await self.write()
        (self.identity.folder / "node.key").unlink()
        fresh = NodeKey.load_or_create(self.identity.folder / "node.key")
        with self.hq.use():
            await enrolment.enrol(token, BRANCH, fresh.public_text)
        self.line.mend()
        refused = await self.sync(old)
        if "identity" not in refused:
            self.lies.append(f"a revoked key was answered {refused!r}")

    async def run_older_hq(self, table: str = "receipt") -> None:
        """Headquarters does not know a table for a while (parks what comes), is upgraded, hears more, then tries again."""
        statements = table_sql(self.engine)
        hidden = statements.pop(table)
        try:
            await self.write(2)
            await self.sync()
        finally:
            statements[table] = hidden
        await self.write(2)
        await self.sync()
        await self.applier.retry(BRANCH)

    # --- people at the branch -----------------------------------------------------------------------------------

    async def write(self, count: int = 1) -> None:
        """Some transactions of some kind: inserts, bulk and raw updates, deletions, a rollback."""
        with self.branch.use():
            for _ in range(count):
                self.deleted.add(str(await self.dice.choice(WRITES)(self.dice)))

    async def sync(self, signer: RequestSigner | None = None) -> str:
        """One start of the sender: push until nothing is left or it fails; what it failed with, empty when drained."""
        nudge = Drained()
        sender = Sender(self.identity, "http://hq", self.branch, nudge=nudge)
        nudge.sender = sender
        sender._signer = signer or sender._signer
        await sender._http.aclose()
        sender._http = httpx.AsyncClient(base_url="http://hq", transport=self.line)
        with self.branch.use():
            state, changes = await ensure_epoch(self.identity.folder), await open_log(self.branch)
            try:
                await sender._push(state, changes)
            except (Unreachable, AskAgain, Forked, Crash) as reason:
                return repr(reason)
            finally:
                await changes.close()
                await sender._http.aclose()
                await self._note_lies()
        return ""

    async def _note_lies(self) -> None:
        """What headquarters acknowledged must be committed there, whatever happens next."""
        if self.line.acked > (held := await self._cursor()):
            self.lies.append(f"acknowledged {self.line.acked}, committed {held}")
            self.line.acked = 0

    async def _cursor(self) -> int:
        with self.hq.use():
            return int(await fetch_value("SELECT seq FROM branch_cursor WHERE branch = :b", b=BRANCH) or 0)

    async def sync_as(self, run: str) -> str:
        """Like `sync`, by a process that lives on between calls (one boot), for two live copies of a node."""
        signer = self.signers.setdefault(run, self.identity.signer())
        return await self.sync(signer)

    async def swap_branch(self, name: str) -> None:
        """The present database and the copy of that name change places."""
        await self._stop("branch")
        if self.engine == "postgres":
            here, there = self.names["branch"], self.names[f"branch_{name}"]
            self.names["branch"], self.names[f"branch_{name}"] = there, here
        else:
            here, there, between = (Path(self.place(n)) for n in ("branch", f"branch_{name}", "between"))
            here.rename(between)
            there.rename(here)
            between.rename(there)
        await self._started_with_another("branch")

    async def settle(self) -> None:
        """Heal and quiesce: sync until drained. AssertionError when that does not come."""
        self.line.mend()
        reason = "never tried"
        for _ in range(TRIES):
            reason = await self.sync()
            if not reason:
                await self.applier.retry(BRANCH)
                return
        raise AssertionError(f"not drained: {reason}")

    # --- the property -------------------------------------------------------------------------------------------

    async def rows(self, database: Database) -> dict[str, dict[str, str]]:
        """Canonical rows of the branch by table and id."""
        with database.use():
            return {
                name: {
                    row["id"]: row["row"]
                    for row in await fetch_all(
                        f"SELECT CAST(r.id AS VARCHAR(36)) AS id, {table.canonical_sql('r', self.engine)} AS row "
                        f'FROM "{name}" r WHERE r.branch = :b',
                        b=BRANCH,
                    )
                }
                for name, table in replicated_tables().items()
            }

    async def violations(self) -> list[str]:
        """Where P does not hold; empty when it does."""
        found: list[str] = []
        ours, theirs = await self.rows(self.branch), await self.rows(self.hq)
        aside = await self._aside()
        for name, rows in ours.items():
            wrong = {
                key for key in rows.keys() | theirs[name].keys() if rows.get(key) != theirs[name].get(key)
            }
            found += [f"{name}: {len(wrong - aside)} rows differ"] if wrong - aside else []
        head = await self._head()
        found += self.lies
        lost = self.known - set(theirs["receipt"]) - self.deleted - aside
        found += [f"{len(lost)} receipts that one side still had after a restore are lost"] if lost else []
        with self.hq.use():
            proof = await verify.verify(BRANCH)
            if not aside and not proof.is_proved:
                found += verify.describe(proof)
            found += [f"rollup {one.cell}" for one in await rebuild.differences()]
            unproven = await fetch_value("SELECT unproven FROM branch_cursor WHERE branch = :b", b=BRANCH)
            if not aside and unproven not in (None, "{}"):
                found.append(f"running digest is not the branch's: {unproven}")
        seq = await self._cursor()
        if seq != head:
            found.append(f"cursor {seq}, head {head}")
        with self.hq.use():
            if self.engine == "sqlite" and await fetch_value("PRAGMA integrity_check") != "ok":
                found.append("headquarters' file is damaged")
        return found

    async def _aside(self) -> set[str]:
        with self.hq.use():
            rows = await fetch_all("SELECT row_id FROM quarantined_change WHERE settled_at IS NULL")
        return {row["row_id"] for row in rows}

    async def _head(self) -> int:
        with self.branch.use():
            return await log_head()

    async def check(self) -> None:
        """Settle and fail with every violation of P."""
        await self.settle()
        found = await self.violations()
        assert not found, "; ".join(found)


class JumpingClock:
    """The clock that stood when the company was made, set wrong by so much."""

    def __init__(self) -> None:
        self.ahead = datetime.timedelta()
        self.right = clock.current()

    def now(self) -> datetime.datetime:
        return self.right.now() + self.ahead

    def jump(self, dice: Random) -> None:
        """Anything between a year back and a year ahead."""
        self.ahead = datetime.timedelta(
            seconds=dice.choice((1, 60, 86_400, 31_536_000)) * dice.uniform(-1, 1)
        )


def _full(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA max_page_count = 1")


def _roomy(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA max_page_count = {ROOMY}")


def receipt(dice: Random) -> Receipt:
    amount = dice.randrange(1, 10**6)
    return Receipt(
        branch=BRANCH, number=f"SH-R{dice.randrange(10**6):06d}", customer_id=new_id(), happened_on=DAY,
        currency="CNY", amount_minor=amount, base_minor=amount,
    )  # fmt: skip


async def insert_some(dice: Random) -> None:
    async with transaction():
        await Receipt.bulk_create([receipt(dice) for _ in range(dice.randrange(1, 6))])
        if dice.random() < 0.3:
            await Customer.create(
                branch=BRANCH, code=f"SH-C{dice.randrange(10**6):06d}", name="上海一厂\t\u2028", name_key="x",
                currency="CNY", acquired_on=DAY,
            )  # fmt: skip


async def update_some(dice: Random) -> None:
    ids = await Receipt.all().order_by("number").limit(8).values_list("id", flat=True)
    chosen = [one for one in ids if dice.random() < 0.5]
    await Receipt.filter(id__in=chosen).update(
        amount_minor=dice.randrange(10**6), base_minor=dice.randrange(10**6)
    )


async def update_raw(dice: Random) -> None:
    await execute("UPDATE receipt SET base_minor = base_minor + 1, amount_minor = amount_minor + 1")


async def delete_some(dice: Random) -> str:
    found = await Receipt.all().order_by("number").offset(dice.randrange(4)).first()
    if found is None:
        return ""
    await found.delete()
    return str(found.id)


async def allocate(dice: Random) -> None:
    await Allocation.create(
        branch=BRANCH, receipt_id=new_id(), receivable_id=new_id(), order_id=new_id(), customer_id=new_id(),
        happened_on=DAY, currency="CNY", due_on=DAY,
        amount_minor=5, base_minor=5,
    )  # fmt: skip


async def roll_back(dice: Random) -> None:
    try:
        async with transaction():
            await insert_some(dice)
            raise RuntimeError("changed my mind")
    except RuntimeError:
        return


WRITES = (insert_some, insert_some, update_some, update_raw, delete_some, allocate, roll_back)
