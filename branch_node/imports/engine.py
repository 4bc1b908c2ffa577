"""Runs an import: reads all files into the staging file, then brings one record after the other into the branch.

`run_import` is called by the command line and by the job behind the page. Nothing is written before mapping and files
have been found usable; then batches of a thousand rows, each in one transaction with its entries in the ledger, so
that a run that breaks off is simply started again. A dry run makes the same decisions and writes nothing.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from branch_node import fiscal
from branch_node.home import home
from branch_node.imports.account import Account, Note, file_account, write_result
from branch_node.imports.compiler import Cells
from branch_node.imports.importers import importer_for
from branch_node.imports.mapping import Loaded
from branch_node.imports.own import own_fields
from branch_node.imports.plan import Item, Plan, add_children, compile_plans, evaluate, join_failure
from branch_node.imports.problems import BadFiles, BadMapping, Fault, failed
from branch_node.imports.reading import BadFile, Source, open_source
from branch_node.imports.run import Run
from branch_node.imports.staging import FAILED, Staging, file_fault
from branch_node.imports.tables import refresh_statistics
from shared import clock, log
from shared.database import fetch_value, transaction
from shared.errors import Text
from shared.i18n import N_
from shared.ids import new_id
from shared.records import ImportRun
from shared.threads import in_thread

events = log.get_logger()
RESULT_NAME = "result.csv"
REFRESHED_AFTER = frozenset({1, 4, 16, 64, 256, 1024})
"""Batches of a record after which the database looks at the size of its tables anew."""


@dataclass(frozen=True)
class Progress:
    """How far a run is: what it does (reading or a kind of record), rows done and to do in all steps."""

    step: str
    done: int
    total: int


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Outcome:
    """What came of a run: its account, and the first failures and warnings."""

    account: Account
    notes: Sequence[Note]


async def run_import(
    loaded: Loaded,
    folder: Path,
    *,
    work_folder: Path,
    dry_run: bool = False,
    result_file: Path | None = None,
    report: Report = lambda progress: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Import a folder. BadMapping or BadFiles before anything is written; failed rows are in the account.

    `work_folder` holds the staging file for as long as the run lasts, and the result file unless `result_file` says
    otherwise. `cancelled` is asked between batches: True ends the run there, its status is then 'cancelled'.
    """
    started = time.perf_counter()
    run_id = new_id()
    work_folder.mkdir(parents=True, exist_ok=True)
    with Staging(work_folder / f"{run_id}.staging") as staging:
        run = Run(loaded, run_id, staging, dry_run=dry_run)
        plans = await _prepared(run, folder, report)
        record = await _begin(run)
        status = "failed"
        try:
            status = await _import_all(run, plans, report, cancelled)
        finally:
            if record is not None and status == "failed":
                await _end(record, run, status)
        for staged in staging.files.values():
            staging.settle_rest(staged, "looked_up" if status == "done" else "not_reached")
            run.account.files.append(file_account(staging, staged))
        path = result_file or work_folder / str(run_id) / RESULT_NAME
        notes, failures, run.account.warnings = await in_thread(write_result, staging, path)
        run.account.result_file = str(path) if notes else ""
        run.account.seconds = time.perf_counter() - started
        if record is not None:
            await _end(record, run, status)
    _tell(run, status, failures)
    return Outcome(run.account, notes)


def _tell(run: Run, status: str, failures: int) -> None:
    account = run.account
    events.info(
        "import ended", run_id=str(run.id), mapping=run.source, dry_run=run.dry_run, status=status, read=account.read,
        created=account.created, updated=account.updated, skipped=account.skipped, failed=failures,
        seconds=round(account.seconds, 3),
    )  # fmt: skip


# --- before anything is written -----------------------------------------------------------------------------------


async def _prepared(run: Run, folder: Path, report: Report) -> list[Plan]:
    """Open and stage all files, compile all records. BadFiles or BadMapping with everything that is wrong."""
    mapping = run.loaded.mapping
    sources = _open_all(run, folder)
    try:
        plans, faults = compile_plans(mapping, run.staging, home().currency, await own_fields())
        faults += await _branch_faults(run)
        if faults:
            raise BadMapping(faults) if not _names_files(faults) else BadFiles(faults)
        await in_thread(_stage_all, run, sources, report)
        for plan in plans:
            await in_thread(plan.prepare)
    finally:
        for source in sources.values():
            source.close()
    return plans


def _names_files(faults: Sequence[Fault]) -> bool:
    return any("file" in fault.message.params for fault in faults)


def _open_all(run: Run, folder: Path) -> dict[str, Source]:
    mapping = run.loaded.mapping
    faults: list[Fault] = []
    sources: dict[str, Source] = {}
    if not folder.is_dir():
        raise BadFiles([Fault(str(folder), Text(N_("There is no such folder.")))])
    for name, given in mapping.files.items():
        if given.optional and not (folder / given.path).exists():
            continue
        try:
            sources[name] = open_source(folder, given, mapping.formats)
            run.staging.add_file(name, given.path, sources[name])
        except BadFile as wrong:
            faults.append(file_fault(given.path, wrong))
        except OSError as wrong:
            reason = wrong.strerror or type(wrong).__name__
            faults.append(Fault(given.path, Text(N_("The file cannot be read: %(reason)s."), reason=reason)))
    if faults:
        for source in sources.values():
            source.close()
        raise BadFiles(faults)
    return sources


def _stage_all(run: Run, sources: dict[str, Source], report: Report) -> None:
    faults: list[Fault] = []
    read = 0

    def progress(count: int) -> None:
        nonlocal read
        read += count
        report(Progress("read", read, 0))

    for name, source in sources.items():
        staged = run.staging.files[name]
        try:
            run.staging.stage(staged, source, progress)
        except BadFile as wrong:
            faults.append(file_fault(staged.path, wrong))
    if faults:
        raise BadFiles(faults)


async def _branch_faults(run: Run) -> list[Fault]:
    """Find out this branch's own code in the files; a fault when the mapping has codes, but none for it."""
    mapping = run.loaded.mapping
    code = home().code
    external = await fetch_value(
        "SELECT external_code FROM branch WHERE branch = :code AND deleted_at IS NULL", code=code
    )
    own = mapping.branch.codes.get(code) or external or code
    run.own_code = str(own).casefold()
    needs_code = any(record.branch is not None for record in mapping.records)
    if not needs_code or not mapping.branch.codes or code in mapping.branch.codes:
        return []
    if run.own_code in {value.casefold() for value in mapping.branch.codes.values()}:
        return []
    message = Text(N_("There is no code for this branch, %(branch)s. Add it to branch.codes."), branch=code)
    return [Fault("branch.codes", message)]


# --- the run ------------------------------------------------------------------------------------------------------


async def _begin(run: Run) -> ImportRun | None:
    """The row that tells everybody of the run; none for a dry run."""
    run.calendar = await fiscal.calendar()
    if run.dry_run:
        return None
    mapping = run.loaded.mapping
    async with transaction():
        return await ImportRun.create(
            id=run.id,
            branch=home().code,
            mapping=(mapping.title or mapping.name)[:200],
            mapping_hash=run.loaded.digest,
            started_at=clock.now(),
        )


async def _end(record: ImportRun, run: Run, status: str) -> None:
    async with transaction():
        record.status = status
        record.ended_at = clock.now()
        record.account = run.account.as_json()["files"]
        await record.save()


async def _import_all(run: Run, plans: list[Plan], report: Report, cancelled: Callable[[], bool]) -> str:
    """Every record in its order; 'done' or 'cancelled'."""
    total = sum(plan.staged.read for plan in plans)
    done = 0
    for plan in plans:
        importer = importer_for(run, plan)
        line, number = 0, 0
        while batch := await in_thread(read_batch, run, plan, line):
            if cancelled():
                return "cancelled"
            line, number = batch[-1].line, number + 1
            await importer.take(batch)
            done += len(batch)
            if number in REFRESHED_AFTER and not run.dry_run:
                await refresh_statistics(importer.tables)
            report(Progress(plan.map.record, done, total))
        await importer.finish()
    return "done"


def read_batch(run: Run, plan: Plan, after_line: int) -> list[Item]:
    """The next rows of a record: those of other branches put aside, the others evaluated with their children."""
    rows = plan.rows_after(after_line)
    items = [_item(run, plan, cells) for cells in rows]
    if plan.lines is not None or plan.instalments is not None:
        add_children(plan, rows, items)
    return items


def _item(run: Run, plan: Plan, cells: Cells) -> Item:
    if cells[1] != FAILED:
        for column, wanted in plan.where:
            if str(column(cells)) not in wanted:
                return Item(cells[0], skipped="filtered")
        if plan.branch is not None:
            if cells[2]:
                return Item(cells[0], failure=join_failure(plan.fetch, cells[2]))
            written = str(plan.branch(cells))
            belongs = run.belongs(written)
            if belongs is None:
                message = N_(
                    "The row belongs to no known branch (%(code)s). Name it in branch.codes or branch.unassigned."
                )
                return Item(cells[0], failure=failed("", message, code=written or "-"))
            if not belongs:
                return Item(cells[0], skipped="other_branch")
    return evaluate(plan, cells)
