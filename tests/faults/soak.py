"""`python -m tests.faults.soak`: seeded random histories of one branch and headquarters; property P after each.

    python -m tests.faults.soak --minutes 10                            (make soak MINUTES=10) both engines in turn
    python -m tests.faults.soak --runs 1000 --seed 1 --engine postgres  one engine
    python -m tests.faults.soak --seed 4711 --runs 1 --engine sqlite    a run that failed, again

Prints a table of runs and violations; seeds that failed are kept in var/soak-seeds.txt. Exit 0 only without violations.
Nothing here loses power, a step that crashes is an exception: SQLite's files lie in memory where the system has some.
"""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

import structlog

from branch_node.replication.pruning import prune
from hq.replication import scrub
from hq.replication.backup import make_backup
from shared.database import execute
from shared.replication.change import Digest
from tests.support.databases import (
    BRANCH,
    KINDS,
    POSTGRES_URL,
    Templates,
    answers,
    place,
    remove_what_was_shared,
)
from tests.support.kill_points import POINTS
from tests.support.replication_model import FAULTS, Model

STEPS = 12
SEEDS = Path("var/soak-seeds.txt")
MEMORY = Path("/dev/shm")
TOLD_EVERY = 50
DROPPED_EVERY = 5
"""Runs on PostgreSQL after which their databases go: one has up to 90 MB, and a run leaves three."""
ENGINES = {"sqlite": ("sqlite",), "postgres": ("postgres",), "both": ("sqlite", "postgres")}

STEP_WEIGHTS = {
    "write": 30, "sync": 25, "fault": 25, "save branch": 4, "save hq": 4, "restore branch": 5, "restore hq": 4,
    "backup and prune": 3, "crash": 12, "disk full branch": 2, "disk full hq": 4, "clock jump": 4, "key rotated": 2,
    "older hq": 4, "put back branch": 5, "damage": 6,
}  # fmt: skip


async def step(company: Model, saved: set[str], happened: Counter[str]) -> None:
    """One thing that happens to the company, chosen by its dice."""
    dice = company.dice
    name = dice.choices(list(STEP_WEIGHTS), list(STEP_WEIGHTS.values()))[0]
    kind = name.rpartition(" ")[2]
    if name == "write":
        await company.write(dice.randrange(1, 4))
    elif name == "sync":
        await company.sync()
    elif name == "fault":
        name = dice.choice(FAULTS)
        company.line.plan([*[""] * dice.randrange(4), name])
        await company.write()
        await company.sync()
    elif name == "crash":
        name = f"crash, {dice.choice(tuple(POINTS))}"
        await company.fail_at(name.removeprefix("crash, "))
    elif name.startswith("disk full"):
        await company.fill_disk(kind)
    elif name == "clock jump":
        company.clock.jump(dice)
    elif name == "key rotated":
        await company.rotate_key()
        # A headquarters from before a rotation knows the old key only: the branch is enrolled anew.
        saved.discard("hq")
    elif name == "older hq":
        await company.run_older_hq()
    else:
        await copy_step(company, saved, name, kind)
    happened[name] += 1


async def copy_step(company: Model, saved: set[str], name: str, kind: str) -> None:
    """Databases saved and put back, a backup with pruning after it."""
    dice = company.dice
    if name.startswith("save"):
        await company.backup(kind, "old")
        saved.add(kind)
    elif name == "put back branch":
        await company.backup(kind, "new")
        await company.write(dice.randrange(1, 5))
        await company.sync()
        await company.restore(kind, "new")
        await company.write(dice.choice((0, 1, 3, 9)))
    elif name.startswith("restore") and kind in saved:
        if kind == "hq" or dice.random() < 0.5:
            await company.settle()
        await company.restore(kind, "old")
        await company.write(dice.choice((0, 1, 3, 9)))  # the head is below, at or above headquarters' cursor
    elif name == "backup and prune":
        await company.settle()
        with company.hq.use():
            await make_backup(company.hq.url, KINDS["hq"][0](), company.folder / "backups")
        await company.settle()
        with company.branch.use():
            await prune()
    elif name == "damage":
        await damaged_and_scrubbed(company)


DAMAGE = (
    "UPDATE receipt SET amount_minor = amount_minor + 1, ver = ver + 1000 WHERE {which}",
    "UPDATE receipt SET happened_on = '2026-02-01' WHERE {which}",
    "UPDATE receipt SET ver = 0, deleted_at = 1 WHERE {which}",
    "DELETE FROM receipt WHERE {which}",
)


async def damaged_and_scrubbed(company: Model) -> None:
    """Somebody changes headquarters' rows by SQL; a scrub asks the branch over a line that fails once, while it writes on."""
    dice = company.dice
    await company.settle()  # what only one side still holds after a restore is gone when it is deleted there
    with company.hq.use():
        for _ in range(dice.randrange(1, 4)):
            which = f"id IN (SELECT id FROM receipt ORDER BY id LIMIT 2 OFFSET {dice.randrange(4)})"
            await execute(dice.choice(DAMAGE).format(which=which))
        await scrub.scrub_branch(BRANCH, "command")
    await company.write()
    company.line.plan([*[""] * dice.randrange(6), dice.choice(FAULTS)])
    await company.sync()
    await company.settle()


def law_of_the_digest(seed: int) -> list[str]:
    """Digests tell apart whatever differs in which rows there are and how often; to take away is not to add."""
    dice = Random(seed)
    one, other = (dice.randbytes(24) for _ in range(2))
    twice_one, twice_other, back = Digest(), Digest(), Digest()
    twice_one.add_all([one, one])
    twice_other.add_all([other, other])
    back.add(one)
    back.remove_all([one])
    twice = Digest()
    twice.add(one)
    twice.add(one)
    found = []
    if twice_one.text() == twice_other.text():
        found.append("digest: rows applied twice vanish")
    if back.text() != Digest().text() or twice.text() != twice_one.text():
        found.append("digest: one by one is not all at once")
    return found


async def run(templates: Templates, seed: int, happened: Counter[str], engine: str = "sqlite") -> list[str]:
    """One history from its seed; the violations of P at its end."""
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="trunkline-soak-", dir=memory) as folder:
        async with Model(templates, Path(folder), seed, engine) as company:
            saved: set[str] = set()
            try:
                for _ in range(STEPS):
                    await step(company, saved, happened)
                await company.settle()
                return await company.violations() + law_of_the_digest(seed)
            except AssertionError as error:
                return [str(error)]


def table(happened: Counter[str], runs: Counter[str], failed: list[str], seconds: float) -> str:
    """What was played, for people."""
    rows = [f"{name:<44} {count:>8}" for name, count in sorted(happened.items())]
    played = [f"runs, {engine:<9} {count:>8}" for engine, count in runs.items()]
    return "\n".join(
        [f"{'step':<44}    times", *rows, "", *played, f"violations      {len(failed):>8}", f"seconds         {seconds:>8.0f}"]
    )  # fmt: skip


def soak(engines: Sequence[str], first: int, most_runs: int, seconds: float) -> int:
    """Play seed after seed on the engines in turn until the time or the runs are over; how many violated P."""
    templates, happened, runs = Templates(), Counter[str](), Counter[str]()
    failed: list[str] = []
    began = time.monotonic()
    while runs.total() < most_runs and time.monotonic() - began < seconds:
        seed, engine = first + runs.total(), engines[runs.total() % len(engines)]
        found = asyncio.run(run(templates, seed, happened, engine))
        runs[engine] += 1
        if found:
            failed.append(f"{engine} {seed}")
            print(f"seed {seed}, {engine}: {'; '.join(found)[:400]}", flush=True)
            SEEDS.parent.mkdir(exist_ok=True)
            with SEEDS.open("a") as kept:
                kept.write(f"{failed[-1]}\n")
        if engine == "postgres" and runs[engine] % DROPPED_EVERY == 0:
            asyncio.run(templates.drop_spare())
        if runs.total() % TOLD_EVERY == 0:
            print(f"{runs.total()} runs, {len(failed)} violations, {time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
    print(table(happened, runs, failed, time.monotonic() - began))
    return len(failed)


def main() -> int:
    """Play what is asked for."""
    parser = argparse.ArgumentParser(prog="tests.faults.soak", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--runs", type=int, default=10**9)
    parser.add_argument("--engine", choices=tuple(ENGINES), default="both")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    engines = ENGINES[args.engine]
    if args.engine == "both" and not answers(POSTGRES_URL):
        engines = ENGINES["sqlite"]
        print(f"no PostgreSQL answers at {place(POSTGRES_URL)}: SQLite only")
    print(f"seeds from {args.seed}, {' and '.join(engines)}", flush=True)
    try:
        return 1 if soak(engines, args.seed, args.runs, args.minutes * 60) else 0
    finally:
        remove_what_was_shared()


if __name__ == "__main__":
    sys.exit(main())
