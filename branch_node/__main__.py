"""The command line of a branch node: `python -m branch_node --help`."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from branch_node.home import at_home
from branch_node.settings import BranchSettings
from shared import log
from shared.command_line import EXIT_REFUSED, EXIT_USAGE, ended
from shared.database.single import only_process
from shared.lean import leanly
from shared.settings import describe_markdown, load


@leanly()
def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done; 1 refused or failed, with the reason on stderr; 2 wrong usage or settings; 3 the database
    is in use by another process."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] in (["import"], ["seed"]):
        return hand_on(words[0], words[1:])
    args = parser().parse_args(words)
    return ended(lambda: int(args.run(args)))


def hand_on(word: str, rest: Sequence[str]) -> int:
    """import and seed read their own options."""
    if word == "import":
        from branch_node.imports.command import main as import_main

        return int(import_main(rest))
    from branch_node.seed import main as seed_main

    return int(seed_main(rest))


def settings() -> BranchSettings:
    """The settings of this process; SettingsError names every wrong variable."""
    return load(BranchSettings, os.environ)


def parser() -> argparse.ArgumentParser:
    from branch_node.replication.command import add_commands as add_replication_commands
    from branch_node.staff.queries import person_id_of
    from shared.web.accounts import add_user_commands

    top = argparse.ArgumentParser(prog="branch_node", description="The node of one branch.")
    commands = top.add_subparsers(dest="command", required=True)

    def command(
        name: str, summary: str, work: Callable[[argparse.Namespace], int]
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, help=summary, description=summary)
        made.set_defaults(run=work)
        return made

    command("web", "serve the site; on SQLite its jobs too", serve)
    command("worker", "run the jobs in a process of its own (PostgreSQL)", work_jobs)
    command("migrate", "bring the database to the newest schema; run before the first start", run_migrate)
    command("settings", "print every setting with its default", print_settings)
    add_user_commands(commands, settings=settings, open_database=open_branch, find_person=person_id_of)
    staff = command("staff", "write an employee with a role, e.g. the first administrator", add_staff)
    staff.add_argument("number")
    staff.add_argument("name")
    staff.add_argument("--role", default="branch_admin")
    staff.add_argument("--department", default="", help="name of the department; made when it is new")
    enrol = command("enrol", "introduce this branch to headquarters", run_enrol)
    enrol.add_argument("token", help="shown once by headquarters")
    enrol.add_argument("--hq-url", default="", help="instead of TRUNKLINE_HQ_URL")
    add_replication_commands(commands, settings)
    figures = command("figures", "print a figure of this branch", run_figures)
    add_figure_options(figures)
    commands.add_parser("import", help="read a folder of files; see `import --help`")
    commands.add_parser("seed", help="fill an empty branch with a demo business; see `seed --help`")
    return top


def add_figure_options(figures: argparse.ArgumentParser) -> None:
    from branch_node.figures.rules import NAMES

    figures.add_argument("name", choices=NAMES)
    figures.add_argument("--from", dest="from_on", default="", help="first day, 2026-11-01")
    figures.add_argument("--to", dest="to_on", default="", help="last day, included")
    figures.add_argument("--as-of", default="", help="only what counted on or before this day")
    figures.add_argument("--currency", default="", help="the branch's base currency is the only one")
    figures.add_argument("--json", action="store_true", help="as JSON (the default is a table)")


@asynccontextmanager
async def open_branch(chosen: Any) -> AsyncIterator[None]:
    """The branch's database, current and at home."""
    from branch_node.setup import APPS
    from shared.database import open_database

    async with open_database(chosen.url_of_database, APPS):
        with at_home(chosen.home):
            yield


def inside(work: Callable[[BranchSettings], Awaitable[int]]) -> int:
    """Run a short command inside the branch's database."""
    chosen = settings()

    async def whole() -> int:
        async with open_branch(chosen):
            return await work(chosen)

    return asyncio.run(whole())


async def require_migrated() -> None:
    """Refuse to serve a database without tables."""
    from tortoise.exceptions import OperationalError

    from shared.database import fetch_value
    from shared.errors import Conflict
    from shared.i18n import N_

    try:
        await fetch_value("SELECT count(*) AS n FROM number_series")
        await fetch_value("SELECT count(*) AS n FROM change_head")
    except OperationalError:
        raise Conflict(
            N_("The database has no tables yet. Run `python -m branch_node migrate` first.")
        ) from None


def serve(_args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    from branch_node.app import branch_app
    from shared.web.serving import serve_until_stopped

    chosen = settings()
    log.configure(chosen.log_level, site=f"branch_{chosen.branch_code.lower()}")
    with only_process(chosen.url_of_database, "web"):
        asyncio.run(checked(chosen))
        return 0 if serve_until_stopped(branch_app(chosen), chosen.host, chosen.port) else EXIT_REFUSED


async def checked(chosen: BranchSettings) -> None:
    from branch_node.customers.fragments import index_fragments, is_indexed
    from branch_node.setup import require_open

    async with open_branch(chosen):
        await require_migrated()
        await require_open()
        if not await is_indexed():
            await index_fragments()


def work_jobs(_args: argparse.Namespace) -> int:
    """Run the jobs until SIGTERM; on SQLite the web process does, so the lock refuses this one."""
    from branch_node.app import run_jobs_alone

    chosen = settings()
    log.configure(chosen.log_level, site=f"branch_{chosen.branch_code.lower()}")
    with only_process(chosen.url_of_database, "worker"):
        asyncio.run(run_jobs_alone(chosen))
    return 0


def run_migrate(_args: argparse.Namespace) -> int:
    from branch_node.setup import prepare

    chosen = settings()
    with only_process(chosen.url_of_database, "migrate"):
        applied = asyncio.run(prepare(chosen))
    for name in applied:
        print(name)
    print("up to date")
    return 0


def print_settings(_args: argparse.Namespace) -> int:
    print(describe_markdown(BranchSettings), end="")
    return 0


def add_staff(args: argparse.Namespace) -> int:
    from branch_node.staff.actions import write_first

    async def work(_chosen: BranchSettings) -> int:
        employee = await write_first(args.number, args.name, args.role, args.department)
        print(f"{employee.number} {employee.id}")
        return 0

    return inside(work)


def run_enrol(args: argparse.Namespace) -> int:
    from branch_node.replication.enrolling import EnrolmentRefused, enrol

    chosen = settings()
    url = args.hq_url or chosen.hq_url
    if not url:
        print("Give --hq-url or set TRUNKLINE_HQ_URL.", file=sys.stderr)
        return EXIT_USAGE
    try:
        name = asyncio.run(enrol(chosen.data_dir, chosen.branch_code, args.token, url))
    except EnrolmentRefused as refused:
        print(refused, file=sys.stderr)
        return EXIT_REFUSED
    print(f"enrolled as {name}")
    return 0


def run_figures(args: argparse.Namespace) -> int:
    from branch_node.figures.queries import figure_named
    from branch_node.figures.rules import parameters_of, table_text

    async def work(_chosen: BranchSettings) -> int:
        parameters = parameters_of(
            {"from": args.from_on, "to": args.to_on, "as_of": args.as_of, "currency": args.currency}
        )
        found = await figure_named(args.name, parameters, None)
        print(json.dumps(found, ensure_ascii=False, indent=2) if args.json else table_text(found))
        return 0

    return inside(work)


if __name__ == "__main__":
    sys.exit(main())
