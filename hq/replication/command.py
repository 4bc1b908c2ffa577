"""The commands of replication that keep it safe: `python -m hq backup`."""

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
