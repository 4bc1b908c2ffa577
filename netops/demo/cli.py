"""`netops demo`: the command line of the demonstration."""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import webbrowser
from pathlib import Path

from netops.demo.company import COMPANY_FILE, Company, CompanyFileError, installed, read_company
from netops.demo.lines import set_cut
from netops.demo.runner import MARKER, DemoFailed, Runner


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "order",
        nargs="?",
        choices=("run", "cut", "mend", "at"),
        default="run",
        help="cut or mend the line of a branch of the running demonstration; at: run a command of one of its sites",
    )
    parser.add_argument("site", nargs="?", default="", help="a branch's code, such as SH, or a site's name")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="with at: the command, such as: verify")
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
    if arguments.order != "run":
        return _ordered(company, Path(arguments.dir), arguments)
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


def _ordered(company: Company, folder: Path, arguments: argparse.Namespace) -> int:
    """Something done to a demonstration from beside it. 2: there is none, or no such site."""
    if not (folder / MARKER).exists():
        print(f"no demonstration was started in {folder}; name its folder with --dir", file=sys.stderr)
        return 2
    site = company.find(arguments.site)
    if site is None or (arguments.order != "at" and not site.line):
        names = ", ".join(site.values.get("code", site.name) for site in company.sites if site.line)
        print(f"which branch? one of {names}", file=sys.stderr)
        return 2
    if arguments.order == "at":
        module = company.kind_of(site).module
        words = [sys.executable, "-m", module, *arguments.words]
        return subprocess.run(words, env=company.environment(site, folder), check=False).returncode
    set_cut(folder, site, arguments.order == "cut")
    _say(f"The line of {site.title.en} is {'cut' if arguments.order == 'cut' else 'mended'}.")
    return 0


def _say(text: str) -> None:
    print(text, flush=True)
