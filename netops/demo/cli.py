"""`netops demo`: the command line of the demonstration."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import webbrowser
from pathlib import Path

from netops.demo.company import COMPANY_FILE, CompanyFileError, installed, read_company
from netops.demo.runner import DemoFailed, Runner


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", default="var/demo", help="folder for all data (default: var/demo)")
    parser.add_argument("--reset", action="store_true", help="forget everything in the folder first")
    parser.add_argument("--no-open", action="store_true", help="do not open the browser")
    parser.add_argument("--company", default=os.fspath(COMPANY_FILE), help=argparse.SUPPRESS)
    parser.set_defaults(run=run_demo)


def run_demo(arguments: argparse.Namespace) -> int:
    """0: ended as asked, 1: something failed, 2: wrong use."""
    try:
        company, missing = installed(read_company(Path(arguments.company)))
    except CompanyFileError as error:
        print(error, file=sys.stderr)
        return 2
    for name in missing:
        print(f"{name} is left out: it is not part of this installation")
    can_show = not arguments.no_open and bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

    async def run() -> int:
        runner = Runner(company, Path(arguments.dir), _say)
        return await runner.run(reset=arguments.reset, show=webbrowser.open if can_show else None)

    try:
        return asyncio.run(run())
    except DemoFailed as error:
        print(error, file=sys.stderr)
        return 2


def _say(text: str) -> None:
    print(text, flush=True)
