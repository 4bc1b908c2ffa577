"""The longer commands of `python -m hq`: users, branches, figures, rates, proof."""

import argparse
import json
import sys
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from hq.settings import HqSettings
from shared.errors import Invalid
from shared.i18n import N_, install_from, use_locale

Inside = Callable[[Callable[[HqSettings], Awaitable[int]]], int]
PACKAGE = Path(__file__).resolve().parent


def as_json(value: Any) -> str:
    """Readable JSON."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def say(text: str) -> None:
    """One line on standard output."""
    sys.stdout.write(text + "\n")


def add_user(found: Any, inside: Inside) -> None:
    """user add | passwd | disable | enable | list"""
    from shared.web import accounts

    user = found.add_parser("user", help="people who may sign in at headquarters")
    verbs = user.add_subparsers(dest="verb", required=True)

    def verb(name: str, summary: str, work: Callable[..., Awaitable[int]]) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = verbs.add_parser(name, help=summary, description=summary)

        def run(args: argparse.Namespace) -> int:
            from shared.web.passwords import Passwords

            return inside(lambda settings: work(args, Passwords(settings), settings))

        made.set_defaults(run=run)
        return made

    add_options(verb("add", "a person with roles and branches; asks for the password", add_one))
    passwd = verb(
        "passwd",
        "set a new password and sign out everywhere",
        lambda args, hashes, _settings: accounts.change_password(args, hashes, None),
    )
    passwd.add_argument("username")
    passwd.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    for name, summary, work in (
        ("disable", "lock an account", accounts.disable_user),
        ("enable", "unlock an account", accounts.enable_user),
    ):
        verb(name, summary, lambda args, hashes, _settings, work=work: work(args, hashes, None)).add_argument(
            "username"
        )
    listed = verb(
        "list", "all accounts", lambda args, hashes, _settings: accounts.list_users(args, hashes, None)
    )
    listed.add_argument("--json", action="store_true")
    token = verb("token", "make an API token; printed once", make_token)
    token.add_argument("username")
    token.add_argument("--name", default="command line")
    token.add_argument(
        "--scope", action="append", default=[], help="an action such as figures.view; may be repeated"
    )


def add_options(add: argparse.ArgumentParser) -> None:
    """The options of `user add`."""
    add.add_argument("username")
    add.add_argument("--name", default="", help="name shown on pages")
    add.add_argument(
        "--role", action="append", default=[], help="executive, hq_data_officer, hq_admin; may be repeated"
    )
    add.add_argument("--branches", default="", help="codes, comma between; without it all branches")
    add.add_argument("--email", default="")
    add.add_argument("--timezone", default="", help="default: that of headquarters")
    add.add_argument("--locale", choices=["zh_CN", "en"], default="zh_CN")
    add.add_argument("--no-password", action="store_true", help="an integration: API tokens only")
    add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")


async def add_one(args: argparse.Namespace, hashes: Any, settings: HqSettings) -> int:
    """Write the person and the account."""
    from hq.people.actions import add_person
    from shared.web.accounts import ask_password

    codes = [code.strip() for code in args.branches.split(",") if code.strip()]
    row = await add_person(
        hashes,
        name=args.name or args.username,
        roles=args.role or ["executive"],
        branches=codes or None,
        username=args.username,
        password=None if args.no_password else ask_password(args),
        email=args.email,
        locale=args.locale,
        timezone=args.timezone or settings.timezone.key,
    )
    say(f"{args.username} {row.id}")
    return 0


async def make_token(args: argparse.Namespace, _hashes: Any, _settings: HqSettings) -> int:
    """A bearer token of an account."""
    from shared import clock
    from shared.permissions import LABELS
    from shared.web.accounts import account_named
    from shared.web.models import ApiToken
    from shared.web.session import new_token, token_hash

    unknown = sorted(set(args.scope) - set(LABELS))
    if unknown:
        raise Invalid(N_("There is no right %(name)s."), name=unknown[0])
    account = await account_named(args.username)
    token = new_token()
    await ApiToken.create(
        token_hash=token_hash(token),
        name=args.name,
        account=account,
        scopes=args.scope,
        created_at=clock.now(),
    )
    say(token)
    return 0


def add_branches(found: Any, inside: Inside) -> None:
    """branches list | enrol | rebuild | revoke"""
    branches = found.add_parser("branches", help="the branches that headquarters knows")
    verbs = branches.add_subparsers(dest="verb", required=True)
    listed = verbs.add_parser("list", help="every branch with how far its data reaches")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=lambda args: inside(lambda settings: list_branches(args, settings)))
    enrol = verbs.add_parser("enrol", help="a one-time token with which a branch's node introduces itself")
    enrol.add_argument("code")
    enrol.add_argument("--name", default="")
    enrol.add_argument("--minutes", type=int, default=15, help="how long the token is valid")
    enrol.add_argument("--json", action="store_true")
    enrol.add_argument("--standby", action="store_true", help="for a node that follows the branch's own")
    enrol.set_defaults(run=lambda args: inside(lambda _settings: enrol_branch(args)))
    rebuild = verbs.add_parser(
        "rebuild", help="a token to rebuild a branch from headquarters; its node is refused from now on"
    )
    rebuild.add_argument("code")
    rebuild.add_argument("--minutes", type=int, default=15, help="how long the token is valid")
    rebuild.add_argument("--json", action="store_true")
    rebuild.set_defaults(run=lambda args: inside(lambda _settings: rebuild_branch(args)))
    revoke = verbs.add_parser("revoke", help="refuse a branch's node from now on; its data stays")
    revoke.add_argument("code")
    revoke.set_defaults(run=lambda args: inside(lambda _settings: revoke_branch(args)))


async def list_branches(args: argparse.Namespace, settings: HqSettings) -> int:
    """Code, name, state, complete to, position."""
    from hq.asking import house_of
    from hq.figures.contract import watermark_of
    from hq.figures.freshness import directory
    from hq.figures.shape import Question

    found = await directory(Question(house=house_of(settings)))
    rows = [
        {
            **watermark_of(branch.mark),
            "name": branch.name,
            "timezone": branch.timezone,
            "currency": branch.currency,
        }
        for branch in found.branches
    ]
    if args.json:
        say(as_json(rows))
    else:
        for row in rows:
            reach = row["complete_to"] or "-"
            say(f"{row['branch']:<16} {row['state']:<12} {reach:<28} {row['position']:>10}  {row['name']}")
    return 0


async def enrol_branch(args: argparse.Namespace) -> int:
    """Issue the token; it is shown once."""
    from hq.figures.shape import CODE
    from hq.replication.enrolment import issue_token

    if not CODE.fullmatch(args.code) or args.code == "COMPANY":
        raise Invalid(N_("A branch code is 1 to 16 letters, digits, - and _."))
    role = "standby" if args.standby else "branch"
    token = await issue_token(args.code, args.name, args.minutes, role)
    if args.json:
        say(as_json({"branch": args.code, "token": token, "minutes": args.minutes}))
    else:
        say(token)
        verb = "standby follow" if args.standby else "enrol"
        note = f"Valid {args.minutes} minutes, once. At the branch: python -m branch_node {verb} TOKEN"
        sys.stderr.write(note + "\n")
    return 0


async def rebuild_branch(args: argparse.Namespace) -> int:
    """Refuse the branch's node and issue the token for the machine on which it is rebuilt."""
    from hq.replication.enrolment import rebuild_token
    from hq.replication.models import BranchCursor

    if not await BranchCursor.exists(branch=args.code):
        raise Invalid(N_("Headquarters holds nothing of branch %(branch)s."), branch=args.code)
    token = await rebuild_token(args.code, args.minutes)
    if args.json:
        say(as_json({"branch": args.code, "token": token, "minutes": args.minutes}))
    else:
        say(token)
        note = f"Valid {args.minutes} minutes, once. With an empty database: python -m branch_node bootstrap TOKEN"
        sys.stderr.write(note + "\n")
    return 0


async def revoke_branch(args: argparse.Namespace) -> int:
    """Take the node's right to send."""
    from hq.replication.enrolment import revoke

    await revoke(args.code)
    say(f"{args.code} revoked")
    return 0


def add_figures(found: Any, inside: Inside) -> None:
    """figures NAME"""
    from hq.figures.queries import FIGURES

    figures = found.add_parser("figures", help="print a figure of all branches or of one unit")
    figures.add_argument("name", choices=sorted(FIGURES))
    figures.add_argument(
        "--unit", default="", help="company, branch:CODE, department:ID, employee:ID, customer:ID"
    )
    figures.add_argument("--from", dest="first", default="", help="first day, 2026-11-01")
    figures.add_argument("--to", dest="last", default="", help="last day, included")
    figures.add_argument("--period", default="", help="instead: 2026-11, 2026-Q4, 2026")
    figures.add_argument("--as-of", default="", help="only what took effect on or before this day")
    figures.add_argument("--currency", default="", help="ISO code, or base; default: the reporting currency")
    figures.add_argument("--by", default="", help="what the rows below a branch are")
    figures.add_argument("--measure", default="", help="of targets: sales, receipts, profit, ...")
    figures.add_argument("--limit", type=int, default=10_000)
    figures.add_argument("--format", choices=["json", "csv", "xlsx"], default="json")
    figures.add_argument("--json", action="store_true", help="the same as --format json")
    figures.add_argument(
        "--locale", choices=["zh_CN", "en"], default="en", help="language of labels and names"
    )
    figures.set_defaults(run=lambda args: inside(lambda settings: print_figure(args, settings)))


async def print_figure(args: argparse.Namespace, settings: HqSettings) -> int:
    """The figure on standard output."""
    from hq.asking import day_of, days_of, house_of
    from hq.figures import export
    from hq.figures.contract import as_contract
    from hq.figures.queries import answer
    from hq.figures.shape import Question, check_currency, parse_unit

    house = house_of(settings)
    given = {"period": args.period, "from": args.first, "to": args.last, "as_of": args.as_of}
    first, last = days_of(given)
    install_from(PACKAGE, PACKAGE.parent / "shared")
    with use_locale(args.locale):
        question = Question(
            unit=parse_unit(args.unit),
            first=first,
            last=last,
            as_of=day_of(given, "as_of"),
            currency=check_currency(args.currency, house.currency),
            by=args.by,
            measure=args.measure or "sales",
            limit=args.limit,
            locale=args.locale,
            house=house,
        )
        figure = await answer(args.name, question)
        if args.json or args.format == "json":
            say(as_json(as_contract(figure)))
        else:
            sys.stdout.buffer.write(await export.as_bytes(figure, args.format, "command line"))
    return 0


def add_rates(found: Any, inside: Inside) -> None:
    """rates list | set | import"""
    rates = found.add_parser("rates", help="dated exchange rates")
    verbs = rates.add_subparsers(dest="verb", required=True)
    listed = verbs.add_parser("list", help="all rates, newest first")
    listed.add_argument("--json", action="store_true")
    listed.set_defaults(run=lambda args: inside(lambda _settings: list_rates(args)))
    given = verbs.add_parser(
        "set", help="one rate: 1 CURRENCY is RATE in the reporting currency, from DAY on"
    )
    given.add_argument("currency")
    given.add_argument("rate", help="e.g. 7.1234")
    given.add_argument("--day", default="", help="2026-11-22; default: today")
    given.add_argument("--to", default="", help="default: the reporting currency")
    given.set_defaults(run=lambda args: inside(lambda settings: set_rate(args, settings)))
    read = verbs.add_parser(
        "import", help="a CSV file with the columns day,currency,rate and perhaps to_currency"
    )
    read.add_argument("file")
    read.add_argument("--json", action="store_true")
    read.set_defaults(run=lambda args: inside(lambda settings: import_rates(args, settings)))


def rate_e9_of(text: str) -> int:
    """7.1234 -> 7_123_400_000; Invalid when it is no positive number or has more than 9 decimals."""
    try:
        found = Decimal(text.strip()).scaleb(9)
    except InvalidOperation:
        found = Decimal(0)
    if found <= 0 or found != found.to_integral_value() or found >= Decimal(10) ** 18:
        raise Invalid(
            N_('"%(text)s" is not a rate. Write it like 7.1234, with 9 decimals at most.'), text=text
        )
    return int(found)


async def list_rates(args: argparse.Namespace) -> int:
    """Every rate."""
    from hq.rates.queries import rates

    rows = [row.plain() for row in await rates()]
    if args.json:
        say(as_json(rows))
    else:
        for row in rows:
            say(f"{row['day']}  1 {row['currency']} = {row['rate']} {row['to_currency']}")
    return 0


async def set_rate(args: argparse.Namespace, settings: HqSettings) -> int:
    """Enter one rate."""
    from hq.asking import day_of, house_of
    from hq.rates.actions import enter_rate

    house = house_of(settings)
    on = day_of({"day": args.day}, "day") or house.today()
    row = await enter_rate(
        args.currency.upper(), args.to.upper() or house.currency, on, rate_e9_of(args.rate)
    )
    say(f"{row.happened_on} 1 {row.currency} = {args.rate} {row.to_currency}")
    return 0


async def import_rates(args: argparse.Namespace, settings: HqSettings) -> int:
    """Enter a file of rates: all rows or none."""
    from hq.rates.actions import import_file

    account = await import_file(Path(args.file).read_text(encoding="utf-8-sig"), settings.reporting_currency)
    say(
        as_json(account)
        if args.json
        else f"{account['read']} read, {account['created']} new, {account['changed']} changed"
    )
    return 0


def add_verify(found: Any, inside: Inside) -> None:
    """verify"""
    verify = found.add_parser(
        "verify",
        help="prove that headquarters equals its branches, or name the rows; exit 0 only when proved",
    )
    verify.add_argument("--branch", default=None)
    verify.add_argument("--json", action="store_true")
    verify.add_argument(
        "--wait",
        type=float,
        default=40.0,
        metavar="SECONDS",
        help="for a branch to name the rows that differ",
    )
    verify.set_defaults(run=lambda args: inside(lambda _settings: run_verify(args)))


async def run_verify(args: argparse.Namespace) -> int:
    """Recompute everything and compare."""
    from hq.replication import verify

    proof = await verify.verify(args.branch, wait_seconds=args.wait)
    say(proof.to_json() if args.json else "\n".join(verify.describe(proof)))
    return 0 if proof.is_proved else 1
