"""What people do with imports: send files in, run them for real, stop, undo; and the work itself, done by jobs."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from branch_node.imports.account import Note
from branch_node.imports.engine import Progress, run_import
from branch_node.imports.mapping import load
from branch_node.imports.models import ImportJob
from branch_node.imports.problems import Unusable
from branch_node.imports.queries import job_for, run_of, undo_of
from branch_node.imports.undo import undo_run
from branch_node.imports.uploads import MAPPING_NAME, Upload, receive
from shared import clock, i18n, log
from shared.database import as_actor, execute, transaction
from shared.errors import Conflict, Refused, Text
from shared.i18n import N_
from shared.ids import new_id
from shared.permissions import Person, require
from shared.web.models import Account

events = log.get_logger()

RIGHT = "import.run"
BEAT_SECONDS = 1.0
SILENT_SECONDS = 60
KEPT_DAYS = 30


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


async def perform(job_id: UUID) -> None:
    """Do a job's work, once, whoever calls: a second caller finds it claimed. Its end is in its row.

    A process that ends in the middle gives the job back; one that is killed is found by its silent pulse. Doing it
    again is safe: rows that are in are recognised.
    """
    silent_since = clock.now() - timedelta(seconds=SILENT_SECONDS)
    claimed = await execute(
        "UPDATE import_job SET state = 'running', started_at = :now, beat_at = :now WHERE id = :id "
        "AND (state = 'waiting' OR (state = 'running' AND beat_at < :silent))",
        now=clock.now(),
        id=job_id,
        silent=silent_since,
    )
    if not claimed:
        return
    job = await job_for(job_id)
    locale = await Account.filter(person_id=job.started_by).first() if job.started_by else None
    with as_actor(job.started_by), i18n.use_locale(locale.locale if locale else i18n.DEFAULT_LOCALE):
        try:
            async with _beating(job_id) as pulse:
                await _work(job, pulse)
        except asyncio.CancelledError:
            await execute("UPDATE import_job SET state = 'waiting' WHERE id = :id", id=job_id)
            raise
        except Unusable as wrong:
            await _end(job, "failed", faults=[_fault(fault.place, fault.message) for fault in wrong.faults])
        except Refused as refused:
            await _end(job, "failed", faults=[_fault("", Text(refused.message, **refused.params))])
        except Exception:
            events.exception("import failed", job_id=str(job_id))
            message = N_(
                "It broke off and was recorded. What had been imported stays; start it again to go on."
            )
            await _end(job, "failed", faults=[_fault("", Text(message))])


async def _work(job: ImportJob, pulse: Pulse) -> None:
    started = time.perf_counter()
    if job.kind == "undo":
        assert job.run_id is not None
        undone = await undo_run(
            job.run_id, report=lambda done, total: pulse.report(Progress("undo", done, total))
        )
        account: dict[str, Any] = {**asdict(undone), "seconds": round(time.perf_counter() - started, 3)}
        await _end(job, "done", account=account)
        return
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
    job.title = outcome.account.mapping[:200]
    job.run_id = UUID(outcome.account.run) if outcome.account.run else None
    state = "cancelled" if pulse.is_cancelled else "done"
    await _end(job, state, account=outcome.account.as_json(), notes=[_note(note) for note in outcome.notes])


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


async def note_finished(account: dict[str, Any], notes: Sequence[Note], run_id: UUID) -> None:
    """Show an import of the command line in the list of the page, too."""
    now = clock.now()
    await ImportJob.create(
        kind="import", title=str(account["mapping"])[:200], state="done", run_id=run_id, started_at=now, ended_at=now,
        account=account, notes=[_note(note) for note in notes], started_by_name="",
    )  # fmt: skip


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
