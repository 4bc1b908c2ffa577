"""The seed command: reads its options and the settings, refuses what would spoil real data, builds, writes, reports."""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tortoise.exceptions import OperationalError

from branch_node.home import at_home
from branch_node.seeding.bench import write_bench
from branch_node.seeding.company import Company
from branch_node.seeding.demo import build_demo
from branch_node.seeding.scene import Scene
from branch_node.settings import BranchSettings
from branch_node.setup import APPS, describe_branch
from branch_node.staff.accounts import create_account
from branch_node.staff.built_in import ensure_roles
from shared import clock
from shared.database import execute, fetch_all, fetch_value, open_database, transaction
from shared.database.single import AlreadyRunning, only_process
from shared.demo_company import DEMO_PASSWORD, demo_branch
from shared.periods import start_of_day
from shared.records import AuditEntry
from shared.replication import capture
from shared.settings import SettingsError, load
from shared.web.passwords import Passwords

BEGUN, FINISHED = "seed.begun", "seed.finished"


class CannotSeed(Exception):
    """The database is not one to write demo rows into; the message says what to do."""


@dataclass(frozen=True)
class Wanted:
    """What was asked for on the command line."""

    profile: str
    seed: int
    months: int
    scale: float
    facts: int
    until: date | None


@dataclass(frozen=True)
class Outcome:
    """What a run did. `rows` 0: the database had been seeded before."""

    rows: int
    seconds: float
    accounts: Sequence[Mapping[str, str]]


def main(argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
    """Exit code 0: seeded now or before; 1: refused, with the reason on stderr; 2: wrong options or settings; 3: the
    database is in use by another process."""
    options = _parser().parse_args(list(argv))
    wanted = Wanted(
        "demo" if options.demo else options.profile, options.seed, options.months, options.scale, options.facts,
        options.until,
    )  # fmt: skip
    try:
        settings = load(BranchSettings, os.environ if env is None else env)
        with only_process(settings.url_of_database, "seed"):
            outcome = asyncio.run(seed(settings, wanted))
    except (SettingsError, AlreadyRunning, CannotSeed) as refused:
        print(refused, file=sys.stderr)  # noqa: T201
        return {SettingsError: 2, AlreadyRunning: 3}.get(type(refused), 1)
    _report(outcome, settings.branch_code, as_json=options.json)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="branch_node seed", description=__doc__)
    parser.add_argument("--profile", choices=("demo", "bench"), default="demo")
    parser.add_argument("--demo", action="store_true", help="the same as --profile demo")
    parser.add_argument("--seed", type=int, default=7, help="the same number makes the same rows (default 7)")
    parser.add_argument("--until", type=date.fromisoformat, help="last day of the books (default: today)")
    parser.add_argument("--months", type=int, choices=range(2, 61), default=18, metavar="N")
    parser.add_argument("--scale", type=_scale, default=1.0, help="how many rows; money stays on its plan")
    parser.add_argument("--facts", type=int, default=100_000, help="rows of the bench profile")
    parser.add_argument("--json", action="store_true", help="print the accounts as a JSON list")
    return parser


def _scale(text: str) -> float:
    value = float(text)
    if not 0.01 <= value <= 100:
        raise argparse.ArgumentTypeError("must lie between 0.01 and 100")
    return value


async def seed(settings: BranchSettings, wanted: Wanted) -> Outcome:
    """Fill the branch's database. Does nothing when it was seeded before. Raises CannotSeed.

    Steps: 1 look what is there, 2 build all rows in memory, 3 note the beginning, 4 write in many transactions,
    5 number series and accounts, 6 note the end. Between 3 and 6 an interrupted run is recognised by the next one.
    """
    home = settings.home
    started = time.perf_counter()
    async with open_database(settings.url_of_database, APPS):
        with at_home(home):
            if await _is_seeded(home.code):
                return Outcome(0, 0.0, await accounts_made())
            await capture.install(home.code)
            await ensure_roles()
            scene = scene_of(settings, wanted)
            await _note(BEGUN, scene, 0)
            await _introduce(settings, scene)
            if wanted.profile == "bench":
                rows = await write_bench(scene, wanted.facts)
                await write_numbers(scene)
            else:
                company = build_demo(scene)
                rows = await scene.rows.write()
                await write_numbers(scene)
                await make_accounts(settings, scene, company)
            await _note(FINISHED, scene, rows)
            return Outcome(rows, time.perf_counter() - started, await accounts_made())


def scene_of(settings: BranchSettings, wanted: Wanted) -> Scene:
    """The scene of this branch: `now`, or the evening of `until` when another day was asked for."""
    home, now = settings.home, clock.now()
    until = wanted.until or home.today
    if until != home.today:
        now = _evening(until, home.timezone)
    branch = demo_branch(home.code, home.timezone, home.currency)
    return Scene(branch, wanted.seed, wanted.months, until, now, wanted.scale)


def _evening(day: date, timezone: str) -> datetime:
    return start_of_day(day, timezone) + timedelta(hours=19)


async def _is_seeded(code: str) -> bool:
    """Whether a seed finished here. Raises CannotSeed for a half-written or a used database."""
    try:
        notes = await fetch_all(
            "SELECT action FROM audit_entry WHERE action IN :actions", actions=[BEGUN, FINISHED]
        )
        used = await fetch_value("SELECT 1 AS one FROM customer WHERE branch = :code LIMIT 1", code=code)
    except OperationalError as missing:
        raise CannotSeed(
            "The database has no tables yet. Run `python -m branch_node migrate` first."
        ) from missing
    found = {row["action"] for row in notes}
    if FINISHED in found:
        return True
    if BEGUN in found:
        raise CannotSeed(
            "An earlier seed of this database was interrupted. Remove the database, migrate and seed again."
        )
    if used:
        raise CannotSeed("This database holds customers already. A demo is only written into an empty one.")
    return False


async def _introduce(settings: BranchSettings, scene: Scene) -> None:
    """The branch's own row with the names and the place of the demo company."""
    row, branch = await describe_branch(settings), scene.branch
    row.name, row.name_en, row.city, row.region = branch.name, branch.name_en, branch.city, branch.region
    row.country = branch.country
    await row.save()


async def _note(action: str, scene: Scene, rows: int) -> None:
    details = {"seed": scene.seed, "until": scene.until.isoformat(), "months": scene.months, "rows": rows}
    await AuditEntry.create(
        branch=scene.branch.code, happened_on=scene.until, person_name="seed", action=action, details=details
    )


async def write_numbers(scene: Scene) -> None:
    """The series go on after the last number that the seed gave out."""
    async with transaction():
        for name, last in scene.numbers.items():
            await execute(
                "INSERT INTO number_series (name, last_number) VALUES (:name, :last) "
                "ON CONFLICT (name) DO UPDATE SET last_number = :last",
                name=name,
                last=last,
            )


async def make_accounts(settings: BranchSettings, scene: Scene, company: Company) -> None:
    """A sign-in account for each of the cast, all with the demo password (hashed once)."""
    password_hash = await Passwords(settings).hash(DEMO_PASSWORD)
    locale = "zh_CN" if scene.branch.language == "zh" else "en"
    for member in company.cast:
        await create_account(None, member.id, member.username, password_hash, locale)


async def accounts_made() -> list[dict[str, str]]:
    """The accounts of employees with their role, for whoever tries the demo."""
    rows = await fetch_all(
        "SELECT a.username, a.display_name, r.role_code FROM web_account a "
        "JOIN employee_role r ON r.employee_id = a.person_id AND r.deleted_at IS NULL ORDER BY a.created_at, a.id"
    )
    return [
        {
            "username": row["username"],
            "password": DEMO_PASSWORD,
            "role": row["role_code"],
            "name": row["display_name"],
        }
        for row in rows
    ]


def _report(outcome: Outcome, code: str, *, as_json: bool) -> None:
    """The accounts on stdout, what was done on stderr (or everything on stdout for people)."""
    done = (
        f"{code}: {outcome.rows} rows in {outcome.seconds:.1f} s"
        if outcome.rows
        else f"{code}: already seeded"
    )
    if as_json:
        print(done, file=sys.stderr)  # noqa: T201
        print(json.dumps(list(outcome.accounts), ensure_ascii=False, indent=1))  # noqa: T201
        return
    print(done)  # noqa: T201
    for account in outcome.accounts:
        print("  {username:<10} {password:<16} {role:<18} {name}".format(**account))  # noqa: T201
