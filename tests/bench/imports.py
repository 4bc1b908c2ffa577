"""How fast and in how much memory files come in: `python -m tests.bench.imports [--rows 100000] [--engine sqlite]`.

100,000 customers with addresses, telephones and e-mails, 3 % of them twice in another writing, each compared with all
others by telephone, e-mail and name; then the same file again, and the run taken back. A child process does the work,
so that the peak of its memory is its own.
"""

import argparse
import asyncio
import contextlib
import csv
import io
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any

from branch_node.imports.command import main as main_of_command
from branch_node.settings import BranchSettings
from branch_node.setup import prepare
from shared.settings import load as load_settings
from tests.bench.table import print_table
from tests.imports.febrl import FEBRL, measured
from tests.imports.febrl import MAPPING as FEBRL_MAPPING
from tests.support.databases import command, postgres_url

GOAL_SECONDS, GOAL_MEGABYTES = 60, 300
HEADER = ("No", "Name", "Phone", "Mail", "Street", "City", "Postcode", "Limit", "Since")
MAPPING = """
name = "bench"
[formats]
dates = ["DD/MM/YYYY"]
currency = "CNY"
[files]
customers = { path = "customers.csv" }
[[records]]
record = "customer"
file = "customers"
key = ["No"]
match = ["code", "phone", "email", "name"]
[records.fields]
code = "No"
name = "Name"
phone = "Phone"
email = "Mail"
address = "Street"
city = "City"
postcode = "Postcode"
credit_limit = "Limit"
acquired_on = "Since"
"""
SYLLABLES = "华东新恒瑞德信达泰丰宏远嘉禾盛科海天金龙博雅同创力合众诚通"
LATIN = (
    "north",
    "bridge",
    "delta",
    "orion",
    "maple",
    "stone",
    "river",
    "vector",
    "prime",
    "atlas",
    "union",
    "summit",
)


def rows_of(count: int, seed: int = 7, first: int = 0) -> Iterator[list[str]]:
    """Customers, every thirty-third a doubled one in another writing."""
    dice = random.Random(seed)
    for number in range(first, first + count):
        if number % 33 == 32:
            yield doubled(number, dice)
            continue
        yield original(number, dice)


def original(number: int, dice: random.Random) -> list[str]:
    if number % 2:
        name = "".join(dice.choices(SYLLABLES, k=4)) + f"{number}机电有限公司"
        phone = f"021-5{number:07d}"
    else:
        name = f"{dice.choice(LATIN).title()} {dice.choice(LATIN).title()} {number} Ltd."
        phone = f"+86 139 {number:08d}"
    return [
        f"C{number}", name, phone, f"info{number}@example{number % 997}.com", f"中山路 {number % 900} 号",
        dice.choice(("上海", "北京", "广州")), f"{number % 1_000_000:06d}", f"¥{number % 90_000:,}.50",
        f"{number % 28 + 1:02d}/{number % 12 + 1:02d}/{2010 + number % 15}",
    ]  # fmt: skip


def doubled(number: int, dice: random.Random) -> list[str]:
    """The customer of a few rows before: other number, other writing of the telephone."""
    before = number - 31 + number % 2
    row = original(before, dice)
    row[0], row[1], row[3] = f"D{number}", f"Other {number}", ""
    row[2] = row[2].replace("-", " ").replace("+86 ", "0086 ")
    return row


def write_files(folder: Path, count: int, first: int = 0) -> None:
    with (folder / "customers.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(rows_of(count, first=first))
    (folder / "mapping.toml").write_text(MAPPING, encoding="utf-8")


@dataclass(frozen=True)
class Branch:
    """A branch with change capture, and the folder of the files that it is given."""

    url: str
    folder: Path

    def run(self, *words: str) -> tuple[float, dict[str, Any]]:
        """Seconds of a run of the command and the account it printed."""
        os.environ |= {
            "TRUNKLINE_DATABASE_URL": self.url, "TRUNKLINE_DATA_DIR": str(self.folder), "TRUNKLINE_BRANCH_CODE": "SH",
        }  # fmt: skip
        return timed(*words)

    def run_import(self) -> tuple[float, dict[str, Any]]:
        """The same for the files of the folder."""
        return self.run(str(self.folder), "--mapping", str(self.folder / "mapping.toml"))


@contextmanager
def branch(engine: str) -> Iterator[Branch]:
    """A fresh branch; its database goes at the end of the block."""
    name = f"tl_imports_{token_hex(4)}"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if engine == "postgres":
            asyncio.run(command(f'CREATE DATABASE "{name}"'))
        made = Branch(
            postgres_url(name) if engine == "postgres" else f"sqlite:///{folder / 'branch.db'}", folder
        )
        values = {
            "TRUNKLINE_DATABASE_URL": made.url, "TRUNKLINE_DATA_DIR": scratch, "TRUNKLINE_BRANCH_CODE": "SH",
        }  # fmt: skip
        try:
            asyncio.run(prepare(load_settings(BranchSettings, {**os.environ, **values})))
            yield made
        finally:
            if engine == "postgres":
                asyncio.run(command(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


def timed(*words: str) -> tuple[float, dict[str, Any]]:
    """Seconds of a run of the command and the account it printed."""
    printed = io.StringIO()
    started = time.perf_counter()
    with contextlib.redirect_stdout(printed):
        code = main_of_command([*words, "--json"])
    if code != 0:
        raise SystemExit(f"import ended with {code}: {printed.getvalue()}")
    return time.perf_counter() - started, json.loads(printed.getvalue())


def measure(engine: str, count: int) -> dict[str, Any]:
    """Import, import again, undo: seconds of each, and what became of the rows."""
    with branch(engine) as one:
        write_files(one.folder, count)
        seconds, first = one.run_import()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        again_seconds, again = one.run_import()
        undo_seconds, _ = one.run("undo", first["run"])
    return {
        "seconds": seconds, "again_seconds": again_seconds, "undo_seconds": undo_seconds, "peak_mb": peak,
        "read": first["total"]["read"], "doubles": first["files"][0]["because"].get("duplicate", 0),
        "again_created": again["total"]["created"],
        "peak_all_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def doubles_found() -> None:
    """Print how many known doubles of records that nobody here wrote are found, or why that is not measured."""
    if not FEBRL.is_dir():
        print(f"known doubles: not measured, {FEBRL} is not there")
        return
    with branch("sqlite") as one:
        mapping, result = one.folder / "febrl.toml", one.folder / "result.csv"
        mapping.write_text(FEBRL_MAPPING, encoding="utf-8")
        seconds, _ = one.run(str(FEBRL), "--mapping", str(mapping), "--dry-run", "--result", str(result))
        recall, precision, number = measured(result)
    print_table(
        "Doubles among 1,000 records with 500 known pairs (goal: recall 0.95 at precision 0.98)",
        ("set", "recall", "precision", "pairs", "seconds"),
        [("febrl1", f"{recall:.3f}", f"{precision:.3f}", str(number), f"{seconds:.1f}")],
    )


def child(engine: str, count: int) -> dict[str, float]:
    """The same in a process of its own."""
    words = [sys.executable, "-m", "tests.bench.imports", "--engine", engine, "--rows", str(count), "--child"]
    done = subprocess.run(words, check=True, capture_output=True, text=True, env={**os.environ})
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; `argv` as on the command line, where None takes its own."""
    options = argparse.ArgumentParser(description="Import of customers with duplicate check.")
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--engine", action="append", choices=("sqlite", "postgres"))
    options.add_argument("--child", action="store_true")
    wanted = options.parse_args(argv)
    engines = wanted.engine or ["sqlite", "postgres"]
    if wanted.child:
        print(json.dumps(measure(engines[0], wanted.rows)))
        return 0
    rows = [child(engine, wanted.rows) for engine in engines]
    print_table(
        f"Import of {wanted.rows:,} customers, each compared with all others "
        f"(goal {GOAL_SECONDS} s and {GOAL_MEGABYTES} MB)",
        ("engine", "seconds", "rows/s", "peak MB", "doubles", "again s", "again created", "undo s", "peak MB of all"),
        [
            (
                engine, f"{row['seconds']:.1f}", f"{row['read'] / row['seconds']:,.0f}", f"{row['peak_mb']:.0f}",
                f"{row['doubles']:,.0f}", f"{row['again_seconds']:.1f}", f"{row['again_created']:.0f}",
                f"{row['undo_seconds']:.1f}", f"{row['peak_all_mb']:.0f}",
            )
            for engine, row in zip(engines, rows, strict=True)
        ],
    )  # fmt: skip
    doubles_found()
    return 0


if __name__ == "__main__":
    sys.exit(main())
