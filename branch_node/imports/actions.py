"""What people do with imports: send files in, run them for real, stop, undo; and the work itself, done by jobs."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from branch_node.imports.account import Note
from branch_node.imports.engine import Outcome, Progress, run_import
from branch_node.imports.mapping import load
from branch_node.imports.models import ImportJob
from branch_node.imports.problems import Unusable
from branch_node.imports.queries import job_for, run_of, undo_of
from branch_node.imports.undo import Undone, undo_run
from branch_node.imports.uploads import MAPPING_NAME, Upload, receive
from shared import clock, i18n, log
from shared.database import as_actor, engine, execute, fetch_value, transaction
from shared.errors import Conflict, Refused, Text
from shared.i18n import N_
from shared.ids import new_id
from shared.permissions import Person, require
from shared.web.models import Account

events = log.get_logger()

RIGHT = "import.run"
BEAT_SECONDS = 1.0
SILENT_SECONDS = 20
KEPT_DAYS = 30
BROKE_OFF = N_("It broke off and was recorded. What had been imported stays; start it again to go on.")


async def send_files(
    person: Person, data_dir: Path, files: Sequence[Upload], mapping: Upload | None
) -> ImportJob:
    """Keep the uploaded files and note the dry run that looks at them. Invalid at the field that is wrong."""
    require(person, RIGHT)
    folder = data_dir / "imports" / str(new_id())
    try:
        await asyncio.to_thread(receive, folder, files, mapping)
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        raise
    title = mapping.name if mapping is not None else MAPPING_NAME
    return await _job(person, "dry_run", title, folder=str(folder))


async def import_now(person: Person, job_id: UUID) -> ImportJob:
    """Note the real run of a dry run's files. Conflict when they are no longer kept."""
    require(person, RIGHT)
    job = await job_for(job_id)
    if job.kind == "undo" or not job.folder or not await asyncio.to_thread(Path(job.folder).is_dir):
        raise Conflict(N_("The files are no longer kept. Send them again."), code="import.files_gone")
    return await _job(person, "import", job.title, folder=job.folder)


async def take_back(person: Person, job_id: UUID) -> ImportJob:
    """Note the undo of an import. Conflict when it was taken back, or is being taken back, already."""
    require(person, RIGHT)
    job = await job_for(job_id)
    run = await run_of(job)
    if run is None or job.kind != "import":
        raise Conflict(N_("Nothing was imported here, so there is nothing to undo."), code="import.nothing")
    if run.undone_at is not None or await undo_of(run.id) is not None:
        raise Conflict(N_("This import was undone already."), code="import.undone")
    return await _job(person, "undo", job.title, run_id=run.id)


async def stop(person: Person, job_id: UUID) -> ImportJob:
    """Ask a job to end after the present batch; what it has done stays."""
    require(person, RIGHT)
    job = await job_for(job_id)
    await execute(
        "UPDATE import_job SET cancel_wanted = :yes, state = CASE WHEN state = 'waiting' THEN 'cancelled' ELSE state END "
        "WHERE id = :id AND state IN ('waiting', 'running')",
        yes=True,
        id=job.id,
    )
    return job


async def _job(
    person: Person, kind: str, title: str, *, folder: str = "", run_id: UUID | None = None
) -> ImportJob:
    async with transaction():
        return await ImportJob.create(
            kind=kind,
            title=title[:200],
            folder=folder,
            run_id=run_id,
            started_by=person.id,
            started_by_name=person.name,
        )


# --- the work -----------------------------------------------------------------------------------------------------


@dataclass
class Pulse:
    """What the running work last said, written to its row once a second; and whether it is to stop."""

    job_id: UUID
    progress: Progress = field(default_factory=lambda: Progress("", 0, 0))
    is_cancelled: bool = False

    def report(self, progress: Progress) -> None:
        self.progress = progress

    async def beat(self) -> None:
        """Say how far it is, and hear whether it is to stop."""
        await execute(
            "UPDATE import_job SET step = :step, done = :done, total = :total, beat_at = :now WHERE id = :id",
            step=self.progress.step,
            done=self.progress.done,
            total=self.progress.total,
            now=clock.now(),
            id=self.job_id,
        )
        row = await ImportJob.filter(id=self.job_id).first()
        self.is_cancelled = row is None or row.cancel_wanted


@asynccontextmanager
async def _beating(job_id: UUID) -> AsyncIterator[Pulse]:
    pulse = Pulse(job_id)

    async def keep_beating() -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await pulse.beat()

    task = asyncio.create_task(keep_beating())
    try:
        yield pulse
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def claim(job_id: UUID) -> bool:
    """Take a job that waits, or whose worker has fallen silent; False while any other import is at work.

    One at a time: two runs of the same files beside each other would both find that nothing is there yet.
    """
    now = clock.now()
    silent_since = now - timedelta(seconds=SILENT_SECONDS)
    async with transaction():
        if engine() == "postgres":
            await fetch_value("SELECT pg_advisory_xact_lock(hashtext('trunkline imports'))::text")
        others = ImportJob.filter(state="running", beat_at__gte=silent_since).exclude(id=job_id)
        if await others.exists():
            return False
        taken = await execute(
            "UPDATE import_job SET state = 'running', started_at = :now, beat_at = :now WHERE id = :id "
            "AND (state = 'waiting' OR (state = 'running' AND beat_at < :silent))",
            now=now,
            id=job_id,
            silent=silent_since,
        )
    return taken > 0


async def perform(job_id: UUID) -> bool:
    """Do a job's work, once, whoever calls; False when it is done or any import is at work. Its end is in its row.

    A process that ends in the middle gives the job back; one that is killed is found by its silent pulse. Doing it
    again is safe: rows that are in are recognised.
    """
    if not await claim(job_id):
        return False
    job = await job_for(job_id)
    account = await Account.filter(person_id=job.started_by).first() if job.started_by else None
    with as_actor(job.started_by), i18n.use_locale(account.locale if account else i18n.DEFAULT_LOCALE):
        try:
            async with _beating(job_id) as pulse:
                await _work(job, pulse)
        except asyncio.CancelledError:
            await execute("UPDATE import_job SET state = 'waiting' WHERE id = :id", id=job_id)
            raise
        except Exception as wrong:
            await _end(job, "failed", faults=_faults(wrong, job_id))
    return True


def _faults(wrong: Exception, job_id: UUID) -> list[dict[str, Any]]:
    """Why a job failed, as kept for the page; what nobody foresaw goes to the log."""
    if isinstance(wrong, Unusable):
        return [_fault(fault.place, fault.message) for fault in wrong.faults]
    if isinstance(wrong, Refused):
        return [_fault("", Text(wrong.message, **wrong.params))]
    events.error("import failed", job_id=str(job_id), exc_info=wrong)
    return [_fault("", Text(BROKE_OFF))]


@asynccontextmanager
async def by_command(
    kind: str, title: str, run_id: UUID | None = None
) -> AsyncIterator[tuple[ImportJob, Pulse]]:
    """The same for the command line, whose work shows in the list, too. Conflict while another import is at work."""
    async with transaction():
        job = await ImportJob.create(kind=kind, title=title[:200], run_id=run_id)
    if not await claim(job.id):
        await job.delete()
        raise Conflict(
            N_("Another import is at work. Wait until it has ended, or stop it."), code="import.busy"
        )
    try:
        async with _beating(job.id) as pulse:
            yield job, pulse
    except BaseException as wrong:
        faults = _faults(wrong, job.id) if isinstance(wrong, Exception) else [_fault("", Text(BROKE_OFF))]
        await _end(job, "failed", faults=faults)
        raise


async def _work(job: ImportJob, pulse: Pulse) -> None:
    if job.kind == "undo":
        await end_undo(job, await _undo(job, pulse))
        return
    if not job.folder:  # begun by a command that was killed: its files are not ours to read
        raise Conflict(BROKE_OFF)
    folder = Path(job.folder)
    loaded = await asyncio.to_thread(load, folder / MAPPING_NAME)
    outcome = await run_import(
        loaded,
        folder / "files",
        work_folder=folder / "work",
        dry_run=job.kind == "dry_run",
        result_file=result_path(job),
        report=pulse.report,
        cancelled=lambda: pulse.is_cancelled,
    )
    await end_import(job, outcome, pulse)


async def _undo(job: ImportJob, pulse: Pulse) -> Undone:
    assert job.run_id is not None
    return await undo_run(job.run_id, report=lambda done, total: pulse.report(Progress("undo", done, total)))


async def end_import(job: ImportJob, outcome: Outcome, pulse: Pulse) -> None:
    """Note what came of an import or dry run."""
    job.title = outcome.account.mapping[:200]
    job.run_id = UUID(outcome.account.run) if outcome.account.run else None
    state = "cancelled" if pulse.is_cancelled else "done"
    await _end(job, state, account=outcome.account.as_json(), notes=[_note(note) for note in outcome.notes])


async def end_undo(job: ImportJob, undone: Undone) -> None:
    """Note what came of an undo."""
    await _end(job, "done", account=asdict(undone))


def result_path(job: ImportJob) -> Path:
    """Where a job's result file is, when it has one."""
    return Path(job.folder) / f"result-{job.id}.csv"


async def _end(job: ImportJob, state: str, **values: Any) -> None:
    """Write how a job ended, in one update."""
    for name, value in values.items():
        setattr(job, name, value)
    job.state, job.ended_at = state, clock.now()
    await job.save(update_fields=["state", "ended_at", "title", "run_id", *values])


def _fault(place: str, message: Text) -> dict[str, Any]:
    return {
        "place": place,
        "msgid": str(message),
        "params": {key: str(value) for key, value in message.params.items()},
    }


def _note(note: Note) -> dict[str, Any]:
    params = {
        key: value if isinstance(value, (str, int)) else str(value) for key, value in note.params.items()
    }
    return {**asdict(note), "params": params}


# --- sweeping -----------------------------------------------------------------------------------------------------


async def unattended() -> list[UUID]:
    """Jobs that wait, or whose worker has fallen silent."""
    silent_since = clock.now() - timedelta(seconds=SILENT_SECONDS)
    found = await ImportJob.filter(
        Q(state="waiting") | Q(state="running", beat_at__lt=silent_since)
    ).order_by("id")
    return [job.id for job in found]


async def forget_old_files() -> int:
    """Delete uploaded files of jobs older than thirty days, results included; how many folders."""
    limit = clock.now() - timedelta(days=KEPT_DAYS)
    old = await ImportJob.filter(created_at__lt=limit).exclude(folder="")
    newer = set(
        await ImportJob.filter(created_at__gte=limit).exclude(folder="").values_list("folder", flat=True)
    )
    folders = {job.folder for job in old} - newer
    for folder in folders:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    await ImportJob.filter(folder__in=list(folders)).update(folder="")
    return len(folders)
