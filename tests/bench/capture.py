"""What capture costs a branch's writes: the same rows with the triggers and without, transaction by transaction in turn.

Two branches of one process, one with triggers and one without, so that what disturbs the machine disturbs both. Durability is
that of a branch (SQLite: WAL, synchronous=FULL; PostgreSQL: its defaults). Three kinds of writing:
entries, as actions write them through the ORM: a customer with a receipt and what it pays, then an activity, six rows in two
transactions, four of them inserted and two updated; imports: files of customers by the command, read, checked and compared with
those that are there; bare rows: 1,000 receipts to a transaction and nothing else. Beside bare rows stand two floors, by the cheapest trigger there is into
a table without key or index: as many bytes once more, which are constant, and the row as JSON, which no log of rows can do without; neither numbers
anything or finds a row again.
`python -m tests.bench.capture [--rows N]`.
"""

import argparse
import asyncio
import datetime
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import asyncpg

from branch_node.models import BRANCH_APP
from shared import ids
from shared.database import Database, execute, fetch_value, open_database, transaction
from shared.database.access import connection
from shared.database.context import connect
from shared.database.migrate import migrate
from shared.records import RECORDS_APP, Activity, Allocation, Customer, Receipt
from shared.replication import capture
from shared.replication.columns import table_of
from shared.web.models import WEB_APP
from tests.bench import imports
from tests.bench.replication import receipts
from tests.bench.table import print_table
from tests.support.postgres_cluster import cluster

APPS = [RECORDS_APP, WEB_APP, BRANCH_APP]
DAY = datetime.date(2026, 5, 22)
IMPORTED_AT_ONCE = 1_000
FILES = 6
ROWS_OF_ENTRY = 6
Write = Callable[[int], Awaitable[None]]


@dataclass
class Side:
    """One of the branches: its database and the seconds each transaction took."""

    database: Database
    seconds: list[float] = field(default_factory=list)

    async def time(self, write: Write, number: int) -> None:
        with self.database.use():
            begun = time.perf_counter()
            await write(number)
            self.seconds.append(time.perf_counter() - begun)


async def open_side(url: str, *, with_triggers: bool) -> Side:
    """A migrated, empty branch."""
    await migrate(url, APPS)
    database = await connect(url, APPS)
    if with_triggers:
        with database.use():
            await capture.install("SH")
    return Side(database)


FLOOR = {
    "sqlite": """CREATE TABLE bare_log (line TEXT);
CREATE TRIGGER bare_log_insert AFTER INSERT ON receipt BEGIN INSERT INTO bare_log VALUES ({line}); END""",
    "postgres": """CREATE TABLE bare_log (line TEXT);
CREATE FUNCTION bare_log_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
INSERT INTO bare_log SELECT {line} FROM new_rows n; RETURN NULL; END $$;
CREATE TRIGGER bare_log_insert AFTER INSERT ON receipt REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION bare_log_insert()""",
}
BESIDE_THE_ROW_BYTES = 80
"""Number, transaction, table, id, kind, schema and time of a change."""


async def open_floor(url: str, captured: Side, *, as_json: bool) -> Side:
    """A branch whose log takes as many bytes of a receipt as the log of `captured` does, or its JSON."""
    with captured.database.use():
        of_row = await fetch_value("SELECT AVG(LENGTH(row_after)) AS n FROM change WHERE tbl = 'receipt' AND op = 'i'")  # fmt: skip
    side = await open_side(url, with_triggers=False)
    with side.database.use():
        client = connection()
        dialect = client.capabilities.dialect
        line = f"'{'x' * (int(of_row) + BESIDE_THE_ROW_BYTES)}'"
        if as_json:
            line = (
                table_of(Receipt).canonical_sql("NEW", "sqlite")
                if dialect == "sqlite"
                else "row_to_json(n)::text"
            )
        await client.execute_script(FLOOR[dialect].format(line=line))
    return side


async def enter(number: int) -> None:
    """Two entries of a seller, a transaction each: three rows inserted and one updated; one inserted and one updated."""
    async with transaction():
        customer = await Customer.create(
            branch="SH", code=f"C-{number}", name=f"Hengda Trading {number}", name_key=f"hengda{number}", phone=f"+8613{number:09d}",
            search_key=f"hengda trading {number}", currency="CNY", acquired_on=DAY, city="Shanghai", owner_id=ids.new_id(),
        )  # fmt: skip
        receipt = receipts(1)[0]
        receipt.id, receipt.number, receipt.customer_id = ids.new_id(), f"E-{number}", customer.id
        await receipt.save()
        await Allocation.create(
            branch="SH", receipt_id=receipt.id, receivable_id=ids.new_id(), order_id=ids.new_id(), customer_id=customer.id,
            happened_on=DAY, due_on=DAY, currency="CNY", amount_minor=500, base_minor=500, receipt_base_minor=500,
        )  # fmt: skip
        receipt.allocated_minor = receipt.allocated_base_minor = 500
        await receipt.save(update_fields=["allocated_minor", "allocated_base_minor"])
    async with transaction():
        await Activity.create(
            branch="SH", customer_id=customer.id, owner_id=customer.owner_id, kind="call", subject="Asked about the order",
            notes="Wants the second half in June.", happened_on=DAY,
        )  # fmt: skip
        customer.last_contact_on = DAY
        await customer.save(update_fields=["last_contact_on"])


def importing(rows: Sequence[Receipt]) -> Write:
    """Transactions of 1,000 receipts; both sides get the same rows."""

    async def write(number: int) -> None:
        part = rows[number * IMPORTED_AT_ONCE : (number + 1) * IMPORTED_AT_ONCE]
        async with transaction():
            await Receipt.bulk_create(part)

    return write


async def compare(sides: Sequence[Side], write: Write, count: int) -> list[tuple[float, float]]:
    """Of each side the median seconds of a step, and the median of what each step at the first side took of the same step there. The
    sides begin in turn."""
    for number in range(count):
        first = number % len(sides)
        for side in (*sides[first:], *sides[:first]):
            await side.time(write, number)
    took = [list(side.seconds) for side in sides]
    for side in sides:
        side.seconds.clear()
    return [
        (
            statistics.median(seconds),
            statistics.median(one / other for one, other in zip(took[0], seconds, strict=True)),
        )
        for seconds in took
    ]


def row_of(name: str, rows: int, plain: float, other: float, ratio: float) -> list[str]:
    return [name, f"{rows / plain:,.0f}", f"{rows / other:,.0f}", f"{ratio:.2f}"]


async def measure_engine(label: str, urls: Sequence[str], count: int) -> list[list[str]]:
    """The rows of the table for one engine; addresses of four empty databases."""
    sides = [await open_side(urls[0], with_triggers=False), await open_side(urls[1], with_triggers=True)]
    try:
        (plain, _), with_capture = await compare(sides, enter, max(20, count // 50))
        shown = [row_of(f"{label}: entries through the ORM", ROWS_OF_ENTRY, plain, *with_capture)]
        for url, as_json in zip(urls[2:], (False, True), strict=True):
            sides.append(await open_floor(url, sides[1], as_json=as_json))
        (plain, _), *others = await compare(sides, importing(receipts(count)), count // IMPORTED_AT_ONCE)
        names = (
            "bare rows, 1,000 to a transaction",
            "bare rows, floor: as many bytes into a bare log",
            "bare rows, floor: the row as JSON into a bare log",
        )
        for name, other in zip(names, others, strict=True):
            shown.append(row_of(f"{label}: {name}", IMPORTED_AT_ONCE, plain, *other))
    finally:
        for side in sides:
            await side.database.close()
    return shown


async def measure(count: int) -> list[list[str]]:
    """Both engines."""
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as scratch, cluster() as base:
        names = ("plain", "captured", "floor", "json")
        shown = await measure_engine("SQLite", [f"sqlite:///{scratch}/{name}.db" for name in names], count)
        root = await asyncpg.connect(base + "postgres")
        for name in names:
            await root.execute(f"CREATE DATABASE {name}")
        await root.close()
        return shown + await measure_engine("PostgreSQL", [base + name for name in names], count)


async def without_triggers(url: str) -> None:
    """Take capture off a branch."""
    async with open_database(url, APPS):
        dialect = url.partition(":")[0]
        for name in capture.triggers(dialect, "SH"):
            table = name.removeprefix("capture_").rsplit("_", 1)[0]
            await execute(f"DROP TRIGGER {name}" + (f' ON "{table}"' if dialect == "postgres" else ""))


def import_files(engine: str, count: int) -> tuple[float, float, float]:
    """Files of so many customers by the command, at a branch without triggers and at one with, in turn: seconds of each (median)
    and the median of what one without took of the same with."""
    took: tuple[list[float], list[float]] = ([], [])
    with ExitStack() as stack:
        sides = [stack.enter_context(imports.branch(engine)) for _ in took]
        asyncio.run(without_triggers(sides[0].url))
        for step in range(FILES):
            for number in (0, 1) if step % 2 else (1, 0):
                imports.write_files(sides[number].folder, count, first=step * count)
                took[number].append(sides[number].run_import()[0])
    ratio = statistics.median(one / other for one, other in zip(*took, strict=True))
    return statistics.median(took[0]), statistics.median(took[1]), ratio


def main(argv: list[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.capture")
    parser.add_argument("--rows", type=int, default=40_000)
    options = parser.parse_args(argv)
    shown = asyncio.run(measure(options.rows))
    in_a_file = options.rows // 10
    for label, engine in (("SQLite", "sqlite"), ("PostgreSQL", "postgres")):
        plain, captured, ratio = import_files(engine, in_a_file)
        shown.append([f"{label}: files of {in_a_file:,} customers imported", f"{in_a_file / plain:,.0f}", f"{in_a_file / captured:,.0f}", f"{ratio:.2f}"])  # fmt: skip
    print_table(
        f"Capture, {options.rows:,} bare rows, {options.rows // 50:,} pairs of entries; aim: 0.75 of without",
        ["what", "rows/s without", "rows/s with", "of without"],
        sorted(shown, key=lambda row: row[0].partition(":")[0], reverse=True),
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
