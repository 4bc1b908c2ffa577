# ruff: noqa: T201  (this is where the center speaks to a terminal)
"""`netops center rights|keys|audit|nodes`: who may order what, the command key's rotation, and the proof of the audit."""

import argparse
import asyncio
import getpass
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


def add_control_commands(commands: Any) -> None:
    """The sub-commands of remote control."""
    rights = commands.add_parser("rights", help="who may order what").add_subparsers(required=True)
    given = rights.add_parser("grant", help="let an account order commands")
    given.add_argument("username")
    given.add_argument("--verb", default="*", help='"service.restart", "service.*" or "*" (default)')
    given.add_argument("--place", default="*", help="a node, a branch or * (default)")
    given.add_argument("--service", default="*", help="a service or * (default)")
    given.set_defaults(run=grant_right)
    taken = rights.add_parser("withdraw", help="take all rights to order from an account")
    taken.add_argument("username")
    taken.set_defaults(run=withdraw_rights)
    listed = rights.add_parser("list", help="show all rights to order")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=list_rights)

    keys = commands.add_parser("keys", help="the key that signs commands").add_subparsers(required=True)
    for name, what, run in (
        ("show", "the present key and how far a rotation is", show_keys),
        ("rotate", "make the next key and tell all nodes to believe it, too", rotate_key),
        (
            "finish",
            "sign with the next key from now on and tell the nodes to forget the old one",
            finish_rotation,
        ),
    ):
        command = keys.add_parser(name, help=what)
        command.add_argument("--json", action="store_true")
        if name == "finish":
            command.add_argument("--force", action="store_true", help="also when nodes do not know it yet")
        command.set_defaults(run=run)

    audit = commands.add_parser("audit", help="the chained audit").add_subparsers(required=True)
    proof = audit.add_parser("verify", help="read the whole chain; exit 0 only when it is whole")
    proof.add_argument("--json", action="store_true")
    proof.set_defaults(run=verify_audit)


def make_node_token(args: argparse.Namespace) -> int:
    from netops.center.enrolment.actions import make_token

    async def work() -> str:
        return await make_token(
            _keys(), operator(), node=args.name, branch=args.branch, role=args.role, replaces=args.replaces
        )

    token = in_center(work)
    if args.json:
        print(json.dumps({"node": args.name, "token": token}))
        return 0
    print(token)
    words = f"--url CENTER --node {args.name}{f' --branch {args.branch}' if args.branch else ''} --role {args.role}"
    print(
        f"Valid 15 minutes, once. On the node: netops agent --file NODE_FILE enrol TOKEN {words}",
        file=sys.stderr,
    )
    return 0


def revoke_node(args: argparse.Namespace) -> int:
    from netops.center.enrolment.actions import revoke
    from netops.center.nodes.state import Fleet

    in_center(lambda: revoke(operator(), args.name, args.reason, Fleet()))
    print(f"{args.name} is revoked")
    return 0


def add_node_commands(verbs: Any) -> None:
    """`nodes token|revoke`, beside `nodes enrol`."""
    token = verbs.add_parser("token", help="a one-time token by which a node enrols itself")
    token.add_argument("name")
    token.add_argument("--branch", default="")
    token.add_argument("--role", default="branch")
    token.add_argument("--replaces", action="store_true", help="the node is known and lost its key")
    token.add_argument("--json", action="store_true")
    token.set_defaults(run=make_node_token)
    gone = verbs.add_parser("revoke", help="shut a node out at once")
    gone.add_argument("name")
    gone.add_argument("--reason", required=True)
    gone.set_defaults(run=revoke_node)


def in_center(work: Callable[[], Awaitable[T]]) -> T:
    """Run `work` with the center's database current."""
    from netops.center.__main__ import open_center, settings

    async def run() -> T:
        async with open_center(settings()):
            return await work()

    return asyncio.run(run())


def operator() -> str:
    """Who works at this terminal, for the audit."""
    return f"{getpass.getuser()} (terminal)"


def grant_right(args: argparse.Namespace) -> int:
    from netops.center.commands.actions import grant
    from netops.center.commands.rules import Right

    async def work() -> None:
        account = await _account(args.username)
        await grant(account.id, Right(args.verb, args.place, args.service), operator())

    in_center(work)
    print(f"{args.username} may order {args.verb} at {args.place} for {args.service}")
    return 0


def withdraw_rights(args: argparse.Namespace) -> int:
    from netops.center.commands.actions import withdraw

    async def work() -> int:
        return await withdraw((await _account(args.username)).id, operator())

    print(f"{in_center(work)} rights taken from {args.username}")
    return 0


def list_rights(args: argparse.Namespace) -> int:
    from netops.center.commands.queries import all_rights

    found = in_center(all_rights)
    rows = [
        {
            "username": row.account,
            "verb": row.right.verb,
            "place": row.right.place,
            "service": row.right.service,
        }
        for row in found
    ]
    print(json.dumps(rows) if args.json else "\n".join("  ".join(row.values()) for row in rows) or "none")
    return 0


async def _account(username: str) -> Any:
    from shared.errors import NotFound
    from shared.web.accounts import normal_name
    from shared.web.models import Account

    account = await Account.get_or_none(username=normal_name(username))
    if account is None:
        raise NotFound("There is no account of that name. Make it first: netops center user add")
    return account


def show_keys(args: argparse.Namespace) -> int:
    from netops.center.commands.rotation import rotation

    found = in_center(lambda: rotation(_keys()))
    if args.json:
        print(json.dumps(found.as_dict()))
        return 0
    print(f"signs      {found.current}")
    if found.next:
        print(f"next       {found.next}")
        print(f"known at   {', '.join(found.ready) or 'no node yet'}")
        print(f"missing at {', '.join(found.missing) or 'no node: netops center keys finish'}")
    return 0


def rotate_key(args: argparse.Namespace) -> int:
    from netops.center.commands.rotation import begin

    found = in_center(lambda: begin(_keys(), operator()))
    print(
        json.dumps(found.as_dict())
        if args.json
        else f"told {len(found.missing)} nodes; netops center keys show"
    )
    return 0


def finish_rotation(args: argparse.Namespace) -> int:
    from netops.center.commands.rotation import finish

    found = in_center(lambda: finish(_keys(), operator(), is_forced=args.force))
    print(json.dumps(found.as_dict()) if args.json else f"signs {found.current}")
    return 0


def verify_audit(args: argparse.Namespace) -> int:
    from netops.center.audit.queries import verify

    found = in_center(verify)
    if args.json:
        print(json.dumps({"entries": found.count, "broken_at": found.broken_at}))
    elif found.broken_at is None:
        print(f"{found.count} entries, each follows from the one before it")
    else:
        print(f"entry {found.broken_at} does not follow from the one before it", file=sys.stderr)
    return 0 if found.broken_at is None else 1


def _keys() -> Any:
    from netops.center.__main__ import settings
    from netops.center.commands.keys import CenterKeys

    return CenterKeys(settings().data_dir)
