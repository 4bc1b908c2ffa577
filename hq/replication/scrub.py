"""Finds rows here that are not what their branch holds: hashes every row again, and has the branch name what differs.

1 `scrub_branch` recomputes each table's digest and compares it with the branch's claim at the cursor. Tables that differ are
noted in `branch_cursor.scrub`, and the next answer to the branch says so. 2 Between two of its batches the branch
answers (`scrub_route`, `next_question`): bucket digests, hashes, rows. 3 Each differing row is kept in `scrub_row` and
mended under the branch's cursor (`mending`), with an entry in the audit trail. Called by schedule, command and page.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from hq.replication.incidents import close_incident
from hq.replication.models import BranchCursor, QuarantinedChange, ScrubRow, ScrubRun
from shared import clock, metrics
from shared.database import execute, transaction
from shared.replication.change import Digest
from shared.replication.columns import replicated_tables
from shared.replication.scan import View, table_digest, view_of

log = structlog.get_logger(__name__)
SITE = "hq"
UNPROVEN_PAUSE = 600.0


class Asking(msgspec.Struct, frozen=True):
    """What is still to be asked of a branch, as kept in `branch_cursor.scrub`."""

    run: int
    tables: list[str]
    is_mending: bool = True

    def text(self) -> str:
        """For the column; empty when nothing is left."""
        return msgspec.json.encode(self).decode() if self.tables else ""

    @classmethod
    def parse(cls, text: str | None) -> "Asking | None":
        return msgspec.json.decode(text, type=cls) if text else None


@dataclass(frozen=True)
class Compared:
    """One branch's tables as recomputed from its rows at (epoch, seq), beside what it claims there."""

    branch: str
    epoch: str
    seq: int
    found: dict[str, Digest] = field(default_factory=dict)
    claimed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def differing(self) -> list[str]:
        """Names of tables whose rows here are not those that the branch claims."""
        return [name for name, digest in self.found.items() if Digest.parse(self.claimed.get(name, "")) != digest]  # fmt: skip

    @property
    def rows(self) -> int:
        return sum(digest.count for digest in self.found.values())


async def claims(view: View, branch: str) -> tuple[str, int, dict[str, str]]:
    """Epoch and position of the branch's cursor in this view, and the digests that the branch claims there."""
    sql = "SELECT epoch, seq, digests, unproven FROM branch_cursor WHERE branch = :branch"
    found = await view.all(sql, branch=branch)
    if not found:
        return "", 0, {}
    epoch, seq, digests, unproven = found[0]
    return epoch, seq, {**msgspec.json.decode(digests), **msgspec.json.decode(unproven)}


async def compare(branch: str, rest: float = 0.0) -> Compared:
    """Hash a branch's rows again, all tables in one consistent view. `rest` as in `SqliteView`."""
    begun = time.perf_counter()
    async with view_of(rest) as view:
        epoch, seq, claimed = await claims(view, branch)
        found = {
            name: await table_digest(view, table, branch, claimed.get(name, ""))
            for name, table in replicated_tables().items()
        }
    return Compared(branch, epoch, seq, found, claimed, time.perf_counter() - begun)


async def scrub_branch(branch: str, cause: str, *, is_mending: bool = True, rest: float = 0.0) -> ScrubRun:
    """Compare one branch and ask it about what differs; the run, `equal` or `asking`. May be repeated: tables that are
    asked about already are asked about by this run."""
    compared = await compare(branch, rest)
    differing = compared.differing
    metrics.SCRUB_ROWS.labels(SITE, branch).inc(compared.rows)
    metrics.SCRUB_SECONDS.labels(SITE).observe(compared.seconds)
    async with transaction():
        run = await ScrubRun.create(
            branch=branch, cause=cause, is_mending=is_mending, status="asking" if differing else "equal",
            tables=differing, rows=compared.rows, milliseconds=round(compared.seconds * 1000),
            ended_at=None if differing else clock.now(),
        )  # fmt: skip
        if differing:
            await ask(branch, Asking(run.id, differing, is_mending))
    log.info("branch_scrubbed", branch=branch, cause=cause, rows=compared.rows, differing=differing)
    return run


async def ask(branch: str, asking: Asking) -> None:
    """Note what is to be asked; an earlier run that still asks ends here."""
    await ScrubRun.filter(branch=branch, status="asking", id__not=asking.run).update(
        status="replaced", ended_at=clock.now()
    )
    await execute(
        "UPDATE branch_cursor SET scrub = :scrub WHERE branch = :branch", scrub=asking.text(), branch=branch
    )


async def move_on(branch: str, done: Asking) -> Asking:
    """What is left to be asked after the first table; what a run that began meanwhile asks is left as it is."""
    left = Asking(done.run, done.tables[1:], done.is_mending)
    moved = await execute(
        "UPDATE branch_cursor SET scrub = :left WHERE branch = :branch AND scrub = :done",
        left=left.text(),
        done=done.text(),
        branch=branch,
    )
    if moved and not left.tables:
        await end_run(done.run)
    return left


async def ask_tables(
    branch: str, tables: Sequence[str], cause: str, *, pause: float = UNPROVEN_PAUSE
) -> ScrubRun | None:
    """Ask about some tables that are known to differ, without hashing the others; None while a run asks, or within `pause`
    seconds of the last."""
    recent = await ScrubRun.filter(branch=branch).order_by("-id").first()
    if recent is not None and (
        recent.status == "asking" or (clock.now() - recent.begun_at).total_seconds() < pause
    ):
        return None
    async with transaction():
        run = await ScrubRun.create(branch=branch, cause=cause, status="asking", tables=list(tables))
        await ask(branch, Asking(run.id, list(tables)))
    return run


async def scrub_all(cause: str, *, branch: str = "", rest: float = 0.0) -> list[ScrubRun]:
    """Every branch that has sent something, or one, one after the other."""
    cursors = BranchCursor.filter(branch=branch) if branch else BranchCursor.exclude(epoch="")
    codes: Sequence[str] = await cursors.order_by("branch").values_list("branch", flat=True)  # type: ignore[assignment]
    return [await scrub_branch(code, cause, rest=rest) for code in codes]


async def unexplained() -> list[str]:
    """Branches with a table that is not proved although nothing of it is set aside, and that are not asked already."""
    found = []
    for cursor in await BranchCursor.exclude(unproven="{}"):
        if cursor.scrub:
            continue
        aside = await QuarantinedChange.filter(
            branch=cursor.branch, settled_at=None, tbl__in=list(cursor.unproven)
        ).values_list("tbl", flat=True)
        recent = await ScrubRun.filter(branch=cursor.branch).order_by("-id").first()
        is_fresh = recent is not None and (clock.now() - recent.begun_at).total_seconds() < UNPROVEN_PAUSE
        if set(cursor.unproven) - set(aside) and not is_fresh:
            found.append(cursor.branch)
    return found


async def end_run(run_id: int) -> None:
    """Close a run when all its tables were talked about; its status by what became of its rows."""
    run = await ScrubRun.get(id=run_id)
    if run.status != "asking":
        return
    is_blocked = await ScrubRow.filter(run_id=run_id, status="blocked").exists()
    aside = QuarantinedChange.filter(branch=run.branch, settled_at=None, tbl__in=run.tables)
    run.status = "differs" if is_blocked or await aside.exists() else "mended" if run.is_mending else "named"
    run.ended_at = clock.now()
    await run.save()
    if run.status == "mended":
        await close_incident(run.branch, "broken")
    log.info("scrub_ended", branch=run.branch, run=run_id, status=run.status)
