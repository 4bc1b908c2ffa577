"""`python -m branch_node import DIR --mapping FILE [--dry-run] [--json]` and `... import undo RUN_ID`.

Exit codes: 0 every row was imported or had its reason to be skipped; 1 some rows failed (they are in the result file),
or rows stayed at an undo; 2 nothing was done: the mapping, the files or the request cannot be used, or the database or
the disk failed on the way; 130 stopped by Ctrl-C.
"""

import argparse
import asyncio
import contextlib
import errno
import json
import os
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from uuid import UUID

from tortoise.exceptions import OperationalError

from branch_node.home import at_home
from branch_node.imports.account import lines_of
from branch_node.imports.actions import by_command, end_import, end_undo
from branch_node.imports.engine import Outcome, Progress, Report, run_import
from branch_node.imports.mapping import json_schema, load
from branch_node.imports.problems import Unusable
from branch_node.imports.undo import Undone, undo_run
from branch_node.settings import BranchSettings
from branch_node.setup import APPS
from shared import i18n
from shared.database import engine, fetch_value, open_database
from shared.errors import Refused
from shared.i18n import ngettext
from shared.records import ImportRun
from shared.settings import SettingsError
from shared.settings import load as load_settings

DONE, SOME_FAILED, UNUSABLE, STOPPED = 0, 1, 2, 130
GOES_ON = "What had been imported stays. Run the same command again: it goes on where it stopped."
SECONDS_BETWEEN_LINES = 2.0


def main(argv: Sequence[str]) -> int:
    """Run the command; the exit code. Settings come from the environment, as for the site."""
    wanted = parser().parse_args(list(argv))
    if wanted.folder == "schema":
        sys.stdout.write(json_schema())
        return DONE
    try:
        settings = load_settings(BranchSettings, os.environ)
    except SettingsError as wrong:
        return _refuse(str(wrong), wanted.json)
    with i18n.use_locale("en"):
        try:
            if wanted.folder == "undo":
                return asyncio.run(_undo(settings, wanted))
            if wanted.mapping is None:
                return _refuse(
                    "--mapping FILE is missing: it says which column becomes which field.", wanted.json
                )
            return asyncio.run(_import(settings, wanted))
        except Unusable as wrong:
            return _refuse(str(wrong), wanted.json, [str(fault) for fault in wrong.faults])
        except Refused as refused:
            return _refuse(str(refused), wanted.json)
        except KeyboardInterrupt:
            _refuse(f"Stopped. {GOES_ON}", wanted.json)
            return STOPPED
        except (OperationalError, OSError, sqlite3.Error) as wrong:
            return _refuse(outage(wrong), wanted.json)


def parser() -> argparse.ArgumentParser:
    """The arguments of the command."""
    found = argparse.ArgumentParser(
        prog="python -m branch_node import",
        description="Bring a folder of CSV and XLSX files into this branch, or take such a run back.",
        epilog="python -m branch_node import undo RUN_ID takes a run back; import schema prints the JSON schema of a "
        "mapping file. Exit codes: 0 done, 1 some rows failed or were kept, 2 nothing was done.",
    )
    found.add_argument("folder", metavar="DIR | undo | schema", help="the folder with the files")
    found.add_argument("run", nargs="?", metavar="RUN_ID", help="with undo: the run to take back")
    found.add_argument("--mapping", type=Path, metavar="FILE", help="the mapping file (TOML)")
    found.add_argument("--dry-run", action="store_true", help="decide everything, write nothing")
    found.add_argument("--json", action="store_true", help="print the account as JSON")
    found.add_argument("--result", type=Path, metavar="FILE", help="where failed rows are written (CSV)")
    return found


def outage(wrong: Exception) -> str:
    """What a failure of disk or database means for the run, and what to do."""
    text = str(wrong)
    if "no such table" in text or "does not exist" in text:
        return "The database has no tables yet. Run `python -m branch_node migrate` first."
    if "full" in text or getattr(wrong, "errno", 0) == errno.ENOSPC:
        return f"The disk is full ({text}). Make room. {GOES_ON}"
    return f"Database or disk failed: {text}. {GOES_ON}"


def _refuse(message: str, as_json: bool, faults: Sequence[str] = ()) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"error": message, "faults": list(faults)}, ensure_ascii=False) + "\n")
    sys.stderr.write("".join(f"{line}\n" for line in [message, *(f"  {fault}" for fault in faults)]))
    return UNUSABLE


@asynccontextmanager
async def _branch(settings: BranchSettings) -> AsyncIterator[None]:
    """The branch's database, as the site opens it."""
    async with open_database(settings.url_of_database, APPS):
        with at_home(settings.home):
            await fetch_value("SELECT count(*) AS n FROM import_job")
            if engine() == "sqlite":
                # pages mapped from a growing file would count as this command's memory
                await fetch_value("PRAGMA mmap_size = 0")
            yield


# --- import -------------------------------------------------------------------------------------------------------


async def _import(settings: BranchSettings, wanted: argparse.Namespace) -> int:
    loaded = load(wanted.mapping)
    mapping = loaded.mapping
    async with _branch(settings):
        with progress_lines() as report:
            work = partial(
                run_import,
                loaded,
                Path(wanted.folder),
                work_folder=settings.data_dir / "imports",
                dry_run=wanted.dry_run,
                result_file=wanted.result,
            )
            if wanted.dry_run:
                outcome = await work(report=report)
            else:
                outcome = await _import_as_job(work, report, mapping.title or mapping.name)
    tell(outcome, wanted.json)
    return SOME_FAILED if outcome.account.failed else DONE


async def _import_as_job(work: Callable[..., Awaitable[Outcome]], report: Report, title: str) -> Outcome:
    """The import as a job that the page shows and can stop."""
    async with by_command("import", title) as (job, pulse):

        def tell_both(progress: Progress) -> None:
            pulse.report(progress)
            report(progress)

        outcome = await work(report=tell_both, cancelled=lambda: pulse.is_cancelled)
        await end_import(job, outcome, pulse)
    return outcome


def tell(outcome: Outcome, as_json: bool) -> None:
    """Print the account."""
    account = outcome.account
    if as_json:
        sys.stdout.write(json.dumps(account.as_json(), ensure_ascii=False) + "\n")
        return
    head = f"{account.mapping} -> {account.branch}" + (
        " (dry run, nothing written)" if account.dry_run else ""
    )
    lines = [head, *lines_of(account)]
    for entry in outcome.notes[:20]:
        place = f"{entry.file}:{entry.line}" + (f" {entry.column}" if entry.column else "")
        lines.append(f"  {entry.outcome}: {place}: {entry.reason}")
    if account.result_file:
        lines.append(f"All of them with their reasons: {account.result_file}")
    if account.run:
        lines.append(f"Run {account.run} took {account.seconds:.1f} s. Undo: import undo {account.run}")
    sys.stdout.write("".join(f"{line}\n" for line in lines))


@contextlib.contextmanager
def progress_lines() -> Iterator[Callable[[Progress], None]]:
    """A report function that writes progress to stderr: one line renewed on a terminal, else one every two seconds."""
    is_terminal = sys.stderr.isatty()
    told = time.monotonic()

    def report(progress: Progress) -> None:
        nonlocal told
        if time.monotonic() - told < (0.1 if is_terminal else SECONDS_BETWEEN_LINES):
            return
        told = time.monotonic()
        of = f" of {progress.total:,}" if progress.total else ""
        line = f"{progress.step}: {progress.done:,}{of} rows"
        sys.stderr.write(f"\r{line:<60}" if is_terminal else f"{line}\n")
        sys.stderr.flush()

    yield report
    if is_terminal:
        sys.stderr.write("\r" + " " * 60 + "\r")


# --- undo ---------------------------------------------------------------------------------------------------------


async def _undo(settings: BranchSettings, wanted: argparse.Namespace) -> int:
    try:
        run_id = UUID(wanted.run or "")
    except ValueError:
        return _refuse("Name the run to take back: import undo RUN_ID.", wanted.json)
    async with _branch(settings):
        run = await ImportRun.get_or_none(id=run_id)
        async with by_command("undo", run.mapping if run else str(run_id), run_id if run else None) as (
            job,
            pulse,
        ):
            undone = await undo_run(
                run_id, report=lambda done, total: pulse.report(Progress("undo", done, total))
            )
            await end_undo(job, undone)
    if wanted.json:
        sys.stdout.write(json.dumps({"run": str(run_id), **asdict(undone)}) + "\n")
    else:
        sys.stdout.write(undone_text(undone) + "\n")
    return SOME_FAILED if undone.kept else DONE


def undone_text(undone: Undone) -> str:
    """What an undo did, in a sentence or two."""
    parts = [
        ngettext("%(n)s row taken back.", "%(n)s rows taken back.", undone.deleted),
        ngettext("%(n)s row restored.", "%(n)s rows restored.", undone.restored),
    ]
    if edited := undone.kept.get("edited"):
        parts.append(ngettext("%(n)s row kept: changed since.", "%(n)s rows kept: changed since.", edited))
    if used := undone.kept.get("in_use"):
        parts.append(ngettext("%(n)s row kept: in use.", "%(n)s rows kept: in use.", used))
    return " ".join(parts)
