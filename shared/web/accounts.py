"""Accounts of a site: making them, their passwords, and the `user` commands of its command line.

Call inside the site's database. User names are kept in lower case; `Passwords` does the hashing.
"""

import argparse
import asyncio
import getpass
import json
import sys
import warnings
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

from shared import clock
from shared.database import transaction
from shared.errors import Conflict, Invalid, NotFound, Refused
from shared.i18n import N_, render
from shared.web.models import Account, ApiToken, LoginAttempt, Session
from shared.web.passwords import MAX_LENGTH, MIN_LENGTH, Passwords
from shared.web.settings import WebSettings

OpenDatabase = Callable[[WebSettings], AbstractAsyncContextManager[Any]]
FindPerson = Callable[[str], Awaitable[UUID | None]]

UNLINKED = "-"
"""In place of a subject: nobody comes in through the identity provider. No provider's subject reads so."""
COMMON = frozenset({"12345678", "123456789", "1234567890", "password", "passw0rd", "88888888", "qwertyui"})


def normal_name(username: str) -> str:
    """The form in which a user name is stored and looked up."""
    return username.strip().casefold()


def check_password_rules(password: str, username: str) -> None:
    """Invalid with the field 'password' unless it is long enough and not the commonest."""
    problem = ""
    if len(password) < MIN_LENGTH:
        problem = N_("Choose a password of at least 8 characters.")
    elif len(password) > MAX_LENGTH:
        problem = N_("Choose a password of at most 200 characters.")
    elif password.casefold() in COMMON or normal_name(username) in password.casefold():
        problem = N_("Choose a password that is harder to guess.")
    if problem:
        raise Invalid(problem, fields={"password": problem}, code="password.weak")


async def create_account(
    passwords: Passwords,
    *,
    username: str,
    display_name: str,
    password: str | None,
    person_id: UUID | None = None,
    locale: str = "zh_CN",
    timezone: str = "",
) -> Account:
    """A new account; without a password only API tokens work. Invalid when the name is taken or unusable."""
    name = normal_name(username)
    if not name or len(name) > 64 or any(char.isspace() for char in name):
        wrong = N_("Choose a user name of 1 to 64 characters without blanks.")
        raise Invalid(wrong, fields={"username": wrong})
    if password is not None:
        check_password_rules(password, name)
    stored = await passwords.hash(password) if password is not None else ""
    async with transaction():
        if await Account.filter(username=name).exists():
            taken = N_("This user name is taken. Choose another one.")
            raise Invalid(taken, fields={"username": taken}, code="username.taken")
        now = clock.now()
        return await Account.create(
            username=name,
            display_name=display_name or name,
            password_hash=stored,
            person_id=person_id,
            locale=locale,
            timezone=timezone,
            created_at=now,
            password_changed_at=now if password is not None else None,
        )


async def account_named(username: str) -> Account:
    """The account; NotFound when there is none."""
    account = await Account.get_or_none(username=normal_name(username))
    if account is None:
        raise NotFound(N_('There is no account "%(name)s".'), name=username)
    return account


async def set_password(
    passwords: Passwords, account: Account, password: str, *, keep_session: UUID | None = None
) -> None:
    """Set a new password and sign the account out everywhere else. Invalid when it is too weak."""
    check_password_rules(password, account.username)
    stored = await passwords.hash(password)
    async with transaction():
        await Account.filter(id=account.id).update(password_hash=stored, password_changed_at=clock.now())
        others = Session.filter(account_id=account.id)
        await (others.exclude(id=keep_session) if keep_session else others).delete()
        await LoginAttempt.filter(username=account.username).delete()


async def disable_account(account: Account) -> None:
    """Lock an account: no sign-in, no session, no token works any more. May be called twice."""
    now = clock.now()
    async with transaction():
        await Account.filter(id=account.id, disabled_at=None).update(disabled_at=now)
        await Session.filter(account_id=account.id).delete()
        await ApiToken.filter(account_id=account.id, revoked_at=None).update(revoked_at=now)


async def enable_account(account: Account) -> None:
    """Unlock an account; its tokens stay revoked. May be called twice."""
    await Account.filter(id=account.id).update(disabled_at=None)


async def unlink_company_sign_in(account: Account, *, keep_session: UUID | None = None) -> None:
    """Nobody signs in to it through the identity provider any more, until that is allowed again; other browsers are
    signed out. Inside the caller's transaction, with its audit entry; may be called twice.

    Conflict for an account without a password: the provider is its last way in.
    """
    unlinked = Account.filter(id=account.id).exclude(password_hash="")
    if not await unlinked.update(oidc_subject=UNLINKED):
        raise Conflict(
            N_("The company's sign-in is the only way into this account. Set a password first."),
            code="account.last_way",
        )
    others = Session.filter(account_id=account.id)
    await (others.exclude(id=keep_session) if keep_session else others).delete()


async def allow_company_sign_in(account: Account) -> None:
    """The next sign-in at the identity provider with this user name is linked again. Changes no link that there is."""
    await Account.filter(id=account.id, oidc_subject=UNLINKED).update(oidc_subject="")


def company_link(account: Account) -> str:
    """linked, open (the next sign-in there is linked) or off."""
    return {"": "open", UNLINKED: "off"}.get(account.oidc_subject, "linked")


# --- command line -----------------------------------------------------------------------------------------------


def add_user_commands(
    subparsers: Any,
    *,
    settings: Callable[[], WebSettings],
    open_database: OpenDatabase,
    find_person: FindPerson | None = None,
) -> None:
    """Add `user add|passwd|disable|enable|list`. Each sets args.run, a function that returns the exit code.

    `find_person` turns --employee (a code or name) into the id in the site's staff records.
    """
    user = subparsers.add_parser("user", help="accounts that may sign in")
    verbs = user.add_subparsers(dest="verb", required=True)

    def command(name: str, summary: str, work: Callable[..., Awaitable[int]]) -> argparse.ArgumentParser:
        parser: argparse.ArgumentParser = verbs.add_parser(name, help=summary, description=summary)
        parser.set_defaults(run=lambda args: run_command(args, work, settings(), open_database, find_person))
        return parser

    add = command("add", "make an account; asks for the password", add_user)
    add.add_argument("username")
    add.add_argument("--name", default="", help="name shown on pages")
    add.add_argument("--employee", default="", help="code of the employee whose rights it has")
    add.add_argument("--locale", choices=["zh_CN", "en"], default="zh_CN")
    add.add_argument("--no-password", action="store_true", help="an integration: API tokens only")
    add.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    passwd = command("passwd", "set a new password and sign out everywhere", change_password)
    passwd.add_argument("username")
    passwd.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    command("disable", "lock an account", disable_user).add_argument("username")
    command("enable", "unlock an account", enable_user).add_argument("username")
    command("list", "all accounts", list_users).add_argument("--json", action="store_true")


def run_command(
    args: argparse.Namespace,
    work: Callable[..., Awaitable[int]],
    settings: WebSettings,
    open_database: OpenDatabase,
    find_person: FindPerson | None,
) -> int:
    """Open the database and do it; 1 with the reason on stderr when refused."""

    async def whole() -> int:
        async with open_database(settings):
            return await work(args, Passwords(settings), find_person)

    try:
        return asyncio.run(whole())
    except Refused as refused:
        sys.stderr.write(render(refused.message, refused.params) + "\n")
        return 1


def ask_password(args: argparse.Namespace) -> str:
    """From standard input or typed twice; Invalid when the two differ, or where nobody can type."""
    if args.password_stdin:
        return sys.stdin.readline().rstrip("\n")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            first, again = getpass.getpass("Password: "), getpass.getpass("Again: ")
    except (EOFError, getpass.GetPassWarning):
        raise Invalid(
            N_("There is no terminal to type a password on. Give it with --password-stdin.")
        ) from None
    if again != first:
        raise Invalid(N_("The two passwords differ. Type them again."))
    return first


async def add_user(args: argparse.Namespace, passwords: Passwords, find_person: FindPerson | None) -> int:
    person_id = None
    if args.employee:
        person_id = await find_person(args.employee) if find_person else None
        if person_id is None:
            raise NotFound(N_('There is no employee "%(name)s".'), name=args.employee)
    password = None if args.no_password else ask_password(args)
    account = await create_account(
        passwords,
        username=args.username,
        display_name=args.name,
        password=password,
        person_id=person_id,
        locale=args.locale,
    )
    sys.stdout.write(f"{account.username} {account.id}\n")
    return 0


async def change_password(args: argparse.Namespace, passwords: Passwords, _find: FindPerson | None) -> int:
    await set_password(passwords, await account_named(args.username), ask_password(args))
    return 0


async def disable_user(args: argparse.Namespace, _passwords: Passwords, _find: FindPerson | None) -> int:
    await disable_account(await account_named(args.username))
    return 0


async def enable_user(args: argparse.Namespace, _passwords: Passwords, _find: FindPerson | None) -> int:
    await enable_account(await account_named(args.username))
    return 0


async def list_users(args: argparse.Namespace, _passwords: Passwords, _find: FindPerson | None) -> int:
    rows = [
        {
            "username": account.username,
            "name": account.display_name,
            "person_id": str(account.person_id) if account.person_id else None,
            "disabled": account.disabled_at is not None,
            "two_factor": bool(account.totp_secret),
        }
        for account in await Account.all().order_by("username")
    ]
    if args.json:
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
    else:
        for row in rows:
            sys.stdout.write(f"{row['username']}\t{row['name']}{' (disabled)' if row['disabled'] else ''}\n")
    return 0
