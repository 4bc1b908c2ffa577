"""`python -m tests.faults.mutants`: the protocol with one promise broken; the random histories must notice each.

A mutant that lives says that the suite would not see that defect in the product. Prints which seed killed which mutant and
what was found. Exit 0 only when all die.
"""

import argparse
import asyncio
import dataclasses
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from unittest import mock

import structlog

from branch_node.replication import sender
from hq.replication import apply_sql, apply_sqlite, cursor, rows_sqlite, visits
from hq.replication.outcome import Applied
from shared.database.access import connection
from shared.replication import capture, change
from shared.replication.messages import CursorReply
from tests.faults.soak import run
from tests.support.databases import Templates, remove_what_was_shared
from tests.support.replication_model import Model

HISTORIES = 40


@dataclasses.dataclass(frozen=True)
class Mutant:
    """A defect: what it is, how it is put in, and from which seed on it is looked for (a seed that is known to kill)."""

    name: str
    broken: Callable[[], Any]
    seed: int
    engine: str = "sqlite"


@contextmanager
def cursor_apart() -> Iterator[None]:
    """Rows, digests and figures are committed first, the cursor in a transaction of its own."""
    whole = apply_sqlite._write_rows

    def write_rows(connection: Any, *args: Any) -> None:
        whole(connection, *args)
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")

    with mock.patch.object(apply_sqlite, "_write_rows", write_rows):
        yield


@contextmanager
def no_version_guard() -> Iterator[None]:
    """An older version of a row overwrites a newer one."""
    plain = {
        name: dataclasses.replace(
            sql,
            drop_stale=f"SELECT id FROM {_stage(name)} WHERE false",
            upsert=sql.upsert.rpartition(" WHERE ")[0],
        )
        for name, sql in apply_sql.table_sql("sqlite").items()
    }
    with (
        mock.patch.object(apply_sqlite, "table_sql", return_value=plain),
        mock.patch("tests.support.replication_model.table_sql", return_value=plain),
        mock.patch.object(rows_sqlite, "table_sql", return_value=plain),
        mock.patch.object(rows_sqlite, "is_newer", return_value="SELECT 1 WHERE ?1 + ?2 + ?3 + ?4 IS NULL"),
    ):
        yield


def _stage(table: str) -> str:
    return f"stage_{table}"


@contextmanager
def acknowledged_before_commit() -> Iterator[None]:
    """The answer leaves when the batch is queued."""
    running: set[asyncio.Task[None]] = set()

    async def apply(self: Any, batch: Any, contact: Any) -> Applied:
        async def later() -> None:
            with suppress(Exception):
                await self._groups.visit(visits.Visit(contact, batch))

        running.add(asyncio.create_task(later()))
        head = batch.head
        return Applied(CursorReply(head.epoch, head.last, head.chain), head.rows, True)

    with mock.patch.object(apply_sqlite.SqliteApplier, "apply", apply):
        yield


@contextmanager
def numbers_of_a_sequence() -> Iterator[None]:
    """PostgreSQL: a change's number comes from a sequence when it is written, not from the counter at commit."""
    counted = "SELECT last - added + row_number() OVER (ORDER BY ord), txid"
    assert counted in capture.POSTGRES_LOG
    drawn = capture.POSTGRES_LOG.replace(counted, "SELECT ord, txid").replace(
        "UPDATE change_head SET seq = seq + added",
        "UPDATE change_head SET seq = (SELECT max(ord) FROM change_pending)",
    )
    opened = Model.open_branch

    async def open_branch(self: Model) -> None:
        await opened(self)
        with self.branch.use():
            await connection().execute_script(drawn)

    with mock.patch.object(Model, "open_branch", open_branch):
        yield


@contextmanager
def no_chain_compared() -> Iterator[None]:
    """Positions are compared by their number alone, at both ends."""

    async def prove(self: Any, state: Any, changes: Any, told: CursorReply) -> Any:
        try:
            return await sender.position_at(changes, told.epoch or state.epoch, told.seq)
        except sender.NotInLog as error:
            raise sender.Forked(str(error)) from error

    def lines_to_apply(held: Any, batch: Any) -> Any:
        head = batch.head
        if held.epoch and head.epoch != held.epoch:
            raise cursor.Fork(held.reply())
        if head.base > held.seq:
            raise cursor.Gap(held.reply())
        return () if head.last <= held.seq else batch.after(held.seq)[1]

    with (
        mock.patch.object(sender.Sender, "_prove", prove),
        mock.patch.object(visits, "lines_to_apply", lines_to_apply),
    ):
        yield


@contextmanager
def digest_by_xor() -> Iterator[None]:
    """The digest of a table is the XOR of its rows' hashes."""

    def mixed(digest: change.Digest, rows: Iterable[bytes], step: int) -> None:
        for row in rows:
            digest.count += step
            digest.total ^= change.row_hash(row)

    def merge(digest: change.Digest, other: change.Digest) -> None:
        digest.count, digest.total = digest.count + other.count, digest.total ^ other.total

    methods = {
        "add": lambda self, row: mixed(self, [row], 1),
        "remove": lambda self, row: mixed(self, [row], -1),
        "add_all": lambda self, rows: mixed(self, rows, 1),
        "remove_all": lambda self, rows: mixed(self, rows, -1),
        "merge": merge,
    }
    with ExitStack() as stack:
        for name, method in methods.items():
            stack.enter_context(mock.patch.object(change.Digest, name, method))
        yield


MUTANTS = (
    Mutant("cursor in its own transaction", cursor_apart, 44),
    Mutant("no version guard", no_version_guard, 18),
    Mutant("acknowledged before the commit", acknowledged_before_commit, 1),
    Mutant("sequence instead of counter", numbers_of_a_sequence, 1, "postgres"),
    Mutant("no chain compared", no_chain_compared, 15),
    Mutant("XOR instead of sum", digest_by_xor, 1),
)


def hunt(templates: Templates, mutant: Mutant, histories: int = HISTORIES) -> tuple[int, str]:
    """The seed whose history shows the mutant, and what it found; (-1, "") when none of `histories` does."""
    for seed in range(mutant.seed, mutant.seed + histories):
        with mutant.broken():
            try:
                found = asyncio.run(asyncio.wait_for(run(templates, seed, Counter(), mutant.engine), 60))
            except Exception as error:  # a mutant may break so that not even the history can be played
                found = [repr(error)]
        if found:
            return seed, "; ".join(found)
    return -1, ""


def main() -> int:
    """Hunt all of them and print the table."""
    parser = argparse.ArgumentParser(prog="tests.faults.mutants", description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=HISTORIES)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    templates, alive = Templates(), 0
    try:
        for mutant in MUTANTS:
            seed, found = hunt(templates, mutant, options.histories)
            alive += seed < 0
            print(f"{mutant.name:<34} {'LIVES' if seed < 0 else f'seed {seed}':<9} {found[:110]}", flush=True)
    finally:
        remove_what_was_shared()
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
