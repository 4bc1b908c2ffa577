"""The commands of replication that keep it safe: `python -m hq backup | quarantine | scrub`."""

import argparse
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from hq.settings import HqSettings

Inside = Callable[[Callable[[HqSettings], Awaitable[int]]], int]


def add_backup(found: Any, inside: Inside) -> None:
    """backup"""
    backup = found.add_parser(
        "backup", help="copy the database, prove the copy, tell the branches how far it reaches"
    )
    backup.add_argument("--to", default="", help="folder; default: backups in the site's data folder")
    backup.add_argument("--json", action="store_true")
    backup.set_defaults(run=lambda args: inside(lambda settings: run_backup(args, settings)))


async def run_backup(args: argparse.Namespace, settings: HqSettings) -> int:
    """Make one backup; where it lies and what is in it."""
    from hq.replication.backup import make_backup
    from hq.setup import APPS

    folder = Path(args.to) if args.to else settings.data_dir / "backups"
    made = await make_backup(settings.url_of_database, APPS, folder)
    told = {
        "path": made.path,
        "bytes": made.byte_count,
        "sha256": made.sha256,
        "branches": {branch: position[1] for branch, position in made.positions.items()},
    }
    if args.json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return 0
    sys.stdout.write(f"{made.path}: {made.byte_count:,} bytes, read back and proved\n")
    for branch, (_epoch, seq) in sorted(made.positions.items()):
        sys.stdout.write(f"{branch}: position {seq:,}\n")
    return 0


def add_quarantine(found: Any, inside: Inside) -> None:
    """quarantine list | retry | release"""
    quarantine = found.add_parser("quarantine", help="changes of branches that could not be taken over")
    verbs = quarantine.add_subparsers(dest="verb", required=True)
    listed = verbs.add_parser("list", help="what is set aside, with the reason and the row")
    listed.add_argument("--branch", default="")
    listed.set_defaults(run=lambda args: inside(lambda _settings: list_aside(args)))
    retry = verbs.add_parser("retry", help="try again, e.g. after an upgrade; exit 0 when nothing is left")
    retry.add_argument("branch")
    retry.set_defaults(run=lambda args: inside(lambda settings: retry_aside(args, settings)))
    let = verbs.add_parser(
        "release", help="let a held branch send on; what cannot be taken over is set aside"
    )
    let.add_argument("branch")
    let.set_defaults(run=lambda args: inside(lambda _settings: release_branch(args)))


async def list_aside(args: argparse.Namespace) -> int:
    """One JSON object a line, oldest first."""
    from hq.replication.models import QuarantinedChange

    waiting = QuarantinedChange.filter(settled_at=None).order_by("branch", "seq")
    for row in await (waiting.filter(branch=args.branch) if args.branch else waiting):
        told = {
            name: getattr(row, name)
            for name in ("branch", "seq", "tbl", "row_id", "op", "reason", "error", "tries", "row_after")
        }
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    return 0


async def retry_aside(args: argparse.Namespace, settings: HqSettings) -> int:
    """Over an applier of its own; it may run beside the site."""
    from hq.replication.engine import applier_for
    from hq.replication.models import QuarantinedChange
    from hq.setup import APPS
    from shared.database import open_database

    async with open_database(settings.url_of_database, APPS) as database:
        applier = applier_for(database)
        await applier.start()
        try:
            outcome = await applier.retry(args.branch)
        finally:
            await applier.stop()
        left = await QuarantinedChange.filter(branch=args.branch, settled_at=None).count()
    sys.stdout.write(f"{args.branch}: {outcome.rows} settled, {left} left\n")
    return 1 if left else 0


async def release_branch(args: argparse.Namespace) -> int:
    """Only a branch that is held."""
    from hq.replication.incidents import release

    was_held = await release(args.branch)
    sys.stdout.write(f"{args.branch}: {'released' if was_held else 'is not held'}\n")
    return 0 if was_held else 1


def add_scrub(found: Any, inside: Inside) -> None:
    """scrub"""
    scrub = found.add_parser(
        "scrub", help="hash every row again; a branch is asked which rows differ, and they are mended"
    )
    scrub.add_argument("--branch", default="", help="one branch; default: all")
    scrub.add_argument("--wait", type=float, default=40.0, metavar="SECONDS", help="for the branch to tell")
    scrub.set_defaults(run=lambda args: inside(lambda _settings: run_scrub(args)))


async def run_scrub(args: argparse.Namespace) -> int:
    """Exit 0 when everything equals the branches, at once or after mending."""
    from hq.replication.naming import described, settled_runs
    from hq.replication.scrub import scrub_all

    runs = await settled_runs(await scrub_all("command", branch=args.branch), args.wait)
    for run in runs:
        for line in await described(run):
            sys.stdout.write(line + "\n")
    return 0 if runs and all(run.status in ("equal", "mended") for run in runs) else 1
