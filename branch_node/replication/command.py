"""`python -m branch_node bootstrap` and `standby follow | promote | status | invite | pair`; see standby.py, bootstrap.py, accounts.py."""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from branch_node.home import at_home
from branch_node.settings import BranchSettings
from shared.errors import Conflict
from shared.i18n import N_

Settings = Callable[[], BranchSettings]
SHOWN_EVERY = 20
EXIT_UNANSWERED = 4
"""Of `pair`: see UNANSWERED. The agent's words for it are in netops/agent/commands.py."""
ANSWER_EVERY_SECONDS = 1.0
UNANSWERED = (
    "The branch has not answered this invitation within {:.0f} s. If its line to headquarters is down it answers once it is up. "
    "Otherwise the invitation is another branch's, was used, or is older than a day: make a new one.\n"
)


def add_commands(commands: Any, settings: Settings) -> None:
    """bootstrap, standby"""
    made = commands.add_parser("bootstrap", help="rebuild this branch in an empty database from headquarters")
    made.add_argument(
        "token",
        nargs="?",
        default="",
        help="from headquarters: hq branches rebuild CODE; not needed to go on",
    )
    add_options(made)
    made.set_defaults(run=lambda args: run(args, settings(), "rebuild", bootstrap))
    standby = commands.add_parser("standby", help="follow this branch at headquarters, or take it over")
    verbs = standby.add_subparsers(dest="verb", required=True)
    follow = verbs.add_parser("follow", help="fetch what the branch writes until stopped")
    follow.add_argument(
        "token", nargs="?", default="", help="from headquarters: hq branches enrol CODE --standby; once"
    )
    follow.add_argument("--every", type=float, default=2.0, metavar="SECONDS")
    follow.add_argument("--once", action="store_true", help="end when the copy is whole")
    add_options(follow)
    follow.set_defaults(run=lambda args: run(args, settings(), "standby", follow_branch))
    promote = verbs.add_parser(
        "promote", help="become the branch: headquarters refuses the node before from now on"
    )
    promote.add_argument(
        "--if-silent", type=float, default=0.0, metavar="SECONDS",
        help="refused while headquarters heard the node before within that time; for a standby that decides by itself",
    )  # fmt: skip
    add_options(promote)
    promote.set_defaults(run=lambda args: run(args, settings(), "standby", take_over))
    status = verbs.add_parser("status", help="how far this standby is, as JSON")
    add_options(status)
    status.set_defaults(run=lambda args: asyncio.run(print_status(settings())))
    add_account_commands(verbs, settings)


def add_account_commands(verbs: Any, settings: Settings) -> None:
    """invite, uninvite, pair: to whom a branch seals its accounts, see accounts.py."""
    invite = verbs.add_parser(
        "invite", help="on the branch's machine: an invitation by which a standby gets its accounts, sealed; good for a day"
    )  # fmt: skip
    invite.add_argument("--json", action="store_true", help="one line of JSON")
    invite.set_defaults(run=lambda args: asyncio.run(print_invitation(args, settings())))
    uninvite = verbs.add_parser(
        "uninvite", help="on the branch's machine: seal to nobody any more; the standby keeps what it has"
    )
    uninvite.set_defaults(run=lambda _args: asyncio.run(withdraw_invitation(settings())))
    pair = verbs.add_parser("pair", help="on the standby's machine: answer an invitation")
    pair.add_argument(
        "invitation", nargs="?", default=os.environ.get("TRUNKLINE_INVITATION", ""), help="or in TRUNKLINE_INVITATION"
    )  # fmt: skip
    pair.add_argument("--hq-url", default="", help="instead of TRUNKLINE_HQ_URL")
    pair.add_argument(
        "--wait", type=float, default=60.0, metavar="SECONDS",
        help="how long to wait for the branch's answer; 4 is the exit code when none came. 0: do not wait",
    )  # fmt: skip
    pair.set_defaults(run=lambda args: asyncio.run(answer_invitation(args, settings())))


def add_options(made: argparse.ArgumentParser) -> None:
    made.add_argument("--hq-url", default="", help="instead of TRUNKLINE_HQ_URL")
    made.add_argument("--json", action="store_true", help="one line of JSON per step")


def run(
    args: argparse.Namespace,
    chosen: BranchSettings,
    role: str,
    work: Callable[[argparse.Namespace, BranchSettings, str], Awaitable[int]],
) -> int:
    """Hold the database, enrol when there is a token, open it migrated and without capture, do the work.

    Exit code 0: done; 1: refused, with the reason; 2: no address of headquarters; 3: the database is in use.
    """
    from shared.database.single import only_process

    url = args.hq_url or chosen.hq_url
    if not url:
        sys.stderr.write("Give --hq-url or set TRUNKLINE_HQ_URL.\n")
        return 2

    async def whole() -> int:
        from branch_node.replication.bootstrap import begin

        async with opened(chosen):
            await begin(role)
            if getattr(args, "token", ""):
                await introduce(chosen, args.token, url)
            return await work(args, chosen, url)

    with only_process(chosen.url_of_database, role):
        try:
            return asyncio.run(whole())
        except KeyboardInterrupt:
            return 0


@asynccontextmanager
async def opened(chosen: BranchSettings) -> AsyncIterator[None]:
    """The branch's database with its tables and indexes, current and at home; no rows are written, nothing is captured."""
    from branch_node.setup import APPS, make_tables
    from shared.database import open_database

    await make_tables(chosen)
    async with open_database(chosen.url_of_database, APPS):
        with at_home(chosen.home):
            yield


async def introduce(chosen: BranchSettings, token: str, url: str) -> None:
    """Show the token. Conflict with headquarters' words when it is refused."""
    from branch_node.replication.enrolling import EnrolmentRefused, enrol

    try:
        await enrol(chosen.data_dir, chosen.branch_code, token, url)
    except EnrolmentRefused as refused:
        raise Conflict(N_("Headquarters refuses: %(reason)s"), reason=str(refused)) from None


def teller(as_json: bool) -> Callable[[Any], None]:
    """What is told of each page: a line now and then, and one when a pass is over that brought something."""
    pages, last = 0, ""

    def tell(state: Any) -> None:
        nonlocal pages, last
        pages += 1
        if state.tbl and pages % SHOWN_EVERY:
            return
        told = {
            "status": state.status,
            "rows": state.row_count,
            "total": state.total,
            "position": state.seq,
            "table": state.tbl,
        }
        text = (
            json.dumps(told)
            if as_json
            else "{status}: {rows} of about {total} rows, position {position} {table}".format(**told)
        )
        if text != last:
            last = text
            sys.stderr.write(text.rstrip() + "\n")

    return tell


async def bootstrap(args: argparse.Namespace, chosen: BranchSettings, url: str) -> int:
    """Fetch, prove, open, and fetch what headquarters owns."""
    from branch_node.replication.bootstrap import Headquarters, fetch_until_whole, open_database
    from branch_node.replication.snapshot_models import SnapshotState
    from branch_node.replication.standby import signer_of

    async with Headquarters(url, signer_of(chosen.data_dir, chosen.branch_code, is_standby=False)) as hq:
        if (await SnapshotState.get(id=1)).status != "open":
            await fetch_until_whole(hq, teller(args.json))
        state = await open_database(hq, chosen.data_dir)
    await settle(chosen)
    report(args, chosen.branch_code, state, "rebuilt")
    return 0


async def follow_branch(args: argparse.Namespace, chosen: BranchSettings, url: str) -> int:
    """Follow until stopped; what happens meanwhile is logged as a site logs it."""
    from branch_node.replication.bootstrap import Headquarters
    from branch_node.replication.standby import follow, signer_of
    from shared import log

    if not args.once:
        log.configure(chosen.log_level, site=f"branch_{chosen.branch_code.lower()}_standby")
    async with Headquarters(url, signer_of(chosen.data_dir, chosen.branch_code, is_standby=True)) as hq:
        await follow(hq, chosen.data_dir, args.every, teller(args.json), once=args.once)
    return 0


async def take_over(args: argparse.Namespace, chosen: BranchSettings, url: str) -> int:
    """Become the branch."""
    from branch_node.replication.bootstrap import Headquarters
    from branch_node.replication.standby import promote, signer_of

    async with Headquarters(url, signer_of(chosen.data_dir, chosen.branch_code, is_standby=True)) as hq:
        state = await promote(hq, chosen.data_dir, url, teller(args.json), args.if_silent)
    await settle(chosen)
    report(args, chosen.branch_code, state, "promoted", await accounts_taken())
    return 0


async def settle(chosen: BranchSettings) -> None:
    """What every branch has beside its rows: the remaining steps of `migrate`."""
    from branch_node.setup import make_branch

    await make_branch(chosen)


async def accounts_taken() -> dict[str, Any]:
    """How many accounts this node has, and when the branch sealed them (None: it got none)."""
    from branch_node.replication.accounts import kept_accounts
    from shared.web.models import Account

    kept = await kept_accounts()
    is_open = kept is not None and kept.opened_at is not None
    at = kept.sealed_at.isoformat(timespec="seconds") if kept and is_open and kept.sealed_at else None
    return {"accounts": await Account.all().count(), "accounts_at": at}


def report(
    args: argparse.Namespace, code: str, state: Any, what: str, accounts: dict[str, Any] | None = None
) -> None:
    """The last line, on standard output."""
    told = {
        "branch": code,
        "what": what,
        "rows": state.row_count,
        "position": state.seq,
        "tables": len(state.digests),
        **(accounts or {}),
    }
    if args.json:
        sys.stdout.write(json.dumps(told) + "\n")
        return
    sys.stdout.write(
        "{branch} {what}: {tables} tables proved equal to headquarters at position {position}.\n".format(
            **told
        )
    )
    sys.stdout.write(
        "Its {accounts} accounts are those of {accounts_at}; uploaded files are not kept at headquarters. Start `web`.\n".format(
            **told
        )
        if told.get("accounts_at")
        else "Accounts, passwords and uploaded files are not kept at headquarters: add people with "
        "`python -m branch_node user add`, then start `web`.\n"
    )


async def print_status(chosen: BranchSettings) -> int:
    """Role, status, position, rows."""
    from branch_node.replication.accounts import kept_accounts
    from branch_node.replication.snapshot_models import SnapshotState
    from branch_node.setup import APPS
    from shared.database import open_database

    async with open_database(chosen.url_of_database, APPS):
        state = await SnapshotState.get_or_none(id=1)
        kept = await kept_accounts()
    names = ("role", "status", "epoch", "seq", "row_count", "total")
    found: dict[str, Any] = (
        {name: getattr(state, name) for name in names} if state else {"role": "branch", "status": "open"}
    )
    if state:
        found["seen_at"] = state.seen_at.isoformat() if state.seen_at else None
        found["accounts_at"] = kept.sealed_at.isoformat() if kept and kept.sealed_at else None
    sys.stdout.write(json.dumps(found) + "\n")
    return 0


@asynccontextmanager
async def beside_site(chosen: BranchSettings) -> AsyncIterator[None]:
    """The branch's database while its site may be serving it."""
    from branch_node.setup import APPS
    from shared.database import open_database

    async with open_database(chosen.url_of_database, APPS):
        with at_home(chosen.home):
            yield


async def print_invitation(args: argparse.Namespace, chosen: BranchSettings) -> int:
    """A new invitation, on standard output; what was sealed to before is given up."""
    from branch_node.replication.accounts import invite

    async with beside_site(chosen):
        text = await invite(chosen.data_dir)
    if args.json:
        sys.stdout.write(json.dumps({"invitation": text}) + "\n")
    else:
        sys.stdout.write(f"On the standby's machine: python -m branch_node standby pair {text}\n")
    return 0


async def withdraw_invitation(chosen: BranchSettings) -> int:
    """Seal to nobody any more."""
    from branch_node.replication.accounts import stop_sealing

    async with beside_site(chosen):
        await stop_sealing()
    return 0


async def answer_invitation(args: argparse.Namespace, chosen: BranchSettings) -> int:
    """Keep whose accounts to believe, offer this machine's sealing key, and wait until the branch has sealed to it: only then is
    it known that the invitation was this branch's, unused and of today. Exit code EXIT_UNANSWERED when it has not."""
    from branch_node.replication.accounts import newest_number, pair
    from branch_node.replication.bootstrap import Headquarters, NotNow
    from branch_node.replication.standby import signer_of

    url = args.hq_url or chosen.hq_url
    async with opened(chosen):
        if not url or not args.wait:
            await pair(args.invitation, chosen.data_dir)
            sys.stdout.write("Offered. The follower fetches the accounts once the branch has answered.\n")
            return 0
        async with Headquarters(url, signer_of(chosen.data_dir, chosen.branch_code, is_standby=True)) as hq:
            try:
                before = await newest_number(hq.post)
            except NotNow:
                raise Conflict(N_("Headquarters does not answer. Pair again when it does.")) from None
            await pair(args.invitation, chosen.data_dir)
            if not await answered_within(args.wait, hq.post, before):
                sys.stderr.write(UNANSWERED.format(args.wait))
                return EXIT_UNANSWERED
    sys.stdout.write("Paired. The branch's accounts are here, sealed; a promotion opens them.\n")
    return 0


async def answered_within(seconds: float, ask: Callable[[str, bytes], Awaitable[bytes]], before: int) -> bool:
    """Whether accounts newer than bundle `before` came in that time. While headquarters does not answer it is asked again."""
    from branch_node.replication.accounts import is_answered
    from branch_node.replication.bootstrap import NotNow

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(NotNow):
            if await is_answered(ask, before):
                return True
        await asyncio.sleep(ANSWER_EVERY_SECONDS)
    return False
