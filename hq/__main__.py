"""The command line of headquarters: `python -m hq --help`."""

import argparse
import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from hq.settings import HqSettings
from shared import log
from shared.command_line import EXIT_REFUSED, ended
from shared.database.single import only_process
from shared.i18n import N_
from shared.lean import leanly
from shared.settings import describe_markdown, load


@leanly()
def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done; 1 refused or failed, with the reason on stderr; 2 wrong usage or settings; 3 the database
    is in use by another process."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["seed"]:
        from hq.seeding import main as seed_main

        return int(seed_main(words[1:]))
    args = parser().parse_args(words)
    return ended(lambda: int(args.run(args)))


def settings() -> HqSettings:
    """The settings of this process; SettingsError names every wrong variable."""
    return load(HqSettings, os.environ)


def parser() -> argparse.ArgumentParser:
    """All commands."""
    from hq import commands
    from hq.replication import command as keeping

    top = argparse.ArgumentParser(prog="hq", description="Headquarters: every branch side by side.")
    found = top.add_subparsers(dest="command", required=True)

    def command(
        name: str, summary: str, work: Callable[[argparse.Namespace], int]
    ) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = found.add_parser(name, help=summary, description=summary)
        made.set_defaults(run=work)
        return made

    command("web", "serve the site: pages, replication, live updates", serve)
    command("worker", "run the jobs in a process of its own (PostgreSQL)", work_jobs)
    command("migrate", "bring the database to the newest schema; run before the first start", run_migrate)
    command("settings", "print every setting with its default", print_settings)
    commands.add_user(found, inside)
    commands.add_branches(found, inside)
    commands.add_figures(found, inside)
    commands.add_rates(found, inside)
    commands.add_verify(found, inside)
    keeping.add_backup(found, inside)
    keeping.add_quarantine(found, inside)
    keeping.add_scrub(found, inside)
    found.add_parser("seed", help="fill an empty headquarters for a demo; see `seed --help`")
    return top


@asynccontextmanager
async def open_hq(chosen: Any) -> AsyncIterator[None]:
    """The database of headquarters, current."""
    from hq.setup import APPS
    from shared.database import open_database

    async with open_database(chosen.url_of_database, APPS):
        yield


def inside(work: Callable[[HqSettings], Awaitable[int]]) -> int:
    """Run a short command inside headquarters' database; it may run beside the site."""
    chosen = settings()

    async def whole() -> int:
        async with open_hq(chosen):
            await require_migrated()
            return await work(chosen)

    return asyncio.run(whole())


async def require_migrated() -> None:
    """Refuse a database without tables."""
    from tortoise.exceptions import OperationalError

    from shared.database import fetch_value
    from shared.errors import Conflict

    try:
        await fetch_value("SELECT count(*) AS n FROM hq_person")
        await fetch_value("SELECT count(*) AS n FROM (SELECT 1 AS one FROM figure_cell LIMIT 1) AS found")
    except OperationalError:
        raise Conflict(N_("The database has no tables yet. Run `python -m hq migrate` first.")) from None


def serve(_args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    from hq.app import hq_app
    from hq.replication.apart import taking_apart
    from shared.web.serving import serve_until_stopped

    chosen = settings()
    log.configure(chosen.log_level, site="hq")
    with taking_apart(chosen.url_of_database) as apart, only_process(chosen.url_of_database, "web"):
        asyncio.run(checked(chosen))
        return 0 if serve_until_stopped(hq_app(chosen, apart), chosen.host, chosen.port) else EXIT_REFUSED


async def checked(chosen: HqSettings) -> None:
    async with open_hq(chosen):
        await require_migrated()


def work_jobs(_args: argparse.Namespace) -> int:
    """Run the jobs until SIGTERM; on SQLite the web process does, so the lock refuses this one."""
    from hq.app import run_jobs_alone

    chosen = settings()
    log.configure(chosen.log_level, site="hq")
    with only_process(chosen.url_of_database, "worker"):
        asyncio.run(run_jobs_alone(chosen))
    return 0


def run_migrate(_args: argparse.Namespace) -> int:
    """Migrate and install what the site needs."""
    from hq.setup import prepare

    chosen = settings()
    with only_process(chosen.url_of_database, "migrate"):
        applied = asyncio.run(prepare(chosen))
    for name in applied:
        print(name)
    print("up to date")
    return 0


def print_settings(_args: argparse.Namespace) -> int:
    """The table of settings."""
    print(describe_markdown(HqSettings), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
