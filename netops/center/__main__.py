"""`python -m netops center web|migrate|user|nodes`."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from netops.center.control_cli import add_control_commands, add_node_commands
from netops.center.settings import CenterSettings
from shared import log
from shared.command_line import EXIT_REFUSED, ended
from shared.lean import leanly
from shared.settings import load

DEMO_PEOPLE = (("ada", "Ada"), ("grace", "Grace"))
"""Two administrators: what needs two persons can be tried."""


@leanly()
def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done; 1 refused or failed, with the reason on stderr; 2 wrong usage or settings."""
    args = parser().parse_args(list(sys.argv[1:] if argv is None else argv))
    return ended(lambda: int(args.run(args)))


def settings() -> CenterSettings:
    """The settings of this process; SettingsError names every wrong variable."""
    return load(CenterSettings, os.environ)


@asynccontextmanager
async def open_center(chosen: CenterSettings) -> AsyncIterator[None]:
    """The center's database, current for the block."""
    from netops.center.setup import APPS
    from shared.database import open_database

    async with open_database(chosen.url_of_database, APPS):
        yield


def parser() -> argparse.ArgumentParser:
    from shared.web.accounts import add_user_commands

    top = argparse.ArgumentParser(prog="netops center", description="The network-management center.")
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("web", help="serve the site").set_defaults(run=serve)
    commands.add_parser("migrate", help="bring the database to the newest schema").set_defaults(
        run=run_migrate
    )
    add_user_commands(commands, settings=settings, open_database=open_center)
    seed = commands.add_parser(
        "seed", help="make the demonstration's administrator; does nothing the second time"
    )
    seed.add_argument("--demo", action="store_true", required=True)
    seed.set_defaults(run=run_seed)
    verbs = commands.add_parser("nodes", help="nodes that may report").add_subparsers(required=True)
    enrol = verbs.add_parser("enrol", help="let a node report, by its public key")
    enrol.add_argument("name")
    enrol.add_argument("--role", default="")
    enrol.add_argument("--branch", default="")
    enrol.add_argument("--behind", default="", help="the node through which its line runs")
    enrol.add_argument("--public-key", required=True)
    enrol.add_argument("--json", action="store_true")
    enrol.set_defaults(run=enrol_node)
    add_node_commands(verbs)
    add_control_commands(commands)
    return top


def serve(_args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    from netops.center.app import center_app
    from shared.web.serving import serve_until_stopped

    chosen = settings()
    log.configure(chosen.log_level, site="center")
    return 0 if serve_until_stopped(center_app(chosen), chosen.host, chosen.port) else EXIT_REFUSED


def run_migrate(_args: argparse.Namespace) -> int:
    from netops.center.setup import prepare

    for name in asyncio.run(prepare(settings())):
        print(name)
    print("up to date")
    return 0


def run_seed(_args: argparse.Namespace) -> int:
    from netops.center.commands.actions import grant
    from netops.center.commands.rules import Right
    from shared.demo_company import DEMO_PASSWORD
    from shared.web.accounts import create_account
    from shared.web.models import Account
    from shared.web.passwords import Passwords

    chosen = settings()

    async def work() -> None:
        async with open_center(chosen):
            if not await Account.exists(username="ada"):
                for username, name in DEMO_PEOPLE:
                    await create_account(
                        Passwords(chosen),
                        username=username,
                        display_name=name,
                        password=DEMO_PASSWORD,
                        person_id=None,
                    )
                    account = await Account.get(username=username)
                    await grant(account.id, Right("*", "*", "*"), "seed")

    asyncio.run(work())
    print(
        json.dumps(
            [
                {"username": username, "password": DEMO_PASSWORD, "role": "sysadmin", "name": name}
                for username, name in DEMO_PEOPLE
            ]
        )
    )
    return 0


def enrol_node(args: argparse.Namespace) -> int:
    from netops.center.commands.keys import CenterKeys
    from netops.center.nodes.actions import enrol

    async def work() -> None:
        async with open_center(settings()):
            await enrol(args.name, args.role, args.public_key, branch=args.branch, behind=args.behind)

    asyncio.run(work())
    command_key = CenterKeys(settings().data_dir).command.public_text
    answer = {"node": args.name, "command_key": command_key}
    print(json.dumps(answer) if args.json else f"{args.name} may report; it is to believe {command_key}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
